package generate

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The moment of the scenarios, and how long signatures hold where nothing else is said.
var (
	at    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	from  = uint32(at.Add(-10 * 24 * time.Hour).Unix())
	until = uint32(at.Add(20 * 24 * time.Hour).Unix())
)

// world is one scenario: zones on servers, how their replies are changed, what is asked and what must come out.
type world struct {
	class, name string
	shows       string // one sentence
	rfc         string
	zones       []*zone
	config      []string            // more lines of CONFIG
	anchors     []string            // trust anchors; nil and the root signed: that of the root
	noAnchor    bool                // none at all
	moment      string              // val-override-date; "" for the usual one
	clock       bool                // signatures are checked against a clock that runs
	noProbes    bool                // no DS entries for the names between
	raw         map[string][]string // ENTRYs written by hand, by address
	edits       []edit
	also        []string              // more questions that servers have entries for
	forced      map[string][]question // questions that a server has entries for although it delegates the name, by address
	steps       []string
	number      int
}

// edit changes replies: those of one server, or all, to one question.
type edit struct {
	addr, question string
	change         func(*dns.Msg)
}

// zone adds a zone on servers, with records relative to it. Its delegation stands in the closest zone above that the
// world has. The names of its servers are ns1, ns2, ... in it.
func (w *world) zone(name, addrs, text string) *zone {
	z := &zone{
		w: w, name: name, addrs: strings.Fields(addrs), sets: map[string]map[uint16][]dns.RR{},
		edits: map[string]signature{}, retyped: map[string][]uint16{}, from: from, until: until,
	}
	z.add("@ SOA ns1 hostmaster 1 7200 3600 1209600 600")
	for i, addr := range z.addrs {
		z.add(fmt.Sprintf("@ NS ns%d\nns%d %s %s", i+1, i+1, addressType(addr), addr))
	}
	z.add(text)
	w.zones = append(w.zones, z)
	return z
}

func addressType(addr string) string {
	if strings.Contains(addr, ":") {
		return "AAAA"
	}
	return "A"
}

// find returns the deepest zone that encloses a name.
func (w *world) find(name string) *zone {
	var found *zone
	for _, z := range w.zones {
		if dns.IsSubDomain(z.name, name) && (found == nil || len(z.name) > len(found.name)) {
			found = z
		}
	}
	return found
}

// delegate writes the delegations of all zones into the zones above.
func (w *world) delegate() {
	for _, z := range w.zones {
		if z.name == "." || z.foreign {
			continue
		}
		above := w.find(parent(z.name))
		for _, ns := range z.sets[z.name][dns.TypeNS] {
			above.put(ns)
			host := dns.CanonicalName(ns.(*dns.NS).Ns)
			if !dns.IsSubDomain(z.name, host) || len(above.sets[host]) > 0 {
				continue
			}
			for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
				for _, rr := range z.sets[host][typ] {
					above.put(rr)
				}
			}
		}
		ds := z.ds
		if ds == nil && !z.noDS {
			for _, k := range z.ksk {
				ds = append(ds, digestOf(k, dns.SHA256))
			}
		}
		for _, rr := range ds {
			above.put(rr)
		}
	}
}

// reply is what the server at an address says to a question.
func (w *world) reply(addr, name string, typ uint16) *dns.Msg {
	m := &dns.Msg{Question: []dns.Question{{Name: name, Qtype: typ, Qclass: dns.ClassINET}}}
	m.Response = true
	var z *zone
	for _, of := range w.zones {
		if slices.Contains(of.addrs, addr) && dns.IsSubDomain(of.name, name) && (z == nil || better(of, z, name, typ)) {
			z = of
		}
	}
	if z == nil {
		m.Rcode = dns.RcodeRefused
	} else {
		z.answer(m, name, typ, 0)
	}
	for _, e := range w.edits {
		if (e.addr == "" || e.addr == addr) && (e.question == "" || e.question == name+" "+dns.TypeToString[typ]) {
			e.change(m)
		}
	}
	return m
}

// better reports whether z rather than other answers: the deeper one, but for the DS at its apex the one above.
func better(z, other *zone, name string, typ uint16) bool {
	atApex := func(z *zone) bool { return typ == dns.TypeDS && z.name == name }
	if atApex(z) != atApex(other) {
		return atApex(other)
	}
	return len(z.name) > len(other.name)
}

// change makes a server, or all with addr "", reply otherwise to a question, or all with question "".
func (w *world) change(addr, question string, change func(*dns.Msg)) {
	w.edits = append(w.edits, edit{addr, question, change})
}

// entry adds an ENTRY written by hand, which comes before all others of the server.
func (w *world) entry(addr, text string) {
	if w.raw == nil {
		w.raw = map[string][]string{}
	}
	w.raw[addr] = append(w.raw[addr], "ENTRY_BEGIN\n"+strings.TrimSpace(text)+"\nENTRY_END\n")
}

// entryOf makes a server answer a question about a name that it delegates.
func (w *world) entryOf(addr, text string, change func(*dns.Msg)) {
	if w.forced == nil {
		w.forced = map[string][]question{}
	}
	name, typ, _ := strings.Cut(text, " ")
	w.forced[addr] = append(w.forced[addr], question{name, dns.StringToType[typ]})
	w.change(addr, text, change)
}

// question is one entry to be written.
type question struct {
	name string
	typ  uint16
}

// questions returns what the server at an address must have entries for: the keys of its zones, the DS records of their
// children, and whatever the questions of the scenario lead to, with a DS for each name that might be a cut.
func (w *world) questions(addr string, asked []question) (qs []question) {
	put := func(name string, typ uint16) {
		if q := (question{name, typ}); !slices.Contains(qs, q) {
			qs = append(qs, q)
		}
	}
	for _, z := range w.zones {
		if !slices.Contains(z.addrs, addr) {
			continue
		}
		if z.name == "." {
			put(z.name, dns.TypeNS) // what other resolvers begin with (RFC 8109)
		}
		if z.isSigned() {
			put(z.name, dns.TypeDNSKEY)
		}
		for name := range z.sets {
			if name == "." || z.cutAbove(name) != name {
				continue
			}
			for n := name; n != z.name; n = parent(n) {
				put(n, dns.TypeDS)
			}
		}
		for _, q := range w.forced[addr] {
			put(q.name, q.typ)
		}
		for _, q := range asked {
			if !dns.IsSubDomain(z.name, q.name) {
				continue
			}
			if cut := z.cutAbove(q.name); cut == "" || cut == q.name && q.typ == dns.TypeDS {
				ends := targets(w.reply(addr, q.name, q.typ))
				if len(ends) > longChain {
					ends = nil
				}
				for _, end := range append(ends, q.name) {
					if !dns.IsSubDomain(z.name, end) || z.cutAbove(end) != "" && end != q.name {
						continue
					}
					put(end, q.typ) // some ask again for what came with the alias
					for n := end; n != z.name && z.isSigned() && !w.noProbes; n = parent(n) {
						put(n, dns.TypeDS)
					}
				}
			}
		}
	}
	slices.SortStableFunc(qs, func(a, b question) int {
		return cmp.Or(compareNames(a.name, b.name), cmp.Compare(a.typ, b.typ))
	})
	return qs
}

// asked returns the questions of the scenario and those about the targets of the aliases that they meet.
func (w *world) asked() (qs []question) {
	for _, text := range w.also {
		name, typ, _ := strings.Cut(text, " ")
		qs = append(qs, question{name, dns.StringToType[typ]})
	}
	for i := 0; i < len(qs); i++ {
		q := qs[i]
		z := w.find(q.name)
		if z == nil {
			continue
		}
		for _, addr := range z.addrs {
			ends := targets(w.reply(addr, q.name, q.typ))
			if len(ends) == 0 {
				continue
			}
			next := question{ends[len(ends)-1], q.typ}
			if w.find(next.name) != z && !slices.Contains(qs, next) {
				qs = append(qs, next)
			}
		}
	}
	return qs
}

// longChain is a number of aliases that nobody follows: their targets are not written.
const longChain = 16

// targets returns where the CNAME records of a reply lead, one after the other.
func targets(m *dns.Msg) (names []string) {
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok {
			names = append(names, dns.CanonicalName(c.Target))
		}
	}
	return names
}

// text writes the scenario.
func (w *world) text() string {
	w.delegate()
	b := &strings.Builder{}
	fmt.Fprintf(b, "; %s\n; %s\n; Written by scanner/replay/generate: do not edit.\n", w.shows, w.rfc)
	w.writeConfig(b)
	fmt.Fprintf(b, "SCENARIO_BEGIN %s\n", w.shows)
	var addrs []string
	for _, z := range w.zones {
		for _, addr := range z.addrs {
			if !slices.Contains(addrs, addr) {
				addrs = append(addrs, addr)
			}
		}
	}
	for addr := range w.raw {
		if !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	known := len(addrs) - len(w.raw)
	slices.Sort(addrs[max(known, 0):])
	asked := w.asked()
	for _, addr := range addrs {
		w.writeRange(b, addr, asked)
	}
	for _, s := range w.steps {
		b.WriteString("\n" + s)
	}
	b.WriteString("\nSCENARIO_END\n")
	return b.String()
}

func (w *world) writeConfig(b *strings.Builder) {
	b.WriteString("server:\n")
	root := w.find(".")
	anchors := w.anchors
	if anchors == nil && root.isSigned() && !w.noAnchor {
		for _, k := range root.ksk {
			anchors = append(anchors, digestOf(k, dns.SHA256).String())
		}
	}
	for _, a := range anchors {
		fmt.Fprintf(b, "\ttrust-anchor: %q\n", strings.ReplaceAll(a, "\t", " "))
	}
	if w.clock {
		fmt.Fprintf(b, "\tval-override-timestamp: \"%d\"\n", at.Unix())
	} else {
		fmt.Fprintf(b, "\tval-override-date: %q\n", cmp.Or(w.moment, at.Format("20060102150405")))
	}
	b.WriteString("\tqname-minimisation: no\n\ttrust-anchor-signaling: no\n\ttarget-fetch-policy: \"0 0 0 0 0\"\n")
	for _, line := range w.config {
		if strings.HasPrefix(line, ";") {
			b.WriteString(line + "\n")
		} else {
			b.WriteString("\t" + line + "\n")
		}
	}
	b.WriteString("stub-zone:\n\tname: \".\"\n")
	for _, addr := range root.addrs {
		fmt.Fprintf(b, "\tstub-addr: %s\n", addr)
	}
	b.WriteString("CONFIG_END\n\n")
}

// writeRange writes what one server says, at any step.
func (w *world) writeRange(b *strings.Builder, addr string, asked []question) {
	var names []string
	for _, z := range w.zones {
		if slices.Contains(z.addrs, addr) {
			names = append(names, z.name)
		}
	}
	fmt.Fprintf(b, "\n; server of %s\nRANGE_BEGIN 0 1000\n\tADDRESS %s\n", cmp.Or(strings.Join(names, " "), "nothing"), addr)
	for _, text := range w.raw[addr] {
		b.WriteString(text)
	}
	for _, q := range w.questions(addr, asked) {
		if m := w.reply(addr, q.name, q.typ); m != nil {
			writeEntry(b, m, "opcode qtype qname", "copy_id")
		}
	}
	for _, cut := range w.cuts(addr) {
		m := w.reply(addr, cut, dns.TypeNS)
		m.Question[0].Qtype = dns.TypeA
		writeEntry(b, m, "opcode subdomain", "copy_id copy_query")
	}
	b.WriteString("RANGE_END\n")
}

// cuts returns the delegations that the server at an address refers to, the deepest first.
func (w *world) cuts(addr string) (cuts []string) {
	for _, z := range w.zones {
		if !slices.Contains(z.addrs, addr) {
			continue
		}
		for name := range z.sets {
			of := w.find(name)
			here := of != z && of.name == name && slices.Contains(of.addrs, addr)
			if z.cutAbove(name) == name && !here {
				cuts = append(cuts, name)
			}
		}
	}
	slices.SortFunc(cuts, func(a, b string) int {
		return cmp.Or(dns.CountLabel(b)-dns.CountLabel(a), compareNames(a, b))
	})
	return cuts
}

// silent marks a reply that is not sent.
const silent = -1

func writeEntry(b *strings.Builder, m *dns.Msg, match, adjust string) {
	if m.Rcode == silent {
		adjust += " do_not_answer"
		m.Rcode = dns.RcodeSuccess
	}
	fmt.Fprintf(b, "ENTRY_BEGIN\nMATCH %s\nADJUST %s\nREPLY QR", match, adjust)
	for _, bit := range []struct {
		set  bool
		word string
	}{{m.Authoritative, "AA"}, {m.Truncated, "TC"}, {m.RecursionAvailable, "RA"}, {hasSignature(m), "DO"}} {
		if bit.set {
			b.WriteString(" " + bit.word)
		}
	}
	rcode := dns.RcodeToString[m.Rcode]
	if m.Rcode == dns.RcodeBadVers {
		rcode = "BADVERS" // 16 has two names
	}
	fmt.Fprintf(b, " %s\nSECTION QUESTION\n%s IN %s\n", rcode, m.Question[0].Name, dns.TypeToString[m.Question[0].Qtype])
	for i, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		if len(section) == 0 {
			continue
		}
		fmt.Fprintf(b, "SECTION %s\n", []string{"ANSWER", "AUTHORITY", "ADDITIONAL"}[i])
		for _, rr := range section {
			b.WriteString(line(rr) + "\n")
		}
	}
	b.WriteString("ENTRY_END\n")
}

func hasSignature(m *dns.Msg) bool {
	return slices.ContainsFunc(slices.Concat(m.Answer, m.Ns), isSignature)
}

func isSignature(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeRRSIG }

// line writes a record. Times of signatures stand as dates only where miekg/dns reads them without a look at the clock.
func line(rr dns.RR) string {
	sig, ok := rr.(*dns.RRSIG)
	if !ok {
		return strings.ReplaceAll(rr.String(), "\t", " ")
	}
	moment := func(t uint32) string {
		if t < 1<<30 || t > 1<<31 {
			return fmt.Sprint(t) // RFC 4034 3.2 allows seconds
		}
		return time.Unix(int64(t), 0).UTC().Format("20060102150405")
	}
	return fmt.Sprintf("%s %d IN RRSIG %s %d %d %d %s %s %d %s %s", sig.Hdr.Name, sig.Hdr.Ttl, dns.TypeToString[sig.TypeCovered],
		sig.Algorithm, sig.Labels, sig.OrigTtl, moment(sig.Expiration), moment(sig.Inception), sig.KeyTag, sig.SignerName, sig.Signature)
}

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

// rawMessage returns a message in hexadecimal for an entry by hand.
func rawMessage(octets []byte) string {
	return "HEX_ANSWER_BEGIN\n" + hex.EncodeToString(octets) + "\nHEX_ANSWER_END"
}
