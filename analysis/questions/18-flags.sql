-- 18: Flags
-- asks: How are the flags used: critical on known tags, critical on unknown tags, reserved bits, the same property with two values of the flags?
-- who: researchers, policy groups
--
-- Of the eight flags only the highest, 128, has a meaning: Issuer Critical. On a tag that a CA knows it changes nothing; on one that it does not know
-- it forbids all issuance (RFC 8659 sections 4.1, 4.5). The other seven are reserved, and ignored by readers, but at least one CA takes 1 for
-- critical as well, so a 1 that was meant for critical works by chance and for that CA alone. Counted are covered names; own names are those whose
-- own look-up gave the set, by an alias or not, while the others inherit it; unknown are names whose look-up failed.

-- table flag-uses: What flags are used for
-- figure: bars label=flags value=share
--
-- The rows overlap. Contradictory: two records say the same, but with other flags (finding flag_conflict, as the scan stored it).
WITH counted AS (
    SELECT 1 AS place, sum(names) AS n, sum(own_names) AS own_names FROM rrsets WHERE critical_any
    UNION ALL SELECT 2, sum(names), sum(own_names) FROM rrsets WHERE critical_on_known
    UNION ALL SELECT 3, sum(names), sum(own_names) FROM rrsets WHERE critical_unknown_tag
    UNION ALL SELECT 4, sum(names), sum(own_names) FROM rrsets WHERE reserved_flag_bits
    UNION ALL SELECT 5, names, own_names FROM finding_counts WHERE finding = 'flag_conflict'
)
SELECT flags, coalesce(n, 0)::BIGINT AS n, covered AS of, coalesce(own_names, 0)::BIGINT AS own_names, unknown
FROM (VALUES (1, 'critical'), (2, 'critical on a known tag'), (3, 'critical on an unknown tag: blocks'), (4, 'reserved bits'),
    (5, 'contradictory')) AS f(place, flags) LEFT JOIN counted USING (place), coverage ORDER BY place;

-- table flag-values: Values of the octet
--
-- Names with at least one record that has the value, so the rows overlap. Records are those of all distinct sets, each set weighted by the names that
-- it governs.
WITH hits AS (
    SELECT flags, set_id, any_value(names) AS names, any_value(own_names) AS own_names, any_value(names) * count(*) AS records FROM set_records
        GROUP BY flags, set_id
)
SELECT flags, CASE flags WHEN 0 THEN 'none' WHEN 128 THEN 'critical' ELSE CASE WHEN flags > 128 THEN 'critical and reserved bits'
    ELSE 'reserved bits' END END AS meaning,
    sum(names)::BIGINT AS n, any_value(covered) AS of, sum(own_names)::BIGINT AS own_names, any_value(unknown) AS unknown,
        sum(records)::BIGINT AS records
FROM hits, coverage GROUP BY flags ORDER BY flags;

-- table flags-by-tag: By tag
-- figure: bars label=tag value=share
--
-- Of the names that have a record of the tag, those with one that is critical; beside it those with reserved bits. Tags outside the registry are one
-- row.
WITH hits AS (
    SELECT CASE WHEN syntax = 'unchecked' THEN '(unknown tags)' ELSE tag END AS tag, set_id, any_value(names) AS names, bool_or(critical) AS critical,
        bool_or(reserved_bits) AS reserved
    FROM set_records GROUP BY 1, 2
)
SELECT tag, coalesce(sum(names) FILTER (critical), 0)::BIGINT AS n, sum(names)::BIGINT AS of,
    coalesce(sum(names) FILTER (reserved), 0)::BIGINT AS reserved_bits, any_value(unknown) AS unknown
FROM hits, coverage GROUP BY tag ORDER BY of DESC, tag;

-- table contradictory-flags: Names with contradictory flags
--
-- The first 1000, by rank, of the own names; how many there are stands in the first table.
SELECT query_name, rank, array_to_string(list_sort(list_distinct(list_transform(caa, lambda p: concat(p.flags, ' ', p.tag, ' "', p.value, '"')))),
    ', ') AS records
FROM (
    SELECT query_name, min(rank) AS rank, caa_rrset_hash FROM governed WHERE caa_depth = 0 AND list_contains(findings, 'flag_conflict')
    GROUP BY query_name, caa_rrset_hash ORDER BY rank NULLS LAST, query_name, caa_rrset_hash LIMIT 1000
) JOIN rrsets USING (caa_rrset_hash) ORDER BY rank NULLS LAST, query_name, caa_rrset_hash;
