-- The comments of columns are those of output's row structs.
SELECT {{if not .}}table_name AS "view", {{end}}column_name, data_type AS column_type, comment AS meaning
FROM duckdb_columns() WHERE NOT internal AND schema_name = 'main' AND comment IS NOT NULL{{with .}} AND table_name = lower({{literal .}}){{else}} AND table_name NOT LIKE 'all\_%' ESCAPE '\'{{end}}
ORDER BY table_name, column_index
