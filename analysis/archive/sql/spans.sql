-- The measurements, and when they were made. A time of 0 is none.
SELECT period, coalesce(min(moment) FILTER (moment <> 0), 0), coalesce(max(moment), 0) FROM looks GROUP BY period ORDER BY period
