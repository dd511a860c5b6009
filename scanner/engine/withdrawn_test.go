package engine

import (
	"bytes"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/caascan/caascan/scanner/step"
)

// TestWithdrawn: what the machine does not want sent any more when its turn comes is not sent, over UDP and TCP; the others are.
func TestWithdrawn(t *testing.T) {
	server := loopback(0)
	var wanted, unwanted atomic.Int64
	see := func(msg []byte) {
		if bytes.Contains(bytes.ToLower(msg), []byte("unwanted")) {
			unwanted.Add(1)
		} else {
			wanted.Add(1)
		}
	}
	port := serveUDP(t, 0, func(p packet) { see(p.msg); p.send(p.reply()) }, server)
	serveTCP(t, port, func(conn *net.TCPConn, query []byte) { see(query); conn.Write(framed(replyTo(query))) }, server)
	s := &script{}
	for i := range 1000 {
		q := query{server: server, name: fmt.Sprintf("n%d.example", i), mix: i%2 == 0, tcp: i%50 < 3}
		if q.unwanted = i%3 == 0; q.unwanted {
			q.name = "unwanted." + q.name
		}
		s.queries = append(s.queries, q)
	}
	l := run(t, Config{IPv4: true, Port: port}, s)
	for i, q := range s.queries {
		kind := step.Reply
		if q.unwanted {
			kind = step.Withdrawn
			if s.ends[i].Sent != 0 {
				t.Errorf("query %d was sent", i)
			}
		}
		wantKind(t, s, i, kind)
	}
	if unwanted.Load() != 0 || wanted.Load() != 666 || l.tcp.free != l.tcp.most {
		t.Errorf("%d unwanted packets, %d others; %d connections open", unwanted.Load(), wanted.Load(), l.tcp.open())
	}
}
