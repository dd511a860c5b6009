-- 26: CAA and DNSSEC, DMARC, MTA-STS
-- asks: Is CAA mostly deployed without DNSSEC, and how does it go together with DMARC and MTA-STS?
-- who: researchers, policy groups
--
-- Secure, insecure and indeterminate are states of RFC 4035 section 4.3: of the answer with the set, or, where there is none, the worst of
-- all levels asked, since at each the lack of a set must be proved. A bogus answer is none: such names are among those whose look-up
-- failed, which are unknown here. CAA binds certification authorities in signed and in unsigned zones; without signatures, who can forge answers
-- can take it away.

-- table dnssec-by-caa: DNSSEC by CAA
-- figure: stacked label=caa series=dnssec_status value=of_row_share normal=yes
--
-- Every name of which CAA is known is in one row. Of row share: of the names with the same word in the first column.
WITH covered AS (
    SELECT CASE WHEN is_own(caa_depth, caa_via_alias) THEN 'at the name' WHEN caa_depth = 0 THEN 'by an alias' ELSE 'inherited' END AS caa,
        coalesce(dnssec_status, '(not asked)') AS dnssec_status, count(*) AS names, count(*) FILTER (is_registrable) AS registrable_domains
    FROM governed GROUP BY ALL
), cells AS (
    SELECT * FROM covered
    UNION ALL
    SELECT 'no CAA', label, answered - coalesce(names, 0), registrable_answered - coalesce(registrable_domains, 0)
    FROM scope LEFT JOIN (SELECT dnssec_status AS label, sum(names) AS names, sum(registrable_domains) AS registrable_domains FROM covered GROUP BY label) USING (label)
    WHERE dimension = 'dnssec_status'
)
SELECT caa, dnssec_status, names AS n, answered AS of, names / sum(names) OVER (PARTITION BY caa) AS of_row_share,
    registrable_domains, registrable_domains / nullif(sum(registrable_domains) OVER (PARTITION BY caa), 0) AS registrable_of_row_share, unknown
FROM cells, everything WHERE names > 0
ORDER BY list_position(['at the name', 'by an alias', 'inherited', 'no CAA'], caa),
    list_position(['secure', 'insecure', 'indeterminate', 'bogus', '(not asked)'], dnssec_status);

-- table caa-by-dnssec: CAA by DNSSEC
-- figure: bars label=dnssec_status value=share
--
-- Of the names in each state, those with CAA. Those whose look-up failed are in the state in which it failed; a state in which there is no
-- answer has no share.
SELECT label AS dnssec_status, coalesce(n, 0) AS n, answered AS of,
    coalesce(at_the_name, 0) AS at_the_name, coalesce(at_the_name, 0) / nullif(answered, 0) AS at_the_name_share,
    coalesce(with_issuemail, 0) AS with_issuemail, coalesce(with_issuemail, 0) / nullif(answered, 0) AS with_issuemail_share, unknown
FROM scope LEFT JOIN (
    SELECT coalesce(dnssec_status, '(not asked)') AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name,
        count(*) FILTER (issuemail_set) AS with_issuemail
    FROM sets GROUP BY label
) USING (label)
WHERE dimension = 'dnssec_status' ORDER BY list_position(['secure', 'insecure', 'indeterminate', 'bogus', '(not asked)'], label);

-- table caa-by-dmarc: CAA by DMARC policy
-- needs: dmarc_policy (scan --with dmarc)
-- figure: bars label=dmarc_policy value=share
--
-- Of the names that were asked for DMARC, by the policy that applies (RFC 7489 section 6.6.3): those with CAA, those with issuemail in
-- the governing set, and those that are secure. Error: the look-up of DMARC failed.
SELECT label AS dmarc_policy, coalesce(n, 0) AS n, answered AS of, coalesce(at_the_name, 0) AS at_the_name,
    coalesce(with_issuemail, 0) AS with_issuemail, coalesce(with_issuemail, 0) / nullif(answered, 0) AS with_issuemail_share,
    secure_answered AS secure, coalesce(covered_and_secure, 0) AS covered_and_secure, coalesce(covered_and_secure, 0) / nullif(n, 0) AS secure_of_covered_share,
    unknown
FROM scope LEFT JOIN (
    SELECT dmarc_policy AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name,
        count(*) FILTER (issuemail_set) AS with_issuemail, count(*) FILTER (dnssec_status = 'secure') AS covered_and_secure
    FROM sets WHERE dmarc_policy IS NOT NULL GROUP BY label
) USING (label)
WHERE dimension = 'dmarc_policy' AND label <> '(not asked)' ORDER BY coalesce(list_position(['reject', 'quarantine', 'none', 'absent', 'multiple', 'invalid', 'error'], label), 8), label;

-- table caa-by-mta-sts: CAA by MTA-STS
-- needs: mta_sts (scan --with mta-sts)
-- figure: bars label=mta_sts value=share
--
-- The same by whether a policy of MTA-STS is announced (RFC 8461), of the names that were asked about it.
SELECT label AS mta_sts, coalesce(n, 0) AS n, answered AS of, coalesce(at_the_name, 0) AS at_the_name,
    coalesce(with_issuemail, 0) AS with_issuemail, coalesce(with_issuemail, 0) / nullif(answered, 0) AS with_issuemail_share,
    secure_answered AS secure, coalesce(covered_and_secure, 0) AS covered_and_secure, coalesce(covered_and_secure, 0) / nullif(n, 0) AS secure_of_covered_share,
    unknown
FROM scope LEFT JOIN (
    SELECT mta_sts AS label, count(*) AS n, count(*) FILTER (is_own(caa_depth, caa_via_alias)) AS at_the_name,
        count(*) FILTER (issuemail_set) AS with_issuemail, count(*) FILTER (dnssec_status = 'secure') AS covered_and_secure
    FROM sets WHERE mta_sts IS NOT NULL GROUP BY label
) USING (label)
WHERE dimension = 'mta_sts' AND label <> '(not asked)' ORDER BY coalesce(list_position(['published', 'absent', 'multiple', 'invalid', 'error'], label), 6), label;
