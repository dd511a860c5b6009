DROP TABLE IF EXISTS impact_rrsets;
CREATE OR REPLACE TABLE impact_names AS SELECT DISTINCT name FROM impact_names;
CREATE OR REPLACE VIEW impact_domains AS SELECT * FROM domains WHERE query_name IN (SELECT name FROM impact_names);
CREATE OR REPLACE TABLE impact_found AS SELECT DISTINCT query_name AS name FROM impact_domains;
