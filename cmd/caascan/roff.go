package main

import (
	"fmt"
	"strings"
)

// roff is a manual page in the man(7) macros, as mandoc and groff read them.
type roff struct{ strings.Builder }

// header begins the page; date is YYYY-MM-DD.
func (r *roff) header(title, date, source, manual string) {
	fmt.Fprintf(r, ".TH %s 1 %s %s %s\n", macroArgument(strings.ToUpper(title)), date, macroArgument(source), macroArgument(manual))
	r.WriteString(".nh\n.ad l\n") // names of options and files are neither hyphenated nor spread over the line
}

// section begins a section.
func (r *roff) section(title string) { fmt.Fprintf(r, ".SH %s\n", macroArgument(title)) }

// subsection begins a part of a section.
func (r *roff) subsection(title string) { fmt.Fprintf(r, ".SS %s\n", macroArgument(title)) }

// sourceWidth is how long the lines of the page's source become, in characters: mandoc -T lint wants 80 at most.
const sourceWidth = 78

// text writes one paragraph, without beginning it.
func (r *roff) text(s string) {
	var line string
	for word := range strings.FieldsSeq(s) {
		word = inline(word)
		if line != "" && len(line)+1+len(word) > sourceWidth {
			r.line(line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	r.line(line)
}

// line writes a line of text that is escaped already: roff takes it for no request.
func (r *roff) line(s string) {
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	r.WriteString(s + "\n")
}

// paragraphs writes paragraphs, the first without a macro, as it follows a heading.
func (r *roff) paragraphs(all []string) {
	for i, s := range all {
		if i > 0 {
			r.WriteString(".PP\n")
		}
		r.text(s)
	}
}

// term writes an item of a list: what it is about in bold, an argument in italics, one of them at least, then the text.
func (r *roff) term(name, argument, text string) {
	head := ""
	if name != "" {
		head = `\fB` + inline(name) + `\fR`
	}
	if argument != "" {
		head += `\fI` + inline(argument) + `\fR`
	}
	fmt.Fprintf(r, ".TP\n%s\n", head)
	r.text(text)
}

// example writes lines as they are.
func (r *roff) example(lines string) {
	r.WriteString(".RS 4\n.nf\n")
	for line := range strings.Lines(lines) {
		r.line(inline(strings.TrimSuffix(line, "\n")))
	}
	r.WriteString(".fi\n.RE\n")
}

// macroArgument is an argument of a macro.
func macroArgument(s string) string { return `"` + strings.ReplaceAll(inline(s), `"`, `\(dq`) + `"` }

// inline makes every character stand for itself: hyphens and quotes too, which would come out typographic and be of no
// use in a shell, and what is not ASCII.
func inline(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\n':
			b.WriteByte(' ')
		case roffCharacters[c] != "":
			b.WriteString(roffCharacters[c])
		case c > '~':
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

var roffCharacters = map[rune]string{'\\': `\e`, '-': `\-`, '\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`}
