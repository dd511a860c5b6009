package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// everyCommand returns the program and all commands below it, hidden ones too.
func everyCommand() (all []*kong.Node) {
	var add func(*kong.Node)
	add = func(node *kong.Node) {
		all = append(all, node)
		for _, child := range node.Children {
			add(child)
		}
	}
	add(newParser().Model.Node)
	return all
}

// TestDefinitions: what manual pages and completion are made of is complete. Every flag and argument has help, and each
// flag the environment variable that the pages promise.
func TestDefinitions(t *testing.T) {
	for _, node := range everyCommand() {
		if node.Help == "" {
			t.Errorf("%s: no help", commandPath(node))
		}
		for _, p := range node.Positional {
			if p.Help == "" {
				t.Errorf("%s %s: no help", commandPath(node), p.Name)
			}
		}
		for _, f := range node.Flags {
			if f.Help == "" || strings.Contains(f.Help, `\`) { // which shells quote in ways of their own
				t.Errorf("%s --%s: help %q", commandPath(node), f.Name, f.Help)
			}
			want := envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if f.Name != "help" && (len(f.Envs) != 1 || f.Envs[0] != want) {
				t.Errorf("%s --%s: environment variables %v, want %s", commandPath(node), f.Name, f.Envs, want)
			}
		}
	}
	for path := range manuals {
		found := false
		for _, node := range everyCommand() {
			found = found || commandPath(node) == path
		}
		if !found {
			t.Errorf("a manual for %q, which is no command", path)
		}
	}
}

// TestManualPages: one page for each command, with every flag of it; mandoc finds nothing to complain about, and shows
// options with hyphens that a shell takes.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	mustCaascan(t, "", "man", dir)
	_, err := exec.LookPath("mandoc")
	mandoc := err == nil
	if !mandoc {
		t.Log("mandoc is not installed: the pages are not linted")
	}
	for _, node := range everyCommand() {
		path := filepath.Join(dir, pageName(node)+".1")
		if node.Hidden {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s: a page of a hidden command", path)
			}
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		described := optionsOf(string(source))
		for _, f := range append(node.Flags, newParser().Model.Flags...) {
			if described["--"+f.Name] == f.Hidden {
				t.Errorf("%s: --%s is there: %v; hidden: %v", path, f.Name, !f.Hidden, f.Hidden)
			}
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "CONFIGURATION FILE", "EXIT STATUS", "SEE ALSO"} {
			if !strings.Contains(string(source), ".SH \""+section+"\"\n") {
				t.Errorf("%s: no section %s", path, section)
			}
		}
		if !mandoc {
			continue
		}
		if out, err := exec.Command("mandoc", "-T", "lint", "-W", "style", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("mandoc: %v\n%s", err, out)
		}
		out, err := exec.Command("mandoc", "-T", "ascii", path).Output()
		if err != nil || !strings.Contains(stripOverstrike(string(out)), "--config=FILE") {
			t.Errorf("mandoc %s: %v; --config=FILE does not come out as typed", path, err)
		}
	}
	if code, stdout, _ := caascan(t, "", "man"); code != exitDone || !strings.HasPrefix(stdout, ".TH \"CAASCAN\" 1 ") {
		t.Errorf("man: exit code %d, %.40q", code, stdout)
	}
	if code, _, stderr := caascan(t, "", "man", filepath.Join(dir, "caascan.1", "below")); code != exitUsage || stderr == "" {
		t.Errorf("man into a file: exit code %d, %q", code, stderr)
	}
}

// optionsOf returns the options that the items of a page are about.
func optionsOf(page string) map[string]bool {
	options := map[string]bool{}
	for item := range strings.SplitSeq(page, ".TP\n") {
		head, _, _ := strings.Cut(item, "\n")
		head = strings.NewReplacer(`\fB`, "", `\fR`, "", `\fI`, " ", `[no\-]`, "", `\-`, "-", "=", "", ",", "").Replace(head)
		for word := range strings.FieldsSeq(head) {
			options[word] = true
		}
	}
	return options
}

// stripOverstrike removes what terminals of paper make bold and underlined letters of.
func stripOverstrike(s string) string {
	var b []rune
	for _, c := range s {
		if c == '\b' && len(b) > 0 {
			b = b[:len(b)-1]
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// TestRoffText: whatever a text holds comes out as it is, and nothing of it is a request.
func TestRoffText(t *testing.T) {
	for in, want := range map[string]string{
		".TH is no request":                    "\\&.TH is no request\n",
		"'so is that":                          "\\(aqso is that\n",
		`C:\ --a ~ ^ ` + "`b`":                 `C:\e \-\-a \(ti \(ha \(gab\(ga` + "\n",
		"naïve 50 %s":                          "na\\[u00EF]ve 50 %s\n",
		strings.Repeat("123456789 ", 8) + ".x": strings.Repeat("123456789 ", 6) + "123456789\n123456789 .x\n",
	} {
		var r roff
		r.text(in)
		if r.String() != want {
			t.Errorf("%q: %q, want %q", in, r.String(), want)
		}
	}
}
