WITH hit AS (
    SELECT v.kind, g.rank_bucket AS label,
        coalesce(sum(names) FILTER (effect = 'lost'), 0)::BIGINT AS lost, coalesce(sum(names) FILTER (effect = 'gained'), 0)::BIGINT AS gained,
        coalesce(sum(names) FILTER (effect = 'now_forbidden'), 0)::BIGINT AS now_forbidden,
        coalesce(sum(names) FILTER (effect = 'now_permitted'), 0)::BIGINT AS now_permitted,
        coalesce(sum(names) FILTER (effect = 'now_open'), 0)::BIGINT AS now_open, sum(names)::BIGINT AS changed
    FROM impact_groups g JOIN impact_changed v USING (evidence) GROUP BY ALL
), totals AS (SELECT rank_bucket AS label, count(*) AS of FROM impact_domains GROUP BY ALL
), ranked AS (
    SELECT hit.*, totals.of, least(row_number() OVER (PARTITION BY kind ORDER BY changed DESC, hit.label), 1001) AS place
    FROM hit JOIN totals ON totals.label IS NOT DISTINCT FROM hit.label
)
SELECT kind, CASE WHEN place > 1000 THEN '(all others)' ELSE coalesce(label, '(none)') END AS rank_bucket, sum(changed)::BIGINT AS changed, sum(of)::BIGINT AS of,
    sum(changed) / sum(of) AS changed_share, sum(lost)::BIGINT AS lost, sum(gained)::BIGINT AS gained, sum(now_forbidden)::BIGINT AS now_forbidden,
    sum(now_permitted)::BIGINT AS now_permitted, sum(now_open)::BIGINT AS now_open
FROM ranked GROUP BY kind, place, 2 ORDER BY kind, place
