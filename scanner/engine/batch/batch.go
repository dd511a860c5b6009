// Package batch sends and receives many UDP datagrams with one system call, and waits for many sockets at once.
//
// On Linux, amd64 and arm64, it is sendmmsg(2), recvmmsg(2) and epoll(7) on non-blocking sockets, with every array
// the kernel reads or writes allocated once; no call allocates. Elsewhere the same interface stands over the
// standard library, one datagram a call: right, but slow (conn_other.go; the build tag portable chooses it on Linux too).
//
// Conn is a socket, Out a batch about to leave, In a batch that came, Poller the set of sockets a loop waits for.
// An Out or In belongs to no socket: a loop uses one of each for all its sockets in turn.
//
// None of the types may be used by two goroutines at once, except Poller.Wake.
package batch

import (
	"encoding/binary"
	"net/netip"
	"unsafe"
)

// Addr is an address and port in the kernel's form, kept so that a packet costs no conversion. It is comparable
// with Equal, not with ==.
type Addr struct {
	family uint16
	port   [2]byte  // network byte order
	rest   [24]byte // sockaddr_in: address, zeros; sockaddr_in6: flow label, address, scope
}

const (
	inet4 = 2  // AF_INET on Linux; elsewhere our own mark
	inet6 = 10 // AF_INET6 on Linux
)

// MakeAddr returns ap in the kernel's form. IPv4-mapped addresses count as IPv4; zones are ignored, since no record
// in the DNS can carry one.
func MakeAddr(ap netip.AddrPort) Addr {
	var a Addr
	binary.BigEndian.PutUint16(a.port[:], ap.Port())
	if ip := ap.Addr().Unmap(); ip.Is4() {
		a.family = inet4
		*(*[4]byte)(a.rest[:4]) = ip.As4()
	} else {
		a.family = inet6
		*(*[16]byte)(a.rest[4:20]) = ip.As16()
	}
	return a
}

// AddrPort returns a in the standard library's form.
func (a *Addr) AddrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(a.port[:])
	if a.family == inet4 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.rest[:4])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(a.rest[4:20])), port)
}

// Is4 reports whether a is an IPv4 address.
func (a *Addr) Is4() bool { return a.family == inet4 }

// Equal reports whether a and b are the same address and port.
func (a *Addr) Equal(b *Addr) bool {
	if a.family == inet4 {
		return *(*[8]byte)(unsafe.Pointer(a)) == *(*[8]byte)(unsafe.Pointer(b)) // family, port, address
	}
	return a.family == b.family && a.port == b.port && *(*[16]byte)(a.rest[4:]) == *(*[16]byte)(b.rest[4:])
}

// Options say how Listen opens a socket. The zero value is an ordinary socket.
type Options struct {
	RecvBuffer, SendBuffer int // octets; zero leaves the system's default, more than it allows gives what it allows

	// LocalAddr makes In.Local tell to which address of this machine a datagram came, and Out.AddFrom choose
	// the one it leaves from: one socket then serves all addresses of the machine.
	LocalAddr bool

	// Errors keeps the ICMP errors that datagrams of this socket provoke, for RecvErrors. Without it they are lost.
	Errors bool

	// Device binds the socket to one network device, for instance "lo".
	Device string
}

// Ready says what a socket of a Poller waits to have done.
type Ready struct {
	Key      int
	Readable bool // Recv will find something
	Writable bool // Send may be tried again (WantWrite)
	Failed   bool // RecvErrors will find something, or the socket has an error pending that the next call clears
}
