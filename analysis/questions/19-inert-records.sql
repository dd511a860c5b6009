-- 19: Records without effect
-- asks: How many sets hold inert records: a refusal beside named issuers, duplicates, issuewild equal to issue, records bound to an account beside unbound ones for the same CA?
-- who: researchers, policy groups
--
-- A record is inert if the set would mean the same without it. Often the owner meant something else: ";" beside a named issuer forbids nothing, as
-- records add up (RFC 8659 section 4.2), and a record bound to an account (RFC 8657) binds nothing while another one lets the same CA in for
-- everybody. Counted are covered names; own names are those whose own look-up gave the set, by an alias or not, while the others inherit it; unknown
-- are names whose look-up failed.

-- table inert-records: By sort
-- figure: bars label=records value=share
--
-- The rows overlap. The first two are findings that the scan stored; the others are told from the records. Issuewild equals issue if both name the
-- same issuers with the same parameters, or both nobody. Bound beside unbound: by the same tag, one record names an issuer with accounturi and
-- another the same issuer without; likewise of validationmethods.
WITH named AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(tag = 'issue') AND bool_or(tag = 'issuewild') AS has_both,
        coalesce(list_sort(list(DISTINCT {i: issuer_domain, p: list_sort(params)}) FILTER (tag = 'issue' AND issuer_domain IS NOT NULL)),
            []) AS plain,
        coalesce(list_sort(list(DISTINCT {i: issuer_domain, p: list_sort(params)}) FILTER (tag = 'issuewild' AND issuer_domain IS NOT NULL)),
            []) AS wild
    FROM set_records WHERE tag IN ('issue', 'issuewild') GROUP BY set_id
), bindings AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(account) AND NOT bool_and(account) AS account,
        bool_or(method) AND NOT bool_and(method) AS method
    FROM (SELECT *, list_contains(list_transform(params, lambda p: lower(p.name)), 'accounturi') AS account,
        list_contains(list_transform(params, lambda p: lower(p.name)), 'validationmethods') AS method
        FROM set_records WHERE tag IN ('issue', 'issuewild') AND issuer_domain IS NOT NULL)
    GROUP BY set_id, tag, issuer_domain
), bound AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(account) AS account, bool_or(method) AS method FROM bindings
        GROUP BY set_id
), counted AS (
    SELECT CASE finding WHEN 'deny_beside_allow' THEN 1 ELSE 2 END AS place, names AS n, own_names FROM finding_counts
        WHERE finding IN ('deny_beside_allow', 'duplicate_record')
    UNION ALL SELECT 3, sum(names), sum(own_names) FROM named WHERE has_both AND plain = wild
    UNION ALL SELECT 4, sum(names), sum(own_names) FROM bound WHERE account
    UNION ALL SELECT 5, sum(names), sum(own_names) FROM bound WHERE method
)
SELECT records, coalesce(n, 0)::BIGINT AS n, CASE place WHEN 3 THEN tls_issuing WHEN 4 THEN tls_issuing WHEN 5 THEN tls_issuing
    ELSE covered END AS of,
    coalesce(own_names, 0)::BIGINT AS own_names, unknown
FROM (VALUES (1, 'refusal beside a named issuer'), (2, 'duplicate'), (3, 'issuewild equal to issue'), (4, 'bound to an account beside unbound'),
    (5, 'bound to methods beside unbound')) AS r(place, records)
LEFT JOIN counted USING (place), coverage ORDER BY place;

-- table inert-sets: The commonest sets with a refusal, duplicate or contradiction that changes nothing
--
-- Distinct sets by the number of names that they govern; the first 100. Findings are those of the scan that are about records beside each other.
SELECT any_value(array_to_string(list_sort(list_distinct(list_transform(caa, lambda p: concat(p.flags, ' ', p.tag, ' "', p.value, '"')))),
    ', ')) AS records,
    array_to_string(list_filter(any_value(findings), lambda f: f IN ('deny_beside_allow', 'duplicate_record', 'flag_conflict')), ', ') AS findings,
    any_value(names) AS names, any_value(own_names) AS own_names
FROM (SELECT caa_rrset_hash, any_value(findings) AS findings FROM governed
    WHERE list_has_any(findings, ['deny_beside_allow', 'duplicate_record', 'flag_conflict']) GROUP BY caa_rrset_hash)
JOIN rrsets USING (caa_rrset_hash) GROUP BY caa_rrset_hash ORDER BY names DESC, records LIMIT 100;

-- table all-findings: All findings
-- figure: bars label=finding value=share
--
-- Every word that a scan can store, with the covered names that have it. Words with hyphens speak of classes, those with underscores of causes; four
-- facts have both. In brackets in the meaning stands what differs from record to record. Three words (shared_operator_rrset, injected_rrset,
-- iodef_unresolvable) are about many names and are never stored with one. ns_inconsistent, which may also be found where there is no set, is counted
-- here for covered names only.
SELECT finding, coalesce(names, 0) AS n, covered AS of, coalesce(own_names, 0) AS own_names, unknown, severity,
    regexp_replace(meaning, '"?\{([a-z]+)\}"?', '[\1]', 'g') AS meaning
FROM finding_words FULL JOIN finding_counts USING (finding), coverage ORDER BY n DESC, finding;
