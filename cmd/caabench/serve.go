package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// serviceCmd is caabench service: caascan serve under load.
type serviceCmd struct {
	Caascan     string        `default:"bin/caascan" help:"The binary to use."`
	Names       int           `default:"20000" help:"Size of the small Internet, in names."`
	For         time.Duration `default:"30s" help:"How long to call."`
	Connections int           `default:"64" help:"Callers at once, each with a connection that it keeps."`
	Malformed   float64       `default:"0.1" help:"Share of the calls that are malformed."`
	Faulty      float64       `default:"0.02" help:"Share of the good calls that draw from all names, those of silent and broken servers among them."`
	CallTime    time.Duration `default:"2m" help:"How long the service gives a call: more than the worst name takes."`
}

// rssGrowth is how much larger the service may be at the end than after its first third.
const rssGrowth = 1.2

// noSuchCA is an issuer that no domain of the small Internet names.
const noSuchCA = "no-such-ca.example"

// badCalls are malformed calls, and the status that each must get.
var badCalls = []struct {
	method, target, body string
	code                 int
}{
	{"GET", "/v1/check?name=example.org", "", 400},
	{"GET", "/v1/check?name=example.org&issuer=%3B", "", 400},
	{"GET", "/v1/check?name=example.org&issuer=ca.example&for=web", "", 400},
	{"GET", "/v1/check?name=example.org&issuer=ca.example&nonsense=1", "", 400},
	{"GET", "/v1/lookup", "", 400},
	{"GET", "/v1/lookup?name=a..b", "", 400},
	{"GET", "/v1/lookup?name=%ff", "", 400},
	{"GET", "/v1/lookup?" + strings.Repeat("name=a.example&", 101), "", 400},
	{"POST", "/v1/check", "", 400},
	{"POST", "/v1/check", `{"name": "example.org", "issuer": ["ca.example"]}`, 400},
	{"POST", "/v1/check", `{"name": ["example.org"], "issuer": ["ca.example"]`, 400},
	{"POST", "/v1/lookup", `{"name": ["example.org"]} {}`, 400},
	{"POST", "/v1/lookup", strings.Repeat(" ", 65<<10), 413},
	{"DELETE", "/v1/check", "", 405},
	{"GET", "/v1/", "", 404},
}

// Run calls the service and prints what came of it.
func (c *serviceCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	flags, stop, err := (&acceptCmd{Caascan: c.Caascan, Names: c.Names, DNSSEC: "full"}).serve(dir)
	if err != nil {
		return err
	}
	defer stop()
	l := &load{cmd: c, truth: map[string]row{}, codes: map[int]int{}, client: &http.Client{
		Transport: &http.Transport{MaxIdleConns: c.Connections, MaxIdleConnsPerHost: c.Connections, MaxConnsPerHost: c.Connections},
	}}
	if err := l.read(filepath.Join(dir, "truth.jsonl")); err != nil {
		return err
	}
	service, err := c.start(flags[1:]) // without the file of names
	if err != nil {
		return err
	}
	l.url = service.url
	sizes, err := l.run(service.cmd.Process.Pid)
	began := time.Now()
	ended := service.end()
	if err := errors.Join(err, ended); err != nil {
		return err
	}
	fmt.Printf("told to end, it did so with exit code 0 after %v\n", time.Since(began).Round(time.Millisecond))
	return l.report(sizes)
}

// service is a process caascan serve.
type service struct {
	cmd  *exec.Cmd
	url  string
	said sync.WaitGroup // until its stderr has ended
}

// start starts one and waits until it listens.
func (c *serviceCmd) start(flags []string) (*service, error) {
	s := &service{cmd: exec.Command(c.Caascan, append([]string{"serve", "--listen", "127.0.0.1:0", "--call-time", c.CallTime.String(),
		"--rate-per-server", "0", "--rate-per-operator", "0"}, flags...)...)}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, errors.Join(errors.New("the service does not listen"), s.cmd.Wait())
		}
		if _, rest, ok := strings.Cut(line, "listening on "); ok {
			s.url, _, _ = strings.Cut(rest, ",")
			s.said.Go(func() { io.Copy(os.Stderr, lines) })
			return s, nil
		}
	}
}

// end tells the service to end, and waits for it.
func (s *service) end() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	s.said.Wait()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the end of the service: %w", err)
	}
	return nil
}

// load is what the callers share.
type load struct {
	cmd     *serviceCmd
	url     string
	client  *http.Client
	truth   map[string]row
	all     []string // names
	healthy []string // names that are looked up without waiting for silent servers

	mu        sync.Mutex
	codes     map[int]int
	took      []time.Duration // of good calls
	names     int             // that were answered
	malformed int
	refused   int      // of these, with the right status and a message
	wrong     int      // answers that are not as the truth says
	transport int      // calls without an answer
	told      []string // the first of what went wrong
}

func (l *load) read(truth string) error {
	return eachRow(truth, func(r row) error {
		name := r["name"].(string)
		l.truth[name] = r
		l.all = append(l.all, name)
		class := r["class"].(string)
		if r["failure"] == "" && !strings.Contains(class, "silent") && !strings.Contains(class, "slow") && !strings.HasPrefix(class, "limit-") {
			l.healthy = append(l.healthy, name)
		}
		return nil
	})
}

// size is what the service takes, in octets.
type size struct{ at, resident, heap float64 }

// run calls for the time given, and measures the service before, after each third, and at the end.
func (l *load) run(pid int) (sizes []size, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), l.cmd.For)
	defer cancel()
	began := time.Now()
	measure := func() error {
		s, err := l.size(pid)
		s.at = time.Since(began).Seconds()
		sizes = append(sizes, s)
		return err
	}
	if err := measure(); err != nil {
		return nil, err
	}
	var callers sync.WaitGroup
	for i := range l.cmd.Connections {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		callers.Go(func() {
			for ctx.Err() == nil {
				l.call(random)
			}
		})
	}
	for part := range 3 {
		time.Sleep(time.Until(began.Add(l.cmd.For * time.Duration(part+1) / 3)))
		if err := measure(); err != nil {
			return nil, err
		}
	}
	callers.Wait()
	return sizes, nil
}

// size measures the service.
func (l *load) size(pid int) (s size, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return s, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if s.resident, err = strconv.ParseFloat(kib, 64); err != nil {
		return s, err
	}
	s.resident *= 1024
	_, metrics, err := l.do("GET", "/metrics", nil)
	if err != nil {
		return s, err
	}
	_, rest, _ = strings.Cut(string(metrics), "\ngo_memstats_heap_inuse_bytes ")
	number, _, _ := strings.Cut(rest, "\n")
	s.heap, err = strconv.ParseFloat(number, 64)
	return s, err
}

func (l *load) do(method, target string, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, l.url+target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := l.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// call makes one call and counts what came of it.
func (l *load) call(random *rand.Rand) {
	if random.Float64() < l.cmd.Malformed {
		bad := badCalls[random.IntN(len(badCalls))]
		code, text, err := l.do(bad.method, bad.target, []byte(bad.body))
		var told struct{ Error string }
		l.mu.Lock()
		defer l.mu.Unlock()
		l.malformed++
		l.answered(code, err)
		if err == nil && code == bad.code && json.Unmarshal(text, &told) == nil && told.Error != "" {
			l.refused++
		} else {
			l.tell("%s %.60s: %d %.200s %v", bad.method, bad.target, code, text, err)
		}
		return
	}
	from := l.healthy
	if random.Float64() < l.cmd.Faulty {
		from = l.all
	}
	names := make([]string, []int{1, 1, 1, 10, 10, 100}[random.IntN(6)])
	for i := range names {
		names[i] = from[random.IntN(len(from))]
	}
	path, asked := "/v1/lookup", url.Values{"name": names}
	if random.IntN(2) == 0 {
		path = "/v1/check"
		asked.Set("issuer", noSuchCA)
	}
	method, target, body := "GET", path+"?"+asked.Encode(), []byte(nil)
	if random.IntN(2) == 0 {
		method, target = "POST", path
		body, _ = json.Marshal(asked) // always has a JSON
	}
	began := time.Now()
	code, text, err := l.do(method, target, body)
	took := time.Since(began)
	wrong := l.differences(names, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered(code, err)
	if err != nil || code != http.StatusOK {
		l.tell("%s %.60s: %d %.200s %v", method, target, code, text, err)
		return
	}
	l.took = append(l.took, took)
	l.names += len(names)
	l.wrong += len(wrong)
	for _, line := range wrong {
		l.tell("%s", line)
	}
}

func (l *load) answered(code int, err error) {
	if err != nil {
		l.transport++
		return
	}
	l.codes[code]++
}

func (l *load) tell(format string, args ...any) {
	const most = 10
	if len(l.told) < most {
		l.told = append(l.told, fmt.Sprintf(format, args...))
	}
}

// differences lists where an answer is not as the truth says, in words.
func (l *load) differences(names []string, text []byte) (list []string) {
	var answer struct{ Verdicts, Domains []row }
	if err := json.Unmarshal(text, &answer); err != nil {
		return []string{err.Error()}
	}
	rows, agree := answer.Domains, agrees
	if answer.Verdicts != nil {
		rows, agree = answer.Verdicts, verdictAgrees
	}
	if len(rows) != len(names) {
		return []string{fmt.Sprintf("%d answers for %d names", len(rows), len(names))}
	}
	for i, r := range rows {
		if name := names[i]; (r["name"] != name && r["query_name"] != name) || !agree(r, l.truth[name]) {
			list = append(list, fmt.Sprintf("wrong: %v\n  should be %v", r, l.truth[name]))
		}
	}
	return list
}

// verdictAgrees reports whether a verdict for a CA that nobody names is what the truth says.
func verdictAgrees(v, truth row) bool {
	failure := any("")
	postures := v["posture"].(map[string]any)
	if postures["tls"] == "error" {
		failure = failureOf(v["climb"].([]any))
	}
	for _, kind := range []string{"tls", "tls_wildcard", "smime", "vmc"} {
		if postures[kind] != truth["posture_"+kind] {
			return false
		}
	}
	permitted := v["permitted"]
	switch truth["posture_tls"] {
	case "absent", "open":
		if permitted != true {
			return false
		}
	case "restricted", "closed", "blocked":
		if permitted != false {
			return false
		}
	}
	return v["relevant_name"] == truth["relevant_name"] && failure == truth["failure"] && v["security"] == truth["dnssec_status"]
}

// report prints what came of the calls, and fails if a target was missed.
func (l *load) report(sizes []size) error {
	calls := l.transport
	for _, n := range l.codes {
		calls += n
	}
	seconds := l.cmd.For.Seconds()
	fmt.Printf("%d callers for %v, %d names of the small Internet: %.0f calls a second, %.0f names a second\n",
		l.cmd.Connections, l.cmd.For, len(l.all), float64(calls)/seconds, float64(l.names)/seconds)
	slices.Sort(l.took)
	if n := len(l.took); n > 0 {
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		fmt.Printf("  %d good calls took %.1f ms (median), %.1f ms (99 %%), %.1f ms (longest)\n", n, ms(l.took[n/2]), ms(l.took[n*99/100]), ms(l.took[n-1]))
	}
	failed := 0
	for _, code := range slices.Sorted(maps.Keys(l.codes)) {
		fmt.Printf("  status %d: %d\n", code, l.codes[code])
		if code >= 500 {
			failed += l.codes[code]
		}
	}
	for _, s := range sizes {
		fmt.Printf("  after %4.1f s: resident %.1f MiB, heap in use %.1f MiB\n", s.at, s.resident/(1<<20), s.heap/(1<<20))
	}
	growth := sizes[len(sizes)-1].resident / sizes[1].resident
	met := true
	target := func(ok bool, format string, args ...any) {
		fmt.Printf("  "+format+": %s\n", append(args, verdict(ok))...)
		met = met && ok
	}
	target(l.transport == 0, "%d calls without an answer, target 0", l.transport)
	target(failed == 0, "%d answers 5xx, target 0", failed)
	target(l.wrong == 0 && l.names > 0, "%d of %d names with a wrong answer, target 0", l.wrong, l.names)
	target(l.refused == l.malformed && l.malformed > 0, "%d of %d malformed calls got their 4xx and a message, target all", l.refused, l.malformed)
	target(growth <= rssGrowth, "resident at the end %.2f times that after the first third, target %v", growth, rssGrowth)
	for _, line := range l.told {
		fmt.Printf("  %s\n", line)
	}
	if !met {
		return errors.New("a target was missed")
	}
	return nil
}
