package stub

import (
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/wire"
)

// A second look takes no failure of the first from the cache, and goes to another resolver first.
func TestAgain(t *testing.T) {
	for range 10 {
		w := newWorld(t, 3, "0:example.com CAA = silent\n1:example.com CAA = silent\n2:example.com CAA = silent\ncom DS = refused\nexample.com CNAME = refused",
			func(c *Config) { c.Retries = -1; c.Rand = nil })
		a := w.lookup("example.com", wire.TypeCAA)
		if a.Outcome != record.Timeout || len(a.InVain()) != 1 || w.lookup("example.com", wire.TypeCAA) != a {
			t.Fatalf("%s, in vain %v", describe(a), a.InVain())
		}
		tried := a.InVain()[0].Addr.As4()[3]
		for i := range w.replies {
			if i[1:] == ":example.com CAA" {
				w.replies[i] = []string{"ad | " + caaSet}
			}
		}
		r := record.Record{Climb: []record.Level{{Answer: a}}, Finished: w.now}
		look := r.Look()
		w.r.cfg.First = func(uint32) *record.Look { return look }
		w.asked = nil
		c := &resolve.Client{Again: true}
		w.ask(c, "example.com", wire.TypeCAA)
		w.run()
		if a := w.results[c][0]; a.Outcome != record.Found || len(w.asked) != 1 || w.asked[0][0] == '0'+tried {
			t.Errorf("%s, asked %q, %d at first", describe(a), w.asked, tried)
		}
	}
}
