package engine

import (
	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// What the limits learn of what became of a packet. They judge; the loop reads no more than the header.

// heard tells the limits how exchange e ended. One whose packet never left says nothing of the server. Over TCP silence
// does not either: many a server that answers well has a packet filter in front that drops TCP. It returns true if the
// server refused or failed, and the limits think that it gets too much.
func (l *Loop) heard(e *exchange, kind step.EventKind, msg []byte) (strained bool) {
	if l.limits == nil || e.time == 0 {
		return false
	}
	tcp := e.flags&overTCP != 0
	sign := ratelimit.Moot
	switch {
	case kind == step.Reply:
		sign = signOf(msg, tcp)
		if e.flags&foreseen != 0 && sign.IsError() {
			sign = ratelimit.Moot
		}
	case kind == step.Timeout && !tcp:
		sign = ratelimit.Silent
	}
	return l.limits.Heard(l.peers[e.server].slot, sign, int64(e.time), int64(l.now))
}

// heardLate tells the limits that the server of an exchange that timed out did answer: it is slow, the packet was not
// lost. Of several copies one counts.
func (l *Loop) heardLate(x *lately, msg []byte, from *batch.Addr) {
	if l.limits == nil || x.sent == 0 || !l.peers[x.server].addr.Equal(from) {
		return
	}
	l.limits.Heard(l.peers[x.server].slot, signOf(msg, false), int64(x.sent), int64(l.now))
	x.sent = 0
}

// countReply counts the reply to e by what its header says, and its round trip. A handshake is no round trip of a query.
func (l *Loop) countReply(e *exchange, msg []byte) {
	if e.flags&overTCP == 0 {
		l.counters.RTT.addRTT(l.now.Sub(e.time))
		if isTruncated(msg) {
			l.counters.Truncated++
			return
		}
	}
	l.counters.Replies[msg[3]&15]++
}

// signOf reads the header of a reply.
func signOf(msg []byte, tcp bool) ratelimit.Sign {
	switch wire.RCode(msg[3] & 15) {
	case wire.Refused:
		return ratelimit.Refused
	case wire.ServFail:
		return ratelimit.ServFail
	}
	if isTruncated(msg) && !tcp {
		return ratelimit.Truncated
	}
	return ratelimit.Answered
}

// What a message costs on the wire besides its own octets: the headers of IP and UDP; and those of the segments of a
// TCP connection that carries one query and one reply, with their acknowledgements, from SYN to FIN.
const (
	ipv4UDP = 20 + 8
	ipv6UDP = 40 + 8

	tcpSegments = 10
	ipv4TCP     = tcpSegments * (20 + 32)
	ipv6TCP     = tcpSegments * (40 + 32)
)

// carried tells the limits what datagrams of the family of d and of that many octets together took of the link.
func (l *Loop) carried(d *departure, datagrams, octets int) {
	if l.limits == nil {
		return
	}
	header := ipv4UDP
	if d == &l.v6 {
		header = ipv6UDP
	}
	l.limits.Carried(octets+datagrams*header, int64(l.now))
}

// carriedTCP is carried for a whole connection.
func (l *Loop) carriedTCP(p *peer, octets int) {
	if l.limits == nil {
		return
	}
	header := ipv4TCP
	if !p.addr.Is4() {
		header = ipv6TCP
	}
	l.limits.Carried(octets+header, int64(l.now))
}
