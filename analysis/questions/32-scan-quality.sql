-- 32: Quality of the scan
-- asks: What share of look-ups was answered, what did retries and second looks bring, how fast was each server asked and what held the scan back, how fast did servers answer, from where?
-- who: researchers, CAs, policy groups
--
-- What other tables rest on. Lists, flags and limits of the scan stand in its manifest, and in the section on methods.

-- table look-ups: What became of the look-ups
-- figure: bars label=status value=share
--
-- All names that were asked about, by the outcome of the whole climb. ok and nxdomain are answers, in both of which CAA may have been found or not;
-- all others are failures, and in no denominator of a share of names with CAA. Unknown are names that nobody was asked about, as they or all servers
-- that could tell are on the opt-out list.
WITH counted AS (
    SELECT 1 AS place, '(answered)' AS status, sum(names) AS n FROM costs WHERE answered
    UNION ALL
    SELECT 2, status, sum(names) FROM costs WHERE status <> 'blocked' GROUP BY status
), total AS (
    SELECT sum(names) FILTER (status <> 'blocked') AS of, sum(names) FILTER (status = 'blocked') AS unknown FROM costs
)
SELECT status, coalesce(n, 0)::BIGINT AS n, coalesce(of, 0)::BIGINT AS of, coalesce(unknown, 0)::BIGINT AS unknown
FROM counted, total ORDER BY place, n DESC, status;

-- table second-looks: Second looks
--
-- A name whose first look ended in a failure that may pass is looked at again, later. By what the first look ended in: how many of them the second
-- answered. What it did not answer is a failure of the scan. Attempts: exchanges of the first look with the servers that failed, summed. Of
-- none it is unknown.
SELECT first_look_status, coalesce(sum(names) FILTER (answered), 0)::BIGINT AS n, sum(names)::BIGINT AS of,
    coalesce(sum(names) FILTER (covered), 0)::BIGINT AS covered,
    coalesce(sum(names) FILTER (NOT answered AND status <> first_look_status), 0)::BIGINT AS failed_otherwise,
    sum(first_look_attempts)::BIGINT AS attempts, 0::BIGINT AS unknown
FROM costs WHERE again AND first_look_status IS NOT NULL GROUP BY first_look_status ORDER BY of DESC, first_look_status;

-- table cost: Packets for a name
--
-- Packets, repetitions after a failure, and packets over TCP, that were sent for a name; work that names share is counted for the one that asked
-- first. Any: names with at least one. Then the number that so many per cent of the names do not exceed, and the most. 32767 stands for that and
-- more, so the sum may be too small.
WITH counted AS (
    SELECT 1 AS place, 'packets' AS measure, query_count AS value, sum(names) AS names FROM costs GROUP BY query_count
    UNION ALL SELECT 2, 'repetitions', retry_count, sum(names) FROM costs GROUP BY retry_count
    UNION ALL SELECT 3, 'over TCP', tcp_count, sum(names) FROM costs GROUP BY tcp_count
), summed AS (
    SELECT *, sum(names) OVER (PARTITION BY place ORDER BY value) AS reached, sum(names) OVER (PARTITION BY place) AS total FROM counted
)
SELECT measure, coalesce(sum(names) FILTER (value > 0), 0)::BIGINT AS any, sum(names)::BIGINT AS names,
    coalesce(sum(names) FILTER (value > 0), 0)::DOUBLE / sum(names) AS any_share, sum(value * names)::BIGINT AS sum,
    sum(value * names)::DOUBLE / sum(names) AS mean, min(value) FILTER (reached >= 0.5 * total) AS p50,
        min(value) FILTER (reached >= 0.95 * total) AS p95, min(value) FILTER (reached >= 0.99 * total) AS p99, max(value) AS most
FROM summed GROUP BY place, measure ORDER BY place;

-- table response-time: Response time of the answer that decided
-- figure: histogram label=milliseconds value=share
--
-- From the packet that was answered to its answer, waiting for the limits not included. Of names with an answer from a server; each step takes in its
-- end. Unknown are names to which none answered. Names that share what another asked show its time.
WITH steps AS (
    SELECT rtt_step AS place, sum(names)::BIGINT AS n FROM costs GROUP BY rtt_step
), total AS (
    SELECT coalesce(sum(n) FILTER (place IS NOT NULL), 0)::BIGINT AS of, coalesce(sum(n) FILTER (place IS NULL), 0)::BIGINT AS unknown FROM steps
)
SELECT milliseconds, coalesce(n, 0) AS n, of, unknown
FROM (VALUES (1, 'to 1'), (2, 'to 5'), (3, 'to 10'), (4, 'to 20'), (5, 'to 50'), (6, 'to 100'), (7, 'to 200'), (8, 'to 500'), (9, 'to 1000'),
    (10, 'more')) AS m(place, milliseconds) LEFT JOIN steps USING (place), total ORDER BY place;

-- table waiting: Waiting for the limits
-- figure: histogram label=held_back value=share
--
-- How long the limits of servers held the packets for a name back, summed over its packets; of all names that were asked about.
WITH steps AS (
    SELECT wait_step AS place, sum(names)::BIGINT AS n FROM costs WHERE status <> 'blocked' GROUP BY wait_step
), total AS (
    SELECT coalesce(sum(names) FILTER (status <> 'blocked'), 0)::BIGINT AS of, coalesce(sum(names) FILTER (status = 'blocked'), 0)::BIGINT AS unknown
        FROM costs
)
SELECT held_back, coalesce(n, 0) AS n, of, unknown
FROM (VALUES (1, 'not at all'), (2, 'to 1 s'), (3, 'to 1 min'), (4, 'to 1 h'), (5, 'longer')) AS w(place, held_back) LEFT JOIN steps USING (place),
    total ORDER BY place;

-- table servers: Servers
--
-- Every address of a name server that was met. Rates are packets sent within one second, the most that a server got: quantiles over the servers, so
-- that p95 is a rate that 95 per cent of the servers never saw exceeded. Slowed down: servers for which the limiter lowered its rate, as they
-- refused, failed or fell silent; held back: servers whose limit made packets wait. A server that was asked in several runs of the scan counts once,
-- with its highest rate.
WITH met AS (
    SELECT server_ip, sum(sent) AS sent, sum(answered) AS answered, sum(timeouts) AS timeouts, max(sent_peak) AS peak, sum(backoffs) AS backoffs,
        sum(throttled_ms) AS throttled_ms, bool_or(opted_out) AS opted_out FROM nameservers GROUP BY server_ip
)
SELECT count(*) AS servers, count(*) FILTER (sent > 0) AS asked, count(*) FILTER (answered > 0) AS answering,
    count(*) FILTER (opted_out) AS opted_out,
    count(*) FILTER (throttled_ms > 0) AS held_back, count(*) FILTER (backoffs > 0) AS slowed_down,
    coalesce(sum(sent), 0)::BIGINT AS packets, coalesce(sum(answered), 0)::BIGINT AS replies, CASE
        WHEN sum(sent) > 0 THEN sum(answered)::DOUBLE / sum(sent) END AS replies_share, coalesce(sum(timeouts), 0)::BIGINT AS timeouts,
    quantile_disc(peak, 0.5) FILTER (sent > 0) AS rate_p50, quantile_disc(peak, 0.95) FILTER (sent > 0) AS rate_p95,
        quantile_disc(peak, 0.99) FILTER (sent > 0) AS rate_p99, max(peak) FILTER (sent > 0) AS rate_most
FROM met;

-- table server-rates: Highest rate of a server
-- figure: histogram label=packets_a_second value=servers_share
--
-- Servers by the most packets that they got within one second, over all runs. Above: servers for which that is more than the rate that the limiter
-- allowed them at the end of the scan. It is no breach: the limiter lowers a rate when a server objects, after which the rate before is higher than
-- the one at the end, and a second that spans a full bucket and its refilling has a little more. What the limit was at the beginning stands in the
-- manifest.
WITH met AS (
    SELECT server_ip, max(sent_peak) AS peak, arg_max(rate_limit_qps, run) AS limited FROM nameservers WHERE sent > 0 GROUP BY server_ip
), steps AS (
    SELECT CASE WHEN peak <= 1 THEN 1 WHEN peak <= 2 THEN 2 WHEN peak <= 5 THEN 3 WHEN peak <= 10 THEN 4 WHEN peak <= 20 THEN 5 WHEN peak <= 50 THEN 6
        WHEN peak <= 100 THEN 7 WHEN peak <= 1000 THEN 8 ELSE 9 END AS place, count(*) AS servers,
        count(*) FILTER (peak > limited) AS above, count(*) FILTER (limited IS NULL) AS no_limit FROM met GROUP BY 1
)
SELECT packets_a_second, coalesce(servers, 0) AS servers, coalesce(servers, 0) / (SELECT count(*) FROM met) AS servers_share,
    coalesce(above, 0) AS above_limit_at_end, coalesce(no_limit, 0) AS no_limit
FROM (VALUES (1, '1'), (2, '2'), (3, 'to 5'), (4, 'to 10'), (5, 'to 20'), (6, 'to 50'), (7, 'to 100'), (8, 'to 1000'), (9, 'more')) AS r(place,
    packets_a_second)
LEFT JOIN steps USING (place) ORDER BY place;

-- table throttled-servers: The servers that held the scan back most
--
-- The first 1000 by the time for which the limiter held packets to them back, summed over packets that waited at the same time, so that it may exceed
-- the length of the scan. Limit: packets a second that the limiter allowed at the end; highest rate: the most it sent within one second. Cause: what
-- most often made the limiter slow down.
SELECT server_ip, array_to_string(arg_max(server_names, run), ', ') AS server_names, arg_max(dns_operator, run) AS dns_operator,
    sum(throttled_ms)::BIGINT AS held_back_ms, sum(sent)::BIGINT AS sent, sum(answered)::BIGINT AS answered, sum(timeouts)::BIGINT AS timeouts,
    sum(refused)::BIGINT AS refused, max(sent_peak) AS highest_rate, arg_max(rate_limit_qps, run) AS limit_at_end,
        sum(backoffs)::BIGINT AS slowed_down, arg_max(backoff_cause, run) AS cause
FROM nameservers GROUP BY server_ip HAVING sum(throttled_ms) > 0 ORDER BY held_back_ms DESC, server_ip LIMIT 1000;

-- table server-response-times: Response times of servers
--
-- Quantiles over the servers that answered, each with its own median and 95th percentile, in milliseconds; in each run apart.
SELECT run, count(*) AS servers, quantile_disc(rtt_p50_us, 0.05) / 1000 AS median_p5, quantile_disc(rtt_p50_us, 0.5) / 1000 AS median_p50,
    quantile_disc(rtt_p50_us, 0.95) / 1000 AS median_p95, quantile_disc(rtt_p95_us, 0.5) / 1000 AS p95_p50,
    quantile_disc(rtt_p95_us, 0.95) / 1000 AS p95_p95
FROM nameservers WHERE rtt_p50_us IS NOT NULL GROUP BY run ORDER BY run;

-- table vantages: By vantage
--
-- From where the names were looked up, and by which worker; the share of look-ups that were answered. Unknown are names that nobody was asked about.
SELECT coalesce(vantage, '(not stated)') AS vantage, coalesce(worker_id, '(not stated)') AS worker,
    coalesce(sum(names) FILTER (answered), 0)::BIGINT AS n,
    coalesce(sum(names) FILTER (status <> 'blocked'), 0)::BIGINT AS of, coalesce(sum(names) FILTER (status = 'blocked'), 0)::BIGINT AS unknown
FROM costs GROUP BY 1, 2 ORDER BY of DESC, vantage, worker;

-- table runs: Scans and their runs
--
-- The scans of this round, and of each the runs: a scan that was stopped and continued has several. Packets are those of the run, by the table of
-- servers.
SELECT scan_id, s.source, s.shard, s.shards, s.started_at, s.ended_at, s.state, s."rows" AS names, r.run, coalesce(r.servers, 0) AS servers,
    coalesce(r.sent, 0)::BIGINT AS packets, coalesce(r.answered, 0)::BIGINT AS replies, coalesce(r.timeouts, 0)::BIGINT AS timeouts,
    r.first_at AS first_packet, r.last_at AS last_packet
FROM scans s LEFT JOIN (
    SELECT scan_id, run, count(*) AS servers, sum(sent) AS sent, sum(answered) AS answered, sum(timeouts) AS timeouts, min(first_at) AS first_at,
        max(last_at) AS last_at FROM nameservers GROUP BY scan_id, run
) r USING (scan_id) WHERE s.round = (SELECT round FROM scans WHERE scan_id = (SELECT scan_id FROM domains LIMIT 1)) ORDER BY s.started_at, scan_id,
    r.run;
