-- Adds a step that change.sql has compared to the series; the round before it only if it is the first.
INSERT INTO change_steps
SELECT {{.Now}}, change, sum(names) FROM change_counts WHERE tld IS NOT NULL GROUP BY change;
{{range .Rounds}}
INSERT INTO change_rounds
SELECT {{.Round}}, names, answered, covered, own, coalesce(issuemail, 0), coalesce(tls_restricted, 0), secure, insecure, bogus
FROM (
    SELECT coalesce(sum(names), 0) AS names, coalesce(sum(names) FILTER (stand IS NOT NULL), 0) AS answered,
        coalesce(sum(names) FILTER (stand <> 'none'), 0) AS covered, coalesce(sum(names) FILTER (stand = 'own'), 0) AS own,
        coalesce(sum(names) FILTER (dnssec_status = 'secure'), 0) AS secure, coalesce(sum(names) FILTER (dnssec_status = 'insecure'), 0) AS insecure,
        coalesce(sum(names) FILTER (dnssec_status = 'bogus'), 0) AS bogus
    FROM change_counts JOIN change_marks ON id = {{.Side}}_mark
), (
    SELECT sum(names) FILTER (issuemail_set) AS issuemail, sum(names) FILTER (tls_posture IN ('restricted', 'closed', 'blocked')) AS tls_restricted
    FROM change_counts JOIN change_sets ON id = {{.Side}}_set
);
{{end}}
CREATE OR REPLACE TABLE change_churn AS
WITH step AS (
    SELECT t.dns_operator AS was, n.dns_operator AS is_now, then_operator, now_operator, change, names
    FROM change_counts LEFT JOIN change_operators AS t ON t.id = then_operator LEFT JOIN change_operators AS n ON n.id = now_operator
    WHERE then_operator IS NOT NULL
), effects AS (
    FROM change_churn
    UNION ALL BY NAME
    SELECT is_now AS dns_operator,
        CASE WHEN then_operator <> now_operator AND then_operator > 0 THEN names END AS arrived,
        CASE WHEN change = 'appeared' THEN names END AS appeared,
        CASE WHEN change LIKE 'adopted%' THEN names END AS adopted,
        CASE WHEN change LIKE 'removed%' THEN names END AS removed,
        CASE WHEN change LIKE 'changed%' THEN names END AS changed
    FROM step WHERE now_operator > 0
    UNION ALL BY NAME
    SELECT was AS dns_operator,
        CASE WHEN then_operator <> now_operator AND now_operator > 0 THEN names END AS "left",
        CASE WHEN change = 'vanished' THEN names END AS vanished
    FROM step WHERE then_operator > 0
)
SELECT dns_operator, coalesce(sum(arrived), 0)::BIGINT AS arrived, coalesce(sum("left"), 0)::BIGINT AS "left",
    coalesce(sum(appeared), 0)::BIGINT AS appeared, coalesce(sum(vanished), 0)::BIGINT AS vanished,
    coalesce(sum(adopted), 0)::BIGINT AS adopted, coalesce(sum(removed), 0)::BIGINT AS removed, coalesce(sum(changed), 0)::BIGINT AS changed
FROM effects GROUP BY dns_operator
HAVING sum(coalesce(arrived, 0) + coalesce("left", 0) + coalesce(appeared, 0) + coalesce(vanished, 0) + coalesce(adopted, 0) + coalesce(removed, 0) + coalesce(changed, 0)) > 0;
