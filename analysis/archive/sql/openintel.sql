-- The rows of a file about the types that are read, with their number, under the types of the data dictionary. A column that the file
-- has not is NULL.
SELECT file_row_number + 1{{range .Columns}},
    {{if not .Type}}NULL::{{.As}}{{else if eq .Name "timestamp"}}{{if eq .Type "BIGINT" "INTEGER" "UBIGINT"}}"timestamp"::BIGINT{{else}}TRY_CAST(epoch_ms(TRY_CAST("timestamp" AS TIMESTAMP)) AS BIGINT){{end}}
    {{- else if eq .Type "BLOB"}}TRY(decode({{ident .Name}})){{else}}TRY_CAST({{ident .Name}} AS {{.As}}){{end}}
{{- end}}
FROM read_parquet({{literal (unglob .File)}}, hive_partitioning = false, file_row_number = true)
WHERE query_type IN ('CAA', 'MX', 'A', 'AAAA', 'NS', 'DS')
