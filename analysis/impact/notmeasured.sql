SELECT name FROM impact_names WHERE name NOT IN (SELECT name FROM impact_found) ORDER BY name LIMIT 1000
