-- 8: DNSSEC validation mandatory
-- asks: If DNSSEC validation of CAA look-ups is mandatory, what share of names fails, by failure class, operator, TLD?
-- who: policy groups, CAs
--
-- Since 2026-03-15 a CA validates DNSSEC on every CAA look-up (ballots SC85v2 for TLS, SMC014 for S/MIME). A name fails if its look-up does, or its
-- data do not validate, so that no CA may issue, whatever the records say. Verdicts are those of any CA under the profiles tls-2025-07 and tls-2026-03,
-- smime-2025-03 and smime-2026-03, decided on the stored evidence. Before, a CA that did not validate would have used data that are bogus; what it would have
-- seen is not in the evidence, so that such names were open and are forbidden now.

-- table dnssec-mandatory: What fails
-- needs: dnssec_status (scan --dnssec full)
--
-- n: forbidden to every CA. Of these newly so: not forbidden before. Left to the CA: a failure in a zone proven unsigned, which a CA may take for permission
-- (4.2.2.1), and what the rule does not say. Unknown: names that were not asked.
WITH kinds(kind) AS (VALUES ('tls'), ('smime')), all_names AS (SELECT count(*) AS names FROM domains)
SELECT kind,
    coalesce(sum(v.names) FILTER (permitted_after = 'false'), 0)::BIGINT AS n,
    (any_value(a.names) - coalesce(sum(v.names) FILTER (reason = 'not-stored'), 0))::BIGINT AS of,
    coalesce(sum(v.names) FILTER (permitted_after = 'false' AND permitted_before <> 'false'), 0)::BIGINT AS newly,
    coalesce(sum(v.names) FILTER (permitted_after = 'unknown' AND reason <> 'not-stored'), 0)::BIGINT AS left_to_the_ca,
    coalesce(sum(v.names) FILTER (reason = 'not-stored'), 0)::BIGINT AS unknown
FROM kinds LEFT JOIN validation v USING (kind), all_names a GROUP BY kind ORDER BY kind DESC;

-- table dnssec-mandatory-by-class: By failure class
-- needs: dnssec_status (scan --dnssec full)
-- figure: stacked label=dnssec_reason series=kind value=names
--
-- The look-up that decides: its outcome, the state of the zone in words, and what the rules make of it. Before and after: may a CA issue (true, false,
-- unknown: left to it).
SELECT kind, reason, coalesce(c.outcome, '(none)') AS outcome, coalesce(c.reason, '(none)') AS dnssec_reason, permitted_before, permitted_after,
    sum(v.names)::BIGINT AS names
FROM (
    SELECT v.*, e.evidence_key.climb[v.level + 1] AS c FROM validation v JOIN evidences e ON e.rowid = v.evidence WHERE v.reason <> 'not-stored'
) v
GROUP BY ALL ORDER BY kind DESC, names DESC, reason, outcome, dnssec_reason, permitted_before, permitted_after;

-- table dnssec-mandatory-by-operator: TLS, by DNS operator
-- needs: dns_operator
-- figure: bars label=dns_operator value=n
--
-- Operators with most names that fail, and how many of all its names these are.
WITH failing AS (
    SELECT g.dns_operator, sum(g.names)::BIGINT AS n, coalesce(sum(g.names) FILTER (permitted_before <> 'false'), 0)::BIGINT AS newly
    FROM validation_groups g JOIN validation v USING (evidence) WHERE v.kind = 'tls' AND permitted_after = 'false' GROUP BY ALL
), totals AS (SELECT dns_operator, count(*) AS of FROM domains GROUP BY ALL
), ranked AS (
    SELECT f.*, t.of, row_number() OVER (ORDER BY f.n DESC, f.dns_operator) AS place
    FROM failing f JOIN totals t ON t.dns_operator IS NOT DISTINCT FROM f.dns_operator
)
SELECT CASE WHEN place > 1000 THEN '(all others)' ELSE coalesce(dns_operator, '(not known)') END AS dns_operator,
    sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(newly)::BIGINT AS newly
FROM ranked GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);

-- table dnssec-mandatory-by-tld: TLS, by TLD
-- figure: bars label=tld value=n
WITH failing AS (
    SELECT g.tld, sum(g.names)::BIGINT AS n, coalesce(sum(g.names) FILTER (permitted_before <> 'false'), 0)::BIGINT AS newly
    FROM validation_groups g JOIN validation v USING (evidence) WHERE v.kind = 'tls' AND permitted_after = 'false' GROUP BY ALL
), totals AS (SELECT tld, count(*) AS of FROM domains GROUP BY ALL
), ranked AS (SELECT f.*, t.of, row_number() OVER (ORDER BY f.n DESC, f.tld) AS place FROM failing f JOIN totals t USING (tld))
SELECT CASE WHEN place > 1000 THEN '(all others)' ELSE tld END AS tld, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(newly)::BIGINT AS newly
FROM ranked GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);
