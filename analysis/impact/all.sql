DROP TABLE IF EXISTS impact_rrsets;
CREATE OR REPLACE VIEW impact_domains AS SELECT * FROM domains;
