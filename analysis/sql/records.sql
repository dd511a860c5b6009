-- What the questions about records share (records.go fills the last two tables).

-- How many names there are to speak about: of the covered ones those with a record of a tag (issuing: of one that says who may issue), and the names of
-- which nothing is known, as their look-up failed or nobody was asked.
CREATE OR REPLACE TABLE coverage AS
SELECT unknown, covered, issuing, tls_issuing, issue, issuewild, issuemail, issuevmc, iodef
FROM (SELECT coalesce(any_value(unknown), 0) AS unknown FROM everything), (
    SELECT coalesce(sum(names), 0)::BIGINT AS covered, coalesce(sum(names) FILTER (issue_set OR issuewild_set OR issuemail_set OR issuevmc_set), 0)::BIGINT AS issuing,
        coalesce(sum(names) FILTER (issue_set OR issuewild_set), 0)::BIGINT AS tls_issuing, coalesce(sum(names) FILTER (issue_set), 0)::BIGINT AS issue,
        coalesce(sum(names) FILTER (issuewild_set), 0)::BIGINT AS issuewild, coalesce(sum(names) FILTER (issuemail_set), 0)::BIGINT AS issuemail,
        coalesce(sum(names) FILTER (issuevmc_set), 0)::BIGINT AS issuevmc, coalesce(sum(names) FILTER (iodef_set), 0)::BIGINT AS iodef
    FROM rrsets
);

-- What the look-ups took, in steps, and what became of them.
--   again       there was a second look, after a first that ended in first_look_status and took first_look_attempts exchanges in all
--   rtt_step    how long the answer that decided took; NULL: there was none
--   wait_step   how long packets were held back for the sake of limits
--   large       the reply has more than 1232 octets; NULL: there was none
CREATE OR REPLACE TABLE costs AS
SELECT vantage, worker_id, status, answered, covered, looks > 1 AS again, first_look_status, query_count, retry_count, tcp_count, protocol, caa_truncated,
    caa_bytes > 1232 AS large,
    CASE WHEN rtt_us <= 1000 THEN 1 WHEN rtt_us <= 5000 THEN 2 WHEN rtt_us <= 10000 THEN 3 WHEN rtt_us <= 20000 THEN 4 WHEN rtt_us <= 50000 THEN 5
        WHEN rtt_us <= 100000 THEN 6 WHEN rtt_us <= 200000 THEN 7 WHEN rtt_us <= 500000 THEN 8 WHEN rtt_us <= 1000000 THEN 9
        WHEN rtt_us IS NOT NULL THEN 10 END AS rtt_step,
    CASE WHEN queue_wait_us = 0 THEN 1 WHEN queue_wait_us <= 1000000 THEN 2 WHEN queue_wait_us <= 60000000 THEN 3
        WHEN queue_wait_us <= 3600000000 THEN 4 ELSE 5 END AS wait_step,
    count(*) AS names, sum(first_look_attempts) AS first_look_attempts
FROM names GROUP BY ALL;

-- The records of the sets, with the number of names that each set governs. Tags are in lower case.
CREATE OR REPLACE TABLE set_records AS
SELECT set_id, names, own_names, lower(p.tag) AS tag, p.tag AS published_tag, p.value AS value, p.flags AS flags, p.critical AS critical,
    p.reserved_bits AS reserved_bits, p.issuer_domain AS issuer_domain, p.params AS params, p.syntax AS syntax
FROM (SELECT rowid AS set_id, names, own_names, unnest(caa) AS p FROM rrsets);

-- Which sets stand at how many own names of each DNS operator, and at how many registrable domains among them.
CREATE OR REPLACE TABLE operator_sets AS
SELECT operator AS dns_operator, rrsets.rowid AS set_id, o.names, registrable
FROM (
    SELECT operator_label(dns_operator) AS operator, caa_rrset_hash, count(*) AS names, count(*) FILTER (is_registrable) AS registrable
    FROM governed WHERE is_own(caa_depth, caa_via_alias) GROUP BY operator, caa_rrset_hash
) o JOIN rrsets USING (caa_rrset_hash);

-- The parameters of the records; record is the rowid of the record in set_records. Names are in lower case.
CREATE OR REPLACE TABLE set_params AS
SELECT record, set_id, names, own_names, tag, issuer_domain, lower(p.name) AS name, p.value AS value
FROM (SELECT rowid AS record, * EXCLUDE (params), unnest(params) AS p FROM set_records WHERE len(params) > 0);

-- How many names have each finding, without its argument; those of the scan, by the table of issuers that it had.
CREATE OR REPLACE TABLE finding_counts AS
SELECT finding, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names
FROM (
    SELECT names, own_names, unnest(list_distinct(list_transform(findings, lambda f: split_part(f, ':', 1)))) AS finding
    FROM (SELECT findings, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names FROM governed GROUP BY findings)
) GROUP BY finding;

-- Who goes by the known issuers that sets name, and who once did: an owner a row, with the standing that the table of issuers gives it.
CREATE OR REPLACE TABLE issuer_owners (issuer_domain VARCHAR, owner VARCHAR, standing VARCHAR, note VARCHAR);

-- What is wrong with the values that do not fit the grammar of their tag: findings, the gravest first, without those that another says more exactly;
-- and what the owner evidently meant, where that can be told, of which several values take the place of one.
CREATE OR REPLACE TABLE malformed_values (tag VARCHAR, value VARCHAR, faults VARCHAR[], meant VARCHAR[]);
