-- How many names of which group have the evidences that a table holds{{if .Failed}}, all of which failed: they were counted before{{end}}.
CREATE OR REPLACE TABLE {{ident .Table}} AS
SELECT evidence, tld, dns_operator, rank_bucket, source_list, {{if .Failed}}names{{else}}count(*) AS names{{end}}
FROM {{if .Failed}}{{ident (print .Prefix "evidence_groups")}}{{else}}{{ident (print .Prefix "judged")}}{{end}}
WHERE evidence IN (SELECT evidence FROM {{ident .Of}}){{if not .Failed}} GROUP BY ALL{{end}};
