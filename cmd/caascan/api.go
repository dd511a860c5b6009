package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// Bounds on one call.
const (
	maxNames   = 100      // asked about
	maxStrings = 100      // of each other parameter
	maxBody    = 64 << 10 // octets
)

// api is what caascan serve answers over HTTP, as an http.Handler. Its description for clients is openapi.json; what a
// call may ask is in parameters.go.
//
//	call ──admit──► route ──body──► check, lookup ──► desk ──► scan
type api struct {
	desk     *desk
	rules    *caa.Rules
	at       time.Time // for the rule in force; zero: the time of the call
	profile  string    // of calls that name none; "": the rule in force
	options  datasets.Options
	callTime time.Duration
	token    string // "": none is asked for, and only loopback's own names are served
	log      *slog.Logger

	ending  atomic.Bool // calls are refused
	routes  map[string]map[string]handle
	figures *figures

	rowsLock sync.Mutex
	rows     *output.Encoder
}

// handle answers one call, whose body has been read, or says what is wrong with it.
type handle func(w http.ResponseWriter, r *http.Request, body []byte) error

//go:embed openapi.json
var openAPI []byte

func newAPI(d *desk, rules *rulebook, c *serveCmd, token string, progress func() scanner.Progress, log *slog.Logger) *api {
	a := &api{
		desk: d, rules: rules.rules, at: c.At, profile: c.Profile, options: datasets.Options{AllowSpecialUse: c.AllowSpecialUse},
		callTime: c.CallTime, token: token, log: log, figures: newFigures(d, progress), rows: plainEncoder("serve"),
	}
	a.routes = map[string]map[string]handle{
		"/v1/check":     {http.MethodGet: a.check, http.MethodPost: a.check},
		"/v1/lookup":    {http.MethodGet: a.lookup, http.MethodPost: a.lookup},
		"/openapi.json": {http.MethodGet: describe},
		"/healthz":      {http.MethodGet: a.health},
		"/metrics":      {http.MethodGet: a.metrics},
	}
	return a
}

// problem is a call that went wrong, and what the caller is told.
type problem struct {
	code int
	text string
}

func (p problem) Error() string { return p.text }

func badRequest(format string, args ...any) error {
	return problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, code := time.Now(), http.StatusOK
	w.Header().Set("Cache-Control", "no-store") // what is true of a domain now may not be so in a minute
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := a.answer(w, r); err != nil {
		code = fail(w, err)
	}
	path := r.URL.Path
	if a.routes[path] == nil {
		path = "other"
	}
	a.figures.call(path, code, time.Since(began))
}

// answer answers a call or says what is wrong with it. A panic is a fault of ours that one caller met: the others are
// served on.
func (a *api) answer(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if met := recover(); met != nil {
			a.log.Error("internal error", "met", fmt.Sprint(met), "stack", string(debug.Stack()))
			err = problem{http.StatusInternalServerError, "internal error"}
		}
	}()
	if err := a.admit(w, r); err != nil {
		return err
	}
	handle, err := a.route(w, r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.callTime)
	defer cancel()
	return handle(w, r.WithContext(ctx), body)
}

// admit lets those in who show the token. Without one it turns away what a browser brings that is not the user's own
// doing: pages of other sites (CSRF), and pages that had their name point to this machine (DNS rebinding).
func (a *api) admit(w http.ResponseWriter, r *http.Request) error {
	if a.token == "" {
		if !isLoopback(r.Host) {
			return problem{http.StatusMisdirectedRequest, "this service answers to localhost and loopback addresses only"}
		}
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			return problem{http.StatusForbidden, "pages of other sites may not call this service"}
		}
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.token)) // so that the time tells not even the length
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return problem{http.StatusUnauthorized, "want the header Authorization: Bearer TOKEN"}
	}
	return nil
}

// route finds who answers.
func (a *api) route(w http.ResponseWriter, r *http.Request) (handle, error) {
	methods := a.routes[r.URL.Path]
	if methods == nil {
		return nil, problem{http.StatusNotFound, "no such path; /openapi.json describes what there is"}
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // whose answer net/http leaves the body out of
	}
	if methods[method] == nil {
		allowed := slices.Sorted(maps.Keys(methods))
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodHead), ", "))
		return nil, problem{http.StatusMethodNotAllowed, "want the method " + strings.Join(allowed, " or ")}
	}
	return methods[method], nil
}

// readBody reads what a call brings, whatever its method: none is left over that net/http would have to wait for. The server's
// time-out for reading ends with it.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("body: at most %d octets", maxBody)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem{http.StatusRequestTimeout, "body: it did not come in time"}
	case err != nil:
		return nil, badRequest("body: %v", err)
	}
	return body, nil
}

// statusGone is counted where the caller did not wait for the answer: nobody sees it.
const statusGone = 499

// fail tells the caller what is wrong, and returns the status code.
func fail(w http.ResponseWriter, err error) int {
	var p problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		p = problem{http.StatusTooManyRequests, err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		p = problem{http.StatusGatewayTimeout, "the name servers did not answer in time"}
	case errors.Is(err, errEnding):
		p = problem{http.StatusServiceUnavailable, err.Error()}
	default:
		p = problem{statusGone, "the caller has gone"}
	}
	writeJSON(w, p.code, map[string]string{"error": p.text})
	return p.code
}

// writeJSON writes the answer. That it cannot be written is its reader's loss alone.
func writeJSON(w http.ResponseWriter, code int, value any) {
	text := append(marshal(value), '\n')
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(text)
}

// check answers for each name if the CA may issue.
func (a *api) check(w http.ResponseWriter, r *http.Request, body []byte) error {
	var q asked
	if err := parameters(r, body, q.ofCheck()); err != nil {
		return err
	}
	questions, err := a.questions(&q)
	if err != nil {
		return err
	}
	targets := make([]record.Target, 0, len(questions))
	for i := range questions {
		if questions[i].scope == caa.InScope {
			targets = append(targets, questions[i].target)
		}
	}
	records, err := a.ask(r.Context(), targets)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]verdict{"verdicts": a.decide(questions, records)})
	return nil
}

// decide answers questions by the records of those that are in scope.
func (a *api) decide(questions []issuance, records []*record.Record) []verdict {
	rules := rulebook{rules: a.rules, at: a.at}
	if rules.at.IsZero() {
		rules.at = time.Now() // the service may live longer than a rule
	}
	verdicts := make([]verdict, len(questions))
	a.rowsLock.Lock()
	defer a.rowsLock.Unlock()
	for i := range questions {
		var shown *record.Record
		if questions[i].scope == caa.InScope {
			shown, records = records[0], records[1:]
		}
		verdicts[i] = rules.decide(&questions[i], shown, a.rows)
		a.figures.verdict(&verdicts[i])
	}
	return verdicts
}

// ask has names looked up, unless the service is ending.
func (a *api) ask(ctx context.Context, targets []record.Target) ([]*record.Record, error) {
	if a.ending.Load() {
		return nil, errEnding
	}
	return a.desk.ask(ctx, targets)
}

// questions makes of the parameters of check what is to be answered.
func (a *api) questions(q *asked) ([]issuance, error) {
	if err := a.bounded(q); err != nil {
		return nil, err
	}
	if len(q.issuers) == 0 {
		return nil, badRequest("issuer: want at least one identifier of the CA")
	}
	if _, known := kindWords[q.kind]; q.kind != "" && !known {
		return nil, badRequest("for: want tls, tls-wildcard, smime or vmc")
	}
	if _, known := command.OnFailure[q.onFailure]; q.onFailure != "" && !known {
		return nil, badRequest("on_failure: want unknown, permit or deny")
	}
	if q.profile == "" {
		q.profile = a.profile
	} else if err := (&rulebook{rules: a.rules}).check(q.profile); err != nil {
		return nil, badRequest("%s", strings.TrimPrefix(err.Error(), "--"))
	}
	c := checkCmd{Issuer: q.issuers, AccountURI: q.accountURIs, Method: q.methods, Honours8657: q.honours8657, DNSOperator: q.dnsOperator, OnFailure: q.onFailure}
	request, err := c.request()
	if err != nil {
		return nil, badRequest("%s", strings.TrimPrefix(err.Error(), "--"))
	}
	questions := make([]issuance, len(q.names))
	for i, name := range q.names {
		questions[i] = newIssuance(name, q.kind, a.options)
		questions[i].request, questions[i].profile = request, q.profile
	}
	return questions, nil
}

// bounded checks that no parameter is longer than a call may have.
func (a *api) bounded(q *asked) error {
	most := min(maxNames, a.desk.room)
	if n := len(q.names); n == 0 || n > most {
		return badRequest("name: want 1 to %d, not %d", most, n)
	}
	if max(len(q.issuers), len(q.accountURIs), len(q.methods)) > maxStrings {
		return badRequest("issuer, account_uri, method: at most %d of each", maxStrings)
	}
	return nil
}

// lookup answers with everything that was seen of each name: the row that a scan writes.
func (a *api) lookup(w http.ResponseWriter, r *http.Request, body []byte) error {
	var q asked
	if err := parameters(r, body, q.ofLookup()); err != nil {
		return err
	}
	if err := a.bounded(&q); err != nil {
		return err
	}
	targets := make([]record.Target, len(q.names))
	for i, name := range q.names {
		target, reason := datasets.Canonical(name, a.options)
		if reason != datasets.Accepted {
			return badRequest("name %q: %s", name, reason)
		}
		targets[i] = target
	}
	records, err := a.ask(r.Context(), targets)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]output.Domain{"domains": a.domains(records)})
	return nil
}

// domains makes the rows of a call; their input_line is the place in it.
func (a *api) domains(records []*record.Record) []output.Domain {
	domains := make([]output.Domain, len(records))
	a.rowsLock.Lock()
	defer a.rowsLock.Unlock()
	for i, r := range records {
		domains[i], _ = a.rows.Rows(r)
		domains[i].InputLine = int64(i + 1)
	}
	return domains
}

// describe answers with the description of the service.
func describe(w http.ResponseWriter, _ *http.Request, _ []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openAPI)
	return nil
}

// health answers if calls are answered.
func (a *api) health(w http.ResponseWriter, _ *http.Request, _ []byte) error {
	if a.ending.Load() {
		return errEnding
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n")
	return nil
}

// metrics answers with figures for Prometheus.
func (a *api) metrics(w http.ResponseWriter, r *http.Request, _ []byte) error {
	promhttp.HandlerFor(a.figures.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}
