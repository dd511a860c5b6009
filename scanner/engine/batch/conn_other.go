//go:build !linux || !(amd64 || arm64) || portable

package batch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a UDP socket with a goroutine that reads from it. Options.Errors has no effect here; what it would have
// told ends in a timeout.
type Conn struct {
	udp    *net.UDPConn
	queue  chan datagram
	drops  atomic.Uint64
	notify atomic.Pointer[Poller]
	done   chan struct{}
}

type datagram struct {
	msg  []byte
	from netip.AddrPort
}

// queueLength is how many datagrams a Conn holds for Recv. More are dropped, as a full receive buffer would.
const queueLength = 1 << 10

// maxDatagram is the longest that UDP can carry.
const maxDatagram = 1 << 16

// Listen opens a socket bound to local; port 0 lets the system choose.
func Listen(local netip.AddrPort, o Options) (*Conn, error) {
	if o.LocalAddr || o.Device != "" {
		return nil, fmt.Errorf("UDP socket on %v with LocalAddr or Device: %w", local, errors.ErrUnsupported)
	}
	network := "udp6"
	if local.Addr().Unmap().Is4() {
		network = "udp4"
	}
	udp, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, err
	}
	c := &Conn{udp: udp, queue: make(chan datagram, queueLength), done: make(chan struct{})}
	go c.read()
	if o.RecvBuffer != 0 {
		err = udp.SetReadBuffer(o.RecvBuffer)
	}
	if o.SendBuffer != 0 && err == nil {
		err = udp.SetWriteBuffer(o.SendBuffer)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) read() {
	defer close(c.done)
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := c.udp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error that some systems report here; the datagram it is about times out
		}
		select {
		case c.queue <- datagram{append([]byte(nil), buf[:n]...), from}:
		default:
			c.drops.Add(1)
		}
		if p := c.notify.Load(); p != nil {
			p.Wake()
		}
	}
}

// Buffers is not known here.
func (c *Conn) Buffers() (recv, send int) { return 0, 0 }

// LocalAddr returns the address and port the socket is bound to.
func (c *Conn) LocalAddr() netip.AddrPort { return c.udp.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close closes the socket and waits for its goroutine. It may be called again.
func (c *Conn) Close() error {
	err := c.udp.Close()
	<-c.done
	return err
}

// Drops returns how many datagrams were thrown away because nobody took them.
func (c *Conn) Drops() uint64 { return c.drops.Load() }

// Out is a batch of datagrams to send.
type Out struct {
	msgs    [][]byte
	to      []netip.AddrPort
	buffers [][]byte
	done    int
}

// NewOut returns a batch of up to packets datagrams with own buffers of size octets each.
func NewOut(packets, size int, local bool) *Out {
	o := &Out{msgs: make([][]byte, 0, packets), to: make([]netip.AddrPort, 0, packets)}
	for range packets {
		o.buffers = append(o.buffers, make([]byte, 0, size))
	}
	return o
}

// Len returns how many datagrams wait in the batch.
func (o *Out) Len() int { return len(o.msgs) - o.done }

// Full reports whether there is no place for another datagram. Places come back when all have left.
func (o *Out) Full() bool { return len(o.msgs) == cap(o.msgs) }

// Buffer returns an empty slice with the next datagram's own buffer as its capacity, to be filled and given to Add.
func (o *Out) Buffer() []byte { return o.buffers[len(o.msgs)] }

// Add puts msg to the address to into the batch, which must not be full.
func (o *Out) Add(msg []byte, to *Addr) {
	o.msgs, o.to = append(o.msgs, msg), append(o.to, to.AddrPort())
}

// AddFrom is not possible here: Listen refuses LocalAddr.
func (o *Out) AddFrom(msg []byte, to, from *Addr) {
	panic("batch: AddFrom is not supported on this system")
}

// Skip takes the first waiting datagram out of the batch without sending it.
func (o *Out) Skip() {
	if o.done++; o.done == len(o.msgs) {
		o.msgs, o.to, o.done = o.msgs[:0], o.to[:0], 0
	}
}

// Send sends the waiting datagrams of the batch in order. An error is about the first that did not leave, which stays
// in the batch with those after it.
func (c *Conn) Send(o *Out) (sent, calls int, err error) {
	for o.Len() > 0 {
		calls++
		if _, err := c.udp.WriteToUDPAddrPort(o.msgs[o.done], o.to[o.done]); err != nil {
			var errno syscall.Errno
			if errors.As(err, &errno) {
				return sent, calls, errno
			}
			return sent, calls, err
		}
		o.Skip()
		sent++
	}
	return sent, calls, nil
}

// In is a batch of datagrams received.
type In struct {
	size int
	msgs [][]byte
	from []Addr
	long []bool
}

// NewIn returns a batch for up to packets datagrams of up to size octets.
func NewIn(packets, size int, control bool) *In {
	return &In{size: size, msgs: make([][]byte, packets), from: make([]Addr, packets), long: make([]bool, packets)}
}

// Cap returns how many datagrams fit.
func (in *In) Cap() int { return len(in.msgs) }

// Msg returns datagram i, valid until the next receive. It may be changed.
func (in *In) Msg(i int) []byte { return in.msgs[i] }

// From returns where datagram i came from.
func (in *In) From(i int) *Addr { return &in.from[i] }

// Truncated reports whether datagram i was longer than its buffer and lost its end.
func (in *In) Truncated(i int) bool { return in.long[i] }

// Local is not known here.
func (in *In) Local(i int) (Addr, bool) { return Addr{}, false }

// Err is always zero here.
func (in *In) Err(i int) syscall.Errno { return 0 }

// Recv fills the batch with datagrams that have arrived, and returns how many. It does not wait.
func (c *Conn) Recv(in *In) (int, error) {
	for n := range in.msgs {
		select {
		case d := <-c.queue:
			in.long[n] = len(d.msg) > in.size
			in.msgs[n] = d.msg[:min(len(d.msg), in.size)]
			in.from[n] = MakeAddr(d.from)
		default:
			return n, nil
		}
	}
	return len(in.msgs), nil
}

// RecvErrors never finds any here.
func (c *Conn) RecvErrors(in *In) (int, error) { return 0, nil }

// Poller waits for any of a set of sockets.
type Poller struct {
	conns map[int]*Conn
	write map[int]bool
	wake  chan struct{} // something has come, or Wake was called
}

// NewPoller returns an empty set.
func NewPoller() (*Poller, error) {
	return &Poller{conns: make(map[int]*Conn), write: make(map[int]bool), wake: make(chan struct{}, 1)}, nil
}

// Add puts c into the set under key, which must not be negative.
func (p *Poller) Add(c *Conn, key int) error {
	p.conns[key] = c
	c.notify.Store(p)
	return nil
}

// WantWrite says whether Wait shall report when the socket under key can send again.
func (p *Poller) WantWrite(key int, want bool) error {
	p.write[key] = want
	return nil
}

// Wait appends to ready the sockets that have something. If none has it waits for one, or for Wake, for up to timeout;
// for ever if timeout is negative, and not at all if it is zero. It may report that Wake was called when it was not.
func (p *Poller) Wait(timeout time.Duration, ready []Ready) (_ []Ready, woken bool, err error) {
	if timeout != 0 && !p.any() {
		var over <-chan time.Time
		if timeout > 0 {
			timer := time.NewTimer(timeout)
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-p.wake:
			woken = true
		case <-over:
		}
	}
	select {
	case <-p.wake:
		woken = true
	default:
	}
	for key, c := range p.conns {
		if len(c.queue) > 0 || p.write[key] {
			ready = append(ready, Ready{Key: key, Readable: len(c.queue) > 0, Writable: p.write[key]})
		}
	}
	return ready, woken, nil
}

func (p *Poller) any() bool {
	for key, c := range p.conns {
		if len(c.queue) > 0 || p.write[key] {
			return true
		}
	}
	return false
}

// Wake makes the Wait that is under way, or the next, return at once. It may be called by any goroutine at any time.
func (p *Poller) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close frees the set; the sockets in it stay open. It may be called again.
func (p *Poller) Close() {}

// Nap puts the calling goroutine to sleep, whatever the sockets have: so that several datagrams come together.
func Nap(d time.Duration) { time.Sleep(d) }
