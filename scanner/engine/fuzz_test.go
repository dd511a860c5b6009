package engine

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// inFlight returns a loop with one query to a server that never answers, the query as sent, and its exchange.
func inFlight(t *testing.T) (*virtual, []byte, uint32) {
	v := newVirtual(t, nil, []query{{server: loopback(0), name: "www.example", mix: true, timeout: time.Second}})
	v.turn(t)
	i := v.slab.free - 1 // the exchange taken last
	e := v.slab.at(i)
	msg := v.script.AppendQuery(e.ticket, e.id, nil)
	return v, msg, i
}

// Whatever comes from the network, a loop does not panic, and takes for the reply only what has QR set, the ID and the
// question.
func FuzzReply(f *testing.F) {
	reply := wire.AppendQuery(nil, 0, wire.MustName("www.example"), wire.TypeCAA, wire.Query{EDNS: true})
	reply[2] |= 0x80
	f.Add(reply, true)
	f.Add(reply[:12], true)
	f.Add(reply[:20], true)
	f.Add([]byte{0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}, true)
	f.Add([]byte{0, 0, 0x80, 4, 0, 0, 0, 0, 0, 0, 0, 1}, true)
	f.Add(append(reply, make([]byte, 300)...), false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, msg []byte, giveID bool) {
		v, query, i := inFlight(t)
		e := *v.slab.at(i)
		if giveID && len(msg) >= 2 {
			copy(msg, query[:2])
		}
		if !isReply(msg) {
			return // readReplies stops it
		}
		from := v.peers[0].addr
		v.reply(e.socket, msg, &from)
		accepted := v.ends[0].times == 1
		var want, got wire.Message
		if err := want.ParseQuestion(query); err != nil {
			t.Fatal(err)
		}
		matches := got.ParseQuestion(msg) == nil && got.ID == want.ID && got.QName() == want.QName() &&
			got.QType == want.QType && got.QCls == want.QCls
		if len(msg) == headerSize && string(msg[:2]) == string(query[:2]) && string(msg[4:]) == "\x00\x00\x00\x00\x00\x00\x00\x00" {
			matches = msg[3]&15 == 1 || msg[3]&15 == 4 // FORMERR or NOTIMP, unread
		}
		if accepted != matches {
			t.Fatalf("accepted %v, matches %v: %x for %x", accepted, matches, msg, query)
		}
		if accepted && v.ends[0].Kind != step.Reply {
			t.Fatalf("ended with %v", v.ends[0].Kind)
		}
	})
}

// The quote in an ICMP error is as foreign as a reply: it ends the exchange only if it is long enough to show the ID and
// does not show another question.
func FuzzQuote(f *testing.F) {
	query := wire.AppendQuery(nil, 0, wire.MustName("www.example"), wire.TypeCAA, wire.Query{EDNS: true})
	f.Add(query, true, byte(0))
	f.Add(query[:2], true, byte(0))
	f.Add(query[:1], true, byte(0))
	f.Add(query[:20], false, byte(0))
	f.Add([]byte{}, true, byte(1))
	f.Fuzz(func(t *testing.T, quote []byte, giveID bool, otherServer byte) {
		v, sent, i := inFlight(t)
		e := *v.slab.at(i)
		if giveID && len(quote) >= 2 {
			copy(quote, sent[:2])
		}
		to := batch.MakeAddr(netip.AddrPortFrom(loopback(int(otherServer)), v.port))
		v.undelivered(e.socket, quote, &to)
		ended := v.ends[0].times == 1
		fits := len(quote) >= 2 && bytes.Equal(quote[:2], sent[:2]) && otherServer == 0
		if ended && (!fits || v.ends[0].Kind != step.Unreachable) {
			t.Fatalf("ended with %v by %x, sent %x", v.ends[0].Kind, quote, sent)
		}
		if whole := wire.QuestionEnd(quote); fits && !ended && whole == 0 {
			t.Fatalf("not ended by %x, sent %x", quote, sent)
		}
	})
}

// Over TCP the same rules hold.
func FuzzTCPReply(f *testing.F) {
	query := wire.AppendQuery(nil, 7, wire.MustName("www.example"), wire.TypeCAA, wire.Query{})
	f.Add(replyTo(query))
	f.Add(query)
	f.Add([]byte{0, 7, 0x80})
	f.Fuzz(func(t *testing.T, msg []byte) {
		m := newMatcher(&slab{}, 1)
		q := tcpQuery{id: 7, seed: m.seed, question: makeQuestion(m.seed, append([]byte(nil), query...), true, 5)}
		var e tcpEnd
		if q.accept(msg, &e) != (e.kind == step.Reply && e.msg != nil) {
			t.Fatal("accepted without a message")
		}
	})
}
