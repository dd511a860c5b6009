-- 31: The hosts that serve mail
-- asks: Are the mail servers' own names covered by CAA, and the hosts of MTA-STS policies, and mark certificates for BIMI?
-- who: researchers, policy groups
--
-- A certificate for a mail server is issued for the name of the exchanger, not for the mail domain. So CAA at the domain protects its mail only if
-- the exchangers' names are covered, too, mostly by the set of the operator's domain. Likewise the policy of MTA-STS is fetched over HTTPS from the
-- host mta-sts below the domain. Each of these hosts was looked up as any name, with the climb of RFC 8659; of exchangers the 16 most preferred.

-- table mx-hosts: Are the exchangers covered?
-- needs: mx_hosts (scan --with mx-hosts)
-- figure: bars label=exchangers value=share
--
-- Of names with at least one exchanger, by what was found for all of its exchangers together. Restricted: the set says which CAs may issue TLS
-- certificates for the exchanger, or that none may. Unknown are names where that could not be told, as a look-up of an exchanger failed, and names
-- whose MX is not known; names without an exchanger, or with a null MX, are not counted at all. Domain covered: a set governs the name itself.
WITH exchangers AS (
    SELECT mx_hosts, covered, count(*) AS names FROM names WHERE len(mx_hosts) > 0 GROUP BY mx_hosts, covered
), judged AS (
    SELECT covered, names, len(mx_hosts) AS hosts, len(list_filter(mx_hosts, lambda h: h.caa_status = 'error')) AS failed,
        len(list_filter(mx_hosts, lambda h: h.caa_status = 'found')) AS found,
            len(list_filter(mx_hosts, lambda h: h.tls_posture IN ('restricted', 'closed', 'blocked'))) AS restricted,
        mx_hosts[1].caa_status AS first FROM exchangers
), hits AS (
    SELECT 1 AS place, sum(names) FILTER (failed = 0) AS of, sum(names) FILTER (failed = 0 AND found = hosts) AS n, sum(names) FILTER (failed = 0
        AND found = hosts AND covered) AS domain_covered, sum(names) FILTER (failed > 0) AS unknown FROM judged
    UNION ALL SELECT 2, sum(names) FILTER (failed = 0), sum(names) FILTER (failed = 0 AND found > 0 AND found < hosts), sum(names) FILTER (failed = 0
        AND found > 0 AND found < hosts AND covered), sum(names) FILTER (failed > 0) FROM judged
    UNION ALL SELECT 3, sum(names) FILTER (failed = 0), sum(names) FILTER (failed = 0 AND found = 0), sum(names) FILTER (failed = 0 AND found = 0
        AND covered), sum(names) FILTER (failed > 0) FROM judged
    UNION ALL SELECT 4, sum(names) FILTER (failed = 0), sum(names) FILTER (failed = 0 AND restricted = hosts), sum(names) FILTER (failed = 0
        AND restricted = hosts AND covered), sum(names) FILTER (failed > 0) FROM judged
    UNION ALL SELECT 5, sum(names) FILTER (first <> 'error'), sum(names) FILTER (first = 'found'), sum(names) FILTER (first = 'found' AND covered),
        sum(names) FILTER (first = 'error') FROM judged
), not_known AS (
    SELECT count(*) AS names FROM names WHERE mx_status = 'error' OR mx_status = 'found' AND mx_hosts IS NULL OR exists = 'unresolved' AND mx_status IS NULL
)
SELECT exchangers, coalesce(n, 0)::BIGINT AS n, coalesce(of, 0)::BIGINT AS of, coalesce(domain_covered, 0)::BIGINT AS domain_covered,
    (coalesce(unknown, 0) + names)::BIGINT AS unknown
FROM hits JOIN (VALUES (1, 'all covered'), (2, 'some covered'), (3, 'none covered'), (4, 'all restricted for TLS'),
    (5, 'the most preferred covered')) AS e(place, exchangers) USING (place), not_known ORDER BY place;

-- table mx-hosts-by-operator: By mail operator
-- needs: mx_hosts (scan --with mx-hosts)
-- figure: bars label=mx_operator value=share
--
-- Of names with at least one exchanger, by the operator of the most preferred: names all of whose exchangers are covered. Unknown are those where a
-- look-up of an exchanger failed. The first 1000 operators by the number of names, and the others together.
WITH exchangers AS (
    SELECT operator_label(mx_operator) AS operator, mx_hosts, count(*) AS names FROM names WHERE len(mx_hosts) > 0 GROUP BY 1, mx_hosts
), judged AS (
    SELECT operator, names, len(list_filter(mx_hosts, lambda h: h.caa_status = 'error')) > 0 AS failed,
        len(list_filter(mx_hosts, lambda h: h.caa_status = 'found')) = len(mx_hosts) AS covered FROM exchangers
), placed AS (
    SELECT operator, coalesce(sum(names) FILTER (NOT failed AND covered), 0) AS n, coalesce(sum(names) FILTER (NOT failed), 0) AS of,
        coalesce(sum(names) FILTER (failed), 0) AS unknown,
        row_number() OVER (ORDER BY sum(names) DESC, operator) AS place FROM judged GROUP BY operator
)
SELECT folded(place, operator) AS mx_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of,
    sum(unknown)::BIGINT AS unknown FROM placed GROUP BY 1 ORDER BY min(place);

-- table exchangers: The exchangers
-- needs: mx_hosts (scan --with mx-hosts)
--
-- Each host once, by the number of names whose mail it takes, the first 1000. Where the look-ups for several names saw different things, the one with
-- the most names is shown.
WITH hosts AS (
    SELECT names, unnest(mx_hosts) AS h FROM (SELECT mx_hosts, count(*) AS names FROM names WHERE len(mx_hosts) > 0 GROUP BY mx_hosts)
), seen AS (
    SELECT h.name AS exchanger, h.caa_status AS caa_status, h.caa_name AS caa_name, h.tls_posture AS tls_posture,
        array_to_string(h.tls_issuers, ', ') AS tls_issuers, h.security AS security, h.error AS error, sum(names)::BIGINT AS names FROM hosts
        GROUP BY ALL
)
SELECT exchanger, sum(names)::BIGINT AS names, arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).caa_status AS caa_status,
    arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).caa_name AS caa_name,
    arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).tls_posture AS tls_posture,
        arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).tls_issuers AS tls_issuers,
    arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).security AS security,
        arg_max(seen, (names, caa_status, tls_posture, tls_issuers, security)).error AS error
FROM seen GROUP BY exchanger ORDER BY names DESC, exchanger LIMIT 1000;

-- table mta-sts-hosts: The hosts of MTA-STS policies
-- needs: mta_sts_caa_posture (scan --with mta-sts)
-- figure: bars label=tls_posture value=share
--
-- Of names that announce a policy, by the posture of the host mta-sts below them for TLS. Inherited: the set is not that host's own, but mostly the
-- domain's. Unknown are names where the look-up of the host failed, and names of which it is not known whether they announce one.
WITH counted AS (
    SELECT mta_sts_caa_posture AS tls_posture, count(*) AS n, count(*) FILTER (mta_sts_caa_inherited) AS inherited FROM names
    WHERE mta_sts = 'published' AND mta_sts_caa_posture <> 'error' GROUP BY mta_sts_caa_posture
), total AS (
    SELECT count(*) FILTER (mta_sts = 'published' AND mta_sts_caa_posture <> 'error') AS of,
        count(*) FILTER (mta_sts = 'published' AND coalesce(mta_sts_caa_posture, 'error') = 'error' OR mta_sts = 'error' OR mta_sts IS NULL
            AND exists = 'unresolved') AS unknown FROM names
)
SELECT tls_posture, coalesce(n, 0) AS n, of, coalesce(inherited, 0) AS inherited, unknown
FROM (VALUES (1, 'restricted'), (2, 'closed'), (3, 'blocked'), (4, 'open'), (5, 'absent')) AS p(place, tls_posture)
    LEFT JOIN counted USING (tls_posture), total ORDER BY place;

-- table bimi-mark-certificates: Mark certificates and BIMI
-- needs: bimi (scan --with bimi)
-- figure: bars label=bimi value=share
--
-- issuevmc says which CAs may issue mark certificates for the domain. By what its BIMI record asserts: names for which the relevant set restricts
-- that, or forbids it. Evidenced: the record points to a mark certificate. Of names whose look-up of CAA did not fail; unknown are the others.
SELECT bimi, count(*) FILTER (vmc_posture IN ('restricted', 'closed', 'blocked')) AS n, count(*) FILTER (answered) AS of,
    count(*) FILTER (NOT answered) AS unknown
FROM names WHERE bimi IS NOT NULL GROUP BY bimi ORDER BY of DESC, bimi;
