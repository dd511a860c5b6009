-- 6: CAA that restricts nothing
-- asks: How many names have CAA and yet restrict nothing, with iodef, contactemail, issuevmc or unknown tags only?
-- who: researchers, policy groups
--
-- Restricts nothing: open for TLS, for TLS wildcards and for S/MIME. Such a set is not without effect: it ends the climb, and so hides
-- the sets of all ancestors (RFC 8659 section 3). One with issuevmc alone restricts mark certificates only, and is counted here; one
-- with a critical property that no certification authority knows forbids all issuance, and is not. Counted are names by the set that
-- governs them; the column own says how many have it at the name itself.

-- table restricts-nothing: By who is counted
--
-- Of all names of which CAA is known; of covered share is that of the covered names.
SELECT scope.label AS counted,
    coalesce(n, 0) AS n, answered AS of, coalesce(own_names, 0) AS own_names,
    coalesce(covered, 0) AS covered, coalesce(n, 0) / nullif(covered, 0) AS of_covered_share, unknown
FROM scope LEFT JOIN (
    SELECT counted AS label,
        count(*) FILTER (tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open') AS n,
        count(*) FILTER (tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open' AND is_own(caa_depth, caa_via_alias)) AS own_names,
        count(*) AS covered
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table restricts-nothing-tags: What such sets hold
-- figure: bars label=tags value=of_these_share
--
-- Every name of the table above is in one row. All tags outside the registry count as one.
WITH idle AS (
    SELECT * FROM sets WHERE tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open'
)
SELECT coalesce(nullif(concat_ws(' + ', CASE WHEN issuevmc_set THEN 'issuevmc' END, CASE WHEN iodef_set THEN 'iodef' END,
        CASE WHEN contactemail_set THEN 'contactemail' END, CASE WHEN contactphone_set THEN 'contactphone' END,
        CASE WHEN unknown_tag_set THEN '(unknown)' END), ''), '(none)') AS tags,
    count(*) AS n, any_value(answered) AS of, count(*) / (SELECT count(*) FROM idle) AS of_these_share,
    count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS own_names, count(DISTINCT caa_rrset_hash) AS different_sets, any_value(unknown) AS unknown
FROM idle, everything GROUP BY tags ORDER BY n DESC, tags;

-- table restricts-nothing-by-bucket: By rank
-- needs: rank_bucket (a ranked list)
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of, coalesce(covered, 0) AS covered, coalesce(n, 0) / nullif(covered, 0) AS of_covered_share, unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) AS covered,
        count(*) FILTER (tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open') AS n
    FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table restricts-nothing-by-tld: By TLD
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(answered) AS of,
    sum(coalesce(covered, 0)) AS covered, sum(coalesce(n, 0)) / nullif(sum(covered), 0) AS of_covered_share, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) AS covered,
        count(*) FILTER (tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open') AS n
    FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'tld' GROUP BY 1 ORDER BY min(place);

-- table restricts-nothing-by-dns-operator: By DNS operator
SELECT folded(place, label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(answered) AS of,
    sum(coalesce(covered, 0)) AS covered, sum(coalesce(n, 0)) / nullif(sum(covered), 0) AS of_covered_share, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT operator_label(dns_operator) AS label, count(*) AS covered,
        count(*) FILTER (tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open') AS n
    FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'dns_operator' GROUP BY 1 ORDER BY min(place);

-- table restricts-nothing-names: The names, by rank
--
-- The first 1000.
SELECT query_name, rank, caa_name, caa_via_alias, issuevmc_set, iodef_set, contactemail_set, contactphone_set, unknown_tag_set, dns_operator
FROM sets WHERE tls_posture = 'open' AND tls_wild_posture = 'open' AND smime_posture = 'open'
ORDER BY rank NULLS LAST, query_name, source_list LIMIT 1000;
