//go:build !race

package farm

import "testing"

// TestAllocs: a reply of any world that a scan asks for is made without allocation.
func TestAllocs(t *testing.T) {
	for world, cfg := range testWorlds {
		w, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r := responder{w: w}
		buf := make([]byte, 0, outSize)
		queries := w.Queries(50, true)
		if n := testing.AllocsPerRun(10, func() {
			for _, q := range queries {
				if !r.q.read(q.Msg, w) {
					t.Fatal("not read")
				}
				for _, index := range []int{0, w.tldServer(r.q.tld), w.indexOf(number(q.To))} {
					r.respond(buf, index)
				}
			}
		}); n != 0 {
			t.Errorf("world %s: %v allocations for %d replies", world, n, 3*len(queries))
		}
	}
}
