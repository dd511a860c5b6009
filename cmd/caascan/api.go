package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// Bounds on one call.
const (
	maxNames   = 100       // asked about
	maxStrings = 100       // of each other parameter
	maxBody    = 256 << 10 // octets
)

// api is what caascan serve answers over HTTP. Its description for clients is openapi.json.
type api struct {
	desk    *desk
	rules   *rulebook
	issuers *datasets.Issuers
	options datasets.Options
	profile string
	time    time.Duration
	token   string // "": none is asked for, and only loopback's own names are served

	rowsLock sync.Mutex
	rows     *output.Encoder

	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
}

//go:embed openapi.json
var openAPI []byte

func newAPI(d *desk, rules *rulebook, issuers *datasets.Issuers, c *serveCmd) *api {
	a := &api{
		desk: d, rules: rules, issuers: issuers, profile: c.Profile, time: c.CallTime,
		options: datasets.Options{AllowSpecialUse: c.AllowSpecialUse}, rows: plainEncoder("serve"), registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caascan_calls_total", Help: "Calls by path and status code."}, []string{"path", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "caascan_call_seconds", Help: "Time that calls took, by path.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)}, []string{"path"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caascan_verdicts_total", Help: "Verdicts by kind of certificate and by what they say."}, []string{"for", "permitted"}),
	}
	underWay := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "caascan_names_in_flight", Help: "Names that are looked up now."}, func() float64 { return float64(d.underWay()) })
	a.registry.MustRegister(a.calls, a.took, a.verdicts, underWay,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return a
}

// handler routes the calls.
func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /v1/check":   a.check,
		"POST /v1/check":  a.check,
		"GET /v1/lookup":  a.lookup,
		"POST /v1/lookup": a.lookup,
	} {
		_, path, _ := strings.Cut(pattern, " ")
		mux.Handle(pattern, a.call(path, handle))
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(openAPI)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
	return a.admit(mux)
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

// admit lets those in who show the token. Without one, a browser that was led here under a foreign name (DNS rebinding) is
// turned away.
func (a *api) admit(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + a.token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		switch {
		case a.token == "" && !isLoopback(r.Host):
			fail(w, problem{http.StatusMisdirectedRequest, "this service answers to localhost and loopback addresses only"})
		case a.token != "" && subtle.ConstantTimeCompare(got[:], want[:]) != 1:
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(w, problem{http.StatusUnauthorized, "want the header Authorization: Bearer TOKEN"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// call answers with what handle returns, as JSON.
func (a *api) call(path string, handle func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), a.time)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := handle(r.WithContext(ctx))
		code := http.StatusOK
		if err != nil {
			code = fail(w, err)
		} else {
			w.Header().Set("Content-Type", "application/json")
			w.Write(append(marshal(answer), '\n'))
		}
		a.calls.WithLabelValues(path, strconv.Itoa(code)).Inc()
		a.took.WithLabelValues(path).Observe(time.Since(began).Seconds())
	})
}

// fail tells the caller what is wrong, and returns the status code.
func fail(w http.ResponseWriter, err error) int {
	var p problem
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &big):
		p = problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("a call has at most %d octets", maxBody)}
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		p = problem{http.StatusTooManyRequests, "too many names are under way"}
	case errors.Is(err, context.DeadlineExceeded):
		p = problem{http.StatusGatewayTimeout, "the name servers did not answer in time"}
	default: // the caller has gone, or the service ends
		p = problem{http.StatusServiceUnavailable, "stopped"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.code)
	w.Write(append(marshal(map[string]string{"error": p.text}), '\n'))
	return p.code
}

// asked are the parameters of a call: of the query string, or the members of a JSON object in the body.
type asked struct {
	Names       []string `json:"name"`
	Issuers     []string `json:"issuer"`
	For         string   `json:"for"`
	Profile     string   `json:"profile"`
	AccountURIs []string `json:"account_uri"`
	Methods     []string `json:"method"`
	Honours8657 bool     `json:"honours_8657"`
	DNSOperator bool     `json:"dns_operator"`
	OnFailure   string   `json:"on_failure"`
}

// parameters reads what a call asks.
func parameters(r *http.Request) (asked, error) {
	var q asked
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return q, badRequest("query string: %v", err)
		}
		return q, q.fromQuery(values)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return q, problem{http.StatusUnsupportedMediaType, "want a body of type application/json"}
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return q, err
		}
		return q, badRequest("body: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return q, badRequest("body: more than one JSON value")
	}
	return q, nil
}

func (q *asked) fromQuery(values url.Values) error {
	lists := map[string]*[]string{"name": &q.Names, "issuer": &q.Issuers, "account_uri": &q.AccountURIs, "method": &q.Methods}
	words := map[string]*string{"for": &q.For, "profile": &q.Profile, "on_failure": &q.OnFailure}
	switches := map[string]*bool{"honours_8657": &q.Honours8657, "dns_operator": &q.DNSOperator}
	for key, given := range values {
		list, isList := lists[key]
		word, isWord := words[key]
		flag, isFlag := switches[key]
		switch {
		case isList:
			*list = given
		case (isWord || isFlag) && len(given) > 1:
			return badRequest("%s: given more than once", key)
		case isWord:
			*word = given[0]
		case isFlag:
			on, err := strconv.ParseBool(given[0])
			if err != nil {
				return badRequest("%s: want true or false", key)
			}
			*flag = on
		default:
			return badRequest("%q: no such parameter", key)
		}
	}
	return nil
}

// check answers for each name if the CA may issue.
func (a *api) check(r *http.Request) (any, error) {
	q, err := parameters(r)
	if err != nil {
		return nil, err
	}
	questions, err := a.questions(&q)
	if err != nil {
		return nil, err
	}
	targets := make([]record.Target, 0, len(questions))
	for i := range questions {
		if questions[i].scope == caa.InScope {
			targets = append(targets, questions[i].target)
		}
	}
	records, err := a.desk.ask(r.Context(), targets)
	if err != nil {
		return nil, err
	}
	verdicts := make([]verdict, len(questions))
	a.rowsLock.Lock()
	defer a.rowsLock.Unlock()
	for i := range questions {
		var shown *record.Record
		if questions[i].scope == caa.InScope {
			shown, records = records[0], records[1:]
		}
		verdicts[i] = a.rules.decide(&questions[i], shown, a.rows)
		a.verdicts.WithLabelValues(verdicts[i].For, caa.Verdict(verdicts[i].Permitted).String()).Inc()
	}
	return map[string][]verdict{"verdicts": verdicts}, nil
}

// questions makes of the parameters of check what is to be answered.
func (a *api) questions(q *asked) ([]issuance, error) {
	if err := q.bounded(); err != nil {
		return nil, err
	}
	if len(q.Issuers) == 0 {
		return nil, badRequest("issuer: want at least one identifier of the CA")
	}
	if _, known := kindWords[q.For]; q.For != "" && !known {
		return nil, badRequest("for: want tls, tls-wildcard, smime or vmc")
	}
	if _, known := failureWords[q.OnFailure]; q.OnFailure != "" && !known {
		return nil, badRequest("on_failure: want unknown, permit or deny")
	}
	if q.Profile == "" {
		q.Profile = a.profile
	} else if err := a.rules.check(q.Profile); err != nil {
		return nil, badRequest("%s", strings.TrimPrefix(err.Error(), "--"))
	}
	c := checkCmd{Issuer: q.Issuers, AccountURI: q.AccountURIs, Method: q.Methods, Honours8657: q.Honours8657, DNSOperator: q.DNSOperator, OnFailure: q.OnFailure}
	request, err := c.request()
	if err != nil {
		return nil, badRequest("%s", strings.TrimPrefix(err.Error(), "--"))
	}
	questions := make([]issuance, len(q.Names))
	for i, name := range q.Names {
		questions[i] = newIssuance(name, q.For, a.options)
		questions[i].request, questions[i].profile = request, q.Profile
	}
	return questions, nil
}

// bounded checks that no parameter is longer than a call may have.
func (q *asked) bounded() error {
	if n := len(q.Names); n == 0 || n > maxNames {
		return badRequest("name: want 1 to %d", maxNames)
	}
	if max(len(q.Issuers), len(q.AccountURIs), len(q.Methods)) > maxStrings {
		return badRequest("issuer, account_uri, method: at most %d of each", maxStrings)
	}
	return nil
}

// lookup answers with everything that was seen of each name: the row that a scan writes.
func (a *api) lookup(r *http.Request) (any, error) {
	q, err := parameters(r)
	if err != nil {
		return nil, err
	}
	if err := q.bounded(); err != nil {
		return nil, err
	}
	names := q.Names
	if q.Names = nil; !q.empty() {
		return nil, badRequest("lookup has the parameter name only")
	}
	targets := make([]record.Target, len(names))
	for i, name := range names {
		target, reason := datasets.Canonical(name, a.options)
		if reason != datasets.Accepted {
			return nil, badRequest("name %q: %s", name, reason)
		}
		targets[i] = target
	}
	records, err := a.desk.ask(r.Context(), targets)
	if err != nil {
		return nil, err
	}
	domains := make([]output.Domain, len(records))
	a.rowsLock.Lock()
	defer a.rowsLock.Unlock()
	for i, r := range records {
		domains[i], _ = a.rows.Rows(r)
	}
	return map[string][]output.Domain{"domains": domains}, nil
}

// empty reports whether no parameter is set.
func (q *asked) empty() bool {
	return slices.Max([]int{len(q.Names), len(q.Issuers), len(q.AccountURIs), len(q.Methods)}) == 0 &&
		q.For == "" && q.Profile == "" && q.OnFailure == "" && !q.Honours8657 && !q.DNSOperator
}

// isLoopback reports whether only this machine can reach what is called hostport.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
