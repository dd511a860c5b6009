SELECT count(*) AS asked, count(*) FILTER (name NOT IN (SELECT name FROM impact_found)) AS not_measured FROM impact_names
