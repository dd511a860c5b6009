//go:build linux && (amd64 || arm64) && !portable

package batch

import (
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Conn is a non-blocking UDP socket, not connected.
type Conn struct {
	fd    int
	local netip.AddrPort
}

// Listen opens a socket bound to local; port 0 lets the kernel choose at random from the ephemeral range.
func Listen(local netip.AddrPort, o Options) (*Conn, error) {
	addr := MakeAddr(local)
	fd, err := unix.Socket(int(addr.family), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	c := &Conn{fd: fd}
	if err := c.setup(&addr, o); err != nil {
		c.Close()
		return nil, fmt.Errorf("UDP socket on %v: %w", local, err)
	}
	return c, nil
}

func (c *Conn) setup(addr *Addr, o Options) error {
	type option struct {
		level, name int
		wanted      bool
	}
	options := []option{
		{unix.SOL_IPV6, unix.IPV6_V6ONLY, true},
		{unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, o.LocalAddr},
		{unix.SOL_IPV6, unix.IPV6_RECVERR, o.Errors},
	}
	if addr.Is4() {
		options = []option{{unix.SOL_IP, unix.IP_PKTINFO, o.LocalAddr}, {unix.SOL_IP, unix.IP_RECVERR, o.Errors}}
	}
	if addr.Is4() && !o.LocalAddr {
		// Queries are far shorter than any path's MTU. A datagram that is never fragmented, whatever path MTU somebody
		// reports, needs no ID that is unique among the fragments on their way, and drawing one (ip_select_ident) is
		// 7 % of what sending costs, measured with both kinds in turn.
		if err := unix.SetsockoptInt(c.fd, unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE); err != nil {
			return fmt.Errorf("option IP_MTU_DISCOVER: %w", err)
		}
	}
	for _, opt := range options {
		if opt.wanted {
			if err := unix.SetsockoptInt(c.fd, opt.level, opt.name, 1); err != nil {
				return fmt.Errorf("option %d/%d: %w", opt.level, opt.name, err)
			}
		}
	}
	if err := c.setBuffer(o.RecvBuffer, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF); err != nil {
		return err
	}
	if err := c.setBuffer(o.SendBuffer, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF); err != nil {
		return err
	}
	if o.Device != "" {
		if err := unix.BindToDevice(c.fd, o.Device); err != nil {
			return fmt.Errorf("bind to device %s: %w", o.Device, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(c.fd), uintptr(unsafe.Pointer(addr)), uintptr(addr.size())); errno != 0 {
		return fmt.Errorf("bind: %w", errno)
	}
	bound, size := Addr{}, uint32(inet6Size)
	if _, _, errno := unix.Syscall(unix.SYS_GETSOCKNAME, uintptr(c.fd), uintptr(unsafe.Pointer(&bound)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return fmt.Errorf("getsockname: %w", errno)
	}
	c.local = bound.AddrPort()
	return nil
}

// setBuffer sets a buffer's size beyond the system's limit if we may, and otherwise up to it.
func (c *Conn) setBuffer(size, force, plain int) error {
	if size == 0 || unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, force, size) == nil {
		return nil
	}
	if err := unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, plain, size); err != nil {
		return fmt.Errorf("buffer of %d octets: %w", size, err)
	}
	return nil
}

// Buffers returns how many octets the receive and the send buffer may hold, as Options count them: the kernel's own
// figure is twice as much, for its overhead (socket(7)). Zero is not known.
func (c *Conn) Buffers() (recv, send int) {
	recv, _ = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	send, _ = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	return recv / 2, send / 2
}

// LocalAddr returns the address and port the socket is bound to.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Close closes the socket. It may be called again.
func (c *Conn) Close() error {
	if c.fd < 0 {
		return nil
	}
	fd := c.fd
	c.fd = -1
	return unix.Close(fd)
}

// Drops returns how many datagrams the kernel has thrown away because the socket's receive buffer was full.
func (c *Conn) Drops() uint64 {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(c.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return uint64(info[unix.SK_MEMINFO_DROPS])
}

const (
	inet4Size = 16 // sizeof(struct sockaddr_in)
	inet6Size = 28 // sizeof(struct sockaddr_in6)
)

func (a *Addr) size() uint32 {
	if a.family == inet4 {
		return inet4Size
	}
	return inet6Size
}

// controlSize is room for one control message: packet info of either family, or an extended error with the address
// of the router that sent it.
const controlSize = 64

// vector is the arrays of one sendmmsg or recvmmsg. The kernel keeps no pointer into them after the call.
type vector struct {
	hdrs    []unix.Mmsghdr
	iovs    []unix.Iovec
	names   []Addr
	control []byte // controlSize for each datagram; nil without control messages
	buf     []byte
	size    int // octets of buf for each datagram
	n       int
}

// stagger keeps the buffers of a batch from starting at the same place of a page: otherwise the headers of all
// datagrams would compete for the same few lines of the processor's cache.
const stagger = 192

func makeVector(packets, size int, control bool) vector {
	stride := (size+63)&^63 + stagger
	v := vector{
		hdrs:  make([]unix.Mmsghdr, packets),
		iovs:  make([]unix.Iovec, packets),
		names: make([]Addr, packets),
		buf:   make([]byte, packets*stride),
		size:  size,
	}
	if control {
		v.control = make([]byte, packets*controlSize)
	}
	for i := range v.hdrs {
		v.iovs[i].Base = &v.buf[i*stride]
		v.iovs[i].Len = uint64(size)
		h := &v.hdrs[i].Hdr
		h.Name = (*byte)(unsafe.Pointer(&v.names[i]))
		h.Iov, h.Iovlen = &v.iovs[i], 1
		if control {
			h.Control = &v.control[i*controlSize]
		}
	}
	return v
}

// buffer returns the whole buffer of datagram i.
func (v *vector) buffer(i int) []byte {
	stride := (v.size+63)&^63 + stagger
	return v.buf[i*stride : i*stride+v.size : i*stride+v.size]
}

// Out is a batch of datagrams to send.
type Out struct {
	v    vector
	done int
	keep [][]byte // messages that lie outside the batch's own buffers, held until they have left
}

// NewOut returns a batch of up to packets datagrams with own buffers of size octets each. With local, AddFrom may be
// used on it.
func NewOut(packets, size int, local bool) *Out {
	return &Out{v: makeVector(packets, size, local), keep: make([][]byte, 0, packets)}
}

// Len returns how many datagrams wait in the batch.
func (o *Out) Len() int { return o.v.n - o.done }

// Full reports whether there is no place for another datagram. Places come back when all have left.
func (o *Out) Full() bool { return o.v.n == len(o.v.hdrs) }

// Buffer returns an empty slice with the next datagram's own buffer as its capacity, to be filled and given to Add.
func (o *Out) Buffer() []byte { return o.v.buffer(o.v.n)[:0] }

// Add puts msg to the address to into the batch, which must not be full. msg is best what Buffer returned, filled;
// other memory must stay unchanged until the datagram has left.
func (o *Out) Add(msg []byte, to *Addr) {
	v, i := &o.v, o.v.n
	if unsafe.SliceData(msg) != unsafe.SliceData(v.buffer(i)) {
		o.keep = append(o.keep, msg)
		v.iovs[i].Base = unsafe.SliceData(msg)
	}
	v.iovs[i].Len = uint64(len(msg))
	v.names[i] = *to
	h := &v.hdrs[i].Hdr
	h.Namelen = to.size()
	h.Control, h.Controllen = nil, 0
	v.n++
}

// AddFrom is Add for a datagram that leaves from the address from, which must be one of this machine's and of the
// family of to; its port is ignored. The socket must have been opened with LocalAddr.
func (o *Out) AddFrom(msg []byte, to, from *Addr) {
	v, i := &o.v, o.v.n
	o.Add(msg, to)
	control := v.control[i*controlSize : (i+1)*controlSize]
	cm := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	data := control[unix.CmsgLen(0):]
	var size int
	if from.Is4() {
		size = unix.SizeofInet4Pktinfo
		*(*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])) = unix.Inet4Pktinfo{Spec_dst: [4]byte(from.rest[:4])}
		cm.Level, cm.Type = unix.SOL_IP, unix.IP_PKTINFO
	} else {
		size = unix.SizeofInet6Pktinfo
		*(*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])) = unix.Inet6Pktinfo{Addr: [16]byte(from.rest[4:20])}
		cm.Level, cm.Type = unix.SOL_IPV6, unix.IPV6_PKTINFO
	}
	cm.SetLen(unix.CmsgLen(size))
	h := &v.hdrs[i].Hdr
	h.Control = &control[0]
	h.SetControllen(unix.CmsgSpace(size))
}

// Skip takes the first waiting datagram out of the batch without sending it.
func (o *Out) Skip() { o.left(1) }

// left notes that the first k waiting datagrams are gone, and starts the batch afresh when it was the last.
func (o *Out) left(k int) {
	if o.done += k; o.done < o.v.n {
		return
	}
	o.done, o.v.n = 0, 0
	if len(o.keep) > 0 {
		for i := range o.v.iovs {
			o.v.iovs[i].Base = unsafe.SliceData(o.v.buffer(i))
		}
		clear(o.keep)
		o.keep = o.keep[:0]
	}
}

// Send sends the waiting datagrams of the batch in order and returns how many left and how many calls it took. A
// syscall.Errno is about the first datagram that did not leave, which stays in the batch with those after it: EAGAIN
// and ENOBUFS mean that it may be tried again later; any other is either the datagram's own fault or an ICMP error
// that an earlier one provoked, which the kernel reports once and on the next call, whatever that is.
func (c *Conn) Send(o *Out) (sent, calls int, err error) {
	for o.Len() > 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&o.v.hdrs[o.done])),
			uintptr(o.Len()), unix.MSG_DONTWAIT, 0, 0)
		calls++
		switch errno {
		case 0:
			sent += int(n)
			o.left(int(n))
		case unix.EINTR:
		default:
			return sent, calls, errno
		}
	}
	runtime.KeepAlive(o)
	return sent, calls, nil
}

// In is a batch of datagrams received.
type In struct{ v vector }

// NewIn returns a batch for up to packets datagrams of up to size octets. With control, Local and Err may be used on
// it; each costs its sockets' owner a control message a datagram.
func NewIn(packets, size int, control bool) *In {
	in := &In{makeVector(packets, size, control)}
	in.v.n = packets // so that the first receive sets up all headers
	return in
}

// Cap returns how many datagrams fit.
func (in *In) Cap() int { return len(in.v.hdrs) }

// Msg returns datagram i, valid until the next receive. It may be changed.
func (in *In) Msg(i int) []byte { return in.v.buffer(i)[:min(int(in.v.hdrs[i].Len), in.v.size)] }

// From returns where datagram i came from; after RecvErrors, where it was going.
func (in *In) From(i int) *Addr { return &in.v.names[i] }

// Truncated reports whether datagram i was longer than its buffer and lost its end.
func (in *In) Truncated(i int) bool { return in.v.hdrs[i].Hdr.Flags&unix.MSG_TRUNC != 0 }

// Local returns the address of this machine to which datagram i came, for sockets opened with LocalAddr. Its port is
// zero.
func (in *In) Local(i int) (Addr, bool) {
	var a Addr
	switch data, level, typ := in.controlMessage(i); {
	case level == unix.SOL_IP && typ == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		a.family = inet4
		copy(a.rest[:4], data[8:12]) // ipi_addr, the destination in the datagram's header
	case level == unix.SOL_IPV6 && typ == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		a.family = inet6
		copy(a.rest[4:20], data[:16])
	default:
		return a, false
	}
	return a, true
}

// Err returns, after RecvErrors, the error that an ICMP message reported about datagram i; zero if the error was not
// from the network.
func (in *In) Err(i int) syscall.Errno {
	data, level, typ := in.controlMessage(i)
	if !(level == unix.SOL_IP && typ == unix.IP_RECVERR || level == unix.SOL_IPV6 && typ == unix.IPV6_RECVERR) ||
		len(data) < int(unsafe.Sizeof(unix.SockExtendedErr{})) {
		return 0
	}
	ee := (*unix.SockExtendedErr)(unsafe.Pointer(&data[0]))
	if ee.Origin != unix.SO_EE_ORIGIN_ICMP && ee.Origin != unix.SO_EE_ORIGIN_ICMP6 {
		return 0
	}
	return syscall.Errno(ee.Errno)
}

// controlMessage returns the first control message of datagram i; the sockets here ask for one kind only.
func (in *In) controlMessage(i int) (data []byte, level, typ int32) {
	h := &in.v.hdrs[i].Hdr
	if h.Controllen < uint64(unix.CmsgLen(0)) {
		return nil, 0, 0
	}
	control := in.v.control[i*controlSize : i*controlSize+int(h.Controllen)]
	cm := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if cm.Len < uint64(unix.CmsgLen(0)) || cm.Len > uint64(len(control)) {
		return nil, 0, 0
	}
	return control[unix.CmsgLen(0):cm.Len], cm.Level, cm.Type
}

// Recv fills the batch with datagrams that have arrived, and returns how many. It does not wait: none is no error.
// An error is the socket's pending one (see Send), now cleared; there may be datagrams behind it.
func (c *Conn) Recv(in *In) (int, error) { return c.recv(in, unix.MSG_DONTWAIT) }

// RecvErrors fills the batch with datagrams of this socket that came back in ICMP errors, as much of each as the
// error quoted. The socket must have been opened with Errors.
func (c *Conn) RecvErrors(in *In) (int, error) {
	return c.recv(in, unix.MSG_DONTWAIT|unix.MSG_ERRQUEUE)
}

func (c *Conn) recv(in *In, flags uintptr) (int, error) {
	v := &in.v
	for i := range v.n { // what the last call changed
		v.hdrs[i].Hdr.Namelen = inet6Size
		v.hdrs[i].Hdr.Flags = 0
		if v.control != nil {
			v.hdrs[i].Hdr.Controllen = controlSize
		}
	}
	v.n = 0
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&v.hdrs[0])),
			uintptr(len(v.hdrs)), flags, 0, 0)
		switch errno {
		case 0:
			v.n = int(n)
			return v.n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, errno
		}
	}
}
