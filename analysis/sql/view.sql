-- A view of one table of the scans, under the columns of output's row structs. A column that the files have not is NULL: not asked.
CREATE OR REPLACE VIEW {{ident .Name}} AS
SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}{{if $c.Missing}}NULL{{else}}{{ident $c.Name}}{{end}}::{{$c.Type}} AS {{ident $c.Name}}{{end}}
FROM {{if not .Sources}}(SELECT 1 WHERE false){{else if eq (len .Sources) 1}}{{index .Sources 0}}{{else}}({{range $i, $s := .Sources}}{{if $i}} UNION ALL BY NAME {{end}}SELECT * FROM {{$s}}{{end}}){{end}};
COMMENT ON VIEW {{ident .Name}} IS {{literal .Doc}};
{{range .Columns}}COMMENT ON COLUMN {{ident $.Name}}.{{ident .Name}} IS {{literal .Doc}};
{{end}}
