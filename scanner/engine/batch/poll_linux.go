//go:build linux && (amd64 || arm64) && !portable

package batch

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poller waits for any of a set of sockets, level-triggered: a socket is reported for as long as it has something.
type Poller struct {
	fd      int
	events  []unix.EpollEvent
	conns   map[int]*Conn // by key
	coarse  bool          // the system can only wait for whole milliseconds
	until   unix.Timespec // argument of a call
	pending atomic.Bool   // a Wake that Wait has not seen yet

	mu   sync.Mutex // held by Wake, so that Close cannot take the descriptor away under it
	wake int        // eventfd; -1 when closed
}

// wakeKey marks the poller's own eventfd among the events; keys of sockets are not negative.
const wakeKey = -1

// maxEvents bounds the sockets reported by one Wait. The rest are reported by the next.
const maxEvents = 256

// NewPoller returns an empty set.
func NewPoller() (*Poller, error) {
	p := &Poller{fd: -1, wake: -1, events: make([]unix.EpollEvent, maxEvents), conns: make(map[int]*Conn)}
	var err error
	if p.fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if p.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err == nil {
		err = p.control(unix.EPOLL_CTL_ADD, p.wake, wakeKey, unix.EPOLLIN)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return p, nil
}

func (p *Poller) control(op, fd, key int, events uint32) error {
	return unix.EpollCtl(p.fd, op, fd, &unix.EpollEvent{Events: events, Fd: int32(key)})
}

// Add puts c into the set under key, which must not be negative. Closing c takes it out.
func (p *Poller) Add(c *Conn, key int) error {
	if err := p.control(unix.EPOLL_CTL_ADD, c.fd, key, unix.EPOLLIN); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	p.conns[key] = c
	return nil
}

// WantWrite says whether Wait shall report when the socket under key can send again.
func (p *Poller) WantWrite(key int, want bool) error {
	events := uint32(unix.EPOLLIN)
	if want {
		events |= unix.EPOLLOUT
	}
	if err := p.control(unix.EPOLL_CTL_MOD, p.conns[key].fd, key, events); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// Wait appends to ready the sockets that have something. If none has it waits for one, or for Wake, for up to
// timeout; for ever if timeout is negative, and not at all if it is zero. It reports whether Wake was called since the
// last Wait.
func (p *Poller) Wait(timeout time.Duration, ready []Ready) (_ []Ready, woken bool, err error) {
	n, errno := p.wait(timeout)
	if errno != 0 && errno != unix.EINTR {
		return ready, false, fmt.Errorf("epoll: %w", errno)
	}
	for _, e := range p.events[:n] {
		if e.Fd == wakeKey {
			var count [8]byte
			unix.Read(p.wake, count[:])
			p.pending.Store(false)
			woken = true
			continue
		}
		ready = append(ready, Ready{
			Key:      int(e.Fd),
			Readable: e.Events&unix.EPOLLIN != 0,
			Writable: e.Events&unix.EPOLLOUT != 0,
			Failed:   e.Events&unix.EPOLLERR != 0,
		})
	}
	return ready, woken, nil
}

// wait calls epoll. A call that cannot block need not tell the Go scheduler, one that can must: a thread that blocks
// unannounced holds up the whole program at the next garbage collection.
func (p *Poller) wait(timeout time.Duration) (int, unix.Errno) {
	if timeout == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
			maxEvents, 0, 0, 0)
		return count(n, errno)
	}
	if !p.coarse {
		var until *unix.Timespec
		if timeout > 0 {
			p.until = unix.NsecToTimespec(int64(timeout))
			until = &p.until
		}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
			maxEvents, uintptr(unsafe.Pointer(until)), 0, 0)
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return count(n, errno)
		}
		p.coarse = true // a kernel before 5.11, or a sandbox that does not know the call
	}
	msec := -1
	if timeout > 0 {
		const most = 1 << 30 // milliseconds that fit the kernel's int with ease; who waits longer asks again
		msec = int(min((timeout+time.Millisecond-1)/time.Millisecond, most))
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		maxEvents, uintptr(msec), 0, 0)
	return count(n, errno)
}

func count(n uintptr, errno unix.Errno) (int, unix.Errno) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// Wake makes the Wait that is under way, or the next, return at once. It may be called by any goroutine at any time.
func (p *Poller) Wake() {
	if p.pending.Swap(true) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake >= 0 {
		unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// Close frees the set; the sockets in it stay open. It may be called again.
func (p *Poller) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake >= 0 {
		unix.Close(p.wake)
	}
	if p.fd >= 0 {
		unix.Close(p.fd)
	}
	p.wake, p.fd = -1, -1
}

// Nap puts the calling thread to sleep, whatever the sockets have: so that several datagrams come together.
func Nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil)
}
