-- 27: TTL of CAA
-- asks: How long do CAA sets live, and what share lives for more than eight hours?
-- who: CAs, policy groups
--
-- A CA may rely on what it saw for the TTL of the set or for eight hours, whichever is longer (TLS Baseline Requirements 4.2.2.1). So a TTL of up to
-- eight hours changes nothing, and a longer one lets a CA issue on a set that has been replaced. The TTL is that of the authoritative server, as it
-- answered the scan itself; no cache stands between. Counted are covered names; for an inherited set it is the TTL of the ancestor's set, for an
-- alias that of the set at its end. Unknown are names whose look-up failed.

-- table ttl-window: More than eight hours
-- figure: bars label=counted value=share
--
-- By who is counted. Zero: every check has to ask anew. Then the TTL in seconds that so many per cent of the names do not exceed.
WITH kinds AS (
    SELECT caa_ttl, caa_depth = 0 AS own, caa_via_alias IS NOT NULL AS aliased, is_registrable, count(*) AS names FROM governed
        WHERE caa_ttl IS NOT NULL
        GROUP BY ALL
), counted AS (
    SELECT place, counted, caa_ttl, sum(names) AS names FROM kinds, (VALUES (1, 'covered names'), (2, 'set at the name'),
        (3, 'set at the name, registrable domains'), (4, 'inherited'), (5, 'by an alias')) AS c(place, counted)
    WHERE CASE place WHEN 1 THEN true WHEN 2 THEN own AND NOT aliased WHEN 3 THEN own AND NOT aliased AND is_registrable WHEN 4 THEN NOT own
        ELSE aliased END GROUP BY place, counted, caa_ttl
), summed AS (
    SELECT *, sum(names) OVER (PARTITION BY place ORDER BY caa_ttl) AS reached, sum(names) OVER (PARTITION BY place) AS total FROM counted
)
SELECT counted, coalesce(sum(names) FILTER (caa_ttl > 28800), 0)::BIGINT AS n, sum(names)::BIGINT AS of, any_value(unknown) AS unknown,
    coalesce(sum(names) FILTER (caa_ttl = 0), 0)::BIGINT AS zero,
    min(caa_ttl) AS least, min(caa_ttl) FILTER (reached >= 0.05 * total) AS p5, min(caa_ttl) FILTER (reached >= 0.5 * total) AS p50,
        min(caa_ttl) FILTER (reached >= 0.95 * total) AS p95, max(caa_ttl) AS most
FROM summed, coverage GROUP BY place, counted ORDER BY place;

-- table ttl-distribution: Distribution
-- figure: histogram label=ttl value=share
--
-- Steps of the lengths that people set; each takes in its end.
WITH steps AS (
    SELECT CASE WHEN caa_ttl = 0 THEN 1 WHEN caa_ttl <= 60 THEN 2 WHEN caa_ttl <= 300 THEN 3 WHEN caa_ttl <= 900 THEN 4 WHEN caa_ttl <= 1800 THEN 5
        WHEN caa_ttl <= 3600 THEN 6 WHEN caa_ttl <= 14400 THEN 7
        WHEN caa_ttl <= 28800 THEN 8 WHEN caa_ttl <= 86400 THEN 9 WHEN caa_ttl <= 604800 THEN 10 ELSE 11 END AS place, count(*) AS n,
            count(*) FILTER (caa_depth = 0) AS own_names
    FROM governed WHERE caa_ttl IS NOT NULL GROUP BY 1
), total AS (
    SELECT count(caa_ttl) AS of FROM governed
)
SELECT ttl, coalesce(n, 0) AS n, of, coalesce(own_names, 0) AS own_names, unknown
FROM (VALUES (1, '0'), (2, 'to 1 min'), (3, 'to 5 min'), (4, 'to 15 min'), (5, 'to 30 min'), (6, 'to 1 h'), (7, 'to 4 h'), (8, 'to 8 h'),
    (9, 'to 1 day'), (10, 'to 1 week'), (11, 'longer')) AS t(place, ttl)
LEFT JOIN steps USING (place), total, coverage ORDER BY place;

-- table ttl-values: The commonest values
--
-- In seconds; the first 100.
SELECT caa_ttl AS ttl, count(*) AS n, (SELECT count(caa_ttl) FROM governed) AS of, count(*) FILTER (caa_depth = 0) AS own_names,
    any_value(unknown) AS unknown
FROM governed, coverage WHERE caa_ttl IS NOT NULL GROUP BY caa_ttl ORDER BY n DESC, ttl LIMIT 100;

-- table ttl-by-operator: More than eight hours, by DNS operator
-- figure: bars label=dns_operator value=share
--
-- Of the names with a set of their own, not by an alias. Operators by the number of such names; unknown are the operator's names whose look-up
-- failed. The first 1000, and the others together.
WITH counted AS (
    SELECT operator_label(dns_operator) AS label, count(*) FILTER (caa_ttl > 28800) AS n, count(caa_ttl) AS of
    FROM governed WHERE is_own(caa_depth, caa_via_alias) GROUP BY label
), placed AS (
    SELECT *, row_number() OVER (ORDER BY of DESC, label) AS place FROM counted
)
SELECT folded(p.place, label) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(unknown)::BIGINT AS unknown
FROM placed p JOIN (SELECT label, unknown FROM scope WHERE dimension = 'dns_operator') USING (label) GROUP BY 1 ORDER BY min(p.place);
