-- 17: iodef
-- asks: What share publishes iodef, with which scheme (mailto, https, http, none), and does the mailbox domain take mail?
-- who: researchers, policy groups
--
-- iodef says where a CA may report a request that the set forbids (RFC 8659 section 4.4). It restricts nothing. Its value is a URL: mailto, http or
-- https; CAs need support no more than mailto and https, and need not report at all. Local parts of addresses are not shown. Unknown are names whose
-- look-up of CAA failed.

-- table iodef: Share with iodef
-- figure: bars label=counted value=share
--
-- Of the names that a set governs, and of those with a set of their own, by no alias: by who is counted. Inherited iodef is that of whoever publishes
-- the set.
WITH base AS (
    SELECT is_registrable, email_capable, is_own(caa_depth, caa_via_alias) AS own, iodef_set, count(*) AS names FROM sets GROUP BY ALL
), rows AS (
    SELECT 1 AS place, 'covered names' AS rows_of, 'all names' AS counted, sum(names) FILTER (iodef_set) AS n, sum(names) AS of FROM base
    UNION ALL SELECT 2, 'names with a set of their own', 'all names', sum(names) FILTER (iodef_set), sum(names) FROM base WHERE own
    UNION ALL SELECT 3, 'registrable domains with a set of their own', 'registrable domains', sum(names) FILTER (iodef_set), sum(names) FROM base
        WHERE own AND is_registrable
    UNION ALL SELECT 4, 'e-mail-capable covered names', 'e-mail-capable', sum(names) FILTER (iodef_set), sum(names) FROM base WHERE email_capable
)
SELECT rows_of AS counted, coalesce(n, 0)::BIGINT AS n, coalesce(of, 0)::BIGINT AS of, coalesce(unknown, 0) AS unknown
FROM rows LEFT JOIN (SELECT label AS counted, unknown FROM scope WHERE dimension = 'counted') USING (counted) ORDER BY rows.place;

-- table iodef-schemes: By scheme
-- figure: bars label=scheme value=share
--
-- Of names with iodef. A name counts in each row that its records show. Unusable: the scheme is one of the three, but what follows is no address of
-- that kind.
WITH schemes AS (
    SELECT set_id, names, own_names, CASE
        WHEN syntax = 'ok' THEN lower(split_part(value, ':', 1))
        WHEN list_contains(faults, 'value_empty') THEN '(empty)'
        WHEN list_contains(faults, 'iodef_no_scheme') THEN '(no scheme)'
        WHEN list_contains(faults, 'iodef_bad_scheme') THEN '(other scheme)'
        ELSE '(unusable)' END AS scheme
    FROM set_records LEFT JOIN malformed_values USING (tag, value) WHERE tag = 'iodef'
), hits AS (
    SELECT set_id, scheme, any_value(names) AS names, any_value(own_names) AS own_names FROM schemes GROUP BY set_id, scheme
), counted AS (
    SELECT scheme, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM hits GROUP BY scheme
)
SELECT scheme, coalesce(n, 0) AS n, iodef AS of, coalesce(own_names, 0) AS own_names, unknown
FROM (VALUES (1, 'mailto'), (2, 'https'), (3, 'http'), (4, '(no scheme)'), (5, '(other scheme)'), (6, '(empty)'), (7, '(unusable)')) AS s(place,
    scheme)
LEFT JOIN counted USING (scheme), coverage ORDER BY place;

-- table iodef-findings: Findings about iodef
--
-- Of covered names; as the scan stored them. That the domain in a value does not exist or takes no mail (iodef_unresolvable) no single look-up shows:
-- the next table has what can be told.
SELECT finding, coalesce(names, 0) AS n, covered AS of, coalesce(own_names, 0) AS own_names, unknown, severity
FROM finding_words LEFT JOIN finding_counts USING (finding), coverage
WHERE finding IN ('iodef_missing', 'bad-iodef', 'iodef_no_scheme', 'iodef_bad_scheme') ORDER BY n DESC, finding;

-- table iodef-mailboxes: Does the mailbox domain take mail?
-- needs: mx_status (scan --with mx)
-- figure: bars label=mailbox_domain value=share
--
-- A scan asks about the names of its input only. So this can be told of a mailbox domain only if that domain is itself a row of this scan: the
-- denominator is the names with a mailto address for which that is so, and whose look-up of MX, and where there is none of an address, did not fail.
-- All other names with a mailto address are unknown here: the domain is no row, or its look-up failed. A name with several mailboxes counts in each
-- row that they show; addresses in the query part of a URL (?to=) are not looked at.
WITH mailboxes AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, domain
    FROM (SELECT set_id, names, own_names, rtrim(lower(regexp_extract(unnest(string_split(replace(split_part(value, '?', 1), '%40', '@'), ',')),
        '@([^@]*)$', 1)), '.') AS domain
        FROM set_records WHERE tag = 'iodef' AND syntax = 'ok' AND lower(value[1:7]) = 'mailto:')
    WHERE domain <> '' GROUP BY set_id, domain
), known AS (
    SELECT query_name AS domain, max(CASE
        WHEN mx_status = 'found' THEN 'takes mail (MX)' WHEN mx_status = 'null_mx' THEN 'takes none (null MX)'
            WHEN mx_status = 'nxdomain' THEN 'does not exist'
        WHEN mx_status = 'nodata' AND email_capable THEN 'takes mail (address, no MX)' WHEN mx_status = 'nodata'
            AND NOT email_capable THEN 'takes none (no MX, no address)' END) AS mailbox_domain
    FROM names WHERE query_name IN (SELECT domain FROM mailboxes) GROUP BY query_name
), hits AS (
    SELECT set_id, mailbox_domain, any_value(names) AS names, any_value(own_names) AS own_names FROM mailboxes LEFT JOIN known USING (domain)
        GROUP BY set_id, mailbox_domain
), counted AS (
    SELECT mailbox_domain, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM hits WHERE mailbox_domain IS NOT NULL
        GROUP BY mailbox_domain
), told AS (
    SELECT coalesce(sum(names) FILTER (known), 0)::BIGINT AS known, coalesce(sum(names) FILTER (NOT known), 0)::BIGINT AS unknown
    FROM (SELECT any_value(names) AS names, bool_or(mailbox_domain IS NOT NULL) AS known FROM hits GROUP BY set_id)
)
SELECT mailbox_domain, coalesce(n, 0) AS n, known AS of, coalesce(own_names, 0) AS own_names, unknown
FROM (VALUES (1, 'takes mail (MX)'), (2, 'takes mail (address, no MX)'), (3, 'takes none (null MX)'), (4, 'takes none (no MX, no address)'),
    (5, 'does not exist')) AS m(place, mailbox_domain)
LEFT JOIN counted USING (mailbox_domain), told ORDER BY place;

-- table iodef-targets: Where reports would go
--
-- The domains of mailboxes and the hosts of web addresses with the most names; of names with a usable iodef. A name counts for each of its targets.
-- The row of all others adds up the names of each.
WITH targets AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, scheme, target FROM (
        SELECT set_id, names, own_names, 'mailto' AS scheme, rtrim(lower(regexp_extract(unnest(string_split(replace(split_part(value, '?', 1), '%40',
            '@'), ',')), '@([^@]*)$', 1)), '.') AS target
        FROM set_records WHERE tag = 'iodef' AND syntax = 'ok' AND lower(value[1:7]) = 'mailto:'
        UNION ALL
        SELECT set_id, names, own_names, lower(split_part(value, ':', 1)),
            rtrim(lower(regexp_extract(value, '^[A-Za-z]+://([^/?#]*@)?(\[[^\]]*\]|[^/?#:@]*)', 2)), '.')
        FROM set_records WHERE tag = 'iodef' AND syntax = 'ok' AND lower(value[1:7]) <> 'mailto:'
    ) WHERE target <> '' GROUP BY set_id, scheme, target
), counted AS (
    SELECT scheme, target, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names,
        row_number() OVER (ORDER BY sum(names) DESC, scheme, target) AS place FROM targets GROUP BY scheme, target
)
SELECT CASE WHEN place <= 1000 THEN scheme ELSE '(all others)' END AS scheme, CASE WHEN place <= 1000 THEN target END AS target,
    sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names
FROM counted GROUP BY 1, 2 ORDER BY min(place);
