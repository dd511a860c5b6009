-- 9: The list of a CA
-- asks: Of the names that a CA has issued for, which fail once DNSSEC validation is mandatory?
-- who: CAs
--
-- Here by the lists that were scanned, of which a CA's own may be one. For a list of a CA that is not among them, and for the names that the CA itself would lose:
-- caareport impact SCAN --case dnssec-mandatory --issuer ID --names FILE --list lost.csv. FILE is in any form that caascan scan reads; names that were not scanned are
-- counted and listed apart, never taken for names that are well.

-- table own-list: By list
--
-- n: names for which no CA may issue since validation is mandatory, for the look-up fails or the data do not validate. Newly: not forbidden before. Unknown: not asked.
WITH failing AS (
    SELECT v.kind, g.source_list,
        coalesce(sum(g.names) FILTER (permitted_after = 'false'), 0)::BIGINT AS n,
        coalesce(sum(g.names) FILTER (permitted_after = 'false' AND permitted_before <> 'false'), 0)::BIGINT AS newly,
        coalesce(sum(g.names) FILTER (permitted_after = 'unknown' AND reason <> 'not-stored'), 0)::BIGINT AS left_to_the_ca,
        coalesce(sum(g.names) FILTER (reason = 'not-stored'), 0)::BIGINT AS unknown
    FROM validation_groups g JOIN validation v USING (evidence) GROUP BY ALL
)
SELECT scope.label AS source_list, kinds.kind, coalesce(n, 0) AS n, scope.answered + scope.unknown - coalesce(failing.unknown, 0) AS of, coalesce(newly, 0) AS newly,
    coalesce(left_to_the_ca, 0) AS left_to_the_ca, coalesce(failing.unknown, 0) AS unknown
FROM scope CROSS JOIN (VALUES ('tls'), ('smime')) AS kinds(kind) LEFT JOIN failing ON failing.source_list = scope.label AND failing.kind = kinds.kind
WHERE dimension = 'source_list' AND place <= 1000 ORDER BY place, kinds.kind DESC;
