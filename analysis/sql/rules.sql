-- What the questions about changes of rules share (rules.go fills both).
--   validation  one row a kind and an evidence that fails, or that the scan did not ask for: the verdicts on any CA before and since
--               DNSSEC validation is mandatory; level is the index in the climb of the level that decides, -1 for none
CREATE OR REPLACE TABLE validation (
    kind VARCHAR, evidence BIGINT, names BIGINT, permitted_before VARCHAR, permitted_after VARCHAR, reason VARCHAR, level INTEGER
);
--   what_ifs    for how many names a CA may issue under the rule in force, and under the what-if. named: some set names it
CREATE OR REPLACE TABLE what_ifs (
    what_if VARCHAR, note VARCHAR, kind VARCHAR, owner VARCHAR, named BOOLEAN, permitted_before BIGINT, permitted_after BIGINT, lost BIGINT, gained BIGINT,
    now_forbidden BIGINT, now_permitted BIGINT, now_open BIGINT
);
