package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// What lookup says is compared here with what dig says. dig asks one server one question, so that chains of aliases
// that lead to another server's zone are walked link by link; which server that is, the test world knows.

// featureZones are the three that are served from features.zone.
var featureZones = []string{"caatest-nsd.com", "caatest-knot.net", "caatest-bind.org"}

// question is a name and the mnemonic of a type.
type question struct{ name, typ string }

// reply is what a client of a resolver would see.
type reply struct {
	RCode   string
	Answers []string // in the form of lookup --json, but sorted and in lower case where case has no meaning
}

// serving returns the addresses at which the closest enclosing zone of a name is served.
func (w *world) serving(name string) []string {
	best, addrs := -1, []string(nil)
	for _, d := range daemons {
		for _, z := range d.zones {
			n := dns.CountLabel(z.name)
			if !dns.IsSubDomain(z.name, dns.Fqdn(name)) || n < best {
				continue
			}
			if n > best {
				best, addrs = n, nil
			}
			addrs = append(addrs, d.addrs...)
		}
	}
	return addrs
}

// dig asks questions at the servers of their zones and returns the replies in order, answers as dig writes them.
func (w *world) dig(t *testing.T, questions []question) []reply {
	t.Helper()
	lines := make([]string, len(questions))
	for i, q := range questions {
		lines[i] = fmt.Sprintf("@%s -p %s -t %s -q %s +norecurse +tries=3", w.serving(q.name)[0], w.port, q.typ, q.name)
	}
	replies := make([]reply, len(questions))
	for i, r := range digAll(t, lines) {
		replies[i] = r.Reply
	}
	return replies
}

// digReply is what dig shows of a reply.
type digReply struct {
	Reply     reply
	Authentic bool // the bit AD
}

// digAll has dig carry out lines of its arguments, all in one process.
func digAll(t *testing.T, lines []string) []digReply {
	t.Helper()
	file := filepath.Join(t.TempDir(), "batch")
	batch := strings.Join(lines, " +noall +comments +answer +nosplit\n") + " +noall +comments +answer +nosplit\n"
	if err := os.WriteFile(file, []byte(batch), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := toolOutput("", "dig", "-r", "-f", file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), ";; ->>HEADER<<- ")[1:]
	if len(parts) != len(lines) {
		t.Fatalf("dig: %d replies to %d questions:\n%s", len(parts), len(lines), text)
	}
	replies := make([]digReply, len(parts))
	for i, part := range parts {
		replies[i].Reply.RCode = statusOf.FindStringSubmatch(part)[1]
		replies[i].Authentic = strings.Contains(headFlags.FindStringSubmatch(part)[1]+" ", " ad ")
		for line := range strings.Lines(part) {
			line = strings.TrimSpace(line)
			if line != "" && line[0] != ';' && !strings.HasPrefix(line, "opcode:") {
				replies[i].Reply.Answers = append(replies[i].Reply.Answers, line)
			}
		}
	}
	return replies
}

var (
	statusOf  = regexp.MustCompile(`status: (\w+),`)
	headFlags = regexp.MustCompile(`;; flags:([^;]*);`)
)

// walk asks questions as a resolver would: where an answer ends in an alias, the target is asked for by itself.
func (w *world) walk(t *testing.T, questions []question) map[question]reply {
	t.Helper()
	const maxLinks = 32
	results := map[question]reply{}
	at := map[question]string{}
	for _, q := range questions {
		at[q] = q.name
	}
	for range maxLinks {
		open := slices.Collect(maps.Keys(at))
		if len(open) == 0 {
			return results
		}
		links := make([]question, len(open))
		for i, q := range open {
			links[i] = question{at[q], q.typ}
		}
		for i, r := range w.dig(t, links) {
			q := open[i]
			sum := results[q]
			sum.RCode = r.RCode
			for _, line := range r.Answers {
				if rr := normal(t, line); !slices.Contains(sum.Answers, rr) {
					sum.Answers = append(sum.Answers, rr)
				}
			}
			results[q] = sum
			end, more := chainEnd(t, at[q], q.typ, r.Answers)
			if at[q] = end; !more {
				delete(at, q)
			}
		}
	}
	t.Fatalf("dig: chains without end: %v", at)
	return nil
}

// chainEnd follows the CNAMEs of an answer from a name. More: the end is another name, and its records are not there.
func chainEnd(t *testing.T, name, typ string, answers []string) (end string, more bool) {
	t.Helper()
	end = dns.Fqdn(strings.ToLower(name))
	if typ == "CNAME" {
		return end, false
	}
	for range len(answers) + 1 {
		next := ""
		for _, line := range answers {
			fields := strings.Fields(line)
			switch {
			case strings.ToLower(fields[0]) != end:
			case fields[3] == typ:
				return end, false
			case fields[3] == "CNAME":
				next = strings.ToLower(fields[4])
			}
		}
		if next == "" {
			return end, end != dns.Fqdn(strings.ToLower(name))
		}
		end = next
	}
	t.Fatalf("%s: a loop: %v", name, answers)
	return "", false
}

// namesInData are the types in whose data the case of letters has no meaning, as it holds names. Nor has it in
// hexadecimal digits.
var namesInData = []string{"NS", "CNAME", "DNAME", "MX", "SOA", "PTR", "SRV"}

// normal writes a record with one space between its fields and, where case has no meaning, in lower case.
func normal(t *testing.T, line string) string {
	t.Helper()
	fields := recordFields.FindStringSubmatch(line)
	if fields == nil {
		t.Fatalf("no record: %q", line)
	}
	owner, ttl, typ, data := strings.ToLower(fields[1]), fields[2], fields[3], fields[4]
	if slices.Contains(namesInData, typ) || strings.HasPrefix(data, `\#`) || typ == "TLSA" {
		data = strings.ToLower(data)
	}
	if typ == "DNSKEY" || typ == "DS" { // there may be spaces in the last field (RFC 4034 2.2, 5.3)
		words := strings.Fields(data)
		data = strings.Join(words[:3], " ") + " " + strings.Join(words[3:], "")
	}
	if typ == "LOC" { // degrees and metres may be written with zeros or without (RFC 1876 3)
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		data = strings.TrimPrefix(rr.String(), rr.Header().String())
	}
	return fmt.Sprintf("%s %s IN %s %s", owner, ttl, typ, data)
}

var recordFields = regexp.MustCompile(`^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$`)

// lookup looks questions up, those of one type in one run of the command. The answers' JSON is checked for its form.
func (w *world) lookup(t *testing.T, questions []question, flags ...string) (map[question]reply, map[question]typeAnswer) {
	t.Helper()
	byType := map[string][]string{}
	for _, q := range questions {
		byType[q.typ] = append(byType[q.typ], q.name)
	}
	results, lines := map[question]reply{}, map[question]typeAnswer{}
	for typ, names := range byType {
		out := mustCaascan(t, "", append([]string{"lookup", "--type", typ, "--json"}, append(w.flags(flags...), names...)...)...)
		i := 0
		for text := range strings.Lines(out) {
			var line typeAnswer
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&line); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if i >= len(names) {
				t.Fatalf("lookup --type %s: more lines than names", typ)
			}
			q := question{names[i], typ}
			if dns.Fqdn(line.Name) != dns.Fqdn(strings.ToLower(q.name)) || line.Type != typ || line.Answers == nil {
				t.Errorf("%v: answered by %s", q, text)
			}
			r := reply{RCode: line.RCode}
			for _, rr := range line.Answers {
				r.Answers = append(r.Answers, normal(t, rr))
			}
			results[q], lines[q] = r, line
			i++
		}
		if i != len(names) {
			t.Errorf("lookup --type %s: %d lines for %d names", typ, i, len(names))
		}
	}
	return results, lines
}

// featureNames are names of features.zone whose look-up ends, and some that are not there.
var featureNames = strings.Fields(`
	@ mail x.any any mixed generic records-1001 long-value many-mx many-txt
	cname target cname-nsd cname-knot cname-bind tour cname-empty leaf.tree cname-nx cname-out-nx parent child.parent
	chain-1 chain-9 dname host.dname nothing.dname host.dname-out host.dname-cname a.b.host.dname-cname
	x.wild a.b.c.wild wild exists.wild below.exists.wild y.wild-cname leaf.ent ent
	script control quotes formula wild-closed empty-value several params mail-and-tls critical unknown reserved
	nullmx implicit implicit6 nomail several-mx mx-alias www.deleg caa.deleg deleg nosuch a.b.nosuch
	xn--bcher-kva _service a\.b \001\255 UPPER upper typed zero MiXeD`)

// TestLookupGivesWhatDigGives compares rcode and records for every name of the feature zones, on each software.
func TestLookupGivesWhatDigGives(t *testing.T) {
	t.Parallel() // most of it is waiting
	w := servers(t)
	var questions []question
	for _, zone := range featureZones {
		in := func(name string) string { return strings.TrimPrefix(name+"."+zone, "@.") }
		for _, name := range featureNames {
			for _, typ := range []string{"A", "AAAA", "MX", "CAA", "TXT", "CNAME"} {
				questions = append(questions, question{in(name), typ})
			}
		}
		for _, q := range []question{
			{"@", "NS"}, {"@", "SOA"}, {"deleg", "NS"}, {"deleg", "SOA"}, {"nosuch", "SOA"}, {"cname", "SOA"},
			{"dname", "DNAME"}, {"host.dname", "DNAME"}, {"dname-out", "DNAME"},
			{"typed", "TYPE65534"}, {"typed", "TYPE65280"}, {"typed", "TYPE65281"}, {"nosuch", "TYPE65534"}, {"cname", "TYPE65534"},
			{"_sip._tcp", "SRV"}, {"ptr", "PTR"}, {"info", "HINFO"}, {"tlsa", "TLSA"}, {"naptr", "NAPTR"}, {"svc", "HTTPS"}, {"loc", "LOC"},
		} {
			questions = append(questions, question{in(q.name), q.typ})
		}
	}
	for _, name := range []string{
		".", "com", "net", "org", "museum", "nosuchtld", "three.com", "www.three.com", "x.many.three.com", "v6only.com", "mx.v6only.com",
		"v6only-glueless.net", "glueless.com", "half-lame.com", "half-dead.com", "half-silent.com", "nocaa.museum", "own.museum",
		"zero-ttl.net", "alias.zero-ttl.net", "nosuch.zero-ttl.net", "nosuch.com", "www.nosuch.org", "nosuch.net",
		"signed-nsec.com", "alias.signed-nsec.com", "host.dname.signed-nsec.com", "x.wild.signed-nsec.com", "ent.signed-nsec.com", "no.signed-nsec.com",
		"signed-nsec3.com", "alias.signed-nsec3.com", "host.dname.signed-nsec3.com", "x.wild.signed-nsec3.com", "ent.signed-nsec3.com", "no.signed-nsec3.com",
		"ns1.nsd-hosting.com", "ns1.six-hosting.com",
	} {
		for _, typ := range []string{"A", "AAAA", "MX", "CAA", "NS"} {
			questions = append(questions, question{name, typ})
		}
	}
	questions = append(questions, question{"signed-nsec.com", "DNSKEY"}, question{"signed-nsec3.com", "DNSKEY"}, question{"signed-nsec3.com", "NSEC3PARAM"})

	want := w.walk(t, questions)
	got, _ := w.lookup(t, questions)
	records := 0
	for _, q := range questions {
		a, b := got[q], want[q]
		slices.Sort(a.Answers)
		slices.Sort(b.Answers)
		records += len(b.Answers)
		if diff := cmp.Diff(b, a); diff != "" {
			t.Errorf("%s %s: dig (-) and lookup (+) differ:\n%s", q.name, q.typ, diff)
		}
	}
	t.Logf("%d questions, %d records", len(questions), records)
}

// TestLookupFailures: what a server's failure looks like to a client of a resolver (design/cli.md).
func TestLookupFailures(t *testing.T) {
	t.Parallel() // most of it is waiting
	w := servers(t)
	failures := map[question]string{ // the word that begins the field error
		{"lame-nsd.com", "CAA"}: "refused", {"lame-knot.com", "CAA"}: "refused", {"lame-bind.com", "CAA"}: "refused",
		{"servfail-nsd.com", "CAA"}: "servfail", {"servfail-knot.com", "CAA"}: "servfail", {"servfail-bind.com", "CAA"}: "servfail",
		{"dead.com", "A"}: "unreachable", {"silent.com", "A"}: "timeout", {"nsloop-a.com", "A"}: "lame", {"noaddress.com", "A"}: "lame",
		{"x.aero", "A"}: "refused", {"bad.unreadable.com", "CAA"}: "malformed",
		{"www.lame.caatest-nsd.com", "A"}: "lame", {"www.lame.caatest-knot.net", "A"}: "refused", {"www.lame.caatest-bind.org", "A"}: "refused",
	}
	for _, zone := range featureZones {
		loop, long := loopOutcomes(zone)
		failures[question{"loop." + zone, "CAA"}] = loop
		failures[question{"across." + zone, "MX"}] = "loop"
		failures[question{"long-18." + zone, "CAA"}] = long
		failures[question{"cname-lame." + zone, "A"}] = "refused"
	}
	_, got := w.lookup(t, slices.Collect(maps.Keys(failures)), "--timeout", "2s", "--retries", "1")
	for q, word := range failures {
		line := got[q]
		if line.RCode != "SERVFAIL" || len(line.Answers) > 0 || !strings.HasPrefix(line.Error, word) {
			t.Errorf("%v: %+v, want SERVFAIL and error %q", q, line, word)
		}
	}
}

// loopOutcomes are the words for a loop and for a chain that is too long within one feature zone. BIND follows chains
// itself and answers SERVFAIL to both; NSD and Knot leave the judgement to who asks.
func loopOutcomes(zone string) (loop, long string) {
	if zone == "caatest-bind.org" {
		return "servfail", "servfail"
	}
	return "loop", "long_chain"
}
