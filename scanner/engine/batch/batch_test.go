package batch

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hang = 20 * time.Second

func listen(t testing.TB, addr string, o Options) *Conn {
	t.Helper()
	c, err := Listen(netip.MustParseAddrPort(addr), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// receive waits until c has got n datagrams and calls visit with each.
func receive(t testing.TB, c *Conn, in *In, n int, visit func(i int)) {
	t.Helper()
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add(c, 3); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); n > 0; {
		if time.Since(start) > hang {
			t.Fatalf("%d datagrams are missing", n)
		}
		ready, _, err := p.Wait(hang, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ready {
			if r.Key != 3 || r.Writable {
				t.Fatalf("%+v", r)
			}
		}
		got, err := c.Recv(in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			visit(i)
		}
		n -= got
	}
}

func TestAddr(t *testing.T) {
	texts := []string{"192.0.2.1:53", "192.0.2.1:54", "192.0.2.2:53", "[2001:db8::1]:53", "[2001:db8::1]:54", "[2001:db8::2]:53", "[::]:0", "0.0.0.0:0"}
	for i, a := range texts {
		x := MakeAddr(netip.MustParseAddrPort(a))
		if got := x.AddrPort(); got != netip.MustParseAddrPort(a) {
			t.Errorf("%s came back as %v", a, got)
		}
		if x.Is4() != netip.MustParseAddrPort(a).Addr().Is4() {
			t.Errorf("%s: Is4 %v", a, x.Is4())
		}
		for k, b := range texts {
			if y := MakeAddr(netip.MustParseAddrPort(b)); x.Equal(&y) != (i == k) {
				t.Errorf("%s and %s: Equal %v", a, b, x.Equal(&y))
			}
		}
	}
	mapped := MakeAddr(netip.MustParseAddrPort("[::ffff:192.0.2.1]:53"))
	if plain := MakeAddr(netip.MustParseAddrPort("192.0.2.1:53")); !mapped.Equal(&plain) {
		t.Error("an IPv4-mapped address is not the IPv4 address")
	}
}

// More datagrams than fit one batch, of all lengths, to and fro, in own and in foreign buffers.
func TestSendAndReceive(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(loopback, func(t *testing.T) {
			if probe, err := Listen(netip.MustParseAddrPort(loopback), Options{}); err == nil {
				probe.Close()
			} else if loopback[0] == '[' {
				t.Skip("no IPv6 on loopback")
			}
			a, b := listen(t, loopback, Options{RecvBuffer: 1 << 20}), listen(t, loopback, Options{RecvBuffer: 1 << 20})
			to := MakeAddr(b.LocalAddr())
			out, in := NewOut(16, 256, false), NewIn(7, 300, false)
			if in.Cap() != 7 {
				t.Errorf("Cap %d", in.Cap())
			}
			const n = 100
			want := map[string]bool{}
			for i := range n {
				msg := append(out.Buffer(), bytes.Repeat([]byte{byte(i)}, 2*i)...)
				if i%5 == 0 {
					msg = append([]byte(nil), msg...)
				}
				want[string(msg)] = true
				out.Add(msg, &to)
				if out.Full() || i == n-1 {
					waiting := out.Len()
					if sent, calls, err := a.Send(out); sent != waiting || calls == 0 || err != nil || out.Len() != 0 || out.Full() {
						t.Fatalf("Send: %d in %d calls, %v; %d left", sent, calls, err, out.Len())
					}
				}
			}
			receive(t, b, in, n, func(i int) {
				from := MakeAddr(a.LocalAddr())
				if msg := string(in.Msg(i)); !want[msg] || !in.From(i).Equal(&from) || in.Truncated(i) {
					t.Errorf("got %d octets from %v, truncated %v", len(msg), in.From(i).AddrPort(), in.Truncated(i))
				} else {
					delete(want, msg)
				}
			})
			if n, err := b.Recv(in); n != 0 || err != nil {
				t.Errorf("Recv from an empty socket: %d, %v", n, err)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Options{}), listen(t, "127.0.0.1:0", Options{})
	to := MakeAddr(b.LocalAddr())
	out, in := NewOut(4, 64, false), NewIn(4, 50, false)
	for _, n := range []int{49, 50, 51} {
		out.Add(out.Buffer()[:n], &to)
	}
	if _, _, err := a.Send(out); err != nil {
		t.Fatal(err)
	}
	var got []string
	receive(t, b, in, 3, func(i int) { got = append(got, fmt.Sprint(len(in.Msg(i)), in.Truncated(i))) })
	if fmt.Sprint(got) != "[49 false 50 false 50 true]" {
		t.Error(got)
	}
}

func TestSkip(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Options{}), listen(t, "127.0.0.1:0", Options{})
	to := MakeAddr(b.LocalAddr())
	out, in := NewOut(3, 64, false), NewIn(4, 64, false)
	for _, s := range []string{"skipped", "sent", "also"} {
		out.Add(append(out.Buffer(), s...), &to)
	}
	out.Skip()
	if sent, _, err := a.Send(out); sent != 2 || err != nil {
		t.Fatal(sent, err)
	}
	var got []string
	receive(t, b, in, 2, func(i int) { got = append(got, string(in.Msg(i))) })
	if fmt.Sprint(got) != "[sent also]" {
		t.Error(got)
	}
	out.Add(out.Buffer(), &to)
	if out.Skip(); out.Len() != 0 || out.Full() {
		t.Error("not empty after the last was skipped")
	}
}

func TestPollerWake(t *testing.T) {
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				p.Wake()
			}
		})
	}
	if ready, woken, err := p.Wait(-1, nil); !woken || len(ready) != 0 || err != nil {
		t.Errorf("Wait: %v, %v, %v", ready, woken, err)
	}
	group.Wait()
	p.Wait(0, nil)
	if _, woken, err := p.Wait(0, nil); woken || err != nil {
		t.Errorf("woken %v twice by one Wake, %v", woken, err)
	}
	if _, woken, err := p.Wait(time.Millisecond, nil); woken || err != nil {
		t.Errorf("Wait ended with %v, %v", woken, err)
	}
	group.Go(p.Wake)
	p.Close()
	group.Wait()
	p.Wake() // allowed for ever
	p.Close()
}

func TestWantWrite(t *testing.T) {
	c := listen(t, "127.0.0.1:0", Options{})
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add(c, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if err := p.WantWrite(0, want); err != nil {
			t.Fatal(err)
		}
		if ready, _, _ := p.Wait(0, nil); (len(ready) == 1 && ready[0].Writable) != want {
			t.Errorf("WantWrite(%v): %+v", want, ready)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	c := listen(t, "127.0.0.1:0", Options{})
	for _, tt := range []struct {
		addr string
		o    Options
	}{
		{c.LocalAddr().String(), Options{}},
		{"192.0.2.77:0", Options{}},
		{"127.0.0.1:0", Options{Device: "no-such-device"}},
	} {
		if c, err := Listen(netip.MustParseAddrPort(tt.addr), tt.o); err == nil {
			c.Close()
			t.Errorf("Listen(%s, %+v) gave no error", tt.addr, tt.o)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	c.Close()
}
