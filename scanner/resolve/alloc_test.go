//go:build !race

package resolve

import (
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
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

// A survey takes the survey and its record, the list of addresses, the answers, and one copy of what they say; and one
// piece more for the Client of the bench.
func TestSurveyAllocations(t *testing.T) {
	const name = "www.example.com."
	r, now := benchResolver(), step.Time(time.Hour)
	var asks []step.Ask
	survey := func(replies ...[]byte) *record.Survey {
		r.Survey(now, &Client{}, wire.MustName(name), wire.TypeCAA, &asks)
		for len(asks) > 0 {
			ask := asks[len(asks)-1]
			asks = asks[:len(asks)-1]
			r.Handle(&step.Event{
				Kind: step.Reply, Ticket: ask.Ticket, CaseKept: true, Sent: now.Add(-time.Millisecond), Arrived: now, Now: now, Msg: replies[0],
			}, &asks)
			if len(replies) > 1 {
				replies = replies[1:]
			}
		}
		result, _ := r.Finished()
		return result.Survey
	}
	caa := benchReply(t, name, dns.TypeCAA, true, []string{name + ` CAA 0 issue "a"`, name + ` CAA 0 issuewild ";"`}, nil, nil)
	empty := benchReply(t, name, dns.TypeCAA, true, nil, soa("example.com."), nil)
	sv := survey(
		benchReply(t, name, dns.TypeCAA, false, nil, comReferral, comGlue),
		benchReply(t, name, dns.TypeCAA, false, nil, delegation("example.com."), hosterGlue),
		caa,
	)
	if len(sv.Answers) != 4 || sv.Consistency != record.Same {
		t.Fatalf("%+v", sv)
	}
	for _, c := range []struct {
		what   string
		reply  []byte
		allocs float64
	}{{"NODATA", empty, 6}, {"CAA", caa, 8}} {
		if got := testing.AllocsPerRun(400, func() { survey(c.reply) }); got != c.allocs {
			t.Errorf("%s: %v allocations, want %v", c.what, got, c.allocs)
		}
	}
}
