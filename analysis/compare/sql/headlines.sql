-- 0: Headlines
-- asks: What changed?
-- who: readers

-- table headlines: The headline numbers
WITH counted AS (
    SELECT change, place, among, coalesce(names, 0) AS names
    FROM change_words LEFT JOIN (SELECT change, sum(names)::BIGINT AS names FROM change_counts WHERE tld IS NOT NULL GROUP BY change) USING (change)
), totals AS (
    SELECT sum(names) FILTER (among = 'answered') AS answered, sum(names) FILTER (among = 'both') AS failed, sum(names) AS names FROM counted
)
SELECT headline, coalesce(sum(c.names), 0)::BIGINT AS n,
    any_value(CASE c.among WHEN 'answered' THEN answered WHEN 'both' THEN answered + failed ELSE totals.names END)::BIGINT AS of,
    any_value(CASE c.among WHEN 'answered' THEN failed ELSE 0 END)::BIGINT AS unknown, any_value(says) AS says
FROM (VALUES
    (1, 'adopted', 'adopted%', 'names that had no set and have one, whose look-up was answered both times'),
    (2, 'removed', 'removed%', 'names that had a set and have none'),
    (3, 'other issuers', 'changed issuers', 'names by whose set others may issue'),
    (4, 'changed otherwise', 'changed otherwise', 'names with another set by which the same may issue'),
    (5, 'became bogus', 'became bogus', 'names whose validation fails now'),
    (6, 'not known', 'failed%', 'names in both rounds whose look-up failed in one or both'),
    (7, 'appeared', 'appeared', 'names that were not in the list'),
    (8, 'vanished', 'vanished', 'names that are not any more')
) AS h(place, headline, pattern, says), totals JOIN counted AS c ON c.change LIKE pattern
GROUP BY h.place, headline ORDER BY h.place;
