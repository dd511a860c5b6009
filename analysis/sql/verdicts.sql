CREATE OR REPLACE TABLE {{ident (print .Prefix "verdicts")}} (
    ruling VARCHAR, evidence BIGINT, permitted VARCHAR, reason VARCHAR, retry VARCHAR, outcome VARCHAR, failed BOOLEAN
);
