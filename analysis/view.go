package analysis

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/caascan/caascan/output"
)

// The views of the tables of scans, which have their names, and what they say of themselves.
var tableDocs = map[string]string{
	"domains":     "one row for every name of the input: evidence, outcome, what it means",
	"caa_records": "one row for every CAA record seen, under the names of OpenINTEL",
	"nameservers": "one row for every server address asked, in each run of a scan",
	"queries":     "one row for every packet, where the scan kept them",
}

// makeViews makes the views domains, caa_records, nameservers and queries: of the round that the questions are about, and under
// the names all_domains and so on of all rounds. And the table scans.
func (d *Data) makeViews(ctx context.Context) error {
	var all []Scan
	for _, r := range d.Rounds {
		all = append(all, r.Scans...)
	}
	if err := d.View(ctx, "", d.Now().Scans); err != nil {
		return err
	}
	if err := d.View(ctx, "all_", all); err != nil {
		return err
	}
	return d.makeScans(ctx)
}

// View makes a view of each table of the scans, under the name of the table behind the prefix; and the view openintel likewise.
func (d *Data) View(ctx context.Context, prefix string, scans []Scan) error {
	for table, doc := range tableDocs {
		if err := d.view(ctx, prefix+table, doc, table, scans); err != nil {
			return err
		}
	}
	return d.viewOpenINTEL(ctx, prefix)
}

// viewColumn is a column of a view.
type viewColumn struct {
	output.Column
	Missing bool // no file has it
}

func (d *Data) view(ctx context.Context, name, doc, table string, scans []Scan) error {
	var sources []string
	for _, format := range []output.Format{output.Parquet, output.JSONL} {
		var files []string
		for _, s := range scans {
			for _, part := range s.Parts {
				if part.Table == table && strings.TrimPrefix(path.Ext(part.File), ".") == string(format) {
					files = append(files, filepath.Join(s.Dir, filepath.FromSlash(part.File)))
				}
			}
		}
		if len(files) > 0 {
			source, err := expand(string(format)+".sql", map[string]any{"Files": files, "Columns": output.Columns(table)})
			if err != nil {
				return err
			}
			sources = append(sources, source)
		}
	}
	present := map[string]bool{}
	for _, source := range sources {
		found, err := d.Query(ctx, "columns.sql", source)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		for _, row := range found.Rows {
			present[fmt.Sprint(row[0])] = true
		}
	}
	var columns []viewColumn
	for _, c := range output.Columns(table) {
		columns = append(columns, viewColumn{c, !present[c.Name]})
	}
	return d.run(ctx, "view.sql", map[string]any{"Name": name, "Table": table, "Doc": doc, "Columns": columns, "Sources": sources})
}

// makeScans makes the table scans: one row a scan, with the number of its round.
func (d *Data) makeScans(ctx context.Context) error {
	type row struct {
		Scan
		Round         int
		Source        string
		Shard, Shards int
	}
	var rows []row
	for i, r := range d.Rounds {
		for _, s := range r.Scans {
			number, of := s.shard()
			rows = append(rows, row{s, i + 1, sourceOf(&s), number, of})
		}
	}
	return d.run(ctx, "scans.sql", rows)
}

// sourceOf names what a scan was about.
func sourceOf(s *Scan) string {
	var names []string
	for _, in := range s.Inputs {
		names = append(names, path.Base(filepath.ToSlash(in.Path)))
	}
	return strings.Join(names, ", ")
}

// run executes a file of statements, a template over data.
func (d *Data) run(ctx context.Context, file string, data any) error {
	text, err := expand(file, data)
	if err != nil {
		return err
	}
	if _, err := d.db.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// expand fills a file of sql/ in.
func expand(file string, data any) (string, error) {
	t, err := template.New(file).Funcs(template.FuncMap{"ident": ident, "literal": literal, "unglob": unglob, "words": strings.Fields}).ParseFS(files, "sql/"+file)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// ident quotes a name for SQL.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text for SQL.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// unglob keeps DuckDB from taking the name of a file for a pattern.
var unglob = strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace
