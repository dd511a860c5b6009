-- The names of a CA's own list, and those of them that were scanned; none where the question is about all.
CREATE OR REPLACE TABLE impact_names (name VARCHAR);
CREATE OR REPLACE TABLE impact_found (name VARCHAR);
