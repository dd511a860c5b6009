//go:build !race

package simnet

import "testing"

// TestRespondAllocates pins that answering allocates nothing, for every scenario.
func TestRespondAllocates(t *testing.T) {
	w := testWorld(t, Config{Seed: 1, Names: demoNames})
	queries, servers := queriesFor(w, demoNames/2)
	r := &responder{w: w}
	buf := make([]byte, 0, 0xffff)
	i := 0
	if n := testing.AllocsPerRun(len(queries), func() {
		r.respond(servers[i%len(queries)], queries[i%len(queries)], false, false, buf)
		i++
	}); n != 0 {
		t.Errorf("%v allocations for one answer", n)
	}
}
