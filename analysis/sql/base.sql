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

-- The sets, each once, with the number of names that it governs, and all that follows from the records alone; by caa_rrset_hash.
CREATE OR REPLACE TABLE rrsets AS
SELECT caa_rrset_hash, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names,
    any_value(COLUMNS(['caa', 'caa_count',
        'issue_set', 'issuewild_set', 'iodef_set', 'issuemail_set', 'issuevmc_set', 'contactemail_set', 'contactphone_set', 'unknown_tag_set',
        'tls_issuers', 'tls_wild_issuers', 'smime_issuers', 'vmc_issuers', 'tls_posture', 'tls_wild_posture', 'smime_posture', 'vmc_posture',
        'issuer_count_tls', 'issuer_count_smime', 'owner_count_tls', 'tls_ca_owners', 'smime_ca_owners',
        'rfc8657_accounturi', 'rfc8657_validationmethods', 'param_cansignhttpexchanges', 'param_other',
        'critical_any', 'critical_on_known', 'critical_unknown_tag', 'reserved_flag_bits']))
FROM domains WHERE caa_status = 'found' GROUP BY caa_rrset_hash;

-- The names that are covered, with what follows from how they come by their set. They are few, and most questions are about them.
CREATE OR REPLACE TABLE governed AS
SELECT query_name, source_list, rank, rank_bucket, public_suffix, tld, is_registrable, labels, exists,
    mx_status, email_capable, mx_operator, dns_operator, caa_depth, caa_via_alias, caa_ttl, caa_bytes, caa_truncated, caa_rrset_hash, findings,
    dnssec_status, dnssec_reason, dmarc_policy, mta_sts
FROM domains WHERE caa_status = 'found';

-- Both together: the names that are covered, as in domains, without the evidence of the way there.
CREATE OR REPLACE VIEW sets AS
SELECT governed.*, array_to_string(string_split(query_name, '.')[caa_depth + 1:], '.') AS caa_name, rrsets.* EXCLUDE (caa_rrset_hash, names, own_names, caa)
FROM governed JOIN rrsets USING (caa_rrset_hash);

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
