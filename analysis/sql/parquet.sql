read_parquet([{{range $i, $f := .Files}}{{if $i}}, {{end}}{{literal (unglob $f)}}{{end}}], union_by_name = true, hive_partitioning = false)
