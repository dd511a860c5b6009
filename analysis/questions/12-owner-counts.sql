-- 12: One owner, two, many
-- asks: How many domains list exactly one CA owner, two, many? What is the distribution, and who depends on one alone?
-- who: researchers, policy groups
--
-- A name whose set lets one owner of certification authorities issue, and no other, is locked in: if that owner is distrusted or fails,
-- it must change its DNS before anybody else may issue. Owners count, not identifiers: several identifiers may be one owner's, and one
-- identifier may be honoured by several owners. Counted are names whose governing set names anybody; identifiers that nobody is known
-- to go by count for no owner, so that 0 owners are names with such identifiers only.

-- table owner-counts: Owners named for TLS
-- needs: owner_count_tls (a table of issuers)
-- figure: histogram label=owners value=of_naming_share
SELECT owner_count_tls AS owners, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_naming_share,
    sum(own_names) AS own_names, sum(registrable_domains) AS registrable_domains, any_value(unknown) AS unknown
FROM weighed, everything WHERE tls_issuers <> [] GROUP BY owners ORDER BY owners;

-- table owner-counts-mail: Owners named for S/MIME
-- needs: smime_ca_owners (a table of issuers)
-- figure: histogram label=owners value=of_naming_share
SELECT len(smime_ca_owners) AS owners, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_naming_share,
    sum(own_names) AS own_names, sum(email_capable) AS email_capable, any_value(unknown) AS unknown
FROM weighed, everything WHERE smime_issuers <> [] GROUP BY owners ORDER BY owners;

-- table issuer-counts: Identifiers named for TLS
-- figure: histogram label=issuers value=of_naming_share
SELECT issuer_count_tls AS issuers, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_naming_share,
    sum(own_names) AS own_names, any_value(unknown) AS unknown
FROM weighed, everything WHERE tls_issuers <> [] GROUP BY issuers ORDER BY issuers;

-- table issuer-counts-mail: Identifiers named for S/MIME
-- figure: histogram label=issuers value=of_naming_share
SELECT issuer_count_smime AS issuers, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_naming_share,
    sum(own_names) AS own_names, any_value(unknown) AS unknown
FROM weighed, everything WHERE smime_issuers <> [] GROUP BY issuers ORDER BY issuers;

-- table one-owner: Who depends on one owner, by who is counted
-- needs: owner_count_tls (a table of issuers)
--
-- Names whose set lets exactly one owner issue for TLS; of naming share is that of the names whose set names anybody.
SELECT scope.label AS counted, coalesce(n, 0) AS n, answered AS of, coalesce(naming, 0) AS naming, coalesce(n, 0) / nullif(naming, 0) AS of_naming_share, unknown
FROM scope LEFT JOIN (
    SELECT counted AS label, count(*) FILTER (owner_count_tls = 1) AS n, count(*) AS naming
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) WHERE tls_issuers <> [] GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table one-owner-by-bucket: One owner for TLS, by rank
-- needs: rank_bucket (a ranked list)
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of, coalesce(naming, 0) AS naming, coalesce(n, 0) / nullif(naming, 0) AS of_naming_share, unknown
FROM scope LEFT JOIN (
    SELECT weighed.rank_bucket AS label, sum(names) FILTER (owner_count_tls = 1) AS n, sum(names) AS naming FROM weighed WHERE tls_issuers <> [] GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table one-owner-by-owner: Whom they depend on for TLS
-- needs: tls_ca_owners (a table of issuers)
-- figure: bars label=owner value=n
--
-- Names that let this owner issue and no other known one. Of its names share: of those that name it.
SELECT owner, coalesce(sum(names) FILTER (owner_count_tls = 1), 0) AS n, any_value(answered) AS of, sum(names) AS naming_it,
    coalesce(sum(names) FILTER (owner_count_tls = 1), 0) / sum(names) AS of_its_names_share, any_value(unknown) AS unknown
FROM (SELECT unnest(tls_ca_owners) AS owner, owner_count_tls, names FROM weighed), everything GROUP BY owner ORDER BY n DESC, owner;
