-- 11: Market shares in CAA
-- asks: What are the market shares in CAA of issuer domains and of their owners, for issue, issuewild and issuemail apart, by rank bucket; and how few make up most of it?
-- who: researchers, policy groups
--
-- A set names certification authorities by issuer domain names; owners are the groups of authorities that go by them, by the table of
-- issuers. The relation is many to many: amazon.com is honoured by two owners, and one owner may have a dozen names. To be named is
-- not to have issued, and whoever names several may use one only.
--
-- Market share: of the names whose governing set names anybody in the tag, those whose set names the owner. Since a set may name
-- several, the shares add up to more than one; the cumulative share does not: it is of the names that name this owner or one above
-- it. Identifiers that nobody is known to go by make an owner of their own, (no known owner), where the set names no other. A set that
-- a critical property blocks names whom it names, and counts.
--
-- Hosters give their customers the same set: own names have the set at the name itself, without an alias, and the number of different
-- sets says how many decisions may be behind a share.

-- table market: How large the markets are
--
-- The names whose set names anybody in the tag, of all names. Nobody: the tag is there and names nobody. How many owners it takes
-- until at least 90 and 99 % of the names that name a known owner name one of them.
WITH tagged AS (
    SELECT unnest(['issue', 'issuewild', 'issuemail']) AS tag, unnest([issue_set, issuewild_set, issuemail_set]) AS has, names FROM weighed
), sizes AS (
    SELECT tag, sum(names) AS n, sum(own_names) AS own_names FROM named GROUP BY tag
), parties AS (
    SELECT tag, count(DISTINCT label) FILTER (party = 'issuer') AS issuers, count(DISTINCT label) FILTER (party = 'owner' AND label <> '(no known owner)') AS owners
    FROM mentions GROUP BY tag
), concentration AS (
    SELECT tag, min(place) FILTER (reached >= 0.9 * known) AS owners_for_90_percent, min(place) FILTER (reached >= 0.99 * known) AS owners_for_99_percent
    FROM (
        SELECT *, max(reached) OVER (PARTITION BY tag) AS known
        FROM (SELECT 'issue' AS tag, * FROM market('issue', 'owner') UNION ALL SELECT 'issuewild', * FROM market('issuewild', 'owner')
            UNION ALL SELECT 'issuemail', * FROM market('issuemail', 'owner'))
        WHERE label <> '(no known owner)'
    ) GROUP BY tag
)
SELECT tag, coalesce(n, 0) AS n, answered AS of, with_tag, with_tag - coalesce(n, 0) AS nobody, coalesce(own_names, 0) AS own_names,
    coalesce(issuers, 0) AS issuers, coalesce(owners, 0) AS owners, owners_for_90_percent, owners_for_99_percent, unknown
FROM (SELECT tag, coalesce(sum(names) FILTER (has), 0) AS with_tag FROM tagged GROUP BY tag) LEFT JOIN sizes USING (tag) LEFT JOIN parties USING (tag)
    LEFT JOIN concentration USING (tag), everything
ORDER BY list_position(['issue', 'issuewild', 'issuemail'], tag);

-- table owners-issue: Owners, in issue
-- needs: tls_ca_owners (a table of issuers)
-- figure: pareto label=owner value=market_share cumulative=cumulative_share
--
-- Alone: names whose set names no other owner.
SELECT label AS owner, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issue', 'owner'), everything ORDER BY place;

-- table owners-issuewild: Owners, in issuewild
-- figure: pareto label=owner value=market_share cumulative=cumulative_share
--
-- Of sets with issuewild; in others issue governs wildcards too. The owners are those of the table of issuers of this caareport.
SELECT label AS owner, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issuewild', 'owner'), everything ORDER BY place;

-- table owners-issuemail: Owners, in issuemail
-- needs: smime_ca_owners (a table of issuers)
-- figure: pareto label=owner value=market_share cumulative=cumulative_share
--
-- Whether an owner honours an identifier in issuemail that it has registered for issue is often not documented.
SELECT label AS owner, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issuemail', 'owner'), everything ORDER BY place;

-- table issuers-issue: Issuer domains, in issue
-- figure: pareto label=issuer value=market_share cumulative=cumulative_share
--
-- The 1000 named most, and all others in one row. Issuers in lower case; values that are malformed name nobody.
SELECT label AS issuer, nullif(array_to_string(owners, ', '), '') AS owners, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issue', 'issuer') LEFT JOIN named_issuers ON label = issuer_domain, everything ORDER BY place;

-- table issuers-issuewild: Issuer domains, in issuewild
-- figure: pareto label=issuer value=market_share cumulative=cumulative_share
--
-- Of sets with issuewild.
SELECT label AS issuer, nullif(array_to_string(owners, ', '), '') AS owners, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issuewild', 'issuer') LEFT JOIN named_issuers ON label = issuer_domain, everything ORDER BY place;

-- table issuers-issuemail: Issuer domains, in issuemail
-- figure: pareto label=issuer value=market_share cumulative=cumulative_share
--
-- The parameters of an issuer are left aside here.
SELECT label AS issuer, nullif(array_to_string(owners, ', '), '') AS owners, n, answered AS of, n / naming AS market_share, reached / naming AS cumulative_share,
    alone, own_names, own_registrable_domains, sets AS different_sets, unknown
FROM market('issuemail', 'issuer') LEFT JOIN named_issuers ON label = issuer_domain, everything ORDER BY place;

-- table owners-by-bucket-issue: Owners by rank, in issue
-- needs: rank_bucket (a ranked list)
-- figure: heat x=rank_bucket y=owner value=market_share
--
-- Of the names of each bucket of ranks that name anybody in the tag. The owners named most come first.
SELECT owner, rank_bucket, n, of, n / naming AS market_share, own_names, unknown
FROM owners_by_bucket('issue') ORDER BY sum(n) OVER (PARTITION BY owner) DESC, owner, place;

-- table owners-by-bucket-issuewild: Owners by rank, in issuewild
-- needs: rank_bucket (a ranked list)
-- figure: heat x=rank_bucket y=owner value=market_share
--
-- Of the names of each bucket of ranks that name anybody in the tag. The owners named most come first.
SELECT owner, rank_bucket, n, of, n / naming AS market_share, own_names, unknown
FROM owners_by_bucket('issuewild') ORDER BY sum(n) OVER (PARTITION BY owner) DESC, owner, place;

-- table owners-by-bucket-issuemail: Owners by rank, in issuemail
-- needs: rank_bucket (a ranked list)
-- figure: heat x=rank_bucket y=owner value=market_share
--
-- Of the names of each bucket of ranks that name anybody in the tag. The owners named most come first.
SELECT owner, rank_bucket, n, of, n / naming AS market_share, own_names, unknown
FROM owners_by_bucket('issuemail') ORDER BY sum(n) OVER (PARTITION BY owner) DESC, owner, place;

-- table issuers-by-bucket: Issuer domains by rank
-- needs: rank_bucket (a ranked list)
--
-- For each tag and bucket of ranks, the 100 issuer domains named most, of the names that name anybody in the tag.
SELECT tag, rank_bucket, issuer, n, answered AS of, n / naming AS market_share, own_names, unknown
FROM (
    SELECT tag, rank_bucket, mentions.label AS issuer, sum(names) AS n, sum(own_names) AS own_names
    FROM named JOIN mentions USING (tag, caa_rrset_hash) WHERE party = 'issuer' GROUP BY tag, rank_bucket, mentions.label
    QUALIFY row_number() OVER (PARTITION BY tag, rank_bucket ORDER BY sum(names) DESC, mentions.label) <= 100
) JOIN (SELECT tag, rank_bucket, sum(names) AS naming FROM named GROUP BY ALL) USING (tag, rank_bucket)
    JOIN scope ON dimension = 'rank_bucket' AND label = rank_bucket
ORDER BY list_position(['issue', 'issuewild', 'issuemail'], tag), place, n DESC, issuer;
