package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// service is caascan serve, running against the test world.
type service struct {
	url  string
	end  func()     // tells it to end, as a signal does
	code <-chan int // its exit code
}

// startService starts caascan serve in this process, at a port of its own.
func startService(t *testing.T, w *world, flags ...string) *service {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	code := make(chan int, 1)
	var running sync.WaitGroup
	running.Go(func() {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--call-time", "5m"}, w.flags(flags...)...)
		code <- run(ctx, args, strings.NewReader(""), io.Discard, write)
		write.Close()
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	s := &service{end: cancel, code: code, url: awaitListening(t, read)}
	running.Go(func() { io.Copy(io.Discard, read) })
	return s
}

// awaitListening reads what serve says until it listens, and returns where.
func awaitListening(t *testing.T, stderr io.Reader) (url string) {
	t.Helper()
	var said []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = append(said, lines.Text())
		if _, rest, ok := strings.Cut(lines.Text(), "listening on "); ok {
			url, _, _ := strings.Cut(rest, ",")
			return url
		}
	}
	t.Fatalf("serve does not listen: %s", strings.Join(said, "\n"))
	return ""
}

// get makes a call with a connection of its own, and returns status code and body.
func (s *service) get(t *testing.T, target string) (int, []byte) {
	t.Helper()
	return s.do(t, "GET", target, "")
}

func (s *service) do(t *testing.T, method, target, body string) (int, []byte) {
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+target, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Errorf("%s %.80s: %v", method, target, err)
		return 0, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, text
}

// worldNames are the names of the test world that some server answers for.
func worldNames() []string {
	var names []string
	for name := range allRows() {
		if !strings.Contains(name, "silent") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// volatileMembers may differ between two runs: times, which server was asked, and what depends on what is known already.
var volatileMembers = []string{
	"scan_id", "worker_id", "source_list", "input_line", "timestamp", "first_query_at", "last_query_at", "rtt_us", "queue_wait_us", "resolver", "resolver_name",
	"protocol", "query_count", "retry_count", "tcp_count", "caa_bytes", "caa_truncated", "queries",
}

// stable takes from an answer what may differ between runs. BIND gives the records of a set in an order of its own each time:
// the one that decided is the first that does so.
func stable(object map[string]any) map[string]any {
	for _, key := range volatileMembers {
		delete(object, key)
	}
	if records, _ := object["caa"].([]any); records != nil {
		slices.SortFunc(records, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	if reason, _ := object["reason"].(string); strings.HasPrefix(reason, "lookup-failure") {
		for _, key := range []string{"permitted", "reason", "retry"} { // which failure was tried again is a matter of who asked first
			delete(object, key)
		}
	}
	if owner, _ := object["rrset_owner"].(string); strings.HasSuffix(owner, ".org") || strings.HasSuffix(owner, "three.com") {
		delete(object, "record")
	}
	for _, level := range object["climb"].([]any) {
		for _, key := range []string{"server", "attempts", "ttl"} {
			delete(level.(map[string]any), key)
		}
	}
	return object
}

// objects reads the lines of a command's output by the member that names them.
func objects(t *testing.T, lines, by string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for line := range strings.Lines(lines) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		found[object[by].(string)] = stable(object)
	}
	return found
}

// answers asks for names in calls of at most a hundred, by GET and POST in turn, and returns what came, which must be as the
// description says.
func (s *service) answers(t *testing.T, path, list string, names []string, more url.Values) (all []map[string]any) {
	t.Helper()
	d := readDocument(t)
	const atOnce = 30
	parts := make([][]any, (len(names)+atOnce-1)/atOnce)
	var calls sync.WaitGroup
	for i, chunk := range slices.Collect(slices.Chunk(names, atOnce)) {
		calls.Go(func() {
			asked := url.Values{"name": chunk}
			maps.Copy(asked, more)
			method, target, body := "GET", path+"?"+asked.Encode(), []byte(nil)
			if i%2 == 1 {
				method, target, body = "POST", path, marshal(asked)
			}
			code, text := s.do(t, method, target, string(body))
			var value map[string]any
			if err := json.Unmarshal(text, &value); err != nil || code != http.StatusOK {
				t.Errorf("%s %s: %d %s", method, path, code, text)
				return
			}
			if breaches := d.breaches("$", value, d.answer(path, strings.ToLower(method), "200")); breaches != nil {
				t.Errorf("%s %s: the answer is not as described: %v", method, path, breaches[:min(5, len(breaches))])
				return
			}
			parts[i] = value[list].([]any)
		})
	}
	calls.Wait()
	for _, object := range slices.Concat(parts...) {
		all = append(all, stable(object.(map[string]any)))
	}
	return all
}

// TestServeIsCheckAndScan: the verdicts are those of caascan check, the domains those of a scan, in the order of the call; and
// both are as the description says.
func TestServeIsCheckAndScan(t *testing.T) {
	t.Parallel()
	w := servers(t)
	s := startService(t, w, "--timeout", "1s", "--retries", "1")
	names := worldNames()
	t.Run("lookup", func(t *testing.T) {
		t.Parallel()
		rows := objects(t, mustCaascan(t, "", append([]string{"scan", scanInput(t, names...)}, w.flags("--out", "-", "--format", "jsonl", "--quiet", "--timeout", "1s", "--retries", "1")...)...), "query_name")
		domains := s.answers(t, "/v1/lookup", "domains", names, nil)
		if len(domains) != len(names) || len(rows) != len(names) {
			t.Fatalf("%d domains, %d rows, %d names", len(domains), len(rows), len(names))
		}
		for i, name := range names {
			if diff := gocmp.Diff(rows[name], domains[i]); diff != "" {
				t.Errorf("%s (-scan +serve):\n%s", name, diff)
			}
		}
	})
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		asked := slices.Clone(names)
		for _, name := range names[:20] {
			asked = append(asked, "*."+name, "user@"+name)
		}
		asked = append(asked, "192.0.2.1", "a..b", "BÜCHER.example")
		_, lines, stderr := caascan(t, "", append(append([]string{"check", "--json", "--issuer", "ca.example", "--issuer", "letsencrypt.org"}, asked...), w.flags("--timeout", "1s", "--retries", "1")...)...)
		verdicts := objects(t, lines, "name")
		got := s.answers(t, "/v1/check", "verdicts", asked, url.Values{"issuer": {"ca.example", "letsencrypt.org"}})
		if len(got) != len(asked) || len(verdicts) != len(asked) {
			t.Fatalf("%d verdicts of serve, %d of check, %d names: %s", len(got), len(verdicts), len(asked), stderr)
		}
		for i, name := range asked {
			if diff := gocmp.Diff(verdicts[name], got[i]); diff != "" {
				t.Errorf("%s (-check +serve):\n%s", name, diff)
			}
		}
	})
	t.Run("parameters reach the verdict", func(t *testing.T) {
		t.Parallel()
		const name = "caatest-nsd.com"
		for _, more := range []url.Values{
			{"for": {"smime"}}, {"for": {"vmc"}}, {"profile": {"strict"}}, {"profile": {"w-issue-for-mail"}, "for": {"smime"}}, {"dns_operator": {"true"}},
		} {
			flags := []string{"check", "--json", "--issuer", "ca.example", name}
			body := map[string]any{"name": []string{name}, "issuer": []string{"ca.example"}}
			for key, values := range more {
				body[key] = values[0]
				flags = append(flags, "--"+strings.ReplaceAll(key, "_", "-")+"="+values[0])
			}
			if more.Has("dns_operator") {
				body["dns_operator"] = true
			}
			_, line, _ := caascan(t, "", append(flags, w.flags()...)...)
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			_, answer := s.do(t, "POST", "/v1/check", string(text))
			var got struct{ Verdicts []map[string]any }
			if err := json.Unmarshal(answer, &got); err != nil || len(got.Verdicts) != 1 {
				t.Fatalf("%v: %s", err, answer)
			}
			if diff := gocmp.Diff(objects(t, line, "name")[name], stable(got.Verdicts[0])); diff != "" {
				t.Errorf("%v (-check +serve):\n%s", more, diff)
			}
		}
	})
}

// TestServeCallTime: a call that takes too long gets 504, and the service serves on.
func TestServeCallTime(t *testing.T) {
	t.Parallel()
	s := startService(t, servers(t), "--call-time", "3s", "--timeout", "50s", "--retries", "0", "--grace", "0s")
	for _, method := range []string{"GET", "POST"} {
		target, body := "/v1/lookup?name=silent.com", ""
		if method == "POST" {
			target, body = "/v1/lookup", `{"name": ["silent.com"]}`
		}
		if code, text := s.do(t, method, target, body); code != http.StatusGatewayTimeout || !bytes.Contains(text, []byte("did not answer in time")) {
			t.Errorf("%s: %d %s", method, code, text)
		}
	}
	if code, _ := s.get(t, "/v1/lookup?name=caatest-nsd.com"); code != http.StatusOK {
		t.Errorf("then: %d", code)
	}
	if _, text := s.get(t, "/metrics"); !bytes.Contains(text, []byte("caascan_names_in_flight 2\n")) {
		t.Errorf("the two names are not under way any more:\n%s", text)
	}
	s.end()
	if code := <-s.code; code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

// TestServeManyOfOneDomain: names of one domain whose servers are silent do not hold up those of others, while there is room.
func TestServeManyOfOneDomain(t *testing.T) {
	t.Parallel()
	s := startService(t, servers(t), "--in-flight", "40", "--timeout", "50s", "--retries", "0", "--grace", "0s")
	var waiting sync.WaitGroup
	const silent = 38
	for i := range silent {
		waiting.Go(func() {
			if code, text := s.get(t, fmt.Sprintf("/v1/lookup?name=n%d.silent.com", i)); code != http.StatusServiceUnavailable {
				t.Errorf("a call under way at the end: %d %s", code, text)
			}
		})
	}
	for under := []byte(fmt.Sprintf("caascan_names_in_flight %d\n", silent)); ; {
		if _, text := s.get(t, "/metrics"); bytes.Contains(text, under) {
			break
		}
	}
	for _, name := range []string{"caatest-nsd.com", "caatest-knot.net"} {
		if code, text := s.get(t, "/v1/lookup?name="+name); code != http.StatusOK {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	s.end()
	waiting.Wait()
}

// TestReadTimeIsForReading: the limit for reading a call does not end the call that waits for names.
func TestReadTimeIsForReading(t *testing.T) {
	a := newTestAPI(t, 10, "")
	a.callTime = 500 * time.Millisecond
	server := http.Server{Handler: a, ReadTimeout: 50 * time.Millisecond}
	url := serveHTTP(t, &server)
	response, err := http.Get(url + "/v1/lookup?name=org")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%s, want 504", response.Status)
	}
}

// serveHTTP runs a server on a port of loopback until the test ends.
func serveHTTP(t *testing.T, server *http.Server) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { server.Serve(listener) })
	t.Cleanup(func() {
		server.Close()
		running.Wait()
	})
	return "http://" + listener.Addr().String()
}

// TestSlowBody: who promises a body and does not send it gets 408, and the connection is closed, whatever the method and the
// path.
func TestSlowBody(t *testing.T) {
	a := newTestAPI(t, 10, "")
	url := serveHTTP(t, &http.Server{Handler: a, ReadTimeout: 50 * time.Millisecond})
	for _, line := range []string{"POST /v1/check", "GET /v1/lookup?name=org", "GET /healthz", "POST /healthz", "GET /none"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", line)
		conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		text, err := io.ReadAll(conn) // to the end: the server closes
		conn.Close()
		want := map[string]string{"POST /healthz": "405", "GET /none": "404"}[line]
		if want == "" {
			want = "408"
		}
		if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 "+want) || strings.Count(string(text), "HTTP/1.1") != 1 {
			t.Errorf("%s: %v: %s", line, err, text)
		}
	}
}

// TestServeEnds: once told to end, the service lets a call under way come to its end, refuses new ones, and exits with 0.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	w := servers(t)
	under := func(s *service) {
		t.Helper()
		for {
			_, text := s.get(t, "/metrics")
			if !bytes.Contains(text, []byte("caascan_names_in_flight 0\n")) {
				return
			}
		}
	}
	t.Run("calls come to their end", func(t *testing.T) {
		t.Parallel()
		s := startService(t, w, "--timeout", "1s", "--retries", "0")
		var call sync.WaitGroup
		call.Go(func() {
			if code, text := s.get(t, "/v1/lookup?name=silent.com"); code != http.StatusOK || !bytes.Contains(text, []byte(`"timeout"`)) {
				t.Errorf("the call under way: %d %s", code, text)
			}
		})
		under(s)
		s.end()
		for { // until it knows
			code, text := s.get(t, "/healthz")
			if code == http.StatusServiceUnavailable && bytes.Contains(text, []byte("ending")) {
				break
			}
			if code != http.StatusOK {
				t.Fatalf("healthz: %d %s", code, text)
			}
		}
		if code, _ := s.get(t, "/v1/lookup?name=caatest-nsd.com"); code != http.StatusServiceUnavailable {
			t.Errorf("a new call: %d", code)
		}
		call.Wait()
		if code := <-s.code; code != exitDone {
			t.Errorf("exit code %d", code)
		}
	})
	t.Run("if they do so soon", func(t *testing.T) {
		t.Parallel()
		s := startService(t, w, "--timeout", "50s", "--retries", "0", "--grace", "100ms")
		var call sync.WaitGroup
		call.Go(func() {
			if code, text := s.get(t, "/v1/lookup?name=silent.com"); code != http.StatusServiceUnavailable || !bytes.Contains(text, []byte("ending")) {
				t.Errorf("the call under way: %d %s", code, text)
			}
		})
		under(s)
		s.end()
		call.Wait()
		if code := <-s.code; code != exitDone {
			t.Errorf("exit code %d", code)
		}
	})
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			cmd := caascanProcess(t.Context(), nil, append([]string{"serve", "--listen", "127.0.0.1:0"}, w.flags()...)...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s := &service{url: awaitListening(t, stderr)}
			if code, text := s.get(t, "/v1/check?issuer=ca.example&name=caatest-nsd.com"); code != http.StatusOK {
				t.Errorf("%d %s", code, text)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(stderr)
			if err != nil || len(rest) > 0 {
				t.Errorf("%v, and on stderr: %s", err, rest)
			}
			if code := exitCode(cmd.Wait()); code != exitDone {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestServeScanFails: if the scan behind the service ends by itself, calls under way get 503 and the command fails.
func TestServeScanFails(t *testing.T) {
	a := newTestAPI(t, 10, "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{url: "http://" + listener.Addr().String()}
	var call sync.WaitGroup
	call.Go(func() {
		if code, text := s.get(t, "/v1/lookup?name=org"); code != http.StatusServiceUnavailable {
			t.Errorf("the call under way: %d %s", code, text)
		}
	})
	c := serveCmd{CallTime: 30 * time.Second, Grace: 30 * time.Second}
	err = c.serve(&environ{ctx: t.Context(), log: newJSONLog(t.Output(), slog.LevelDebug)}, listener, a, func(ctx context.Context) error {
		if _, err := a.desk.Next(ctx); err != nil {
			return err
		}
		return io.ErrNoProgress
	})
	if err != io.ErrNoProgress {
		t.Errorf("serve: %v", err)
	}
	call.Wait()
}

// TestServeToken: a token from a file is asked for, and lets a caller of any name in.
func TestServeToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(testToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startService(t, servers(t), "--token-file", file)
	for authorization, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer " + testToken: 200} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/lookup?name=caatest-nsd.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "caa.example"
		request.Header.Set("Authorization", authorization)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%q: %s, want %d", authorization, response.Status, want)
		}
	}
}

// TestServeWrongUsage: exit code 2, a message, and nothing listens.
func TestServeWrongUsage(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	const any = "127.0.0.1:0"
	for name, c := range map[string]struct {
		args    []string
		message string // part of
	}{
		"all addresses":         {[]string{"--listen", "0.0.0.0:0"}, "--token-file"},
		"no address":            {[]string{"--listen", ":0"}, "--token-file"},
		"all of IPv6":           {[]string{"--listen", "[::]:0"}, "--token-file"},
		"a name":                {[]string{"--listen", "caa.example:0"}, "--token-file"},
		"port in use":           {[]string{"--listen", taken.Addr().String()}, "in use"},
		"no port":               {[]string{"--listen", "127.0.0.1"}, "--listen"},
		"no token file":         {[]string{"--listen", any, "--token-file", filepath.Join(temp, "none")}, "none"},
		"empty token":           {[]string{"--listen", any, "--token-file", write("empty", "\n")}, "16 characters"},
		"short token":           {[]string{"--listen", any, "--token-file", write("short", testToken[1:])}, "16 characters"},
		"two tokens":            {[]string{"--listen", any, "--token-file", write("two", testToken+"\n"+testToken)}, "one word"},
		"token not ASCII":       {[]string{"--listen", any, "--token-file", write("foreign", strings.Repeat("ü", 20))}, "ASCII"},
		"no room":               {[]string{"--listen", any, "--in-flight", "0"}, "--in-flight"},
		"no time":               {[]string{"--listen", any, "--call-time", "0s"}, "--call-time"},
		"negative grace":        {[]string{"--listen", any, "--grace", "-1s"}, "--grace"},
		"no such rule":          {[]string{"--listen", any, "--profile", "none"}, "--profile none"},
		"an argument":           {[]string{"--listen", any, "example.org"}, "example.org"},
		"a token on the line":   {[]string{"--listen", any, "--token", testToken}, "--token"},
		"timeout of the scan":   {[]string{"--listen", any, "--timeout", "0s"}, "--timeout"},
		"opt-out list is none":  {[]string{"--listen", any, "--exclude", filepath.Join(temp, "none")}, "--exclude"},
		"rules are none":        {[]string{"--listen", any, "--profiles", filepath.Join(temp, "none")}, "--profiles"},
		"unreadable token file": {[]string{"--listen", any, "--token-file", temp}, "--token-file"},
	} {
		code, stdout, stderr := caascan(t, "", append(append([]string{"serve"}, c.args...), w.flags()...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.message) || strings.Contains(stderr, "listening") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 2 and %q", name, code, stdout, stderr, c.message)
		}
	}
}

// TestIsLoopback: what only this machine can be reached by.
func TestIsLoopback(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1:8053": true, "127.0.0.1": true, "127.255.0.9:1": true, "[::1]:8053": true, "[::1]": true, "localhost": true,
		"LOCALHOST:80": true, "[::ffff:127.0.0.1]:80": true,
		"": false, ":8053": false, "::1": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1": false, "localhost.": false, "localhost.example": false,
		"127.1:80": false, "127.0.0.1.example:80": false, "[127.0.0.1": false, "2130706433": false, "127.0.0.1:80:80": false,
	} {
		if got := isLoopback(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
