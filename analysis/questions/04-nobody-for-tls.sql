-- 4: Nobody for TLS, anybody for S/MIME
-- asks: How many names say that nobody may issue for TLS (issue ";") and yet let any certification authority issue for S/MIME?
-- who: policy groups, certification authorities
--
-- Such a name is often not in use at all: somebody wanted no certificates for it, did so for the web, and left mail open. Where the name
-- has no mail server either, one record issuemail ";" closes the gap.
--
-- Closed is a name whose set has issue and names no issuer: by an empty issuer on purpose, or because every value is malformed, which
-- authorises nobody either (RFC 8659 section 4.2). Counted are names by the set that governs them.

-- table nobody-for-tls: By who is counted
--
-- On purpose: some record issue is well formed and names nobody. By malformed values alone: no such record.
WITH closed AS (
    SELECT counted AS label, smime_posture, email_capable, is_own(caa_depth, caa_via_alias) AS is_own, caa_rrset_hash
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) WHERE tls_posture = 'closed'
), explicit AS (
    SELECT caa_rrset_hash, len(list_filter(caa, lambda p: lower(p.tag) = 'issue' AND p.syntax = 'ok' AND p.issuer_domain IS NULL)) > 0 AS on_purpose
    FROM rrsets
)
SELECT scope.label AS counted, coalesce(n, 0) AS n, answered AS of, coalesce(own_names, 0) AS own_names,
    coalesce(on_purpose, 0) AS on_purpose, coalesce(by_malformed_values, 0) AS by_malformed_values,
    coalesce(closed_for_tls, 0) AS closed_for_tls, coalesce(n, 0) / nullif(closed_for_tls, 0) AS of_closed_share, unknown
FROM scope LEFT JOIN (
    SELECT label,
        count(*) FILTER (smime_posture IN ('open', 'absent')) AS n,
        count(*) FILTER (smime_posture IN ('open', 'absent') AND is_own) AS own_names,
        count(*) FILTER (smime_posture IN ('open', 'absent') AND on_purpose) AS on_purpose,
        count(*) FILTER (smime_posture IN ('open', 'absent') AND NOT on_purpose) AS by_malformed_values,
        count(*) AS closed_for_tls
    FROM closed JOIN explicit USING (caa_rrset_hash) GROUP BY label
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table nobody-for-tls-by-mx: By what the name says about mail
-- figure: stacked label=mx_status series=smime_posture value=n
--
-- Of the names closed for TLS: found is an MX, null_mx one that says that there is no mail (RFC 7505); with nodata there is no MX, and
-- mail goes to an address of the name, if it has one. Every name closed for TLS is in one row.
SELECT coalesce(mx_status, '(not asked)') AS mx_status, smime_posture, count(*) AS n, any_value(answered) AS of,
    count(*) / (SELECT count(*) FROM sets WHERE tls_posture = 'closed') AS of_closed_share, count(*) FILTER (email_capable) AS email_capable,
    any_value(unknown) AS unknown
FROM sets, everything WHERE tls_posture = 'closed' GROUP BY ALL ORDER BY mx_status, smime_posture;

-- table nobody-for-tls-by-bucket: By rank
-- needs: rank_bucket (a ranked list)
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of,
    coalesce(closed_for_tls, 0) AS closed_for_tls, coalesce(n, 0) / nullif(closed_for_tls, 0) AS of_closed_share, unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) FILTER (smime_posture IN ('open', 'absent')) AS n, count(*) AS closed_for_tls
    FROM sets WHERE tls_posture = 'closed' GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table nobody-for-tls-by-tld: By TLD
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(answered) AS of,
    sum(coalesce(closed_for_tls, 0)) AS closed_for_tls, sum(coalesce(n, 0)) / nullif(sum(closed_for_tls), 0) AS of_closed_share, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) FILTER (smime_posture IN ('open', 'absent')) AS n, count(*) AS closed_for_tls
    FROM sets WHERE tls_posture = 'closed' GROUP BY label
) USING (label)
WHERE dimension = 'tld' GROUP BY 1 ORDER BY min(place);

-- table nobody-for-tls-by-dns-operator: By DNS operator
SELECT folded(place, label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(answered) AS of,
    sum(coalesce(closed_for_tls, 0)) AS closed_for_tls, sum(coalesce(n, 0)) / nullif(sum(closed_for_tls), 0) AS of_closed_share, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT operator_label(dns_operator) AS label, count(*) FILTER (smime_posture IN ('open', 'absent')) AS n, count(*) AS closed_for_tls
    FROM sets WHERE tls_posture = 'closed' GROUP BY label
) USING (label)
WHERE dimension = 'dns_operator' GROUP BY 1 ORDER BY min(place);

-- table nobody-for-tls-names: The names, by rank
--
-- The first 1000, those that are e-mail-capable before those of the same rank that are not.
SELECT query_name, rank, mx_status, email_capable, caa_name, caa_via_alias, mx_operator, dns_operator
FROM sets WHERE tls_posture = 'closed' AND smime_posture IN ('open', 'absent')
ORDER BY rank NULLS LAST, email_capable DESC NULLS LAST, query_name, source_list LIMIT 1000;
