-- A view of one table of the scans, under the columns of output's row structs. A column that the files have not is NULL: not asked.
-- Behind those of caa_records stand the columns that queries about CAA in OpenINTEL's data name besides, so that these run here.
CREATE OR REPLACE VIEW {{ident .Name}} AS
SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}{{if $c.Missing}}NULL{{else}}{{ident $c.Name}}{{end}}::{{$c.Type}} AS {{ident $c.Name}}{{end}}
{{- if eq .Table "caa_records"}},
    NULL::INTEGER AS ad_flag, NULL::VARCHAR AS cname_name, NULL::VARCHAR AS dname_name, NULL::VARCHAR AS extended_error, NULL::VARCHAR AS section,
    NULL::VARCHAR AS source, year("timestamp")::INTEGER AS year, month("timestamp")::INTEGER AS month, day("timestamp")::INTEGER AS day
{{- end}}
FROM {{if not .Sources}}(SELECT 1 WHERE false){{else if eq (len .Sources) 1}}{{index .Sources 0}}{{else}}({{range $i, $s := .Sources}}{{if $i}} UNION ALL BY NAME {{end}}SELECT * FROM {{$s}}{{end}}){{end}};
COMMENT ON VIEW {{ident .Name}} IS {{literal .Doc}};
{{range .Columns}}COMMENT ON COLUMN {{ident $.Name}}.{{ident .Name}} IS {{literal .Doc}};
{{end}}
{{- if eq .Table "caa_records"}}
{{- range $name := words "ad_flag cname_name dname_name extended_error section source"}}
COMMENT ON COLUMN {{ident $.Name}}.{{ident $name}} IS {{literal (printf "%s is a column of OpenINTEL. Always NULL; see the view openintel." $name)}};
{{- end}}
{{- range $name := words "year month day"}}
COMMENT ON COLUMN {{ident $.Name}}.{{ident $name}} IS {{literal (printf "%s is that of timestamp, in UTC; OpenINTEL has it in the paths of its files." $name)}};
{{- end}}
{{end}}
