-- What the questions share. First the names with the words that all of them use:
--   answered   the look-up of CAA gave an answer: a set, or that there is none. All others are unknown, and in no denominator.
--   covered    a set was found, at the name or above
--   own        it stands at the name itself: what inherits a set has not adopted CAA
--   fate       what became of the look-up, in one word for figures: covered, none or unknown
CREATE OR REPLACE VIEW names AS
SELECT *,
    coalesce(caa_status IN ('found', 'none'), false) AS answered,
    coalesce(caa_status = 'found', false) AS covered,
    coalesce(caa_status = 'found' AND caa_depth = 0, false) AS own,
    CASE caa_status WHEN 'found' THEN 'covered' WHEN 'none' THEN 'none' ELSE 'unknown' END AS fate
FROM domains;

-- The names that are covered, without the evidence of the way there. They are few, and most questions are about them.
CREATE OR REPLACE TABLE sets AS
SELECT query_name, source_list, rank, rank_bucket, registrable_domain, public_suffix, tld, is_registrable, labels, exists,
    mx_status, email_capable, mx_operator, dns_operator, zone_apex,
    caa_name, caa_depth, caa_at_name, caa_via_alias, caa_ttl, caa_count, caa_bytes, caa_truncated, caa_rrset_hash,
    issue_set, issuewild_set, iodef_set, issuemail_set, issuevmc_set, contactemail_set, contactphone_set, unknown_tag_set,
    tls_issuers, tls_wild_issuers, smime_issuers, vmc_issuers, tls_posture, tls_wild_posture, smime_posture, vmc_posture,
    issuer_count_tls, issuer_count_smime, owner_count_tls, tls_ca_owners, smime_ca_owners,
    rfc8657_accounturi, rfc8657_validationmethods, param_cansignhttpexchanges, param_other,
    critical_any, critical_on_known, critical_unknown_tag, reserved_flag_bits, findings,
    dnssec_status, dnssec_reason, dmarc_policy, mta_sts
FROM domains WHERE caa_status = 'found';

-- The sets themselves, each once, with the number of names that it governs; by caa_rrset_hash.
CREATE OR REPLACE TABLE rrsets AS
SELECT caa_rrset_hash, any_value(caa) AS caa, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names
FROM domains WHERE caa_status = 'found' GROUP BY caa_rrset_hash;

-- Who the issuers are that they name, by the table of issuers of this caareport (prepare.go fills it).
--   known      somebody goes by it, or went
--   retired    nobody does now: distrusted, merged or gone
--   owners     the groups of CAs that go by it now
--   tls, smime honoured or refused by all for certificates of that kind; NULL: not known
--   nearest    of one that is not known: the identifier probably meant, and how many letters it is away
CREATE OR REPLACE TABLE named_issuers (
    issuer_domain VARCHAR PRIMARY KEY, known BOOLEAN, retired BOOLEAN, owners VARCHAR[], tls BOOLEAN, smime BOOLEAN, nearest VARCHAR, distance INTEGER
);

-- What findings mean (prepare.go fills it).
CREATE OR REPLACE TABLE finding_words (finding VARCHAR PRIMARY KEY, severity VARCHAR, meaning VARCHAR);
