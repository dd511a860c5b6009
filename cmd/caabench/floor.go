package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/engine/batch"
)

// floorCmd sends packets from a file and reads what comes back.
type floorCmd struct {
	Packets   string `arg:"" help:"File that caabench farm wrote."`
	Port      uint16 `required:"" help:"Port of the servers."`
	Exchanges int    `default:"500000" help:"Exchanges to make."`
	Window    int    `default:"2000" help:"Exchanges under way at once."`
	Sockets   int    `default:"64" help:"Sockets to send from."`
}

// usageReport is what a process says of itself on stdout, as JSON.
type usageReport struct {
	Exchanges int     `json:"exchanges"`
	Lost      int     `json:"lost"`
	Seconds   float64 `json:"seconds"`
	User      float64 `json:"user_s"`
	System    float64 `json:"system_s"`
}

// floorBatch is the engine's batch size.
const floorBatch = 64

// packet is one recorded query.
type packet struct {
	to  batch.Addr
	msg []byte
}

// readPackets reads a record.
func readPackets(path string, port uint16) ([]packet, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var packets []packet
	for len(data) >= 6 {
		addr, length := netip.AddrFrom4([4]byte(data)), int(binary.BigEndian.Uint16(data[4:]))
		if len(data) < 6+length {
			break
		}
		packets = append(packets, packet{batch.MakeAddr(netip.AddrPortFrom(addr, port)), data[6 : 6+length]})
		data = data[6+length:]
	}
	if len(packets) == 0 {
		return nil, fmt.Errorf("%s: no packets", path)
	}
	return packets, nil
}

// Run measures the floor.
func (c *floorCmd) Run() error {
	packets, err := readPackets(c.Packets, c.Port)
	if err != nil {
		return err
	}
	poller, err := batch.NewPoller()
	if err != nil {
		return err
	}
	defer poller.Close()
	conns := make([]*batch.Conn, c.Sockets)
	for i := range conns {
		conns[i], err = batch.Listen(netip.AddrPortFrom(netip.IPv4Unspecified(), 0), batch.Options{RecvBuffer: 1 << 20, SendBuffer: 1 << 20, Errors: true})
		if err != nil {
			return err
		}
		defer conns[i].Close()
		if err := poller.Add(conns[i], i); err != nil {
			return err
		}
	}
	runtime.LockOSThread()
	runtime.GC()
	before, started := rusage(), time.Now()
	lost, err := exchange(packets, conns, poller, c.Exchanges, c.Window)
	if err != nil {
		return err
	}
	return report(before, started, c.Exchanges, lost)
}

// report writes what the process took since before.
func report(before unix.Rusage, started time.Time, exchanges, lost int) error {
	after := rusage()
	return json.NewEncoder(os.Stdout).Encode(usageReport{
		Exchanges: exchanges, Lost: lost, Seconds: time.Since(started).Seconds(),
		User: seconds(after.Utime) - seconds(before.Utime), System: seconds(after.Stime) - seconds(before.Stime),
	})
}

// stillFor: what has not come back when nothing moved for so long is lost.
const stillFor = 2 * time.Second

// exchange makes count exchanges, window of them at once at most.
func exchange(packets []packet, conns []*batch.Conn, poller *batch.Poller, count, window int) (lost int, err error) {
	out, in := batch.NewOut(floorBatch, 512, false), batch.NewIn(floorBatch, 4096, false)
	rnd := rand.New(rand.NewPCG(1, 2))
	var ready []batch.Ready
	sent, done, next := 0, 0, 0
	moved := time.Now()
	for done < count {
		for sent < count && sent-done < window {
			for sent < count && sent-done < window && !out.Full() {
				p := &packets[next]
				if next++; next == len(packets) {
					next = 0
				}
				msg := append(out.Buffer(), p.msg...)
				binary.BigEndian.PutUint16(msg, uint16(rnd.Uint32())) // as the engine draws an ID
				out.Add(msg, &p.to)
				sent++
			}
			conn := conns[rnd.IntN(len(conns))]
			for out.Len() > 0 {
				if _, _, err := conn.Send(out); err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.ECONNREFUSED) {
					return lost, err
				}
			}
		}
		if ready, _, err = poller.Wait(stillFor, ready[:0]); err != nil {
			return lost, err
		}
		before := done
		for _, r := range ready {
			for {
				n, _ := conns[r.Key].Recv(in)
				done += n
				if n < in.Cap() {
					break
				}
			}
		}
		switch { // by what came, not by what is ready: that may be an error without end
		case done > before:
			moved = time.Now()
		case time.Since(moved) > stillFor:
			lost += sent - done
			done, moved = sent, time.Now()
		}
	}
	return lost, nil
}

func rusage() unix.Rusage {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		panic("internal error: getrusage: " + err.Error())
	}
	return ru
}

func seconds(tv unix.Timeval) float64 { return float64(tv.Sec) + float64(tv.Usec)/1e6 }
