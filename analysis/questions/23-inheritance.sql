-- 23: Inherited CAA
-- asks: What share of names is covered only by an ancestor, what share by a public suffix or TLD with CAA, and from how far above?
-- who: researchers, policy groups
--
-- A name without a set is governed by that of its closest ancestor that has one (RFC 8659 section 3). Inherited CAA is not adoption: it
-- was decided for another name, at times by a registry for everybody below it. The depth is how many labels above the name the set was
-- found, 0 at the name; a set at the end of an alias counts where the alias stands.

-- table inherited: By who is counted
--
-- n: covered only by an ancestor. Of covered share is that of the covered names. By a suffix: the ancestor is the name's public suffix,
-- a TLD, or between.
SELECT scope.label AS counted, coalesce(n, 0) AS n, answered AS of, coalesce(covered, 0) AS covered, coalesce(n, 0) / nullif(covered, 0) AS of_covered_share,
    coalesce(by_suffix, 0) AS by_suffix, coalesce(by_suffix, 0) / nullif(answered, 0) AS by_suffix_share, unknown
FROM scope LEFT JOIN (
    SELECT counted AS label, count(*) FILTER (caa_depth > 0) AS n, count(*) AS covered,
        count(*) FILTER (caa_depth > 0 AND labels - caa_depth <= suffix_labels(public_suffix)) AS by_suffix
    FROM sets JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table depths: Depth
-- figure: histogram label=depth value=of_covered_share
SELECT caa_depth AS depth, count(*) AS n, any_value(answered) AS of, count(*) / sum(count(*)) OVER () AS of_covered_share,
    count(*) FILTER (is_registrable) AS registrable_domains, count(*) FILTER (NOT is_registrable) AS other_names,
    count(*) FILTER (caa_via_alias IS NOT NULL) AS by_alias, any_value(unknown) AS unknown
FROM sets, everything GROUP BY depth ORDER BY depth;

-- table inherited-from: From where
-- figure: bars label=set_at value=of_covered_share
--
-- Every covered name is in one row: where its relevant name stands in the tree, by the public suffix list.
SELECT CASE
        WHEN caa_depth = 0 AND caa_via_alias IS NULL THEN 'the name itself'
        WHEN caa_depth = 0 THEN 'the name itself, by an alias'
        WHEN labels - caa_depth = 1 THEN 'the TLD'
        WHEN labels - caa_depth < suffix_labels(public_suffix) THEN 'between public suffix and TLD'
        WHEN labels - caa_depth = suffix_labels(public_suffix) THEN 'the public suffix'
        WHEN labels - caa_depth = suffix_labels(public_suffix) + 1 THEN 'the registrable domain'
        ELSE 'between the name and its registrable domain'
    END AS set_at,
    count(*) AS n, any_value(answered) AS of, count(*) / sum(count(*)) OVER () AS of_covered_share,
    count(*) FILTER (caa_depth > 0 AND caa_via_alias IS NOT NULL) AS ancestor_is_alias,
    any_value(unknown) AS unknown
FROM sets, everything GROUP BY set_at ORDER BY n DESC, set_at;

-- table suffixes-with-caa: Public suffixes and TLDs whose set governs names below them
-- figure: bars label=suffix value=n
--
-- The 1000 that govern most names, and all others in one row. Of below share: of the names below it of which CAA is known, in case of a
-- TLD of those under the TLD.
WITH supplied AS (
    SELECT caa_name AS suffix, any_value(tld) AS tld, count(*) AS n, count(*) FILTER (is_registrable) AS registrable_domains
    FROM sets WHERE caa_depth > 0 AND labels - caa_depth <= suffix_labels(public_suffix) GROUP BY caa_name
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, suffix) AS suffix_place FROM supplied
)
SELECT folded(suffix_place, suffix) AS suffix, sum(n) AS n, any_value(everything.answered) AS of, sum(registrable_domains) AS registrable_domains,
    any_value(n / nullif(scope.answered, 0)) FILTER (suffix_place <= 1000 AND suffix = tld) AS of_tld_share, any_value(everything.unknown) AS unknown
FROM placed JOIN scope ON dimension = 'tld' AND label = tld, everything GROUP BY 1 ORDER BY min(suffix_place);

-- table inherited-by-tld: Names below registrable domains, by TLD
--
-- Of the names that are not registrable domains, those covered only by an ancestor.
SELECT folded(place, label) AS tld, sum(coalesce(n, 0)) AS n, sum(answered - registrable_answered) AS of, sum(coalesce(covered, 0)) AS covered,
    sum(coalesce(n, 0)) / nullif(sum(covered), 0) AS of_covered_share, sum(unknown - registrable_unknown) AS unknown
FROM scope LEFT JOIN (
    SELECT tld AS label, count(*) FILTER (caa_depth > 0) AS n, count(*) AS covered FROM sets WHERE NOT is_registrable GROUP BY label
) USING (label)
WHERE dimension = 'tld' AND answered + unknown > registrable_answered + registrable_unknown GROUP BY 1 ORDER BY min(place);
