-- A round of so many made-up names. Of the names of the other round 97 in 100 are in this one, 3 in 100 of these have chosen anew whether to have a set, and 3 in 100
-- look-ups fail in each round for itself. 8 in 100 names are covered, by 2000 sets of many names and one set of its own for every fifth name; 1 operator in 20 serves
-- one name only.
WITH names AS (
    SELECT n, substr(md5(n::VARCHAR), 1, 5 + (hash(n) % 10)::INTEGER) || n || '.' || ['com', 'net', 'org', 'tld' || (hash(n + 2) % 300)][1 + (hash(n + 1) % 4)::INTEGER] AS query_name,
        hash(n * 5 + CASE WHEN hash(n) % 100 < 3 THEN {{.Round}} ELSE 0 END) % 100 < 8 AS covered, hash(n * 7 + {{.Round}}) % 100 AS luck
    FROM (SELECT range AS n FROM range({{.From}}, {{.To}}))
)
SELECT query_name, n AS input_line, CASE WHEN n < 1000 THEN '1-1k' WHEN n < 10000 THEN '1k-10k' WHEN n < 100000 THEN '10k-100k' ELSE '100k-1m' END AS rank_bucket,
    split_part(query_name, '.', -1) AS tld, CASE WHEN luck < 3 THEN 'unresolved' WHEN hash(n * 3) % 100 < 4 THEN 'nxdomain' ELSE 'exists' END AS exists,
    CASE WHEN luck < 2 THEN 'timeout' WHEN luck < 3 THEN 'bogus' ELSE 'ok' END AS status,
    CASE WHEN luck < 3 THEN 'error' WHEN covered THEN 'found' ELSE 'none' END AS caa_status,
    CASE WHEN luck >= 3 AND covered THEN (hash(n * 11) % 4 = 0)::TINYINT END AS caa_depth,
    CASE WHEN luck >= 3 AND covered THEN md5((CASE WHEN hash(n * 11) % 5 = 0 THEN 100000 + n ELSE hash(n * 13) % 2000 END)::VARCHAR) END AS caa_rrset_hash,
    CASE WHEN luck >= 3 AND covered THEN ['ca' || (hash(n * 13) % 50) || '.example'] END AS tls_issuers,
    CASE WHEN hash(n * 17) % 10 = 0 THEN 'secure' ELSE 'insecure' END AS dnssec_status,
    CASE WHEN hash(n * 19) % 20 = 0 THEN query_name ELSE 'operator' || (hash(n * 23) % 100000) || '.net' END AS dns_operator
FROM names
