package generate

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// asked is a question and what must come of it.
type asked struct {
	w        *world
	question string
	rcode    string
	records  []dns.RR
	expect   []string
	steps    []string // between question and answer
	secure   bool
	noAnswer bool // the answer section is not looked at
}

// ask begins a pair of steps: QUERY and CHECK_ANSWER. done writes it.
func (w *world) ask(question string) *asked {
	w.also = append(w.also, question)
	return &asked{w: w, question: question}
}

// found: these records, whole lines with full names.
func (a *asked) found(text string) *asked {
	a.rcode, a.records = "NOERROR", parse(text, ".")
	return a.want("outcome found")
}

// nodata: the name, or the end of the aliases given, has none.
func (a *asked) nodata(aliases string) *asked {
	a.rcode, a.records = "NOERROR", parse(aliases, ".")
	return a.want("outcome nodata")
}

func (a *asked) nxdomain(aliases string) *asked {
	a.rcode, a.records = "NXDOMAIN", parse(aliases, ".")
	return a.want("outcome nxdomain")
}

// fails: an outcome that is a failure.
func (a *asked) fails(outcome string) *asked {
	a.rcode = "SERVFAIL"
	return a.want("outcome " + outcome)
}

// want adds keys and values of a caascan line.
func (a *asked) want(expect string) *asked {
	a.expect = append(a.expect, expect)
	return a
}

// isSecure ends the pair: the answer is validated.
func (a *asked) isSecure() {
	a.secure = true
	a.want("security secure reason none").done()
}

// isInsecure ends the pair: it is proven that the answer cannot be validated. An empty reason, or an empty zone where the
// chain of trust ends, is not looked at: where several are right.
func (a *asked) isInsecure(reason, zone string) {
	a.want("security insecure").because(reason, zone).done()
}

// isBogus ends the pair: validation failed. Reason and zone are as for isInsecure.
func (a *asked) isBogus(reason, zone string) {
	a.fails("bogus").want("security bogus").because(reason, zone).done()
}

// isIndeterminate ends the pair: a failure in a zone that is signed, or a chain of trust that cannot be had.
func (a *asked) isIndeterminate(reason, zone string) {
	a.want("security indeterminate").because(reason, zone).done()
}

func (a *asked) because(reason, zone string) *asked {
	if reason != "" {
		a.want("reason " + reason)
	}
	if zone != "" {
		a.want("at " + zone)
	}
	return a
}

// between adds steps between question and answer.
func (a *asked) between(steps ...string) *asked {
	a.steps = steps
	return a
}

// done writes the two steps, and what is between them.
func (a *asked) done() {
	n := a.w.number*10 + 1
	a.w.number++
	b := &strings.Builder{}
	name, typ, _ := strings.Cut(a.question, " ")
	fmt.Fprintf(b, "STEP %d QUERY\nENTRY_BEGIN\nREPLY RD AD\nSECTION QUESTION\n%s IN %s\nENTRY_END\n\n", n, name, typ)
	for i, s := range a.steps {
		fmt.Fprintf(b, "STEP %d %s\n\n", n+1+i, s)
	}
	ad := ""
	if a.secure {
		ad = " AD"
	}
	match := "all"
	if a.noAnswer {
		match = "flags rcode question"
	}
	fmt.Fprintf(b, "STEP %d CHECK_ANSWER\nENTRY_BEGIN\nMATCH %s\nREPLY QR RD RA%s %s\n", n+9, match, ad, a.rcode)
	if len(a.expect) > 0 {
		fmt.Fprintf(b, "; caascan: %s\n", strings.Join(a.expect, " "))
	}
	fmt.Fprintf(b, "SECTION QUESTION\n%s IN %s\n", name, typ)
	if len(a.records) > 0 {
		b.WriteString("SECTION ANSWER\n")
		for _, rr := range a.records {
			b.WriteString(line(rr) + "\n")
		}
	}
	b.WriteString("ENTRY_END\n")
	a.w.steps = append(a.w.steps, b.String())
}

// passes writes a step that moves the clock.
func (w *world) passes(seconds int) {
	w.steps = append(w.steps, fmt.Sprintf("STEP %d TIME_PASSES ELAPSE %d\n", w.number*10+1, seconds))
	w.number++
}
