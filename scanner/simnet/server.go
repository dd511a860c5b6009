package simnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/caascan/caascan/scanner/engine/batch"
)

// loopback is the device that all sockets are bound to.
const loopback = "lo"

// Datagrams of one system call, and the room for each: a query has at most 12+255+4 octets and an OPT record, a
// reply at most ednsSize.
const (
	batchSize = 64
	querySize = 600
	replySize = ednsSize + 48
)

// socketBuffer is what the sockets are asked to hold while the loop is busy, in octets: some ten thousand queries.
const socketBuffer = 16 << 20

// portAttempts is how many free ports are tried until one is free for UDP and TCP and, if asked for, on ::1 too.
const portAttempts = 50

// Server answers for all name servers of a World, on one port. One goroutine serves UDP, one each TCP connection.
type Server struct {
	w         *World
	port      uint16
	start     time.Time
	servers   []meter
	operators []meter
	lost      atomic.Uint64

	closing atomic.Bool
	done    chan struct{} // closed by Close
	running sync.WaitGroup

	poller    *batch.Poller
	sockets   []*batch.Conn // 127.0.0.0/8 first, then ::1
	listeners []net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// Listen serves the world on a port of loopback; 0 picks a free one. The caller must Close the server.
func (w *World) Listen(port uint16) (*Server, error) {
	attempts := portAttempts
	if port != 0 {
		attempts = 1
	}
	for {
		s, err := w.listen(port)
		if attempts--; err == nil || attempts == 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return s, err
		}
	}
}

func (w *World) listen(port uint16) (*Server, error) {
	s := &Server{
		w: w, start: time.Now(), done: make(chan struct{}), conns: map[net.Conn]bool{},
		servers: make([]meter, len(w.servers)), operators: make([]meter, len(w.operators)),
	}
	if err := s.open(port); err != nil {
		s.Close()
		return nil, fmt.Errorf("simnet: %w", err)
	}
	s.running.Add(1 + len(s.listeners))
	go s.serveUDP()
	for _, l := range s.listeners {
		go s.serveTCP(l)
	}
	return s, nil
}

// open opens the sockets. Those for IPv4 listen on the wildcard address, so that all of 127.0.0.0/8 is theirs, and are
// bound to the device lo, so that nothing from outside can reach them.
func (s *Server) open(port uint16) error {
	var err error
	if s.poller, err = batch.NewPoller(); err != nil {
		return err
	}
	addrs := []netip.Addr{netip.IPv4Unspecified()}
	if s.w.cfg.IPv6 {
		addrs = append(addrs, netip.IPv6Loopback())
	}
	lc := net.ListenConfig{Control: bindToLoopback}
	for i, addr := range addrs {
		conn, err := batch.Listen(netip.AddrPortFrom(addr, port), batch.Options{
			RecvBuffer: socketBuffer, SendBuffer: socketBuffer, LocalAddr: true, Device: loopback,
		})
		if err != nil {
			return err
		}
		s.sockets = append(s.sockets, conn)
		if err := s.poller.Add(conn, i); err != nil {
			return err
		}
		port = conn.LocalAddr().Port()
		network := "tcp4"
		if addr.Is6() {
			network = "tcp6"
		}
		l, err := lc.Listen(context.Background(), network, netip.AddrPortFrom(addr, port).String())
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	s.port = port
	return nil
}

// Port returns the port that all name servers of the world have.
func (s *Server) Port() uint16 { return s.port }

// World returns the world that is served.
func (s *Server) World() *World { return s.w }

// Stats returns what each name server has seen, in the order of their numbers. It may be called at any time.
func (s *Server) Stats() []Stats {
	out := make([]Stats, len(s.servers))
	for i := range s.servers {
		ns := &s.w.servers[i]
		out[i] = s.servers[i].stats()
		out[i].Addr, out[i].Name, out[i].Operator = ns.addr, ns.name, ns.op.domain
	}
	return out
}

// OperatorStats returns the same for the servers of each operator taken together.
func (s *Server) OperatorStats() []Stats {
	out := make([]Stats, len(s.operators))
	for i := range s.operators {
		out[i] = s.operators[i].stats()
		out[i].Operator = s.w.operators[i].domain
	}
	return out
}

// Lost returns how many queries and replies were lost in the server's own sockets. They are losses of the stage, not
// of the play: a score is only good if there were none. It may be called at any time, also after Close.
func (s *Server) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.lost.Load()
	for _, conn := range s.sockets {
		lost += conn.Drops()
	}
	return lost
}

// Close stops serving and returns when all goroutines have ended. Replies that were still to come are dropped. It may
// be called again.
func (s *Server) Close() error {
	if s.closing.Swap(true) {
		return nil
	}
	close(s.done)
	for _, l := range s.listeners {
		l.Close()
	}
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	if s.poller != nil {
		s.poller.Wake()
	}
	s.running.Wait()
	if s.poller != nil {
		s.poller.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, conn := range s.sockets {
		s.lost.Add(conn.Drops())
		err = errors.Join(err, conn.Close())
	}
	s.sockets = nil
	return err
}

// elapsed is the server's clock.
func (s *Server) elapsed() time.Duration { return time.Since(s.start) }

// udp is what the UDP loop owns.
type udp struct {
	s    *Server
	r    responder
	in   *batch.In
	outs []*batch.Out // one for each socket
	late late
	copy []byte // of a reply, for the stray one before it
}

// serveUDP is the loop: wait for queries or for a reply that is due, answer, send.
func (s *Server) serveUDP() {
	defer s.running.Done()
	u := &udp{s: s, r: responder{w: s.w}, in: batch.NewIn(batchSize, querySize, true)}
	for range s.sockets {
		u.outs = append(u.outs, batch.NewOut(batchSize, replySize, true))
	}
	var ready []batch.Ready
	for {
		var err error
		ready, _, err = s.poller.Wait(u.late.wait(s.elapsed()), ready[:0])
		if err != nil {
			panic("internal error: simnet: " + err.Error())
		}
		if s.closing.Load() {
			return
		}
		for _, r := range ready {
			u.receive(r.Key)
		}
		u.late.release(s.elapsed(), u.sendLate)
		for socket := range u.outs {
			u.flush(socket)
		}
	}
}

// receive answers the queries that wait at a socket.
func (u *udp) receive(socket int) {
	s, out := u.s, u.outs[socket]
	n, err := s.sockets[socket].Recv(u.in)
	if err != nil {
		return // the pending error of an earlier reply, which the client no longer waits for
	}
	now := s.elapsed()
	for i := range n {
		local, ok := u.in.Local(i)
		if !ok {
			continue
		}
		at, ok := s.w.serverAt(local.AddrPort().Addr())
		if !ok {
			continue // no server of the world: silence
		}
		if out.Full() {
			u.flush(socket)
		}
		ns := &s.w.servers[at]
		limited := s.servers[at].admit(now, false, ns.fault)
		s.operators[ns.op.number].count(now, false)
		msg, a := u.r.respond(ns, u.in.Msg(i), false, limited, out.Buffer())
		switch {
		case !a.send:
		case a.delay > 0:
			u.late.add(now+a.delay, msg, u.in.From(i), &local, socket)
		case a.stray:
			u.copy = append(u.copy[:0], msg...)
			msg[0] ^= 0xff
			out.AddFrom(msg, u.in.From(i), &local)
			u.sendCopy(socket, u.copy, u.in.From(i), &local)
		default:
			out.AddFrom(msg, u.in.From(i), &local)
		}
	}
}

// sendCopy puts a copy of msg into the batch.
func (u *udp) sendCopy(socket int, msg []byte, to, from *batch.Addr) {
	out := u.outs[socket]
	if out.Full() {
		u.flush(socket)
	}
	out.AddFrom(append(out.Buffer(), msg...), to, from)
}

func (u *udp) sendLate(msg []byte, r *lateReply) { u.sendCopy(int(r.socket), msg, &r.to, &r.from) }

// flush sends the batch of a socket. A reply that the kernel does not take is lost, and counted.
func (u *udp) flush(socket int) {
	out := u.outs[socket]
	for out.Len() > 0 {
		if _, _, err := u.s.sockets[socket].Send(out); err != nil {
			out.Skip()
			u.s.lost.Add(1)
		}
	}
}
