package farm

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tcpIdle is how long a connection may be idle.
const tcpIdle = 10 * time.Second

// listenTCP opens the listener for all addresses, on loopback only.
func listenTCP(port uint16) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		var err error
		if e := conn.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), "lo") }); e != nil {
			return e
		}
		return err
	}}
	return config.Listen(context.Background(), "tcp4", fmt.Sprintf("0.0.0.0:%d", port))
}

// serveTCP serves connections until the listener is closed, and waits for them. Queries over TCP are answered at once,
// and no limit counts them.
func (f *Farm) serveTCP(servers []server) {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return // closed; or the system is out of descriptors, and whoever asks gets no answer
		}
		f.mu.Lock()
		f.conns[conn] = true
		f.mu.Unlock()
		select {
		case <-f.closing:
			conn.Close()
		default:
		}
		f.ended.Go(func() {
			f.converse(conn, servers)
			conn.Close()
			f.mu.Lock()
			delete(f.conns, conn)
			f.mu.Unlock()
		})
	}
}

// converse answers the queries of one connection (RFC 7766 8: two octets of length before each message).
func (f *Farm) converse(conn net.Conn, servers []server) {
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	index := f.w.indexOf(number(local))
	if index < 0 {
		return
	}
	r := responder{w: f.w, tcp: true}
	in, out := make([]byte, 2+1<<16), make([]byte, 0, 1<<12)
	for {
		conn.SetDeadline(time.Now().Add(tcpIdle)) // fails only on a closed one
		if _, err := io.ReadFull(conn, in[:2]); err != nil {
			return
		}
		msg := in[:binary.BigEndian.Uint16(in)]
		if _, err := io.ReadFull(conn, msg); err != nil || !r.q.read(msg, f.w) {
			return
		}
		servers[index].tcp.Add(1)
		out = r.respond(out, index)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)); err != nil {
			return
		}
	}
}

func number(a netip.Addr) uint32 {
	four := a.As4()
	return binary.BigEndian.Uint32(four[:])
}
