package engine

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

// hollow is a socket that sends nothing and says it did: the queries of its loop come back as replies.
type hollow struct {
	conn
	*pumpEcho
	socket uint16
}

// pumpEcho is a pump whose queries wait in a ring until the benchmark gives them back.
type pumpEcho struct {
	*pump
	made       [][]byte // since the last Send, where the loop has them
	back       []reply
	head, tail int
}

type reply struct {
	socket uint16
	size   uint16
	msg    [60]byte
}

func (p *pumpEcho) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	msg := p.pump.AppendQuery(t, id, buf)
	p.made = append(p.made, msg)
	return msg
}

func (h *hollow) Send(o *batch.Out) (sent, calls int, err error) {
	for ; o.Len() > 0; sent++ {
		r := &h.back[h.tail%len(h.back)]
		h.tail++
		r.socket, r.size = h.socket, uint16(copy(r.msg[:], h.made[sent]))
		r.msg[2] |= 0x80
		o.Skip()
	}
	h.made = h.made[:0]
	return sent, 1, nil
}

// BenchmarkAlone is what an exchange costs of a loop and its limits without the kernel: from Ask to Event, all answered
// in turns of 64.
func BenchmarkAlone(b *testing.B) {
	for _, bench := range []struct {
		window  int
		mix     bool
		limited bool
	}{{64, false, false}, {2000, false, false}, {2000, true, false}, {2000, true, true}, {200_000, true, false}, {2_000_000, true, false}} {
		b.Run(fmt.Sprintf("window=%d/mix=%v/limited=%v", bench.window, bench.mix, bench.limited), func(b *testing.B) {
			p := &pumpEcho{pump: &pump{window: bench.window, total: b.N, servers: 200, mix: bench.mix, timeout: time.Hour}}
			p.back = make([]reply, bench.window)
			cfg := Config{IPv4: true, Port: 5300}
			if bench.limited {
				table, err := ratelimit.New(ratelimit.Limits{PerServer: 1e8, PerOperator: 1e8, Total: 1e8})
				if err != nil {
					b.Fatal(err)
				}
				cfg.Limits = table
			}
			l, err := New(cfg, p)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for k, c := range l.conns {
				l.conns[k] = &hollow{c, p, uint16(k)}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for !p.Done() {
				l.now = l.clock()
				l.wheel.advance(l.now, l.fire)
				l.admit()
				if err := l.send(); err != nil {
					b.Fatal(err)
				}
				n := min(batchSize, p.tail-p.head)
				for k := range n { // as readReplies does
					r := &p.back[(p.head+k)%len(p.back)]
					l.touched += l.matcher.touch(r.socket, binary.BigEndian.Uint16(r.msg[:]))
				}
				for range n {
					r := &p.back[p.head%len(p.back)]
					p.head++
					from := l.peers[p.ended%p.servers].addr
					l.reply(r.socket, r.msg[:r.size], &from)
				}
			}
			if p.replies != p.total {
				b.Fatalf("%d replies of %d: %+v", p.replies, p.total, l.counters.Stats)
			}
		})
	}
}
