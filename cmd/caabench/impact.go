package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/simnet"
)

// impactCmd holds the verdicts that caareport impact finds on what a scan has stored against those that caascan check finds live.
type impactCmd struct {
	Caascan   string  `default:"bin/caascan" help:"The caascan to use."`
	Caareport string  `default:"bin/caareport" help:"The caareport to use."`
	Names     int     `default:"10000" help:"Size of the small Internet, in names."`
	Seed      uint64  `default:"7" help:"Seed of the scan."`
	Chance    float64 `default:"0.01" help:"Share of the names that may show something else when asked again, at most."`
}

// judgedCases are the rules, each with the kind of certificate that is asked for.
var judgedCases = []struct{ profile, kind string }{
	{"tls-2026-06", "tls"}, {"strict", "tls-wildcard"}, {"smime-2026-03", "smime"},
}

// judgedIssuers ask.
var judgedIssuers = []string{"letsencrypt.org", "digicert.com"}

// Run prints what it finds. It fails if any verdict differs where the same was seen, or what was seen differs for too many names.
func (c *impactCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world, err := simnet.New(simnet.Config{Seed: 1, Names: c.Names, Validation: simnet.FullValidation})
	if err != nil {
		return err
	}
	server, err := world.Listen(0)
	if err != nil {
		return err
	}
	defer server.Close()
	list, flags, err := c.files(dir, world, server)
	if err != nil {
		return err
	}
	scan := filepath.Join(dir, "scan")
	started := time.Now()
	args := append([]string{"scan", list, "--out", scan, "--quiet", "--second-look", "0", "--seed", strconv.FormatUint(c.Seed, 10)}, flags...)
	if message, err := exec.Command(c.Caascan, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("scan: %w: %s", err, message)
	}
	stored, err := c.stored(scan)
	if err != nil {
		return err
	}
	fmt.Printf("%d names of the small Internet scanned in %v\n", len(stored), time.Since(started).Round(time.Second))
	if len(stored) != c.Names {
		return fmt.Errorf("%d names in the scan, want %d", len(stored), c.Names)
	}
	var all differing
	for _, rule := range judgedCases {
		for _, issuer := range judgedIssuers {
			started := time.Now()
			verdicts, err := c.impact(scan, filepath.Join(dir, "list.jsonl"), issuer, rule.profile, rule.kind)
			if err != nil {
				return err
			}
			live, err := c.check(list, flags, issuer, rule.profile, rule.kind)
			if err != nil {
				return err
			}
			d := compareVerdicts(stored, verdicts, live)
			fmt.Printf("%-14s%-14s%-17s %d names, %d with the same evidence; %d verdicts the same, %d of them not permitted; otherwise for other evidence: %d, unexplained: %d, in %v\n",
				rule.profile, rule.kind, issuer, len(live), d.alike, d.same, d.denied, len(d.seen), len(d.unexplained), time.Since(started).Round(time.Second))
			for _, line := range d.unexplained[:min(5, len(d.unexplained))] {
				fmt.Println("  " + line)
			}
			all.alike += d.alike
			all.seen, all.unexplained = append(all.seen, d.seen...), append(all.unexplained, d.unexplained...)
		}
	}
	kinds := map[string]int{}
	for _, kind := range all.seen {
		kinds[kind]++
	}
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b string) int { return cmp.Or(kinds[b]-kinds[a], cmp.Compare(a, b)) }) {
		fmt.Printf("  otherwise seen live: %5d  %s\n", kinds[kind], kind)
	}
	asked := float64(c.Names * len(judgedCases) * len(judgedIssuers))
	switch most := c.Chance * asked; {
	case len(all.unexplained) > 0:
		return errors.New("caareport impact and caascan check have different verdicts on the same evidence")
	case float64(len(all.seen)) > most:
		return fmt.Errorf("%d names have another verdict for they showed something else, at most %.0f may", len(all.seen), most)
	case float64(all.alike) < leastAlike*asked: // then hardly any difference could be without an explanation
		return fmt.Errorf("only %d of %.0f looks saw what the scan did", all.alike, asked)
	}
	return nil
}

// files writes what scanning the world needs, and returns the list of its names and the flags.
func (c *impactCmd) files(dir string, world *simnet.World, server *simnet.Server) (list string, flags []string, err error) {
	hints, anchor, list := filepath.Join(dir, "root.hints"), filepath.Join(dir, "root.anchor"), filepath.Join(dir, "names.txt")
	var names bytes.Buffer
	for i := range world.Len() {
		fmt.Fprintln(&names, world.Name(i))
	}
	for path, content := range map[string][]byte{hints: world.RootHints(), anchor: []byte(world.TrustAnchor()), list: names.Bytes()} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", nil, err
		}
	}
	return list, []string{
		"--root-hints", hints, "--trust-anchor", anchor, "--server-port", strconv.Itoa(int(server.Port())), "--allow-special-use", "--ipv4-only",
		"--rate-per-server", "0", "--rate-per-operator", "0", "--rate-start", "0", "--in-flight", "500", "--timeout", "1s",
	}, nil
}

// verdictSeen is what one of the two says of a name. Climb is what was seen, as far as a verdict depends on it, without what the sets hold.
type verdictSeen struct{ permitted, reason, climb string }

// stored reads what the scan saw, by name.
func (c *impactCmd) stored(scan string) (map[string]string, error) {
	out, err := exec.Command(c.Caareport, "query", scan, "SELECT query_name, climb FROM domains", "--format", "json").Output()
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	seen := map[string]string{}
	return seen, eachObject(out, func(o row) error {
		climb, err := evidenceOf(o["climb"])
		seen[o["query_name"].(string)] = climb
		return err
	})
}

// impact reads the verdicts of caareport impact by name.
func (c *impactCmd) impact(scan, list, issuer, profile, kind string) (map[string]verdictSeen, error) {
	cmd := exec.Command(c.Caareport, "impact", scan, "--issuer", issuer, "--from", profile, "--to", profile, "--for", kind, "--list", list, "--list-all")
	if message, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("impact: %w: %s", err, message)
	}
	verdicts := map[string]verdictSeen{}
	return verdicts, eachRow(list, func(r row) error {
		if r["permitted_before"] != r["permitted_after"] || r["reason_before"] != r["reason_after"] {
			return fmt.Errorf("%s: one rule, and two verdicts", r["query_name"])
		}
		verdicts[r["query_name"].(string)] = verdictSeen{permitted: r["permitted_after"].(string), reason: r["reason_after"].(string)}
		return nil
	})
}

// check asks live.
func (c *impactCmd) check(list string, flags []string, issuer, profile, kind string) (map[string]verdictSeen, error) {
	cmd := exec.Command(c.Caascan, append([]string{"check", "--json", "--issuer", issuer, "--profile", profile, "--for", kind, "@" + list}, flags...)...)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	const wrongUsage, stopped = 2, 3 // all other exit codes tell of verdicts
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == wrongUsage || exit.ExitCode() == stopped) {
		return nil, fmt.Errorf("check: %w: %s", err, message.String())
	}
	verdicts := map[string]verdictSeen{}
	return verdicts, eachObject(out, func(o row) error {
		climb, err := evidenceOf(o["climb"])
		verdicts[o["name"].(string)] = verdictSeen{fmt.Sprint(o["permitted"]), o["reason"].(string), climb}
		return err
	})
}

// eachObject calls visit with every line of JSON.
func eachObject(text []byte, visit func(row) error) error {
	for line := range bytes.Lines(text) {
		var o row
		if err := json.Unmarshal(line, &o); err != nil {
			return err
		}
		if err := visit(o); err != nil {
			return err
		}
	}
	return nil
}

// evidenceOf is what verdicts depend on in a climb as JSON, in one line.
func evidenceOf(climb any) (string, error) {
	if text, is := climb.(string); is {
		if err := json.Unmarshal([]byte(text), &climb); err != nil {
			return "", err
		}
	}
	levels, is := climb.([]any)
	if !is {
		return "", fmt.Errorf("%v is no climb", climb)
	}
	words := make([]string, len(levels))
	for i, l := range levels {
		level, is := l.(map[string]any)
		if !is {
			return "", fmt.Errorf("%v is no level of a climb", l)
		}
		word := fmt.Sprint(level["outcome"], " ", level["security"])
		if reason, has := level["reason"]; has && reason != nil {
			word += fmt.Sprint(" ", reason)
		}
		if level["alias_to"] != nil {
			word += " alias"
		}
		if level["truncated"] == true {
			word += " truncated"
		}
		words[i] = fmt.Sprint(word, " attempts ", level["attempts"], " ede ", level["ede"], " above ", level["caa"])
	}
	return strings.Join(words, "; "), nil
}

// leastAlike is the share of looks that must see what the scan saw, attempts and all; which denials a proven span answers depends on the
// order of the names.
const leastAlike = 0.8

// differing is what came of the comparison of verdicts.
type differing struct {
	same, denied int      // verdicts; of these, the ones that do not permit
	alike        int      // names of which the same was seen
	seen         []string // names with another verdict, for something else was seen: of each, how the first level that differs does
	unexplained  []string // names with another verdict on the same evidence, or without a verdict
}

// compareVerdicts holds the verdicts on what is stored against those found live. No difference is explained but by a difference of what was seen.
func compareVerdicts(stored map[string]string, verdicts, live map[string]verdictSeen) (d differing) {
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		ours, judged := verdicts[name]
		theirs, asked := live[name]
		if asked && stored[name] == theirs.climb {
			d.alike++
		}
		switch {
		case !judged || !asked:
			d.unexplained = append(d.unexplained, fmt.Sprintf("%s: judged %v, asked %v", name, judged, asked))
		case ours.permitted == theirs.permitted && ours.reason == theirs.reason:
			if d.same++; ours.permitted != "true" {
				d.denied++
			}
		case stored[name] == theirs.climb:
			d.unexplained = append(d.unexplained, fmt.Sprintf("%s: stored %s %s, live %s %s: %s", name, ours.permitted, ours.reason, theirs.permitted, theirs.reason, theirs.climb))
		default:
			d.seen = append(d.seen, fmt.Sprintf("%s, live %s", shortLevel(stored[name], theirs.climb), shortLevel(theirs.climb, stored[name])))
		}
	}
	return d
}

// shortLevel is the first level of a climb in which another differs, without what no text can tell shortly.
func shortLevel(climb, other string) string {
	theirs := strings.Split(other, "; ")
	for i, level := range strings.Split(climb, "; ") {
		if i >= len(theirs) || level != theirs[i] {
			level, _, _ = strings.Cut(level, " ede ")
			return level
		}
	}
	return "nothing"
}
