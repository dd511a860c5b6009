SELECT kind, effect, permitted_before, reason_before, permitted_after, reason_after, coalesce(c.outcome, '(none)') AS outcome,
    coalesce(c.reason, '(none)') AS dnssec_reason, sum(names)::BIGINT AS names
FROM (SELECT v.*, e.names, e.evidence_key.climb[v.level_after + 1] AS c FROM impact_changed v JOIN impact_evidences e ON e.rowid = v.evidence)
GROUP BY ALL ORDER BY kind, names DESC, effect, permitted_before, reason_before, permitted_after, reason_after, outcome, dnssec_reason LIMIT 1000
