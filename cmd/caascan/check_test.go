package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// What scripts rely on of caascan check (design/cli.md). What it answers is tested in realservers_check_test.go.

func checkArgs(w *world, more ...string) []string {
	return append(append([]string{"check"}, w.flags()...), more...)
}

// testFile writes a file of the test.
func testFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCheckWrongUsage: exit code 2, a message, nothing on stdout, and no packet: all else on the command line is good.
func TestCheckWrongUsage(t *testing.T) {
	w := servers(t)
	const name = "caatest-nsd.com"
	ca := func(more ...string) []string { return checkArgs(w, append(more, "--issuer", "ca.example")...) }
	rule := "profiles:\n  - name: mine\n    base: strict\n"
	for what, c := range map[string]struct {
		args    []string
		message string // part of
	}{
		"no name":                   {ca(), "name"},
		"no issuer":                 {checkArgs(w, name), "--issuer"},
		"empty issuer":              {checkArgs(w, name, "--issuer", ""), "--issuer"},
		"blank issuer":              {checkArgs(w, name, "--issuer", " "), "--issuer"},
		"empty issuer beside one":   {checkArgs(w, name, "--issuer", "ca.example, ,other.example"), "--issuer"},
		"issuer with parameters":    {checkArgs(w, name, "--issuer", "ca.example; a=b"), `"ca.example; a=b"`},
		"issuer with a semicolon":   {checkArgs(w, name, "--issuer", "ca.example;"), `"ca.example;"`},
		"issuer with a dot at end":  {checkArgs(w, name, "--issuer", "ca.example."), `"ca.example."`},
		"issuer is a URL":           {checkArgs(w, name, "--issuer", "https://ca.example/"), "https://ca.example/"},
		"no such kind":              {ca(name, "--for", "ev"), "--for"},
		"no such rule":              {ca(name, "--profile", "tls-2016-01"), "no such rule; there are rfc8659, tls-2017-09,"},
		"no such choice":            {ca(name, "--on-failure", "maybe"), "maybe"},
		"no such time":              {ca(name, "--at", "2026-13-01T00:00:00Z"), "--at"},
		"rules missing":             {ca(name, "--profiles", filepath.Join(t.TempDir(), "none.yaml")), "none.yaml"},
		"rules with a bad value":    {ca(name, "--profiles", testFile(t, "bad.yaml", rule+"    bogus: perhaps\n")), "bad.yaml:4: profile \"mine\": bogus: \"perhaps\""},
		"rules with an unknown key": {ca(name, "--profiles", testFile(t, "key.yaml", rule+"\n    bogs: deny\n")), "key.yaml:5: "},
		"rules that are no YAML":    {ca(name, "--profiles", testFile(t, "no.yaml", "profiles: [\n")), "no.yaml"},
		"missing list":              {ca(name, "@"+filepath.Join(t.TempDir(), "none.txt")), "none.txt"},
		"a directory as list":       {ca(name, "@"+t.TempDir()), "directory"},
		"list without a name":       {ca(name, "@"), "input"},
		"no names in flight":        {ca("-", "--in-flight=-5"), "in flight"},
	} {
		t.Run(what, func(t *testing.T) {
			code, stdout, stderr := caascan(t, "", c.args...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.message) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 2 and %q", code, stdout, stderr, c.message)
			}
		})
	}
}

// TestCheckExitCodes: 0 all may be issued, 1 some may not, 4 of some it is not known.
func TestCheckExitCodes(t *testing.T) {
	w := servers(t)
	const yes, no, unknown, invalid = "caatest-nsd.com", "closed.caatest-nsd.com", "dead.com", "a..b"
	for _, c := range []struct {
		names string
		want  int
	}{
		{yes, 0}, {no, 1}, {unknown, 4}, {invalid, 4}, {"192.0.2.1", 4},
		{yes + " " + no, 1}, {yes + " " + unknown, 4}, {no + " " + unknown, 1}, {invalid + " " + no + " " + yes, 1}, {invalid + " " + yes, 4},
	} {
		for _, way := range []string{"text", "json", "stdin"} {
			args, stdin := strings.Fields(c.names), ""
			if way == "stdin" {
				args, stdin = []string{"-"}, strings.Join(args, "\n")
			}
			if way != "text" {
				args = append(args, "--json")
			}
			code, stdout, stderr := caascan(t, stdin, checkArgs(w, append(args, "--issuer", "ca.example")...)...)
			if lines := strings.Count(stdout, "\n"); code != c.want || lines != len(strings.Fields(c.names)) {
				t.Errorf("%s, %s: exit code %d, want %d; %d lines\n%s", c.names, way, code, c.want, lines, stderr)
			}
		}
	}
}

// stopper cancels a context when something was written.
type stopper struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	defer s.cancel()
	return s.Buffer.Write(p)
}

// TestCheckStopped: exit code 3, and what was found out before is there, in whole lines.
func TestCheckStopped(t *testing.T) {
	w := servers(t)
	args := func(names ...string) []string {
		return checkArgs(w, append(names, "--json", "--issuer", "ca.example", "--timeout", "50s", "--retries", "0")...)
	}
	t.Run("files", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		out, stderr := &stopper{cancel: cancel}, &bytes.Buffer{}
		code := run(ctx, args("-"), strings.NewReader("silent.com\ncaatest-nsd.com\n"), out, stderr)
		lines := readCheckLines(t, out.String())
		if code != exitStopped || len(lines) != 1 || lines[0].Name != "caatest-nsd.com" || !strings.HasSuffix(stderr.String(), "caascan: stopped\n") {
			t.Errorf("exit code %d, stderr %q, stdout %q", code, stderr, out)
		}
	})
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr bytes.Buffer
		if code := run(ctx, args("silent.com"), nil, &stdout, &stderr); code != exitStopped || stdout.Len() > 0 {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
		}
	})
	t.Run("a list that breaks off", func(t *testing.T) {
		packed := gzipped(t, "caatest-nsd.com\nclosed.caatest-nsd.com\n")
		code, stdout, stderr := caascan(t, packed[:len(packed)-9], args("-")...)
		if code != exitStopped || len(readCheckLines(t, stdout)) != 2 || !strings.Contains(stderr, "unexpected EOF") {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
	t.Run("output that breaks off", func(t *testing.T) {
		for _, names := range [][]string{{"caatest-nsd.com"}, {"-"}} {
			var stderr bytes.Buffer
			code := run(t.Context(), args(names...), strings.NewReader("caatest-nsd.com\n"), full{}, &stderr)
			if code != exitStopped || !strings.Contains(stderr.String(), errFull.Error()) {
				t.Errorf("%v: exit code %d, stderr %q", names, code, &stderr)
			}
		}
	})
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCheckOrder: names of the command line are answered in its order, those of files all, each once.
func TestCheckOrder(t *testing.T) {
	w := servers(t)
	names := []string{ // the slow ones first
		"dead.com", "a..b", "leaf.ent.caatest-nsd.com", "caatest-nsd.com", "192.0.2.1", "*.caatest-nsd.com", "user@caatest-nsd.com",
		"caatest-nsd.com", "CAATEST-nsd.com.", "own.museum", "com",
	}
	answered := func(stdin string, args ...string) []string {
		t.Helper()
		_, stdout, stderr := caascan(t, stdin, checkArgs(w, append(args, "--json", "--issuer", "ca.example")...)...)
		var got []string
		for _, line := range readCheckLines(t, stdout) {
			got = append(got, line.Name)
		}
		if len(got) == 0 {
			t.Fatal(stderr)
		}
		return got
	}
	if diff := gocmp.Diff(names, answered("", names...)); diff != "" {
		t.Errorf("arguments (-given +answered):\n%s", diff)
	}
	list := strings.Join(names, "\n") + "\n"
	all := func(times int) []string { return slices.Sorted(slices.Values(slices.Repeat(names, times))) }
	for what, c := range map[string]struct {
		stdin string
		args  []string
		want  []string
	}{
		"file":          {"", []string{"@" + testFile(t, "list", list)}, all(1)},
		"stdin":         {list, []string{"-"}, all(1)},
		"gz":            {"", []string{"@" + testFile(t, "list", gzipped(t, list))}, all(1)},
		"gz on stdin":   {gzipped(t, list), []string{"-"}, all(1)},
		"no last line":  {strings.TrimSuffix(list, "\n"), []string{"-"}, all(1)},
		"CRLF":          {strings.ReplaceAll(list, "\n", "\r\n"), []string{"-"}, all(1)},
		"with comments": {"# names\n\n" + strings.ReplaceAll(list, "\n", " # one\n\n"), []string{"-"}, all(1)},
		"all together":  {list, append(slices.Clone(names), "-", "@"+testFile(t, "list", gzipped(t, list))), all(3)},
	} {
		if diff := gocmp.Diff(c.want, slices.Sorted(slices.Values(answered(c.stdin, c.args...)))); diff != "" {
			t.Errorf("%s (-given +answered):\n%s", what, diff)
		}
	}
}

// TestCheckManyNames: one line for each of 5 000 names, each with the right answer.
func TestCheckManyNames(t *testing.T) {
	w := servers(t)
	const zone = ".caatest-nsd.com"
	patterns := []struct{ name, want string }{
		{"h%d.wild", "tls false not-authorized"},
		{"h%d.any", "tls true authorized"},
		{"h%d.nosuch", "tls true authorized"},
		{"*.h%d.any", "tls-wildcard true authorized"},
		{"u%d@mail-only", "smime false not-authorized"},
		{"u%d@any", "smime true no-relevant-property"},
		{"u@h%d.any", "smime true no-relevant-property"},
		{"below.h%d.closed", "tls false explicit-deny"},
		{"h%d.y.wild-cname", "tls false not-authorized"},
		{"h%d..x", "tls unknown invalid-name"},
	}
	const count = 5000
	want := map[string]string{}
	var list strings.Builder
	for i := range count {
		p := patterns[i%len(patterns)]
		name := fmt.Sprintf(p.name, i) + zone
		want[name] = p.want
		fmt.Fprintln(&list, name)
	}
	code, stdout, stderr := caascan(t, "", checkArgs(w, "@"+testFile(t, "many", list.String()), "--json", "--rate-per-server", "2000", "--rate-start", "2000", "--issuer", "ca.example")...)
	if code != exitNo {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	lines := readCheckLines(t, stdout)
	got := map[string]string{}
	for _, line := range lines {
		got[line.Name] = fmt.Sprintf("%s %v %s", line.For, line.Permitted, line.Reason)
	}
	if diff := gocmp.Diff(want, got); diff != "" || len(lines) != count {
		t.Errorf("%d lines for %d names (-want +got):\n%s", len(lines), count, diff)
	}
}

// TestCheckLine: the JSON object has the keys of design/cli.md, and it is one line whatever the name and the records are.
func TestCheckLine(t *testing.T) {
	w := servers(t)
	names := []string{"several.caatest-nsd.com", "cname.caatest-nsd.com", "control.caatest-nsd.com", "expired.com", "a\nb.com", "\x1b[31m.com", "<b>&.com"}
	_, stdout, _ := caascan(t, "", checkArgs(w, append(names, "--json", "--issuer", "ca.example")...)...)
	var first map[string]any
	for i, line := range strings.Split(strings.TrimSuffix(stdout, "\n"), "\n") {
		if i >= len(names) {
			t.Fatalf("more lines than names: %s", line)
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for _, key := range strings.Fields("name for profile permitted reason relevant_name rrset_owner climb posture issuers flags security queries") {
			if value, ok := fields[key]; !ok || value == nil {
				t.Errorf("%q: %s is %v", names[i], key, value)
			}
		}
		for _, kind := range []string{"tls", "tls_wildcard", "smime", "vmc"} {
			if word, _ := fields["posture"].(map[string]any)[kind].(string); word == "" {
				t.Errorf("%q: no posture for %s", names[i], kind)
			}
		}
		if first == nil {
			first = fields
		}
	}
	delete(first, "climb") // its addresses and times differ
	delete(first, "queries")
	want := map[string]any{
		"name": "several.caatest-nsd.com", "for": "tls", "profile": first["profile"], "permitted": false, "reason": "not-authorized",
		"relevant_name": "several.caatest-nsd.com", "rrset_owner": "several.caatest-nsd.com", "security": "secure", "flags": []any{},
		"posture": map[string]any{"tls": "restricted", "tls_wildcard": "restricted", "smime": "open", "vmc": "open"},
		"issuers": map[string]any{"issue": []any{"a.example", "b.example"}, "issuewild": []any{}, "issuemail": []any{}, "issuevmc": []any{}},
		"record":  first["record"], "retry": "nothing",
	}
	if diff := gocmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if record := first["record"]; record != `0 issue "b.example"` && record != `0 issue "A.example; policy=ev"` {
		t.Errorf("the record that decided: %v", record)
	}
	_, stdout, _ = caascan(t, "", checkArgs(w, append(names, "--issuer", "ca.example")...)...)
	if strings.Count(stdout, "\n") != len(names) {
		t.Errorf("as text, not one line for each name:\n%q", stdout)
	}
	for _, c := range []byte(stdout) {
		if c < ' ' && c != '\n' || c == 0x7f {
			t.Fatalf("as text: the octet %#x in %q", c, stdout)
		}
	}
}

// TestCheckWhereFlagsComeFrom: a YAML file, the environment and the command line; the later ones win.
func TestCheckWhereFlagsComeFrom(t *testing.T) {
	w := servers(t)
	const name = "params.caatest-nsd.com" // ca.example, with an account and methods
	verdict := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := caascan(t, "", append(args, checkArgs(w, "--json", name)...)...)
		lines := readCheckLines(t, stdout)
		if len(lines) != 1 {
			t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
		}
		return fmt.Sprintf("%v %s %s", lines[0].Permitted, lines[0].Reason, lines[0].Profile)
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	file := func(content string) []string { return []string{"--config", testFile(t, "check.yaml", content)} }
	one := "issuer: ca.example\nprofile: tls-2027-03\naccount-uri: https://ca.example/acct/1\nmethod: [http-01, dns-01]\n"
	expect("file", verdict(file(one)...), "true authorized tls-2027-03")
	expect("file, other values", verdict(file("issuer: [other.example, third.example]\nprofile: strict\n")...), "false not-authorized strict")
	t.Setenv("CAASCAN_PROFILE", "tls-2026-03")
	expect("environment before file", verdict(file("issuer: [other.example, ca.example]\nprofile: strict\n")...), "true authorized tls-2026-03")
	t.Setenv("CAASCAN_HONOURS_8657", "true")
	t.Setenv("CAASCAN_ISSUER", "other.example,ca.example")
	expect("environment alone", verdict(), "false param-accounturi tls-2026-03")
	t.Setenv("CAASCAN_ACCOUNT_URI", "https://ca.example/acct/1")
	expect("environment: the account", verdict(), "false param-validationmethods tls-2026-03")
	t.Setenv("CAASCAN_METHOD", "dns-01")
	expect("environment: the method", verdict(), "true authorized tls-2026-03")
	code, stdout, _ := caascan(t, "", checkArgs(w, "--json", name, "--profile", "le-boulder", "--issuer", "other.example")...)
	if lines := readCheckLines(t, stdout); code != exitNo || len(lines) != 1 || lines[0].Profile != "le-boulder" || lines[0].Reason != "not-authorized" {
		t.Errorf("flags before environment: exit code %d, %s", code, stdout)
	}
}

// TestCheckOwnRules: a file of rules adds to the built-in ones, and goes before them.
func TestCheckOwnRules(t *testing.T) {
	w := servers(t)
	file := testFile(t, "mine.yaml", `profiles:
  - name: mine
    base: strict
    known-tags: [issue, issuewild, issuemail, issuevmc, iodef, tbs]
  - name: strict
    base: strict
    mismatch: undefined
  - name: of-today
    base: tls-2026-06
    from: 2026-11-01
    binding: true
`)
	for _, c := range []struct{ flags, name, want string }{
		{"--profile mine", "critical.caatest-nsd.com", "true authorized mine"},
		{"--profile rfc8659", "critical.caatest-nsd.com", "false unknown-critical rfc8659"},
		{"--profile strict", "wild.caatest-nsd.com", "true authorized strict"},
		{"--profile strict", "several.caatest-nsd.com", "unknown not-authorized strict"},
		{"--at " + checkDay, "caatest-nsd.com", "true authorized of-today"},
	} {
		args := checkArgs(w, append(strings.Fields(c.flags), "--json", "--profiles", file, "--issuer", "ca.example", c.name)...)
		code, stdout, stderr := caascan(t, "", args...)
		lines := readCheckLines(t, stdout)
		if len(lines) != 1 {
			t.Fatalf("%s: exit code %d\n%s", c.flags, code, stderr)
		}
		if got := fmt.Sprintf("%v %s %s", lines[0].Permitted, lines[0].Reason, lines[0].Profile); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.flags, c.name, got, c.want)
		}
	}
}

// TestCheckAsksNothing: what is no name, or out of scope, makes no traffic. The only servers that the command knows are
// one socket of ours, on loopback.
func TestCheckAsksNothing(t *testing.T) {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	_, port, err := net.SplitHostPort(socket.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	hints := testFile(t, "root.hints", ". 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A 127.0.0.1\n")
	check := func(names ...string) []checkLine {
		t.Helper()
		args := append([]string{"check", "--json", "--issuer", "ca.example", "--root-hints", hints, "--server-port", port, "--allow-special-use", "--timeout", "100ms", "--retries", "0"}, names...)
		code, stdout, stderr := caascan(t, "", args...)
		if code != exitUndetermined && code != exitNo {
			t.Errorf("%v: exit code %d\n%s", names, code, stderr)
		}
		return readCheckLines(t, stdout)
	}
	received := func() int {
		t.Helper()
		if err := socket.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		count := 0
		for {
			if _, _, err := socket.ReadFrom(make([]byte, 512)); err != nil {
				return count
			}
			count++
		}
	}
	names := map[string]string{
		"192.0.2.1": "out-of-scope", "2001:db8::1": "out-of-scope", "https://192.0.2.1/": "out-of-scope", "x.onion": "out-of-scope",
		"user@[192.0.2.1]": "out-of-scope", "a..b": "invalid-name", ".": "invalid-name", "*.*.com": "invalid-name", "user@": "invalid-name",
		"user@*.com": "invalid-name", strings.Repeat("l", 64) + ".com": "invalid-name", "a b": "invalid-name",
	}
	for _, line := range check(slices.Sorted(maps.Keys(names))...) {
		if line.Reason != names[line.Name] || line.Permitted != "unknown" || line.Queries != 0 || len(line.Climb) != 0 {
			t.Errorf("%s: %v %s, want %s", line.Name, line.Permitted, line.Reason, names[line.Name])
		}
	}
	if n := received(); n != 0 {
		t.Errorf("%d packets for names that are none", n)
	}
	lines := check("example.com")
	if n := received(); n == 0 || len(lines) != 1 || lines[0].Queries != n {
		t.Errorf("for a name %d packets, and %+v", n, lines)
	}
}
