-- 1: Who publishes issuemail
-- asks: What share of e-mail-capable domains publish issuemail, by rank bucket, TLD, DNS operator and mail operator?
-- who: researchers, policy groups
--
-- The property issuemail (RFC 9495) says who may issue certificates for S/MIME. A name publishes it if the set that stands at the name
-- itself holds it, and no alias brought that set; such names are counted as n. A name is governed by it if its relevant set holds it,
-- wherever that set stands: certification authorities look at nothing else, but what is inherited from an ancestor, or is the set of a
-- hoster at the end of an alias, is not the choice of the name's owner.
--
-- E-mail-capable is a name with an MX that is not null, or with none and an address (RFC 5321 section 5.1). A null MX (RFC 7505) says
-- that there is no mail. Names whose MX could not be looked up are in a row of their own.

-- table issuemail: By who is counted
--
-- The columns published, inherited and by alias add up to the names governed; what an ancestor has by way of an alias counts as
-- inherited. Restricted: issuemail names some CA; closed: it names nobody; blocked: a critical property that no CA knows forbids all
-- issuance.
SELECT scope.label AS counted,
    coalesce(n, 0) AS n, answered AS of,
    coalesce(governed, 0) AS governed, coalesce(governed, 0) / nullif(answered, 0) AS governed_share,
    coalesce(inherited, 0) AS inherited, coalesce(by_alias, 0) AS by_alias,
    coalesce(restricted, 0) AS restricted, coalesce(closed, 0) AS closed, coalesce(blocked, 0) AS blocked,
    unknown
FROM scope LEFT JOIN (
    SELECT counted AS label,
        count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n,
        count(*) AS governed,
        count(*) FILTER (caa_depth > 0) AS inherited,
        count(*) FILTER (caa_depth = 0 AND caa_via_alias IS NOT NULL) AS by_alias,
        count(*) FILTER (smime_posture = 'restricted') AS restricted,
        count(*) FILTER (smime_posture = 'closed') AS closed,
        count(*) FILTER (smime_posture = 'blocked') AS blocked
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status)
    WHERE issuemail_set GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table issuemail-by-bucket: E-mail-capable names by rank
-- needs: rank_bucket (a ranked list)
-- figure: bars label=rank_bucket value=share
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, mail_answered AS of,
    coalesce(governed, 0) AS governed, coalesce(governed, 0) / nullif(mail_answered, 0) AS governed_share, mail_unknown AS unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS governed
    FROM sets WHERE issuemail_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' AND mail_answered + mail_unknown > 0 ORDER BY place;

-- table issuemail-by-tld: E-mail-capable names by TLD
-- figure: bars label=tld value=share
--
-- The 1000 largest TLDs by the names of the input, and all others in one row.
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(governed, 0)) AS governed, sum(coalesce(governed, 0)) / nullif(sum(mail_answered), 0) AS governed_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS governed
    FROM sets WHERE issuemail_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'tld' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table issuemail-by-dns-operator: E-mail-capable names by DNS operator
-- figure: bars label=dns_operator value=share
--
-- The operator is the registrable domain under which most of the names of a zone's servers are. It is not known where the look-up
-- did not come as far as the zone.
SELECT folded(place, label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(governed, 0)) AS governed, sum(coalesce(governed, 0)) / nullif(sum(mail_answered), 0) AS governed_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT operator_label(dns_operator) AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS governed
    FROM sets WHERE issuemail_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'dns_operator' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table issuemail-by-mail-operator: E-mail-capable names by mail operator
-- figure: bars label=mx_operator value=share
--
-- The operator is the registrable domain of the most preferred mail exchanger. The names without an MX take mail at their own address.
SELECT folded(place, label) AS mx_operator, sum(coalesce(n, 0)) AS n, sum(mail_answered) AS of,
    sum(coalesce(governed, 0)) AS governed, sum(coalesce(governed, 0)) / nullif(sum(mail_answered), 0) AS governed_share, sum(mail_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT mx_label(mx_operator) AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS governed
    FROM sets WHERE issuemail_set AND email_capable GROUP BY label
) USING (label)
WHERE dimension = 'mx_operator' AND mail_answered + mail_unknown > 0 GROUP BY 1 ORDER BY min(place);
