-- 20: Unknown tags
-- asks: Which tags outside the registry are published, with which values, and what of it is private use?
-- who: researchers, policy groups
--
-- Known tags are issue, issuewild, issuemail, issuevmc, iodef, contactemail and contactphone. CAs ignore any other, unless it is critical: then
-- nobody may issue (RFC 8659 section 4.1). auth, path and policy are reserved by the registry, and security is a draft. Tags match in any case and
-- are shown in lower case, octets that are not printable ASCII as \DDD. Counted are covered names; own names are those whose own look-up gave the
-- set, by an alias or not, while the others inherit it; unknown are names whose look-up failed.

-- table odd-tags: Sets with odd tags
-- figure: bars label=tags value=share
--
-- The rows overlap. Mixed case, of any tag, is allowed.
SELECT tags, coalesce(n, 0) AS n, covered AS of, coalesce(own_names, 0) AS own_names, unknown
FROM (VALUES (1, 'unknown_tag', 'unknown'), (2, 'critical_unknown_tag', 'unknown and critical: blocks'),
    (3, 'tag_nonalnum', 'with other characters than letters and digits'), (4, 'tag_mixed_case', 'with capital letters')) AS t(place, finding, tags)
LEFT JOIN (SELECT finding, names AS n, own_names FROM finding_counts) USING (finding), coverage ORDER BY place;

-- table unknown-tags: By tag
-- figure: bars label=tag value=share
--
-- Of names with an unknown tag. Sort is reserved; draft (security); probably a slip, where a known tag is at most two letters away; ill-formed, with
-- other characters than letters and digits; or private, which is what nobody registered. Critical: names with a record of the tag that is.
WITH hits AS (
    SELECT tag, set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(critical) AS critical FROM set_records
        WHERE syntax = 'unchecked' GROUP BY tag, set_id
), near AS (
    SELECT tag, arg_min(known, (damerau_levenshtein(tag, known), known)) AS known, min(damerau_levenshtein(tag, known)) AS distance
    FROM (SELECT DISTINCT tag FROM hits), (VALUES ('issue'), ('issuewild'), ('issuemail'), ('issuevmc'), ('iodef'), ('contactemail'),
        ('contactphone')) AS k(known) GROUP BY tag
), counted AS (
    SELECT tag, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (critical), 0)::BIGINT AS critical,
        row_number() OVER (ORDER BY sum(names) DESC, tag) AS place
    FROM hits GROUP BY tag
), total AS (
    SELECT sum(names)::BIGINT AS of FROM (SELECT any_value(names) AS names FROM hits GROUP BY set_id)
)
SELECT CASE WHEN place <= 1000 THEN tag ELSE '(all others)' END AS tag,
    CASE WHEN min(place) > 1000 THEN NULL WHEN any_value(tag) IN ('auth', 'path', 'policy') THEN 'reserved'
        WHEN any_value(tag) = 'security' THEN 'draft'
        WHEN any_value(distance) <= 2 THEN 'probably ' || any_value(known) WHEN NOT regexp_full_match(any_value(tag), '[a-z0-9]+') THEN 'ill-formed'
            ELSE 'private' END AS sort,
    sum(n)::BIGINT AS n, any_value(of) AS of, sum(own_names)::BIGINT AS own_names, sum(critical)::BIGINT AS critical, any_value(unknown) AS unknown
FROM (SELECT counted.*, known, distance FROM counted JOIN near USING (tag)), total, coverage GROUP BY least(place, 1001), 1
    ORDER BY least(place, 1001);

-- table unknown-tag-values: By tag and value
--
-- The values with the most names, the first 1000; a name counts for each.
SELECT tag, value, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (critical), 0)::BIGINT AS critical
FROM (SELECT tag, value, set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(critical) AS critical FROM set_records
    WHERE syntax = 'unchecked' GROUP BY tag, value, set_id)
GROUP BY tag, value ORDER BY names DESC, tag, value LIMIT 1000;
