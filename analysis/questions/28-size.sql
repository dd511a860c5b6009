-- 28: Size of sets and replies
-- asks: How large are CAA sets, in records and octets; what share of replies is cut short over UDP, comes over TCP, or never comes because TCP is blocked?
-- who: CAs, researchers
--
-- A reply that does not fit into what the query offers to take over UDP, 1232 octets here, comes with the bit TC and has to be asked for again over
-- TCP (RFC 1035 section 4.2.1). A part of a set must not be judged; so where TCP is blocked, the look-up fails. Size is that of the whole message of
-- the reply at the level that decided, signatures and all. Unknown are names whose look-up failed, if not said otherwise.

-- table set-records: Records in a set
-- figure: histogram label=records value=share
--
-- Of covered names. Sets: how many different ones there are.
WITH steps AS (
    SELECT CASE WHEN caa_count <= 10 THEN caa_count WHEN caa_count <= 20 THEN 11 WHEN caa_count <= 50 THEN 12 WHEN caa_count <= 100 THEN 13
        ELSE 14 END AS place, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, count(*) AS different
    FROM rrsets GROUP BY 1
)
SELECT CASE place WHEN 11 THEN '11 to 20' WHEN 12 THEN '21 to 50' WHEN 13 THEN '51 to 100' WHEN 14 THEN 'over 100' ELSE place::VARCHAR END AS records,
    coalesce(n, 0) AS n, covered AS of, coalesce(own_names, 0) AS own_names, coalesce(different, 0) AS sets, unknown
FROM (SELECT unnest(range(1, 15)) AS place) LEFT JOIN steps USING (place), coverage ORDER BY place;

-- table reply-octets: Octets of the reply
-- figure: histogram label=octets value=share
--
-- Of covered names whose reply has a known size; each step takes in its end. 512 is the limit without EDNS, 1232 what is sent over UDP without risk
-- of fragments, 1472 what an Ethernet frame holds, and 4096 the old default of EDNS.
WITH steps AS (
    SELECT CASE WHEN caa_bytes <= 128 THEN 1 WHEN caa_bytes <= 256 THEN 2 WHEN caa_bytes <= 512 THEN 3 WHEN caa_bytes <= 1232 THEN 4
        WHEN caa_bytes <= 1472 THEN 5 WHEN caa_bytes <= 4096 THEN 6 WHEN caa_bytes <= 16384 THEN 7 ELSE 8 END AS place,
        count(*) AS n, count(*) FILTER (dnssec_status = 'secure') AS signed
    FROM governed WHERE caa_bytes IS NOT NULL GROUP BY 1
), total AS (
    SELECT count(caa_bytes) AS of FROM governed
)
SELECT octets, coalesce(n, 0) AS n, of, coalesce(signed, 0) AS signed, unknown
FROM (VALUES (1, 'to 128'), (2, 'to 256'), (3, 'to 512'), (4, 'to 1232'), (5, 'to 1472'), (6, 'to 4096'), (7, 'to 16384'), (8, 'more')) AS o(place,
    octets) LEFT JOIN steps USING (place), total, coverage ORDER BY place;

-- table reply-transport: UDP and TCP
-- figure: bars label=reply value=share
--
-- Of all names that were asked about, with CAA and without: denials with their proofs can be large, too. Cut short: a reply at the level that decided
-- had TC set. By TCP: the reply that decided came over it. Not by TCP: cut short, and no whole reply could be had, so that the look-up failed (status
-- truncated). Of those cut short: the share for which that is so. Unknown are the names that nobody was asked about; in the row of octets also those
-- without a reply, and in that on TCP those without an answer.
WITH counted AS (
    SELECT caa_truncated, protocol, status, large, sum(names) AS names, coalesce(sum(names) FILTER (covered), 0) AS covered FROM costs GROUP BY ALL
), rows AS (
    SELECT 1 AS place, 'cut short over UDP' AS reply, sum(names) FILTER (caa_truncated) AS n, sum(names) FILTER (caa_truncated IS NOT NULL) AS of,
        sum(covered) FILTER (caa_truncated) AS covered, sum(names) FILTER (caa_truncated IS NULL) AS unknown FROM counted
    UNION ALL SELECT 2, 'over 1232 octets', sum(names) FILTER (large), sum(names) FILTER (large IS NOT NULL), sum(covered) FILTER (large),
        sum(names) FILTER (large IS NULL) FROM counted
    UNION ALL SELECT 3, 'by TCP', sum(names) FILTER (protocol = 'tcp'), sum(names) FILTER (protocol IS NOT NULL),
        sum(covered) FILTER (protocol = 'tcp'), sum(names) FILTER (protocol IS NULL) FROM counted
    UNION ALL SELECT 4, 'not by TCP: look-up failed', sum(names) FILTER (status = 'truncated'), sum(names) FILTER (caa_truncated IS NOT NULL), 0,
        sum(names) FILTER (caa_truncated IS NULL) FROM counted
    UNION ALL SELECT 5, 'not by TCP, of those cut short', sum(names) FILTER (status = 'truncated' AND caa_truncated),
        sum(names) FILTER (caa_truncated), 0, sum(names) FILTER (caa_truncated IS NULL) FROM counted
)
SELECT reply, coalesce(n, 0)::BIGINT AS n, coalesce(of, 0)::BIGINT AS of, coalesce(covered, 0)::BIGINT AS covered,
    coalesce(unknown, 0)::BIGINT AS unknown FROM rows ORDER BY place;

-- table size-by-operator: Look-ups that fail for want of TCP, by DNS operator
--
-- Operators with names whose reply was cut short: of these names, those whose look-up failed for it. Unknown are the operator's names that nobody was
-- asked about. The first 1000 by the number of failures, and the others together.
WITH counted AS (
    SELECT operator_label(dns_operator) AS operator, count(*) FILTER (caa_truncated AND status = 'truncated') AS n,
        count(*) FILTER (caa_truncated) AS of,
        count(*) FILTER (caa_truncated IS NULL) AS unknown
    FROM names GROUP BY operator HAVING count(*) FILTER (caa_truncated) > 0
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, of DESC, operator) AS place FROM counted
)
SELECT folded(place, operator) AS dns_operator, sum(n)::BIGINT AS n, sum(of)::BIGINT AS of, sum(unknown)::BIGINT AS unknown
FROM placed GROUP BY 1 ORDER BY min(place);

-- table largest-sets: The largest sets
--
-- Different sets by the number of records, the first 100, with the names that they govern; the first three records of each, sorted. Reply: the
-- largest that brought the set.
SELECT any_value(len(caa)) AS records, max(caa_bytes) AS reply, count(*) AS names, count(*) FILTER (caa_depth = 0) AS own_names,
    any_value(array_to_string(list_sort(list_distinct(list_transform(caa, lambda p: concat(p.flags, ' ', p.tag, ' "', p.value, '"'))))[1:3],
        ', ')) AS begins
FROM governed JOIN (SELECT caa_rrset_hash, caa FROM rrsets ORDER BY len(caa) DESC, caa_rrset_hash LIMIT 100) USING (caa_rrset_hash)
GROUP BY caa_rrset_hash ORDER BY records DESC, names DESC, begins, caa_rrset_hash;
