-- 5: S/MIME restricted, TLS left open
-- asks: How many names have issuemail and no issue, so that TLS is left open by somebody who cared about CAA?
-- who: policy groups
--
-- Neither tag stands in for the other: without issue every certification authority may issue for TLS (RFC 8659 section 4.2, RFC 9495
-- section 4), but for wildcards if the set has issuewild. Counted are names by the set that governs them; the column own says
-- how many have it at the name itself.

-- table mail-only: By who is counted
--
-- TLS open leaves out sets in which a critical property that no authority knows forbids all issuance. Wildcards restricted: the set has
-- issuewild.
SELECT scope.label AS counted,
    coalesce(n, 0) AS n, answered AS of, coalesce(own_names, 0) AS own_names, coalesce(tls_open, 0) AS tls_open,
    coalesce(wildcards_restricted, 0) AS wildcards_restricted,
    coalesce(with_issuemail, 0) AS with_issuemail, coalesce(n, 0) / nullif(with_issuemail, 0) AS of_issuemail_share, unknown
FROM scope LEFT JOIN (
    SELECT counted AS label,
        count(*) FILTER (NOT issue_set) AS n,
        count(*) FILTER (NOT issue_set AND is_own(caa_depth, caa_via_alias)) AS own_names,
        count(*) FILTER (NOT issue_set AND tls_posture = 'open') AS tls_open,
        count(*) FILTER (NOT issue_set AND issuewild_set) AS wildcards_restricted,
        count(*) AS with_issuemail
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status)
    WHERE issuemail_set GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table mail-only-by-bucket: By rank
-- needs: rank_bucket (a ranked list)
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of, coalesce(own_names, 0) AS own_names, unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS own_names
    FROM sets WHERE issuemail_set AND NOT issue_set GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table mail-only-by-tld: By TLD
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(answered) AS of, sum(coalesce(own_names, 0)) AS own_names, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS own_names
    FROM sets WHERE issuemail_set AND NOT issue_set GROUP BY label
) USING (label)
WHERE dimension = 'tld' GROUP BY 1 ORDER BY min(place);

-- table mail-only-by-issuer: Whom they let issue for mail
--
-- A name that lets several issue is in several rows. The owners are the groups of certification authorities that go by the identifier.
WITH named AS (
    SELECT CASE WHEN smime_issuers = [] THEN ['(nobody)'] ELSE smime_issuers END AS issuers, count(*) AS n,
        count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS own_names
    FROM sets WHERE issuemail_set AND NOT issue_set GROUP BY issuers
), issuers AS (
    SELECT issuer, sum(n) AS n, sum(own_names) AS own_names FROM (SELECT *, unnest(issuers) AS issuer FROM named) GROUP BY issuer
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, issuer) AS place FROM issuers
)
SELECT folded(place, issuer) AS smime_issuer, CASE WHEN min(place) <= 1000 THEN nullif(any_value(array_to_string(owners, ', ')), '') END AS owners,
    sum(n) AS n, any_value(answered) AS of, sum(n) / (SELECT count(*) FROM sets WHERE issuemail_set AND NOT issue_set) AS of_these_share,
    sum(own_names) AS own_names, any_value(unknown) AS unknown
FROM placed LEFT JOIN named_issuers ON issuer = issuer_domain, everything GROUP BY 1 ORDER BY min(place);

-- table mail-only-names: The names, by rank
--
-- The first 1000.
SELECT query_name, rank, smime_issuers, email_capable, caa_name, caa_via_alias, mx_operator, dns_operator
FROM sets WHERE issuemail_set AND NOT issue_set
ORDER BY rank NULLS LAST, query_name, source_list LIMIT 1000;
