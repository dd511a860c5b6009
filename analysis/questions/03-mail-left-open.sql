-- 3: TLS restricted, S/MIME left open
-- asks: How many names restrict who may issue for TLS but not for S/MIME (issue without issuemail), who are they, and how many of them are e-mail-capable?
-- who: researchers, certification authorities, policy groups
--
-- A set with issue and without issuemail leaves certificates for mail to every certification authority, even if it reads issue ";"
-- (RFC 9495 section 4). Since 2025-03-15 authorities must look at CAA before they issue for S/MIME; to these names it is no help. Counted are
-- names by the set that governs them, also one that is inherited or that an alias brought, since that is what an authority sees;
-- the column own says how many have it at the name itself.

-- table mail-left-open: By who is counted
--
-- Of all names of which CAA is known; gap share is that of the names with issue.
SELECT scope.label AS counted,
    coalesce(n, 0) AS n, answered AS of, coalesce(own_names, 0) AS own_names,
    coalesce(with_issue, 0) AS with_issue, coalesce(n, 0) / nullif(with_issue, 0) AS gap_share,
    unknown
FROM scope LEFT JOIN (
    SELECT counted AS label,
        count(*) FILTER (smime_posture = 'open') AS n,
        count(*) FILTER (smime_posture = 'open' AND is_own(caa_depth, caa_via_alias)) AS own_names,
        count(*) AS with_issue
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status)
    WHERE issue_set GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table postures-mail-tls: What covered names say for mail and for TLS
-- figure: heat x=tls_posture y=smime_posture value=n
--
-- Open: a set, but nothing in it for this kind of certificate. Restricted: somebody is named. Closed: nobody is. Blocked: a critical
-- property that no authority knows forbids all issuance. Every covered name is in one row.
SELECT tls_posture, smime_posture, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_covered_share,
    sum(own_names) AS own_names, sum(registrable_domains) AS registrable_domains, sum(email_capable) AS email_capable, any_value(unknown) AS unknown
FROM weighed, everything GROUP BY tls_posture, smime_posture
ORDER BY list_position(['open', 'restricted', 'closed', 'blocked'], tls_posture), list_position(['open', 'restricted', 'closed', 'blocked'], smime_posture);

-- table mail-left-open-by-bucket: E-mail-capable names by rank
-- needs: rank_bucket (a ranked list)
-- figure: bars label=rank_bucket value=gap_share
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, mail_answered AS of,
    coalesce(with_issue, 0) AS with_issue, coalesce(n, 0) / nullif(with_issue, 0) AS gap_share, mail_unknown AS unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) FILTER (smime_posture = 'open') AS n, count(*) AS with_issue
    FROM sets WHERE issue_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' AND mail_answered + mail_unknown > 0 ORDER BY place;

-- table mail-left-open-by-tld: E-mail-capable names by TLD
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(with_issue, 0)) AS with_issue, sum(coalesce(n, 0)) / nullif(sum(with_issue), 0) AS gap_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) FILTER (smime_posture = 'open') AS n, count(*) AS with_issue
    FROM sets WHERE issue_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'tld' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table mail-left-open-by-dns-operator: E-mail-capable names by DNS operator
SELECT folded(place, label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(with_issue, 0)) AS with_issue, sum(coalesce(n, 0)) / nullif(sum(with_issue), 0) AS gap_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT operator_label(dns_operator) AS label, count(*) FILTER (smime_posture = 'open') AS n, count(*) AS with_issue
    FROM sets WHERE issue_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'dns_operator' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table mail-left-open-by-mail-operator: E-mail-capable names by mail operator
SELECT folded(place, label) AS mx_operator, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(with_issue, 0)) AS with_issue, sum(coalesce(n, 0)) / nullif(sum(with_issue), 0) AS gap_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT mx_label(mx_operator) AS label, count(*) FILTER (smime_posture = 'open') AS n, count(*) AS with_issue
    FROM sets WHERE issue_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'mx_operator' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table mail-left-open-by-owner: By the owners whom the names let issue for TLS
-- needs: tls_ca_owners (a table of issuers)
-- figure: bars label=owner value=gap_share
--
-- Gap share: of the names that let an owner of certification authorities issue for TLS, those that let everybody issue for mail. A name
-- that lets several issue is in several rows. Owners are groups of authorities that go by an identifier; one identifier may be that
-- of several.
SELECT owner, coalesce(sum(names) FILTER (smime_posture = 'open'), 0) AS n, any_value(answered) AS of, sum(names) AS restricted,
    coalesce(sum(names) FILTER (smime_posture = 'open'), 0) / sum(names) AS gap_share,
    coalesce(sum(email_capable) FILTER (smime_posture = 'open'), 0) AS email_capable, any_value(unknown) AS unknown
FROM (SELECT unnest(CASE WHEN tls_ca_owners = [] THEN ['(no known owner)'] ELSE tls_ca_owners END) AS owner, smime_posture, names, email_capable
    FROM weighed WHERE tls_posture = 'restricted'), everything
GROUP BY owner ORDER BY restricted DESC, owner;

-- table mail-left-open-names: The e-mail-capable names, by rank
--
-- The first 1000; by SQL all of them: caareport query, WHERE issue_set AND NOT issuemail_set AND email_capable.
SELECT query_name, rank, tls_issuers, caa_name, caa_via_alias, mx_operator, dns_operator
FROM sets WHERE issue_set AND smime_posture = 'open' AND email_capable
ORDER BY rank NULLS LAST, query_name, source_list LIMIT 1000;
