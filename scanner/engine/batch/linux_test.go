//go:build linux && (amd64 || arm64) && !portable

package batch

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// One socket answers on many addresses, each reply from the address that was asked.
func TestLocalAddr(t *testing.T) {
	for _, tt := range []struct {
		server, client string
		asked          []string
	}{
		{"0.0.0.0:0", "0.0.0.0:0", []string{"127.0.0.1", "127.9.8.7", "127.255.0.1"}},
		{"[::]:0", "[::1]:0", []string{"::1"}},
	} {
		server, err := Listen(netip.MustParseAddrPort(tt.server), Options{LocalAddr: true})
		if err != nil {
			t.Skipf("%s: %v", tt.server, err)
		}
		defer server.Close()
		client := listen(t, tt.client, Options{})
		in, out := NewIn(8, 64, true), NewOut(8, 64, true)
		for _, a := range tt.asked {
			to := MakeAddr(netip.AddrPortFrom(netip.MustParseAddr(a), server.LocalAddr().Port()))
			out.Add(append(out.Buffer(), a...), &to)
		}
		if _, _, err := client.Send(out); err != nil {
			t.Fatal(err)
		}
		receive(t, server, in, len(tt.asked), func(i int) {
			local, ok := in.Local(i)
			if want := string(in.Msg(i)); !ok || local.AddrPort().Addr().String() != want {
				t.Fatalf("asked at %s, Local says %v, %v", want, local.AddrPort(), ok)
			}
			out.AddFrom(append(out.Buffer(), in.Msg(i)...), in.From(i), &local)
		})
		if _, _, err := server.Send(out); err != nil {
			t.Fatal(err)
		}
		receive(t, client, in, len(tt.asked), func(i int) {
			if want := string(in.Msg(i)); in.From(i).AddrPort().Addr().String() != want {
				t.Errorf("asked at %s, answered from %v", want, in.From(i).AddrPort())
			}
		})
		if _, ok := in.Local(0); ok {
			t.Error("Local is known on a socket that did not ask for it")
		}
	}
}

// An ICMP error is told once, with the datagram it is about, and does not keep others from leaving or coming.
func TestRecvErrors(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		closed, err := Listen(netip.MustParseAddrPort(addr), Options{})
		if err != nil {
			t.Skipf("%s: %v", addr, err)
		}
		to := MakeAddr(closed.LocalAddr())
		closed.Close()
		c := listen(t, addr, Options{Errors: true})
		out, in := NewOut(4, 64, false), NewIn(4, 64, true)
		out.Add(append(out.Buffer(), "into the void"...), &to)
		if _, _, err := c.Send(out); err != nil {
			t.Fatal(err)
		}
		p, err := NewPoller()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Add(c, 5); err != nil {
			t.Fatal(err)
		}
		ready, _, err := p.Wait(hang, nil)
		if err != nil || len(ready) != 1 || ready[0].Key != 5 || !ready[0].Failed {
			t.Fatalf("Wait: %+v, %v", ready, err)
		}
		n, err := c.RecvErrors(in)
		if n != 1 || err != nil || string(in.Msg(0)) != "into the void" || !in.From(0).Equal(&to) || in.Err(0) != syscall.ECONNREFUSED {
			t.Errorf("%s: %d errors, %v; %q to %v: %v", addr, n, err, in.Msg(0), in.From(0).AddrPort(), in.Err(0))
		}
		// That was all of it: nothing is pending for other calls.
		if n, err := c.Recv(in); n != 0 || err != nil {
			t.Errorf("%s: Recv %d, %v", addr, n, err)
		}
		if n, err := c.RecvErrors(in); n != 0 || err != nil {
			t.Errorf("%s: RecvErrors %d, %v", addr, n, err)
		}
		if ready, _, _ := p.Wait(0, nil); len(ready) != 0 {
			t.Errorf("%s: still ready: %+v", addr, ready)
		}
	}
}

// An ICMP error that nobody has read yet fails one call, whatever that is about, and the next goes through.
func TestPendingError(t *testing.T) {
	closed := listen(t, "127.0.0.1:0", Options{})
	void := MakeAddr(closed.LocalAddr())
	closed.Close()
	a, b := listen(t, "127.0.0.1:0", Options{Errors: true}), listen(t, "127.0.0.1:0", Options{})
	good := MakeAddr(b.LocalAddr())
	out, in := NewOut(4, 64, false), NewIn(4, 64, true)
	provoke := func() {
		out.Add(append(out.Buffer(), "into the void"...), &void)
		if _, _, err := a.Send(out); err != nil {
			t.Fatal(err)
		}
		p, err := NewPoller()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		p.Add(a, 0)
		if ready, _, err := p.Wait(hang, nil); err != nil || len(ready) != 1 {
			t.Fatal(ready, err)
		}
	}
	provoke()
	out.Add(append(out.Buffer(), "good"...), &good)
	if sent, _, err := a.Send(out); sent != 0 || !errors.Is(err, syscall.ECONNREFUSED) || out.Len() != 1 {
		t.Errorf("first Send: %d, %v", sent, err)
	}
	if sent, _, err := a.Send(out); sent != 1 || err != nil {
		t.Errorf("second Send: %d, %v", sent, err)
	}
	receive(t, b, in, 1, func(int) {})
	if n, err := a.RecvErrors(in); n != 1 || err != nil {
		t.Errorf("RecvErrors: %d, %v", n, err)
	}
	provoke()
	if _, err := a.Recv(in); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("first Recv: %v", err)
	}
	if _, err := a.Recv(in); err != nil {
		t.Errorf("second Recv: %v", err)
	}
}

// A datagram's own fault is an error about it; those before it have left, those after it wait.
func TestSendStopsAtRefused(t *testing.T) {
	a, b := listen(t, "0.0.0.0:0", Options{}), listen(t, "127.0.0.1:0", Options{})
	good, bad := MakeAddr(b.LocalAddr()), MakeAddr(netip.MustParseAddrPort("255.255.255.255:53"))
	out, in := NewOut(4, 64, false), NewIn(4, 64, false)
	out.Add(append(out.Buffer(), "1"...), &good)
	out.Add(append(out.Buffer(), "2"...), &bad)
	out.Add(append(out.Buffer(), "3"...), &good)
	if sent, _, err := a.Send(out); sent != 1 || !errors.Is(err, syscall.EACCES) || out.Len() != 2 {
		t.Fatalf("%d sent, %v, %d left", sent, err, out.Len())
	}
	out.Skip()
	if sent, _, err := a.Send(out); sent != 1 || err != nil || out.Len() != 0 {
		t.Fatalf("%d sent, %v, %d left", sent, err, out.Len())
	}
	receive(t, b, in, 2, func(int) {})
}

func TestDrops(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Options{}), listen(t, "127.0.0.1:0", Options{})
	if err := unix.SetsockoptInt(b.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil { // the least there is
		t.Fatal(err)
	}
	to := MakeAddr(b.LocalAddr())
	out := NewOut(64, 1024, false)
	for !out.Full() {
		out.Add(out.Buffer()[:1024], &to)
	}
	if _, _, err := a.Send(out); err != nil {
		t.Fatal(err)
	}
	in := NewIn(64, 1024, false)
	got, err := b.Recv(in)
	if err != nil || uint64(got)+b.Drops() != 64 || b.Drops() == 0 {
		t.Errorf("%d received, %d dropped, %v", got, b.Drops(), err)
	}
}

func TestDevice(t *testing.T) {
	c, err := Listen(netip.MustParseAddrPort("0.0.0.0:0"), Options{Device: "lo"})
	if err != nil {
		t.Skip(err) // older systems ask for CAP_NET_RAW
	}
	c.Close()
}

// A kernel without epoll_pwait2 waits for whole milliseconds, rounded up, and for ever just as well.
func TestCoarsePoller(t *testing.T) {
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.coarse = true
	start := time.Now()
	if _, woken, err := p.Wait(time.Millisecond+1, nil); woken || err != nil || time.Since(start) < time.Millisecond {
		t.Errorf("Wait ended with %v, %v after %v", woken, err, time.Since(start))
	}
	p.Wake()
	if _, woken, err := p.Wait(-1, nil); !woken || err != nil {
		t.Errorf("Wait ended with %v, %v", woken, err)
	}
}
