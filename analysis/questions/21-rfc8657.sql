-- 21: Records bound to accounts and methods
-- asks: How is RFC 8657 used (accounturi, validationmethods), how often can it not be met, and how often is it defeated by records that an operator injects?
-- who: researchers, CAs, policy groups
--
-- RFC 8657 lets a record of issue or issuewild hold for one account of the CA only (accounturi), or for some methods of validation
-- (validationmethods). A CA that does not process the parameters passes over them, which it may until 2027-03-15; and they bind nothing where another
-- record of the tag names the same CA without them, since records add up. Counted are covered names with a record of issue or issuewild; own names
-- are those whose own look-up gave the set, by an alias or not, while the others inherit it; unknown are names whose look-up failed.
--
-- Operators may add records of their own to those of a customer (CVE-2026-14440). What a scan sees is the set as served: which records the owner
-- wrote and which the operator added it cannot tell, and there is no column for it. What can be told is that a bound record stands beside an unbound
-- one for the same CA, and whether that unbound record stands in nearly all of the different sets at names of the same operator, as an injected one
-- would. An owner may have published both; and an operator that replaces the owner's records leaves no trace at all.

-- table rfc8657: By parameter and tag
-- figure: bars label=tag+parameter value=share
--
-- Of names with a record of the tag. On issuemail and issuevmc the parameters have no meaning that an RFC defines. Alone: names where all records
-- that name somebody have it.
WITH records AS (
    SELECT set_id, names, own_names, tag, issuer_domain IS NOT NULL AS somebody,
        list_contains(list_transform(params, lambda p: lower(p.name)), 'accounturi') AS account,
        list_contains(list_transform(params, lambda p: lower(p.name)), 'validationmethods') AS methods
    FROM set_records WHERE tag IN ('issue', 'issuewild', 'issuemail', 'issuevmc')
), hits AS (
    SELECT set_id, tag, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(account) AS account,
        bool_and(account) FILTER (somebody) AS all_account, bool_or(methods) AS methods, bool_and(methods) FILTER (somebody) AS all_methods,
        bool_and(account OR methods) FILTER (somebody) AS all_bound
    FROM records GROUP BY set_id, tag
    UNION ALL
    SELECT set_id, 'issue or issuewild', any_value(names), any_value(own_names), bool_or(account), bool_and(account) FILTER (somebody),
        bool_or(methods), bool_and(methods) FILTER (somebody), bool_and(account OR methods) FILTER (somebody)
    FROM records WHERE tag IN ('issue', 'issuewild') GROUP BY set_id
), counted AS (
    SELECT tag, 'accounturi' AS parameter, sum(names) AS n, sum(own_names) AS own_names, sum(names) FILTER (all_account) AS alone FROM hits
        WHERE account GROUP BY tag
    UNION ALL SELECT tag, 'validationmethods', sum(names), sum(own_names), sum(names) FILTER (all_methods) FROM hits WHERE methods GROUP BY tag
    UNION ALL SELECT tag, 'both', sum(names), sum(own_names), sum(names) FILTER (all_account AND all_methods) FROM hits WHERE account AND methods
        GROUP BY tag
    UNION ALL SELECT tag, 'either', sum(names), sum(own_names), sum(names) FILTER (all_bound) FROM hits WHERE account OR methods GROUP BY tag
)
SELECT parameter, tag, coalesce(n, 0)::BIGINT AS n,
    CASE tag WHEN 'issue' THEN issue WHEN 'issuewild' THEN issuewild WHEN 'issuemail' THEN issuemail WHEN 'issuevmc' THEN issuevmc
        ELSE tls_issuing END AS of,
    coalesce(own_names, 0)::BIGINT AS own_names, coalesce(alone, 0)::BIGINT AS alone, unknown
FROM (
    SELECT * FROM (VALUES (1, 'issue or issuewild'), (2, 'issue'), (3, 'issuewild'), (4, 'issuemail'), (5, 'issuevmc')) AS t(tag_place, tag),
        (VALUES (1, 'either'), (2, 'accounturi'), (3, 'validationmethods'), (4, 'both')) AS p(place, parameter)
) LEFT JOIN counted USING (tag, parameter), coverage ORDER BY tag_place, place;

-- table rfc8657-methods: Methods
-- figure: bars label=method value=share
--
-- The labels of validationmethods on issue and issuewild, of names with that parameter there; a name counts for each. The 100 with the most names. A
-- label is shown as published: CAs need not fold case.
WITH lists AS (
    SELECT set_id, names, own_names, string_split(value, ',') AS labels FROM set_params
        WHERE name = 'validationmethods' AND tag IN ('issue', 'issuewild')
), hits AS (
    SELECT set_id, label, any_value(names) AS names, any_value(own_names) AS own_names FROM (SELECT set_id, names, own_names, unnest(labels) AS label
        FROM lists) GROUP BY set_id, label
), total AS (
    SELECT sum(names)::BIGINT AS of FROM (SELECT any_value(names) AS names FROM lists GROUP BY set_id)
)
SELECT CASE label WHEN '' THEN '(none)' ELSE label END AS method, sum(names)::BIGINT AS n, any_value(of) AS of, sum(own_names)::BIGINT AS own_names,
    any_value(unknown) AS unknown
FROM hits, total, coverage GROUP BY label ORDER BY n DESC, label LIMIT 100;

-- table rfc8657-accounts: Accounts
--
-- The hosts, or the schemes where there is no host, of the account URIs on issue and issuewild, and how many different accounts; of names with that
-- parameter there. A name counts for each host. The first 1000.
WITH uris AS (
    SELECT set_id, names, own_names, value, coalesce(nullif(lower(regexp_extract(value, '^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)', 1)), ''),
        nullif(lower(regexp_extract(value, '^([A-Za-z][A-Za-z0-9+.-]*:)', 1)), ''), '(no URI)') AS host
    FROM set_params WHERE name = 'accounturi' AND tag IN ('issue', 'issuewild')
), hits AS (
    SELECT set_id, host, any_value(names) AS names, any_value(own_names) AS own_names FROM uris GROUP BY set_id, host
), accounts AS (
    SELECT host, count(DISTINCT value) AS accounts FROM uris GROUP BY host
), total AS (
    SELECT sum(names)::BIGINT AS of FROM (SELECT any_value(names) AS names FROM uris GROUP BY set_id)
)
SELECT host, any_value(accounts) AS accounts, sum(names)::BIGINT AS n, any_value(of) AS of, sum(own_names)::BIGINT AS own_names,
    any_value(unknown) AS unknown
FROM hits JOIN accounts USING (host), total, coverage GROUP BY host ORDER BY n DESC, host LIMIT 1000;

-- table rfc8657-unsatisfiable: Conditions that nobody can meet
-- figure: bars label=condition value=share
--
-- Of names where a record of issue or issuewild that names somebody has either parameter; each such record is in the first row that fits. What two
-- lists of methods in one record mean is not defined, and at least one CA takes it for no fit. Methods are known if IANA registers them for ACME or
-- they begin with ca- in lower case. HTTP and TLS-ALPN cannot validate a wildcard name, so a record of issuewild with these methods alone lets in
-- nobody. Shut out: names where no record of the tag, of those that name somebody, can be met.
WITH params AS (
    SELECT record, count(*) FILTER (name = 'accounturi') AS accounts, count(*) FILTER (name = 'validationmethods') AS lists,
        bool_or(name = 'accounturi' AND NOT (regexp_full_match(value,
            '[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&''()*+,;=-]|%[0-9A-Fa-f]{2})+') AND NOT regexp_matches(value, '#.*#'))) AS no_uri,
        string_split(any_value(value) FILTER (name = 'validationmethods'), ',') AS methods
    FROM set_params WHERE name IN ('accounturi', 'validationmethods') AND tag IN ('issue', 'issuewild') AND issuer_domain IS NOT NULL GROUP BY record
), records AS (
    SELECT set_id, names, own_names, tag, accounts IS NOT NULL AS bound, CASE
        WHEN accounts > 1 THEN 'accounturi twice'
        WHEN no_uri THEN 'accounturi is no URI'
        WHEN lists > 1 THEN 'validationmethods twice'
        WHEN methods = [''] THEN 'no method listed'
        WHEN len(list_filter(methods, lambda m: NOT regexp_full_match(m, '[A-Za-z0-9-]+'))) > 0 THEN 'ill-formed list of methods'
        WHEN len(list_filter(methods, lambda m: m IN ('http-01', 'dns-01', 'tls-alpn-01', 'dns-account-01', 'dns-persist-01', 'email-reply-00',
            'onion-csr-01', 'tkauth-01', 'bp-nodeid-00') OR starts_with(m, 'ca-'))) = 0 THEN 'no known method'
        WHEN tag = 'issuewild' AND len(list_filter(methods, lambda m: m NOT IN ('http-01', 'tls-alpn-01'))) = 0
            THEN 'wildcards by HTTP or TLS-ALPN only'
        END AS condition
    FROM (SELECT rowid AS record, * FROM set_records WHERE tag IN ('issue', 'issuewild') AND issuer_domain IS NOT NULL)
        LEFT JOIN params USING (record)
), tags AS (
    SELECT *, bool_and(condition IS NOT NULL) OVER (PARTITION BY set_id, tag) AS shut FROM records
), hits AS (
    SELECT set_id, condition, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(shut) AS shut FROM tags
        WHERE condition IS NOT NULL GROUP BY set_id, condition
    UNION ALL
    SELECT set_id, '(any)', any_value(names), any_value(own_names), bool_or(shut) FROM tags WHERE condition IS NOT NULL GROUP BY set_id
), counted AS (
    SELECT condition, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (shut), 0)::BIGINT AS shut_out
        FROM hits GROUP BY condition
), total AS (
    SELECT coalesce(sum(names), 0)::BIGINT AS of FROM (SELECT any_value(names) AS names FROM records GROUP BY set_id HAVING bool_or(bound))
)
SELECT condition, coalesce(n, 0) AS n, of, coalesce(own_names, 0) AS own_names, coalesce(shut_out, 0) AS shut_out, unknown
FROM (VALUES (1, '(any)'), (2, 'accounturi twice'), (3, 'accounturi is no URI'), (4, 'validationmethods twice'), (5, 'no method listed'),
    (6, 'ill-formed list of methods'), (7, 'no known method'),
    (8, 'wildcards by HTTP or TLS-ALPN only')) AS c(place, condition)
LEFT JOIN counted USING (condition), total, coverage ORDER BY place;

-- table rfc8657-by-operator: Bound records beside unbound ones, by DNS operator
--
-- Of the names with a set of their own, not by an alias, that binds a record to an account: those where the same tag lets the same CA in unbound.
-- Common: the unbound record stands in at least nine of ten of the different sets at names of the operator, of which there are at least ten; then it
-- is likely the operator's. Unknown are the operator's names whose look-up failed. The first 1000 operators, and the others together.
WITH operators AS (
    SELECT dns_operator, count(*) AS different FROM operator_sets GROUP BY dns_operator
), issuing AS (
    SELECT set_id, tag, issuer_domain, value, list_contains(list_transform(params, lambda p: lower(p.name)), 'accounturi') AS bound
    FROM set_records WHERE tag IN ('issue', 'issuewild') AND issuer_domain IS NOT NULL
), beside AS (
    SELECT DISTINCT b.set_id, b.tag, u.value FROM issuing b JOIN issuing u ON b.set_id = u.set_id AND b.tag = u.tag
        AND b.issuer_domain = u.issuer_domain AND b.bound AND NOT u.bound
), common AS (
    SELECT dns_operator, tag, value FROM operator_sets JOIN (SELECT DISTINCT set_id, tag, value FROM issuing) USING (set_id)
        JOIN operators USING (dns_operator)
    WHERE different >= 10 AND (tag, value) IN (SELECT (tag, value) FROM beside) GROUP BY dns_operator, tag, value, different
        HAVING count(*) >= 0.9 * different
), judged AS (
    SELECT dns_operator, set_id, names, set_id IN (SELECT set_id FROM beside) AS defeated,
        (dns_operator, set_id) IN (SELECT (dns_operator, set_id) FROM operator_sets JOIN beside USING (set_id)
            JOIN common USING (dns_operator, tag, value)) AS common
    FROM operator_sets WHERE set_id IN (SELECT set_id FROM issuing WHERE bound)
), counted AS (
    SELECT dns_operator, sum(names)::BIGINT AS of, coalesce(sum(names) FILTER (defeated), 0)::BIGINT AS n,
        coalesce(sum(names) FILTER (common), 0)::BIGINT AS common,
        row_number() OVER (ORDER BY sum(names) DESC, dns_operator) AS place
    FROM judged GROUP BY dns_operator
), failures AS (
    SELECT label AS dns_operator, unknown FROM scope WHERE dimension = 'dns_operator'
)
SELECT folded(place, dns_operator) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of,
    sum(common)::BIGINT AS common, coalesce(sum(unknown), 0)::BIGINT AS unknown,
    CASE WHEN min(place) <= 1000 THEN any_value(different) END AS different_sets
FROM counted JOIN operators USING (dns_operator) LEFT JOIN failures USING (dns_operator) GROUP BY 1 ORDER BY min(place);

-- table operator-sets: How operators share sets
--
-- Of the names with a set of their own, not by an alias: those whose very set, record for record, stands at ten registrable domains of the same
-- operator or more. Such a set is likely the operator's default rather than the owners' choice. Largest: the names with the one set that most of them
-- have. In all records: how many records stand in every different set of the operator, of which there are at least ten. Unknown are the operator's
-- names whose look-up failed. The first 1000 operators, and the others together.
WITH counted AS (
    SELECT dns_operator, sum(names)::BIGINT AS of, coalesce(sum(names) FILTER (registrable >= 10), 0)::BIGINT AS n, count(*) AS different,
        max(names) AS largest,
        row_number() OVER (ORDER BY sum(names) DESC, dns_operator) AS place
    FROM operator_sets GROUP BY dns_operator
), everywhere AS (
    SELECT dns_operator, count(*) AS records FROM (
        SELECT dns_operator FROM operator_sets JOIN counted USING (dns_operator) JOIN (SELECT DISTINCT set_id, tag, flags, value
            FROM set_records) USING (set_id)
        WHERE different >= 10 AND place <= 1000 GROUP BY dns_operator, tag, flags, value, different HAVING count(*) = different
    ) GROUP BY dns_operator
), failures AS (
    SELECT label AS dns_operator, unknown FROM scope WHERE dimension = 'dns_operator'
)
SELECT folded(place, dns_operator) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of,
    coalesce(sum(unknown), 0)::BIGINT AS unknown,
    CASE WHEN min(place) <= 1000 THEN any_value(different) END AS different_sets, CASE WHEN min(place) <= 1000 THEN any_value(largest) END AS largest,
    CASE WHEN min(place) <= 1000 AND any_value(different) >= 10 THEN coalesce(any_value(records), 0) END AS in_all_records
FROM counted LEFT JOIN everywhere USING (dns_operator) LEFT JOIN failures USING (dns_operator) GROUP BY 1 ORDER BY min(place);
