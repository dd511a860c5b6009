-- One row for every scan directory; shards of one measurement have the same round, the first measurement is round 1.
CREATE OR REPLACE TABLE scans (
    scan_id VARCHAR, round INTEGER, started_at TIMESTAMP, ended_at TIMESTAMP, state VARCHAR,
    source VARCHAR, vantage VARCHAR, shard INTEGER, shards INTEGER, "rows" BIGINT
);
{{range .}}INSERT INTO scans VALUES ({{literal .ScanID}}, {{.Round}}, {{literal (.StartedAt.UTC.Format "2006-01-02 15:04:05.000000")}},
    {{with .EndedAt}}{{literal (.UTC.Format "2006-01-02 15:04:05.000000")}}{{else}}NULL{{end}}, {{literal (printf "%s" .State)}},
    {{literal .Source}}, {{with .Vantage}}{{literal .}}{{else}}NULL{{end}}, {{.Shard}}, {{.Shards}}, {{.Totals.Rows}});
{{end}}
