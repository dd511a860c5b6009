-- 16: issuemail for a CA that issues no mail certificates
-- asks: How many names let a CA issue for S/MIME that lacks the S/MIME trust bit, or is not known to honour issuemail?
-- who: CAs
--
-- issuemail (RFC 9495) is often a copy of issue. A record that names a CA without S/MIME certificates lets nobody in; where it is the only one, mail
-- certificates are locked out. Counted are covered names whose set has a record of issuemail, own names are those whose own look-up gave the set, by
-- an alias or not; unknown are names whose look-up failed. For most identifiers nobody has said if issuemail is honoured: they are a row of their own
-- and pass for neither.

-- table smime-trust: What is known of the issuers that issuemail names
-- figure: bars label=issuer_is value=share
--
-- A name counts in each row that its set shows. Alone: no issuemail record of the set names an issuer in any other row. Finding:
-- issuer_no_smime_trust, as the scan stored it by its own table of issuers.
WITH hits AS (
    SELECT set_id, names, own_names, CASE WHEN NOT known THEN 'unknown' WHEN retired THEN 'retired' WHEN smime THEN 'known to honour it'
        WHEN NOT smime THEN 'known not to issue S/MIME' ELSE 'not known to honour it' END AS issuer_is
    FROM set_records JOIN named_issuers USING (issuer_domain) WHERE tag = 'issuemail'
    UNION ALL
    SELECT set_id, names, own_names, 'nobody (";" or malformed)' FROM set_records WHERE tag = 'issuemail' AND issuer_domain IS NULL
), kinds AS (
    SELECT set_id, any_value(names) AS names, any_value(own_names) AS own_names, issuer_is, count(*) OVER (PARTITION BY set_id) AS kinds FROM hits
        GROUP BY set_id, issuer_is
), counted AS (
    SELECT issuer_is, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (kinds = 1), 0)::BIGINT AS alone
        FROM kinds GROUP BY issuer_is
    UNION ALL
    SELECT 'finding issuer_no_smime_trust', names, own_names, NULL FROM finding_counts WHERE finding = 'issuer_no_smime_trust'
)
SELECT issuer_is, coalesce(n, 0) AS n, issuemail AS of, coalesce(own_names, 0) AS own_names, CASE WHEN place < 7 THEN coalesce(alone, 0) END AS alone,
    unknown
FROM (VALUES (1, 'known to honour it'), (2, 'not known to honour it'), (3, 'known not to issue S/MIME'), (4, 'retired'), (5, 'unknown'),
    (6, 'nobody (";" or malformed)'),
    (7, 'finding issuer_no_smime_trust')) AS k(place, issuer_is)
LEFT JOIN counted USING (issuer_is), coverage ORDER BY place;

-- table no-smime-trust: Identifiers in issuemail whose CA issues no mail certificates
--
-- Also for TLS: names whose set names the same issuer by issue. The first 1000.
WITH hits AS (
    SELECT issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(tag = 'issue') AS tls_too FROM set_records
    WHERE tag IN ('issue', 'issuemail') AND issuer_domain IN (SELECT issuer_domain FROM named_issuers WHERE known AND NOT retired AND NOT smime)
    GROUP BY issuer_domain, set_id HAVING bool_or(tag = 'issuemail')
)
SELECT issuer_domain AS issuer, any_value(array_to_string(owners, ', ')) AS owners, sum(names)::BIGINT AS n, any_value(issuemail) AS of,
    sum(own_names)::BIGINT AS own_names,
    coalesce(sum(names) FILTER (tls_too), 0)::BIGINT AS also_for_tls, any_value(unknown) AS unknown
FROM hits JOIN named_issuers USING (issuer_domain), coverage GROUP BY issuer_domain ORDER BY n DESC, issuer LIMIT 1000;
