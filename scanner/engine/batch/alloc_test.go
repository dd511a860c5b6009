//go:build !race && linux && (amd64 || arm64) && !portable

package batch

import "testing"

func TestNothingAllocates(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Options{}), listen(t, "127.0.0.1:0", Options{LocalAddr: true})
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add(b, 0); err != nil {
		t.Fatal(err)
	}
	to := MakeAddr(b.LocalAddr())
	out, in, ready := NewOut(16, 64, true), NewIn(16, 64, true), make([]Ready, 0, 16)
	if n := testing.AllocsPerRun(100, func() {
		for !out.Full() {
			out.AddFrom(append(out.Buffer(), "datagram"...), &to, &to)
		}
		if _, _, err := a.Send(out); err != nil {
			t.Fatal(err)
		}
		p.Wake()
		if ready, _, err = p.Wait(hang, ready[:0]); err != nil || len(ready) != 1 {
			t.Fatal(ready, err)
		}
		if n, err := b.Recv(in); n != 16 || err != nil {
			t.Fatal(n, err)
		}
		in.Local(0)
		a.RecvErrors(in)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
