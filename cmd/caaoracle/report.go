package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// tally is the figures of one class.
type tally struct {
	zones, names map[string]bool
	questions    int
	explained    int
	unexplained  int
}

// print writes agreements by class, then every disagreement. It reports whether all are explained.
func (c *comparison) print(to io.Writer) bool {
	classes := map[string]*tally{}
	total := &tally{zones: map[string]bool{}, names: map[string]bool{}}
	of := func(q question) []*tally {
		t := classes[q.zone.class.name]
		if t == nil {
			t = &tally{zones: map[string]bool{}, names: map[string]bool{}}
			classes[q.zone.class.name] = t
		}
		return []*tally{t, total}
	}
	for _, q := range c.questions {
		for _, t := range of(q) {
			t.zones[q.zone.name], t.names[q.name] = true, true
			t.questions++
		}
	}
	for _, d := range c.disagreements {
		for _, t := range of(d.question) {
			if d.explanation != nil {
				t.explained++
			} else {
				t.unexplained++
			}
		}
	}
	c.printDisagreements(to)
	fmt.Fprintf(to, "\n%-44s %5s %6s %9s %7s %9s %11s\n", "class", "zones", "names", "questions", "agree", "explained", "unexplained")
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		classes[name].print(to, name)
	}
	total.print(to, "all")
	fmt.Fprintf(to, "differed only once: %d, agreed when asked again\n", len(c.onlyOnce))
	return total.unexplained == 0
}

func (t *tally) print(to io.Writer, name string) {
	fmt.Fprintf(to, "%-44s %5d %6d %9d %7d %9d %11d\n", name, len(t.zones), len(t.names), t.questions,
		t.questions-t.explained-t.unexplained, t.explained, t.unexplained)
}

// printDisagreements writes them under their explanations, the unexplained last.
func (c *comparison) printDisagreements(to io.Writer) {
	under := map[*explanation][]disagreement{}
	for _, d := range c.disagreements {
		under[d.explanation] = append(under[d.explanation], d)
	}
	printList(to, "differed only once, and agreed when asked again", c.onlyOnce)
	for i := range explanations {
		e := &explanations[i]
		printList(to, "explained: "+e.name+": "+e.why, under[e])
	}
	printList(to, "UNEXPLAINED", under[nil])
}

func printList(to io.Writer, title string, list []disagreement) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(to, "\n%s (%d)\n", title, len(list))
	for _, d := range list {
		fmt.Fprintf(to, "  %s %s (%s; %s of %s): Unbound %s, caascan %s\n", d.name, dns.Type(d.typ), d.zone.class.name,
			d.kind, d.zone.servers[0].name, d.theirs.text(), d.ours.text())
		if d.kind == differRecords {
			fmt.Fprintf(to, "    Unbound: %s\n    caascan: %s\n", strings.Join(d.theirs.records, " | "), strings.Join(d.ours.records, " | "))
		}
	}
}

// text is an answer in a few words.
func (a answer) text() string {
	text := a.rcode + " " + string(a.verdict)
	if a.note != "" {
		text += " (" + a.note + ")"
	}
	return text
}
