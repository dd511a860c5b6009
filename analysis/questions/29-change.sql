-- 29: What has changed
-- asks: What changed between two scans: who adopted CAA, who removed it, who changed issuers, what became bogus? How much churn is there by operator, and how does it go over time?
-- who: researchers, policy groups
--
-- Rounds are compared name by name, each with the next of the same vantage. A name counts once in a round, on however many lines of the list it stands: by a line
-- whose look-up was answered before one whose look-up failed, of those by the first.
--
-- Adopted and removed are said only of names whose look-up was answered in both rounds. One that failed in either is unknown: it has neither adopted nor removed
-- anything. Nor has a name that left the list, or that ceased to exist. Where a set stands is told apart: only what stands at the name itself is the choice of its
-- owner; by alias is what a hoster has at the end of a CNAME, inherited what an ancestor has.
--
-- All tables but those over time are about the last step, from the round before to the one that this report is about.

-- table change-rounds: The rounds
-- needs: rounds (scans at two times or more)
--
-- Names are those of the list, each once. Own: at the name itself. Covered: there, by alias or inherited. Restricted for TLS: the set names issuers, or nobody, or
-- has a critical property that forbids all issuance. Shares of DNSSEC are those of names whose state is known.
SELECT r.round, min(s.started_at) AS began, any_value(s.source ORDER BY s.source) AS source, any_value(s.vantage ORDER BY s.vantage) AS vantage,
    bool_and(s.state = 'complete') AS complete, names, answered, names - answered AS unknown,
    covered, covered / nullif(answered, 0) AS covered_share, own, own / nullif(answered, 0) AS own_share,
    issuemail, issuemail / nullif(answered, 0) AS issuemail_share, tls_restricted, tls_restricted / nullif(answered, 0) AS tls_restricted_share,
    secure, secure / nullif(secure + insecure + bogus, 0) AS secure_share, bogus, bogus / nullif(secure + insecure + bogus, 0) AS bogus_share
FROM change_rounds AS r JOIN scans AS s ON s.round = r.round
GROUP BY ALL ORDER BY r.round;

-- table change-series: Over time
-- needs: rounds (scans at two times or more)
-- figure: lines x=began series=measure value=share
--
-- Of the names of each round, whichever these are: a list that changes shows here, too.
SELECT (SELECT min(started_at) FROM scans AS s WHERE s.round = r.round) AS began, measure, n, of, names - of AS unknown
FROM (
    SELECT round, names, unnest([
        {'place': 1, 'measure': 'any CAA', 'n': covered, 'of': answered},
        {'place': 2, 'measure': 'own set', 'n': own, 'of': answered},
        {'place': 3, 'measure': 'issuemail', 'n': issuemail, 'of': answered},
        {'place': 4, 'measure': 'restricted for TLS', 'n': tls_restricted, 'of': answered},
        {'place': 5, 'measure': 'DNSSEC secure', 'n': secure, 'of': secure + insecure + bogus},
        {'place': 6, 'measure': 'DNSSEC bogus', 'n': bogus, 'of': secure + insecure + bogus}
    ], recursive := true)
    FROM change_rounds
) AS r
ORDER BY r.round, place;

-- table change-steps: From round to round
-- needs: rounds (scans at two times or more)
-- figure: lines x=began value=share
--
-- The names that got another set, or one for the first time, or lost theirs, of those whose look-up was answered in both rounds. Each row is about the step to the
-- round that began then.
SELECT (SELECT min(started_at) FROM scans AS s WHERE s.round = c.round) AS began,
    coalesce(sum(names) FILTER (altered), 0)::BIGINT AS n, coalesce(sum(names) FILTER (among = 'answered'), 0)::BIGINT AS of,
    coalesce(sum(names) FILTER (change LIKE 'adopted%'), 0)::BIGINT AS adopted, coalesce(sum(names) FILTER (change LIKE 'removed%'), 0)::BIGINT AS removed,
    coalesce(sum(names) FILTER (change = 'changed issuers'), 0)::BIGINT AS changed_issuers, coalesce(sum(names) FILTER (change = 'changed otherwise'), 0)::BIGINT AS changed_otherwise,
    coalesce(sum(names) FILTER (change = 'ceased to exist'), 0)::BIGINT AS ceased_to_exist, coalesce(sum(names) FILTER (change = 'came to exist'), 0)::BIGINT AS came_to_exist,
    coalesce(sum(names) FILTER (change = 'became bogus'), 0)::BIGINT AS became_bogus,
    coalesce(sum(names) FILTER (change = 'appeared'), 0)::BIGINT AS appeared, coalesce(sum(names) FILTER (change = 'vanished'), 0)::BIGINT AS vanished,
    coalesce(sum(names) FILTER (among = 'both'), 0)::BIGINT AS unknown
FROM change_steps AS c JOIN change_words USING (change)
GROUP BY c.round ORDER BY c.round;

-- table change: What became of the names
-- needs: rounds (scans at two times or more)
--
-- Every name of either round is in one row. The column among says of which names the row is a share: those whose look-up was answered in both rounds, those in both
-- rounds, those in either. Unknown are names in both rounds whose look-up failed in one of them.
WITH counted AS (
    SELECT place, change, among, meaning, coalesce(names, 0) AS names
    FROM change_words LEFT JOIN (SELECT change, sum(names)::BIGINT AS names FROM change_counts WHERE tld IS NOT NULL GROUP BY change) USING (change)
)
SELECT change, names AS n, among,
    (SELECT sum(names) FROM counted AS c WHERE counted.among = 'either' OR c.among = counted.among OR c.among = 'answered' AND counted.among = 'both')::BIGINT AS of,
    CASE WHEN among = 'answered' THEN (SELECT sum(names) FROM counted WHERE among = 'both') ELSE 0 END::BIGINT AS unknown, meaning
FROM counted ORDER BY place;

-- table change-stand: Where the set stands
-- needs: rounds (scans at two times or more)
-- figure: heat x=stood value=n y=stands
--
-- Of the names whose look-up was answered in both rounds.
SELECT t.stand AS stood, n.stand AS stands, sum(names)::BIGINT AS n,
    (SELECT sum(names) FROM change_counts JOIN change_words USING (change) WHERE tld IS NOT NULL AND among = 'answered')::BIGINT AS of,
    (SELECT coalesce(sum(names), 0) FROM change_counts JOIN change_words USING (change) WHERE tld IS NOT NULL AND among = 'both')::BIGINT AS unknown
FROM change_counts JOIN change_marks AS t ON t.id = then_mark JOIN change_marks AS n ON n.id = now_mark
WHERE t.stand IS NOT NULL AND n.stand IS NOT NULL
GROUP BY t.stand, n.stand ORDER BY t.stand, n.stand;

-- table change-kinds: Issuers by kind of certificate
-- needs: rounds (scans at two times or more)
-- figure: bars label=kind value=share
--
-- Of the names with a set in both rounds, those where others may issue now than then. Opened: then it was restricted, now everybody may; closed: now nobody may.
WITH swapped AS (
    SELECT s.*, names, t.tls_posture AS tls_then, n.tls_posture AS tls_now, t.tls_wild_posture AS tls_wild_then, n.tls_wild_posture AS tls_wild_now,
        t.smime_posture AS smime_then, n.smime_posture AS smime_now, t.vmc_posture AS vmc_then, n.vmc_posture AS vmc_now
    FROM (SELECT then_set, now_set, sum(names) AS names FROM change_counts WHERE then_set > 0 AND now_set > 0 GROUP BY ALL) AS c
    JOIN change_swaps AS s ON s.then_set = c.then_set AND s.now_set = c.now_set
    JOIN change_sets AS t ON t.id = c.then_set JOIN change_sets AS n ON n.id = c.now_set
), by_kind AS (
    SELECT names, unnest([
        {'place': 1, 'kind': 'TLS', 'changed': tls, 'was': tls_then, 'is_now': tls_now},
        {'place': 2, 'kind': 'TLS wildcard', 'changed': tls_wild, 'was': tls_wild_then, 'is_now': tls_wild_now},
        {'place': 3, 'kind': 'S/MIME', 'changed': smime, 'was': smime_then, 'is_now': smime_now},
        {'place': 4, 'kind': 'mark', 'changed': vmc, 'was': vmc_then, 'is_now': vmc_now}
    ], recursive := true)
    FROM swapped
), counted AS (
    SELECT place, kind, sum(names) FILTER (changed) AS n,
        sum(names) FILTER (changed AND was = 'open') AS restricted, sum(names) FILTER (changed AND is_now = 'open') AS opened,
        sum(names) FILTER (changed AND is_now IN ('closed', 'blocked') AND was NOT IN ('closed', 'blocked')) AS closed
    FROM by_kind GROUP BY ALL
)
SELECT kind, coalesce(n, 0)::BIGINT AS n,
    (SELECT coalesce(sum(names), 0) FROM change_counts WHERE then_set > 0 AND now_set > 0)::BIGINT AS of,
    coalesce(restricted, 0)::BIGINT AS newly_restricted, coalesce(opened, 0)::BIGINT AS opened, coalesce(closed, 0)::BIGINT AS closed,
    (SELECT coalesce(sum(names), 0) FROM change_counts JOIN change_words USING (change) WHERE tld IS NOT NULL AND among = 'both')::BIGINT AS unknown
FROM (VALUES (1, 'TLS'), (2, 'TLS wildcard'), (3, 'S/MIME'), (4, 'mark')) AS k(place, kind) LEFT JOIN counted USING (place, kind)
ORDER BY place;

-- table change-owners: Issuers gained and lost, by owner
-- needs: rounds (scans at two times or more)
--
-- The names that an owner's identifiers stand for, of those whose look-up was answered in both rounds: gained where now a set names it and then none did, by whatever
-- change, lost the reverse. Owners are by the table of issuers of this caareport, for both rounds alike.
WITH sets AS (
    SELECT DISTINCT id, kind, coalesce(owner, '(not known)') AS owner
    FROM (
        SELECT id, 'TLS' AS kind, unnest(tls_issuers) AS issuer FROM change_sets
        UNION ALL SELECT id, 'TLS wildcard', unnest(tls_wild_issuers) FROM change_sets
        UNION ALL SELECT id, 'S/MIME', unnest(smime_issuers) FROM change_sets
        UNION ALL SELECT id, 'mark', unnest(vmc_issuers) FROM change_sets
    ) LEFT JOIN change_issuers USING (issuer)
), moved AS (
    SELECT then_set, now_set, sum(names) AS names FROM change_counts JOIN change_words USING (change)
    WHERE then_set IS NOT NULL AND among = 'answered' AND change <> 'not compared' GROUP BY ALL
), named AS (
    SELECT then_set, now_set, kind, owner, any_value(names) AS names, bool_or(NOT is_now) AS was, bool_or(is_now) AS is_now
    FROM (
        SELECT moved.*, kind, owner, false AS is_now FROM moved JOIN sets ON id = then_set
        UNION ALL SELECT moved.*, kind, owner, true FROM moved JOIN sets ON id = now_set
    ) GROUP BY then_set, now_set, kind, owner
), counted AS (
    SELECT kind, owner, coalesce(sum(names) FILTER (was), 0)::BIGINT AS names_then, coalesce(sum(names) FILTER (is_now), 0)::BIGINT AS names_now,
        coalesce(sum(names) FILTER (is_now AND NOT was), 0)::BIGINT AS gained, coalesce(sum(names) FILTER (was AND NOT is_now), 0)::BIGINT AS lost
    FROM named GROUP BY kind, owner
)
SELECT kind, owner, names_then, names_now, gained, lost, gained - lost AS net
FROM counted ORDER BY kind = 'mark', kind = 'S/MIME', kind = 'TLS wildcard', greatest(names_then, names_now) DESC, owner LIMIT 1000;

-- table change-by-operator: By DNS operator
-- needs: rounds (scans at two times or more)
-- figure: bars label=dns_operator value=share
--
-- By the operator now. Moved are names that another operator served then, and of those the ones with another set: a hoster's set that came with the move.
WITH counted AS (
    SELECT coalesce(o.dns_operator, '(not known)') AS dns_operator, sum(names) FILTER (altered) AS n, sum(names) FILTER (among = 'answered') AS of,
        sum(names) FILTER (change LIKE 'adopted%') AS adopted, sum(names) FILTER (change LIKE 'removed%') AS removed,
        sum(names) FILTER (change = 'changed issuers') AS changed_issuers, sum(names) FILTER (change = 'changed otherwise') AS changed_otherwise,
        sum(names) FILTER (change = 'became bogus') AS became_bogus,
        sum(names) FILTER (then_operator > 0 AND now_operator > 0 AND then_operator <> now_operator AND among = 'answered') AS moved,
        sum(names) FILTER (then_operator > 0 AND now_operator > 0 AND then_operator <> now_operator AND altered) AS moved_and_changed,
        sum(names) FILTER (among = 'both') AS unknown
    FROM change_counts JOIN change_words USING (change) LEFT JOIN change_operators AS o ON o.id = now_operator
    WHERE now_operator IS NOT NULL AND among <> 'either' GROUP BY 1
), placed AS (
    SELECT *, row_number() OVER (ORDER BY coalesce(of, 0) DESC, dns_operator) AS place FROM counted
)
SELECT CASE WHEN place <= 1000 THEN dns_operator ELSE '(all others)' END AS dns_operator, coalesce(sum(n), 0)::BIGINT AS n, coalesce(sum(of), 0)::BIGINT AS of,
    coalesce(sum(adopted), 0)::BIGINT AS adopted, coalesce(sum(removed), 0)::BIGINT AS removed, coalesce(sum(changed_issuers), 0)::BIGINT AS changed_issuers,
    coalesce(sum(changed_otherwise), 0)::BIGINT AS changed_otherwise, coalesce(sum(became_bogus), 0)::BIGINT AS became_bogus,
    coalesce(sum(moved), 0)::BIGINT AS moved, coalesce(sum(moved_and_changed), 0)::BIGINT AS moved_and_changed, coalesce(sum(unknown), 0)::BIGINT AS unknown
FROM placed GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);

-- table change-moves: Names that moved to another operator
-- needs: rounds (scans at two times or more)
--
-- From which operator to which; n are the names with another set there, of those that moved and whose look-up was answered in both rounds.
WITH counted AS (
    SELECT t.dns_operator AS moved_from, n.dns_operator AS moved_to, sum(names) FILTER (altered) AS n, sum(names) FILTER (among = 'answered') AS of,
        sum(names) FILTER (change LIKE 'adopted%') AS adopted, sum(names) FILTER (change LIKE 'removed%') AS removed, sum(names) FILTER (among = 'both') AS unknown
    FROM change_counts JOIN change_words USING (change) JOIN change_operators AS t ON t.id = then_operator JOIN change_operators AS n ON n.id = now_operator
    WHERE then_operator <> now_operator GROUP BY ALL
), placed AS (
    SELECT *, row_number() OVER (ORDER BY coalesce(of, 0) DESC, moved_from, moved_to) AS place FROM counted
)
SELECT CASE WHEN place <= 1000 THEN moved_from ELSE '(all others)' END AS moved_from, CASE WHEN place <= 1000 THEN moved_to ELSE '(all others)' END AS moved_to,
    coalesce(sum(n), 0)::BIGINT AS n, coalesce(sum(of), 0)::BIGINT AS of, coalesce(sum(adopted), 0)::BIGINT AS adopted, coalesce(sum(removed), 0)::BIGINT AS removed,
    coalesce(sum(unknown), 0)::BIGINT AS unknown
FROM placed GROUP BY 1, 2, least(place, 1001) ORDER BY least(place, 1001);

-- table change-churn: Churn by DNS operator
-- needs: rounds (scans at two times or more)
--
-- Over all steps together: names that came from other operators or left for them, that the list gained or lost, and what became of the sets of names that an operator
-- had at the end of a step. A name whose operator is not known in one of the two rounds has not moved.
WITH placed AS (
    SELECT *, row_number() OVER (ORDER BY arrived + "left" + appeared + vanished DESC, adopted + removed + changed DESC, dns_operator) AS place FROM change_churn
)
SELECT CASE WHEN place <= 1000 THEN dns_operator ELSE '(all others)' END AS dns_operator, sum(arrived)::BIGINT AS arrived, sum("left")::BIGINT AS "left",
    sum(appeared)::BIGINT AS appeared, sum(vanished)::BIGINT AS vanished, sum(adopted)::BIGINT AS adopted, sum(removed)::BIGINT AS removed, sum(changed)::BIGINT AS changed
FROM placed GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);

-- table change-by-tld: By TLD
-- needs: rounds (scans at two times or more)
-- figure: bars label=tld value=share
WITH counted AS (
    SELECT tld, sum(names) FILTER (altered) AS n, sum(names) FILTER (among = 'answered') AS of,
        sum(names) FILTER (change LIKE 'adopted%') AS adopted, sum(names) FILTER (change LIKE 'removed%') AS removed,
        sum(names) FILTER (change = 'changed issuers') AS changed_issuers, sum(names) FILTER (change = 'changed otherwise') AS changed_otherwise,
        sum(names) FILTER (change = 'appeared') AS appeared, sum(names) FILTER (change = 'vanished') AS vanished, sum(names) FILTER (among = 'both') AS unknown
    FROM change_counts JOIN change_words USING (change) WHERE tld IS NOT NULL GROUP BY tld
), placed AS (
    SELECT *, row_number() OVER (ORDER BY coalesce(of, 0) DESC, tld) AS place FROM counted
)
SELECT CASE WHEN place <= 1000 THEN tld ELSE '(all others)' END AS tld, coalesce(sum(n), 0)::BIGINT AS n, coalesce(sum(of), 0)::BIGINT AS of,
    coalesce(sum(adopted), 0)::BIGINT AS adopted, coalesce(sum(removed), 0)::BIGINT AS removed, coalesce(sum(changed_issuers), 0)::BIGINT AS changed_issuers,
    coalesce(sum(changed_otherwise), 0)::BIGINT AS changed_otherwise, coalesce(sum(appeared), 0)::BIGINT AS appeared, coalesce(sum(vanished), 0)::BIGINT AS vanished,
    coalesce(sum(unknown), 0)::BIGINT AS unknown
FROM placed GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);

-- table change-by-bucket: By rank
-- needs: rounds (scans at two times or more)
-- figure: bars label=rank_bucket value=share
--
-- By the rank now; of names that vanished from the list, by that of then.
SELECT bucket AS rank_bucket,
    coalesce(sum(names) FILTER (altered), 0)::BIGINT AS n, coalesce(sum(names) FILTER (among = 'answered'), 0)::BIGINT AS of,
    coalesce(sum(names) FILTER (change LIKE 'adopted%'), 0)::BIGINT AS adopted, coalesce(sum(names) FILTER (change LIKE 'removed%'), 0)::BIGINT AS removed,
    coalesce(sum(names) FILTER (change = 'changed issuers'), 0)::BIGINT AS changed_issuers, coalesce(sum(names) FILTER (change = 'changed otherwise'), 0)::BIGINT AS changed_otherwise,
    coalesce(sum(names) FILTER (change = 'appeared'), 0)::BIGINT AS appeared, coalesce(sum(names) FILTER (change = 'vanished'), 0)::BIGINT AS vanished,
    coalesce(sum(names) FILTER (among = 'both'), 0)::BIGINT AS unknown
FROM (
    SELECT change, names, coalesce(CASE WHEN now_mark > 0 THEN n.rank_bucket ELSE t.rank_bucket END, '(none)') AS bucket
    FROM change_counts LEFT JOIN change_marks AS t ON t.id = then_mark LEFT JOIN change_marks AS n ON n.id = now_mark
    WHERE then_mark IS NOT NULL
) JOIN change_words USING (change)
GROUP BY bucket ORDER BY coalesce(list_position(['1-1k', '1k-10k', '10k-100k', '100k-1m', '1m+'], bucket), 6), bucket;

-- table change-dnssec: DNSSEC
-- needs: rounds (scans at two times or more)
--
-- Of the names in both rounds whose state is known in both: secure, insecure or bogus. It is that of the answer about CAA, denial included; where no set was found, the
-- worst of all levels that were asked.
WITH states AS (
    SELECT t.dnssec_status AS was, n.dnssec_status AS is_now, sum(names) AS names
    FROM change_counts JOIN change_marks AS t ON t.id = then_mark JOIN change_marks AS n ON n.id = now_mark GROUP BY ALL
), known AS (
    FROM states WHERE was IN ('secure', 'insecure', 'bogus') AND is_now IN ('secure', 'insecure', 'bogus')
)
SELECT change, coalesce(sum(names), 0)::BIGINT AS n, (SELECT coalesce(sum(names), 0) FROM known)::BIGINT AS of,
    (SELECT coalesce(sum(names), 0) FROM states)::BIGINT - (SELECT coalesce(sum(names), 0) FROM known)::BIGINT AS unknown
FROM (VALUES (1, 'became secure', ['insecure', 'bogus'], ['secure']), (2, 'became insecure', ['secure', 'bogus'], ['insecure']), (3, 'became bogus', ['secure', 'insecure'], ['bogus']),
    (4, 'stayed secure', ['secure'], ['secure']), (5, 'stayed insecure', ['insecure'], ['insecure']), (6, 'stayed bogus', ['bogus'], ['bogus'])) AS c(place, change, of_then, of_now)
LEFT JOIN known ON list_contains(of_then, was) AND list_contains(of_now, is_now)
GROUP BY place, change ORDER BY place;

-- table change-failures: Failures then and now
-- needs: rounds (scans at two times or more)
--
-- Of the names in both rounds. What failed in one of them is not among those that changed.
SELECT CASE WHEN t.stand IS NULL THEN coalesce(t.failure, '(not known)') ELSE 'answered' END AS status_then,
    CASE WHEN n.stand IS NULL THEN coalesce(n.failure, '(not known)') ELSE 'answered' END AS status_now, sum(names)::BIGINT AS names
FROM change_counts JOIN change_marks AS t ON t.id = then_mark JOIN change_marks AS n ON n.id = now_mark
GROUP BY ALL ORDER BY names DESC, status_then, status_now LIMIT 1000;

-- table change-existence: Existence
-- needs: rounds (scans at two times or more)
--
-- Of the names in both rounds, with NXDOMAIN or without; unresolved: not known, for a look-up failed.
SELECT t.exists AS exists_then, n.exists AS exists_now, sum(names)::BIGINT AS names
FROM change_counts JOIN change_marks AS t ON t.id = then_mark JOIN change_marks AS n ON n.id = now_mark
GROUP BY ALL ORDER BY names DESC, exists_then, exists_now;

-- table change-names: Names
-- needs: rounds (scans at two times or more)
--
-- The first 1000 in alphabetical order whose set is another one, or whose look-up became bogus; caareport compare --list writes all that are not unchanged.
SELECT query_name, change, set_then, set_now, dns_operator_then, dns_operator_now
FROM change_list WHERE change IN (SELECT change FROM change_words WHERE altered) OR change = 'became bogus' ORDER BY query_name LIMIT 1000;
