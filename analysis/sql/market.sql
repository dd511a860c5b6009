-- Whom sets name, for the questions about shares in the market. There are few different sets, so all this is small.

-- What a set names in a tag: one row for every set that names somebody in it, and rank bucket.
--   issuers, owners   identifiers, and the groups of CAs that go by them; that of issuewild by the table of issuers of this caareport, since
--                     scans do not have it
CREATE OR REPLACE TABLE named AS
WITH by_tag AS (
    SELECT 'issue' AS tag, caa_rrset_hash, rank_bucket, tls_issuers AS issuers, tls_ca_owners AS owners, names, own_names, own_registrable_domains
    FROM weighed WHERE issue_set AND tls_issuers <> []
    UNION ALL
    SELECT 'issuemail', caa_rrset_hash, rank_bucket, smime_issuers, smime_ca_owners, names, own_names, own_registrable_domains
    FROM weighed WHERE issuemail_set AND smime_issuers <> []
    UNION ALL
    SELECT 'issuewild', caa_rrset_hash, rank_bucket, tls_wild_issuers, NULL, names, own_names, own_registrable_domains
    FROM weighed WHERE issuewild_set AND tls_wild_issuers <> []
), wild_owners AS (
    SELECT caa_rrset_hash, list_sort(list_distinct(flatten(list(owners)))) AS owners
    FROM (SELECT DISTINCT caa_rrset_hash, unnest(issuers) AS issuer FROM by_tag WHERE tag = 'issuewild') JOIN named_issuers ON issuer = issuer_domain
    GROUP BY caa_rrset_hash
)
SELECT tag, caa_rrset_hash, rank_bucket, issuers,
    CASE tag WHEN 'issuewild' THEN coalesce(wild_owners.owners, []) ELSE by_tag.owners END AS owners, names, own_names, own_registrable_domains
FROM by_tag LEFT JOIN wild_owners USING (caa_rrset_hash);

-- Who is named, each by a set in a tag once: an identifier (party issuer) or an owner. Who names only identifiers of nobody known has
-- an owner of that name.
CREATE OR REPLACE TABLE mentions AS
SELECT DISTINCT tag, 'issuer' AS party, caa_rrset_hash, unnest(issuers) AS label FROM named
UNION ALL
SELECT DISTINCT tag, 'owner', caa_rrset_hash, unnest(CASE WHEN owners = [] THEN ['(no known owner)'] ELSE owners END) FROM named;

-- The market of one tag among one sort of parties, the largest first.
--   n             names whose set names the party
--   naming        names whose set names anybody in the tag
--   alone         names whose set names the party and no other
--   reached       names whose set names this party or a larger one
--   sets          different sets that name it
-- Parties beyond the first 1000 are one, and count once for a name.
CREATE OR REPLACE MACRO market(of_tag, of_party) AS TABLE
WITH weights AS (
    SELECT caa_rrset_hash, sum(names) AS names, sum(own_names) AS own_names, sum(own_registrable_domains) AS own_registrable_domains
    FROM named WHERE tag = of_tag GROUP BY caa_rrset_hash
), parties AS (
    SELECT label, row_number() OVER (ORDER BY label = '(no known owner)', sum(names) DESC, label) AS place
    FROM mentions JOIN weights USING (caa_rrset_hash) WHERE tag = of_tag AND party = of_party GROUP BY label
), shown AS (
    SELECT caa_rrset_hash, folded(place, label) AS label, min(place) AS place
    FROM mentions JOIN parties USING (label) WHERE tag = of_tag AND party = of_party GROUP BY ALL
), entered AS (
    SELECT place, sum(names) AS names FROM (SELECT caa_rrset_hash, min(least(place, 1001)) AS place FROM shown GROUP BY caa_rrset_hash) JOIN weights USING (caa_rrset_hash) GROUP BY place
), totals AS (
    SELECT label, min(least(place, 1001)) AS place, sum(names) AS n, sum(own_names) AS own_names, sum(own_registrable_domains) AS own_registrable_domains, count(*) AS sets,
        sum(names) FILTER (parties_named = 1) AS alone
    FROM (SELECT *, count(*) OVER (PARTITION BY caa_rrset_hash) AS parties_named FROM shown) JOIN weights USING (caa_rrset_hash) GROUP BY label
)
SELECT label, place, n, (SELECT sum(names) FROM weights) AS naming, coalesce(alone, 0) AS alone,
    sum(coalesce(entered.names, 0)) OVER (ORDER BY place) AS reached, own_names, own_registrable_domains, sets
FROM totals LEFT JOIN entered USING (place);

-- The market of one tag among owners, by buckets of ranks; naming is the names of the bucket that name anybody in the tag.
CREATE OR REPLACE MACRO owners_by_bucket(of_tag) AS TABLE
SELECT owner, rank_bucket, place, n, naming, own_names, answered AS of, unknown
FROM (
    SELECT rank_bucket, mentions.label AS owner, sum(names) AS n, sum(own_names) AS own_names
    FROM named JOIN mentions USING (tag, caa_rrset_hash) WHERE tag = of_tag AND party = 'owner' GROUP BY rank_bucket, mentions.label
) JOIN (SELECT rank_bucket, sum(names) AS naming FROM named WHERE tag = of_tag GROUP BY rank_bucket) USING (rank_bucket)
    JOIN scope ON dimension = 'rank_bucket' AND label = rank_bucket;
