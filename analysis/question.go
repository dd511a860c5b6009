package analysis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Question is one of the questions of the project's page research/questions.md, as a file of questions/ asks it:
//
//	-- 25: Do the servers agree?
//	-- asks: Do all name servers of a zone agree? Four inconsistency classes.
//	-- who: researchers, CAs
//	--
//	-- Paragraphs for the reader: what is counted, in what denominator, how to read it.
//
//	-- table consistency-by-operator: By DNS operator
//	-- needs: caa_consistency (scan --with all-servers)
//	-- figure: bars label=dns_operator value=share
//	--
//	-- Paragraphs about this table.
//	SELECT ...
//
// Below a table stands one statement, up to the next table. The columns n, of and unknown get shares beside them. What a table
// needs is columns of domains, of which at least one name must have one that is not NULL; in parentheses how to come by them. The word
// rounds stands for the tables of Data.Changes.
type Question struct {
	Number int
	Title  string
	Asks   string   // the question as people put it
	Who    []string // asks it
	Text   []string // paragraphs
	Parts  []Part
}

// Part is a table of a Question that has not been asked yet.
type Part struct {
	ID, Title string
	Needs     []Need
	Figure    *Figure
	Note      []string
	SQL       string
}

// Need is a column without which a table says nothing.
type Need struct{ Column, Remedy string }

// Figure says how a table is drawn.
type Figure struct {
	Kind    string            // a word that package figure knows
	Options map[string]string // which column is what
}

// Questions returns all questions, in the order of their numbers.
func Questions() ([]Question, error) {
	names, err := fs.Glob(files, "questions/*.sql")
	if err != nil {
		return nil, err
	}
	var all []Question
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		q, err := ReadQuestion(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		all = append(all, *q)
	}
	slices.SortFunc(all, func(a, b Question) int { return a.Number - b.Number })
	return all, nil
}

// ReadQuestion reads a file in the form of those of questions/.
func ReadQuestion(text string) (*Question, error) {
	q := new(Question)
	var part *Part // under way; nil: the head of the file
	var paragraphs *[]string
	newParagraph := true
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimRight(lines.Text(), " ")
		said, comment := strings.CutPrefix(line, "--")
		said = strings.TrimSpace(said)
		key, value, _ := strings.Cut(said, ": ")
		switch {
		case !comment && part == nil && line != "":
			return nil, fmt.Errorf("line %d: SQL before the first table", number)
		case !comment && part != nil:
			if line != "" || part.SQL != "" {
				part.SQL += line + "\n"
			}
		case !comment:
		case number == 1:
			n, err := strconv.Atoi(key)
			if err != nil || value == "" {
				return nil, errors.New("line 1: want -- NUMBER: TITLE")
			}
			q.Number, q.Title, paragraphs = n, value, &q.Text
		case strings.HasPrefix(key, "table ") && value != "":
			q.Parts = append(q.Parts, Part{ID: strings.TrimPrefix(key, "table "), Title: value})
			part = &q.Parts[len(q.Parts)-1]
			paragraphs, newParagraph = &part.Note, true
		case part != nil && part.SQL != "":
			part.SQL += line + "\n"
		case key == "asks" && part == nil:
			q.Asks = value
		case key == "who" && part == nil:
			q.Who = strings.Split(value, ", ")
		case key == "needs" && part != nil:
			column, remedy, _ := strings.Cut(value, " ")
			part.Needs = append(part.Needs, Need{column, strings.Trim(remedy, "()")})
		case key == "figure" && part != nil:
			part.Figure = readFigure(value)
		case said == "":
			newParagraph = true
		case newParagraph:
			*paragraphs = append(*paragraphs, said)
			newParagraph = false
		default:
			(*paragraphs)[len(*paragraphs)-1] += " " + said
		}
	}
	if len(q.Parts) == 0 || q.Asks == "" {
		return nil, errors.New("there must be a question (asks) and a table")
	}
	for i := range q.Parts {
		q.Parts[i].SQL = strings.TrimSuffix(strings.TrimSpace(q.Parts[i].SQL), ";")
		if q.Parts[i].SQL == "" {
			return nil, fmt.Errorf("table %s: no SQL", q.Parts[i].ID)
		}
	}
	return q, nil
}

// readFigure reads "KIND key=value ...".
func readFigure(text string) *Figure {
	words := strings.Fields(text)
	f := &Figure{Kind: words[0], Options: map[string]string{}}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		f.Options[key] = value
	}
	return f
}

// Ask answers a part of a question. Sample says that the names are a random sample of what shall be spoken about.
// Prepare must have been called.
func (d *Data) Ask(ctx context.Context, p *Part, sample bool) (*Table, error) {
	t := &Table{ID: p.ID, Title: p.Title, Note: p.Note, Figure: p.Figure}
	for _, need := range p.Needs {
		there, err := d.has(ctx, need.Column)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", p.ID, err)
		}
		if !there {
			t.Missing = "No row has " + need.Column + "."
			if need.Column == needRounds {
				t.Missing = "There is one round from this vantage."
			}
			if need.Remedy != "" {
				t.Missing += " It takes " + need.Remedy + "."
			}
			return t, nil
		}
	}
	found, err := d.Select(ctx, p.SQL)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", p.ID, err)
	}
	t.Columns, t.Rows = found.Columns, found.Rows
	t.measure(sample)
	return t, nil
}

// has reports whether any name has a column that is not NULL.
func (d *Data) has(ctx context.Context, column string) (bool, error) {
	if column == needRounds {
		return d.hasChanges(ctx)
	}
	if there, known := d.filled[column]; known {
		return there, nil
	}
	t, err := d.Query(ctx, "has.sql", column)
	if err != nil {
		return false, err
	}
	d.filled[column] = len(t.Rows) > 0
	return d.filled[column], nil
}
