package resolve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// losing drops that share of the packets, whatever they ask.
func losing(share float64, seed uint64) fault {
	rnd := rand.New(rand.NewPCG(seed, seed))
	return func(x *served) {
		if rnd.Float64() < share {
			x.silent = true
		}
	}
}

// loss asks for n names of a world whose every path loses that share of the packets, some of them at the same time, and
// returns how many were found and the packets it took for each.
func loss(t *testing.T, share float64, n int) (found int, packets float64) {
	t.Helper()
	w := exampleWorld(t, "*.example.com. CAA 0 issue \"ca.example\"\n", func(c *Config) { c.Answers = 16 })
	for i, addr := range []string{rootAddr, comAddr, ns1Addr, ns2Addr} {
		w.fault(addr, losing(share, uint64(i+1)))
	}
	clients := make([]Client, n)
	for i := range clients {
		w.ask(&clients[i], fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		for w.r.UnderWay() > 50 {
			w.next()
		}
	}
	w.run()
	for i := range clients {
		switch a := w.results[&clients[i]][0]; a.Outcome {
		case record.Found:
			found++
		case record.Timeout:
		default:
			t.Errorf("%v: %v", a.Name, a.Outcome)
		}
	}
	return found, float64(len(w.log)) / float64(n)
}

// Where packets get lost a question is repeated until silence means something; where none do, nothing more is sent than
// Config.Retries says.
func TestLoss(t *testing.T) {
	for _, test := range []struct {
		name  string
		share float64
		names int
		least float64 // share of the names found
		most  float64 // packets a name, beside what the loss itself costs
	}{
		{"none", 0, 2000, 1, 1.01},
		{"10% in each direction", 1 - 0.9*0.9, 3000, 0.9999, 1.03},
		{"20% in each direction", 1 - 0.8*0.8, 5000, 0.999, 1.05},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, packets := loss(t, test.share, test.names)
			t.Logf("%d of %d found, %.3f packets a name", found, test.names, packets)
			if float64(found) < test.least*float64(test.names) {
				t.Errorf("%d of %d names found", found, test.names)
			}
			if most := test.most / (1 - test.share); packets > most {
				t.Errorf("%.2f packets a name, want at most %.2f", packets, most)
			}
		})
	}
}

// Silence about one type alone is no loss: the question is not repeated more often than Config.Retries says.
func TestSilenceAboutOneType(t *testing.T) {
	w := singleWorld(t, "*.example.com. MX 10 mail.example.com.\n")
	w.fault(ns1Addr, ifType(dns.TypeCAA, silent))
	for i := range 30 {
		want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeMX), record.Found)
	}
	for i := range 3 {
		a := w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		want(t, a, record.Timeout)
		if a.Attempts != 4 {
			t.Errorf("%d attempts", a.Attempts)
		}
	}
}

// Of servers that have never said a word each name tries two packets: one, and the retry that rules ask for (R3.4).
func TestDeadServers(t *testing.T) {
	w := singleWorld(t, "")
	w.fault(ns1Addr, silent)
	for i := range 10 {
		a := w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		want(t, a, record.Timeout)
		attempts := uint8(4)
		if 4*i >= deadTries {
			attempts = 2
		}
		if a.Attempts != attempts {
			t.Errorf("name %d: %d attempts, want %d", i, a.Attempts, attempts)
		}
	}
}

// A refusal by a server that mostly does not refuse may pass: it is asked once more, after a pause. One that refuses all
// is not asked again. While the limiter thinks that it was asked too fast, it is asked some times more.
func TestRefusals(t *testing.T) {
	const usual = 20
	helpful := func(t *testing.T, f fault) *world {
		w := singleWorld(t, "*.example.com. CAA 0 issue \"ca.example\"\n")
		for i := range usual {
			want(t, w.lookup(fmt.Sprintf("u%d.example.com", i), wire.TypeCAA), record.Found)
		}
		w.fault(ns1Addr, f)
		return w
	}
	refused := rcode(dns.RcodeRefused)
	strained := func(x *served) { refused(x); x.strained = true }
	for _, test := range []struct {
		name     string
		f        fault
		outcome  record.Outcome
		attempts uint8
		took     time.Duration
	}{
		{"once", first(1, refused), record.Found, 2, passingPause},
		{"for good", refused, record.Refused, passingTries, passingPause},
		{"while strained", first(3, strained), record.Found, 4, 3 * passingPause},
		{"strained for good", strained, record.Refused, strainedTries, 4 * passingPause},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := helpful(t, test.f)
			began := w.now
			a := w.lookup("www.example.com", wire.TypeCAA)
			want(t, a, test.outcome)
			if a.Attempts != test.attempts {
				t.Errorf("%d attempts, want %d", a.Attempts, test.attempts)
			}
			if took := w.now.Sub(began); took < test.took || took > test.took+time.Second {
				t.Errorf("took %v, want %v", took, test.took)
			}
		})
	}
}

// An error code is foreseen where the question has met one already, and where a server answers other types but never this
// one: neither tells what rate the server bears.
func TestForeseen(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults map[string]fault // by server
		names  int
		want   string // of the packets of the last name's CAA question: f if an error code was foreseen
	}{
		{"none", nil, 5, "-"},
		{"the second server, too", map[string]fault{ns1Addr: rcode(dns.RcodeRefused), ns2Addr: rcode(dns.RcodeRefused)}, 1, "-f"},
		{"never CAA", map[string]fault{ns1Addr: ifType(dns.TypeCAA, rcode(dns.RcodeServerFailure)), ns2Addr: ifType(dns.TypeCAA, rcode(dns.RcodeServerFailure))}, 10, "ff"},
		{"nothing at all", map[string]fault{ns1Addr: rcode(dns.RcodeServerFailure), ns2Addr: rcode(dns.RcodeServerFailure)}, 10, "-f"},
		{"silence before", map[string]fault{ns1Addr: silent, ns2Addr: silent}, 1, "----"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := exampleWorld(t, "*.example.com. MX 10 mail.example.com.\n", func(c *Config) { c.NoMixCase = true })
			for addr, f := range test.faults {
				w.fault(addr, f)
			}
			var seen string
			for i := range test.names {
				name := fmt.Sprintf("n%d.example.com", i)
				w.lookup(name, wire.TypeMX)
				from := len(w.log)
				w.lookup(name, wire.TypeCAA)
				seen = ""
				for _, p := range w.log[from:] {
					if p.typ == dns.TypeCAA && (p.addr.String() == ns1Addr || p.addr.String() == ns2Addr) {
						seen += map[bool]string{false: "-", true: "f"}[p.foreseen]
					}
				}
			}
			if seen != test.want {
				t.Errorf("%q, want %q", seen, test.want)
			}
		})
	}
}

// A server that is known to be quick is waited for a fourth of the time-out, then half of it, then all; one that is slow
// or not known, all of it.
func TestPatience(t *testing.T) {
	for _, test := range []struct {
		name  string
		rtt   time.Duration
		known bool
		took  time.Duration // with three tries lost
	}{
		{"not known", time.Millisecond, false, 3 * 2 * time.Second},
		{"quick", time.Millisecond, true, (500 + 1000 + 2000) * time.Millisecond},
		{"slow", 400 * time.Millisecond, true, (1200 + 1200 + 2000) * time.Millisecond},
		{"very slow", 1500 * time.Millisecond, true, 3 * 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := singleWorld(t, "*.example.com. CAA 0 issue \"ca.example\"\n")
			want(t, w.lookup("x.example.com", wire.TypeCAA), record.Found)
			s := w.r.servers[w.r.byAddr[netip.MustParseAddr(ns1Addr)]]
			if s.longest = test.rtt; !test.known {
				s.longest = 0
			}
			w.fault(ns1Addr, first(3, silent))
			began := w.now
			want(t, w.lookup("www.example.com", wire.TypeCAA), record.Found)
			if took := w.now.Sub(began); took < test.took || took > test.took+100*time.Millisecond {
				t.Errorf("took %v, want %v", took, test.took)
			}
		})
	}
}
