-- Every name on which some remote has another verdict than the primary perspective.
SELECT n.query_name, v.ca, v.kind, v.here, v.reason, v.differing, v.there, v.corroborated, v.mpic_reason, o.dns_operator
FROM vantage_seen AS n
JOIN vantage_views AS w ON {{range $i, $p := .}}{{if $i}} AND {{end}}w.evidence{{.}} IS NOT DISTINCT FROM n.evidence{{.}}{{end}}
JOIN vantage_verdicts AS v ON v.view = w.view
LEFT JOIN vantage_operators AS o ON o.id = n.operator
WHERE v.differing > 0 ORDER BY n.query_name, v.place
