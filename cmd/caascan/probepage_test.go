package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// probePageArgs are those of a page that is in order.
func probePageArgs(more ...string) []string {
	return append([]string{
		"probe-page", "--organisation", "Example University", "--contact", "dns@example.edu", "--url", "https://scan.example.edu/about",
		"--source", "192.0.2.10", "--source", "2001:db8::10",
	}, more...)
}

// TestProbePageSaysWhatTheScanDoes: the figures are those of the scan's flags, in both forms.
func TestProbePageSaysWhatTheScanDoes(t *testing.T) {
	for _, c := range []struct {
		flags []string
		says  []string
		never []string
	}{
		{nil, []string{
			"Example University", "dns@example.edu", "192.0.2.10", "2001:db8::10", "at most 50 queries a second to one server address",
			"at most 500 queries a second to all servers of one operator", "begins with 10 queries a second", "at most 64 queries a name",
			"to port 53", "MX at the name", "DNSKEY", "https://scan.example.edu/.well-known/probing.txt",
		}, []string{"_dmarc", "in all", "root server", "How often"}},
		{[]string{"--rate-per-server", "20", "--rate-per-operator", "0", "--rate-share", "0.5", "--rate-per-root", "8", "--rate-total", "300"}, []string{
			"at most 10 queries a second to one server address", "begins with 2 queries", "at most 4 queries a second to one root server", "at most 300 queries a second in all",
		}, []string{"operator together"}},
		{[]string{"--rate-per-server", "0", "--rate-start", "0"}, []string{"spaced evenly"}, []string{"one server address", "begins with"}},
		{[]string{"--with", "none", "--dnssec", "off"}, []string{"CAA at the name"}, []string{"MX at", "DNSKEY"}},
		{[]string{"--with", "dmarc,dkim:s1", "--max-queries-per-name", "17", "--frequency", "once a month", "--opt-out", "stop@example.edu", "--purpose", "For a thesis."},
			[]string{"_dmarc", "s1._domainkey", "at most 17 queries", "once a month", "stop@example.edu", "For a thesis."}, nil},
	} {
		for _, form := range [][]string{nil, {"--text"}} {
			code, page, stderr := caascan(t, "", probePageArgs(append(form, c.flags...)...)...)
			if code != exitDone || stderr != "" {
				t.Errorf("%v: exit code %d, %s", c.flags, code, stderr)
			}
			flowing := oneLine(page)
			for _, want := range c.says {
				if !strings.Contains(flowing, want) {
					t.Errorf("%v %v: nothing about %q", form, c.flags, want)
				}
			}
			for _, not := range c.never {
				if strings.Contains(flowing, not) {
					t.Errorf("%v %v: speaks of %q", form, c.flags, not)
				}
			}
		}
	}
	for _, companion := range companions {
		if companionQuestions[companion.word] == "" {
			t.Errorf("--with %s: the page has no words for what is asked", companion.word)
		}
	}
}

// TestProbePageIsSelfContained: a browser that shows the page asks nobody for anything, and what came from flags is text.
func TestProbePageIsSelfContained(t *testing.T) {
	const evil = `<script src="https://evil.example/x.js"></script>"onload="x`
	page := mustCaascan(t, "", probePageArgs("--purpose", evil, "--frequency", evil)...)
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{
		"html": true, "head": true, "meta": true, "title": true, "style": true, "body": true, "main": true, "h1": true, "h2": true, "p": true, "dl": true, "div": true,
		"dt": true, "dd": true, "a": true, "br": true, "code": true, "ul": true, "li": true, "footer": true, "abbr": true,
	}
	links := 0
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		if !allowed[node.Data] {
			t.Errorf("the page has an element %s", node.Data)
		}
		for _, a := range node.Attr {
			if a.Key == "src" || strings.HasPrefix(a.Key, "on") || a.Key == "href" && node.Data != "a" || a.Key == "style" {
				t.Errorf("%s has %s=%q", node.Data, a.Key, a.Val)
			}
			if a.Key == "href" {
				links++
			}
		}
	}
	if strings.Contains(page, "@import") || strings.Contains(page, "url(") {
		t.Error("the style asks for something")
	}
	if links < 4 || !strings.Contains(page, "&lt;script") {
		t.Errorf("%d links, want 4 at least; the flags are in the page: %v", links, strings.Contains(page, "&lt;script"))
	}
}

// TestProbingTxt: RFC 9511 section 2.2, the form of RFC 9116 section 4 with a Description of one line.
func TestProbingTxt(t *testing.T) {
	page := mustCaascan(t, "", probePageArgs("--probing-txt", "--contact", "dns+scan/x@example.edu", "--purpose", "One line\nand another.\r\n")...)
	fields := map[string][]string{}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || value == "" || strings.TrimSpace(value) != value {
			t.Errorf("no field: %q", line)
		}
		fields[name] = append(fields[name], value)
	}
	expires, err := time.Parse(time.RFC3339, strings.Join(fields["Expires"], ","))
	if ahead := time.Until(expires); err != nil || ahead <= 0 || ahead > 365*24*time.Hour {
		t.Errorf("Expires %v: %v; RFC 9116 2.5.5 wants less than a year", fields["Expires"], err)
	}
	for name, want := range map[string][]string{
		"Canonical":           {"https://scan.example.edu/.well-known/probing.txt"},
		"Contact":             {"mailto:dns+scan%2Fx@example.edu", "https://scan.example.edu/about"},
		"Preferred-Languages": {"en"},
	} {
		if !slices.Equal(fields[name], want) {
			t.Errorf("%s: %q, want %q", name, fields[name], want)
		}
	}
	if d := fields["Description"]; len(d) != 1 || !strings.Contains(d[0], "One line and another.") || !strings.Contains(d[0], "192.0.2.10, 2001:db8::10") {
		t.Errorf("Description: %q", d)
	}
}

func TestProbePageUsage(t *testing.T) {
	for _, c := range []struct{ flag, value string }{
		{"--url", "scan.example.edu"}, {"--url", "ftp://scan.example.edu/"}, {"--url", "https:///x"}, {"--url", "https://u:p@scan.example.edu/"},
		{"--contact", "nobody"}, {"--contact", "Some Body <some@example.edu>"}, {"--opt-out", "a@b, c@d"}, {"--organisation", " "},
		{"--expires", "2020-01-01T00:00:00Z"}, {"--rate-share", "0"}, {"--rate-per-server", "-1"}, {"--with", "gopher"}, {"--resolver", "192.0.2.53"}, {"--source", "here"},
	} {
		code, stdout, stderr := caascan(t, "", probePageArgs(c.flag, c.value)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.flag) && !strings.Contains(stderr, c.value) {
			t.Errorf("%s %q: exit code %d, stdout %.40q, stderr %q", c.flag, c.value, code, stdout, stderr)
		}
	}
	args := slices.DeleteFunc(probePageArgs(), func(s string) bool { return s == "--source" || s == "192.0.2.10" || s == "2001:db8::10" })
	if code, _, stderr := caascan(t, "", args...); code != exitUsage || !strings.Contains(stderr, "--source") {
		t.Errorf("no source: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := caascan(t, "", probePageArgs("--text", "--probing-txt")...); code != exitUsage {
		t.Errorf("two forms: exit code %d, %s", code, stderr)
	}
	if got, want := wrap(2, strings.Repeat("word ", 20)), fmt.Sprintf("%s\n  word word word word word", strings.TrimSpace(strings.Repeat("word ", 15))); got != want {
		t.Errorf("wrap: %q, want %q", got, want)
	}
}
