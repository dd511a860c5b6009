SELECT d.query_name, d.input_name, d.source_list, d.rank, d.tld, d.dns_operator, v.kind, v.profile_before, v.profile_after, coalesce(v.effect, 'none') AS effect,
    v.permitted_before, v.reason_before, v.permitted_after, v.reason_after, v.retry, d.status, d.caa_name, d.dnssec_status, d.dnssec_reason
FROM impact_judged d JOIN impact_verdicts v USING (evidence)
UNION ALL BY NAME
SELECT name AS query_name, 'not_measured' AS effect FROM impact_names WHERE name NOT IN (SELECT name FROM impact_found)
ORDER BY query_name, source_list, input_name, kind
