package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/simnet"
)

// Scans that are stopped and continued, as processes, at servers that take their time so that there is a middle to be
// stopped in.

// stoppable is such a scan.
type stoppable struct {
	server *simnet.Server
	dir    string
	list   string // the input: names, and lines that are none
	lines  int    // of it
	names  int
	out    string
	flags  []string
}

const (
	stopNames   = 3000
	stopRejects = stopNames / 100
)

func newStoppable(t *testing.T) *stoppable {
	t.Helper()
	world, err := simnet.New(simnet.Config{Seed: 2, Names: stopNames, Plain: true, CAAShare: 0.2, Delay: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server, err := world.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stoppable{server: server, dir: t.TempDir(), names: stopNames, lines: stopNames + stopRejects}
	var list strings.Builder
	for i := range world.Len() {
		fmt.Fprintln(&list, world.Name(i))
		if i%(stopNames/stopRejects) == 0 {
			fmt.Fprintf(&list, "192.0.2.%d\n", i%256)
		}
	}
	s.list, s.out = s.write(t, "names.txt", list.String()), filepath.Join(s.dir, "scan")
	hints := s.write(t, "root.hints", string(world.RootHints()))
	s.flags = []string{"--out", s.out, "--root-hints", hints, "--trust-anchor", s.write(t, "root.anchor", world.TrustAnchor()),
		"--server-port", fmt.Sprint(server.Port()), "--allow-special-use", "--ipv4-only", "--rate-per-server", "0", "--rate-per-operator", "0",
		"--timeout", "5s", "--in-flight", "60", "--part-rows", "100"}
	return s
}

func (s *stoppable) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// scanRun is a process of a scan.
type scanRun struct {
	*exec.Cmd
	said spoken
}

// spoken is what a process has said so far.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start starts a process of the scan, with more flags that win over the others. It is killed at the end of the test.
func (s *stoppable) start(t *testing.T, stdin io.Reader, input string, more ...string) *scanRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	p := &scanRun{Cmd: caascanProcess(ctx, nil, append(append([]string{"scan", input}, s.flags...), more...)...)}
	t.Cleanup(cancel)
	p.Stdin, p.Stdout, p.Stderr = stdin, &p.said, &p.said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// end waits for a process, which must end with the code.
func (p *scanRun) end(t *testing.T, code int) string {
	t.Helper()
	if got := exitCode(p.Wait()); got != code {
		t.Fatalf("exit code %d, want %d\n%s", got, code, &p.said)
	}
	return p.said.String()
}

// signalled is the exit code of a process that a signal ended.
const signalled = -1

// stop sends a signal once the manifest fulfils a condition.
func (s *stoppable) stop(t *testing.T, p *scanRun, signal os.Signal, once func(*output.Manifest) bool) {
	t.Helper()
	s.await(t, once)
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if signal == syscall.SIGKILL {
		p.end(t, signalled)
	} else {
		p.end(t, exitStopped)
	}
}

func (s *stoppable) await(t *testing.T, once func(*output.Manifest) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		if m, err := s.manifest(); err == nil && once(m) {
			return
		}
	}
	t.Fatal("the scan does not come so far")
}

func (s *stoppable) manifest() (*output.Manifest, error) {
	text, err := os.ReadFile(filepath.Join(s.out, "manifest.json"))
	if err != nil {
		return nil, err
	}
	m := new(output.Manifest)
	return m, json.Unmarshal(text, m)
}

// rows is the condition that so many rows are committed.
func rows(n int64) func(*output.Manifest) bool {
	return func(m *output.Manifest) bool { return m.Totals.Rows >= n }
}

// runs is the condition that so many processes have worked on the scan.
func runs(n int) func(*output.Manifest) bool {
	return func(m *output.Manifest) bool { return len(m.Runs) >= n }
}

// queries is what the servers have got so far.
func (s *stoppable) queries() (sum uint64) {
	for _, server := range s.server.Stats() {
		sum += server.Queries
	}
	return sum
}

// files are the SHA-256 of all that is in the directory of the scan.
func (s *stoppable) files(t *testing.T) map[string]string {
	t.Helper()
	sums := map[string]string{}
	if err := filepath.WalkDir(s.out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		sums[path] = fmt.Sprintf("%x", sha256.Sum256(content))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return sums
}

// refused is for a process that is: exit code 2, what it says, no packet, and the directory as it was, but for drafts that
// a killed process left, and files that ignore tells of.
func (s *stoppable) refused(t *testing.T, p func() *scanRun, says string, ignore func(file string) bool) {
	t.Helper()
	asked, was := s.queries(), s.files(t)
	if said := p().end(t, exitUsage); !strings.Contains(said, says) {
		t.Errorf("no %q in\n%s", says, said)
	}
	is := s.files(t)
	for _, files := range []map[string]string{was, is} {
		maps.DeleteFunc(files, func(file, _ string) bool { return strings.HasSuffix(file, ".tmp") || ignore != nil && ignore(file) })
	}
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("the directory is not as it was:\n%s", diff)
	}
	if more := s.queries() - asked; more > 0 {
		t.Errorf("%d packets", more)
	}
}

// checkWhole: each line of the input has its row or its reject, once.
func (s *stoppable) checkWhole(t *testing.T) *output.Manifest {
	t.Helper()
	m, err := s.manifest()
	if err != nil {
		t.Fatal(err)
	}
	if m.State != output.Complete || m.Totals.Rows != int64(s.names) || m.Totals.Rejects != stopRejects || m.Inputs[0].Lines != int64(s.lines) {
		t.Errorf("state %s, totals %+v, inputs %+v", m.State, m.Totals, m.Inputs)
	}
	db := openDuckDB(t)
	lines := fmt.Sprintf("SELECT input_line AS line FROM %s UNION ALL SELECT line::BIGINT FROM read_csv('%s/rejects.csv', header=true, all_varchar=true)", parquet(s.out, "domains"), s.out)
	got := query(t, db, "SELECT count(*) AS n, count(DISTINCT line) AS distinct_n, min(line) AS first, max(line) AS last FROM ("+lines+")")[0]
	if want := map[string]any{"n": int64(s.lines), "distinct_n": int64(s.lines), "first": int64(1), "last": int64(s.lines)}; !cmp.Equal(got, want) {
		t.Errorf("lines with a row or a reject: %v, want %v", got, want)
	}
	if code, stdout, stderr := caascan(t, "", "verify", s.out); code != exitDone {
		t.Errorf("verify: exit code %d\n%s%s", code, stdout, stderr)
	}
	return m
}

// TestResumeScan: the same command continues a scan, however it was ended, and the manifest tells of each run. What is complete is
// refused, until it is to be discarded.
func TestResumeScan(t *testing.T) {
	t.Parallel()
	s := newStoppable(t)
	for i, signal := range []os.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT} {
		more := []string{"--rate-total", fmt.Sprint(10_000 * (i + 1)), "--loops", "1"}
		s.stop(t, s.start(t, nil, s.list, more...), signal, func(m *output.Manifest) bool { return len(m.Runs) == i+1 && m.Totals.Rows >= int64(300*(i+1)) })
	}
	before, err := s.manifest()
	if err != nil {
		t.Fatal(err)
	}
	said := s.start(t, nil, s.list).end(t, exitDone)
	if !strings.Contains(said, "continuing the scan") {
		t.Errorf("nothing about that in\n%s", said)
	}
	m := s.checkWhole(t)
	if m.ScanID != before.ScanID || len(m.Runs) != 5 || !m.StartedAt.Equal(before.StartedAt) {
		t.Errorf("scan %s of %v, was %s of %v; %d runs", m.ScanID, m.StartedAt, before.ScanID, before.StartedAt, len(m.Runs))
	}
	for i, run := range m.Runs {
		var config any
		if i > 0 {
			config = map[int]any{1: 20_000.0, 2: 30_000.0, 3: 40_000.0, 4: 0.0}[i]
		}
		ended := map[int]output.State{1: output.Running, 3: output.Running, 4: output.Complete}[i]
		if run.Config["rate-total"] != config || run.State != ended || (run.EndedAt == nil) != (ended == "") {
			t.Errorf("run %d: %+v", i+1, run)
		}
	}
	s.refused(t, func() *scanRun { return s.start(t, nil, s.list) }, "complete", nil)
	s.start(t, nil, s.list, "--restart").end(t, exitDone)
	if m := s.checkWhole(t); len(m.Runs) != 1 || m.ScanID == before.ScanID {
		t.Errorf("after --restart: scan %s, %d runs", m.ScanID, len(m.Runs))
	}
}

// TestResumeOther: what is not the same scan does not continue it. It is told in what it differs, sends nothing and
// changes nothing. Nor do two processes work on one scan.
func TestResumeOther(t *testing.T) {
	t.Parallel()
	s := newStoppable(t)
	p := s.start(t, nil, s.list)
	s.await(t, rows(100))
	if said := s.start(t, nil, s.list).end(t, exitUsage); !strings.Contains(said, "another process writes to this scan") {
		t.Errorf("two processes:\n%s", said)
	}
	s.stop(t, p, syscall.SIGKILL, rows(300))

	same, err := os.ReadFile(s.list)
	if err != nil {
		t.Fatal(err)
	}
	hints := filepath.Join(s.dir, "root.hints")
	was, err := os.ReadFile(hints)
	if err != nil {
		t.Fatal(err)
	}
	other := s.write(t, "other.txt", string(same))
	for _, c := range []struct {
		says string
		more []string
		list string // "": the same
	}{
		{"input 1", nil, other},
		{"--with", []string{"--with", "none"}, ""},
		{"--timeout", []string{"--timeout", "4s"}, ""},
		{"--retries", []string{"--retries", "1"}, ""},
		{"--dnssec", []string{"--dnssec", "off"}, ""},
		{"--second-look", []string{"--second-look", "7s"}, ""},
		{"--shard", []string{"--shard", "1/2"}, ""},
		{"--seed", []string{"--seed", "5"}, ""},
		{"--vantage", []string{"--vantage", "elsewhere"}, ""},
		{"format", []string{"--format", "jsonl"}, ""},
	} {
		list := s.list
		if c.list != "" {
			list = c.list
		}
		s.refused(t, func() *scanRun { return s.start(t, nil, list, c.more...) }, "\n  "+c.says, nil)
	}
	s.write(t, "root.hints", string(was)+"; as it was, but for this line\n")
	s.refused(t, func() *scanRun { return s.start(t, nil, s.list) }, "\n  --root-hints", nil)
	s.write(t, "root.hints", string(was))
	s.write(t, "names.txt", string(same)+"more.example\n")
	s.refused(t, func() *scanRun { return s.start(t, nil, s.list) }, "\n  input 1", nil)
	s.write(t, "names.txt", string(same))
	s.start(t, nil, s.list).end(t, exitDone)
	s.checkWhole(t)
}

// TestResumeStream: a stream is known by all that was read of it, not by how it begins.
func TestResumeStream(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{
		"plain": func(text []byte) []byte { return text },
		"gzip": func(text []byte) []byte {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			w.Write(text)
			w.Close()
			return packed.Bytes()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStoppable(t)
			text, err := os.ReadFile(s.list)
			if err != nil {
				t.Fatal(err)
			}
			stream := pack(text)
			if len(stream) < 3*4096 {
				t.Fatalf("a stream of %d octets only", len(stream))
			}
			// Streams that are another somewhere in what was read, but not in the first block, which gives the seed.
			refuseAll := func() {
				t.Helper()
				m, err := s.manifest()
				if err != nil {
					t.Fatal(err)
				}
				read := m.Inputs[0].Octets
				if read < 2*4096 {
					t.Fatalf("only %d octets were read", read)
				}
				changed, end := bytes.Clone(stream), bytes.Clone(stream)
				changed[5000] ^= 1
				end[read-1] ^= 1
				for what, other := range map[string][]byte{"changed": changed, "changed at its end": end, "short": stream[:read-1]} {
					s.refused(t, func() *scanRun { return s.start(t, bytes.NewReader(other), "-") }, "it is another one than before", func(file string) bool {
						return strings.Contains(file, "/journal/") || filepath.Base(file) == "manifest.json"
					})
					if after, err := s.manifest(); err != nil || !cmp.Equal(after.Inputs, m.Inputs) || !cmp.Equal(after.Totals, m.Totals) {
						t.Errorf("%s: the manifest has %+v, %+v, had %+v, %+v; %v", what, after.Inputs, after.Totals, m.Inputs, m.Totals, err)
					}
				}
			}
			s.stop(t, s.start(t, bytes.NewReader(stream), "-"), syscall.SIGKILL, rows(300))
			refuseAll()

			// A process that is stopped before it has read so far as the one before has no less to ask for.
			m, err := s.manifest()
			if err != nil {
				t.Fatal(err)
			}
			asked := s.queries()
			for tries := 1; ; tries++ { // until the process is not so early that it does not hear
				held, feed, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				p := s.start(t, held, "-")
				held.Close()
				if _, err := feed.Write(stream[:5000]); err != nil {
					t.Fatal(err)
				}
				s.await(t, runs(len(m.Runs)+tries))
				time.Sleep(time.Duration(tries) * 50 * time.Millisecond)
				if err := p.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				code := exitCode(p.Wait())
				feed.Close()
				if code == exitStopped {
					break
				}
				if code != signalled || tries == 20 {
					t.Fatalf("exit code %d\n%s", code, &p.said)
				}
			}
			if more := s.queries() - asked; more > 0 {
				t.Errorf("%d packets before the stream was seen to be the same", more)
			}
			refuseAll()

			before := len(m.Runs)
			s.stop(t, s.start(t, bytes.NewReader(stream), "-"), syscall.SIGINT, func(m *output.Manifest) bool { return len(m.Runs) > before && m.Totals.Rows >= 900 })
			refuseAll()
			s.start(t, bytes.NewReader(stream), "-").end(t, exitDone)
			s.checkWhole(t)
		})
	}
}

// TestHangup: a server that comes onto the opt-out list in the middle of a scan gets no packet after that, as its own count
// shows: not even those that were waiting for its turn.
func TestHangup(t *testing.T) {
	t.Parallel()
	s := newStoppable(t)
	optOut := s.write(t, "opt-out.txt", "")
	// So slow that most names still wait for their servers when the list changes, and so that who waits is not parked.
	p := s.start(t, nil, s.list, "--exclude", optOut, "--rate-per-server", "20", "--rate-start", "20", "--rate-per-tld", "2000", "--rate-per-root", "2000", "--in-flight", "3000")
	busiest := func() (most simnet.Stats) {
		for _, server := range s.server.Stats() {
			if strings.HasPrefix(server.Operator, "hoster-") && server.Queries > most.Queries {
				most = server
			}
		}
		return most
	}
	s.await(t, func(*output.Manifest) bool { return busiest().Queries > 30 })
	out := busiest()
	count := func() uint64 {
		for _, server := range s.server.Stats() {
			if server.Addr == out.Addr {
				return server.Queries
			}
		}
		return 0
	}
	s.write(t, "opt-out.txt", out.Addr.String()+"\n")
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await(t, func(*output.Manifest) bool { return strings.Contains(p.said.String(), "1 entries") })
	// What was in hand at that moment has been sent once the loops have turned, and counted once the server, which takes one
	// packet after the other, answers a later one.
	sent := s.queries()
	s.await(t, func(*output.Manifest) bool { return s.queries() > sent+50 })
	client, query := dns.Client{Timeout: time.Minute}, new(dns.Msg).SetQuestion("version.example.", dns.TypeTXT)
	if _, _, err := client.Exchange(query, net.JoinHostPort(out.Addr.String(), fmt.Sprint(s.server.Port()))); err != nil {
		t.Fatal(err)
	}
	before := count()
	p.end(t, exitDone)
	if after := count(); after != before {
		t.Errorf("%d packets to %v after it was on the list, %d before", after-before, out.Addr, before)
	}
	m := s.checkWhole(t)
	if m.Exclude == nil || len(m.Exclude.Lists) != 2 || m.Exclude.Lists[1].Entries["prefix"] != 1 {
		t.Errorf("lists in the manifest: %+v", m.Exclude)
	}
	t.Logf("%v: %d packets before, none after", out.Addr, before)
}
