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

-- In the same pass, those whose look-up failed are counted by what such names are counted by in tables: they are few, and verdicts on
-- them are of interest. All others have NULL there.
CREATE OR REPLACE TABLE {{ident (print .Prefix "keys")}} AS
SELECT evidence_key, failed, CASE WHEN failed THEN tld END AS tld, CASE WHEN failed THEN dns_operator END AS dns_operator,
    CASE WHEN failed THEN rank_bucket END AS rank_bucket, CASE WHEN failed THEN source_list END AS source_list, count(*) AS names
FROM (SELECT *, status NOT IN ('ok', 'nxdomain') AS failed FROM {{ident (print .Prefix "keyed")}}) GROUP BY ALL;

-- Each once; its number is the rowid.
CREATE OR REPLACE TABLE {{ident (print .Prefix "evidences")}} AS
SELECT evidence_key, sum(names)::BIGINT AS names FROM {{ident (print .Prefix "keys")}} GROUP BY evidence_key;

CREATE OR REPLACE TABLE {{ident (print .Prefix "evidence_groups")}} AS
SELECT e.rowid AS evidence, k.* EXCLUDE (evidence_key)
FROM {{ident (print .Prefix "keys")}} k JOIN {{ident (print .Prefix "evidences")}} e USING (evidence_key);

DROP TABLE {{ident (print .Prefix "keys")}};

-- The names themselves, with the number of their evidence. Reading it reads the column climb.
CREATE OR REPLACE VIEW {{ident (print .Prefix "judged")}} AS
SELECT k.* EXCLUDE (evidence_key), e.rowid AS evidence
FROM {{ident (print .Prefix "keyed")}} k JOIN {{ident (print .Prefix "evidences")}} e USING (evidence_key);

-- The sets, as base.sql makes them.
CREATE TABLE IF NOT EXISTS {{ident (print .Prefix "rrsets")}} AS
SELECT caa_rrset_hash, any_value(caa) AS caa, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names
FROM {{ident (print .Prefix "domains")}} WHERE caa_status = 'found' GROUP BY caa_rrset_hash;
