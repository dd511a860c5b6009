//go:build !race

package resolve

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// The memory that an exchange takes is that of its answer: one piece for the answer, two more for records and their
// data. A referral to servers that are known takes one for the cut. The Client is the bench's own, one more.
func TestAllocations(t *testing.T) {
	caa := func(n string) [][]byte {
		return [][]byte{benchReply(t, n, dns.TypeCAA, true, []string{n + ` CAA 0 issue "a"`, n + ` CAA 0 issuewild ";"`}, nil, nil)}
	}
	noData := func(n string) [][]byte {
		return [][]byte{benchReply(t, n, dns.TypeCAA, true, nil, soa("example.com."), nil)}
	}
	referral := func(n string) [][]byte {
		return [][]byte{
			benchReply(t, n, dns.TypeCAA, false, nil, delegation(n), hosterGlue),
			benchReply(t, n, dns.TypeCAA, true, nil, soa(n), nil),
		}
	}
	for _, c := range []struct {
		what    string
		below   string
		replies func(string) [][]byte
		allocs  float64
	}{
		{"NODATA", "example.com.", noData, 2},
		{"CAA", "example.com.", caa, 4},
		{"referral and NODATA", "com.", referral, 3},
	} {
		const runs = 400
		drive := newBench(t, wire.TypeCAA)
		names := make([]canned, runs+2)
		for i := range names {
			n := fmt.Sprintf("n%d.%s", i, c.below)
			names[i] = canned{wire.MustName(n), c.replies(n)}
		}
		i := 0
		drive(&names[0])
		got := testing.AllocsPerRun(runs, func() {
			i++
			drive(&names[i])
		})
		if got > c.allocs {
			t.Errorf("%s: %v allocations, want %v", c.what, got, c.allocs)
		}
	}
}
