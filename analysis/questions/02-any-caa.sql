-- 2: Who has CAA at all
-- asks: What share of all, responsive and e-mail-capable domains has any CAA: at the name itself, after climbing, only by way of an alias?
-- who: researchers, policy groups
--
-- A name is covered if RFC 8659 section 3 finds a set for it: at the name, at an ancestor, or at the end of an alias. Only what stands at
-- the name itself is its own choice: one hoster who adds a set to the target of its customers' aliases covers tens of thousands of names at
-- once, and one TLD who does covers all below it. The denominator is the names of which it is known; those whose look-up failed, or
-- that opted out, stand beside it as unknown. A line of the input is a name: one that the input has twice counts twice.
--
-- Shares of registrable domains and of other names differ, and so do those of top lists and of whole zones: say which when you quote one.

-- table any-caa: By who is counted
--
-- Responsive: the name exists. E-mail-capable: mail to the name has somewhere to go (RFC 5321 section 5.1); a null MX (RFC 7505) says
-- that there is none. The columns at the name, by alias (at the name, of which an alias leads to the set), inherited and inherited by
-- alias (an ancestor is an alias) add up to the names covered.
SELECT scope.label AS counted,
    coalesce(n, 0) AS n, answered AS of,
    coalesce(at_the_name, 0) AS at_the_name, coalesce(at_the_name, 0) / nullif(answered, 0) AS at_the_name_share,
    coalesce(by_alias, 0) AS by_alias, coalesce(inherited, 0) AS inherited, coalesce(inherited_by_alias, 0) AS inherited_by_alias,
    unknown
FROM scope LEFT JOIN (
    SELECT counted AS label,
        count(*) AS n,
        count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name,
        count(*) FILTER (caa_depth = 0 AND caa_via_alias IS NOT NULL) AS by_alias,
        count(*) FILTER (caa_depth > 0 AND caa_via_alias IS NULL) AS inherited,
        count(*) FILTER (caa_depth > 0 AND caa_via_alias IS NOT NULL) AS inherited_by_alias
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table caa-by-bucket: By rank
-- needs: rank_bucket (a ranked list)
-- figure: bars label=rank_bucket value=share
--
-- Adoption usually falls with the rank; a top list overstates what is true of all domains.
SELECT scope.label AS rank_bucket, coalesce(n, 0) AS n, answered AS of,
    coalesce(at_the_name, 0) AS at_the_name, coalesce(at_the_name, 0) / nullif(answered, 0) AS at_the_name_share, unknown
FROM scope LEFT JOIN (
    SELECT bucket_label(rank_bucket) AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name
    FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'rank_bucket' ORDER BY place;

-- table caa-by-list: By list
--
-- Where the input was more than one list. A name that is in two counts in both.
SELECT folded(place, label) AS source_list, sum(coalesce(n, 0)) AS n, sum(answered) AS of,
    sum(coalesce(at_the_name, 0)) AS at_the_name, sum(coalesce(at_the_name, 0)) / nullif(sum(answered), 0) AS at_the_name_share, sum(unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT source_list AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'source_list' GROUP BY 1 ORDER BY min(place);

-- table caa-by-tld: By TLD, registrable domains
-- figure: bars label=tld value=share
--
-- Of the registrable domains, those with a set at the name itself: what their owners have adopted. A TLD with a set of its own covers
-- all names below it, which the column covered shows.
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(registrable_answered) AS of,
    sum(coalesce(covered, 0)) AS covered, sum(coalesce(covered, 0)) / nullif(sum(registrable_answered), 0) AS covered_share,
    sum(registrable_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS covered
    FROM sets WHERE is_registrable GROUP BY label
) USING (label)
WHERE dimension = 'tld' AND registrable_answered + registrable_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table caa-by-dns-operator: By DNS operator, registrable domains
-- figure: bars label=dns_operator value=share
--
-- Of the registrable domains, those with a set at the name itself. Whether an operator's customers can publish CAA, and whether the
-- operator does so for them, decides more than anything else.
SELECT folded(place, label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(registrable_answered) AS of,
    sum(coalesce(covered, 0)) AS covered, sum(coalesce(covered, 0)) / nullif(sum(registrable_answered), 0) AS covered_share,
    sum(registrable_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT operator_label(dns_operator) AS label, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS n, count(*) AS covered
    FROM sets WHERE is_registrable GROUP BY label
) USING (label)
WHERE dimension = 'dns_operator' AND registrable_answered + registrable_unknown > 0 GROUP BY 1 ORDER BY min(place);

-- table tags: Which tags sets have
-- figure: bars label=tag value=of_covered_share
--
-- The covered names whose set holds the tag at least once. A set may hold several, so the rows overlap.
SELECT tag, coalesce(sum(names) FILTER (has), 0) AS n, any_value(answered) AS of,
    coalesce(sum(names) FILTER (has), 0) / sum(names) AS of_covered_share,
    coalesce(sum(own_names) FILTER (has), 0) AS own_names, coalesce(sum(own_registrable_domains) FILTER (has), 0) AS own_registrable_domains,
    any_value(unknown) AS unknown
FROM (
    SELECT names, own_names, own_registrable_domains,
        unnest(['issue', 'issuewild', 'issuemail', 'issuevmc', 'iodef', 'contactemail', 'contactphone', '(unknown)']) AS tag,
        unnest([issue_set, issuewild_set, issuemail_set, issuevmc_set, iodef_set, contactemail_set, contactphone_set, unknown_tag_set]) AS has
    FROM weighed
), everything GROUP BY tag ORDER BY n DESC, tag;

-- table tag-combinations: Which tags sets have together
-- figure: bars label=tags value=of_covered_share
--
-- Every covered name is in one row. Own are names at which the set itself stands, without an alias. Where many names have few different
-- sets, it is hosters who publish them. All tags outside the registry count as one.
SELECT coalesce(nullif(concat_ws(' + ', CASE WHEN issue_set THEN 'issue' END, CASE WHEN issuewild_set THEN 'issuewild' END,
        CASE WHEN issuemail_set THEN 'issuemail' END, CASE WHEN issuevmc_set THEN 'issuevmc' END, CASE WHEN iodef_set THEN 'iodef' END,
        CASE WHEN contactemail_set THEN 'contactemail' END, CASE WHEN contactphone_set THEN 'contactphone' END,
        CASE WHEN unknown_tag_set THEN '(unknown)' END), ''), '(none)') AS tags,
    sum(names) AS n, any_value(answered) AS of, sum(names) / sum(sum(names)) OVER () AS of_covered_share,
    sum(own_names) AS own_names, sum(own_registrable_domains) AS own_registrable_domains, count(DISTINCT caa_rrset_hash) AS different_sets,
    any_value(unknown) AS unknown
FROM weighed, everything GROUP BY tags ORDER BY n DESC, tags;
