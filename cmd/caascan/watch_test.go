package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// docs is the folder with what goes with the figures.
const docs = "../../docs"

// demoProcess is a demo under way, in a process of its own.
type demoProcess struct {
	cmd    *exec.Cmd
	dir    string
	first  chan string // its first line on stderr
	stderr bytes.Buffer
	read   sync.WaitGroup
}

func startDemo(t *testing.T, names int, args ...string) *demoProcess {
	t.Helper()
	w := &demoProcess{dir: filepath.Join(t.TempDir(), "scan"), first: make(chan string, 1)}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	w.cmd = caascanProcess(ctx, nil, append([]string{"demo", "--names", fmt.Sprint(names), "--out", w.dir}, args...)...)
	pipe, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.read.Go(func() {
		text := make([]byte, 64<<10)
		for told := false; ; {
			n, err := pipe.Read(text)
			w.stderr.Write(text[:n])
			if line, _, ok := bytes.Cut(w.stderr.Bytes(), []byte("\n")); ok && !told {
				told = true
				w.first <- string(line)
			}
			if err != nil {
				close(w.first)
				return
			}
		}
	})
	return w
}

// end waits for the process and returns its exit code.
func (w *demoProcess) end() int {
	w.read.Wait()
	return exitCode(w.cmd.Wait())
}

// metricsAddress is where a demo says that its figures are.
func (w *demoProcess) metricsAddress(t *testing.T) string {
	t.Helper()
	line := <-w.first
	at := regexp.MustCompile(`http://[0-9.:]+/metrics`).FindString(line)
	if at == "" {
		t.Fatalf("no address in %q", line)
	}
	return at
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// promtool runs Prometheus's own checker.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	cmd := exec.Command("promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 && args[1] == "metrics" {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestFiguresOfAScan: promtool accepts what a running scan tells, and the dashboard and the alerts ask for nothing else: no
// metric and no label that is not there.
func TestFiguresOfAScan(t *testing.T) {
	t.Parallel()
	w := startDemo(t, 3000, "--metrics", "127.0.0.1:0")
	at := w.metricsAddress(t)
	var text string
	scraped := regexp.MustCompile(`(?m)^caascan_rows_total\{status="ok"\} [1-9]`)
	waited := regexp.MustCompile(`(?m)^caascan_operator_waiting\{operator="[^"]+",what="queries"\} [1-9]`)
	for limit := time.Now().Add(2 * time.Minute); !scraped.MatchString(text) || !waited.MatchString(text); _, text = get(t, at) {
		if time.Now().After(limit) {
			t.Fatalf("no rows, or nobody is waited for:\n%s", text)
		}
	}
	promtool(t, text, "check", "metrics")

	base := strings.TrimSuffix(at, "/metrics")
	for path, want := range map[string]string{"/healthz": "ok\n", "/debug/pprof/goroutine?debug=1": "goroutine profile:", "/debug/pprof/": "heap"} {
		if code, body := get(t, base+path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, code, body)
		}
	}
	checkExpressions(t, text)

	if err := w.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := w.end(); code != exitStopped {
		t.Errorf("exit code %d\n%s", code, &w.stderr)
	}
}

// checkExpressions looks for all metrics and labels of the dashboard and the alerts in a scrape.
func checkExpressions(t *testing.T, scrape string) {
	labels := map[string][]string{} // of each metric: "label" and "label=value"
	for _, sample := range regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(scrape, -1) {
		labels[sample[1]] = append(labels[sample[1]], "")
		for _, label := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(sample[2], -1) {
			labels[sample[1]] = append(labels[sample[1]], label[1], label[1]+"="+label[2])
		}
	}
	asked := map[string]bool{}
	expressions := dashboardExpressions(t)
	alerts, err := os.ReadFile(filepath.Join(docs, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	expressions = append(expressions, string(alerts))
	for _, expression := range expressions {
		for _, m := range regexp.MustCompile(`\b((?:caascan|go|process)_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(expression, -1) {
			known, ok := labels[m[1]]
			if asked[m[1]] = true; !ok {
				t.Errorf("there is no %s, of %.200s", m[1], expression)
				continue
			}
			for _, l := range regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
				values := strings.Split(l[3], "|")
				switch {
				case l[1] == "job" || l[1] == "instance": // Prometheus adds them
				case !slices.Contains(known, l[1]):
					t.Errorf("%s has no label %s", m[1], l[1])
				default:
					for _, value := range values {
						if !slices.Contains(known, l[1]+"="+value) {
							t.Errorf("%s is never %s=%q", m[1], l[1], value)
						}
					}
				}
			}
		}
	}
	for name := range labels {
		family := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if strings.HasPrefix(name, "caascan_") && !asked[name] && !asked[family+"_bucket"] && !slices.Contains([]string{
			"caascan_names_failed_total", "caascan_rows_resumed", "caascan_started_seconds",
		}, name) {
			t.Errorf("neither dashboard nor alerts show %s", name)
		}
	}
}

// dashboardExpressions returns what the panels of the dashboard ask for, and checks that each is fit to be shown.
func dashboardExpressions(t *testing.T) (expressions []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "grafana/caascan.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		UID        string
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
		Panels []struct {
			ID          int
			Type, Title string
			Description string
			FieldConfig struct{ Defaults struct{ Unit string } }
			GridPos     struct{ X, Y, W, H int }
			Datasource  struct{ UID string }
			Targets     []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range dashboard.Panels {
		if seen[p.ID] || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: number %d twice, or too wide", p.Title, p.ID)
		}
		seen[p.ID] = true
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %d, %q: lacks its title, description, unit, data source or figures", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			if target.LegendFormat == "" || !strings.Contains(target.Expr, "$job") || !strings.Contains(target.Expr, "$instance") {
				t.Errorf("panel %q: %s: no legend, or figures of every job and instance", p.Title, target.Expr)
			}
			expressions = append(expressions, target.Expr)
		}
	}
	if len(dashboard.Templating.List) != 3 || dashboard.Templating.List[0].Query != "prometheus" || dashboard.UID == "" || len(expressions) < 30 {
		t.Errorf("a dashboard without its variables, or with %d figures only", len(expressions))
	}
	return expressions
}

// TestDashboardExpressions: promtool parses every expression of the dashboard, as rules.
func TestDashboardExpressions(t *testing.T) {
	t.Parallel()
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for i, expression := range dashboardExpressions(t) {
		expression = strings.ReplaceAll(expression, "$__rate_interval", "1m")
		fmt.Fprintf(&rules, "  - record: panel:%d\n    expr: %q\n", i, expression)
	}
	promtool(t, "", "check", "rules", testFile(t, "rules.yml", rules.String()))
}

// TestAlerts: promtool accepts the alerts, and each fires where it should.
func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "rules", filepath.Join(docs, "alerts.yml"))
	promtool(t, "", "test", "rules", filepath.Join(docs, "alerts_test.yml"))
	text, err := os.ReadFile(filepath.Join(docs, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(filepath.Join(docs, "alerts_test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllSubmatch(text, -1) {
		if !bytes.Contains(tests, append([]byte(`alertname="`), append(alert[1], '"')...)) {
			t.Errorf("no test of %s", alert[1])
		}
	}
}

// TestMetricsAddress: an address that cannot be had is wrong usage, found before anything is written or sent.
func TestMetricsAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, address := range []string{taken.Addr().String(), "127.0.0.1", "127.0.0.1:70000", "no such host:1", "192.0.2.1:9000"} {
		dir := filepath.Join(t.TempDir(), "scan")
		code, stdout, stderr := caascan(t, "", "demo", "--names", "10", "--metrics", address, "--out", dir)
		if _, err := os.Stat(dir); code != exitUsage || stdout != "" || !strings.Contains(stderr, "--metrics") || !os.IsNotExist(err) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; directory: %v", address, code, stdout, stderr, err)
		}
	}
}

// TestProfilesAreOfLoopback: profiles are only where nobody else can reach them, and there under names of loopback only.
func TestProfilesAreOfLoopback(t *testing.T) {
	for _, c := range []struct {
		at, host, path string
		want           int
	}{
		{"127.0.0.1", "127.0.0.1:9000", "/debug/pprof/", 200},
		{"127.0.0.1", "localhost:9000", "/metrics", 200},
		{"::1", "[::1]:9000", "/debug/pprof/cmdline", 200},
		{"127.0.0.1", "evil.example", "/metrics", 421},
		{"127.0.0.1", "127.0.0.1:9000", "/other", 404},
		{"192.0.2.1", "192.0.2.1:9000", "/metrics", 200},
		{"192.0.2.1", "scanner.example:9000", "/healthz", 200},
		{"192.0.2.1", "192.0.2.1:9000", "/debug/pprof/", 404},
		{"0.0.0.0", "127.0.0.1:9000", "/debug/pprof/heap", 404},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host = c.host
		got := httptest.NewRecorder()
		metricsHandler(&net.TCPAddr{IP: net.ParseIP(c.at), Port: 9000}, prometheus.NewRegistry()).ServeHTTP(got, r)
		if got.Code != c.want {
			t.Errorf("%+v: %d", c, got.Code)
		}
	}
	posted := httptest.NewRecorder()
	metricsHandler(&net.TCPAddr{IP: net.IPv4zero}, prometheus.NewRegistry()).ServeHTTP(posted, httptest.NewRequest("POST", "/metrics", nil))
	if posted.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", posted.Code)
	}
}

// TestSnapshots: signals that ask for snapshots, one after the other from its first line to its end, do a scan no harm. What is
// on stderr stays lines of JSON, the snapshots among them, and the last status is that of the manifest.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		args := []string{"--metrics", "127.0.0.1:0"}
		if quiet {
			args = append(args, "--quiet")
		}
		w := startDemo(t, 800, args...)
		if !quiet {
			w.metricsAddress(t) // quiet ones say nothing: by then the first
		} else {
			for _, err := os.Stat(w.dir); err != nil; _, err = os.Stat(w.dir) {
				time.Sleep(time.Millisecond)
			}
		}
		ended := make(chan struct{})
		var sent int
		var sender sync.WaitGroup
		sender.Go(func() {
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					if w.cmd.Process.Signal(syscall.SIGUSR1) == nil {
						sent++
					}
				case <-ended:
					return
				}
			}
		})
		code := w.end()
		close(ended)
		sender.Wait()
		if code != exitDone || sent == 0 {
			t.Fatalf("exit code %d after %d signals\n%s", code, sent, &w.stderr)
		}
		checkSnapshots(t, w, quiet)
	}
}

func checkSnapshots(t *testing.T, w *demoProcess, quiet bool) {
	t.Helper()
	snapshots, servers, oldest := 0, 0, 0
	var last status
	for line := range strings.Lines(w.stderr.String()) {
		var is struct {
			Snapshot *snapshot
			Level    string
			Ended    *bool
		}
		if err := json.Unmarshal([]byte(line), &is); err != nil {
			t.Errorf("not a line of JSON: %q", line)
			continue
		}
		switch {
		case is.Snapshot != nil:
			snapshots++
			servers, oldest = servers+len(is.Snapshot.Servers), oldest+len(is.Snapshot.Oldest)
			if s := is.Snapshot; s.Status == nil || s.Runtime.Heap == 0 || s.Runtime.Goroutines == 0 || s.At.IsZero() {
				t.Fatalf("%s", line)
			}
		case is.Ended != nil:
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Error(err)
			}
		case is.Level == "" || quiet:
			t.Errorf("what is %q?", line)
		}
	}
	if snapshots == 0 || servers == 0 || oldest == 0 {
		t.Errorf("%d snapshots with %d servers and %d names", snapshots, servers, oldest)
	}
	if quiet {
		return
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m output.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	failed := int64(0)
	for word, n := range m.Totals.Status {
		if word != "ok" && word != "nxdomain" {
			failed += n
			if last.Failures[word] != n {
				t.Errorf("%d rows %s, the last status says %d", n, word, last.Failures[word])
			}
		}
	}
	if !last.Ended || last.Rows != m.Totals.Rows || last.Failed != failed || failed == 0 || last.Posture["tls"]["restricted"] != m.Totals.Posture["tls"]["restricted"] {
		t.Errorf("the last status is %+v, the manifest has %+v", last, m.Totals)
	}
}

// TestSnapshotInWords: what a person gets.
func TestSnapshotInWords(t *testing.T) {
	s := &snapshot{
		At: time.Now(), Status: busy(), Packets: map[string]uint64{"noerror": 900, "timeout": 7, "refused": 0}, Caches: map[string]float64{"answers": 0.25},
		Servers: []serverStatus{{"192.0.2.1", "ns1.example", "example", 70, 8, "server", 5, 3, "timeouts"}, {"192.0.2.2", "", "192.0.2.2", 1, 0, "turn", 0, 0, ""}},
		Oldest:  []nameStatus{{"slow.example", 3700, true}}, Runtime: takeRuntime(),
	}
	var text strings.Builder
	s.write(&text)
	for _, part := range []string{
		"123456 rows (1650 failed, 100000 in finished parts)", "of 1000000", "noerror 900 timeout 7\n", "answers 25%", "OPERATOR", "operator-0.",
		"3, by timeouts", "no limit", "slow.example", "1h01m", "goroutines",
	} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("no %q in\n%s", part, &text)
		}
	}
}

// TestStatusColumn: failures are counted under the word that the row has.
func TestStatusColumn(t *testing.T) {
	name, alias := wire.MustName("www.example"), wire.MustName("a.example")
	encoder := output.NewEncoder(output.Config{ScanID: "x"})
	for o := range record.Outcome(record.Outcomes) {
		for what, chain := range map[string][]record.Alias{
			"": nil, "CNAME": {{Owner: name, Target: alias}}, "DNAME": {{Owner: name, Target: alias, DNAME: true}},
		} {
			own := &record.Answer{Name: name, Type: wire.TypeCAA, Outcome: o, Chain: chain}
			r := &record.Record{Target: record.Target{Name: "www.example"}}
			v := record.Conclude([]record.Level{{Name: name, Answer: own}})
			r.Climb, r.Relevant, r.CAA, r.Posture = v.Climb, v.Relevant, v.CAA, v.Posture
			row, _ := encoder.Rows(r)
			if got := statusWord(statusColumn(r)); got != row.Status {
				t.Errorf("%v %s: counted as %s, the row says %s", o, what, got, row.Status)
			}
			counts := countRows([]*record.Record{r})
			if counts.Rows != 1 || counts.Posture[caa.TLS][r.Posture[caa.TLS]] != 1 || (counts.failed() == 1) != r.Failed() {
				t.Errorf("%v %s: %+v", o, what, counts)
			}
		}
	}
}
