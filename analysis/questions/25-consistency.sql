-- 25: Do the servers agree?
-- asks: Do all name servers of a zone agree about CAA: by the four classes of inconsistency, by DNS operator, and how many of the servers answer at all?
-- who: researchers, CAs
--
-- After the look-up, every address of every name server of the zone that decided it was asked the same question. The classes are those of Scheitle et
-- al. (ACM CCR 48(2), 2018): some servers have records and some say that there are none (nodata_vs_caa) or that the name does not exist
-- (nxdomain_vs_caa); some have an alias that others lack or that leads elsewhere (cname_differs); some have other records than others (caa_differs).
-- The study counts a name in each class that it shows; here it is in one, the gravest. NODATA and NXDOMAIN agree, and so does an answer that ends at
-- an alias with any that goes on from there. A server that fails or does not serve the zone says nothing, and a failure is no disagreement.
--
-- The denominator is the names for which at least two servers answered. Unknown are those for which fewer did, or that were not asked about in this
-- way. Counted are names, not zones: the error of one zone shows at all its names in the scan.

-- table consistency: By class
-- needs: caa_consistency (scan --with all-servers)
-- figure: bars label=consistency value=share
--
-- Covered: names for which a set was found, by the server that the look-up happened to ask. Zones: how many zones the names are in.
WITH counted AS (
    SELECT caa_consistency, zone_apex, count(*) AS names, count(*) FILTER (covered) AS covered FROM names
    WHERE caa_consistency IN ('nodata_vs_caa', 'nxdomain_vs_caa', 'cname_differs', 'caa_differs') GROUP BY caa_consistency, zone_apex
), classes AS (
    SELECT caa_consistency AS consistency, sum(names) AS n, sum(covered) AS covered, count(zone_apex) AS zones FROM counted GROUP BY caa_consistency
    UNION ALL
    SELECT 'any', sum(names), sum(covered), count(DISTINCT zone_apex) FROM counted
), total AS (
    SELECT count(*) FILTER (caa_consistency <> 'not_checked') AS of, count(*)
        FILTER (coalesce(caa_consistency, 'not_checked') = 'not_checked') AS unknown FROM names
)
SELECT CASE place WHEN 1 THEN '(any)' ELSE consistency END AS consistency, coalesce(n, 0)::BIGINT AS n, of, coalesce(covered, 0)::BIGINT AS covered,
    coalesce(zones, 0) AS zones, unknown
FROM (VALUES (1, 'any'), (2, 'nodata_vs_caa'), (3, 'nxdomain_vs_caa'), (4, 'cname_differs'), (5, 'caa_differs')) AS c(place, consistency)
    LEFT JOIN classes USING (consistency), total ORDER BY place;

-- table consistency-by-fate: By what the look-up said
-- needs: caa_consistency (scan --with all-servers)
-- figure: bars label=look_up value=share
--
-- Names with CAA are where a disagreement can matter: of those without, it can only be that another server has records or an alias. A look-up that
-- failed says unknown; its servers may still have been asked.
SELECT fate AS look_up, count(*) FILTER (caa_consistency NOT IN ('same', 'not_checked')) AS n,
    count(*) FILTER (caa_consistency <> 'not_checked') AS of,
    count(*) FILTER (coalesce(caa_consistency, 'not_checked') = 'not_checked') AS unknown
FROM names GROUP BY fate ORDER BY fate;

-- table consistency-by-operator: By DNS operator
-- needs: caa_consistency (scan --with all-servers)
-- figure: bars label=dns_operator value=share
--
-- Operators by the number of names about which their servers disagree, the first 1000, and the others together.
WITH counted AS (
    SELECT operator_label(dns_operator) AS operator, count(*) FILTER (caa_consistency NOT IN ('same', 'not_checked')) AS n,
        count(*) FILTER (caa_consistency <> 'not_checked') AS of,
        count(*) FILTER (caa_consistency = 'nodata_vs_caa') AS nodata_vs_caa,
            count(*) FILTER (caa_consistency = 'nxdomain_vs_caa') AS nxdomain_vs_caa,
        count(*) FILTER (caa_consistency = 'cname_differs') AS cname_differs, count(*) FILTER (caa_consistency = 'caa_differs') AS caa_differs,
        count(*) FILTER (coalesce(caa_consistency, 'not_checked') = 'not_checked') AS unknown
    FROM names GROUP BY 1
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, of DESC, operator) AS place FROM counted
)
SELECT folded(place, operator) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of,
    sum(nodata_vs_caa)::BIGINT AS nodata_vs_caa, sum(nxdomain_vs_caa)::BIGINT AS nxdomain_vs_caa,
    sum(cname_differs)::BIGINT AS cname_differs, sum(caa_differs)::BIGINT AS caa_differs, sum(unknown)::BIGINT AS unknown
FROM placed GROUP BY 1 ORDER BY min(place);

-- table servers-answering: How many of the servers answer
-- needs: ns_tried (scan --with all-servers)
-- figure: bars label=servers value=share
--
-- Of names whose servers were asked. Addresses that were not asked, as there are too many or the name had cost too much, do not count against the
-- zone. Lame servers do not serve the zone. Unknown are names that were not asked about in this way.
WITH counted AS (
    SELECT ns_tried, ns_answered, ns_lame, count(*) AS names FROM names WHERE ns_tried > 0 GROUP BY ALL
), total AS (
    SELECT count(*) FILTER (ns_tried > 0) AS of, count(*) FILTER (coalesce(ns_tried, 0) = 0) AS unknown FROM names
), kinds AS (
    SELECT CASE WHEN ns_answered = ns_tried THEN 1 WHEN ns_answered > 0 THEN 2 ELSE 3 END AS place, names FROM counted
    UNION ALL SELECT 4, names FROM counted WHERE ns_lame > 0
    UNION ALL SELECT 5, names FROM counted WHERE ns_tried = 1
)
SELECT servers, coalesce(n, 0)::BIGINT AS n, of, unknown
FROM (VALUES (1, 'all answered'), (2, 'some answered'), (3, 'none answered'), (4, 'one or more lame'), (5, 'only one address asked')) AS s(place,
    servers)
LEFT JOIN (SELECT place, sum(names) AS n FROM kinds GROUP BY place) USING (place), total ORDER BY place;

-- table inconsistent-names: Names
-- needs: caa_consistency (scan --with all-servers)
--
-- The first 1000, by rank, of the names about which servers disagree; how many there are stands in the first table. Dissenting: servers that say
-- something else than the largest number that agree.
SELECT query_name, rank, zone_apex, dns_operator, caa_consistency AS consistency, caa_status, ns_tried AS asked, ns_answered AS answered,
    ns_inconsistent AS dissenting
FROM names WHERE caa_consistency IN ('nodata_vs_caa', 'nxdomain_vs_caa', 'cname_differs', 'caa_differs')
ORDER BY rank NULLS LAST, query_name, source_list, consistency LIMIT 1000;
