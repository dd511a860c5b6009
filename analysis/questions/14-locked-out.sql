-- 14: Locked out by their own error
-- asks: Which domains have locked all CAs out without meaning to: all issuers that they name unknown, retired or malformed, or a critical property that nobody knows?
-- who: CAs, policy groups
--
-- A tag locks out if its records let in nobody who is known to issue today, and none of them says on purpose that nobody shall (";" or an empty
-- value). So does a critical property with an unknown tag (RFC 8659 section 4.5), for certificates of every kind, unless the issue records deny all
-- TLS certificates on purpose anyhow. Who is known is what the table of issuers of this report says: a name that relies on a private CA alone is
-- counted, though it may be content.
--
-- Of a kind of certificate the denominator is the names whose set has a record of its tag; records of issue hold for wildcards where there is no
-- issuewild, and are not counted there again. Unknown are names whose look-up failed.

-- table locked-out: By kind of certificate
-- figure: bars label=kind value=share
--
-- Any: names with at least one of the others, of all that are covered. Own names are those whose own look-up gave the set, by an alias or not; the
-- others inherit the error of an ancestor.
WITH tags AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, tag,
        count(*) FILTER (issuer_domain IS NULL AND syntax = 'ok') AS denying, count(*) FILTER (known AND NOT retired) AS usable
    FROM set_records LEFT JOIN named_issuers USING (issuer_domain) WHERE tag IN ('issue', 'issuewild', 'issuemail', 'issuevmc') GROUP BY set_id, tag
), locked AS (
    SELECT set_id, names, own_names, tag FROM tags WHERE denying = 0 AND usable = 0
    UNION ALL
    SELECT set_id, names, own_names, 'critical' FROM (
        SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names FROM set_records GROUP BY set_id
        HAVING bool_or(critical AND syntax = 'unchecked') AND NOT bool_or(tag = 'issue' AND issuer_domain IS NULL AND syntax = 'ok')
    )
), counted AS (
    SELECT tag, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names FROM locked GROUP BY tag
    UNION ALL
    SELECT 'any', sum(names)::BIGINT, sum(own_names)::BIGINT FROM (SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names
        FROM locked GROUP BY set_id)
)
SELECT kind, coalesce(n, 0) AS n,
    CASE tag WHEN 'issue' THEN issue WHEN 'issuewild' THEN issuewild WHEN 'issuemail' THEN issuemail WHEN 'issuevmc' THEN issuevmc
        ELSE covered END AS of,
    coalesce(own_names, 0) AS own_names, unknown
FROM (VALUES (1, 'any', 'any'), (2, 'issue', 'TLS (issue)'), (3, 'issuewild', 'TLS wildcard (issuewild)'), (4, 'issuemail', 'S/MIME (issuemail)'),
    (5, 'issuevmc', 'mark certificates (issuevmc)'), (6, 'critical', 'all (unknown critical property)')) AS k(place, tag, kind)
LEFT JOIN counted USING (tag), coverage ORDER BY place;

-- table locked-out-why: By reason
--
-- What the records of a tag that locks out are, together. Retired issuers were distrusted, taken over, or go by other identifiers now.
WITH tags AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, tag,
        count(*) FILTER (issuer_domain IS NULL AND syntax = 'ok') AS denying, count(*) FILTER (known AND NOT retired) AS usable,
        count(*) FILTER (NOT known) > 0 AS strangers, count(*) FILTER (retired) > 0 AS gone, count(*) FILTER (syntax = 'malformed') > 0 AS malformed
    FROM set_records LEFT JOIN named_issuers USING (issuer_domain) WHERE tag IN ('issue', 'issuewild', 'issuemail', 'issuevmc') GROUP BY set_id, tag
)
SELECT tag, concat_ws(' and ', CASE WHEN strangers THEN 'unknown' END, CASE WHEN gone THEN 'retired' END, CASE
    WHEN malformed THEN 'malformed' END) AS records_are,
    sum(names)::BIGINT AS n,
    any_value(CASE tag WHEN 'issue' THEN issue WHEN 'issuewild' THEN issuewild WHEN 'issuemail' THEN issuemail ELSE issuevmc END) AS of,
    sum(own_names)::BIGINT AS own_names, any_value(unknown) AS unknown
FROM tags, coverage WHERE denying = 0 AND usable = 0 GROUP BY tag, records_are ORDER BY tag, n DESC, records_are;

-- table locked-out-posture: By posture
--
-- The names with the finding all_unknown_locked_out, as the scan stored it by the table of issuers that it had, by posture for TLS and for mail.
-- Blocked: an unknown critical property; closed: no record names anybody; restricted: records name somebody, but nobody who is known. The error may
-- be in a tag other than the one that the posture is about.
SELECT tls_posture, smime_posture, count(*) FILTER (locked) AS n, count(*) AS of, count(*) FILTER (locked AND own) AS own_names,
    any_value(unknown) AS unknown
FROM (SELECT tls_posture, smime_posture, list_contains(findings, 'all_unknown_locked_out') AS locked, caa_depth = 0 AS own FROM sets), coverage
GROUP BY tls_posture, smime_posture ORDER BY n DESC, tls_posture, smime_posture;

-- table locked-out-names: Names
--
-- The first 1000, by rank, of the own names that have the finding all_unknown_locked_out; how many there are stands in the table before, as the sum
-- of own_names.
SELECT query_name, rank, dns_operator, tls_posture, tls_wild_posture, smime_posture, vmc_posture,
    array_to_string(list_sort(list_distinct(list_transform(caa, lambda p: concat(p.flags, ' ', p.tag, ' "', p.value, '"')))), ', ') AS records
FROM (
    SELECT query_name, min(rank) AS rank, min(dns_operator) AS dns_operator, caa_rrset_hash
    FROM governed WHERE caa_depth = 0 AND list_contains(findings, 'all_unknown_locked_out')
    GROUP BY query_name, caa_rrset_hash ORDER BY rank NULLS LAST, query_name, caa_rrset_hash LIMIT 1000
) JOIN rrsets USING (caa_rrset_hash) ORDER BY rank NULLS LAST, query_name, caa_rrset_hash;
