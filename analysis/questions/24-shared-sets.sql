-- 24: Sets that many names share
-- asks: How many names have CAA that is really their hoster's, by an alias to a name with CAA, and which sets are shared most?
-- who: researchers, policy groups
--
-- A name that is an alias of a hoster's name gets the hoster's set (RFC 8659 section 3): one record at one hoster can cover tens of
-- thousands of customers overnight, and uncover them as fast. Other hosters put the same set into every zone. Neither is what the
-- owner of the name has chosen, though both are what certification authorities obey. Sets are equal if their records are, whatever
-- their order, owner and TTL.

-- table by-alias: The effect of aliases, by who is counted
--
-- n: covered by way of an alias, at the name or at an ancestor. Without aliases: the share of covered names that would be left.
SELECT scope.label AS counted, coalesce(n, 0) AS n, answered AS of, coalesce(alias_at_the_name, 0) AS alias_at_the_name, coalesce(n, 0) - coalesce(alias_at_the_name, 0) AS alias_at_an_ancestor,
    coalesce(covered, 0) AS covered, coalesce(covered, 0) / nullif(answered, 0) AS covered_share,
    (coalesce(covered, 0) - coalesce(n, 0)) / nullif(answered, 0) AS without_aliases_share, unknown
FROM scope LEFT JOIN (
    SELECT counted AS label, count(*) AS covered, count(*) FILTER (caa_via_alias IS NOT NULL) AS n,
        count(*) FILTER (caa_via_alias IS NOT NULL AND caa_depth = 0) AS alias_at_the_name
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table by-alias-by-bucket: The effect of aliases, by rank
-- needs: rank_bucket (a ranked list)
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of, coalesce(covered, 0) AS covered, coalesce(n, 0) / nullif(covered, 0) AS of_covered_share, unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) AS covered, count(*) FILTER (caa_via_alias IS NOT NULL) AS n FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table alias-hosters: To whom the aliases lead
-- figure: pareto label=hoster value=n
--
-- The owners of the sets that aliases brought, put together by the domain below the public suffix, of which those are taken that the names
-- of the scan show (suffixes of registries only, for hosters have their own on the list). The 1000 that bring sets to most names, and
-- all others in one row.
WITH targets AS (
    SELECT caa_via_alias AS target, string_split(caa_via_alias, '.') AS labels, count(*) AS n FROM sets WHERE caa_via_alias IS NOT NULL GROUP BY target
), suffixes AS (
    SELECT DISTINCT public_suffix AS suffix FROM names WHERE psl_section = 'icann'
), cut AS (
    SELECT target, min(i) AS i
    FROM (SELECT target, i, array_to_string(labels[i:], '.') AS suffix FROM (SELECT target, labels, unnest(range(1, len(labels) + 1)) AS i FROM targets)) JOIN suffixes USING (suffix)
    GROUP BY target
), hosted AS (
    SELECT target, array_to_string(labels[greatest(coalesce(i, len(labels)) - 1, 1):], '.') AS hoster FROM targets LEFT JOIN cut USING (target)
), hosters AS (
    SELECT hoster, count(*) AS n, count(DISTINCT target) AS targets, count(*) FILTER (is_registrable) AS registrable_domains, count(DISTINCT caa_rrset_hash) AS different_sets
    FROM sets JOIN hosted ON caa_via_alias = target GROUP BY hoster
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, hoster) AS place FROM hosters
)
SELECT folded(place, hoster) AS hoster, sum(n) AS n, any_value(answered) AS of, sum(n) / sum(sum(n)) OVER () AS of_aliased_share,
    sum(sum(n)) OVER (ORDER BY min(place)) / sum(sum(n)) OVER () AS cumulative_share, sum(targets) AS targets,
    sum(registrable_domains) AS registrable_domains,
    CASE WHEN min(place) <= 1000 THEN any_value(different_sets) END AS different_sets, any_value(unknown) AS unknown
FROM placed, everything GROUP BY 1 ORDER BY min(place);

-- table alias-targets: Where the aliases lead
--
-- The owners themselves: the 1000 that bring their set to most names, and all others in one row. A hoster that has a name for each
-- customer has many.
WITH targets AS (
    SELECT caa_via_alias AS target, count(*) AS n, count(*) FILTER (is_registrable) AS registrable_domains, min(caa_rrset_hash) AS caa_rrset_hash,
        count(DISTINCT caa_rrset_hash) AS different_sets
    FROM sets WHERE caa_via_alias IS NOT NULL GROUP BY target
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, target) AS place FROM targets
)
SELECT folded(place, target) AS alias_target, sum(n) AS n, any_value(answered) AS of, sum(n) / sum(sum(n)) OVER () AS of_aliased_share,
    sum(registrable_domains) AS registrable_domains,
    CASE WHEN min(place) <= 1000 THEN any_value(different_sets) END AS different_sets,
    CASE WHEN min(place) <= 1000 THEN any_value(caa_rrset_hash) END AS caa_rrset_hash, any_value(unknown) AS unknown
FROM placed, everything GROUP BY 1 ORDER BY min(place);

-- table shared-sets: The sets that are shared most
-- figure: pareto label=records value=n
--
-- The 1000 sets that govern most names, and all others in one row. At the name, by alias (at the name) and inherited add up to the names.
-- The main operator is that of most of the names; where its share is near one and the names are many, it is the operator
-- who publishes the set. Records are in the order of their text, cut after 240 characters.
WITH largest AS (
    SELECT caa_rrset_hash, names, row_number() OVER (ORDER BY names DESC, caa_rrset_hash) AS place FROM rrsets
), described AS (
    SELECT caa_rrset_hash, array_to_string(list_sort(list_transform(caa, lambda p: concat(p.flags, ' ', p.tag, ' "', p.value, '"'))), ' | ') AS records
    FROM rrsets JOIN largest USING (caa_rrset_hash) WHERE place <= 1000
), operators AS (
    SELECT caa_rrset_hash, operator_label(dns_operator) AS dns_operator, count(*) AS n
    FROM sets JOIN largest USING (caa_rrset_hash) WHERE place <= 1000 GROUP BY ALL
), main_operator AS (
    SELECT caa_rrset_hash, count(*) AS dns_operators, first(dns_operator ORDER BY n DESC, dns_operator) AS main_dns_operator, max(n) AS main_n FROM operators GROUP BY caa_rrset_hash
), governed AS (
    SELECT least(place, 1001) AS place, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name,
        count(*) FILTER (caa_depth = 0 AND caa_via_alias IS NOT NULL) AS by_alias, count(*) FILTER (caa_depth > 0) AS inherited,
        count(*) FILTER (is_registrable) AS registrable_domains
    FROM sets JOIN largest USING (caa_rrset_hash) GROUP BY 1
)
SELECT coalesce(records[:240] || CASE WHEN len(records) > 240 THEN '…' ELSE '' END, '(all others)') AS records, governed.n AS n, answered AS of,
    governed.n / sum(governed.n) OVER () AS of_covered_share, sum(governed.n) OVER (ORDER BY governed.place) / sum(governed.n) OVER () AS cumulative_share,
    at_the_name, by_alias, inherited, registrable_domains, dns_operators, main_dns_operator, main_n / governed.n AS main_dns_operator_share,
    CASE WHEN governed.place <= 1000 THEN caa_rrset_hash END AS caa_rrset_hash, unknown
FROM governed LEFT JOIN (SELECT * FROM largest WHERE place <= 1000) AS largest USING (place) LEFT JOIN described USING (caa_rrset_hash) LEFT JOIN main_operator USING (caa_rrset_hash), everything
ORDER BY governed.place;

-- table sharing: How many names a set governs
-- figure: histogram label=names_per_set value=of_covered_share
--
-- The sets by how many names they govern, and the names under such sets.
SELECT CASE WHEN names = 1 THEN '1' WHEN names < 10 THEN '2-9' WHEN names < 100 THEN '10-99' WHEN names < 1000 THEN '100-999' WHEN names < 10000 THEN '1000-9999' ELSE '10000+' END AS names_per_set,
    count(*) AS sets, sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_covered_share, any_value(unknown) AS unknown
FROM rrsets, everything GROUP BY names_per_set ORDER BY min(names);

-- table shared-sets-by-operator: DNS operators and the set that most of their names have
--
-- Of the names of an operator that are covered, those under the one set that most of them have: near one where the operator decides, low
-- where customers do. The 1000 operators with most covered names, and all others in one row.
WITH pairs AS (
    SELECT operator_label(dns_operator) AS label, caa_rrset_hash, count(*) AS names FROM sets GROUP BY ALL
), operators AS (
    SELECT label, max(names) AS n, sum(names) AS covered, count(*) AS different_sets FROM pairs GROUP BY label
), placed AS (
    SELECT *, row_number() OVER (ORDER BY covered DESC, label) AS covered_place FROM operators
)
SELECT folded(coalesce(covered_place, 1001), label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(answered) AS of, sum(coalesce(covered, 0)) AS covered,
    sum(coalesce(n, 0)) / nullif(sum(covered), 0) AS of_covered_share, CASE WHEN min(coalesce(covered_place, 1001)) <= 1000 THEN any_value(different_sets) END AS different_sets,
    sum(unknown) AS unknown
FROM scope LEFT JOIN placed USING (label) WHERE dimension = 'dns_operator' GROUP BY 1 ORDER BY min(coalesce(covered_place, 1001));
