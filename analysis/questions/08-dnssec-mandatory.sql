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
SELECT kind,
    coalesce(sum(names) FILTER (permitted_after = 'false'), 0)::BIGINT AS n,
    (any_value(answered + everything.unknown) - coalesce(sum(names) FILTER (reason = 'not-stored'), 0))::BIGINT AS of,
    coalesce(sum(names) FILTER (permitted_after = 'false' AND permitted_before <> 'false'), 0)::BIGINT AS newly,
    coalesce(sum(names) FILTER (permitted_after = 'unknown' AND reason <> 'not-stored'), 0)::BIGINT AS left_to_the_ca,
    coalesce(sum(names) FILTER (reason = 'not-stored'), 0)::BIGINT AS unknown
FROM (VALUES ('tls'), ('smime')) AS kinds(kind) LEFT JOIN validation USING (kind), everything GROUP BY kind ORDER BY kind DESC;

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
-- Operators with most names that fail. Where no server of a zone could be reached, the operator may not be known.
WITH failing AS (
    SELECT operator_label(dns_operator) AS label, sum(g.names)::BIGINT AS n, coalesce(sum(g.names) FILTER (permitted_before <> 'false'), 0)::BIGINT AS newly
    FROM validation_groups g JOIN validation v USING (evidence) WHERE kind = 'tls' AND permitted_after = 'false' GROUP BY ALL
), ranked AS (
    SELECT failing.*, answered + unknown - unasked AS of, unasked, least(row_number() OVER (ORDER BY n DESC, failing.label), 1001) AS place
    FROM failing JOIN scope ON scope.dimension = 'dns_operator' AND scope.label = failing.label
)
SELECT folded(place, label) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(newly)::BIGINT AS newly, sum(unasked)::BIGINT AS unknown
FROM ranked GROUP BY place, 1 ORDER BY place;

-- table dnssec-mandatory-by-tld: TLS, by TLD
-- figure: bars label=tld value=n
--
-- Top-level domains with most names that fail.
WITH failing AS (
    SELECT tld AS label, sum(g.names)::BIGINT AS n, coalesce(sum(g.names) FILTER (permitted_before <> 'false'), 0)::BIGINT AS newly
    FROM validation_groups g JOIN validation v USING (evidence) WHERE kind = 'tls' AND permitted_after = 'false' GROUP BY ALL
), ranked AS (
    SELECT failing.*, answered + unknown - unasked AS of, unasked, least(row_number() OVER (ORDER BY n DESC, failing.label), 1001) AS place
    FROM failing JOIN scope ON scope.dimension = 'tld' AND scope.label = failing.label
)
SELECT folded(place, label) AS tld, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(newly)::BIGINT AS newly, sum(unasked)::BIGINT AS unknown
FROM ranked GROUP BY place, 1 ORDER BY place;
