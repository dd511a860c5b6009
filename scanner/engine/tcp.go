package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/caascan/caascan/scanner/step"
)

// tcp is the part of a loop that speaks TCP: one goroutine a connection, one query a connection. It is for the few
// replies that UDP could not carry, so plainness counts for more than speed here.
type tcp struct {
	// Owned by the loop.
	most, free       int  // connections at the same time, and how many more may be opened
	line             line // peers whose head exchange waits for one
	source4, source6 []netip.Addr
	turn             int // of the sources
	ctx              context.Context
	wake             func()

	group sync.WaitGroup

	mu    sync.Mutex
	ended []tcpEnd // not yet seen by the loop
}

// tcpEnd is the outcome of one connection.
type tcpEnd struct {
	exchange uint32
	kind     step.EventKind
	caseKept bool
	msg      []byte
	strays   Strays
	octets   int // of the query and of all messages that came, with their lengths
}

func (t *tcp) setup(conns int, sources []netip.Addr) {
	t.most, t.free, t.line = conns, conns, emptyLine
	t.source4 = familyOf(sources, netip.IPv4Unspecified())
	t.source6 = familyOf(sources, netip.IPv6Unspecified())
}

// open returns how many connections are open.
func (t *tcp) open() int { return t.most - t.free }

// wait returns when all goroutines have ended.
func (t *tcp) wait() { t.group.Wait() }

// source returns the local address for the next connection to a server.
func (t *tcp) source(server netip.Addr) net.Addr {
	from := t.source4
	if !server.Is4() {
		from = t.source6
	}
	t.turn++
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(from[t.turn%len(from)], 0))
}

// dial starts a connection for exchange i, which has left its line.
func (l *Loop) dial(i uint32, e *exchange, p *peer, timeout time.Duration) {
	e.state, e.time = dialled, l.now
	server := p.addr.AddrPort()
	q := tcpQuery{
		id:      uint16(l.rnd.Uint64()),
		seed:    l.matcher.seed,
		server:  server.String(),
		dialer:  net.Dialer{LocalAddr: l.tcp.source(server.Addr())},
		timeout: timeout,
	}
	// RFC 1035 4.2.2: the message is prefixed with its length.
	q.framed = l.machine.AppendQuery(e.ticket, q.id, make([]byte, 2, querySize))
	if len(q.framed) <= 2 {
		l.withdraw(i, e)
		return
	}
	binary.BigEndian.PutUint16(q.framed, uint16(len(q.framed)-2))
	q.question = makeQuestion(q.seed, q.framed[2:], e.flags&mixCase != 0, l.rnd.Uint64())

	l.tcp.free--
	l.counters.Dialled++
	t := &l.tcp
	t.group.Go(func() {
		end := q.run(t.ctx)
		if t.ctx.Err() != nil { // the loop is over and takes no more events
			return
		}
		end.exchange = i
		t.mu.Lock()
		t.ended = append(t.ended, end)
		t.mu.Unlock()
		t.wake()
	})
}

// collect tells the machine of the connections that have ended.
func (l *Loop) collect() {
	t := &l.tcp
	t.mu.Lock()
	ended := t.ended
	t.ended = nil
	t.mu.Unlock()
	for _, end := range ended {
		for k, n := range end.strays {
			l.counters.Strays[k] += n
		}
		t.free++
		l.carriedTCP(&l.peers[l.slab.at(end.exchange).server], end.octets)
		if t.line.head != none {
			l.queue(l.pop(&t.line))
		}
		l.end(end.exchange, end.kind, end.msg, end.caseKept)
	}
}

// tcpQuery is one query over a connection of its own.
type tcpQuery struct {
	id       uint16
	seed     maphash.Seed
	question question
	server   string
	dialer   net.Dialer
	framed   []byte
	timeout  time.Duration // for all of it, from connecting to the last octet
}

// run asks, and waits for the reply until the time is over. A connection that is refused, reset or closed before a
// reply has come makes the server unreachable.
func (q *tcpQuery) run(ctx context.Context) (end tcpEnd) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	if err := q.ask(ctx, &end); err != nil {
		end.kind = step.Unreachable
		var netErr net.Error
		if ctx.Err() != nil || errors.As(err, &netErr) && netErr.Timeout() {
			end.kind = step.Timeout
		}
	}
	return end
}

func (q *tcpQuery) ask(ctx context.Context, end *tcpEnd) error {
	conn, err := q.dialer.DialContext(ctx, "tcp", q.server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(0, 0)) })()
	if _, err := conn.Write(q.framed); err != nil {
		return err
	}
	end.octets = len(q.framed)
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return err
		}
		msg := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, msg); err != nil {
			return err
		}
		end.octets += len(length) + len(msg)
		if q.accept(msg, end) {
			return nil
		}
	}
}

// accept reports whether msg is the reply: the address is right by itself, the rest must be as over UDP.
func (q *tcpQuery) accept(msg []byte, end *tcpEnd) bool {
	if !isReply(msg) {
		end.strays[NotReply]++
		return false
	}
	if binary.BigEndian.Uint16(msg) != q.id {
		end.strays[UnknownID]++
		return false
	}
	same, exact := q.question.matches(q.seed, msg)
	if !same {
		end.strays[WrongQuestion]++
		return false
	}
	end.kind, end.caseKept, end.msg = step.Reply, exact, msg
	return true
}
