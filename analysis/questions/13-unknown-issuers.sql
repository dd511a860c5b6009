-- 13: Issuers that nobody knows
-- asks: Which named issuers does no CA recognise (typing errors, URLs, host names, addresses, trailing dots, quotation marks, lists, white space), how many names do they concern, and which known issuer was probably meant?
-- who: researchers, CAs
--
-- A record lets a CA in only if its value is, as a whole, an identifier that the CA documents (RFC 8659 section 4.2). Two things go wrong: the value
-- fits the grammar, but nobody goes by the name; or it does not fit the grammar, and names nobody at all. Either way the record still restricts. Who
-- is known is what the table of issuers of this report says; an identifier that it lacks may also be that of a private CA.
--
-- Counted are names that are covered by a set with a record of issue, issuewild, issuemail or issuevmc, whether their own look-up gave the set, by an
-- alias or not (own names), or they inherit it; unknown are names whose look-up failed, which may have such a set or none.

-- table issuer-faults: What is wrong, by finding
-- figure: bars label=finding value=share
--
-- The findings are those that the scan stored, by the table of issuers that it had. A name is counted once for each finding, so the rows overlap:
-- malformed-value is the class of all values outside the grammar, and other rows say how that came about. In brackets in the meaning stands what
-- differs from record to record. The rows on quotation marks, emptiness, characters beyond ASCII and white space count values of iodef and contact
-- properties, too.
SELECT w.finding, coalesce(f.names, 0) AS n, issuing AS of, coalesce(f.own_names, 0) AS own_names, unknown, severity,
    regexp_replace(meaning, '"?\{([a-z]+)\}"?', '[\1]', 'g') AS meaning
FROM finding_words w LEFT JOIN finding_counts f USING (finding), coverage
WHERE w.finding IN ('issuer_unknown', 'issuer_typo', 'issuer_is_url', 'issuer_is_host', 'issuer_is_ip', 'issuer_trailing_dot',
    'issuer_list_in_one_value',
    'issuer_uppercase', 'issuer_idn', 'malformed-value', 'param_syntax', 'value_quotes', 'value_empty', 'value_nonascii', 'value_whitespace')
ORDER BY n DESC, finding;

-- table unknown-issuer-classes: Well-formed values that name nobody known, by class
-- figure: bars label=class value=share
--
-- Each identifier is in one class, the first that fits: an IP address; the name of a host, which begins with www. or mail.; a name below a known
-- identifier, such as a target of domain validation; a known identifier without its ending (digicert); one with another ending (letsencrypt.com); a
-- typing error, at most two letters away from a known identifier; an internationalised name; one label; none of these. A name counts in each class
-- that its set shows.
WITH classes AS (
    SELECT issuer_domain, CASE
        WHEN regexp_full_match(issuer_domain, '((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.|$)){4}') THEN 'IP address'
        WHEN regexp_matches(issuer_domain, '^(www|mail)\..*\.') THEN 'host (www. or mail.)'
        WHEN ends_with(issuer_domain, '.' || nearest) THEN 'below a known identifier'
        WHEN starts_with(nearest, issuer_domain || '.') THEN 'ending missing'
        WHEN split_part(issuer_domain, '.', 1) = split_part(nearest, '.', 1) THEN 'other ending'
        WHEN nearest IS NOT NULL THEN 'typing error'
        WHEN regexp_matches(issuer_domain, '(^|\.)xn--') THEN 'internationalised name'
        WHEN NOT contains(issuer_domain, '.') THEN 'one label'
        ELSE 'nobody near'
    END AS class FROM named_issuers WHERE NOT known
), hits AS (
    SELECT set_id, class, any_value(names) AS names, any_value(own_names) AS own_names FROM set_records JOIN classes USING (issuer_domain)
        GROUP BY set_id, class
), counted AS (
    SELECT class, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM hits GROUP BY class
), identifiers AS (
    SELECT class, count(*) AS issuers FROM classes GROUP BY class
)
SELECT class, issuers, n, issuing AS of, own_names, unknown FROM counted JOIN identifiers USING (class), coverage ORDER BY n DESC, class;

-- table unknown-issuers: Well-formed values that name nobody known
--
-- The issuers with the most names; a name is counted for each that its set names, so the shares overlap. Tags are those of the records. Distance is
-- how many letters the closest known identifier is away; a different or missing ending counts as one, and so do labels in front that are too many or
-- missing. The row of all others adds up the names of each.
WITH hits AS (
    SELECT issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names, list(DISTINCT tag) AS tags
    FROM set_records JOIN (SELECT issuer_domain FROM named_issuers WHERE NOT known) USING (issuer_domain) GROUP BY issuer_domain, set_id
), counted AS (
    SELECT issuer_domain, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names, list_sort(list_distinct(flatten(list(tags)))) AS tags,
        row_number() OVER (ORDER BY sum(names) DESC, issuer_domain) AS place
    FROM hits GROUP BY issuer_domain
)
SELECT CASE WHEN place <= 1000 THEN issuer_domain ELSE '(all others)' END AS issuer, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names,
    CASE WHEN min(place) <= 1000 THEN any_value(array_to_string(tags, ', ')) END AS tags,
    CASE WHEN min(place) <= 1000 THEN any_value(nearest) END AS closest_known,
    CASE WHEN min(place) <= 1000 THEN any_value(distance) END AS distance
FROM counted JOIN named_issuers USING (issuer_domain)
GROUP BY issuer, least(place, 1001) ORDER BY least(place, 1001);

-- table malformed-values: Values that do not fit the grammar
--
-- Of the four tags that say who may issue, as published: octets that are not printable ASCII as \DDD. Faults are the gravest first, and those left
-- out that another says more exactly. Meant is what the owner evidently wanted to publish, where that can be told; a list becomes several records.
-- The row of all others adds up the names of each.
WITH hits AS (
    SELECT tag, value, set_id, any_value(names) AS names, any_value(own_names) AS own_names FROM set_records
    WHERE syntax = 'malformed' AND tag IN ('issue', 'issuewild', 'issuemail', 'issuevmc') GROUP BY tag, value, set_id
), counted AS (
    SELECT tag, value, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names,
        row_number() OVER (ORDER BY sum(names) DESC, tag, value) AS place
    FROM hits GROUP BY tag, value
)
SELECT CASE WHEN place <= 1000 THEN tag ELSE '(all others)' END AS tag, CASE WHEN place <= 1000 THEN value END AS value, sum(names)::BIGINT AS names,
    sum(own_names)::BIGINT AS own_names, CASE WHEN min(place) <= 1000 THEN any_value(array_to_string(faults, ', ')) END AS faults,
    CASE WHEN min(place) <= 1000 AND any_value(len(meant)) > 0 THEN any_value(array_to_string(meant, ' + ')) END AS meant
FROM (SELECT counted.*, faults, meant FROM counted JOIN malformed_values USING (tag, value))
GROUP BY ALL ORDER BY min(place);
