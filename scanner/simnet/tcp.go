package simnet

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"
)

// Limits on TCP connections (RFC 7766 6.2.3): how long one may be idle, how many may be open. Who comes after that
// is turned away.
const (
	idleTimeout = 10 * time.Second
	maxConns    = 4096
)

// serveTCP accepts connections until the listener is closed.
func (s *Server) serveTCP(l net.Listener) {
	defer s.running.Done()
	for {
		conn, err := l.Accept()
		if s.closing.Load() {
			if err == nil {
				conn.Close()
			}
			return
		}
		if err != nil {
			select { // out of descriptors, or the client went away
			case <-s.done:
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		at, ok := s.w.serverAt(localAddr(conn))
		if !ok || s.w.servers[at].fault == tcNoTCP || !s.track(conn) {
			reset(conn)
			continue
		}
		s.running.Add(1)
		go s.serveConn(conn, at)
	}
}

func localAddr(conn net.Conn) netip.Addr { return conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr() }

// track notes an open connection, if there may be one more.
func (s *Server) track(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= maxConns || s.closing.Load() {
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *Server) untrack(conn net.Conn) {
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
	conn.Close()
}

// reset closes a connection with RST: what a client sees of a port where nothing listens.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// serveConn answers the queries of one connection to server at, one after the other.
func (s *Server) serveConn(conn net.Conn, at int) {
	defer s.running.Done()
	defer s.untrack(conn)
	ns := &s.w.servers[at]
	r := responder{w: s.w}
	var length [2]byte
	var query, out []byte
	for {
		conn.SetDeadline(time.Now().Add(idleTimeout))
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query = append(query[:0], make([]byte, binary.BigEndian.Uint16(length[:]))...)
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		now := s.elapsed()
		limited := s.servers[at].admit(now, true, ns.fault)
		s.operators[ns.op.number].count(now, true)
		msg, a := r.respond(ns, query, true, limited, append(out[:0], 0, 0))
		out = msg[:0]
		if !a.send {
			continue
		}
		if a.delay > 0 && !s.sleep(a.delay) {
			return
		}
		binary.BigEndian.PutUint16(msg, uint16(len(msg)-2))
		conn.SetDeadline(time.Now().Add(idleTimeout))
		if _, err := conn.Write(msg); err != nil {
			return
		}
	}
}

// sleep waits for d and reports whether the server is still to answer then.
func (s *Server) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}
