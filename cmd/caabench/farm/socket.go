package farm

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is one UDP socket for all addresses of the farm, bound to loopback: it hears of each datagram to which address
// it went, and when the kernel took it in. (Package batch gives one of the two. A socket for each address would cost a
// system call for the few packets that one address gets in a turn.)
type socket struct {
	fd   int
	in   vector
	out  vector
	outN int
}

// peer is the address and port of who asks, as a sockaddr_in has them behind the family.
type peer [6]byte

const (
	batchSize   = 128     // datagrams a call
	inSize      = 512     // octets of a query, more than a name and EDNS take
	outSize     = 1232    // of a reply
	stagger     = 192     // keeps the buffers of a batch off the same lines of the cache
	controlIn   = 64      // a time and packet info
	controlOut  = 32      // packet info
	socketRoom  = 1 << 28 // octets the kernel may keep: a burst of a million queries fits
	sockaddrLen = unix.SizeofSockaddrInet4
)

// vector is the arrays of one sendmmsg or recvmmsg.
type vector struct {
	hdrs    []unix.Mmsghdr
	iovs    []unix.Iovec
	names   []unix.RawSockaddrInet4
	control []byte
	perCtl  int
	buf     []byte
	stride  int
}

func makeVector(size, control int) vector {
	v := vector{
		hdrs: make([]unix.Mmsghdr, batchSize), iovs: make([]unix.Iovec, batchSize), names: make([]unix.RawSockaddrInet4, batchSize),
		control: make([]byte, batchSize*control), perCtl: control, stride: size + stagger,
	}
	v.buf = make([]byte, batchSize*v.stride)
	for i := range v.hdrs {
		v.iovs[i].Base, v.iovs[i].Len = &v.buf[i*v.stride], uint64(size)
		h := &v.hdrs[i].Hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&v.names[i])), sockaddrLen
		h.Iov, h.Iovlen = &v.iovs[i], 1
		h.Control, h.Controllen = &v.control[i*control], uint64(control)
	}
	return v
}

// buffer returns an empty slice with the buffer of datagram i as its capacity.
func (v *vector) buffer(i int) []byte {
	return v.buf[i*v.stride : i*v.stride : (i+1)*v.stride-stagger]
}

// listen opens the socket. With times, datagrams carry the kernel's time.
func listen(port uint16, times bool) (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	s := &socket{fd: fd, in: makeVector(inSize, controlIn), out: makeVector(outSize, controlOut)}
	if err := s.setup(port, times); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("UDP port %d: %w", port, err)
	}
	for i := range s.out.hdrs {
		s.out.names[i].Family = unix.AF_INET
		s.out.hdrs[i].Hdr.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
		cm := (*unix.Cmsghdr)(unsafe.Pointer(&s.out.control[i*controlOut]))
		cm.Level, cm.Type = unix.SOL_IP, unix.IP_PKTINFO
		cm.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
	}
	return s, nil
}

func (s *socket) setup(port uint16, times bool) error {
	if err := unix.BindToDevice(s.fd, "lo"); err != nil { // nobody outside is served
		return fmt.Errorf("bind to loopback: %w", err)
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_IP, unix.IP_PKTINFO, 1); err != nil {
		return err
	}
	if times {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
			return err
		}
	}
	for _, option := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, option[0], socketRoom) != nil { // only root may exceed the system's limit
			if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, option[1], socketRoom); err != nil {
				return err
			}
		}
	}
	return unix.Bind(s.fd, &unix.SockaddrInet4{Port: int(port)})
}

// receive takes what datagrams there are, and returns how many.
func (s *socket) receive() (int, error) {
	for i := range s.in.hdrs {
		s.in.hdrs[i].Hdr.Controllen = controlIn
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.in.hdrs[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, errno
		}
	}
}

// datagram returns datagram i, who sent it, to which address, and when, by the kernel's clock, if it says so.
func (s *socket) datagram(i int) (msg []byte, from peer, to uint32, at int64) {
	v := &s.in
	msg = v.buffer(i)[:v.hdrs[i].Len]
	name := (*[sockaddrLen]byte)(unsafe.Pointer(&v.names[i]))
	from = peer(name[2:8])
	control := v.control[i*controlIn : i*controlIn+int(v.hdrs[i].Hdr.Controllen)]
	for len(control) >= unix.SizeofCmsghdr {
		cm := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		size := int(cm.Len)
		if size < unix.SizeofCmsghdr || size > len(control) {
			break
		}
		data := control[unix.SizeofCmsghdr:size]
		switch {
		case cm.Level == unix.SOL_IP && cm.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			to = binary.BigEndian.Uint32(data[8:]) // ipi_addr
		case cm.Level == unix.SOL_SOCKET && cm.Type == unix.SCM_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
			at = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano()
		}
		control = control[min(len(control), (size+7)&^7):]
	}
	return msg, from, to, at
}

// add puts a message of outSize octets at most among those to be sent; best one that lies in the buffer that room
// returned.
func (s *socket) add(msg []byte, to peer, from uint32) {
	v, i := &s.out, s.outN
	if own := s.room(); unsafe.SliceData(msg) != unsafe.SliceData(own) { // it outgrew that before it was cut down
		msg = append(own, msg...)
	}
	v.iovs[i].Len = uint64(len(msg))
	*(*peer)(unsafe.Pointer(&(*[sockaddrLen]byte)(unsafe.Pointer(&v.names[i]))[2])) = to
	binary.BigEndian.PutUint32(v.control[i*controlOut+unix.SizeofCmsghdr+4:], from) // ipi_spec_dst
	s.outN++
}

// room returns an empty buffer for the next message; full reports that there is none.
func (s *socket) room() []byte { return s.out.buffer(s.outN) }
func (s *socket) full() bool   { return s.outN == batchSize }

// send sends what was added. What the kernel does not take is lost, as on any network.
func (s *socket) send() {
	for done := 0; done < s.outN; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.out.hdrs[done])), uintptr(s.outN-done), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			done += int(n)
		case unix.EINTR, unix.EAGAIN, unix.ENOBUFS:
			runtime.Gosched()
		default:
			done++
		}
	}
	s.outN = 0
}

// wait waits until a datagram comes, or for a time.
func (s *socket) wait(most time.Duration) {
	timeout := unix.NsecToTimespec(int64(most))
	unix.Ppoll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, &timeout, nil) // the loop finds out why it returned
}

// nap lets the thread sleep, whatever comes.
func nap(d time.Duration) {
	timeout := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&timeout, nil)
}

// drops returns how many datagrams the kernel has thrown away for want of room.
func (s *socket) drops() int {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return int(info[unix.SK_MEMINFO_DROPS])
}
