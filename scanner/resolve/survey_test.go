package resolve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// checkSurvey checks what holds for every survey.
func (w *world) checkSurvey(sv *record.Survey) {
	w.t.Helper()
	if len(sv.Answers) > maxSurveyed || len(sv.Answers) > sv.Addresses {
		w.t.Fatalf("%v: %d answers of %d addresses", sv.Name, len(sv.Answers), sv.Addresses)
	}
	if (len(sv.Answers) < sv.Addresses || sv.Addresses == 0) && sv.Cause == "" {
		w.t.Fatalf("%v: %d answers of %d addresses, and no cause", sv.Name, len(sv.Answers), sv.Addresses)
	}
	if sv.Zone != "" && !sv.Name.In(sv.Zone) || sv.Consistency != record.Classify(sv.Answers) {
		w.t.Fatalf("%v in %v: %v", sv.Name, sv.Zone, sv.Consistency)
	}
	for i := range sv.Answers {
		a := &sv.Answers[i]
		if i > 0 && !sv.Answers[i-1].Server.Addr.Less(a.Server.Addr) {
			w.t.Fatalf("%v: address %v is not in order, or there twice", sv.Name, a.Server.Addr)
		}
		if a.Server.Name == "" || a.Outcome == record.Skipped || a.Answered() && a.Attempts == 0 {
			w.t.Fatalf("%v: answer %+v", sv.Name, a)
		}
		if len(a.Set) > 0 && a.Outcome != record.Found || a.Outcome == record.Found && len(a.Set)+len(a.Aliases) == 0 {
			w.t.Fatalf("%v: %v with %d records, %d aliases", sv.Name, a.Outcome, len(a.Set), len(a.Aliases))
		}
		for k, rr := range a.Set {
			if rr.Type != sv.Type || k > 0 && string(a.Set[k-1].Data) >= string(rr.Data) {
				w.t.Fatalf("%v: records %v", sv.Name, a.Set)
			}
		}
	}
}

// outcomes lists what the servers said, in the order of their addresses.
func outcomes(sv *record.Survey) string {
	var words []string
	for i := range sv.Answers {
		words = append(words, sv.Answers[i].Outcome.String())
	}
	return strings.Join(words, " ")
}

func wantSurvey(t *testing.T, sv *record.Survey, c record.Consistency, said, cause string) {
	t.Helper()
	if sv.Consistency != c || outcomes(sv) != said || sv.Cause != cause {
		t.Errorf("%v: %v, %q, cause %q; want %v, %q, cause %q", sv.Name, sv.Consistency, outcomes(sv), sv.Cause, c, said, cause)
	}
}

const ns3Addr = "192.0.2.3"

// twoViews has example.com on two servers with a zone each.
func twoViews(t testing.TB, one, other string, change ...func(*Config)) *world {
	w := exampleWorld(t, one, change...)
	w.hosts[addrOf(ns2Addr)].zones = nil
	w.serve(ns2Addr, soaOf("example.com")+"example.com. NS ns1.example.com.\nexample.com. NS ns2.example.com.\n"+other)
	return w
}

// Each class of disagreement as servers show it, and what is none.
func TestSurveyClasses(t *testing.T) {
	const (
		caa   = "www.example.com. CAA 0 issue \"ca.test\"\n"
		other = "www.example.com. CAA 0 issue \"other.test\"\n"
		exist = "www.example.com. A 192.0.2.77\n"
		out   = "www.example.com. CNAME www.example.org.\n"
		away  = "www.example.com. CNAME elsewhere.example.org.\n"
		in    = "www.example.com. CNAME x.example.com.\n"
		x     = "x.example.com. CAA 0 issue \"ca.test\"\n"
	)
	for _, test := range []struct {
		name       string
		one, other string
		want       record.Consistency
		said       string
	}{
		{"same set", caa, caa, record.Same, "found found"},
		{"another order, another TTL", caa + other, "www.example.com. 60 CAA 0 issue \"other.test\"\n" + "www.example.com. 60 CAA 0 issue \"ca.test\"\n",
			record.Same, "found found"},
		{"no set", exist, exist, record.Same, "nodata nodata"},
		{"no name", "", "", record.Same, "nxdomain nxdomain"},
		{"no name, no set", "", exist, record.Same, "nxdomain nodata"},
		{"same alias out of the zone", out, out, record.Same, "found found"},
		{"same alias in the zone", in + x, in + x, record.Same, "found found"},

		{"NODATA/CAA", exist, caa, record.NoDataVsCAA, "nodata found"},
		{"NODATA/CAA at the target", in + x, in + "x.example.com. A 192.0.2.77\n", record.NoDataVsCAA, "found nodata"},
		{"NXDOMAIN/CAA", caa, "", record.NXDomainVsCAA, "found nxdomain"},
		{"NXDOMAIN/CAA at the target", in + x, in, record.NXDomainVsCAA, "found nxdomain"},
		{"CAA", caa, other, record.CAADiffers, "found found"},
		{"one record more", caa, caa + other, record.CAADiffers, "found found"},
		{"CAA at the target", in + x, in + "x.example.com. CAA 128 issue \"ca.test\"\n", record.CAADiffers, "found found"},
		{"CNAME to another name", out, away, record.CNAMEDiffers, "found found"},
		{"CNAME on one only", out, exist, record.CNAMEDiffers, "found nodata"},
		{"CNAME and CAA", out, caa, record.CNAMEDiffers, "found found"},
		{"CNAME and no name", "", out, record.CNAMEDiffers, "nxdomain found"},
		{"CNAME and DNAME", "www.example.com. CNAME www.t.example.org.\n", "", record.CNAMEDiffers, "found nxdomain"},
		{"a loop on one", "www.example.com. CNAME www.example.com.\n", exist, record.CNAMEDiffers, "loop nodata"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(4) {
				w := twoViews(t, test.one, test.other, seeded(seed))
				before := len(w.log)
				c := &Client{}
				w.survey(c, "www.example.com", wire.TypeCAA) // with nothing known: by way of root and TLD
				w.run()
				wantSurvey(t, w.surveys[c][0], test.want, test.said, "")
				wantPackets(t, w.log[before:], 4)
				if c.cut == nil || c.cut.zone != wire.MustName("example.com") {
					t.Errorf("the delegation is not kept")
				}

				sv, _ := w.surveyOf("www.example.com")
				wantSurvey(t, sv, test.want, test.said, "")
				if sv.Zone != wire.MustName("example.com") || len(sv.NS) != 2 || sv.Addresses != 2 {
					t.Errorf("zone %v, servers %v, %d addresses", sv.Zone, sv.NS, sv.Addresses)
				}
			}
		})
	}
}

// What one server has to say about another's answer, each alone: failures are told, and are no disagreement.
func TestSurveyFailures(t *testing.T) {
	for _, test := range []struct {
		name    string
		faults  []fault
		want    record.Consistency
		said    string
		packets int // to the server with the fault
	}{
		{"silence", []fault{silent}, record.NotChecked, "found timeout", 2},
		{"silence once", []fault{first(1, silent)}, record.Same, "found found", 2},
		{"unreachable", []fault{unreachable}, record.NotChecked, "found unreachable", 2},
		{"REFUSED", []fault{rcode(dns.RcodeRefused)}, record.NotChecked, "found refused", 2}, // in lower case
		{"SERVFAIL", []fault{rcode(dns.RcodeServerFailure)}, record.NotChecked, "found servfail", 2},
		{"SERVFAIL once", []fault{first(1, rcode(dns.RcodeServerFailure))}, record.Same, "found found", 2},
		{"SERVFAIL under strain", []fault{first(4, func(x *served) {
			rcode(dns.RcodeServerFailure)(x)
			x.strained = true
		})}, record.Same, "found found", 5},
		{"NOTIMP", []fault{rcode(dns.RcodeNotImplemented)}, record.NotChecked, "found notimp", 2},
		{"FORMERR, also without EDNS", []fault{rcode(dns.RcodeFormatError)}, record.NotChecked, "found formerr", 4},
		{"lame", []fault{says(false, "", "", "")}, record.NotChecked, "found lame", 2},
		{"upward referral", []fault{says(false, "", ". NS a.root-servers.test.\n", "")}, record.NotChecked, "found lame", 2},
		{"SOA of another zone", []fault{says(true, "", soaOf("example.org"), "")}, record.NotChecked, "found lame", 2},
		{"malformed set", []fault{malformed}, record.NotChecked, "found malformed", 2},
		{"truncated", []fault{truncating}, record.Same, "found found", 2},
		{"truncated, no TCP", []fault{truncating, noTCP}, record.NotChecked, "found truncated", 4},
		{"no EDNS", []fault{noEDNS(dns.RcodeFormatError)}, record.Same, "found found", 2},
		{"case is lost", []fault{lowerCase}, record.Same, "found found", 2},
		{"mixed case is refused", []fault{ifMixed(rcode(dns.RcodeRefused))}, record.Same, "found found", 2},
		{"mixed case is dropped", []fault{ifMixed(silent)}, record.Same, "found found", 2},
		{"another answer, late", []fault{func(x *served) { x.delay = 1900 * time.Millisecond }, says(true, "", soaOf("example.com"), "")},
			record.NoDataVsCAA, "found nodata", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := exampleWorld(t, someCAA)
			w.fault(ns2Addr, test.faults...)
			sv := w.surveyAlone("example.com")
			wantSurvey(t, sv, test.want, test.said, "")
			wantPackets(t, w.sentTo(ns2Addr), test.packets)
			wantPackets(t, w.sentTo(ns1Addr), 1)
			a := &sv.Answers[1]
			if tc := strings.HasPrefix(test.name, "truncated"); a.Truncated != tc || a.TCP != tc {
				t.Errorf("truncated %v, over TCP %v", a.Truncated, a.TCP)
			}
			if sv.Lame() != strings.Count(test.said, "lame") || sv.Answered() != 2-boolInt(a.Outcome.Failed()) {
				t.Errorf("%d lame, %d answered", sv.Lame(), sv.Answered())
			}
		})
	}
	t.Run("no retries", func(t *testing.T) {
		w := exampleWorld(t, someCAA, func(c *Config) { c.Retries = -1 })
		w.fault(ns2Addr, silent)
		wantSurvey(t, w.surveyAlone("example.com"), record.NotChecked, "found timeout", "")
		wantPackets(t, w.sentTo(ns2Addr), 1)
	})
	t.Run("all", func(t *testing.T) {
		w := exampleWorld(t, someCAA)
		w.fault(ns1Addr, silent)
		w.fault(ns2Addr, rcode(dns.RcodeRefused))
		wantSurvey(t, w.surveyAlone("example.com"), record.NotChecked, "timeout refused", "")
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// surveyAlone surveys name for a new client that knows no more of it than its delegation.
func (w *world) surveyAlone(name string) *record.Survey {
	w.t.Helper()
	c := &Client{}
	w.survey(c, name, wire.TypeCAA)
	w.run()
	return w.surveys[c][0]
}

// zoneOn serves example.com with some CAA at every address, and returns the lines that delegate it to them.
func (w *world) zoneOn(addrs ...string) string {
	var lines strings.Builder
	for i, addr := range addrs {
		w.serve(addr, soaOf("example.com")+someCAA)
		typ := "A"
		if strings.Contains(addr, ":") {
			typ = "AAAA"
		}
		fmt.Fprintf(&lines, "example.com. NS ns%d.example.com.\nns%d.example.com. %s %s\n", i, i, typ, addr)
	}
	return lines.String()
}

// What a survey costs after a look-up: one packet for each address.
func TestSurveyCost(t *testing.T) {
	for _, servers := range []int{1, 2, 4, 13, 26, 32} {
		w := comWorld(t, "")
		var addrs []string
		for i := range servers {
			if i%2 == 0 {
				addrs = append(addrs, fmt.Sprintf("192.0.2.%d", 10+i))
			} else {
				addrs = append(addrs, fmt.Sprintf("2001:db8::%d", 10+i))
			}
		}
		w.serve(comAddr, soaOf("com")+w.zoneOn(addrs...))
		w.hosts[addrOf(comAddr)].zones = w.hosts[addrOf(comAddr)].zones[1:]
		a, c := w.lookupCost("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		before, at := c.Cost.Queries, w.now
		w.survey(c, "example.com", wire.TypeCAA)
		w.run()
		sv := w.surveys[c][0]
		if len(sv.Answers) != servers || sv.Answered() != servers || int(c.Cost.Queries-before) != servers {
			t.Errorf("%d servers: %d answers, %d packets", servers, sv.Answered(), c.Cost.Queries-before)
		}
		if rtts := w.now.Sub(at) / (20 * time.Millisecond); rtts > 2 {
			t.Errorf("%d servers: %d round trips", servers, rtts)
		}
		for _, addr := range addrs { // each is asked once, but for the one that answered the look-up
			if n := len(w.sentTo(addr)); n != 1 && (n != 2 || answeredBy(a).Addr != addrOf(addr)) {
				t.Errorf("%d servers: %d packets to %s", servers, n, addr)
			}
		}
	}
}

// A zone of more addresses than anybody needs: each server has its first address asked (NXNSAttack).
func TestSurveyManyAddresses(t *testing.T) {
	w := comWorld(t, "")
	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, "example.com. NS ns%d.example.com.\n", i)
		for k := range 10 {
			addr := fmt.Sprintf("192.0.%d.%d", 10+k, 10+i)
			fmt.Fprintf(&lines, "ns%d.example.com. A %s\n", i, addr)
			w.serve(addr, soaOf("example.com")+someCAA)
		}
	}
	w.hosts[addrOf(comAddr)].zones = nil
	w.serve(comAddr, soaOf("com")+lines.String())
	w.fault(comAddr, func(x *served) { x.reply.Truncated = false })
	sv := w.surveyAlone("example.com")
	if sv.Addresses <= maxSurveyed || len(sv.Answers) != maxSurveyed || sv.Cause != CauseAddresses {
		t.Errorf("%d addresses, %d asked, cause %q", sv.Addresses, len(sv.Answers), sv.Cause)
	}
	names := map[wire.Name]bool{}
	for _, a := range sv.Answers {
		names[a.Server.Name] = true
	}
	if len(names) != len(sv.NS) {
		t.Errorf("%d of %d servers asked", len(names), len(sv.NS))
	}
}

// One address is asked once, whatever its names.
func TestSurveySharedAddress(t *testing.T) {
	w := comWorld(t, "example.com. NS a.example.com.\nexample.com. NS b.example.com.\na.example.com. A 192.0.2.1\nb.example.com. A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com")+someCAA)
	sv := w.surveyAlone("example.com")
	wantSurvey(t, sv, record.NotChecked, "found", "")
	wantPackets(t, w.sentTo(ns1Addr), 1)
}

// Addresses that the referral lacks are looked up, in both families, once for all names that share the servers.
func TestSurveyGlueless(t *testing.T) {
	w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS b.ns.org.\nexample.com. NS gone.ns.org.\nother.com. NS a.ns.org.\nother.com. NS b.ns.org.\n")
	w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
	w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\na.ns.org. AAAA 2001:db8::1\nb.ns.org. A 192.0.2.2\n")
	for _, addr := range []string{ns1Addr, ns2Addr, "2001:db8::1"} {
		w.serve(addr, soaOf("example.com")+someCAA)
		w.serve(addr, soaOf("other.com"))
	}
	sv, _ := w.surveyOf("example.com")
	wantSurvey(t, sv, record.Same, "found found found", "")
	sent := len(w.log)
	sv = w.surveyAlone("other.com")
	wantSurvey(t, sv, record.Same, "nodata nodata nodata", "")
	wantPackets(t, w.log[sent:], 4) // the TLD, three servers
	for name, n := range map[string]int{"a.ns.org": 1, "b.ns.org": 1, "gone.ns.org": 1} {
		if got := len(w.sentFor(name, dns.TypeA)) + len(w.sentFor(name, dns.TypeAAAA)); got < n {
			t.Errorf("%s: %d packets", name, got)
		}
	}
}

// Servers whose addresses need themselves are found out, and the others are asked all the same.
func TestSurveyLoops(t *testing.T) {
	t.Run("one server", func(t *testing.T) {
		w := comWorld(t, "example.com. NS ns.b.com.\nexample.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\n"+
			"b.com. NS ns.c.com.\nc.com. NS ns.b.com.\n")
		w.serve(ns1Addr, soaOf("example.com")+someCAA)
		sv, _ := w.surveyOf("example.com")
		wantSurvey(t, sv, record.NotChecked, "found", CauseNSLoop)
	})
	t.Run("all, in bailiwick", func(t *testing.T) {
		w := comWorld(t, "example.com. NS ns1.example.com.\nexample.com. NS ns2.example.com.\n")
		sv, _ := w.surveyOf("www.example.com")
		wantSurvey(t, sv, record.NotChecked, "", CauseNSLoop)
		if len(w.log) > 6 {
			t.Errorf("%d packets: %v", len(w.log), w.log)
		}
	})
	t.Run("nesting", func(t *testing.T) {
		var chain strings.Builder
		for i := range 30 {
			fmt.Fprintf(&chain, "z%d.com. NS ns.z%d.com.\n", i, i+1)
		}
		w := comWorld(t, chain.String())
		wantSurvey(t, w.surveyAlone("z0.com"), record.NotChecked, "", CauseDepth)
	})
	t.Run("names without addresses", func(t *testing.T) { // NXNSAttack
		var many strings.Builder
		for i := range 60 {
			fmt.Fprintf(&many, "evil.com. NS n%d.victim.org.\n", i)
		}
		w := comWorld(t, many.String())
		w.serve(comAddr, soaOf("org")+"victim.org. NS ns.victim.org.\nns.victim.org. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("victim.org"))
		wantSurvey(t, w.surveyAlone("evil.com"), record.NotChecked, "", CauseLookups)
		if n := len(w.sentTo(ns1Addr)); n > maxSurveyLookups {
			t.Errorf("%d packets to the victim", n)
		}
	})
}

// Who has opted out gets no packet, be it that the list came in the midst of the survey.
func TestSurveyOptOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		list    optOutOf
		said    string
		silent  []string
		noZone  bool
		cause   string
		address int
	}{
		{"nobody", optOutOf{}, "found found", nil, false, "", 2},
		{"the name", optOutOf{names: []string{"example.com"}}, "", []string{rootAddr, comAddr, ns1Addr, ns2Addr}, true, CauseOptedOut, 0},
		{"a server by name", optOutOf{servers: []string{"ns1.example.com"}}, "found", []string{ns1Addr}, false, CauseOptedOut, 1},
		{"a server by address", optOutOf{addrs: []string{ns2Addr}}, "found", []string{ns2Addr}, false, CauseOptedOut, 1},
		{"all", optOutOf{addrs: []string{ns1Addr, ns2Addr}}, "", []string{ns1Addr, ns2Addr}, false, CauseOptedOut, 0},
		{"the TLD", optOutOf{addrs: []string{comAddr}}, "", []string{comAddr, ns1Addr, ns2Addr}, false, CauseOptedOut, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			outs := &OptOuts{}
			w := exampleWorld(t, someCAA, func(c *Config) { c.OptOuts = outs })
			outs.Replace(test.list)
			for range 4 {
				sv := w.surveyAlone("example.com")
				wantSurvey(t, sv, record.Classify(sv.Answers), test.said, test.cause)
				if sv.Addresses != test.address || (sv.Zone == "") != test.noZone {
					t.Errorf("%d addresses, zone %v", sv.Addresses, sv.Zone)
				}
			}
			for _, addr := range test.silent {
				wantPackets(t, w.sentTo(addr), 0)
			}
			for _, s := range NameServers(w.r) {
				if s.OptedOut && s.Sent > 0 || test.list.bans(s) && !s.OptedOut {
					t.Errorf("%v: opted out %v, %d packets", s.Addr, s.OptedOut, s.Sent)
				}
			}
		})
	}
	t.Run("midway", func(t *testing.T) {
		outs := &OptOuts{}
		w := exampleWorld(t, someCAA, func(c *Config) { c.OptOuts = outs })
		w.fault(ns1Addr, silent)
		w.fault(ns2Addr, silent)
		_, c := w.lookupCost("example.com", wire.TypeCAA)
		before := len(w.log)
		w.survey(c, "example.com", wire.TypeCAA) // the first server has been asked
		outs.Replace(optOutOf{addrs: []string{ns1Addr, ns2Addr}})
		w.run()
		sv := w.surveys[c][0]
		wantSurvey(t, sv, record.NotChecked, "timeout", CauseOptedOut)
		wantPackets(t, w.log[before:], 1) // neither is the second asked, nor the first again
	})
}

// Addresses that must not be asked are not there for a survey, be they from glue or from a look-up.
func TestSurveyNotAllowed(t *testing.T) {
	w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\nns1.example.com. A 192.0.2.66\n", func(c *Config) {
		c.Allowed = func(a netip.Addr) bool { return a != addrOf("192.0.2.66") }
	})
	w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
	w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.66\na.ns.org. A 192.0.2.2\na.ns.org. AAAA ::ffff:192.0.2.66\n")
	for _, addr := range []string{ns1Addr, ns2Addr, "192.0.2.66"} {
		w.serve(addr, soaOf("example.com")+someCAA)
	}
	sv, _ := w.surveyOf("example.com")
	wantSurvey(t, sv, record.Same, "found found", "")
	if sv.Addresses != 2 {
		t.Errorf("%d addresses", sv.Addresses)
	}
}

// When what a client may send is used up, the survey tells of those that were asked.
func TestSurveyMaxQueries(t *testing.T) {
	addrs := []string{"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16"}
	for _, test := range []struct {
		name  string
		fault fault
	}{{"answers", func(*served) {}}, {"silence", silent}, {"truncation", truncating}, {"no EDNS", noEDNS(dns.RcodeFormatError)}, {"SERVFAIL", rcode(dns.RcodeServerFailure)}} {
		for budget := 1; budget <= 16; budget++ {
			w := comWorld(t, "", func(c *Config) { c.MaxQueries = budget })
			w.hosts[addrOf(comAddr)].zones = nil
			w.serve(comAddr, soaOf("com")+w.zoneOn(addrs...))
			for _, addr := range addrs {
				w.fault(addr, test.fault)
			}
			c := &Client{}
			w.survey(c, "example.com", wire.TypeCAA)
			w.run()
			sv := w.surveys[c][0]
			asked := map[netip.Addr]bool{}
			for _, p := range w.log {
				asked[p.addr] = true
			}
			for _, a := range sv.Answers {
				if !asked[a.Server.Addr] {
					t.Errorf("%s, %d packets: %v was not asked", test.name, budget, a.Server.Addr)
				}
				if cutShort := a.Outcome == record.WorkBound; cutShort && test.name != "truncation" && test.name != "no EDNS" {
					t.Errorf("%s, %d packets: a failure is told as a bound", test.name, budget)
				}
			}
			if all := len(sv.Answers) == len(addrs); all == (sv.Cause == CauseQueries) {
				t.Errorf("%s, %d packets: %d of %d asked, cause %q", test.name, budget, len(sv.Answers), sv.Addresses, sv.Cause)
			}
			if test.name == "answers" && sv.Answered() != max(0, min(budget-2, len(addrs))) {
				t.Errorf("%d packets: %d answers", budget, sv.Answered())
			}
		}
	}
	t.Run("look-ups leave enough for those that are known", func(t *testing.T) {
		var lines strings.Builder
		for i := range 12 {
			fmt.Fprintf(&lines, "example.com. NS n%d.ns.org.\n", i)
		}
		w := comWorld(t, "example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\n"+lines.String(), func(c *Config) { c.MaxQueries = 10 })
		w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
		w.serve("192.0.2.9", soaOf("ns.org")+"*.ns.org. A 192.0.2.2\n")
		w.serve(ns1Addr, soaOf("example.com")+someCAA)
		w.serve(ns2Addr, soaOf("example.com")+someCAA)
		wantSurvey(t, w.surveyAlone("example.com"), record.Same, "found found", CauseQueries)
	})
}

// The zone is the closest to the name that has servers of its own.
func TestSurveyZone(t *testing.T) {
	const sub = "sub.example.com. NS ns3.example.com.\nns3.example.com. A 192.0.2.3\n"
	below := soaOf("sub.example.com") + "x.sub.example.com. CAA 0 issue \"ca.test\"\n"
	t.Run("referred", func(t *testing.T) {
		w := exampleWorld(t, sub)
		w.serve(ns3Addr, below)
		sv := w.surveyAlone("x.sub.example.com")
		wantSurvey(t, sv, record.NotChecked, "found", "")
		if sv.Zone != wire.MustName("sub.example.com") || sv.NS[0] != wire.MustName("ns3.example.com") || sv.Addresses != 1 {
			t.Errorf("zone %v, servers %v, %d addresses", sv.Zone, sv.NS, sv.Addresses)
		}
		wantPackets(t, w.log, 4) // one server of each zone
	})
	t.Run("both sides on the same servers", func(t *testing.T) {
		w := exampleWorld(t, sub)
		w.serve(ns1Addr+" "+ns2Addr, below)
		sv := w.surveyAlone("x.sub.example.com")
		wantSurvey(t, sv, record.Same, "found found", "")
		if sv.Zone != wire.MustName("example.com") {
			t.Errorf("zone %v", sv.Zone)
		}
	})
	t.Run("both sides on one of the servers", func(t *testing.T) { // the other refers
		for seed := range uint64(8) {
			w := exampleWorld(t, sub, seeded(seed))
			w.serve([]string{ns1Addr, ns2Addr}[seed%2], below)
			w.serve(ns3Addr, soaOf("sub.example.com"))
			w.hosts[addrOf(ns1Addr)].rtt = time.Duration(1+seed/2) * time.Millisecond
			w.hosts[addrOf(ns2Addr)].rtt = 3 * time.Millisecond
			sv, _ := w.surveyOf("x.sub.example.com")
			if sv.Zone != wire.MustName("sub.example.com") || sv.Consistency == record.NoDataVsCAA || outcomes(sv) != "nxdomain" && outcomes(sv) != "found nxdomain" {
				t.Errorf("zone %v: %v, %v", sv.Zone, sv.Consistency, outcomes(sv))
			}
		}
	})
	t.Run("referrals without end", func(t *testing.T) {
		name := strings.Repeat("x.", 40) + "com"
		w := comWorld(t, "x.com. NS ns.com.\nns.com. A 192.0.2.1\n", func(c *Config) { c.MaxQueries = 100 })
		w.serve(ns1Addr, soaOf("x.com"))
		w.fault(ns1Addr, func(x *served) {
			labels := dns.SplitDomainName(x.name)
			n := min(len(w.sentTo(ns1Addr))+2, len(labels))
			says(false, "", dns.Fqdn(strings.Join(labels[len(labels)-n:], "."))+" NS ns.com.\n", "")(x)
		})
		wantSurvey(t, w.surveyAlone(name), record.NotChecked, "lame", CauseReferrals)
	})
	t.Run("in a zone that all share", func(t *testing.T) {
		w := newWorld(t, "com. NS a.gtld.com.\ncom. NS b.gtld.com.\na.gtld.com. A 198.51.100.2\nb.gtld.com. A 198.51.100.3\n")
		w.serve("198.51.100.2 198.51.100.3", soaOf("com")+"com. CAA 0 issue \";\"\n")
		sv, _ := w.surveyOf("nothing.com")
		wantSurvey(t, sv, record.NotChecked, "nxdomain", CauseTopLevel)
		sv, _ = w.surveyOf("com")
		wantSurvey(t, sv, record.Same, "found found", "")
		wantSurvey(t, w.surveyAlone("org"), record.NotChecked, "nxdomain", "") // the root has one address
		wantSurvey(t, w.surveyAlone("."), record.NotChecked, "nodata", "")
	})
}

// Nothing is shared: who surveys the same name asks again, an ordinary question joins none, and no answer is kept.
func TestSurveySharesNothing(t *testing.T) {
	w := exampleWorld(t, someCAA)
	want(t, w.lookup("other.example.com", wire.TypeCAA), record.NXDomain)
	before := len(w.log)
	a, b, c := &Client{}, &Client{}, &Client{}
	w.survey(a, "example.com", wire.TypeCAA)
	w.survey(b, "example.com", wire.TypeCAA)
	w.ask(c, "example.com", wire.TypeCAA)
	w.run()
	wantPackets(t, w.log[before:], 5)
	wantSurvey(t, w.surveys[a][0], record.Same, "found found", "")
	wantSurvey(t, w.surveys[b][0], record.Same, "found found", "")
	want(t, w.results[c][0], record.Found)

	w = exampleWorld(t, someCAA)
	w.surveyAlone("example.com")
	before = len(w.log)
	want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	wantPackets(t, w.log[before:], 1)
}

// A survey validates nothing, and asks as a validator does.
func TestSurveySigned(t *testing.T) {
	w := exampleWorld(t, someCAA)
	w.sign([]string{"."}, ".", "com", "example.com")
	a, c := w.lookupCost("example.com", wire.TypeCAA)
	if a.Security != record.Secure {
		t.Fatalf("%v, %s", a.Security, a.Reason)
	}
	before := len(w.log)
	w.survey(c, "example.com", wire.TypeCAA)
	w.run()
	wantSurvey(t, w.surveys[c][0], record.Same, "found found", "")
	wantPackets(t, w.log[before:], 2)
	for _, p := range w.log[before:] {
		if !p.do {
			t.Errorf("%v: without DO", p)
		}
	}
}

// A patient client is turned away before anything was asked, if the first server has enough to do; others are not. When
// it comes back it gets its survey.
func TestSurveyCrowd(t *testing.T) {
	w := exampleWorld(t, "*.example.com. CAA 0 issue \"ca.test\"\n", func(c *Config) { c.Crowd = 4 })
	want(t, w.lookup("warm.example.com", wire.TypeCAA), record.Found)
	for _, s := range w.r.servers {
		s.waited = waitsLong
	}
	var asks []step.Ask
	for i := range 8 {
		c := &Client{}
		w.clients, w.asked[c] = append(w.clients, c), 1
		w.r.Survey(w.now, c, wire.MustName(fmt.Sprintf("n%d.example.com", i)), wire.TypeCAA, &asks)
	}
	patient := &Client{Patient: true}
	w.clients, w.asked[patient] = append(w.clients, patient), 1
	w.r.Survey(w.now, patient, wire.MustName("patient.example.com"), wire.TypeCAA, &asks)
	result, ok := w.r.Finished()
	if !ok || result.Client != patient || result.Answer != nil || result.Survey != nil || patient.Cost.Queries != 0 {
		t.Fatalf("result %+v", result)
	}
	w.carryOut(asks)
	freed := false
	for w.events.Len() > 0 {
		w.next()
		for id, ok := w.r.Freed(); ok; id, ok = w.r.Freed() {
			if id == result.Crowded && !freed && w.r.Room(id) > 0 {
				freed = true
				w.r.Back(id)
				asks = asks[:0]
				w.r.Survey(w.now, patient, wire.MustName("patient.example.com"), wire.TypeCAA, &asks)
				w.carryOut(asks)
				w.check()
			}
		}
	}
	if !freed {
		t.Fatal("nobody was called back")
	}
	w.idle()
	wantSurvey(t, w.surveys[patient][0], record.Same, "found found", "")
}

// Each server is asked under the limits that hold for it: its operator's, and those of what it is for.
func TestSurveyAsks(t *testing.T) {
	w := exampleWorld(t, someCAA)
	_, c := w.lookupCost("example.com", wire.TypeCAA)
	w.clients, w.asked[c] = append(w.clients, c), 1
	var asks []step.Ask
	w.r.Survey(w.now, c, wire.MustName("example.com"), wire.TypeCAA, &asks)
	w.r.Survey(w.now, &Client{}, wire.MustName("com"), wire.TypeCAA, &asks)
	if len(asks) != 2 {
		t.Fatalf("asks %+v", asks)
	}
	_, operator := w.cfg.Operator(wire.MustName("ns1.example.com"))
	if a := asks[0]; a.Operator != operator || a.Class != step.Leaf || a.TCP || !a.MixCase || a.Timeout == 0 || a.Timeout > w.cfg.Timeout {
		t.Errorf("ask %+v", a)
	}
	if a := asks[1]; a.Class != step.TopLevel || a.Addr != addrOf(comAddr) {
		t.Errorf("ask %+v", a)
	}
}

// The quickest server is asked first, one that does not reply last of all.
func TestSurveyOrder(t *testing.T) {
	for seed := range uint64(8) {
		w := exampleWorld(t, "*.example.com. MX 10 mail.example.com.\n", seeded(seed), noCase)
		quick, slow := ns1Addr, ns2Addr
		if seed%2 == 0 {
			quick, slow = slow, quick
		}
		w.hosts[addrOf(slow)].rtt = 900 * time.Millisecond
		for i := range 12 {
			w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeMX)
		}
		before := len(w.log)
		w.surveyAlone("www.example.com")
		if sent := w.log[before:]; len(sent) != 2 || sent[0].addr != addrOf(quick) || sent[1].addr != addrOf(slow) {
			t.Errorf("seed %d: %v", seed, sent)
		}
	}
}

// Records are told as each server has them, TTLs, too; servers that say the same share the memory.
func TestSurveySets(t *testing.T) {
	const set = "example.com. 300 CAA 0 issue \"b.test\"\nexample.com. 300 CAA 0 issue \"a.test\"\n"
	w := twoViews(t, set, strings.ReplaceAll(set, " 300 ", " 60 "))
	a := w.surveyAlone("example.com").Answers
	if a[0].Set[0].TTL != 300 || a[1].Set[0].TTL != 60 || string(a[0].Set[0].Data) != "\x00\x05issuea.test" || a[0].Set[1].Owner != wire.MustName("example.com") {
		t.Errorf("%+v", a)
	}
	w = twoViews(t, set, set)
	w.fault(ns2Addr, func(x *served) { x.reply.Answer = append(x.reply.Answer, x.reply.Answer[0]) }) // RFC 2181 5
	a = w.surveyAlone("example.com").Answers
	if len(a[1].Set) != 2 || &a[0].Set[0] != &a[1].Set[0] {
		t.Errorf("%+v", a)
	}
}

// As many servers as are common are found without glue, all their addresses.
func TestSurveyManyLookups(t *testing.T) {
	var names, addrs strings.Builder
	for i := range 13 {
		fmt.Fprintf(&names, "example.com. NS n%d.ns.org.\n", i)
		fmt.Fprintf(&addrs, "n%d.ns.org. A 192.0.2.%d\nn%d.ns.org. AAAA 2001:db8::%d\n", i, 20+i, i, 20+i)
	}
	w := comWorld(t, names.String())
	w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
	w.serve("192.0.2.9", soaOf("ns.org")+addrs.String())
	for i := range 13 {
		w.serve(fmt.Sprintf("192.0.2.%d 2001:db8::%d", 20+i, 20+i), soaOf("example.com")+someCAA)
	}
	sv, c := w.surveyOf("example.com")
	if sv.Answered() != 26 || sv.Cause != "" || c.Cost.Queries > 60 {
		t.Errorf("%d answered, cause %q, %d packets", sv.Answered(), sv.Cause, c.Cost.Queries)
	}
}

// Addresses that have expired are looked up again, and not asked if that cannot be.
func TestSurveyExpired(t *testing.T) {
	for _, spent := range []bool{false, true} {
		w := comWorld(t, "example.com. 86400 NS ns1.example.com.\nns1.example.com. 60 A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("example.com")+"ns1.example.com. A 192.0.2.1\n"+someCAA)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		w.now = w.now.Add(10 * time.Minute)
		c := &Client{}
		if spent {
			c.lookups = uint16(w.cfg.MaxQueries)
		}
		w.survey(c, "example.com", wire.TypeCAA)
		w.run()
		if sv := w.surveys[c][0]; spent {
			wantSurvey(t, sv, record.NotChecked, "", CauseQueries)
		} else {
			wantSurvey(t, sv, record.NotChecked, "found", "")
		}
	}
}

// When no more addresses may be looked up, those that are known are asked.
func TestSurveyLookupsSpent(t *testing.T) {
	w := comWorld(t, "example.com. NS ns1.example.com.\nexample.com. NS a.ns.org.\nns1.example.com. A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com")+someCAA)
	c := &Client{lookups: uint16(w.cfg.MaxQueries)}
	w.survey(c, "example.com", wire.TypeCAA)
	w.run()
	wantSurvey(t, w.surveys[c][0], record.NotChecked, "found", CauseQueries)
	if w.surveys[c][0].Zone != wire.MustName("example.com") {
		t.Errorf("zone %v", w.surveys[c][0].Zone)
	}
}
