-- What became of the names from one round (view then_domains) to the next (now_domains). Each name counts once, on however
-- many lines of a list it stands: by a line whose look-up gave an answer before one whose look-up failed, of those by the first.
--
-- Names are many and come with long texts, so first every text gets a number; 0 stands for none.

-- What operators there are.
CREATE OR REPLACE TABLE change_operators AS
SELECT row_number() OVER ()::INTEGER AS id, dns_operator
FROM (SELECT DISTINCT dns_operator FROM (SELECT dns_operator FROM then_domains UNION ALL SELECT dns_operator FROM now_domains) WHERE dns_operator IS NOT NULL);

-- What sets there are. What a set means does not depend on the name, so either round may tell it.
CREATE OR REPLACE TABLE change_sets AS
WITH found AS (
    SELECT caa_rrset_hash, caa, issuemail_set, tls_issuers, tls_wild_issuers, smime_issuers, vmc_issuers, tls_posture, tls_wild_posture, smime_posture, vmc_posture
    FROM then_domains WHERE caa_status = 'found' AND caa_rrset_hash IS NOT NULL
    UNION ALL
    SELECT caa_rrset_hash, caa, issuemail_set, tls_issuers, tls_wild_issuers, smime_issuers, vmc_issuers, tls_posture, tls_wild_posture, smime_posture, vmc_posture
    FROM now_domains WHERE caa_status = 'found' AND caa_rrset_hash IS NOT NULL
)
SELECT row_number() OVER ()::INTEGER AS id, * FROM (
    SELECT caa_rrset_hash, any_value(caa) AS caa, any_value(issuemail_set) AS issuemail_set,
        any_value(tls_issuers) AS tls_issuers, any_value(tls_wild_issuers) AS tls_wild_issuers, any_value(smime_issuers) AS smime_issuers, any_value(vmc_issuers) AS vmc_issuers,
        any_value(tls_posture) AS tls_posture, any_value(tls_wild_posture) AS tls_wild_posture, any_value(smime_posture) AS smime_posture, any_value(vmc_posture) AS vmc_posture
    FROM found GROUP BY caa_rrset_hash
);

-- The lines of both rounds. Of the look-up of CAA: stand says where the set stands (own: at the name; alias: at the end of an alias of the
-- name; inherited: above it; none), NULL that the look-up failed or was not made; failure is how.
CREATE OR REPLACE VIEW change_lines AS
SELECT now, query_name, input_line, rank_bucket, exists, dnssec_status, dns_operator,
    CASE caa_status WHEN 'found' THEN CASE WHEN caa_depth > 0 THEN 'inherited' WHEN via_alias THEN 'alias' ELSE 'own' END WHEN 'none' THEN 'none' END AS stand,
    CASE WHEN caa_status IN ('found', 'none') THEN NULL ELSE status END AS failure,
    CASE WHEN caa_status = 'found' THEN caa_rrset_hash END AS caa_rrset_hash
FROM (
    SELECT false AS now, query_name, input_line, rank_bucket, exists, status, dnssec_status, dns_operator, caa_status, caa_depth, caa_via_alias IS NOT NULL AS via_alias, caa_rrset_hash FROM then_domains
    UNION ALL
    SELECT true, query_name, input_line, rank_bucket, exists, status, dnssec_status, dns_operator, caa_status, caa_depth, caa_via_alias IS NOT NULL AS via_alias, caa_rrset_hash FROM now_domains
);

-- What else is known of a name are few words, in some hundred combinations.
CREATE OR REPLACE TABLE change_marks AS
SELECT row_number() OVER (ORDER BY stand, failure, exists, dnssec_status, rank_bucket)::INTEGER AS id, *
FROM (SELECT DISTINCT stand, failure, exists, dnssec_status, rank_bucket FROM change_lines);

-- All of a line in one number, the least of which is that of the line that counts. From its highest bit: no answer (1 bit), line (40),
-- mark (20), set (32), operator (32).
CREATE OR REPLACE MACRO change_pack(stand, line, mark, set_id, operator) AS
    ((stand IS NULL)::HUGEINT << 124) | (least(coalesce(line, 0), 1099511627775)::HUGEINT << 84) | (mark::HUGEINT << 64) | (set_id::HUGEINT << 32) | operator::HUGEINT;
CREATE OR REPLACE MACRO change_unpack(packed, shift, bits) AS
    coalesce((packed >> shift) & ((1::HUGEINT << bits) - 1), 0)::INTEGER;

CREATE OR REPLACE TABLE change_pairs AS
SELECT query_name,
    change_unpack(was, 64, 20) AS then_mark, change_unpack(was, 32, 32) AS then_set, change_unpack(was, 0, 32) AS then_operator,
    change_unpack(is_now, 64, 20) AS now_mark, change_unpack(is_now, 32, 32) AS now_set, change_unpack(is_now, 0, 32) AS now_operator
FROM (
    SELECT query_name, min(packed) FILTER (NOT now) AS was, min(packed) FILTER (now) AS is_now
    FROM (
        SELECT query_name, now, change_pack(l.stand, input_line, m.id, coalesce(s.id, 0), coalesce(o.id, 0)) AS packed
        FROM change_lines AS l
        JOIN change_marks AS m ON m.stand IS NOT DISTINCT FROM l.stand AND m.failure IS NOT DISTINCT FROM l.failure
            AND m.exists IS NOT DISTINCT FROM l.exists AND m.dnssec_status IS NOT DISTINCT FROM l.dnssec_status
            AND m.rank_bucket IS NOT DISTINCT FROM l.rank_bucket
        LEFT JOIN change_sets AS s ON s.caa_rrset_hash = l.caa_rrset_hash
        LEFT JOIN change_operators AS o ON o.dns_operator = l.dns_operator
    )
    GROUP BY query_name
);

-- What it means that a name had the one set and has the other.
CREATE OR REPLACE TABLE change_swaps AS
SELECT p.then_set, p.now_set,
    t.tls_issuers <> n.tls_issuers OR t.tls_posture <> n.tls_posture AS tls,
    t.tls_wild_issuers <> n.tls_wild_issuers OR t.tls_wild_posture <> n.tls_wild_posture AS tls_wild,
    t.smime_issuers <> n.smime_issuers OR t.smime_posture <> n.smime_posture AS smime,
    t.vmc_issuers <> n.vmc_issuers OR t.vmc_posture <> n.vmc_posture AS vmc
FROM (SELECT DISTINCT then_set, now_set FROM change_pairs WHERE then_set <> now_set AND then_set > 0 AND now_set > 0) AS p
JOIN change_sets AS t ON t.id = p.then_set JOIN change_sets AS n ON n.id = p.now_set;

-- What it means that a name had the one mark and has the other; NULL: it depends on the sets.
CREATE OR REPLACE TABLE change_verdicts AS
SELECT p.then_mark, p.now_mark, t.stand = n.stand AS in_place,
    CASE
        WHEN t.id IS NULL THEN 'appeared'
        WHEN n.id IS NULL THEN 'vanished'
        WHEN t.stand IS NULL AND n.stand IS NULL THEN 'failed both times'
        WHEN n.stand IS NULL THEN CASE WHEN n.failure = 'bogus' THEN 'became bogus' ELSE 'failed now' END
        WHEN t.stand IS NULL THEN CASE WHEN t.failure = 'bogus' THEN 'no longer bogus' ELSE 'failed then' END
        WHEN t.exists = 'exists' AND n.exists = 'nxdomain' THEN 'ceased to exist'
        WHEN t.exists = 'nxdomain' AND n.exists = 'exists' THEN 'came to exist'
        WHEN t.stand = 'none' AND n.stand = 'none' THEN 'unchanged'
        WHEN t.stand = 'none' THEN CASE n.stand WHEN 'own' THEN 'adopted, own set' WHEN 'alias' THEN 'adopted, by alias' ELSE 'adopted, inherited' END
        WHEN n.stand = 'none' THEN CASE t.stand WHEN 'own' THEN 'removed, own set' WHEN 'alias' THEN 'removed, by alias' ELSE 'removed, inherited' END
    END AS change
FROM (SELECT DISTINCT then_mark, now_mark FROM change_pairs) AS p
LEFT JOIN change_marks AS t ON t.id = p.then_mark LEFT JOIN change_marks AS n ON n.id = p.now_mark;

-- Every name with what became of it.
CREATE OR REPLACE VIEW changes AS
SELECT p.*, coalesce(v.change, CASE
        WHEN p.then_set = 0 OR p.now_set = 0 THEN 'not compared'
        WHEN p.then_set = p.now_set THEN CASE WHEN v.in_place THEN 'unchanged' ELSE 'same set elsewhere' END
        WHEN s.tls OR s.tls_wild OR s.smime OR s.vmc THEN 'changed issuers'
        ELSE 'changed otherwise'
    END) AS change
FROM change_pairs AS p
JOIN change_verdicts AS v ON v.then_mark = p.then_mark AND v.now_mark = p.now_mark
LEFT JOIN change_swaps AS s ON s.then_set = p.then_set AND s.now_set = p.now_set;

-- The names counted in one pass: by mark, operator, set or top-level domain then and now, and what became of them. Columns that a row is not about are NULL.
CREATE OR REPLACE TABLE change_counts AS
SELECT then_mark, now_mark, then_operator, now_operator, then_set, now_set, tld, change, count(*) AS names
FROM (SELECT *, split_part(query_name, '.', -1) AS tld FROM changes)
GROUP BY GROUPING SETS ((then_mark, now_mark, change), (then_operator, now_operator, change), (then_set, now_set, change), (tld, change));

-- Who goes by the issuers that the sets name (change.go fills it). An issuer of whom that is not known has no row.
CREATE OR REPLACE TABLE change_issuers (issuer VARCHAR, owner VARCHAR);

-- The names of which something is not as it was, or not known, with what was and what is.
CREATE OR REPLACE MACRO change_text(caa) AS
    list_aggregate(list_sort(list_transform(caa, lambda p: p.flags || ' ' || p.tag || ' "' || replace(p.value, '"', '\"') || '"')), 'string_agg', '; ');
CREATE OR REPLACE VIEW change_list AS
SELECT p.query_name, p.change, t.stand AS stood, n.stand AS stands, t.failure AS failure_then, n.failure AS failure_now,
    change_text(st.caa) AS set_then, change_text(sn.caa) AS set_now, st.tls_posture AS tls_posture_then, sn.tls_posture AS tls_posture_now,
    st.tls_issuers AS tls_issuers_then, sn.tls_issuers AS tls_issuers_now, st.tls_wild_issuers AS tls_wild_issuers_then, sn.tls_wild_issuers AS tls_wild_issuers_now,
    st.smime_posture AS smime_posture_then, sn.smime_posture AS smime_posture_now, st.smime_issuers AS smime_issuers_then, sn.smime_issuers AS smime_issuers_now,
    t.dnssec_status AS dnssec_then, n.dnssec_status AS dnssec_now, ot.dns_operator AS dns_operator_then, n_o.dns_operator AS dns_operator_now,
    t.exists AS exists_then, n.exists AS exists_now, t.rank_bucket AS rank_bucket_then, n.rank_bucket AS rank_bucket_now
FROM changes AS p
LEFT JOIN change_marks AS t ON t.id = p.then_mark LEFT JOIN change_marks AS n ON n.id = p.now_mark
LEFT JOIN change_sets AS st ON st.id = p.then_set LEFT JOIN change_sets AS sn ON sn.id = p.now_set
LEFT JOIN change_operators AS ot ON ot.id = p.then_operator LEFT JOIN change_operators AS n_o ON n_o.id = p.now_operator
WHERE p.change <> 'unchanged' OR t.dnssec_status IS DISTINCT FROM n.dnssec_status OR p.then_operator <> p.now_operator;
