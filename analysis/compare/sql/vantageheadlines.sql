-- 0: Headlines
-- asks: Do the vantages agree?
-- who: readers

-- table headlines: The headline numbers
SELECT concat(c.ca, ', ', c.kind) AS headline, coalesce(sum(w.names) FILTER (v.lost > 0), 0)::BIGINT AS n, coalesce(sum(w.names) FILTER (v.here = 'true' AND v.measured > 0), 0)::BIGINT AS of,
    coalesce(sum(w.names) FILTER (v.here = 'unknown' OR v.here = 'true' AND v.measured = 0), 0)::BIGINT AS unknown, 'names permitted at the primary perspective, and not at every remote' AS says
FROM vantage_cases AS c LEFT JOIN vantage_verdicts AS v ON v.place = c.place LEFT JOIN vantage_views AS w ON w.view = v.view
GROUP BY c.place, c.ca, c.kind ORDER BY c.place;
