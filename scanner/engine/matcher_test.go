package engine

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/caascan/caascan/scanner/wire"
)

func TestExchangeSize(t *testing.T) {
	if size := unsafe.Sizeof(exchange{}); size != 48 {
		t.Errorf("an exchange takes %d octets", size)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		-1: 0, 0: 0, 1: 1, 1<<16 - 1: 1<<16 - 1, 1 << 16: 1 << 16, 1<<32 + 5: 1<<32 + 5, time.Hour: time.Hour,
		maxSpan: maxSpan, maxSpan + 1: maxSpan, 1<<63 - 1: maxSpan, -1 << 63: 0,
	} {
		if got := makeSpan(d).duration(); got != want {
			t.Errorf("%d became %d, want %d", d, got, want)
		}
	}
}

func TestSlab(t *testing.T) {
	s := newSlab()
	seen := map[uint32]bool{}
	for range 3 * chunkSize {
		i, e := s.take()
		if seen[i] || e != s.at(i) || *e != (exchange{}) {
			t.Fatalf("exchange %d: given out before, or not zero", i)
		}
		seen[i] = true
		e.ticket, e.next, e.time = 7, 7, 7
	}
	if s.used != 3*chunkSize || len(s.chunks) != 3 {
		t.Errorf("%d used in %d chunks", s.used, len(s.chunks))
	}
	for i := range seen {
		s.give(i)
	}
	for range 3 * chunkSize {
		if _, e := s.take(); *e != (exchange{}) {
			t.Fatal("an exchange was given out with its past")
		}
	}
	if len(s.chunks) != 3 {
		t.Errorf("grew to %d chunks although there was room", len(s.chunks))
	}
}

func TestMatcher(t *testing.T) {
	s := newSlab()
	m := newMatcher(&s, 8)
	rnd := rand.NewChaCha8([32]byte{1})
	choose := rand.New(rnd)
	type key struct{ socket, id uint16 }
	model := map[key]uint32{}
	for range 200_000 {
		if choose.IntN(5) < 3 {
			i, _ := s.take()
			socket := uint16(choose.IntN(8))
			if m.full(socket) {
				t.Fatal("full too early")
			}
			m.add(i, socket, rnd)
			k := key{socket, s.at(i).id}
			if _, taken := model[k]; taken || s.at(i).socket != socket {
				t.Fatalf("%v was in flight already", k)
			}
			model[k] = i
		} else {
			for k, i := range model {
				m.remove(i)
				s.give(i)
				delete(model, k)
				if m.find(k.socket, k.id) != none {
					t.Fatalf("%v found after its removal", k)
				}
				break
			}
		}
	}
	for k, i := range model {
		if got := m.find(k.socket, k.id); got != i {
			t.Fatalf("%v: found %d, want %d", k, got, i)
		}
	}
	used := 0
	for socket, table := range m.tables {
		taken := 0
		for _, i := range table {
			if i != none {
				taken++
			}
		}
		if taken != int(m.load[socket]) || taken > len(table)/2 {
			t.Errorf("socket %d: load %d, %d of %d places taken", socket, m.load[socket], taken, len(table))
		}
		used += taken
	}
	if m.count != len(model) || used != m.count {
		t.Errorf("count %d, want %d; %d places taken", m.count, len(model), used)
	}
}

// IDs are drawn evenly from all that are possible, also while a socket's table is small: with n in flight and as many
// draws as there are IDs, no ID comes up much more often than the others.
func TestIDsAreEven(t *testing.T) {
	s := newSlab()
	m := newMatcher(&s, 1)
	rnd := rand.NewChaCha8([32]byte{4})
	const perBucket, buckets = 4000, 64
	first, last := map[uint16]int{}, map[uint16]int{}
	for range perBucket * buckets / 16 {
		var held [16]uint32
		for k := range held {
			held[k], _ = s.take()
			m.add(held[k], 0, rnd)
			first[s.at(held[k]).id>>10]++
			last[s.at(held[k]).id%buckets]++
		}
		for _, i := range held {
			m.remove(i)
			s.give(i)
		}
	}
	for b := range uint16(buckets) { // six standard deviations are 380
		if abs(first[b]-perBucket) > 400 || abs(last[b]-perBucket) > 400 {
			t.Errorf("bucket %d: %d by first bits, %d by last bits, want about %d", b, first[b], last[b], perBucket)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// Up to its load a socket gives out IDs that differ, and says when it is full.
func TestMatcherFullSocket(t *testing.T) {
	s := newSlab()
	m := newMatcher(&s, 2)
	rnd := rand.NewChaCha8([32]byte{2})
	var seen [1 << 16]bool
	for range portLoad {
		if m.full(1) {
			t.Fatal("full too early")
		}
		i, _ := s.take()
		m.add(i, 1, rnd)
		if id := s.at(i).id; seen[id] {
			t.Fatalf("ID %d given out twice", id)
		} else {
			seen[id] = true
		}
	}
	if !m.full(1) || m.full(0) {
		t.Error("full: want socket 1 alone")
	}
}

func TestQuestion(t *testing.T) {
	m := newMatcher(&slab{}, 1)
	ask := func(name string) []byte {
		return wire.AppendQuery(nil, 1, wire.MustName(name), wire.TypeCAA, wire.Query{EDNS: true})
	}
	sent := ask("www.example")
	q := makeQuestion(m.seed, sent, true, 0xaaaaaaaaaaaaaaaa)
	if name := string(sent[13:16]); name != "WwW" && name != "wWw" {
		t.Errorf("mixed to %q", name)
	}
	upper := ask("www.example")
	wire.MixCase(upper, 0)
	for _, tt := range []struct {
		name        string
		msg         []byte
		same, exact bool
	}{
		{"as sent", sent, true, true},
		{"lower", ask("www.example"), true, false},
		{"upper", upper, true, false},
		{"other name", ask("wwx.example"), false, false},
		{"longer name", ask("www.example.org"), false, false},
		{"root", ask("."), false, false},
		{"no question", []byte{0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false, false},
		{"nothing", nil, false, false},
	} {
		if same, exact := q.matches(m.seed, tt.msg); same != tt.same || exact != tt.exact {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, same, exact, tt.same, tt.exact)
		}
	}
}

// Only the name is compared without case: type 0x61 is not type 0x41.
func TestQuestionTypeHasNoCase(t *testing.T) {
	m := newMatcher(&slab{}, 1)
	msg := wire.AppendQuery(nil, 1, wire.MustName("a"), 0x6161, wire.Query{})
	q := makeQuestion(m.seed, msg, false, 0)
	other := wire.AppendQuery(nil, 1, wire.MustName("a"), 0x4141, wire.Query{})
	if same, _ := q.matches(m.seed, other); same {
		t.Error("types were compared without case")
	}
}

func BenchmarkMatcher(b *testing.B) {
	s := newSlab()
	m := newMatcher(&s, 64)
	rnd := rand.NewChaCha8([32]byte{3})
	const flight = 100_000
	var ring [flight]uint32
	for k := range ring {
		ring[k], _ = s.take()
		m.add(ring[k], uint16(k%64), rnd)
	}
	b.ResetTimer()
	for n := range b.N {
		i := ring[n%flight]
		e := s.at(i)
		if m.find(e.socket, e.id) != i {
			b.Fatal("lost")
		}
		m.remove(i)
		m.add(i, uint16(n/64%64), rnd)
	}
}

func BenchmarkQuestion(b *testing.B) {
	m := newMatcher(&slab{}, 1)
	msg := wire.AppendQuery(nil, 1, wire.MustName("www.some-example.com"), wire.TypeCAA, wire.Query{EDNS: true})
	q := makeQuestion(m.seed, msg, false, 0)
	for range b.N {
		if _, exact := q.matches(m.seed, msg); !exact {
			b.Fatal("no match")
		}
	}
}
