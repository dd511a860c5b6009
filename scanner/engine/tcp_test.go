package engine

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/step"
)

func replyTo(query []byte) []byte {
	msg := append([]byte(nil), query...)
	msg[2] |= 0x80
	return msg
}

func serveTCPEcho(t testing.TB, port uint16, addr netip.Addr) uint16 {
	return serveTCP(t, port, func(conn *net.TCPConn, query []byte) { conn.Write(framed(replyTo(query))) }, addr)
}

func nameOf(query []byte) string { return packet{msg: query}.name() }

func TestTCP(t *testing.T) {
	full := bytes.Repeat([]byte{'x'}, 65535)
	var sources sync.Map
	behaviour := map[string]func(conn *net.TCPConn, query []byte){
		"plain": func(conn *net.TCPConn, query []byte) { conn.Write(framed(replyTo(query))) },
		"lower": func(conn *net.TCPConn, query []byte) {
			msg := replyTo(query)
			copy(msg[12:], bytes.ToLower(msg[12:18]))
			conn.Write(framed(msg))
		},
		"full": func(conn *net.TCPConn, query []byte) { // the longest message there can be
			msg := append([]byte(nil), full...)
			copy(msg, replyTo(query))
			conn.Write(framed(msg))
		},
		"drip": func(conn *net.TCPConn, query []byte) { // octet by octet
			conn.SetNoDelay(true)
			for _, c := range framed(replyTo(query)) {
				conn.Write([]byte{c})
			}
		},
		"strays": func(conn *net.TCPConn, query []byte) {
			msg := replyTo(query)
			conn.Write(framed(query))
			conn.Write(framed(nil))
			msg[0] ^= 1
			conn.Write(framed(msg))
			msg[0] ^= 1
			msg[13] ^= 1
			conn.Write(framed(msg))
			msg[13] ^= 1
			conn.Write(framed(msg))
		},
		"half-closed": func(conn *net.TCPConn, query []byte) {
			conn.Write(framed(replyTo(query))[:9])
			conn.CloseWrite()
			conn.Read(make([]byte, 1))
		},
		"silent-close": func(conn *net.TCPConn, query []byte) {},
		"reset":        func(conn *net.TCPConn, query []byte) { conn.SetLinger(0) },
		"stalled":      func(conn *net.TCPConn, query []byte) { conn.Read(make([]byte, 1)) },
		"stalled-midway": func(conn *net.TCPConn, query []byte) {
			conn.Write(framed(replyTo(query))[:20])
			conn.Read(make([]byte, 1))
		},
	}
	port := serveTCP(t, 0, func(conn *net.TCPConn, query []byte) {
		sources.Store(conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr(), true)
		behaviour[nameOf(query)](conn, query)
	}, loopback(0))
	want := map[string]step.EventKind{
		"half-closed": step.Unreachable, "silent-close": step.Unreachable, "reset": step.Unreachable,
		"stalled": step.Timeout, "stalled-midway": step.Timeout, "refused": step.Unreachable,
	}
	s := &script{queries: []query{{server: loopback(1), name: "refused", tcp: true}}}
	for name := range behaviour {
		q := query{server: loopback(0), name: name, tcp: true, mix: true}
		if want[name] == step.Timeout {
			q.timeout = 50 * time.Millisecond
		}
		s.queries = append(s.queries, q)
	}
	from := netip.MustParseAddr("127.0.0.5")
	l := run(t, Config{Port: port, Source: []netip.Addr{from}}, s)
	for i, e := range s.ends {
		name := s.queries[i].name
		wantKind(t, s, i, want[name])
		if e.Sent == 0 || e.Now < e.Sent || e.Kind == step.Reply && e.Arrived < e.Sent {
			t.Errorf("%s: %+v", name, e.Event)
		}
		switch name {
		case "plain", "drip", "strays":
			if !e.CaseKept || nameOf(e.Msg) != name {
				t.Errorf("%s: case kept %v, reply %x", name, e.CaseKept, e.Msg)
			}
		case "lower":
			if e.CaseKept && string(e.Msg[13:18]) != "lower" {
				t.Errorf("%s: reply %x", name, e.Msg)
			}
		case "full":
			if len(e.Msg) != 65535 || !bytes.Equal(e.Msg[100:], full[100:]) {
				t.Errorf("%s: %d octets", name, len(e.Msg))
			}
		}
		if want[name] == step.Timeout && e.Now.Sub(e.Sent) < 50*time.Millisecond {
			t.Errorf("%s: timed out after %v", name, e.Now.Sub(e.Sent))
		}
	}
	if got, want := l.Stats().Strays, (Strays{NotReply: 2, UnknownID: 1, WrongQuestion: 1}); got != want {
		t.Errorf("strays %v, want %v", got, want)
	}
	sources.Range(func(addr, _ any) bool {
		if addr != from {
			t.Errorf("a connection came from %v", addr)
		}
		return true
	})
}

// No more connections than allowed are open at once, and all that wait get their turn.
func TestTCPConnsBound(t *testing.T) {
	const most, n = 3, 60
	var open, peak atomic.Int64
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0), loopback(1))
	serveTCP(t, port, func(conn *net.TCPConn, query []byte) {
		now := open.Add(1)
		for old := peak.Load(); now > old && !peak.CompareAndSwap(old, now); old = peak.Load() {
		}
		open.Add(-1) // before the reply: the loop may open the next once it has it
		conn.Write(framed(replyTo(query)))
	}, loopback(0))
	serveTCPEcho(t, port, loopback(1))
	s := &script{}
	for i := range n {
		s.queries = append(s.queries,
			query{server: loopback(i % 2), name: fmt.Sprintf("tcp%d.example", i), tcp: true},
			query{server: loopback(i % 2), name: fmt.Sprintf("udp%d.example", i)})
	}
	l := run(t, Config{Port: port, TCPConns: most}, s)
	for i := range s.ends {
		wantKind(t, s, i, step.Reply)
	}
	if peak.Load() > most || l.tcp.free != most || l.Stats().Dialled != n {
		t.Errorf("%d connections at once, %d free afterwards: %+v", peak.Load(), l.tcp.free, l.Stats())
	}
	// One server's queries leave in the order in which they were asked, over whichever transport.
	var order [2][]int
	for _, i := range s.order {
		order[i/2%2] = append(order[i/2%2], i)
	}
	for _, o := range order {
		for k := 1; k < len(o); k++ {
			if o[k] < o[k-1] {
				t.Fatalf("query %d left before query %d", o[k-1], o[k])
			}
		}
	}
}

func TestTCPIPv6(t *testing.T) {
	if !haveIPv6() {
		t.Skip("no IPv6 on loopback")
	}
	port := serveTCPEcho(t, 0, netip.IPv6Loopback())
	s := &script{queries: []query{{server: netip.IPv6Loopback(), name: "six.example", tcp: true}}}
	run(t, Config{IPv6: true, Port: port}, s)
	wantKind(t, s, 0, step.Reply)
}
