-- 22: Other parameters
-- asks: Which parameters besides those of RFC 8657 do records carry (cansignhttpexchanges, account, policy), and for which issuers?
-- who: researchers
--
-- What a parameter means is for the CA to say that the record names (RFC 8659 section 4.2); others pass over it. Counted are covered names whose set
-- says who may issue; own names are those whose own look-up gave the set, by an alias or not, while the others inherit it; unknown are names whose
-- look-up failed. accounturi and validationmethods on issuemail and issuevmc are counted here, as RFC 8657 does not reach there; names of parameters
-- are shown in lower case. A malformed value has no parameters at all, whatever it holds.

-- table other-parameters: By name
-- figure: bars label=parameter value=share
--
-- A name counts for each parameter, and in the first row once. Values: how many different ones there are. Nobody: names where a record with the
-- parameter names no issuer, so that it means nothing. The first 1000, and the others, each of which counts for itself.
WITH params AS (
    SELECT name, value, set_id, names, own_names, issuer_domain IS NULL AS nobody FROM set_params
        WHERE NOT (name IN ('accounturi', 'validationmethods') AND tag IN ('issue', 'issuewild'))
), hits AS (
    SELECT name, set_id, any_value(names) AS names, any_value(own_names) AS own_names, bool_or(nobody) AS nobody FROM params GROUP BY name, set_id
), counted AS (
    SELECT name, sum(names)::BIGINT AS n, sum(own_names)::BIGINT AS own_names, coalesce(sum(names) FILTER (nobody), 0)::BIGINT AS nobody,
        any_value(different) AS different,
        row_number() OVER (ORDER BY sum(names) DESC, name) AS place
    FROM hits JOIN (SELECT name, count(DISTINCT value) AS different FROM params GROUP BY name) USING (name) GROUP BY name
    UNION ALL
    SELECT '(any)', coalesce(sum(names), 0)::BIGINT, coalesce(sum(own_names), 0)::BIGINT, coalesce(sum(names) FILTER (nobody), 0)::BIGINT, NULL, 0
    FROM (SELECT any_value(names) AS names, any_value(own_names) AS own_names, bool_or(nobody) AS nobody FROM params GROUP BY set_id)
)
SELECT CASE WHEN place <= 1000 THEN name ELSE '(all others)' END AS parameter, sum(n)::BIGINT AS n, any_value(issuing) AS of,
    sum(own_names)::BIGINT AS own_names, sum(nobody)::BIGINT AS nobody,
    CASE WHEN min(place) <= 1000 THEN any_value(different) END AS different_values, any_value(unknown) AS unknown
FROM counted, coverage GROUP BY 1, least(place, 1001) ORDER BY least(place, 1001);

-- table other-parameter-values: By name, value, tag and issuer
--
-- Parameters as above; the 1000 combinations with the most names; a name counts for each.
SELECT name AS parameter, value, tag, coalesce(issuer_domain, '(nobody)') AS issuer, sum(names)::BIGINT AS names, sum(own_names)::BIGINT AS own_names
FROM (
    SELECT name, value, tag, issuer_domain, set_id, any_value(names) AS names, any_value(own_names) AS own_names FROM set_params
    WHERE NOT (name IN ('accounturi', 'validationmethods') AND tag IN ('issue', 'issuewild')) GROUP BY name, value, tag, issuer_domain, set_id
) GROUP BY name, value, tag, issuer_domain ORDER BY names DESC, parameter, value, tag, issuer LIMIT 1000;
