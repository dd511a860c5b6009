-- Of how many names the questions speak, counted once for all of them. The covered names are few and in the table sets; what is
-- counted there gets its denominators here.

-- The groups of names for which shares are stated, each in its own right; a name is in several. Two series add up to all names:
-- the registrable domains and the names below them; those that take mail, that do not, and of which it is not known.
CREATE OR REPLACE TABLE populations (place INTEGER, counted VARCHAR PRIMARY KEY);
INSERT INTO populations VALUES (1, 'all names'), (2, 'registrable domains'), (3, 'other names'), (4, 'responsive'), (5, 'e-mail-capable'),
    (6, 'e-mail-capable registrable domains'), (7, 'e-mail-capable by an MX'), (8, 'not e-mail-capable'), (9, 'e-mail not known');

-- Whether a name is in such a group. E-mail-capable is what has an MX that is not null, or none and an address (RFC 5321 section
-- 5.1, RFC 7505).
CREATE OR REPLACE MACRO belongs(counted, is_registrable, existence, email_capable, mx_status) AS coalesce(CASE counted
    WHEN 'all names' THEN true
    WHEN 'registrable domains' THEN is_registrable
    WHEN 'other names' THEN NOT is_registrable
    WHEN 'responsive' THEN existence = 'exists'
    WHEN 'e-mail-capable' THEN email_capable
    WHEN 'e-mail-capable registrable domains' THEN email_capable AND is_registrable
    WHEN 'e-mail-capable by an MX' THEN email_capable AND mx_status = 'found'
    WHEN 'not e-mail-capable' THEN NOT email_capable
    WHEN 'e-mail not known' THEN email_capable IS NULL
END, false);

-- Whether a set is the name's own: it stands at the name, and no alias brought it. Only that is adoption; the choice of an ancestor's
-- owner or of a hoster is not.
CREATE OR REPLACE MACRO is_own(caa_depth, caa_via_alias) AS caa_depth = 0 AND caa_via_alias IS NULL;

-- The number of labels of a public suffix. A name that the list does not know is below a TLD.
CREATE OR REPLACE MACRO suffix_labels(public_suffix) AS coalesce(len(public_suffix) - len(replace(public_suffix, '.', '')), 0) + 1;

-- The labels of names without a value, the same in every table.
CREATE OR REPLACE MACRO bucket_label(rank_bucket) AS coalesce(rank_bucket, '(unranked)');
CREATE OR REPLACE MACRO operator_label(operator) AS coalesce(operator, '(not known)');
CREATE OR REPLACE MACRO mx_label(mx_operator) AS coalesce(mx_operator, '(no MX)');

-- The label under which a table shows what has a place in the order of size: of groups beyond the first 1000 it has the sum.
CREATE OR REPLACE MACRO folded(place, label) AS CASE WHEN place <= 1000 THEN label ELSE '(all others)' END;

-- The names in scope, by dimension and label. A dimension is a column of domains by which questions break down, or counted.
--   place              of the label in its dimension, by size, of buckets by rank; for folded
--   answered, unknown  names of which it is known whether they have CAA, and names of which it is not
--   unasked            those of the latter about which nothing was asked: they opted out, or a zone above did
--   mail_*             the same of e-mail-capable names
--   registrable_*      the same of registrable domains
--   secure_answered    names of which it is known and proved by DNSSEC
CREATE OR REPLACE TABLE scope AS
WITH cells AS (
    SELECT CASE WHEN grouping(source_list) = 0 THEN 'source_list' WHEN grouping(rank_bucket) = 0 THEN 'rank_bucket' WHEN grouping(tld) = 0 THEN 'tld'
            WHEN grouping(dns_operator) = 0 THEN 'dns_operator' WHEN grouping(mx_operator) = 0 THEN 'mx_operator'
            WHEN grouping(dnssec_status) = 0 THEN 'dnssec_status' WHEN grouping(dmarc_policy) = 0 THEN 'dmarc_policy' WHEN grouping(mta_sts) = 0 THEN 'mta_sts' ELSE 'counted' END AS dimension,
        source_list, rank_bucket, tld, dns_operator, mx_operator, dnssec_status, dmarc_policy, mta_sts, is_registrable, "exists", email_capable, mx_status,
        count(*) FILTER (answered) AS answered,
        count(*) FILTER (NOT answered) AS unknown,
        count(*) FILTER (caa_status IS NULL OR status = 'blocked') AS unasked,
        count(*) FILTER (answered AND email_capable) AS mail_answered,
        count(*) FILTER (NOT answered AND email_capable) AS mail_unknown,
        count(*) FILTER (answered AND is_registrable) AS registrable_answered,
        count(*) FILTER (NOT answered AND is_registrable) AS registrable_unknown,
        count(*) FILTER (answered AND dnssec_status = 'secure') AS secure_answered
    FROM names
    GROUP BY GROUPING SETS ((source_list), (rank_bucket), (tld), (dns_operator), (mx_operator), (dnssec_status), (dmarc_policy), (mta_sts),
        (is_registrable, "exists", email_capable, mx_status))
), labelled AS (
    SELECT dimension, CASE dimension WHEN 'source_list' THEN source_list WHEN 'rank_bucket' THEN bucket_label(rank_bucket) WHEN 'tld' THEN tld
            WHEN 'dns_operator' THEN operator_label(dns_operator) WHEN 'mx_operator' THEN mx_label(mx_operator)
            ELSE coalesce(dnssec_status, dmarc_policy, mta_sts, '(not asked)') END AS label,
        answered, unknown, unasked, mail_answered, mail_unknown, registrable_answered, registrable_unknown, secure_answered
    FROM cells WHERE dimension <> 'counted'
    UNION ALL
    SELECT dimension, counted, answered, unknown, unasked, mail_answered, mail_unknown, registrable_answered, registrable_unknown, secure_answered
    FROM cells JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status) WHERE dimension = 'counted'
)
SELECT dimension, label,
    row_number() OVER (PARTITION BY dimension ORDER BY
        CASE dimension WHEN 'rank_bucket' THEN coalesce(list_position(['1-1k', '1k-10k', '10k-100k', '100k-1m', '1m+'], label), 6)
            WHEN 'counted' THEN any_value(place) ELSE 0 END,
        sum(answered + unknown) DESC, label) AS place,
    sum(answered)::BIGINT AS answered, sum(unknown)::BIGINT AS unknown, sum(unasked)::BIGINT AS unasked,
    sum(mail_answered)::BIGINT AS mail_answered, sum(mail_unknown)::BIGINT AS mail_unknown,
    sum(registrable_answered)::BIGINT AS registrable_answered, sum(registrable_unknown)::BIGINT AS registrable_unknown,
    sum(secure_answered)::BIGINT AS secure_answered
FROM labelled LEFT JOIN populations ON dimension = 'counted' AND counted = label
GROUP BY dimension, label;

-- The names whose look-up failed, those apart about which nothing was asked. What fails may be type 257 alone: other_types_answered says that the look-up at the
-- name itself failed at its servers, and yet the scan saw that the name exists.
CREATE OR REPLACE TABLE failures AS
SELECT status, "exists", is_registrable, email_capable, mx_status, dns_operator, ns_tried, ns_answered,
    caa_at_name IS NULL AND "exists" = 'exists' AND status IN ('timeout', 'unreachable', 'servfail', 'refused', 'notimp', 'formerr', 'rcode', 'malformed', 'truncated', 'lame')
        AS other_types_answered
FROM domains WHERE caa_status = 'error' AND status <> 'blocked';

-- The sets, weighed: one row for every set and rank bucket, with the names that it governs there.
--   names, own_names                names, and of these the ones at which it stands itself, without an alias
--   own_registrable_domains         of the latter
--   registrable_domains             of the former
--   email_capable                   of the former
CREATE OR REPLACE TABLE weighed AS
SELECT weights.*, rrsets.* EXCLUDE (caa_rrset_hash, names, own_names, caa)
FROM (
    SELECT caa_rrset_hash, bucket_label(rank_bucket) AS rank_bucket, count(*) AS names, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS own_names,
        count(*) FILTER (is_own(caa_depth, caa_via_alias) AND is_registrable) AS own_registrable_domains,
        count(*) FILTER (is_registrable) AS registrable_domains, count(*) FILTER (email_capable) AS email_capable
    FROM governed GROUP BY ALL
) AS weights JOIN rrsets USING (caa_rrset_hash);

-- All names: one row of scope, for tables whose rows are no groups of names but properties that names have.
CREATE OR REPLACE VIEW everything AS SELECT answered, unknown, unasked FROM scope WHERE dimension = 'counted' AND label = 'all names';
