-- How many names of which group have the evidences that a table holds.
CREATE OR REPLACE TABLE {{ident .Table}} AS
SELECT evidence, tld, dns_operator, rank_bucket, count(*) AS names
FROM {{ident (print .Prefix "judged")}} WHERE evidence IN (SELECT evidence FROM {{ident .Of}}) GROUP BY ALL;
