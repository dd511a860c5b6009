package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// lookupCmd is the command lookup.
type lookupCmd struct {
	networkFlags
	issuerFlags

	Names []string `arg:"" name:"name" help:"Names, wildcard names or mail addresses."`
	Type  string   `placeholder:"T" help:"Look up this record type only, as dig does (default: the full CAA procedure of a scan)."`
	JSON  bool     `name:"json" help:"One JSON object a line for each name."`
	With  []string `default:"mx" placeholder:"LIST" help:"What to look up besides CAA: as of caascan scan."`
	Trace bool     `help:"Show each exchange on stderr."`
}

// Example implements command.Exampler.
func (*lookupCmd) Example() string {
	return "caascan lookup example.org\n  caascan lookup --with mx,spf,dmarc,mta-sts,mx-hosts,all-servers example.org\n  caascan lookup --type MX --json example.org example.net"
}

// Run looks the names up.
func (c *lookupCmd) Run(env *environ) error {
	network, err := c.network(env)
	if err != nil {
		return command.Usage(err)
	}
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt)
	defer stop()
	var watch func(step.Machine) step.Machine
	if c.Trace {
		watch = func(m step.Machine) step.Machine { return newTrace(m, env.stderr) }
	}
	if c.Type != "" {
		err = c.records(ctx, env, &network, watch)
	} else {
		err = c.procedure(ctx, env, &network, watch)
	}
	if errors.Is(err, context.Canceled) {
		return command.Exit{Code: exitStopped, Err: errors.New("stopped")}
	}
	return err
}

// records looks up one type.
func (c *lookupCmd) records(ctx context.Context, env *environ, network *scanner.Network, watch func(step.Machine) step.Machine) error {
	typ, err := parseType(c.Type)
	if err != nil {
		return command.Usage(err)
	}
	var questions []scanner.Question
	lines := make([]*typeAnswer, len(c.Names))
	at := make([]int, 0, len(c.Names)) // which line a question is for
	for i, text := range c.Names {
		name, err := parseName(text)
		if err != nil {
			lines[i] = &typeAnswer{Name: text, Type: typeText(typ), Security: record.Indeterminate.String(), Answers: []string{}, Error: "invalid-name: " + err.Error()}
			continue
		}
		questions = append(questions, scanner.Question{Name: name, Type: typ})
		at = append(at, i)
	}
	answers, err := network.Lookup(ctx, questions, watch)
	if err != nil {
		return err
	}
	for i, a := range answers {
		lines[at[i]] = newTypeAnswer(a)
		if c.Trace {
			explainAnswer(env.stderr, a)
		}
	}
	invalid := false
	for _, line := range lines {
		if err := line.print(env.stdout, c.JSON); err != nil {
			return err
		}
		invalid = invalid || line.RCode == ""
	}
	if invalid {
		return command.Exit{Code: exitUsage, Err: errors.New("some names are no domain names")}
	}
	return nil
}

// parseType reads a type's mnemonic, TYPE123 or a number.
func parseType(text string) (wire.Type, error) {
	upper := strings.ToUpper(text)
	if t, ok := dns.StringToType[upper]; ok {
		if t == dns.TypeNone || t >= dns.TypeIXFR && t <= dns.TypeANY || t == dns.TypeOPT {
			return 0, fmt.Errorf("--type %s: not a type that data has", text)
		}
		return wire.Type(t), nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(upper, "TYPE"), 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("--type %s: no such type", text)
	}
	return wire.Type(n), nil
}

func typeText(t wire.Type) string { return dns.Type(t).String() }

// parseName reads a name as a person gives it: in presentation form, or with U-labels.
func parseName(text string) (wire.Name, error) {
	if isASCII(text) {
		return wire.ParseName(text)
	}
	target, reason := datasets.Canonical(text, datasets.Options{AllowSpecialUse: true})
	if reason != datasets.Accepted {
		return "", errors.New(reason.String())
	}
	return wire.ParseName(target.Name)
}

func isASCII(text string) bool {
	for _, c := range []byte(text) {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// typeAnswer is the line of lookup --type --json (design/cli.md).
type typeAnswer struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	RCode    string   `json:"rcode"`
	Security string   `json:"security"`
	Reason   string   `json:"reason"`
	Answers  []string `json:"answers"`
	Error    string   `json:"error"`
}

func newTypeAnswer(a *record.Answer) *typeAnswer {
	line := &typeAnswer{
		Name: a.Name.String(), Type: typeText(a.Type), RCode: a.Outcome.ClientRCode().String(),
		Security: a.Security.String(), Reason: cmp.Or(a.Cause, a.Reason), Answers: []string{},
	}
	if a.Outcome.Failed() {
		line.Error = a.Outcome.String()
		if a.FailedAt() != "" {
			line.Error += " at the servers of " + a.FailedAt().String()
		}
		return line // a client of a resolver would see no records
	}
	for i := range a.Records {
		line.Answers = append(line.Answers, rrText(&a.Records[i]))
	}
	return line
}

// rrText is the presentation form of a record: owner, TTL, class, type and data with one space between.
func rrText(rr *record.RR) string {
	packed := wire.AppendRR(nil, rr.Owner, rr.Type, rr.Class, rr.TTL, rr.Data)
	parsed, _, err := dns.UnpackRR(packed, 0)
	if err != nil { // data that its type's grammar refuses
		parsed = nil
	}
	data := ""
	switch known := parsed.(type) {
	case *dns.CAA:
		data = fmt.Sprintf("%d %s %s", known.Flag, known.Tag, quoted(known.Value))
	case *dns.RFC3597, nil:
		data = genericData(rr.Data)
	default:
		data = strings.TrimPrefix(parsed.String(), parsed.Header().String())
	}
	return fmt.Sprintf("%s %d IN %s %s", fqdn(rr.Owner), rr.TTL, typeText(rr.Type), data)
}

// genericData is record data of any type as text (RFC 3597 5).
func genericData(data []byte) string {
	return strings.TrimSpace(fmt.Sprintf("\\# %d %X", len(data), data))
}

// quoted is a character-string in quotes (RFC 1035 5.1), of any length (RFC 8659 4.1.1).
func quoted(value string) string {
	return `"` + strings.ReplaceAll(output.Octets(value), `"`, `\"`) + `"`
}

func fqdn(n wire.Name) string { return strings.TrimSuffix(n.String(), ".") + "." }

func (line *typeAnswer) print(to io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(to)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "; %s %s: %s, %s", line.Name, line.Type, line.RCode, line.Security)
	for _, note := range []string{line.Reason, line.Error} {
		if note != "" {
			fmt.Fprintf(&b, " (%s)", note)
		}
	}
	b.WriteByte('\n')
	for _, rr := range line.Answers {
		b.WriteString(rr + "\n")
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// procedure runs the names through what a scan does.
func (c *lookupCmd) procedure(ctx context.Context, env *environ, network *scanner.Network, watch func(step.Machine) step.Machine) error {
	issuers, err := c.issuers(env)
	if err != nil {
		return command.Usage(err)
	}
	beside, err := (&scanFlags{With: c.With}).accompaniment(network)
	if err != nil {
		return command.Usage(err)
	}
	pages := newPage(issuers)
	var targets []record.Target
	for i, text := range c.Names {
		target, reason := datasets.Canonical(text, datasets.Options{AllowSpecialUse: c.AllowSpecialUse})
		if reason != datasets.Accepted {
			return command.Usage(fmt.Errorf("%q: %s", text, reason))
		}
		target.Source, target.Line = "command line", int64(i+1)
		targets = append(targets, target)
	}
	scan, err := scanner.New(scanner.Config{Network: *network, InFlight: len(targets), Loops: 1, With: beside.with, DKIM: beside.selectors, Watch: watch})
	if err != nil {
		return err
	}
	records := &collected{}
	if err := scan.Run(ctx, &given{targets}, records); err != nil {
		return err
	}
	if !c.JSON {
		for _, r := range records.inOrder(len(targets)) {
			if err := pages.print(env.stdout, r); err != nil {
				return err
			}
		}
		return nil
	}
	f := scanFlags{}
	cfg := f.outputConfig(0)
	cfg.Issuers = datasets.Registry{Issuers: issuers}
	stream, err := output.NewStream(env.stdout, cfg)
	if err != nil {
		return err
	}
	return errors.Join(stream.Write(records.inOrder(len(targets))), stream.Close(output.Complete))
}

// given is a scanner.Source of a few targets.
type given struct{ targets []record.Target }

// Next implements scanner.Source.
func (g *given) Next(context.Context) ([]record.Target, error) {
	targets := g.targets
	g.targets = nil
	return targets, io.EOF
}

// collected is a scanner.Sink in memory.
type collected struct{ records []*record.Record }

// Write implements scanner.Sink.
func (c *collected) Write(batch []*record.Record) error {
	c.records = append(c.records, batch...)
	return nil
}

// inOrder returns the records in the order of the targets' lines, 1 to n.
func (c *collected) inOrder(n int) []*record.Record {
	ordered := make([]*record.Record, n)
	for _, r := range c.records {
		ordered[r.Target.Line-1] = r
	}
	return ordered
}
