package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/impact"
	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// impactCmd is the command impact.
type impactCmd struct {
	dataFlags

	Dirs []string `arg:"" name:"dir" help:"Scans, folders of scans (shards, hive-style folders), or patterns of such."`

	Case     string   `group:"Rules" enum:",smime-mandatory,dnssec-mandatory" default:"" placeholder:"NAME" help:"A change that is ready: smime-mandatory (CAA became mandatory for S/MIME), dnssec-mandatory (DNSSEC validation became mandatory)."`
	From     string   `group:"Rules" placeholder:"PROFILE" help:"The rule before, such as tls-2025-07."`
	To       string   `group:"Rules" placeholder:"PROFILE" help:"The rule after, such as tls-2026-03, strict or w-failure-deny."`
	For      []string `group:"Rules" enum:"tls,tls-wildcard,smime,vmc" placeholder:"KIND" help:"Kind of certificate: tls, tls-wildcard, smime, vmc (repeatable; default: all that both rules are about)."`
	Profiles string   `group:"Rules" placeholder:"FILE" help:"Rules of your own in YAML, besides the built-in ones."`

	Issuer []string `group:"CA" placeholder:"ID" help:"An identifier of the CA, such as letsencrypt.org (repeatable)."`
	Owner  string   `group:"CA" placeholder:"NAME" help:"The CA by its name, with all its identifiers, such as DigiCert."`
	All    bool     `group:"CA" help:"All CAs: whoever no record names, and each that is known (the default)."`

	AccountURI  []string `group:"CA" name:"account-uri" env:"CAAREPORT_ACCOUNT_URI" sep:"none" placeholder:"URI" help:"The asking account (RFC 8657), then its parents (repeatable)."`
	Method      []string `group:"CA" placeholder:"LABEL" help:"Label of the validation method in use (RFC 8657; repeatable if several stand for it)."`
	Honours8657 bool     `group:"CA" name:"honours-8657" env:"CAAREPORT_HONOURS_8657" help:"The CA applies RFC 8657 before it must."`
	DNSOperator bool     `group:"CA" name:"dns-operator" env:"CAAREPORT_DNS_OPERATOR" help:"The CA runs the domain's DNS."`
	OnFailure   string   `group:"CA" enum:"unknown,permit,deny" default:"unknown" help:"What the CA does where the rule leaves a failed look-up to it: unknown, permit, deny."`

	Names   []string `placeholder:"FILE" help:"Only the names of this list, in any form that caascan scan reads; - for stdin (repeatable)."`
	List    string   `placeholder:"FILE" help:"Write the names whose verdict changes there, as .csv, .jsonl or .parquet."`
	ListAll bool     `help:"With --list: all names, with their verdicts before and after."`
	Format  string   `enum:"text,csv,json,parquet" default:"text" help:"Form of the tables: text, or with --out csv, json (one object a line), parquet."`
	Out     string   `placeholder:"DIR" help:"Write each table there, whole (default: text on stdout, the first rows of each)."`
	Round   string   `placeholder:"ID" help:"Of several scans, the one that it is about (default: the newest)."`
}

// Example implements exampler.
func (*impactCmd) Example() string {
	return "caareport impact scan-2026-11-21 --case smime-mandatory\n" +
		"  caareport impact scan-2026-11-21 --case dnssec-mandatory --issuer digicert.com --names issued.csv --list lost.csv\n" +
		"  caareport impact scan-2026-11-21 --owner \"Let's Encrypt (ISRG)\" --from tls-2026-06 --to tls-2027-03\n" +
		"  caareport impact scan-2026-11-21 --from tls-2026-06 --to w-failure-deny --format csv --out tables"
}

// Run answers.
func (c *impactCmd) Run(env *environ) error {
	question, err := c.question(datasets.DefaultIssuers())
	if err != nil {
		return command.Usage(err)
	}
	if len(c.Names) > 0 {
		// Names that caascan does not ask for in general are in the scan if it was told to.
		question.Names, err = datasets.Open(c.Names, datasets.Config{Stdin: env.stdin, AllowSpecialUse: true})
		if err != nil {
			return command.Usage(err)
		}
		defer question.Names.Close()
	}
	options := c.options()
	options.Round = c.Round
	data, err := analysis.Open(env.ctx, c.Dirs, options)
	if err != nil {
		return command.Usage(err)
	}
	return errors.Join(c.run(env, data, question), data.Close())
}

func (c *impactCmd) run(env *environ, data *analysis.Data, question *impact.Question) error {
	answer, err := impact.Ask(env.ctx, data, question)
	if err != nil {
		return command.Usage(err)
	}
	if c.List != "" {
		if err := impact.List(env.ctx, data, c.List); err != nil {
			return command.Usage(err)
		}
	}
	if c.Out == "" {
		err = writeAnswer(env.stdout, answer)
	} else {
		err = c.writeTables(answer)
	}
	if err != nil {
		return err
	}
	if round := data.Now(); !round.Complete() {
		return command.Exit{Code: exitIncomplete, Err: errors.New("the scan is not complete: this is about what is there")}
	}
	return nil
}

// question makes of the flags what is asked, but for the names.
func (c *impactCmd) question(issuers *datasets.Issuers) (*impact.Question, error) {
	switch given := count(len(c.Issuer) > 0, c.Owner != "", c.All); {
	case given > 1:
		return nil, errors.New("--issuer, --owner and --all are one or the other")
	case c.Format != "text" && c.Out == "":
		return nil, fmt.Errorf("--format %s: say where, by --out DIR", c.Format)
	case c.ListAll && c.List == "":
		return nil, errors.New("--list-all: say where, by --list FILE")
	}
	if _, ok := impact.ListForm(c.List); c.List != "" && !ok {
		return nil, fmt.Errorf("--list %s: want a name that ends in .csv, .json, .jsonl or .parquet", c.List)
	}
	q, err := c.rules()
	if err != nil {
		return nil, err
	}
	q.ListAll = c.ListAll
	q.Request = caa.Request{
		AccountURIs: c.AccountURI, Methods: c.Method, HonoursRFC8657: c.Honours8657, DNSOperator: c.DNSOperator,
		OnFailure: command.OnFailure[c.OnFailure],
	}
	switch {
	case len(c.Issuer) > 0:
		q.Subject, err = issuer(c.Issuer)
	case c.Owner != "":
		q.Subject, err = owner(c.Owner, issuers)
	default:
		q.Owners = analysis.Owners(issuers)
	}
	return q, err
}

func count(are ...bool) (n int) {
	for _, is := range are {
		if is {
			n++
		}
	}
	return n
}

// rules finds the changes of rules.
func (c *impactCmd) rules() (*impact.Question, error) {
	wanted := func(kind caa.Kind) bool { return len(c.For) == 0 || slices.Contains(c.For, kind.String()) }
	if c.Case != "" {
		if c.From != "" || c.To != "" || c.Profiles != "" {
			return nil, errors.New("--case says the rules: without --from, --to and --profiles")
		}
		ready, _ := impact.CaseByName(c.Case)
		q := ready.Question()
		q.Changes = slices.DeleteFunc(q.Changes, func(change analysis.Change) bool { return !wanted(change.Kind) })
		if len(q.Changes) == 0 {
			return nil, fmt.Errorf("--for %s: the case %s is not about that", strings.Join(c.For, ","), c.Case)
		}
		return &q, nil
	}
	if c.From == "" || c.To == "" {
		return nil, errors.New("say which change of rules: --case NAME, or --from PROFILE and --to PROFILE")
	}
	book, err := command.Rules(c.Profiles)
	if err != nil {
		return nil, err
	}
	for flag, name := range map[string]string{"--from": c.From, "--to": c.To} {
		if names := book.Names(); !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s %s: no such rule; there are %s", flag, name, strings.Join(names, ", "))
		}
	}
	q := &impact.Question{}
	for kind := range caa.Kind(caa.Kinds) {
		from, has := book.ByName(c.From, kind)
		to, hasToo := book.ByName(c.To, kind)
		switch {
		case has && hasToo && wanted(kind):
			q.Changes = append(q.Changes, analysis.Change{Kind: kind, From: from, To: to})
		case slices.Contains(c.For, kind.String()):
			return nil, fmt.Errorf("--for %s: not both rules say anything about it", kind)
		}
	}
	if len(q.Changes) == 0 {
		return nil, fmt.Errorf("%s and %s are about different kinds of certificates", c.From, c.To)
	}
	return q, nil
}

// issuer is a CA by its identifiers.
func issuer(given []string) (*analysis.Applicant, error) {
	identifiers, err := command.Issuers(given)
	if err != nil {
		return nil, err
	}
	return &analysis.Applicant{Name: strings.Join(identifiers, ", "), Identifiers: identifiers}, nil
}

// owner is a CA by its name, or that of its family.
func owner(name string, issuers *datasets.Issuers) (*analysis.Applicant, error) {
	name = strings.TrimSpace(name)
	if identifiers := issuers.Identifiers(name); len(identifiers) > 0 {
		if i := slices.IndexFunc(issuers.Names(), func(known string) bool { return strings.EqualFold(known, name) }); i >= 0 {
			name = issuers.Names()[i] // a family has none
		}
		return &analysis.Applicant{Name: name, Identifiers: identifiers}, nil
	}
	if near := alike(name, issuers.Names()); len(near) > 0 {
		return nil, fmt.Errorf("--owner %q: no such CA; did you mean %s?", name, strings.Join(near, ", "))
	}
	return nil, fmt.Errorf("--owner %q: no such CA; there are %s", name, strings.Join(issuers.Names(), ", "))
}

// alike are the names that share a word with one, or the beginning of a word.
func alike(name string, among []string) (near []string) {
	const start = 4 // letters that two words have in common at their beginning, so that a slip behind them does no harm
	for _, other := range among {
		for _, word := range words(name) {
			if len(word) < start || slices.Contains(tooCommon, word) {
				continue
			}
			if slices.ContainsFunc(words(other), func(w string) bool { return strings.HasPrefix(w, word[:start]) }) {
				near = append(near, other)
				break
			}
		}
	}
	return near
}

// tooCommon are words that tell no CA from another.
var tooCommon = []string{"trust", "services", "security", "digital", "certification", "certificate", "authority", "group"}

func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 0x7f) })
}

// writeTables writes each table into a file of its own.
func (c *impactCmd) writeTables(a *impact.Answer) error {
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return err
	}
	for _, t := range a.Tables {
		path := filepath.Join(c.Out, t.ID+"."+c.Format)
		var err error
		switch c.Format {
		case "parquet":
			err = t.WriteParquet(path)
		case "csv":
			err = analysis.WriteFile(path, t.WriteCSV)
		case "json":
			err = analysis.WriteFile(path, t.WriteJSON)
		default:
			path = filepath.Join(c.Out, t.ID+".txt")
			err = analysis.WriteFile(path, t.WriteText)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", t.ID, err)
		}
	}
	return nil
}

// shown is how many rows of a table stand in the text for people: a page in all.
const shown = 12

// writeAnswer writes an answer for people.
func writeAnswer(w io.Writer, a *impact.Answer) error {
	if _, err := fmt.Fprintf(w, "%s\n%s\n", a.Title, strings.Repeat("=", len(a.Title))); err != nil {
		return err
	}
	for _, paragraph := range a.Text {
		if _, err := fmt.Fprintf(w, "\n%s\n", wrapped(paragraph)); err != nil {
			return err
		}
	}
	for _, t := range a.Tables {
		if _, err := fmt.Fprintf(w, "\n%s\n%s\n", t.Title, strings.Repeat("-", len(t.Title))); err != nil {
			return err
		}
		for _, paragraph := range t.Note {
			if _, err := fmt.Fprintln(w, wrapped(paragraph)); err != nil {
				return err
			}
		}
		if len(t.Rows) == 0 {
			if _, err := fmt.Fprintln(w, "None."); err != nil {
				return err
			}
			continue
		}
		first := *t
		first.Rows = t.Rows[:min(shown, len(t.Rows))]
		if err := first.WriteText(w); err != nil {
			return err
		}
		if more := len(t.Rows) - len(first.Rows); more > 0 {
			if _, err := fmt.Fprintf(w, "and %d more rows: --out DIR writes them\n", more); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrapped breaks a paragraph into lines.
func wrapped(text string) string {
	const width = 110
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
