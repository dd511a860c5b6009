SELECT view, names, {{range $i, $p := .}}{{if $i}}, {{end}}evidence{{.}}{{end}} FROM vantage_views
