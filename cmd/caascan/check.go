package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// checkCmd is the command check.
type checkCmd struct {
	networkFlags
	ruleFlags

	Names    []string `arg:"" name:"name" help:"Names, wildcard names (*.x) and mail addresses; @FILE for a file with one a line, - for stdin. Those of files are answered as they are ready, not in order."`
	Issuer   []string `required:"" placeholder:"ID" help:"An identifier of the CA, such as letsencrypt.org (repeatable)."`
	For      string   `enum:"auto,tls,tls-wildcard,smime,vmc" default:"auto" help:"Kind of certificate: tls, tls-wildcard, smime, vmc (default: by the form of the name)."`
	JSON     bool     `name:"json" help:"One JSON object a line for each name."`
	InFlight int      `placeholder:"N" help:"Names under way at once (default: by memory)."`

	AccountURI  []string `group:"Judging" name:"account-uri" env:"CAASCAN_ACCOUNT_URI" sep:"none" placeholder:"URI" help:"The asking account (RFC 8657), then its parents (repeatable)."`
	Method      []string `group:"Judging" placeholder:"LABEL" help:"Label of the validation method in use (RFC 8657; repeatable if several stand for it)."`
	Honours8657 bool     `group:"Judging" name:"honours-8657" env:"CAASCAN_HONOURS_8657" help:"The CA applies RFC 8657 before it must."`
	DNSOperator bool     `group:"Judging" name:"dns-operator" env:"CAASCAN_DNS_OPERATOR" help:"The CA runs the domain's DNS."`
	OnFailure   string   `group:"Judging" enum:"unknown,permit,deny" default:"unknown" help:"What the CA does where the rule leaves a failed look-up to it: unknown, permit, deny."`
}

// Example implements command.Exampler.
func (*checkCmd) Example() string {
	return "caascan check --issuer letsencrypt.org example.org '*.example.org' user@example.org\n" +
		"  caascan check --issuer digicert.com --issuer www.digicert.com --json @customers.txt"
}

// exitUndetermined: for some name the rule, or what could be learned, does not say.
const exitUndetermined = 4

// Run answers for each name.
func (c *checkCmd) Run(env *environ) error {
	network, err := c.network(env)
	if err != nil {
		return command.Usage(err)
	}
	rules, err := c.rulebook(c.At)
	if err != nil {
		return command.Usage(err)
	}
	request, err := c.request()
	if err != nil {
		return command.Usage(err)
	}
	questions, err := c.questions(env, request)
	if err != nil {
		return command.Usage(err)
	}
	defer questions.close()
	cfg := scanner.Config{Network: network, InFlight: cmp.Or(c.InFlight, defaultInFlight()), Loops: runtime.GOMAXPROCS(0)}
	if !questions.endless {
		cfg.InFlight, cfg.Loops = max(len(questions.given), 1), 1
	}
	scan, err := scanner.New(cfg)
	if err != nil {
		return command.Usage(err)
	}
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	answers := &answers{questions: questions, rules: rules, rows: plainEncoder("check"), to: bufio.NewWriter(env.stdout), json: c.JSON}
	questions.refused = answers.refuse
	err = errors.Join(scan.Run(ctx, questions, answers), answers.finish())
	switch {
	case errors.Is(err, context.Canceled):
		return command.Exit{Code: exitStopped, Err: errors.New("stopped")}
	case err != nil:
		return command.Exit{Code: exitStopped, Err: err}
	case answers.seen[caa.No]:
		return command.Exit{Code: exitNo}
	case answers.seen[caa.Undetermined]:
		return command.Exit{Code: exitUndetermined}
	}
	return nil
}

// plainEncoder makes rows for who shows parts of them.
func plainEncoder(id string) *output.Encoder {
	return output.NewEncoder(output.Config{
		ScanID: id, Registrable: datasets.DefaultSuffixes().Operator, Issuers: datasets.Registry{Issuers: datasets.DefaultIssuers()},
	})
}

// request makes of the flags what the CA is like.
func (c *checkCmd) request() (caa.Request, error) {
	r := caa.Request{
		AccountURIs: c.AccountURI, Methods: c.Method, HonoursRFC8657: c.Honours8657, DNSOperator: c.DNSOperator,
		OnFailure: command.OnFailure[c.OnFailure],
	}
	var err error
	if r.Issuers, err = command.Issuers(c.Issuer); err == nil && len(r.Issuers) == 0 { // --issuer ""
		err = errors.New("--issuer: no identifier given")
	}
	return r, err
}

// questions are what check is asked, as a scanner.Source; those under way are remembered until they are answered.
type questions struct {
	kind    string // "" is auto
	options datasets.Options
	request caa.Request
	profile string

	given   []string          // on the command line
	files   []*datasets.Lines // then those
	endless bool              // there are files

	refused func(*issuance) error // takes those that are not asked

	mu       sync.Mutex
	last     int64
	underWay map[int64]*issuance
}

// questions opens the files among the arguments.
func (c *checkCmd) questions(env *environ, request caa.Request) (*questions, error) {
	q := &questions{options: datasets.Options{AllowSpecialUse: c.AllowSpecialUse}, request: request, profile: c.Profile, underWay: map[int64]*issuance{}}
	if c.For != "auto" {
		q.kind = c.For
	}
	for _, name := range c.Names {
		path, isFile := strings.CutPrefix(name, "@")
		if name == "-" {
			path, isFile = name, true
		}
		if !isFile {
			q.given = append(q.given, name)
			continue
		}
		lines, err := datasets.OpenLines(path, env.stdin)
		if err != nil {
			q.close()
			return nil, err
		}
		q.files, q.endless = append(q.files, lines), true
	}
	return q, nil
}

func (q *questions) close() {
	for _, file := range q.files {
		file.Close()
	}
}

// next returns the text of the next question; io.EOF after the last.
func (q *questions) next() (string, error) {
	if len(q.given) > 0 {
		text := q.given[0]
		q.given = q.given[1:]
		return text, nil
	}
	for len(q.files) > 0 {
		text, err := q.files[0].Next()
		if err != io.EOF {
			return text, err
		}
		q.files[0].Close()
		q.files = q.files[1:]
	}
	return "", io.EOF
}

// Next implements scanner.Source.
func (q *questions) Next(ctx context.Context) ([]record.Target, error) {
	const atOnce = 256
	var targets []record.Target
	for len(targets) < atOnce {
		text, err := q.next()
		if err != nil {
			return targets, err
		}
		asked := newIssuance(text, q.kind, q.options)
		asked.request, asked.profile = q.request, q.profile
		q.last++
		asked.target.Line = q.last
		if asked.scope != caa.InScope {
			if err := q.refused(&asked); err != nil {
				return targets, err
			}
			continue
		}
		q.mu.Lock()
		q.underWay[q.last] = &asked
		q.mu.Unlock()
		targets = append(targets, asked.target)
	}
	return targets, ctx.Err()
}

// take returns the question with that number, which is answered now.
func (q *questions) take(number int64) *issuance {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked := q.underWay[number]
	delete(q.underWay, number)
	return asked
}

// answers prints the verdicts, as a scanner.Sink: those of the command line in its order, which are few, all others as
// they come.
type answers struct {
	questions *questions
	rules     *rulebook
	rows      *output.Encoder
	json      bool

	mu      sync.Mutex
	to      *bufio.Writer
	ordered []numbered
	seen    [caa.No + 1]bool // verdicts
}

// numbered is the line of a question.
type numbered struct {
	number int64
	line   []byte
}

// Write implements scanner.Sink.
func (a *answers) Write(batch []*record.Record) error {
	for _, r := range batch {
		asked := a.questions.take(r.Target.Line)
		if err := a.answer(asked, r); err != nil {
			return err
		}
	}
	return a.flush()
}

// refuse answers a question that no look-up is made for.
func (a *answers) refuse(asked *issuance) error { return a.answer(asked, nil) }

func (a *answers) answer(asked *issuance, r *record.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.rules.decide(asked, r, a.rows)
	a.seen[v.Permitted] = true
	line := []byte(v.text())
	if a.json {
		line = marshal(&v)
	}
	line = append(line, '\n')
	if a.questions.endless {
		_, err := a.to.Write(line)
		return err
	}
	a.ordered = append(a.ordered, numbered{asked.target.Line, line})
	return nil
}

// marshal is the JSON of a value that always has one, on one line.
func marshal(v any) []byte {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("internal error: " + err.Error())
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

func (a *answers) flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.to.Flush()
}

// finish prints what waits for the end.
func (a *answers) finish() error {
	slices.SortFunc(a.ordered, func(x, y numbered) int { return cmp.Compare(x.number, y.number) })
	for _, n := range a.ordered {
		if _, err := a.to.Write(n.line); err != nil {
			return err
		}
	}
	return a.to.Flush()
}
