package resolve

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/caascan/caascan/scanner/wire"
)

// The table finds what a map would find, whatever comes and goes.
func TestIndex(t *testing.T) {
	var questions slab
	x := newIndex(&questions)
	rnd := rand.New(rand.NewPCG(1, 2))
	seed := maphash.MakeSeed()
	want := map[key]*question{}
	var keys []key
	for range 50_000 {
		k := key{name: wire.MustName(fmt.Sprintf("n%d.example", rnd.IntN(2000))), typ: wire.Type(rnd.IntN(3))}
		k.hash = uint32(maphash.String(seed, string(k.name)))
		if q := want[k]; q != nil {
			x.drop(q)
			questions.give(q)
			delete(want, k)
		} else {
			q, first := questions.take(), x.first(&k)
			q.key = k
			x.put(q, first)
			want[k] = q
			keys = append(keys, k)
		}
		k = keys[rnd.IntN(len(keys))]
		q := x.first(&k)
		for q != nil && q.key != k {
			q = questions.after(q)
		}
		if q != want[k] {
			t.Fatalf("%v: found %p, want %p", k, q, want[k])
		}
	}
	if questions.used != len(want) || questions.made-len(questions.free) != len(want) {
		t.Errorf("%d questions used, %d made, %d free; want %d", questions.used, questions.made, len(questions.free), len(want))
	}
	for _, q := range want {
		x.drop(q)
	}
	if x.count != 0 {
		t.Errorf("%d names in an empty table", x.count)
	}
}

// A name in flight has a question: what it takes is a budget of the design.
func TestQuestionSize(t *testing.T) {
	if size := unsafe.Sizeof(question{}); size > 144 {
		t.Errorf("a question takes %d octets", size)
	}
}
