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
SELECT caa, dnssec_status, names AS n, answered AS of, names / sum(names) OVER (PARTITION BY caa) AS of_row_share,
    registrable_domains, registrable_domains / nullif(sum(registrable_domains) OVER (PARTITION BY caa), 0) AS registrable_of_row_share, unknown
FROM (
    SELECT CASE WHEN NOT covered THEN 'no CAA' WHEN is_own(caa_depth, caa_via_alias) THEN 'at the name' WHEN caa_depth = 0 THEN 'by an alias' ELSE 'inherited' END AS caa,
        coalesce(dnssec_status, '(not known)') AS dnssec_status, count(*) AS names, count(*) FILTER (is_registrable) AS registrable_domains
    FROM names WHERE answered GROUP BY ALL
), everything
ORDER BY list_position(['at the name', 'by an alias', 'inherited', 'no CAA'], caa),
    list_position(['secure', 'insecure', 'indeterminate', 'bogus', '(not known)'], dnssec_status);

-- table caa-by-dnssec: CAA by DNSSEC
-- figure: bars label=dnssec_status value=share
--
-- Of the names in each state, those with CAA. Those whose look-up failed are in the state in which it failed; a state in which there is no
-- answer has no share.
SELECT coalesce(dnssec_status, '(not asked)') AS dnssec_status, count(*) FILTER (covered) AS n, count(*) FILTER (answered) AS of,
    count(*) FILTER (covered AND is_own(caa_depth, caa_via_alias)) AS at_the_name,
    count(*) FILTER (covered AND is_own(caa_depth, caa_via_alias)) / nullif(count(*) FILTER (answered), 0) AS at_the_name_share,
    count(*) FILTER (issuemail_set) AS with_issuemail, count(*) FILTER (issuemail_set) / nullif(count(*) FILTER (answered), 0) AS with_issuemail_share,
    count(*) FILTER (NOT answered) AS unknown
FROM names GROUP BY 1 ORDER BY list_position(['secure', 'insecure', 'indeterminate', 'bogus', '(not asked)'], coalesce(dnssec_status, '(not asked)'));

-- table caa-by-dmarc: CAA by DMARC policy
-- needs: dmarc_policy (scan --with dmarc)
-- figure: bars label=dmarc_policy value=share
--
-- Of the names that were asked for DMARC, by the policy that applies (RFC 7489 section 6.6.3): those with CAA, those with issuemail in
-- the governing set, and those that are secure. Error: the look-up of DMARC failed.
SELECT dmarc_policy, count(*) FILTER (covered) AS n, count(*) FILTER (answered) AS of,
    count(*) FILTER (covered AND is_own(caa_depth, caa_via_alias)) AS at_the_name,
    count(*) FILTER (issuemail_set) AS with_issuemail, count(*) FILTER (issuemail_set) / nullif(count(*) FILTER (answered), 0) AS with_issuemail_share,
    count(*) FILTER (answered AND dnssec_status = 'secure') AS secure, count(*) FILTER (covered AND dnssec_status = 'secure') AS covered_and_secure,
    count(*) FILTER (covered AND dnssec_status = 'secure') / nullif(count(*) FILTER (covered), 0) AS secure_of_covered_share,
    count(*) FILTER (NOT answered) AS unknown
FROM names WHERE dmarc_policy IS NOT NULL GROUP BY dmarc_policy
ORDER BY coalesce(list_position(['reject', 'quarantine', 'none', 'absent', 'multiple', 'invalid', 'error'], dmarc_policy), 8), dmarc_policy;

-- table caa-by-mta-sts: CAA by MTA-STS
-- needs: mta_sts (scan --with mta-sts)
-- figure: bars label=mta_sts value=share
--
-- The same by whether a policy of MTA-STS is announced (RFC 8461), of the names that were asked about it.
SELECT mta_sts, count(*) FILTER (covered) AS n, count(*) FILTER (answered) AS of,
    count(*) FILTER (covered AND is_own(caa_depth, caa_via_alias)) AS at_the_name,
    count(*) FILTER (issuemail_set) AS with_issuemail, count(*) FILTER (issuemail_set) / nullif(count(*) FILTER (answered), 0) AS with_issuemail_share,
    count(*) FILTER (answered AND dnssec_status = 'secure') AS secure, count(*) FILTER (covered AND dnssec_status = 'secure') AS covered_and_secure,
    count(*) FILTER (covered AND dnssec_status = 'secure') / nullif(count(*) FILTER (covered), 0) AS secure_of_covered_share,
    count(*) FILTER (NOT answered) AS unknown
FROM names WHERE mta_sts IS NOT NULL GROUP BY mta_sts
ORDER BY coalesce(list_position(['published', 'absent', 'multiple', 'invalid', 'error'], mta_sts), 6), mta_sts;
