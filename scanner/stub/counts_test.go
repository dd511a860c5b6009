package stub

import (
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/wire"
)

func TestCounts(t *testing.T) {
	w := newWorld(t, 1, "example.com CAA = ad | "+caaSet+"\nlame.com CAA = nora\nlame.com CAA = nora\ncase.com CAA = ad lower || "+soa+
		"\ncase.com CAA = ad nxdomain\nplain.com CAA = formerr plain\nplain.com CAA = ad plain nxdomain\ncom DS = ad | com DS 1 13 2 00\nlame.com DS = ad | lame.com DS 1 13 2 00\n")
	a, b := &resolve.Client{}, &resolve.Client{}
	w.ask(a, "example.com", wire.TypeCAA)
	w.ask(b, "example.com", wire.TypeCAA)
	w.run()
	w.lookup("example.com", wire.TypeCAA)
	if got, want := *w.r.Counts(), (resolve.Counts{Started: 1, Joined: 1, Cached: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.lookup("lame.com", wire.TypeCAA)
	w.lookup("lame.com", wire.TypeCAA)
	if got := w.r.Counts(); got.Spared != 1 || got.Useless[record.Lame] == 0 || got.Started != 2 {
		t.Errorf("a lame resolver: %+v", got)
	}
	w.lookup("case.com", wire.TypeCAA)
	w.lookup("plain.com", wire.TypeCAA)
	if got := w.r.Counts(); got.CaseLost != 1 || got.EDNSRefused != 1 {
		t.Errorf("case and EDNS: %+v", got)
	}
	if self, operator, sent := w.r.Server(0); w.r.Servers() != 1 || !self.Addr.IsValid() || operator != "" || sent == 0 {
		t.Errorf("the resolver: %v, %q, %d packets", self, operator, sent)
	}
}
