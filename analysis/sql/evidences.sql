-- What verdicts depend on, once for all names of which it is the same: no names, no servers, no TTLs. Of a million names there are
-- some thousands. The key is the columns that output.Domain.Evidence reads; of the public suffix the number of labels is enough, of
-- the relevant RRset the hash.
CREATE OR REPLACE VIEW {{ident (print .Prefix "keyed")}} AS
SELECT *, {
    'labels': labels,
    'suffix_labels': CASE WHEN public_suffix = tld THEN 1 ELSE 1 + length(public_suffix) - length(replace(public_suffix, '.', '')) END::TINYINT,
    'climb': list_transform(climb, lambda l: {
        'outcome': l.outcome, 'security': l.security, 'reason': l.reason, 'attempts': l.attempts, 'alias': l.alias_to IS NOT NULL,
        'truncated': coalesce(l.truncated, false), 'ede': l.ede, 'caa': l.caa
    }),
    'caa_depth': caa_depth,
    'caa_rrset_hash': caa_rrset_hash
} AS evidence_key
FROM {{ident (print .Prefix "domains")}};

-- Each once; its number is the rowid.
CREATE OR REPLACE TABLE {{ident (print .Prefix "evidences")}} AS
SELECT evidence_key, count(*) AS names FROM {{ident (print .Prefix "keyed")}} GROUP BY evidence_key;

-- The names themselves, with the number of their evidence. Reading it reads the column climb.
CREATE OR REPLACE VIEW {{ident (print .Prefix "judged")}} AS
SELECT k.* EXCLUDE (evidence_key), e.rowid AS evidence
FROM {{ident (print .Prefix "keyed")}} k JOIN {{ident (print .Prefix "evidences")}} e USING (evidence_key);

-- The sets, as base.sql makes them.
CREATE TABLE IF NOT EXISTS {{ident (print .Prefix "rrsets")}} AS
SELECT caa_rrset_hash, any_value(caa) AS caa, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names
FROM {{ident (print .Prefix "domains")}} WHERE caa_status = 'found' GROUP BY caa_rrset_hash;
