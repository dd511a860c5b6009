//go:build linux && (amd64 || arm64) && !portable

package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func processTime() time.Duration {
	var ru unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// BenchmarkWork shows what carrying out Work costs beyond the Work itself, in time and in processor time, by the number
// of loops, processors and pieces under way.
func BenchmarkWork(b *testing.B) {
	for _, bench := range []struct {
		lasts                time.Duration
		loops, procs, window int
	}{
		{0, 1, 1, 1000}, {0, 1, 2, 1000}, {0, 2, 2, 1000}, {0, 1, 2, 1},
		{50 * time.Microsecond, 1, 1, 1000}, {50 * time.Microsecond, 1, 2, 1000}, {50 * time.Microsecond, 2, 2, 1000},
		{50 * time.Microsecond, 1, 2, 4},
	} {
		b.Run(fmt.Sprintf("lasts=%v/loops=%d/procs=%d/window=%d", bench.lasts, bench.loops, bench.procs, bench.window), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(bench.procs))
			var group errgroup.Group
			var loops []*Loop
			for k := range bench.loops {
				g := &grind{window: bench.window, total: (b.N + k) / bench.loops, do: spin(bench.lasts)}
				l, err := New(Config{IPv4: true, Sockets: 4}, g)
				if err != nil {
					b.Fatal(err)
				}
				loops = append(loops, l)
			}
			b.ReportAllocs()
			b.ResetTimer()
			start := processTime()
			for _, l := range loops {
				group.Go(func() error { return l.Run(context.Background()) })
			}
			if err := group.Wait(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			spent := processTime() - start
			var helped uint64
			for _, l := range loops {
				helped += l.Stats().Helped
			}
			b.ReportMetric(float64(spent)/float64(b.N)-float64(bench.lasts), "cpu-ns/op")
			b.ReportMetric(100*float64(helped)/float64(b.N), "%helped")
		})
	}
}
