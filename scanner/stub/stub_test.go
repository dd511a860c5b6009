package stub

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	soa    = "example.com SOA ns.example.com host.example.com 1 1800 900 604800 60"
	caaSet = `example.com CAA 0 issue "ca.example"`
)

// What a look-up of CAA at example.com shows, by what the resolvers reply (spec rules R1.9, R6.11, R7.1 to R7.4). An
// answer is its outcome, security, reason, the zone where that comes about, and the cause, as far as there are any.
func TestAnswers(t *testing.T) {
	const (
		dead     = "example.com CAA = servfail ede22\n"
		comDS    = "com DS = ad | com DS 1 13 2 00\n"
		signedDS = "example.com DS = ad | example.com DS 1 13 2 00\n"
		comSOA   = "com SOA a.com b.com 1 1800 900 604800 60"
		rrsig    = "com RRSIG SOA 13 1 300 20300101000000 20200101000000 1 com AAAA"
	)
	for _, c := range []struct {
		name, replies, want string
	}{
		{"secure", `example.com CAA = ad | ` + caaSet, "found secure"},
		{"secure denial", "example.com CAA = ad || " + soa, "nodata secure"},
		{"secure and no such name", "example.com CAA = ad nxdomain || " + soa, "nxdomain secure"},
		{"insecure: no AD from a resolver that validates", `example.com CAA = | ` + caaSet, "found insecure"},
		{"insecure denial", "example.com CAA = || " + soa, "nodata insecure"},
		{"denial without SOA", "example.com CAA = nxdomain", "nxdomain insecure"},
		{"stale data change nothing (R7.2)", "example.com CAA = ad ede3 | " + caaSet, "found secure"},
		{"the validator knows no algorithm", "example.com CAA = ede1 | " + caaSet, "found insecure unsupported-algorithm"},
		{"nor the digest", "example.com CAA = ede2 | " + caaSet, "found insecure unsupported-digest"},
		{"too many iterations", "example.com CAA = ede27 || " + soa, "nodata insecure iterations"},
		{"indeterminate says the resolver", "example.com CAA = ede5 | " + caaSet, "found indeterminate"},
		{"a validator that lets bogus data pass", "example.com CAA = ede6 ede7 | " + caaSet, "found indeterminate expired"},
		{"the resolver does not validate", "example.com CAA = | " + caaSet + "\n. DNSKEY = | . DNSKEY 257 3 8 AwEAAQ==",
			"found indeterminate not-validated"},
		{"nobody knows if it does", "example.com CAA = | " + caaSet + "\n. DNSKEY = servfail", "found indeterminate not-validated"},

		{"bogus: expired", "example.com CAA = servfail ede7", "bogus bogus expired"},
		{"bogus: not said how", "example.com CAA = servfail ede6", "bogus bogus"},
		{"bogus: the more telling of two", "example.com CAA = servfail ede6 ede12 ede22", "bogus bogus denial-missing"},
		{"bogus: not yet valid", "example.com CAA = servfail ede8", "bogus bogus not-yet-valid"},
		{"bogus: no key", "example.com CAA = servfail ede9", "bogus bogus no-matching-ds"},
		{"bogus: no signature", "example.com CAA = servfail ede10", "bogus bogus no-signature"},
		{"bogus: no zone key", "example.com CAA = servfail ede11", "bogus bogus no-matching-ds"},
		{"bogus: expired before valid", "example.com CAA = servfail ede25", "bogus bogus expired"},
		{"data with checking disabled (R7.4)", "example.com CAA = servfail\nexample.com CAA cd = | " + caaSet,
			"bogus bogus cause=suspect-bogus"},
		{"a denial with checking disabled", "example.com CAA = servfail ede13\nexample.com CAA cd = nxdomain || " + soa,
			"bogus bogus cause=suspect-bogus"},
		{"data with checking disabled and a reason", "example.com CAA = servfail\nexample.com CAA cd = ede7 | " + caaSet,
			"bogus bogus expired"},

		{"nothing with checking disabled, signed", "example.com CAA = servfail\nexample.com CAA cd = servfail\n" + comDS + signedDS,
			"servfail indeterminate signed-zone"},
		{"nothing comes with checking disabled", "example.com CAA = servfail\nexample.com CAA cd = silent\n" + comDS + signedDS,
			"servfail indeterminate signed-zone"},
		{"an empty reply with checking disabled", "example.com CAA = servfail\nexample.com CAA cd = noerror\n" + comDS + signedDS,
			"servfail indeterminate signed-zone"},
		{"servers at fault, signed", dead + comDS + signedDS, "servfail indeterminate signed-zone"},
		{"servers at fault, no DS by NSEC", dead + comDS + "example.com DS = ad || " + comSOA + "; example.com NSEC f.com NS RRSIG NSEC",
			"servfail insecure no-ds example.com"},
		{"no DS by NSEC3", dead + comDS + "example.com DS = ad || " + comSOA + "; #example.com/com NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS",
			"servfail insecure no-ds example.com"},
		{"NSEC3 of another name", dead + comDS + "example.com DS = ad || " + comSOA + "; #example.org/com NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS",
			"servfail indeterminate signed-zone"},
		{"NSEC from the child's apex (RFC 6840 4.4)", dead + comDS + "example.com DS = ad || " + comSOA + "; example.com NSEC f.com NS SOA RRSIG NSEC",
			"servfail indeterminate signed-zone"},
		{"opt-out (RFC 5155 9.2)", dead + comDS + "example.com DS = || " + comSOA + "; " + rrsig + "; #x/com NSEC3 1 1 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS",
			"servfail insecure opt-out example.com"},
		{"no AD and nothing that explains it", dead + comDS + "example.com DS = || " + comSOA + "; " + rrsig + "; #x/com NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS",
			"servfail indeterminate chain-unreachable example.com"},
		{"the TLD has no DS", dead + "com DS = ad || . SOA a b 1 1 1 1 1; com NSEC de NS RRSIG NSEC", "servfail insecure no-ds com"},
		{"a DS without AD: insecure above", dead + comDS + "example.com DS = | example.com DS 1 13 2 00", "servfail insecure example.com"},
		{"the TLD is beyond the validator", dead + comDS + "example.com DS = ede1 || " + comSOA + "; " + rrsig,
			"servfail insecure unsupported-algorithm example.com"},
		{"the name is not there, says the zone above", dead + comDS + "example.com DS = ad nxdomain || " + comSOA, "servfail indeterminate signed-zone"},
		{"no delegation", dead + comDS + "example.com DS = ad || " + comSOA + "; example.com NSEC f.com A RRSIG NSEC",
			"servfail indeterminate signed-zone"},
		{"the DS cannot be had", dead + comDS + "example.com DS = servfail ede22", "servfail indeterminate chain-unreachable example.com"},
		{"the DS is bogus", dead + comDS + "example.com DS = servfail ede7", "servfail bogus expired example.com"},
		{"the resolver does not validate", dead + "com DS = | com DS 1 13 2 00\n. DNSKEY = | . DNSKEY 257 3 8 AwEAAQ==",
			"servfail indeterminate not-validated com"},
		{"the validator gave up with SERVFAIL", "example.com CAA = servfail ede27\n" + comDS + signedDS, "servfail indeterminate signed-zone"},

		{"refused", "example.com CAA = refused\n" + comDS + signedDS, "refused indeterminate signed-zone"},
		{"not implemented", "example.com CAA = notimp plain\n" + comDS + signedDS, "notimp indeterminate signed-zone"},
		{"no name server", "example.com CAA = nora | " + caaSet + "\n" + comDS + signedDS, "lame indeterminate signed-zone"},
		{"no reply", "example.com CAA = silent\n" + comDS + signedDS, "timeout indeterminate signed-zone"},
		{"not to be reached", "example.com CAA = unreachable\ncom DS = unreachable\n", "unreachable indeterminate chain-unreachable com"},
		{"cut short, and TCP does not help (C21)", "example.com CAA = tc\nexample.com CAA = silent\n" + comDS + signedDS,
			"truncated indeterminate signed-zone"},
		{"cut short over TCP", "example.com CAA = tc tctcp | " + caaSet + "\n" + comDS + signedDS, "truncated indeterminate signed-zone"},
		{"a record that cannot be read (C14)", "example.com CAA = ad | !example.com. 257 0005\n" + comDS + signedDS,
			"malformed indeterminate signed-zone"},
		{"blocked (R7.3)", "example.com CAA = ede15 nxdomain", "refused indeterminate cause=resolver-policy"},
		{"forged", "example.com CAA = ede4 | " + caaSet, "refused indeterminate cause=resolver-policy"},
		{"prohibited", "example.com CAA = ede18 refused", "refused indeterminate cause=resolver-policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1, c.replies)
			a := w.lookup("example.com", wire.TypeCAA)
			if got := describe(a); got != c.want {
				t.Errorf("%s, want %s\n%s", got, c.want, strings.Join(w.asked, "\n"))
			}
		})
	}
}

func describe(a *record.Answer) string {
	s := a.Outcome.String() + " " + a.Security.String()
	for _, part := range []string{a.Reason, nameText(a.BrokenAt)} {
		if part != "" {
			s += " " + part
		}
	}
	if a.Cause != "" {
		s += " cause=" + a.Cause
	}
	return s
}

func nameText(n wire.Name) string {
	if n == "" {
		return ""
	}
	return n.String()
}

// The whole evidence of one answer.
func TestEvidence(t *testing.T) {
	w := newWorld(t, 1, "example.com CAA = tc nsid ede3 ad | "+caaSet+`; example.com 100 CAA 0 iodef "mailto:x@example.com"`,
		func(c *Config) { c.NSID = true })
	c := &resolve.Client{ID: 7}
	w.ask(c, "example.com", wire.TypeCAA)
	w.run()
	a := w.results[c][0]
	if a.Name != wire.MustName("example.com") || a.Type != wire.TypeCAA || len(a.Set()) != 2 || a.TTL != 100 || !a.TCP ||
		!a.Truncated || a.Attempts != 1 || a.RTT != rtt || a.Size == 0 || a.By == nil || a.By.Addr != w.r.servers[0].self.Addr ||
		len(a.EDE()) != 1 || a.EDE()[0] != (record.EDE{Code: 3, Text: "text"}) || string(a.Notes.NSID) != "abc" ||
		a.Expires != w.now.Add(100*time.Second) {
		t.Errorf("%+v", a)
	}
	if c.Cost.Queries != 2 || c.Cost.TCP != 1 || c.Cost.Retries != 0 {
		t.Errorf("cost %+v", c.Cost)
	}
	want := []string{"0:example.com CAA", "0:example.com CAA tcp"}
	if !slices.Equal(w.asked, want) {
		t.Errorf("asked %q, want %q", w.asked, want)
	}
	seen := NameServers(w.r)
	if len(seen) != 1 || seen[0].Sent != 2 || seen[0].Answered != 2 || seen[0].TCP != 1 || seen[0].RTT50 != rtt || seen[0].EDNS != record.Answers ||
		seen[0].MixedCase != record.Answers || seen[0].CAA != record.Answers {
		t.Errorf("%+v", seen)
	}
}

// Chains come whole, through any zones.
func TestAliases(t *testing.T) {
	long := ""
	for i := range maxAliases + 1 {
		from, to := string(rune('a'+i))+".example", string(rune('a'+i+1))+".example"
		long += from + " CNAME " + to + ";"
	}
	for _, c := range []struct {
		name, qname, reply, want, owner string
		links, records                  int
	}{
		{"CNAME", "www.example.com", `ad | www.example.com CNAME cdn.example.net; cdn.example.net CAA 0 issue "x"`, "found secure", "cdn.example.net", 1, 2},
		{"in any order", "www.example.com", `ad | cdn.example.net CAA 0 issue "x"; www.example.com CNAME cdn.example.net`, "found secure", "cdn.example.net", 1, 2},
		{"two links, and nothing", "www.example.com", "ad | www.example.com CNAME a.net; a.net CNAME b.org || b.org SOA a b 1 1 1 1 1", "nodata secure", "b.org", 2, 2},
		{"no target (RFC 6604)", "www.example.com", "nxdomain | www.example.com CNAME a.net || net SOA a b 1 1 1 1 1", "nxdomain insecure", "a.net", 1, 1},
		{"DNAME", "www.example.com", `ad | example.com DNAME example.net; www.example.com CNAME www.example.net; www.example.net CAA 0 issue "x"`,
			"found secure", "www.example.net", 1, 3},
		{"DNAME without CNAME", "www.example.com", `| example.com DNAME example.net; www.example.net CAA 0 issue "x"`, "found insecure", "www.example.net", 1, 2},
		{"loop", "www.example.com", "ad | www.example.com CNAME a.net; a.net CNAME www.example.com", "loop secure", "www.example.com", 2, 2},
		{"too long", "a.example", "ad | " + long, "long_chain secure", "r.example", maxAliases + 1, maxAliases + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1, c.qname+" CAA = "+c.reply)
			a := w.lookup(c.qname, wire.TypeCAA)
			if got := describe(a); got != c.want || a.Owner().String() != c.owner || len(a.Chain) != c.links || len(a.Records) != c.records {
				t.Errorf("%s at %s by %d links with %d records\n%+v", got, a.Owner(), len(a.Chain), len(a.Records), a)
			}
			if a.Chain[0].DNAME != strings.HasPrefix(c.name, "DNAME") {
				t.Errorf("link %+v", a.Chain[0])
			}
		})
	}
	w := newWorld(t, 1, "www.example.com CAA = | example.com DNAME example.net; www.example.com CNAME www.example.org\n"+
		"com DS = ad | com DS 1 13 2 00\nexample.com DS = ad | example.com DS 1 13 2 00\n"+
		"www.example.com DS = ad || example.com SOA a b 1 1 1 1 1; www.example.com NSEC x.example.com CNAME RRSIG NSEC")
	if got := describe(w.lookup("www.example.com", wire.TypeCAA)); got != "malformed indeterminate signed-zone" {
		t.Errorf("a CNAME that is not what its DNAME makes: %s", got)
	}
	w = newWorld(t, 1, "www.example.com CNAME = ad | www.example.com CNAME cdn.example.net")
	if a := w.lookup("www.example.com", wire.TypeCNAME); a.Outcome != record.Found || len(a.Chain) != 0 || len(a.Set()) != 1 {
		t.Errorf("asked for CNAME: %+v", a)
	}
}

// A failure at an alias may be that of its target: only if all names are insecure is the failure (R3.4, R6.7).
func TestProofFollowsAliases(t *testing.T) {
	const (
		tlds     = "com DS = ad | com DS 1 13 2 00\nnet DS = ad | net DS 1 13 2 00\n"
		from     = "www.example.com CAA = servfail ede22\n"
		link     = "www.example.com CNAME = | www.example.com CNAME cdn.example.net\n"
		secure   = "www.example.com CNAME = ad | www.example.com CNAME cdn.example.net\n"
		back     = "cdn.example.net CNAME = ad | cdn.example.net CNAME www.example.com\n"
		unsigned = "example.net DS = ad || net SOA a b 1 1 1 1 1; example.net NSEC f.net NS\n"
	)
	for _, c := range []struct {
		name, replies, want string
		links               int
	}{
		{"no alias", tlds + from + "www.example.com CNAME = || example.com SOA a b 1 1 1 1 1\n" +
			"example.com DS = ad || com SOA a b 1 1 1 1 1; example.com NSEC f.com NS", "servfail insecure no-ds example.com", 0},
		{"no alias, says a signed zone", from + "www.example.com CNAME = ad || example.com SOA a b 1 1 1 1 1", "servfail indeterminate signed-zone", 0},
		{"dead servers tell no alias", tlds + from + "example.com DS = ad || com SOA a b 1 1 1 1 1; example.com NSEC f.com NS",
			"servfail insecure no-ds example.com", 0},
		{"into a signed zone", tlds + from + link + "example.net DS = ad | example.net DS 1 13 2 00\n" +
			"cdn.example.net DS = ad || example.net SOA a b 1 1 1 1 1; cdn.example.net NSEC d.example.net A",
			"servfail indeterminate signed-zone", 1},
		{"into an insecure zone", tlds + from + link + unsigned, "servfail insecure no-ds example.net", 1},
		{"from a signed zone into an insecure one", tlds + from + secure + unsigned, "servfail insecure no-ds example.net", 1},
		{"into nothing we can know", tlds + from + link + "example.net DS = servfail", "servfail indeterminate chain-unreachable example.net", 1},
		{"a bogus alias", from + "www.example.com CNAME = servfail ede7", "servfail bogus expired www.example.com", 0},
		{"an alias said by nobody knows whom", from + link + ". DNSKEY = refused", "servfail indeterminate not-validated www.example.com", 0},
		{"back to itself", from + link + back, "loop insecure", 2},
		{"back to itself, signed", from + secure + back, "loop indeterminate signed-zone", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1, c.replies)
			a := w.lookup("www.example.com", wire.TypeCAA)
			if got := describe(a); got != c.want || len(a.Chain) != c.links || len(a.Records) != c.links {
				t.Errorf("%s with %d links, want %s\n%s", got, len(a.Chain), c.want, strings.Join(w.asked, "\n"))
			}
		})
	}
}

// Links ask with DO, to see what a denial is made of; nothing else does.
func TestProofAsks(t *testing.T) {
	w := newWorld(t, 1, "a.b.com CAA = servfail ede23\ncom DS = ad | com DS 1 13 2 00\n"+
		"b.com DS = ad || com SOA a b 1 1 1 1 1; b.com NSEC c.com NS\na.b.com CNAME = servfail")
	w.lookup("a.b.com", wire.TypeCAA)
	want := []string{"0:a.b.com CAA", "0:a.b.com CAA lower foreseen", "0:a.b.com CNAME do", "0:a.b.com CNAME lower do foreseen", "0:com DS do", "0:b.com DS do"}
	if !slices.Equal(w.asked, want) {
		t.Errorf("asked %q, want %q", w.asked, want)
	}
	w.asked = nil
	w.replies["x.b.com CAA"] = []string{"refused"}
	w.replies["x.b.com CNAME"] = []string{"refused"}
	a := w.lookup("x.b.com", wire.TypeCAA)
	if want := []string{"0:x.b.com CAA", "0:x.b.com CNAME do"}; !slices.Equal(w.asked, want) || a.Security != record.Insecure {
		t.Errorf("the next name below: asked %q, want %q; %s", w.asked, want, describe(a))
	}
}

// A failed look-up of DS is the affair of the zone above; that of the root has nothing above.
func TestProofOfDS(t *testing.T) {
	w := newWorld(t, 1, "example.com DS = servfail ede22\ncom DS = ad | com DS 1 13 2 00\n. NS = refused")
	if got := describe(w.lookup("example.com", wire.TypeDS)); got != "servfail indeterminate signed-zone" {
		t.Error(got)
	}
	if got := describe(w.lookup(".", wire.TypeNS)); got != "refused indeterminate signed-zone" {
		t.Error(got)
	}
}

// Where the resolvers have an anchor for one zone only, that is where chains begin, and what lies outside has none.
func TestAnchor(t *testing.T) {
	w := newWorld(t, 1, "www.b.test CAA = refused\nb.test DNSKEY = ad | b.test DNSKEY 257 3 8 AwEAAQ==\n"+
		"www.b.test DS = ad || b.test SOA a b 1 1 1 1 1; www.b.test NSEC x.b.test A\nexample.com CAA = refused\n"+
		"insecure.com CAA = | insecure.com CAA 0 issue \"x\"", func(c *Config) { c.Anchor = wire.MustName("b.test") })
	if got := describe(w.lookup("www.b.test", wire.TypeCAA)); got != "refused indeterminate signed-zone" {
		t.Error(got)
	}
	if got := describe(w.lookup("example.com", wire.TypeCAA)); got != "refused indeterminate no-anchor" {
		t.Error(got)
	}
	if got := describe(w.lookup("insecure.com", wire.TypeCAA)); got != "found insecure" {
		t.Error(got)
	}
}

// Which exchanges a question takes, and with which resolvers; after an error code another is foreseen.
func TestExchanges(t *testing.T) {
	const data = "ad | " + caaSet
	for _, c := range []struct {
		name      string
		resolvers int
		replies   string
		outcome   record.Outcome
		asked     []string // resolver 0 stands for the first one asked
	}{
		{"another resolver after SERVFAIL", 2, "example.com CAA = servfail ede7\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "1:example.com CAA foreseen"}},
		{"another resolver where one filters", 2, "example.com CAA = nxdomain ede17\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "1:example.com CAA foreseen"}},
		{"the same one, if there is no other", 1, "example.com CAA = servfail\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "0:example.com CAA lower foreseen"}},
		{"another one after silence, then again", 2, "example.com CAA = silent\nexample.com CAA = silent\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "1:example.com CAA", "0:example.com CAA lower"}},
		{"four times silence", 3, "example.com CAA = silent\ncom DS = refused", record.Timeout, nil},
		{"case is mangled", 1, "example.com CAA = lower " + data, record.Found, []string{"0:example.com CAA", "0:example.com CAA lower"}},
		{"EDNS is not understood", 1, "example.com CAA = formerr plain\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "0:example.com CAA plain"}},
		{"bad version", 1, "example.com CAA = badvers\nexample.com CAA = " + data, record.Found,
			[]string{"0:example.com CAA", "0:example.com CAA plain"}},
		{"all fail, the most telling stays", 2, "0:example.com CAA = refused\n1:example.com CAA = servfail ede8", record.Bogus, nil},
		{"no resolvers at all", 0, "", record.Unreachable, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.resolvers, c.replies)
			a := w.lookup("example.com", wire.TypeCAA)
			if a.Outcome != c.outcome {
				t.Errorf("%s\n%s", describe(a), strings.Join(w.asked, "\n"))
			}
			if c.asked != nil && !slices.Equal(renumbered(w.asked), c.asked) {
				t.Errorf("asked %q, want %q", w.asked, c.asked)
			}
		})
	}
}

// renumbered gives the resolvers the numbers in which they come.
func renumbered(asked []string) (all []string) {
	met := ""
	for _, line := range asked {
		at := strings.IndexByte(met, line[0])
		if at < 0 {
			at = len(met)
			met += line[:1]
		}
		all = append(all, string(rune('0'+at))+line[1:])
	}
	return all
}

// A resolver that does not reply for three exchanges stands behind the others, until it replies.
func TestSilentResolver(t *testing.T) {
	text := ""
	for i := range 40 {
		text += "0:" + host(i) + " CAA = silent\n1:" + host(i) + " CAA = ad | " + host(i) + " CAA 0 issue \"x\"\n"
	}
	w := newWorld(t, 2, text)
	for i := range 40 {
		if a := w.lookup(host(i), wire.TypeCAA); a.Outcome != record.Found {
			t.Error(describe(a))
		}
	}
	if n := w.r.servers[0].stats.Sent; n != streak {
		t.Errorf("%d packets to the silent one", n)
	}
}

func host(i int) string { return "h" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".example" }

// A resolver that once mangled case, or understood only queries without EDNS, is asked so from then on. Whether it
// validates is asked once.
func TestLearning(t *testing.T) {
	w := newWorld(t, 1, "a.example CAA = lower | a.example CAA 0 issue \"x\"\nb.example CAA = | b.example CAA 0 issue \"x\"")
	w.lookup("a.example", wire.TypeCAA)
	w.lookup("b.example", wire.TypeCAA)
	want := []string{"0:a.example CAA", "0:a.example CAA lower", "0:. DNSKEY lower", "0:b.example CAA lower"}
	if !slices.Equal(w.asked, want) {
		t.Errorf("asked %q, want %q", w.asked, want)
	}
	w = newWorld(t, 1, "a.example CAA = formerr plain\na.example CAA = ad | a.example CAA 0 issue \"x\"\nb.example CAA = ad | b.example CAA 0 issue \"x\"")
	w.lookup("a.example", wire.TypeCAA)
	w.lookup("b.example", wire.TypeCAA)
	if want := []string{"0:a.example CAA", "0:a.example CAA plain", "0:b.example CAA plain"}; !slices.Equal(w.asked, want) {
		t.Errorf("asked %q, want %q", w.asked, want)
	}
}

// A question under way is asked once, and its answer kept for its TTL.
func TestSharing(t *testing.T) {
	w := newWorld(t, 1, "example.com CAA = || "+soa+"\nexample.com CAA = ad | "+caaSet)
	clients := make([]resolve.Client, 5)
	for i := range clients {
		w.ask(&clients[i], "example.com", wire.TypeCAA)
	}
	w.run()
	for i := range clients {
		if got := w.results[&clients[i]]; len(got) != 1 || got[0] != w.results[&clients[0]][0] {
			t.Errorf("client %d got %d answers", i, len(got))
		}
	}
	if a := w.lookup("example.com", wire.TypeCAA); a.Outcome != record.NoData || len(w.asked) != 2 {
		t.Errorf("from the cache: %s, asked %q", describe(a), w.asked)
	}
	w.now = w.now.Add(61 * time.Second)
	if a := w.lookup("example.com", wire.TypeCAA); a.Outcome != record.Found {
		t.Errorf("after the TTL: %s", describe(a))
	}
}

// That a name does not exist holds for all types (RFC 2308 5).
func TestNXDomainForAllTypes(t *testing.T) {
	w := newWorld(t, 1, "example.com CAA = ad nxdomain || "+soa)
	w.lookup("example.com", wire.TypeCAA)
	if a := w.lookup("example.com", wire.TypeMX); a.Outcome != record.NXDomain || a.Type != wire.TypeMX || a.Security != record.Secure || len(w.asked) != 1 {
		t.Errorf("%+v, asked %q", a, w.asked)
	}
}

// The cache holds no more than twice what it is told to.
func TestCacheBound(t *testing.T) {
	text := ""
	for i := range 300 {
		text += host(i) + " CAA = ad | " + host(i) + " CAA 0 issue \"x\"\n"
	}
	w := newWorld(t, 1, text, func(c *Config) { c.Answers = 16 })
	for i := range 300 {
		w.lookup(host(i), wire.TypeCAA)
		if n := len(w.r.answers.young) + len(w.r.answers.old); n > 32 {
			t.Fatalf("%d answers", n)
		}
	}
	if n := len(w.asked); n != 300 {
		t.Errorf("%d packets", n)
	}
	w.lookup(host(299), wire.TypeCAA)
	if len(w.asked) != 300 {
		t.Error("the last answer is not there")
	}
}

// A name may spend MaxQueries packets: that is its outcome, and nobody else's (NXNSAttack is about such bounds).
func TestWorkBound(t *testing.T) {
	text := "a.b.c.d.com CAA = servfail\na.b.c.d.com CAA cd = silent\ncom DS = ad | com DS 1 13 2 00\nd.com DS = ad | d.com DS 1 13 2 00\n" +
		"c.d.com DS = ad || d.com SOA a b 1 1 1 1 1; c.d.com NSEC e.d.com A\n" +
		"b.c.d.com DS = ad || d.com SOA a b 1 1 1 1 1; b.c.d.com NSEC e.d.com A\n" +
		"a.b.c.d.com DS = ad || d.com SOA a b 1 1 1 1 1; a.b.c.d.com NSEC e.d.com A\n"
	for bound := 1; bound <= 11; bound++ {
		w := newWorld(t, 1, text, func(c *Config) { c.MaxQueries = bound })
		var rich, poor resolve.Client
		rich.Cost.Queries = -20
		w.ask(&poor, "a.b.c.d.com", wire.TypeCAA)
		w.ask(&rich, "a.b.c.d.com", wire.TypeCAA)
		w.run()
		a, b := w.results[&poor][0], w.results[&rich][0]
		want := "servfail indeterminate work-limit"
		switch {
		case bound < 2: // SERVFAIL has to be seen twice
			want = "skipped indeterminate work-limit"
		case bound == 11:
			want = "servfail indeterminate signed-zone"
		}
		if got := describe(a); !strings.HasPrefix(got, want) {
			t.Errorf("bound %d: %s, want %s", bound, got, want)
		}
		if got := describe(b); got != "servfail indeterminate signed-zone" {
			t.Errorf("bound %d, who may spend more: %s", bound, got)
		}
		if limited := a.Cause == resolve.CauseQueries; limited != (bound < 11) || int(poor.Cost.Queries) > bound {
			t.Errorf("bound %d: %d packets", bound, poor.Cost.Queries)
		}
	}
}

// Answers that are no messages, or not such as were asked for, are failures of the resolver.
func TestUnreadable(t *testing.T) {
	for _, msg := range [][]byte{nil, {0}, make([]byte, 12), make([]byte, 40)} {
		w := newWorld(t, 1, "com DS = refused")
		var c resolve.Client
		w.ask(&c, "com", wire.TypeCAA)
		for range 2 {
			if len(w.flying) == 0 || w.r.questions[w.flying[0].ask.Ticket].key.typ != wire.TypeCAA {
				break
			}
			f := w.flying[0]
			w.flying = w.flying[1:]
			var asks []step.Ask
			w.r.Handle(&step.Event{Kind: step.Reply, Ticket: f.ask.Ticket, CaseKept: true, Now: w.now, Msg: msg}, &asks)
			w.carryOut(asks)
			w.collect()
		}
		w.run()
		if got := describe(w.results[&c][0]); got != "malformed indeterminate chain-unreachable com" {
			t.Errorf("%x: %s", msg, got)
		}
	}
}
