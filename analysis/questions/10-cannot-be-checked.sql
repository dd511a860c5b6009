-- 10: Names that cannot be checked
-- asks: What share of names cannot be checked at all (timeout, SERVFAIL, REFUSED, NOTIMP on type 257 while A works), per operator?
-- who: certification authorities, policy groups
--
-- Here a failure is what is counted, n; the denominator is the names that were asked about. Unknown are those that were not: they, or a
-- zone above them, are on the opt-out list. An authority that cannot look up CAA must not issue, but for permissions that shrink: for
-- signed zones there is none.
--
-- One scan is one place in the network and one time. Servers that limit how often one client may ask look like lame ones; a second look
-- (--second-look) and another vantage tell passing failures from lasting ones.

-- table cannot-be-checked: By who is counted
--
-- Other types answered: the look-up at the name itself failed at its servers, and yet the scan saw that the name exists, for they
-- answered for MX or an address. What fails is type 257 then. Without those companions (--with) that is not seen.
SELECT scope.label AS counted, unknown - unasked AS n, answered + unknown - unasked AS of, coalesce(other_types_answered, 0) AS other_types_answered,
    unasked AS unknown
FROM scope LEFT JOIN (
    SELECT counted AS label, count(*) AS other_types_answered
    FROM failures JOIN populations ON belongs(counted, is_registrable, "exists", email_capable, mx_status)
    WHERE other_types_answered GROUP BY counted
) USING (label)
WHERE dimension = 'counted' ORDER BY place;

-- table failure-classes: By class
-- figure: bars label=class value=n
--
-- timeout: no reply in time. unreachable: packets could not be delivered. servfail, refused, notimp, formerr: response codes; rcode: another
-- one. malformed: replies that cannot be read or do not fit. truncated: TC set, and no answer over TCP. lame: the servers do
-- not serve the zone delegated to them. bogus: validation fails. loop, long_chain: aliases. skipped: a bound of the scanner on the work for
-- one name. Of failures share: of the names that failed.
SELECT status AS class, count(*) AS n, any_value(answered + unknown - unasked) AS of, count(*) / sum(count(*)) OVER () AS of_failures_share,
    count(*) FILTER (other_types_answered) AS other_types_answered,
    count(*) FILTER (is_registrable) AS registrable_domains, any_value(unasked) AS unknown
FROM failures, everything GROUP BY class ORDER BY n DESC, class;

-- table cannot-be-checked-by-dns-operator: By DNS operator
-- figure: bars label=dns_operator value=n
--
-- The 1000 operators with the most names that failed; all others, those without failures too, are in one row. Aliases are loops and long chains;
-- other codes are response codes without a column. The operator is not known where the look-up did not come as far as the zone: what
-- is lame at the parent fails there.
WITH failed AS (
    SELECT operator_label(dns_operator) AS label, count(*) AS n,
        count(*) FILTER (status = 'timeout') AS timeout, count(*) FILTER (status = 'unreachable') AS unreachable,
        count(*) FILTER (status = 'servfail') AS servfail, count(*) FILTER (status = 'refused') AS refused,
        count(*) FILTER (status = 'notimp') AS notimp, count(*) FILTER (status = 'formerr') AS formerr,
        count(*) FILTER (status = 'rcode') AS other_codes, count(*) FILTER (status = 'malformed') AS malformed,
        count(*) FILTER (status = 'truncated') AS truncated, count(*) FILTER (status = 'lame') AS lame,
        count(*) FILTER (status = 'bogus') AS bogus, count(*) FILTER (status IN ('loop', 'long_chain')) AS aliases,
        count(*) FILTER (status = 'skipped') AS skipped,
        count(*) FILTER (other_types_answered) AS other_types_answered
    FROM failures GROUP BY label
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, label) AS failures_place FROM failed
)
SELECT folded(coalesce(failures_place, 1001), label) AS dns_operator, sum(coalesce(n, 0)) AS n, sum(answered + unknown - unasked) AS of,
    sum(coalesce(timeout, 0)) AS timeout, sum(coalesce(unreachable, 0)) AS unreachable, sum(coalesce(servfail, 0)) AS servfail,
    sum(coalesce(refused, 0)) AS refused, sum(coalesce(notimp, 0)) AS notimp, sum(coalesce(formerr, 0)) AS formerr,
    sum(coalesce(other_codes, 0)) AS other_codes, sum(coalesce(malformed, 0)) AS malformed, sum(coalesce(truncated, 0)) AS truncated,
    sum(coalesce(lame, 0)) AS lame, sum(coalesce(bogus, 0)) AS bogus, sum(coalesce(aliases, 0)) AS aliases, sum(coalesce(skipped, 0)) AS skipped,
    sum(coalesce(other_types_answered, 0)) AS other_types_answered, sum(unasked) AS unknown
FROM scope LEFT JOIN placed USING (label)
WHERE dimension = 'dns_operator' GROUP BY 1 ORDER BY min(coalesce(failures_place, 1001));

-- table failure-classes-by-dns-operator: Classes by DNS operator, row by row
-- figure: stacked label=dns_operator series=class value=n
--
-- The 24 operators with the most names that failed, and all others that have any in one. The classes come in the order of their size over
-- all operators.
WITH failed AS (
    SELECT operator_label(dns_operator) AS label, status AS class, count(*) AS n
    FROM failures GROUP BY ALL
), operators AS (
    SELECT label, row_number() OVER (ORDER BY sum(n) DESC, label) AS failures_place FROM failed GROUP BY label
), shown AS (
    SELECT label, least(failures_place, 25) AS failures_place, CASE WHEN failures_place <= 24 THEN label ELSE '(all others)' END AS dns_operator FROM operators
), asked AS (
    SELECT dns_operator, sum(answered + unknown - unasked) AS asked, sum(unasked) AS unasked
    FROM shown JOIN scope USING (label) WHERE dimension = 'dns_operator' GROUP BY dns_operator
)
SELECT dns_operator, class, sum(n) AS n, any_value(asked) AS of, any_value(unasked) AS unknown
FROM failed JOIN shown USING (label) JOIN asked USING (dns_operator)
GROUP BY dns_operator, class, failures_place ORDER BY failures_place, sum(sum(n)) OVER (PARTITION BY class) DESC, class;

-- table cannot-be-checked-by-servers: By how many of the zone's servers answered
-- needs: ns_tried (scan --with all-servers)
--
-- Of the names that failed: how many of the servers of the zone that holds the deciding level said what there is. Where some did, another
-- try, or another resolver, may get through.
SELECT CASE WHEN ns_tried IS NULL OR ns_tried = 0 THEN '(not known)' WHEN ns_answered = 0 THEN 'none' WHEN ns_answered < ns_tried THEN 'some' ELSE 'all' END AS servers_answered,
    count(*) AS n, any_value(answered + unknown - unasked) AS of, count(*) / sum(count(*)) OVER () AS of_failures_share, any_value(unasked) AS unknown
FROM failures, everything GROUP BY servers_answered
ORDER BY list_position(['none', 'some', 'all', '(not known)'], servers_answered);

-- table caa-support: Servers that do not answer type 257
--
-- Servers, not names, by what they did with questions for CAA, of those of which that is known. refuses: an error code; notimp: that of
-- something not implemented; drops: no reply, where there were replies to other questions. Answers others: at least one useful reply
-- came to some question. A server that was asked in several runs of a scan counts once. Unknown are servers that were never asked for
-- CAA, or answered nothing at all; those on the opt-out list are left out.
WITH servers AS (
    SELECT server_ip, CASE WHEN bool_or(caa_support = 'answers') THEN 'answers' ELSE arg_max(caa_support, run) FILTER (caa_support IS NOT NULL) END AS support,
        sum(answered - servfail - refused - formerr - notimp - lame) > 0 AS answers_others
    FROM nameservers GROUP BY server_ip HAVING NOT bool_or(opted_out)
)
SELECT support AS caa_support, count(*) AS n, (SELECT count(support) FROM servers) AS of, count(*) FILTER (answers_others) AS answers_others,
    (SELECT count(*) FROM servers WHERE support IS NULL) AS unknown
FROM servers WHERE support IS NOT NULL GROUP BY support ORDER BY n DESC, support;

-- table caa-support-by-operator: Servers that answer other types and not type 257, by operator
--
-- Servers, not names: n are those that gave at least one useful reply to some question and none to type 257. The operator is the
-- registrable domain of the server's own name.
WITH servers AS (
    SELECT server_ip, operator_label(max(dns_operator)) AS operator,
        CASE WHEN bool_or(caa_support = 'answers') THEN 'answers' ELSE arg_max(caa_support, run) FILTER (caa_support IS NOT NULL) END AS support,
        sum(answered - servfail - refused - formerr - notimp - lame) > 0 AS answers_others
    FROM nameservers GROUP BY server_ip HAVING NOT bool_or(opted_out)
), operators AS (
    SELECT operator, count(*) FILTER (support <> 'answers' AND answers_others) AS n, count(support) AS known,
        count(*) FILTER (support = 'refuses' AND answers_others) AS refuses, count(*) FILTER (support = 'notimp' AND answers_others) AS notimp,
        count(*) FILTER (support = 'drops' AND answers_others) AS drops, count(*) FILTER (support IS NULL) AS unknown
    FROM servers GROUP BY operator
), placed AS (
    SELECT *, row_number() OVER (ORDER BY n DESC, known DESC, operator) AS place FROM operators
)
SELECT folded(place, operator) AS dns_operator, sum(n) AS n, sum(known) AS of, sum(refuses) AS refuses, sum(notimp) AS notimp, sum(drops) AS drops, sum(unknown) AS unknown
FROM placed GROUP BY 1 ORDER BY min(place);
