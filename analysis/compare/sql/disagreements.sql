-- 0: What several vantages see
-- asks: On which names would the remote perspectives of a CA not corroborate what its primary perspective found?
-- who: CAs, researchers
--
-- A CA asks from several places in the network (multi-perspective issuance corroboration, BR 3.2.2.9). Each name is decided on the evidence of every vantage, under the
-- profile in force, by the same code as caascan check; here is the primary perspective, there a remote one. A remote corroborates if its own verdict permits, whatever
-- records it saw. Verdicts: true, the CA may issue; false, it must not; unknown, the rule leaves it open, or the evidence does.
--
-- The scans were not made at the same second: what changed in between looks like a disagreement.

-- table vantage-perspectives: The perspectives
--
-- The first is the primary one. Each vantage is taken to be in a region of its own.
SELECT place, coalesce(vantage, '(not stated)') AS vantage, began, complete, lines FROM vantage_perspectives ORDER BY place;

-- table vantage-disagreements: Permitted here, and not there
-- figure: stacked label=vantage series=why value=n
--
-- Of the names that the primary perspective permits (of), those that a remote does not, and why. Refused: it must not issue; open: the rule leaves it to the CA.
-- Unknown are names whose verdict is open at the primary perspective itself, and those that were not measured there.
WITH base AS (
    SELECT place, remote, coalesce(sum(names) FILTER (here = 'true' AND why IS DISTINCT FROM 'not measured there'), 0)::BIGINT AS of,
        coalesce(sum(names) FILTER (here = 'unknown' OR here = 'true' AND why = 'not measured there'), 0)::BIGINT AS unknown
    FROM vantage_counts GROUP BY place, remote
), reasons AS (
    SELECT place, remote, why, sum(names)::BIGINT AS n, coalesce(sum(names) FILTER (there = 'false'), 0)::BIGINT AS refused, coalesce(sum(names) FILTER (there = 'unknown'), 0)::BIGINT AS open
    FROM vantage_counts WHERE here = 'true' AND there <> 'true' AND why <> 'not measured there' GROUP BY place, remote, why
)
SELECT c.ca, c.kind, coalesce(p.vantage, '(not stated)') AS vantage, r.why, r.n, of, refused, open, unknown
FROM reasons AS r JOIN base USING (place, remote) JOIN vantage_cases AS c USING (place) JOIN vantage_perspectives AS p ON p.place = r.remote
ORDER BY place, remote, r.n DESC, r.why;

-- table vantage-verdicts: All verdicts
--
-- Of the names that the primary perspective has.
SELECT c.ca, c.kind, coalesce(p.vantage, '(not stated)') AS vantage, here, there, coalesce(why, 'they agree') AS why, sum(v.names)::BIGINT AS names
FROM vantage_counts AS v JOIN vantage_cases AS c USING (place) JOIN vantage_perspectives AS p ON p.place = v.remote
GROUP BY v.place, v.remote, c.ca, c.kind, p.vantage, here, there, why ORDER BY v.place, v.remote, names DESC, here, there, why;

-- table vantage-mpic: What the quorum makes of it
--
-- Of the names that the primary perspective permits, those that would not be issued for want of corroboration: one remote of two to five may fail to corroborate, two of six
-- and more. A profile demands at least so many remotes, in so many regions; where there are fewer here, the rule is applied to those that are. Unknown are names for
-- which it is left open.
SELECT c.ca, c.kind, c.profile, c.remotes, c.remotes_demanded, c.regions_demanded,
    coalesce(sum(w.names) FILTER (v.corroborated = 'false'), 0)::BIGINT AS n,
    coalesce(sum(w.names) FILTER (v.corroborated <> 'unknown'), 0)::BIGINT AS of,
    coalesce(sum(w.names) FILTER (v.corroborated = 'false' AND v.mpic_reason = 'mpic-quorum'), 0)::BIGINT AS by_quorum,
    coalesce(sum(w.names) FILTER (v.corroborated = 'false' AND v.mpic_reason = 'mpic-rir'), 0)::BIGINT AS by_region,
    coalesce(sum(w.names) FILTER (v.lost > 0 AND v.corroborated = 'true'), 0)::BIGINT AS corroborated_all_the_same,
    coalesce(sum(w.names) FILTER (v.corroborated = 'unknown'), 0)::BIGINT AS unknown
FROM vantage_cases AS c LEFT JOIN vantage_verdicts AS v ON v.place = c.place AND v.here = 'true' LEFT JOIN vantage_views AS w ON w.view = v.view
GROUP BY c.place, c.ca, c.kind, c.profile, c.remotes, c.remotes_demanded, c.regions_demanded ORDER BY c.place;

-- table vantage-by-operator: By DNS operator
--
-- Of the names that the primary perspective permits, those that at least one remote does not. The operator is as the primary perspective learned it.
WITH groups AS (
    SELECT operator, w.view, count(*) AS names
    FROM vantage_seen AS n JOIN vantage_views AS w ON {{range $i, $p := .}}{{if $i}} AND {{end}}w.evidence{{.}} IS NOT DISTINCT FROM n.evidence{{.}}{{end}}
    GROUP BY ALL
), counted AS (
    SELECT v.place, v.ca, v.kind, coalesce(o.dns_operator, '(not known)') AS dns_operator,
        sum(g.names) FILTER (v.here = 'true' AND v.lost > 0) AS n, sum(g.names) FILTER (v.here = 'true' AND v.measured > 0) AS of,
        sum(g.names) FILTER (v.corroborated = 'false' AND v.here = 'true') AS not_corroborated, sum(g.names) FILTER (v.here = 'unknown' OR v.measured = 0 AND v.here = 'true') AS unknown
    FROM groups AS g JOIN vantage_verdicts AS v ON v.view = g.view LEFT JOIN vantage_operators AS o ON o.id = g.operator
    GROUP BY ALL
), placed AS (
    SELECT *, least(row_number() OVER (PARTITION BY place ORDER BY coalesce(n, 0) DESC, coalesce(of, 0) DESC, dns_operator), 1001) AS rank FROM counted
)
SELECT ca, kind, CASE WHEN rank <= 1000 THEN dns_operator ELSE '(all others)' END AS dns_operator, coalesce(sum(n), 0)::BIGINT AS n, coalesce(sum(of), 0)::BIGINT AS of,
    coalesce(sum(not_corroborated), 0)::BIGINT AS not_corroborated, coalesce(sum(unknown), 0)::BIGINT AS unknown
FROM placed GROUP BY place, ca, kind, 3, rank ORDER BY place, rank;

-- table vantage-names: Names
--
-- The first 1000 in alphabetical order on which some remote has another verdict; --list writes all.
{{template "vantagelist.sql" .}} LIMIT 1000;
