package analysis

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// textWidth is where lines of running text end.
const textWidth = 100

// WriteText writes the report for a terminal or a mail: every table, and the text beside it.
func (r *Report) WriteText(w io.Writer) error {
	to := bufio.NewWriter(w)
	fmt.Fprintf(to, "%s\n%s\n\n", printable(r.Title), strings.Repeat("=", len([]rune(r.Title))))
	for _, warning := range r.Warnings {
		wrap(to, "!! ", warning)
	}
	if err := writeTable(to, r.Headlines, ""); err != nil {
		return err
	}
	for i := range r.Sections {
		s := &r.Sections[i]
		title := fmt.Sprintf("%d  %s", s.Question.Number, s.Question.Title)
		fmt.Fprintf(to, "\n%s\n%s\n\n", title, strings.Repeat("-", len([]rune(title))))
		for _, paragraph := range s.Question.Text {
			wrap(to, "", paragraph)
		}
		for j, t := range s.Tables {
			if err := writeTable(to, t, fmt.Sprintf("%d.%d  ", s.Question.Number, j+1)); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(to, "\nMethods\n-------\n\n")
	for _, p := range r.Methods.Passages {
		fmt.Fprintf(to, "%s\n\n", p.Heading)
		for _, paragraph := range p.Text {
			wrap(to, "", paragraph)
		}
	}
	for _, t := range []*Table{r.Methods.Facts, r.Methods.Parts} {
		if err := writeTable(to, t, ""); err != nil {
			return err
		}
	}
	return to.Flush()
}

// writeTable writes a table below its title and notes.
func writeTable(to *bufio.Writer, t *Table, number string) error {
	fmt.Fprintf(to, "%s%s (%s)\n\n", number, t.Title, t.ID)
	for _, paragraph := range t.Note {
		wrap(to, "", paragraph)
	}
	if t.Missing != "" {
		wrap(to, "No answer in this scan. ", t.Missing)
		return nil
	}
	if err := to.Flush(); err != nil { // what was written up to here; the table has a buffer of its own
		return err
	}
	if err := t.WriteText(to); err != nil {
		return err
	}
	_, err := to.WriteString("\n")
	return err
}

// wrap writes a paragraph in lines, and an empty one.
func wrap(to *bufio.Writer, lead, paragraph string) {
	line := lead
	for _, word := range strings.Fields(printable(paragraph)) {
		if len(line) > len(lead) && len([]rune(line))+1+len([]rune(word)) > textWidth {
			fmt.Fprintln(to, line)
			line = ""
		}
		if line != "" && !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	fmt.Fprintf(to, "%s\n\n", line)
}
