package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caascan/caascan/output"
)

// The command line as scripts rely on it (design/cli.md): exit codes, streams, where flags come from.

// TestWrongUsage: exit code 2, a message on stderr, nothing on stdout, and no packet: where the command line is good
// but for what is tested, its root servers are the test world's, which would have answered.
func TestWrongUsage(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	list := scanInput(t, "caatest-nsd.com")
	write := func(name, content string) string {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := filepath.Join(temp, "out")
	good := w.flags("--out", out)
	with := func(args ...string) []string { return append(args, good...) }
	for name, c := range map[string]struct {
		args    []string
		message string // part of
	}{
		"no command":             {nil, "expected one of"},
		"unknown command":        {[]string{"scam"}, "scam"},
		"unknown flag":           {with("scan", list, "--no-such-flag"), "--no-such-flag"},
		"no input":               {with("scan"), "input"},
		"missing file":           {with("scan", filepath.Join(temp, "none.txt")), "none.txt"},
		"directory":              {with("scan", temp), temp},
		"one of two missing":     {with("scan", list, filepath.Join(temp, "none.txt")), "none.txt"},
		"unwritable output":      {append([]string{"scan", list}, w.flags("--out", filepath.Join(write("file", ""), "below"))...), "file"},
		"parquet to stdout":      {append([]string{"scan", list}, w.flags("--out", "-")...), "jsonl"},
		"bad format":             {with("scan", list, "--format", "xml"), "xml"},
		"bad companion":          {with("scan", list, "--with", "gopher"), "gopher"},
		"none and some":          {with("scan", list, "--with", "none,spf"), "none"},
		"no selector":            {with("scan", list, "--with", "dkim:"), "selector"},
		"bad selector":           {with("scan", list, "--with", "dkim:a..b"), "a..b"},
		"survey of resolvers":    {with("scan", list, "--with", "all-servers", "--resolver", "127.0.0.1"), "all-servers"},
		"negative rate":          {append([]string{"scan", list, "--out", out}, w.flags("--rate-per-server", "-1")...), "-1"},
		"no share":               {with("scan", list, "--rate-share", "0"), "--rate-share"},
		"no timeout":             {with("scan", list, "--timeout", "0s"), "--timeout"},
		"bad port":               {[]string{"lookup", "--root-hints", w.hints, "--allow-special-use", "--server-port", "0", "example.org"}, "--server-port"},
		"both families only":     {with("scan", list, "--ipv4-only", "--ipv6-only"), "ipv"},
		"hints missing":          {[]string{"lookup", "--root-hints", filepath.Join(temp, "none.hints"), "--server-port", w.port, "example.org"}, "none.hints"},
		"hints empty":            {[]string{"lookup", "--root-hints", write("empty.hints", ""), "--server-port", w.port, "example.org"}, "no NS record"},
		"hints are junk":         {[]string{"lookup", "--root-hints", write("junk.hints", "\x00\xff"), "--server-port", w.port, "example.org"}, "junk.hints"},
		"hints on loopback":      {[]string{"lookup", "--root-hints", w.hints, "--server-port", w.port, "example.org"}, "--allow-special-use"},
		"scan, same hints":       {[]string{"scan", list, "--out", out, "--root-hints", w.hints, "--server-port", w.port}, "--allow-special-use"},
		"no such type":           {append([]string{"lookup", "--type", "NOSUCH", "example.org"}, w.flags()...), "NOSUCH"},
		"meta type":              {append([]string{"lookup", "--type", "AXFR", "example.org"}, w.flags()...), "AXFR"},
		"no name":                {append([]string{"lookup"}, w.flags()...), "name"},
		"address as name":        {append([]string{"lookup", "192.0.2.1"}, w.flags()...), "192.0.2.1"},
		"anchors missing":        {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", filepath.Join(temp, "none.key"))...), "none.key"},
		"anchors a directory":    {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", temp)...), temp},
		"anchors are junk":       {append(with("scan", list), "--trust-anchor", write("junk.key", "\x00\xff")), "junk.key"},
		"anchors are hints":      {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", w.hints)...), "DS or DNSKEY"},
		"anchor cut short":       {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", write("short.key", ". DS 1 8"))...), "short.key"},
		"anchor is revoked":      {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", write("revoked.key", ". DNSKEY 385 3 13 AAAA"))...), "revoked"},
		"resolver is a name":     {with("scan", list, "--resolver", "dns.example"), "dns.example"},
		"resolver at port 0":     {with("scan", list, "--resolver", "127.0.0.1:0"), "127.0.0.1:0"},
		"resolvers missing":      {with("scan", list, "--resolver", "@"+filepath.Join(temp, "none.res")), "none.res"},
		"resolvers empty":        {with("scan", list, "--resolver", "@"+write("empty.res", "# nobody\n\n")), "no address"},
		"resolvers in resolvers": {with("scan", list, "--resolver", "@"+write("nest.res", "@"+temp+"\n")), "no files within files"},
		"resolver of IPv6 only":  {append([]string{"scan", list, "--ipv4-only", "--resolver", "[::1]:5300"}, w.flags("--out", out)...), "families"},
		"anchor is no zone key":  {append([]string{"lookup", "example.org"}, w.flags("--trust-anchor", write("host.key", ". DNSKEY 1 3 13 AAAA"))...), "no zone key"},
		"no such mode":           {with("scan", list, "--dnssec", "maybe"), "maybe"},
		"time without zone":      {append([]string{"lookup", "example.org", "--at", "2026-01-01T00:00:00"}, w.flags()...), "--at"},
		"time in words":          {append([]string{"lookup", "example.org", "--at", "yesterday"}, w.flags()...), "yesterday"},
		"time before 1970":       {append([]string{"lookup", "example.org", "--at", "1969-12-31T23:59:59Z"}, w.flags()...), "1970"},
		"time after 2106":        {with("scan", list, "--at", "2106-02-07T06:28:16Z"), "2106"},
		"config missing":         {with("--config", filepath.Join(temp, "none.yaml"), "scan", list), "none.yaml"},
		"config is no YAML":      {with("--config", write("bad.yaml", "a: [1,\nb"), "scan", list), "configuration"},
		"config unknown key":     {with("--config", write("key.yaml", "rate-per-sever: 5\n"), "scan", list), "rate-per-sever"},
		"config with bad type":   {with("--config", write("type.yaml", "timeout: often\n"), "scan", list), "often"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := caascan(t, "", c.args...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.message) {
				t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 2 and %q", strings.Join(c.args, " "), code, stdout, stderr, c.message)
			}
			if _, err := os.Stat(out); err == nil {
				t.Errorf("%s: made the output directory", strings.Join(c.args, " "))
			}
		})
	}
}

// TestHelp: every command shows an example first.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"scan", "--help"}, {"lookup", "--help"}, {"demo", "--help"}} {
		code, stdout, stderr := caascan(t, "", args...)
		first, rest, _ := strings.Cut(stdout, "\n")
		if code != exitDone || first != "Example:" || !strings.HasPrefix(rest, "  caascan ") || stderr != "" {
			t.Errorf("%v: exit code %d, stderr %q, stdout begins %q", args, code, stderr, stdout[:min(len(stdout), 80)])
		}
	}
	code, stdout, _ := caascan(t, "", "--version")
	if code != exitDone || !strings.HasPrefix(stdout, release) {
		t.Errorf("--version: exit code %d, %q", code, stdout)
	}
}

// TestWhereFlagsComeFrom: a YAML file, the environment and the command line; the later ones win.
func TestWhereFlagsComeFrom(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	yaml := func(port string) string {
		path := filepath.Join(temp, port+".yaml")
		content := fmt.Sprintf("root-hints: %s\ntrust-anchor: %s\nserver-port: %s\nallow-special-use: true\ntimeout: 200ms\nretries: 0\nsource: [127.0.0.1]\nipv4-only: true\n", w.hints, w.anchors, port)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const wrongPort = "1" // nobody listens on tcpmux of 127.54.1.1
	rcode := func(args ...string) string {
		t.Helper()
		var line typeAnswer
		if err := json.Unmarshal([]byte(mustCaascan(t, "", append(args, "lookup", "--type", "CAA", "--json", "caatest-nsd.com")...)), &line); err != nil {
			t.Fatal(err)
		}
		return line.RCode
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("file", rcode("--config", yaml(w.port)), "NOERROR")
	check("file with the wrong port", rcode("--config", yaml(wrongPort)), "SERVFAIL")
	t.Setenv("CAASCAN_SERVER_PORT", w.port)
	check("environment before file", rcode("--config", yaml(wrongPort)), "NOERROR")
	t.Setenv("CAASCAN_SERVER_PORT", wrongPort)
	check("wrong environment before file", rcode("--config", yaml(w.port)), "SERVFAIL")
	out := mustCaascan(t, "", "--config", yaml(wrongPort), "lookup", "--server-port", w.port, "--type", "CAA", "--json", "caatest-nsd.com")
	if !strings.Contains(out, `"NOERROR"`) {
		t.Errorf("flag before environment and file: %s", out)
	}
	for name, value := range map[string]string{
		"CAASCAN_SERVER_PORT": w.port, "CAASCAN_ROOT_HINTS": w.hints, "CAASCAN_TRUST_ANCHOR": w.anchors, "CAASCAN_ALLOW_SPECIAL_USE": "true", "CAASCAN_IPV4_ONLY": "true",
	} {
		t.Setenv(name, value)
	}
	check("environment alone", rcode(), "NOERROR")
}

// TestStreams: results on stdout, all else on stderr; there JSON lines, as it is no terminal, or nothing.
func TestStreams(t *testing.T) {
	w := servers(t)
	polite := []string{"--root-hints", w.hints, "--trust-anchor", w.anchors, "--server-port", w.port, "--allow-special-use"} // no limit lifted, so no warning
	names := "caatest-nsd.com\ncaatest-knot.net\n# comment\n\n192.0.2.1\nlame-nsd.com\n"
	scan := func(args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := caascan(t, names, append(append([]string{"scan", "-"}, polite...), args...)...)
		if code != exitDone {
			t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
		}
		return stdout, stderr
	}
	checkRows := func(stdout string) {
		t.Helper()
		rows := 0
		for line := range strings.Lines(stdout) {
			var d output.Domain
			if err := json.Unmarshal([]byte(line), &d); err != nil || d.QueryName == "" || d.SourceList != "stdin" {
				t.Errorf("no row: %s", line)
			}
			rows++
		}
		if rows != 3 {
			t.Errorf("%d rows, want 3", rows)
		}
	}
	checkStatus := func(stderr string) {
		t.Helper()
		var last status
		for line := range strings.Lines(stderr) {
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Errorf("no status line: %q", line)
			}
		}
		if !last.Ended || last.Rows != 3 || last.Failed != 1 || last.Total != 3 || last.Posture["tls"]["restricted"] != 2 || last.Posture["tls"]["error"] != 1 {
			t.Errorf("last status: %+v", last)
		}
	}
	stdout, stderr := scan("--out", "-", "--format", "jsonl")
	checkRows(stdout)
	checkStatus(stderr)
	stdout, stderr = scan("--out", "-", "--format", "jsonl", "--quiet")
	checkRows(stdout)
	if stderr != "" {
		t.Errorf("--quiet: %q", stderr)
	}
	stdout, stderr = scan("--out", filepath.Join(t.TempDir(), "scan"))
	checkStatus(stderr)
	if stdout != "" {
		t.Errorf("a scan into a directory: %q on stdout", stdout)
	}
	if stdout, stderr = scan("--quiet", "--out", filepath.Join(t.TempDir(), "scan")); stdout+stderr != "" {
		t.Errorf("--quiet: %q, %q", stdout, stderr)
	}
}

// TestJunk: what is no list of names does no harm; each of its lines is a row or a reject.
func TestJunk(t *testing.T) {
	w := servers(t)
	db := openDuckDB(t)
	random := make([]byte, 64<<10)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(random)
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, junk := range map[string]string{
		"random":      string(random),
		"executable":  string(binary[:256<<10]),
		"zeros":       strings.Repeat("\x00", 100_000),
		"one line":    strings.Repeat("a", 2<<20),
		"empty":       "",
		"blank lines": strings.Repeat("\n", 1000),
		"long name":   strings.Repeat("abcdefghi.", 30) + "\n",
		"scripts":     "<script>alert(1)</script>\n=cmd|' /C calc'!A0\n\x1b[31mred\n'; DROP TABLE domains; --\n",
	} {
		t.Run(name, func(t *testing.T) {
			file, dir := filepath.Join(t.TempDir(), "junk"), filepath.Join(t.TempDir(), "scan")
			if err := os.WriteFile(file, []byte(junk), 0o644); err != nil {
				t.Fatal(err)
			}
			mustCaascan(t, "", append([]string{"scan", file}, w.flags("--out", dir, "--quiet")...)...)
			m := checkManifest(t, db, dir, output.Complete)
			if name == "scripts" && m.Totals.Rejects != 4 || name == "long name" && m.Totals.Rejects != 1 {
				t.Errorf("totals %+v", m.Totals)
			}
			text, err := os.ReadFile(filepath.Join(dir, "rejects.csv"))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range text {
				if c < ' ' && c != '\n' || c == 0x7f {
					t.Fatalf("rejects.csv holds the octet %#x", c)
				}
			}
		})
	}
}

// TestLookupOfInvalidNames: one JSON line for each name, whatever it is.
func TestLookupOfInvalidNames(t *testing.T) {
	w := servers(t)
	names := []string{strings.Repeat("abcdefghi.", 30), strings.Repeat("l", 64) + ".com", "a..b", "caatest-nsd.com", "\xff\xfe.com"}
	code, stdout, stderr := caascan(t, "", append(append([]string{"lookup", "--type", "CAA", "--json"}, w.flags()...), names...)...)
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if code != exitUsage || len(lines) != len(names) {
		t.Fatalf("exit code %d, %d lines for %d names, stderr %s", code, len(lines), len(names), stderr)
	}
	for i, text := range lines {
		var line typeAnswer
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		valid := names[i] == "caatest-nsd.com"
		if valid != (line.RCode == "NOERROR") || valid == strings.HasPrefix(line.Error, "invalid-name") || line.Answers == nil {
			t.Errorf("%q: %s", names[i], text)
		}
	}
}

// caascanProcess is the command in a process of its own, for what happens to processes.
func caascanProcess(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), asCaascan+"=1"), env...)
	return cmd
}

func exitCode(err error) int {
	var failed *exec.ExitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &failed):
		return failed.ExitCode()
	}
	return -1
}

// TestInterrupted: after a signal the exit code is 3, and what was finished before is there, whole.
func TestInterrupted(t *testing.T) {
	w := servers(t)
	names := []string{"silent.com"} // holds the scan up until the signal
	for name := range allRows() {
		if strings.HasSuffix(name, featureZones[0]) {
			names = append(names, name)
		}
	}
	list := scanInput(t, names...)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			dir := filepath.Join(t.TempDir(), "scan")
			cmd := caascanProcess(ctx, nil, append([]string{"scan", list}, w.flags("--out", dir, "--timeout", "50s", "--retries", "0", "--with", "none")...)...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines, signalled := bufio.NewScanner(stderr), false
			last := ""
			for lines.Scan() {
				last = lines.Text()
				var s status
				if json.Unmarshal(lines.Bytes(), &s) == nil && s.Rows == int64(len(names))-1 && !signalled {
					signalled = true
					if err := cmd.Process.Signal(sig); err != nil {
						t.Error(err)
					}
				}
			}
			if code := exitCode(cmd.Wait()); code != exitStopped || !signalled {
				t.Fatalf("exit code %d, signalled %v, last line %s", code, signalled, last)
			}
			m := checkManifest(t, openDuckDB(t), dir, output.Running)
			if m.Totals.Rows != int64(len(names))-1 || m.Totals.Servers == 0 {
				t.Errorf("totals %+v, want %d rows", m.Totals, len(names)-1)
			}
		})
	}
}

// fileLimit in the environment bounds the size of files, in octets, for a process that asCaascan makes.
const fileLimit = "TEST_BINARY_FILE_LIMIT"

func limitFiles() {
	var octets uint64
	if _, err := fmt.Sscan(os.Getenv(fileLimit), &octets); err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: octets, Max: octets}); err != nil {
		panic(err)
	}
}

// TestDiskFull: exit code 3, and the dataset holds whole files only.
func TestDiskFull(t *testing.T) {
	w := servers(t)
	var names []string
	for name := range allRows() {
		if !strings.HasPrefix(name, "silent") && !strings.HasPrefix(name, "half-silent") {
			names = append(names, name)
		}
	}
	list := scanInput(t, names...)
	const octets = 64 << 10
	check := func(t *testing.T, dir string, env ...string) {
		t.Helper()
		cmd := caascanProcess(t.Context(), env, append([]string{"scan", list}, w.flags("--out", dir)...)...)
		text, err := cmd.CombinedOutput()
		if code := exitCode(err); code != exitStopped {
			t.Fatalf("exit code %d\n%s", code, text)
		}
		checkManifest(t, openDuckDB(t), dir, output.Running)
		left, err := filepath.Glob(filepath.Join(dir, "*", ".*.parquet"))
		if err != nil || len(left) > 0 { // a reader's *.parquet may match them
			t.Errorf("hidden files are left: %v, %v", left, err)
		}
	}
	t.Run("file size limit", func(t *testing.T) {
		check(t, filepath.Join(t.TempDir(), "scan"), fmt.Sprintf("%s=%d", fileLimit, octets))
	})
	t.Run("tmpfs", func(t *testing.T) {
		mount := t.TempDir()
		if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, fmt.Sprintf("size=%d", octets)); err != nil {
			t.Skipf("only root may mount (%v); the file size limit above stands in", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(mount, 0); err != nil {
				t.Error(err)
			}
		})
		check(t, filepath.Join(mount, "scan"))
	})
	t.Run("/dev/full", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		cmd := caascanProcess(t.Context(), nil, append([]string{"scan", list}, w.flags("--out", "-", "--format", "jsonl")...)...)
		cmd.Stdout = full
		if code := exitCode(cmd.Run()); code != exitStopped {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestOutputHoldsAnotherScan: a scan never writes into the directory of another one, unless told to discard it.
func TestOutputHoldsAnotherScan(t *testing.T) {
	w := servers(t)
	db, dir := openDuckDB(t), filepath.Join(t.TempDir(), "scan")
	scan := func(names string, more ...string) (code int) {
		t.Helper()
		code, _, _ = caascan(t, names, append([]string{"scan", "-"}, w.flags(append(more, "--out", dir)...)...)...)
		return code
	}
	rows := func() int64 {
		t.Helper()
		return checkManifest(t, db, dir, output.Complete).Totals.Rows
	}
	if code := scan("caatest-nsd.com\ncaatest-knot.net\n"); code != exitDone || rows() != 2 {
		t.Fatalf("first scan: exit code %d, %d rows", code, rows())
	}
	if code := scan("three.com\n"); code != exitUsage || rows() != 2 {
		t.Errorf("another scan: exit code %d, %d rows; want 2, and the first scan's 2 rows", code, rows())
	}
	if code := scan("three.com\n", "--restart"); code != exitDone || rows() != 1 {
		t.Errorf("--restart: exit code %d, %d rows; want 0 and 1", code, rows())
	}
}
