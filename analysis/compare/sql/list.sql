FROM change_list ORDER BY query_name
