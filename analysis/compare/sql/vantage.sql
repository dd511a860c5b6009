-- What each vantage has seen of each name, as the number of its evidence (analysis.Data.Reduce); the first is the primary perspective. A name counts once, on however
-- many lines it stands: from each vantage by a line whose look-up was answered before one whose look-up failed, of those by the first.
CREATE OR REPLACE TABLE vantage_operators AS
SELECT row_number() OVER ()::INTEGER AS id, dns_operator FROM (SELECT DISTINCT dns_operator FROM vantage0_domains WHERE dns_operator IS NOT NULL);

-- From the highest bit: no answer (1 bit), line (40), evidence (40), operator (32).
CREATE OR REPLACE MACRO vantage_pack(status, line, evidence, operator) AS
    ((status IS NULL OR status NOT IN ('found', 'none'))::HUGEINT << 112) | (least(coalesce(line, 0), 1099511627775)::HUGEINT << 72) | (evidence::HUGEINT << 32) | operator::HUGEINT;
CREATE OR REPLACE MACRO vantage_unpack(packed, shift, bits) AS ((packed >> shift) & ((1::HUGEINT << bits) - 1))::BIGINT;

CREATE OR REPLACE TABLE vantage_seen AS
SELECT query_name, vantage_unpack(p0, 0, 32) AS operator{{range .}}, vantage_unpack(p{{.}}, 32, 40) AS evidence{{.}}{{end}}
FROM (
    SELECT query_name{{range .}}, min(packed) FILTER (perspective = {{.}}) AS p{{.}}{{end}}
    FROM ({{range $i, $p := .}}{{if $i}} UNION ALL {{end}}
        SELECT {{.}} AS perspective, query_name, vantage_pack(caa_status, input_line, evidence, coalesce(id, 0)) AS packed
        FROM vantage{{.}}_judged LEFT JOIN vantage_operators USING (dns_operator){{end}}
    )
    GROUP BY query_name
);

-- What all vantages have seen together, once for all names of which it is the same.
CREATE OR REPLACE TABLE vantage_views AS
SELECT row_number() OVER () - 1 AS view, * FROM (SELECT count(*) AS names{{range .}}, evidence{{.}}{{end}} FROM vantage_seen GROUP BY ALL);

-- The perspectives, and the verdicts (vantage.go fills them). Of each view and each case: the verdict here, at the primary perspective, how many remotes have
-- one, how many have another, at how many that loses a permission, what these say, and what comes of it all by MPIC.
CREATE OR REPLACE TABLE vantage_perspectives (place INTEGER, vantage VARCHAR, began TIMESTAMP, lines BIGINT, complete BOOLEAN);
CREATE OR REPLACE TABLE vantage_verdicts (
    view BIGINT, place INTEGER, ca VARCHAR, kind VARCHAR, here VARCHAR, reason VARCHAR, measured INTEGER, differing INTEGER, lost INTEGER, there VARCHAR, corroborated VARCHAR, mpic_reason VARCHAR
);
-- The names by the verdicts of the primary perspective and of one remote.
CREATE OR REPLACE TABLE vantage_counts (place INTEGER, ca VARCHAR, kind VARCHAR, remote INTEGER, here VARCHAR, there VARCHAR, why VARCHAR, names BIGINT);
-- The cases: what CA, for what kind, under which profile; how many remotes the rule demands at least, and in how many regions.
CREATE OR REPLACE TABLE vantage_cases (place INTEGER, ca VARCHAR, kind VARCHAR, profile VARCHAR, remotes_demanded INTEGER, regions_demanded INTEGER, remotes INTEGER);
