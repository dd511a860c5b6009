CREATE OR REPLACE VIEW impact_changed AS SELECT * FROM impact_verdicts WHERE effect IS NOT NULL;
