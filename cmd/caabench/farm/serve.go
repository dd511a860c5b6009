package farm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Farm is the servers of a world under way.
type Farm struct {
	w        *World
	port     uint16
	requests chan func(*loop)
	closing  chan struct{}
	ended    sync.WaitGroup
	listener net.Listener
	failed   error // of the loop; valid once ended
	close    sync.Once

	mu    sync.Mutex
	conns map[net.Conn]bool // over TCP
}

// loop is what the thread that serves UDP works with.
type loop struct {
	responder
	farm    *Farm
	sock    *socket
	servers []server
	random  *rand.Rand
	ring    *ring
	now     time.Time
	strays  int

	holding  bool // Config.Hold is not reached yet
	firstDue time.Time
	shift    time.Duration // by which the clock of the ring is behind, for having stood still so long
	pace     limiter       // of Config.Pace
	paced    bool          // it has stopped the answers of this turn
}

// Listen starts the servers on a port; 0 lets the kernel choose. Close ends them.
func (w *World) Listen(port uint16) (*Farm, error) {
	sock, listener, err := listenBoth(port, w.cfg.Count)
	if err != nil {
		return nil, fmt.Errorf("farm: %w", err)
	}
	f := &Farm{w: w, listener: listener, requests: make(chan func(*loop)), closing: make(chan struct{}), conns: map[net.Conn]bool{}}
	f.port = uint16(listener.Addr().(*net.TCPAddr).Port)
	l := &loop{
		farm: f, sock: sock, servers: make([]server, w.serverCount()), random: rand.New(rand.NewPCG(w.cfg.Seed, lossStream)),
		now: time.Now(), holding: w.cfg.Hold > 0,
	}
	l.responder.w = w
	l.ring = newRing(l.now)
	l.pace.b = &Behaviour{Limit: float64(w.cfg.Pace), Burst: batchSize}
	for i := range l.servers {
		l.servers[i].b = w.behaviourOf(i)
	}
	f.ended.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack.Nanoseconds()), 0, 0, 0) // where that fails, naps are longer
		f.failed = l.run()
		unix.Close(sock.fd)
	})
	f.ended.Go(func() { f.serveTCP(l.servers) })
	return f, nil
}

// listenBoth opens one port over UDP and TCP.
func listenBoth(port uint16, times bool) (sock *socket, listener net.Listener, err error) {
	const tries = 50 // the port that the kernel chooses for one may be taken for the other
	for range tries {
		if listener, err = listenTCP(port); err != nil {
			return nil, nil, err
		}
		if sock, err = listen(uint16(listener.Addr().(*net.TCPAddr).Port), times); err == nil {
			return sock, listener, nil
		}
		listener.Close()
		if port != 0 {
			break
		}
	}
	return nil, nil, err
}

// Port returns the port of all servers.
func (f *Farm) Port() uint16 { return f.port }

// Report returns what the servers have seen so far.
func (f *Farm) Report() (Report, error) {
	got := make(chan Report, 1)
	select {
	case f.requests <- func(l *loop) { got <- l.report() }:
		return <-got, nil
	case <-f.closing:
		return Report{}, errors.New("farm: closed")
	}
}

// Close ends the servers and waits for them. It may be called again.
func (f *Farm) Close() error {
	f.close.Do(func() {
		close(f.closing)
		f.listener.Close()
		f.mu.Lock()
		for conn := range f.conns {
			conn.Close()
		}
		f.mu.Unlock()
	})
	f.ended.Wait()
	return f.failed
}

const (
	// napTime is how long the loop sleeps when it has nothing to do, as long as there is traffic: then packets come in
	// batches, and whoever sends one need not wake us.
	napTime = 20 * time.Microsecond

	// timerSlack is by how much a nap may be longer; 50 µs is usual.
	timerSlack = time.Microsecond

	// quietAfter is how long nothing has come before the loop waits for the socket.
	quietAfter = 500 * time.Microsecond

	// holdIdle is how long no query has come before answers are held back no longer.
	holdIdle = 2 * time.Second

	// longestIdle bounds how long a request waits for a loop that gets no packets.
	longestIdle = 20 * time.Millisecond
)

// run serves until the farm is closed.
func (l *loop) run() error {
	busy := l.now
	for {
		select {
		case do := <-l.farm.requests:
			do(l)
		case <-l.farm.closing:
			return nil
		default:
		}
		n, err := l.sock.receive()
		if err != nil {
			return fmt.Errorf("farm: receive: %w", err)
		}
		l.now = time.Now()
		for i := range n {
			l.query(i)
		}
		if l.holding && (l.ring.amount >= l.w.cfg.Hold || l.ring.amount > 0 && l.now.Sub(busy) > holdIdle) {
			l.holding, l.shift = false, max(0, l.now.Sub(l.firstDue))
		}
		l.paced = false
		all := l.holding || l.ring.due(l.now.Add(-l.shift), l.answerWaiting) || l.paced
		l.sock.send()
		switch {
		case n > 0 || !all:
			busy = l.now
		case l.now.Sub(busy) < quietAfter:
			nap(napTime)
		case l.ring.amount > 0:
			l.sock.wait(ringTick)
		default:
			l.sock.wait(longestIdle)
		}
	}
}

// query takes datagram i.
func (l *loop) query(i int) {
	msg, from, to, at := l.sock.datagram(i)
	index := l.w.indexOf(to)
	if index < 0 || !l.q.read(msg, l.w) {
		l.strays++
		return
	}
	s := &l.servers[index]
	s.got++
	if at == 0 {
		at = l.now.UnixNano()
	} else {
		s.note(at)
	}
	switch s.arrival(at, l.random) {
	case lost:
		s.lost++
	case limited:
		s.limited++
		if s.b.Over != Drop {
			l.reply(l.limited(l.room(), s.b.Over), from, index)
		}
	default:
		s.answered++
		switch {
		case s.loses(l.random):
			s.lostOut++
		case s.b.Delay == 0 || !l.wait(time.Duration(s.b.Delay), index, from, msg):
			l.reply(l.respond(l.room(), index), from, index)
		}
	}
}

// wait lets a query wait for its answer, and reports false if it is too long for that. The clock of the ring stands still
// while answers are held back, so that they leave at the pace at which their queries came.
func (l *loop) wait(delay time.Duration, index int, from peer, msg []byte) bool {
	until := l.now.Add(delay - l.shift)
	if l.holding && l.ring.amount == 0 {
		l.firstDue = until
	}
	return l.ring.add(until, index, from, msg)
}

// room returns a buffer for a reply.
func (l *loop) room() []byte {
	if l.sock.full() {
		l.sock.send()
	}
	return l.sock.room()
}

// reply puts a message that lies in what room returned among those to be sent.
func (l *loop) reply(msg []byte, to peer, from int) { l.sock.add(msg, to, l.w.addrOf(from)) }

// answerWaiting answers a query that has waited.
func (l *loop) answerWaiting(w *waiting) bool {
	if l.sock.full() {
		return false // first those that have come, then more of these
	}
	if l.w.cfg.Pace > 0 && !l.pace.allow(l.now.UnixNano()) {
		l.paced = true
		return false
	}
	if l.q.read(w.msg[:w.size], l.w) {
		l.reply(l.respond(l.room(), int(w.server)), w.from, int(w.server))
	}
	return true
}

func (l *loop) report() Report {
	r := Report{Port: l.farm.port, Strays: l.strays, Drops: l.sock.drops(), Waiting: l.ring.amount, Most: l.ring.most}
	for i := range l.servers {
		r.Servers = append(r.Servers, l.servers[i].report(l.w, i))
	}
	return r
}
