package farm

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestLimiter counts what a limit lets pass, in made-up time.
func TestLimiter(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct {
		name          string
		b             Behaviour
		every         int64 // between packets
		packets, pass int
	}{
		{"bucket, below the limit", Behaviour{Limit: 100, Burst: 1}, 10 * ms, 500, 500},
		{"bucket, twice the limit", Behaviour{Limit: 100, Burst: 1}, 5 * ms, 1000, 500},
		{"bucket, all at once", Behaviour{Limit: 100, Burst: 20}, 0, 1000, 20},
		{"seconds, all at once", Behaviour{Limit: 100, PerSecond: true}, 0, 1000, 100},
		{"seconds, twice the limit", Behaviour{Limit: 100, PerSecond: true}, 5 * ms, 1000, 500},
		{"none", Behaviour{}, 0, 1000, 1000},
		{"dead", Behaviour{Dead: true}, 10 * ms, 1000, 0},
	} {
		l := limiter{b: &c.b}
		at, passed := int64(1000*time.Second), 0
		for range c.packets {
			if l.arrival(at, nil) == answered {
				passed++
			}
			at += c.every
		}
		if passed != c.pass {
			t.Errorf("%s: %d of %d passed, want %d", c.name, passed, c.packets, c.pass)
		}
	}
}

// TestLosses: shares of queries and of replies get lost, the same ones with one seed.
func TestLosses(t *testing.T) {
	l := limiter{b: &Behaviour{LossIn: 0.2, LossOut: 0.1}}
	count := func() (in, out int) {
		random := rand.New(rand.NewPCG(5, lossStream))
		for range 100_000 {
			if l.arrival(0, random) == lost {
				in++
			} else if l.loses(random) {
				out++
			}
		}
		return in, out
	}
	in, out := count()
	if in < 19_500 || in > 20_500 || out < 7_700 || out > 8_300 {
		t.Errorf("lost %d queries and %d replies of 100 000", in, out)
	}
	if again, out2 := count(); again != in || out2 != out {
		t.Error("another outcome with the same seed")
	}
}

// TestPeak finds the most packets in any second, wherever it begins.
func TestPeak(t *testing.T) {
	var s server
	base := int64(1_700_000_000) * int64(time.Second)
	for _, ms := range []int64{0, 600, 700, 900, 1100, 1300, 1599, 1600, 5000} {
		s.note(base + ms*int64(time.Millisecond))
	}
	if s.peak != 6 { // 600 to 1599
		t.Errorf("peak %d, want 6", s.peak)
	}
	if got := fmt.Sprint(s.bySecond); got != "[4 4 0 0 0 1]" {
		t.Errorf("by second %v", got)
	}
	s = server{}
	for i := range 10_000 {
		s.note(base + int64(i)*int64(5*time.Millisecond))
	}
	if s.peak != 200 {
		t.Errorf("every 5 ms: peak %d, want 200", s.peak)
	}
}

// TestLimits sends more than a server bears, over a real socket, and finds in replies and report what the server's
// behaviour says.
func TestLimits(t *testing.T) {
	const packets = 50
	for over, rcode := range map[Over]int{Drop: -1, Refused: dns.RcodeRefused, ServFail: dns.RcodeServerFailure, Truncate: dns.RcodeSuccess} {
		t.Run("over "+string(over), func(t *testing.T) {
			// So slow a limit that the bucket gives nothing more while the test runs.
			w, f := start(t, Config{Names: 10, Servers: 1, Count: true, Leaf: []Behaviour{{Limit: 0.0001, Burst: 10, Over: over}}})
			conn := dial(t, w, f)
			for i := range packets {
				send(t, conn, uint16(i), w.Name(0)+".")
			}
			replies := packets
			if over == Drop {
				replies = 10
			}
			answers, others := 0, 0
			for range replies {
				m := receive(t, conn)
				switch {
				case m.Rcode == dns.RcodeSuccess && !m.Truncated && len(m.Ns)+len(m.Answer) > 0:
					answers++
				case m.Rcode == rcode && m.Truncated == (over == Truncate) && !m.Authoritative:
					others++
				default:
					t.Errorf("reply %v", m)
				}
			}
			if answers != 10 || others != replies-10 {
				t.Errorf("%d answers and %d others to %d queries", answers, others, packets)
			}
			leaf := report(t, f).Leaves()[0]
			for leaf.Got < packets { // what is dropped may not have been read yet
				leaf = report(t, f).Leaves()[0]
			}
			if leaf.Got != packets || leaf.Answered != 10 || leaf.Limited != packets-10 || leaf.Peak < 1 || leaf.Peak > packets {
				t.Errorf("report %+v", leaf)
			}
			sum := 0
			for _, n := range leaf.Seconds {
				sum += n
			}
			if sum != packets || time.Since(leaf.Last) > time.Minute || leaf.Last.Before(leaf.First) {
				t.Errorf("counted by second: %+v", leaf)
			}
		})
	}
}

// TestTCP: what is truncated over UDP comes over TCP.
func TestTCP(t *testing.T) {
	w, f := start(t, Config{Names: 10, Servers: 1, Leaf: []Behaviour{{Limit: 0.0001, Burst: 1, Over: Truncate}}})
	client := &dns.Client{Net: "tcp", Timeout: 10 * time.Second}
	m := new(dns.Msg)
	m.SetQuestion(w.Name(3)+".", dns.TypeCAA)
	in, _, err := client.Exchange(m, fmt.Sprintf("%v:%d", w.Addr(0), f.Port()))
	if err != nil || in.Truncated || !in.Authoritative {
		t.Fatalf("%v, %v", in, err)
	}
	if leaf := report(t, f).Leaves()[0]; leaf.TCP != 1 || leaf.Got != 0 {
		t.Errorf("report %+v", leaf)
	}
}

// TestTruncated: a reply that is longer than the client takes comes truncated.
func TestTruncated(t *testing.T) {
	w, f := start(t, testWorlds["signed"])
	m := new(dns.Msg)
	m.SetQuestion(strings.Repeat("a-long-label.", 10)+"zz.t0.", dns.TypeCAA)
	m.SetEdns0(512, true)
	in, _, err := (&dns.Client{Timeout: 10 * time.Second}).Exchange(m, fmt.Sprintf("%v:%d", ipv4(w.addrOf(w.tldServer(0))), f.Port()))
	if err != nil || !in.Truncated || len(in.Ns) > 0 {
		t.Errorf("%v, %v", in, err)
	}
}

// TestDelay: answers that wait come, each once, not before their time.
func TestDelay(t *testing.T) {
	const delay, names = 200 * time.Millisecond, 500
	w, f := start(t, Config{Names: names, Servers: 1, Leaf: []Behaviour{{Delay: Duration(delay)}}})
	conn := dial(t, w, f)
	started := time.Now()
	for i := range names {
		send(t, conn, uint16(i), w.Name(i)+".")
	}
	seen := map[uint16]bool{}
	for range names {
		m := receive(t, conn)
		if at := time.Since(started); len(seen) == 0 && at < delay {
			t.Errorf("the first answer came after %v", at)
		}
		if want := w.Name(int(m.Id)) + "."; seen[m.Id] || m.Question[0].Name != want {
			t.Errorf("answer %d is about %s", m.Id, m.Question[0].Name)
		}
		seen[m.Id] = true
	}
	if got := report(t, f); got.Waiting != 0 || got.Leaves()[0].Answered != names {
		t.Errorf("report %+v", got)
	}
}

// TestHold: answers that wait for others to come before them do, and no longer.
func TestHold(t *testing.T) {
	const names = 20
	w, f := start(t, Config{Names: names, Servers: 1, Hold: names, Leaf: []Behaviour{{Delay: Duration(time.Millisecond)}}})
	conn := dial(t, w, f)
	for i := range names - 1 {
		send(t, conn, uint16(i), w.Name(i)+".")
	}
	for report(t, f).Waiting < names-1 { // the loop has them all
	}
	send(t, conn, names-1, w.Name(0)+".")
	for range names {
		receive(t, conn)
	}
	if got := report(t, f); got.Most != names || got.Waiting != 0 {
		t.Errorf("report %+v", got)
	}
}

// TestPace: answers that wait leave at a pace, and all of them.
func TestPace(t *testing.T) {
	const names, pace = 1000, 2000
	w, f := start(t, Config{Names: names, Servers: 1, Pace: pace, Leaf: []Behaviour{{Delay: Duration(time.Millisecond)}}})
	conn := dial(t, w, f)
	started := time.Now()
	for i := range names {
		send(t, conn, uint16(i), w.Name(i)+".")
	}
	for range names {
		receive(t, conn)
	}
	if took, least := time.Since(started), time.Second*(names-batchSize)/pace; took < least {
		t.Errorf("%d answers in %v, want at least %v", names, took, least)
	}
}

// TestRing: what waits comes in its tick, in made-up time, however late it is asked for.
func TestRing(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	r := newRing(start)
	random := rand.New(rand.NewPCG(1, 2))
	now, added, ended := start, 0, 0
	for range 3000 {
		for range random.IntN(20) {
			until := now.Add(time.Duration(random.Int64N(int64(5 * time.Second))))
			var msg [8]byte
			for i := range msg {
				msg[i] = byte(until.UnixNano() >> (8 * i))
			}
			if !r.add(until, 3, peer{}, msg[:]) {
				t.Fatal("not added")
			}
			added++
		}
		now = now.Add(time.Duration(random.Int64N(int64(10 * time.Millisecond))))
		budget := random.IntN(40)
		all := r.due(now, func(w *waiting) bool {
			if budget == 0 {
				return false
			}
			budget--
			var at int64
			for i := range 8 {
				at |= int64(w.msg[i]) << (8 * i)
			}
			if early := time.Unix(0, at).Sub(now); early > ringTick {
				t.Fatalf("came %v early", early)
			}
			ended++
			return true
		})
		if all && budget < 0 {
			t.Fatal("too many")
		}
	}
	for !r.due(now.Add(6*time.Second), func(*waiting) bool { ended++; return true }) {
	}
	if ended != added || r.amount != 0 {
		t.Errorf("%d of %d came, %d are left", ended, added, r.amount)
	}
}

// FuzzQuery: what is no query gets no reply and does no harm.
func FuzzQuery(f *testing.F) {
	w, err := New(testWorlds["signed"])
	if err != nil {
		f.Fatal(err)
	}
	for _, q := range w.Queries(3, true) {
		f.Add(q.Msg)
		f.Add(q.Msg[:20])
	}
	f.Add(make([]byte, 12))
	f.Fuzz(func(t *testing.T, msg []byte) {
		r := responder{w: w}
		if len(msg) > inSize || !r.q.read(msg, w) {
			return
		}
		for index := range w.serverCount() {
			out := r.respond(make([]byte, 0, outSize), index)
			m := new(dns.Msg)
			if err := m.Unpack(out); err != nil {
				t.Fatalf("server %d: %x to %x: %v", index, out, msg, err)
			}
		}
	})
}

func dial(t *testing.T, w *World, f *Farm) net.Conn {
	t.Helper()
	conn, err := net.Dial("udp4", fmt.Sprintf("%v:%d", w.Addr(0), f.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.(*net.UDPConn).SetReadBuffer(1 << 20)
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

func send(t *testing.T, conn net.Conn, id uint16, name string) {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, dns.TypeCAA)
	m.Id = id
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(packed); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, conn net.Conn) *dns.Msg {
	t.Helper()
	buf := make([]byte, 1<<12)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	m := new(dns.Msg)
	if err := m.Unpack(buf[:n]); err != nil {
		t.Fatal(err)
	}
	return m
}

func report(t *testing.T, f *Farm) Report {
	t.Helper()
	r, err := f.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
