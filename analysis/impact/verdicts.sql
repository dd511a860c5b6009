-- The verdicts on the subject, by evidence. effect is NULL where they are the same before and after; level_before and level_after are
-- indexes in the climb, -1 for no level.
CREATE OR REPLACE TABLE impact_verdicts (
    evidence BIGINT, kind VARCHAR, profile_before VARCHAR, profile_after VARCHAR, effect VARCHAR, permitted_before VARCHAR, reason_before VARCHAR,
    permitted_after VARCHAR, reason_after VARCHAR, retry VARCHAR, level_before INTEGER, level_after INTEGER
);
