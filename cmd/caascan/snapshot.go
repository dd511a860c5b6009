package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// snapshotRows is how many servers, operators and names a snapshot shows.
const snapshotRows = 10

// snapshot is all that can be told of a scan at one moment.
type snapshot struct {
	At      time.Time          `json:"at"`
	Status  *status            `json:"status"`
	Servers []serverStatus     `json:"servers"` // with the longest lines
	Oldest  []nameStatus       `json:"oldest"`  // names under way for longest
	Packets map[string]uint64  `json:"packets"` // by what became of them
	Caches  map[string]float64 `json:"caches"`  // share of the look-ups that were found
	Runtime runtimeStatus      `json:"runtime"`
}

type serverStatus struct {
	Server   string  `json:"server"`
	Name     string  `json:"name,omitempty"`
	Operator string  `json:"operator"`
	Queries  int     `json:"queries"`
	Names    int     `json:"names,omitempty"`
	For      string  `json:"for"`
	Rate     float64 `json:"per_s,omitempty"`
	Slowed   int     `json:"slowed,omitempty"`
	SlowedBy string  `json:"slowed_by,omitempty"`
}

type nameStatus struct {
	Name   string  `json:"name"`
	Age    float64 `json:"age_s"`
	Parked bool    `json:"parked,omitempty"`
}

// runtimeStatus is what the process takes of the machine.
type runtimeStatus struct {
	Goroutines int     `json:"goroutines"`
	Heap       uint64  `json:"heap_octets"`    // in use
	FromSystem uint64  `json:"runtime_octets"` // all that the runtime has got and not given back
	Limit      int64   `json:"limit_octets,omitempty"`
	GCs        uint32  `json:"gcs"`
	GCPause    float64 `json:"gc_pause_s"` // in all
	Disk       uint64  `json:"disk_free_octets,omitempty"`
}

// snapshot writes one to stderr: as a line of JSON, or in words on a terminal.
func (w *watcher) snapshot() {
	s := w.takeSnapshot()
	if !w.env.console.terminal {
		json.NewEncoder(w.env.console).Encode(map[string]*snapshot{"snapshot": s})
		return
	}
	var text strings.Builder
	s.write(&text)
	io.WriteString(w.env.console, text.String())
}

func (w *watcher) takeSnapshot() *snapshot {
	ctx, cancel := context.WithTimeout(w.env.ctx, waitsTime)
	defer cancel()
	waits := w.scan.Waits(ctx, snapshotRows, true)
	now, rows, p := time.Now(), w.tally.now(), w.scan.Progress()
	s := &snapshot{At: now.UTC(), Status: w.state(now, &rows, &p), Packets: map[string]uint64{}, Caches: map[string]float64{}}
	s.Status.Operators = nil
	s.Status.operators(&waits)
	s.Status.Rate = w.pace.perSecond()
	s.Status.pace = s.Status.Rate
	s.Status.ETA = s.Status.eta()
	for result, n := range results(&p) {
		s.Packets[result] = n
	}
	for _, c := range caches(&p) {
		if all := c.hits + c.misses; all > 0 {
			s.Caches[c.name] = float64(c.hits) / float64(all)
		}
	}
	for _, v := range waits.Servers {
		line := serverStatus{Server: v.Server.Addr.String(), Operator: escaped(v.Operator), Queries: v.Queries, Names: v.Names,
			For: v.Cause.String(), Rate: v.Rate, Slowed: v.Slowed, SlowedBy: v.SlowedBy}
		if v.Server.Name != "" {
			line.Name = escaped(v.Server.Name.String())
		}
		s.Servers = append(s.Servers, line)
	}
	for _, n := range waits.Oldest {
		s.Oldest = append(s.Oldest, nameStatus{escaped(n.Name), n.Age.Seconds(), n.Parked})
	}
	s.Runtime = takeRuntime()
	s.Runtime.Disk, _ = freeSpace(w.dir)
	return s
}

func takeRuntime() runtimeStatus {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := runtimeStatus{
		Goroutines: runtime.NumGoroutine(), Heap: m.HeapInuse, FromSystem: m.Sys - m.HeapReleased, GCs: m.NumGC,
		GCPause: time.Duration(m.PauseTotalNs).Seconds(),
	}
	const none = 1<<63 - 1
	if limit := debug.SetMemoryLimit(-1); limit != none {
		r.Limit = limit
	}
	return r
}

// write writes a snapshot for people.
func (s *snapshot) write(to io.Writer) {
	st := s.Status
	fmt.Fprintf(to, "-- snapshot at %s, after %s\n", s.At.Local().Format("15:04:05"), duration(st.Elapsed))
	fmt.Fprintf(to, "%d rows (%d failed, %d in finished parts), %s/s", st.Rows, st.Failed, st.Committed, short(st.pace))
	if st.Total > 0 {
		fmt.Fprintf(to, ", of %d", st.Total)
	}
	if st.ETA > 0 {
		fmt.Fprintf(to, ", ETA %s", duration(st.ETA))
	}
	fmt.Fprintf(to, "\n%d names in flight, %d of them parked; %d queries sent, %d waiting\n", st.InFlight, st.Parked, st.Queries, st.Waiting)
	for _, list := range []struct {
		what   string
		counts map[string]int64
	}{{"failures", st.Failures}, {"waiting for", st.WaitingFor}, {"packets", signedCounts(s.Packets)}} {
		if len(list.counts) > 0 {
			fmt.Fprintf(to, "%s:", list.what)
			for _, c := range byCount(list.counts) {
				fmt.Fprintf(to, " %s %d", c.word, c.n)
			}
			fmt.Fprintln(to)
		}
	}
	if len(s.Caches) > 0 {
		fmt.Fprint(to, "found in caches:")
		for _, c := range []string{"answers", "delegations", "trust", "spans"} {
			if share, ok := s.Caches[c]; ok {
				fmt.Fprintf(to, " %s %.0f%%", c, 100*share)
			}
		}
		fmt.Fprintln(to)
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if len(st.Operators) > 0 {
		fmt.Fprintln(table, "OPERATOR\tQUERIES\tPARKED\tPER SECOND")
		for _, o := range st.Operators {
			fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", escaped(o.Operator), o.Queries, o.Names, rateOrNone(o.Rate))
		}
		table.Flush()
	}
	if len(s.Servers) > 0 {
		fmt.Fprintln(table, "SERVER\tNAME\tQUERIES\tPARKED\tFOR\tPER SECOND\tSLOWED")
		for _, v := range s.Servers {
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", v.Server, v.Name, v.Queries, v.Names, v.For, rateOrNone(v.Rate), slowedWords(v))
		}
		table.Flush()
	}
	if len(s.Oldest) > 0 {
		fmt.Fprintln(table, "OLDEST NAME\tAGE\tPARKED")
		for _, n := range s.Oldest {
			fmt.Fprintf(table, "%s\t%s\t%v\n", n.Name, duration(n.Age), n.Parked)
		}
		table.Flush()
	}
	r := &s.Runtime
	fmt.Fprintf(to, "memory: %d MiB of heap, %d MiB from the system", r.Heap>>20, r.FromSystem>>20)
	if r.Limit > 0 {
		fmt.Fprintf(to, ", limit %d MiB", r.Limit>>20)
	}
	fmt.Fprintf(to, "; %d collections, paused %.1f ms in all; %d goroutines\n", r.GCs, 1000*r.GCPause, r.Goroutines)
	if r.Disk > 0 {
		fmt.Fprintf(to, "disk: %d MiB free\n", r.Disk>>20)
	}
}

func rateOrNone(rate float64) string {
	if rate == 0 {
		return "no limit"
	}
	return short(rate)
}

func slowedWords(v serverStatus) string {
	if v.Slowed == 0 {
		return ""
	}
	return fmt.Sprintf("%d, by %s", v.Slowed, v.SlowedBy)
}

func signedCounts(counts map[string]uint64) map[string]int64 {
	signed := make(map[string]int64, len(counts))
	for word, n := range counts {
		if n > 0 {
			signed[word] = int64(n)
		}
	}
	return signed
}
