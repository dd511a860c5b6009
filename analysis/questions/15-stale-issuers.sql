-- 15: Stale issuers
-- asks: How many names still name a CA that is distrusted, merged or gone, or lacks the trust bit (symantec.com, startcomca.com, wosign.com, entrust.net), by owner and identifier?
-- who: researchers, CAs, policy groups
--
-- An identifier is retired if the table of issuers of this report knows it, but nobody who goes by it now. Its record is dead weight beside the
-- identifier of a CA that still issues; where it stands alone, it locks all CAs out. An identifier that another CA took over is not retired: its
-- record lets that CA in, which the owner of the name may not have noticed (entrust.net); and one whose brand is gone, but which its CA still
-- honours, is none either (symantec.com).
--
-- Counted are covered names; own names are those whose own look-up gave the set, by an alias or not, while the others inherit it. Unknown are names
-- whose look-up failed.

-- table stale-issuers: By tag
-- figure: bars label=tag value=share
--
-- Names that name a retired issuer in a tag, of all names whose set has a record of the tag. In only_stale all issuers that the tag names are
-- retired, so that nobody can issue. Any: by any tag, of all names whose set says who may issue. The finding issuer_distrusted, by the scan's
-- own table of issuers, has the last row.
WITH tags AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, tag, bool_or(retired) AS stale, bool_and(retired) AS only_stale
    FROM set_records JOIN named_issuers USING (issuer_domain) GROUP BY set_id, tag
), counted AS (
    SELECT tag, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (only_stale), 0)::BIGINT AS only_stale
        FROM tags WHERE stale GROUP BY tag
    UNION ALL
    SELECT 'any', sum(names)::BIGINT, sum(own_names)::BIGINT, coalesce(sum(names) FILTER (only_stale), 0)::BIGINT FROM (
        SELECT any_value(names) AS names, any_value(own_names) AS own_names, bool_or(only_stale) AS only_stale FROM tags GROUP BY set_id
            HAVING bool_or(stale)
    )
    UNION ALL
    SELECT 'finding issuer_distrusted', names, own_names, NULL FROM finding_counts WHERE finding = 'issuer_distrusted'
)
SELECT tag, coalesce(n, 0) AS n,
    CASE tag WHEN 'issue' THEN issue WHEN 'issuewild' THEN issuewild WHEN 'issuemail' THEN issuemail WHEN 'issuevmc' THEN issuevmc
        ELSE issuing END AS of,
    coalesce(own_names, 0) AS own_names, CASE WHEN tag <> 'finding issuer_distrusted' THEN coalesce(only_stale, 0) END AS only_stale, unknown
FROM (VALUES (1, 'any'), (2, 'issue'), (3, 'issuewild'), (4, 'issuemail'), (5, 'issuevmc'), (6, 'finding issuer_distrusted')) AS k(place, tag)
LEFT JOIN counted USING (tag), coverage ORDER BY place;

-- table stale-by-issuer: By identifier
-- figure: bars label=issuer value=share
--
-- Former owners are those that the table of issuers still lists with the identifier. A name counts for each identifier that its set names; the first
-- 1000.
WITH hits AS (
    SELECT issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names
    FROM set_records JOIN named_issuers USING (issuer_domain) WHERE retired GROUP BY issuer_domain, set_id
), counted AS (
    SELECT issuer_domain, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM hits GROUP BY issuer_domain
), former AS (
    SELECT issuer_domain, string_agg(owner, ', ' ORDER BY owner) AS former_owners,
        string_agg(DISTINCT nullif(note, ''), '; ' ORDER BY nullif(note, '')) AS notes FROM issuer_owners GROUP BY issuer_domain
)
SELECT issuer_domain AS issuer, former_owners, n, issuing AS of, own_names, unknown, notes
FROM counted LEFT JOIN former USING (issuer_domain), coverage ORDER BY n DESC, issuer LIMIT 1000;

-- table stale-by-owner: By former owner
--
-- A name counts once for each owner, however many of its retired identifiers the set names; the first 1000.
WITH hits AS (
    SELECT owner, set_id, any_value(names) AS names, any_value(own_names) AS own_names, list(DISTINCT issuer_domain) AS issuers
    FROM set_records JOIN named_issuers USING (issuer_domain) JOIN issuer_owners USING (issuer_domain) WHERE retired GROUP BY owner, set_id
)
SELECT owner AS former_owner, array_to_string(list_sort(list_distinct(flatten(list(issuers)))), ', ') AS identifiers, sum(names)::BIGINT AS n,
    any_value(issuing) AS of,
    sum(own_names)::BIGINT AS own_names, any_value(unknown) AS unknown
FROM hits, coverage GROUP BY owner ORDER BY n DESC, former_owner LIMIT 1000;

-- table issuers-taken-over: Identifiers that changed hands
--
-- Somebody goes by these identifiers today, and somebody else once did. Their records work, but for another CA than the name suggests. The first
-- 1000.
WITH hits AS (
    SELECT issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names FROM set_records
    WHERE issuer_domain IN (SELECT issuer_domain FROM named_issuers WHERE known AND NOT retired) GROUP BY issuer_domain, set_id
), counted AS (
    SELECT issuer_domain, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM hits GROUP BY issuer_domain
), owners AS (
    SELECT issuer_domain, string_agg(owner, ', ' ORDER BY owner) FILTER (standing = 'legacy') AS once,
        string_agg(owner, ', ' ORDER BY owner) FILTER (standing NOT IN ('legacy', 'doubtful')) AS today
    FROM issuer_owners GROUP BY issuer_domain HAVING bool_or(standing = 'legacy') AND bool_or(standing NOT IN ('legacy', 'doubtful'))
)
SELECT issuer_domain AS issuer, once, today, n, issuing AS of, own_names, unknown FROM counted JOIN owners USING (issuer_domain), coverage
    ORDER BY n DESC, issuer LIMIT 1000;

-- table issuers-without-tls: Identifiers whose CA issues no TLS certificates
--
-- Named by issue or issuewild, where everybody who goes by the identifier is known not to honour it for TLS. Empty if the table of issuers says that
-- of nobody.
WITH hits AS (
    SELECT issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names FROM set_records
    WHERE tag IN ('issue', 'issuewild') AND issuer_domain IN (SELECT issuer_domain FROM named_issuers WHERE known AND NOT retired AND NOT tls)
        GROUP BY issuer_domain, set_id
)
SELECT issuer_domain AS issuer, sum(names)::BIGINT AS n, any_value(tls_issuing) AS of, sum(own_names)::BIGINT AS own_names,
    any_value(unknown) AS unknown
FROM hits, coverage GROUP BY issuer_domain ORDER BY n DESC, issuer LIMIT 1000;
