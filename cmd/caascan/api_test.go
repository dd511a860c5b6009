package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caascan/caascan/scanner"
)

const testToken = "0123456789abcdef"

// newTestAPI is an api with a desk that nobody looks names up for.
func newTestAPI(t *testing.T, room int, token string) *api {
	t.Helper()
	rules, err := (&ruleFlags{}).rulebook(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return newAPI(newDesk(room), rules, &serveCmd{CallTime: 30 * time.Second}, token, func() scanner.Progress { return scanner.Progress{} }, newJSONLog(t.Output(), slog.LevelDebug))
}

// answered is what a call got.
type answered struct {
	code   int
	header http.Header
	body   string
	error  string // of an answer that is {"error": TEXT} and nothing else
}

// callAPI makes a call; change may change the request, which is one to localhost.
func callAPI(a http.Handler, method, target, body string, change func(*http.Request)) answered {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Host, r.URL, r.RequestURI = "localhost:8053", &url.URL{}, target
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	got := answered{code: w.Code, header: w.Header(), body: w.Body.String()}
	var told map[string]string
	if json.Unmarshal(w.Body.Bytes(), &told) == nil && len(told) == 1 {
		got.error = told["error"]
	}
	return got
}

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

// many is a query string with so many values of a parameter.
func manyOf(parameter string, n int) string {
	return strings.Repeat("&"+parameter+"=ca.example", n)
}

// manyInJSON is an array with so many names.
func manyInJSON(n int) string { return `["a.example"` + strings.Repeat(`,"a.example"`, n-1) + `]` }

// malformed are calls that get a 4xx that says why; no name is looked up for them.
var malformed = []struct {
	method, target, body string
	change               func(*http.Request)
	code                 int
	message              string // part of
}{
	// parameters of GET
	{"GET", "/v1/check", "", nil, 400, "name: want 1 to 100, not 0"},
	{"GET", "/v1/check?issuer=ca.example", "", nil, 400, "name: want 1 to 100, not 0"},
	{"GET", "/v1/check?name=a.example", "", nil, 400, "issuer: want at least one"},
	{"GET", "/v1/check?name=a.example&issuer=", "", nil, 400, "no issuer identifier"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&name2=x", "", nil, 400, `"name2": no such parameter`},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&NAME=x", "", nil, 400, `"NAME": no such parameter`},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&" + strings.Repeat("x", 9999) + "=1", "", nil, 400, "no such parameter"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&%0d%0aSet-Cookie:x=1", "", nil, 400, `"\r\nSet-Cookie:x": no such parameter`},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&for=web", "", nil, 400, "for: want tls, tls-wildcard, smime or vmc"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&for=TLS", "", nil, 400, "for: want"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&for=tls&for=tls", "", nil, 400, "for: given more than once"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&profile=no-such", "", nil, 400, "profile no-such: no such rule"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&profile=strict&profile=strict", "", nil, 400, "profile: given more than once"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&on_failure=maybe", "", nil, 400, "on_failure: want unknown, permit or deny"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&honours_8657=yes", "", nil, 400, "honours_8657: want true or false"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&honours_8657", "", nil, 400, "honours_8657: want true or false"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&dns_operator=2", "", nil, 400, "dns_operator: want true or false"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&dns_operator=true&dns_operator=false", "", nil, 400, "dns_operator: given more than once"},
	{"GET", "/v1/check?issuer=ca.example" + manyOf("name", 101), "", nil, 400, "name: want 1 to 100, not 101"},
	{"GET", "/v1/check?name=a.example" + manyOf("issuer", 101), "", nil, 400, "at most 100 of each"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example" + manyOf("account_uri", 101), "", nil, 400, "at most 100 of each"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example" + manyOf("method", 101), "", nil, 400, "at most 100 of each"},
	{"GET", "/v1/check?name=a.example&issuer=%3B", "", nil, 400, "no issuer identifier (RFC 8659 4.2)"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example%3B+policy%3Dev", "", nil, 400, "no issuer identifier"},
	{"GET", "/v1/check?name=a.example&issuer=ca%20example", "", nil, 400, "no issuer identifier"},
	{"GET", "/v1/check?name=a.example&issuer=-ca-.example", "", nil, 400, "no issuer identifier"},
	{"GET", "/v1/check?name=%ff.example&issuer=ca.example", "", nil, 400, `"name": not UTF-8`},
	{"GET", "/v1/check?name=a.example&issuer=ca.example&%ff=1", "", nil, 400, `"\xff": no such parameter`},
	{"GET", "/v1/check?name=%zz&issuer=ca.example", "", nil, 400, "query string: invalid URL escape"},
	{"GET", "/v1/check?name=a.example;issuer=ca.example", "", nil, 400, "query string: invalid semicolon"},
	{"HEAD", "/v1/check?name=a.example", "", nil, 400, "issuer: want at least one"},

	// those of lookup
	{"GET", "/v1/lookup", "", nil, 400, "name: want 1 to 100, not 0"},
	{"GET", "/v1/lookup?name=a.example&issuer=ca.example", "", nil, 400, `"issuer": no such parameter`},
	{"GET", "/v1/lookup?x" + manyOf("name", 3), "", nil, 400, `"x": no such parameter`},
	{"GET", "/v1/lookup?" + manyOf("name", 101)[1:], "", nil, 400, "name: want 1 to 100, not 101"},
	{"GET", "/v1/lookup?name=192.0.2.1", "", nil, 400, `name "192.0.2.1": ip-address`},
	{"GET", "/v1/lookup?name=", "", nil, 400, `name "": empty-label`},
	{"GET", "/v1/lookup?name=.", "", nil, 400, `root`},
	{"GET", "/v1/lookup?name=org&name=a..org", "", nil, 400, `name "a..org": empty-label`},
	{"GET", "/v1/lookup?name=printer.local", "", nil, 400, `special-use`},
	{"GET", "/v1/lookup?name=" + strings.Repeat("a", 64) + ".org", "", nil, 400, `label-too-long`},
	{"GET", "/v1/lookup?name=a%0d%0a.org", "", nil, 400, `name "a\r\n.org"`},
	{"POST", "/v1/lookup", `{"name": ["org"], "issuer": ["ca.example"]}`, nil, 400, `"issuer": no such parameter`},

	// bodies
	{"POST", "/v1/check", "", nil, 400, "body: want a JSON object"},
	{"POST", "/v1/check", "null", nil, 400, "body: want a JSON object"},
	{"POST", "/v1/check", `["a.example"]`, nil, 400, "body: want a JSON object"},
	{"POST", "/v1/check", `name=a.example`, nil, 400, "body: want a JSON object"},
	{"POST", "/v1/check", `{}`, nil, 400, "name: want 1 to 100, not 0"},
	{"POST", "/v1/check", `{"name": ["a.example"]`, nil, 400, "body: "},
	{"POST", "/v1/check", `{"name": ["a.example"`, nil, 400, "body: "},
	{"POST", "/v1/check", `{"name": ["a.example"],}`, nil, 400, "body: "},
	{"POST", "/v1/check", `{"name"}`, nil, 400, "body: "},
	{"POST", "/v1/check", `{name: ["a.example"]}`, nil, 400, "body: "},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"]} {}`, nil, 400, "body: more than one JSON value"},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"]} x`, nil, 400, "body: more than one JSON value"},
	{"POST", "/v1/check", `{"name": "a.example", "issuer": ["ca.example"]}`, nil, 400, "name: want an array of strings"},
	{"POST", "/v1/check", `{"name": null, "issuer": ["ca.example"]}`, nil, 400, "name: want an array of strings"},
	{"POST", "/v1/check", `{"name": [null], "issuer": ["ca.example"]}`, nil, 400, "name: want an array of strings"},
	{"POST", "/v1/check", `{"name": [1], "issuer": ["ca.example"]}`, nil, 400, "name: want an array of strings"},
	{"POST", "/v1/check", `{"name": {"a": 1}, "issuer": ["ca.example"]}`, nil, 400, "name: want an array of strings"},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "for": 1}`, nil, 400, "for: want a string"},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "profile": null}`, nil, 400, "profile: want a string"},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "dns_operator": "true"}`, nil, 400, "dns_operator: want true or false"},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "dns_operator": null}`, nil, 400, "dns_operator: want true or false"},
	{"POST", "/v1/check", `{"name": ["a.example"], "name": ["b.example"], "issuer": ["ca.example"]}`, nil, 400, "name: given more than once"},
	{"POST", "/v1/check", `{"Name": ["a.example"], "issuer": ["ca.example"]}`, nil, 400, `"Name": no such parameter`},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "isuer": 1}`, nil, 400, `"isuer": no such parameter`},
	{"POST", "/v1/check", `{"name": ["a.example"], "issuer": ["ca.example"], "for": "web"}`, nil, 400, "for: want tls"},
	{"POST", "/v1/check", `{"issuer": ["ca.example"], "name": ` + manyInJSON(101) + `}`, nil, 400, "name: want 1 to 100, not 101"},
	{"POST", "/v1/check", "{\"name\": [\"\xff.example\"], \"issuer\": [\"ca.example\"]}", nil, 400, "body: not UTF-8"},
	{"POST", "/v1/check", strings.Repeat("[", maxBody), nil, 400, "body: want a JSON object"},
	{"POST", "/v1/check", `{"name": ` + strings.Repeat("[", maxBody-20) + `}`, nil, 400, "body: "},
	{"POST", "/v1/check", `{"name": ["` + strings.Repeat("a", maxBody) + `"]}`, nil, 413, "body: at most 65536 octets"},
	{"GET", "/v1/check?name=a.example&issuer=ca.example", strings.Repeat("a", maxBody+1), nil, 413, "body: at most 65536 octets"},
	{"POST", "/v1/check?name=a.example", `{}`, nil, 400, "the parameters of a POST are in its body"},
	{"POST", "/v1/check", `{}`, header("Content-Type", "text/plain"), 415, "application/json"},
	{"POST", "/v1/check", `{}`, header("Content-Type", "application/x-www-form-urlencoded"), 415, "application/json"},
	{"POST", "/v1/lookup", `{}`, header("Content-Type", "multipart/form-data; boundary=x"), 415, "application/json"},
	{"POST", "/v1/lookup", `{}`, header("Content-Type", ""), 415, "application/json"},
	{"POST", "/v1/lookup", `{}`, header("Content-Type", "application/json; charset"), 415, "application/json"},

	// paths and methods
	{"GET", "/", "", nil, 404, "no such path"},
	{"GET", "/v1/check/", "", nil, 404, "no such path"},
	{"GET", "//v1/check", "", nil, 404, "no such path"},
	{"GET", "/v1/../healthz", "", nil, 404, "no such path"},
	{"GET", "/v2/check", "", nil, 404, "no such path"},
	{"OPTIONS", "*", "", nil, 404, "no such path"},
	{"PUT", "/v1/check", `{}`, nil, 405, "want the method GET or POST"},
	{"DELETE", "/v1/lookup?name=org", "", nil, 405, "want the method GET or POST"},
	{"OPTIONS", "/v1/check", "", nil, 405, "want the method GET or POST"},
	{"get", "/v1/check", "", nil, 405, "want the method GET or POST"},
	{"POST", "/healthz", "", nil, 405, "want the method GET"},
	{"POST", "/metrics", "", nil, 405, "want the method GET"},
	{"PATCH", "/openapi.json", "", nil, 405, "want the method GET"},

	// who calls
	{"GET", "/healthz", "", host("rebound.example"), 421, "localhost and loopback addresses only"},
	{"GET", "/healthz", "", host("rebound.example:8053"), 421, "localhost and loopback addresses only"},
	{"GET", "/metrics", "", host("192.0.2.1:8053"), 421, "loopback"},
	{"GET", "/healthz", "", host("127.0.0.1.rebound.example"), 421, "loopback"},
	{"GET", "/healthz", "", host("localhost.rebound.example"), 421, "loopback"},
	{"GET", "/healthz", "", host("127.0.0.1@rebound.example"), 421, "loopback"},
	{"GET", "/v1/check?name=org&issuer=ca.example", "", host(""), 421, "loopback"},
	{"GET", "/v1/check?name=org&issuer=ca.example", "", header("Sec-Fetch-Site", "cross-site"), 403, "pages of other sites"},
	{"GET", "/v1/check?name=org&issuer=ca.example", "", header("Sec-Fetch-Site", "same-site"), 403, "pages of other sites"},
}

// checkRefused checks that a call got the code and a message, as JSON.
func checkRefused(t *testing.T, what string, got answered, code int, message string) {
	t.Helper()
	if got.code != code || !strings.Contains(got.error, message) || got.header.Get("Content-Type") != "application/json" ||
		got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %q %v, want %d and %q", what, got.code, got.body, got.header, code, message)
	}
}

// TestMalformed: what is wrong with a call is told with 4xx, and nothing is looked up.
func TestMalformed(t *testing.T) {
	a := newTestAPI(t, 1000, "")
	document := readDocument(t)
	for _, c := range malformed {
		what := fmt.Sprintf("%s %.60s %.60s", c.method, c.target, c.body)
		got := callAPI(a, c.method, c.target, c.body, c.change)
		checkRefused(t, what, got, c.code, c.message)
		path, _, _ := strings.Cut(c.target, "?")
		if methods, ok := document.Paths[path]; ok && c.code != 405 {
			method := strings.ToLower(strings.ReplaceAll(c.method, "HEAD", "GET"))
			if _, told := methods[method].Responses[fmt.Sprint(c.code)]; !told {
				t.Errorf("%s: the description has no %d", what, c.code)
			}
		}
		if allow := got.header.Get("Allow"); (allow != "") != (c.code == 405) || allow != "" && !strings.Contains(allow, "GET") {
			t.Errorf("%s: Allow %q", what, allow)
		}
	}
	if a.desk.underWay() != 0 || !a.desk.places.TryAcquire(1000) {
		t.Error("names are under way for malformed calls")
	}
}

// TestToken: with one, nothing is to be had without it; the name of the host does not matter then.
func TestToken(t *testing.T) {
	a := newTestAPI(t, 1000, testToken)
	for path := range a.routes {
		for _, authorization := range []string{
			"", "Bearer", "Bearer ", "Bearer x", testToken, "Basic " + testToken, "Bearer " + testToken[1:], "Bearer " + testToken + "0",
			"Bearer  " + testToken, "Bearer " + strings.ToUpper(testToken), "Bearer " + testToken + ", Bearer x",
		} {
			got := callAPI(a, "GET", path, "", header("Authorization", authorization))
			checkRefused(t, path+" with "+authorization, got, 401, "Authorization: Bearer TOKEN")
			if got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	}
	for _, authorization := range []string{"Bearer " + testToken, "bearer " + testToken} {
		got := callAPI(a, "GET", "/healthz", "", func(r *http.Request) {
			r.Host = "caa.example:8053"
			r.Header.Set("Authorization", authorization)
		})
		if got.code != 200 || got.body != "ok\n" {
			t.Errorf("with the token: %d %s", got.code, got.body)
		}
	}
}

// TestNothingToLookUp: what is no name, or not to be asked for, has its verdict, and needs no look-up.
func TestNothingToLookUp(t *testing.T) {
	a := newTestAPI(t, 1000, "")
	names := []string{"192.0.2.1", "a..b", "", "x.onion", "*.*.example.org", "user@[192.0.2.1]", "<script>", "a\x00b", strings.Repeat("x.", 200)}
	query := url.Values{"name": names, "issuer": {"ca.example"}}
	body, err := json.Marshal(query)
	if err != nil {
		t.Fatal(err)
	}
	for method, got := range map[string]answered{
		"GET": callAPI(a, "GET", "/v1/check?"+query.Encode(), "", nil), "POST": callAPI(a, "POST", "/v1/check", string(body), nil),
	} {
		var answer struct{ Verdicts []map[string]any }
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.code != 200 || len(answer.Verdicts) != len(names) {
			t.Fatalf("%s: %d %s", method, got.code, got.body)
		}
		for i, v := range answer.Verdicts {
			if reason := v["reason"]; reason != "invalid-name" && reason != "out-of-scope" || len(v["climb"].([]any)) > 0 {
				t.Errorf("%s: %q: %v", method, names[i], v)
			}
		}
		if answer.Verdicts[7]["name"] != `a\000b` {
			t.Errorf("a name with NUL is shown as %q", answer.Verdicts[7]["name"])
		}
	}
}

// TestBusy: a call for which there is no room is to come again; one for which there never will be is told so.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAPI(t, 2, "")
		done := make(chan answered)
		go func() { done <- callAPI(a, "GET", "/v1/check?issuer=ca.example&name=org&name=net", "", nil) }()
		synctest.Wait()
		got := callAPI(a, "GET", "/v1/lookup?name=com", "", nil)
		checkRefused(t, "busy", got, 429, "too many names")
		if got.header.Get("Retry-After") != "1" {
			t.Errorf("busy: %v", got.header)
		}
		checkRefused(t, "never", callAPI(a, "GET", "/v1/lookup?name=com&name=net&name=org", "", nil), 400, "name: want 1 to 2, not 3")
		if got := callAPI(a, "GET", "/metrics", "", nil); !strings.Contains(got.body, "caascan_names_in_flight 2\n") {
			t.Errorf("two names under way:\n%s", got.body)
		}
		began := time.Now()
		checkRefused(t, "names that nobody answers", <-done, 504, "did not answer in time")
		if took := time.Since(began); took != a.callTime {
			t.Errorf("504 after %v", took)
		}
	})
}

// TestCallEnds: by the caller, and by the service.
func TestCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTestAPI(t, 1000, "")
		for cause, want := range map[error]int{context.Canceled: statusGone, errEnding: 503} {
			ctx, end := context.WithCancelCause(t.Context())
			done := make(chan answered)
			go func() {
				done <- callAPI(a, "POST", "/v1/lookup", `{"name": ["org"]}`, func(r *http.Request) { *r = *r.WithContext(ctx) })
			}()
			synctest.Wait()
			end(cause)
			if got := <-done; got.code != want || got.error == "" {
				t.Errorf("%v: %d %s", cause, got.code, got.body)
			}
		}
		if got := callAPI(a, "GET", "/healthz", "", nil); got.code != 200 {
			t.Errorf("healthz: %d", got.code)
		}
		a.ending.Store(true)
		for _, target := range []string{"/healthz", "/v1/lookup?name=org", "/v1/check?name=org&issuer=ca.example"} {
			checkRefused(t, target, callAPI(a, "GET", target, "", nil), 503, "the service is ending")
		}
		if got := callAPI(a, "GET", "/metrics", "", nil); got.code != 200 {
			t.Errorf("metrics at the end: %d", got.code)
		}
	})
}

// TestPanic: a fault of ours is one caller's, and told in the log.
func TestPanic(t *testing.T) {
	a := newTestAPI(t, 1000, "")
	var log bytes.Buffer
	a.log = newJSONLog(&log, slog.LevelError)
	a.routes["/v1/check"]["GET"] = func(http.ResponseWriter, *http.Request, []byte) error { panic("as a test") }
	checkRefused(t, "panic", callAPI(a, "GET", "/v1/check", "", nil), 500, "internal error")
	if !strings.Contains(log.String(), "as a test") || !strings.Contains(log.String(), "api_test.go") {
		t.Errorf("log: %s", &log)
	}
	if got := callAPI(a, "GET", "/healthz", "", nil); got.code != 200 {
		t.Errorf("after a panic: %d", got.code)
	}
}

// TestBodyFails: a body that breaks off is the caller's fault.
func TestBodyFails(t *testing.T) {
	a := newTestAPI(t, 1000, "")
	got := callAPI(a, "POST", "/v1/check", "", func(r *http.Request) { r.Body = io.NopCloser(brokenReader{}) })
	checkRefused(t, "broken", got, 400, "body: unexpected EOF")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestMetrics: all calls are counted, the description names all figures of ours, and no caller can make a new label.
func TestMetrics(t *testing.T) {
	a := newTestAPI(t, 1000, "")
	for _, c := range malformed {
		callAPI(a, c.method, c.target, c.body, c.change)
	}
	callAPI(a, "GET", "/v1/check?name=192.0.2.1&issuer=ca.example", "", nil)
	text := callAPI(a, "GET", "/metrics", "", nil).body
	description := readDocument(t).Paths["/metrics"]["get"].Description
	for _, name := range regexp.MustCompile(`(?m)^# HELP (caascan_\w+) `).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(description, name[1]) {
			t.Errorf("the description does not tell of %s", name[1])
		}
	}
	for _, name := range regexp.MustCompile(`caascan_\w+`).FindAllString(description, -1) {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}
	paths := []string{"other"}
	for path := range a.routes {
		paths = append(paths, path)
	}
	calls := 0
	for _, line := range regexp.MustCompile(`(?m)^caascan_calls_total\{code="(\d+)",path="([^"]*)"\} (\d+)$`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(paths, line[2]) {
			t.Errorf("a label %q", line[2])
		}
		n := 0
		fmt.Sscan(line[3], &n)
		calls += n
	}
	if calls != len(malformed)+1 {
		t.Errorf("%d calls are counted, there were %d", calls, len(malformed)+1)
	}
	if !strings.Contains(text, `caascan_verdicts_total{for="tls",permitted="unknown"} 1`) && !strings.Contains(text, `caascan_verdicts_total{for="tls",permitted="false"} 1`) {
		t.Errorf("the verdict is not counted:\n%s", text)
	}
}

// FuzzParameters: whatever the body and the query string are, they are refused with a 4xx, or they are what package json and
// url.Values make of them.
func FuzzParameters(f *testing.F) {
	for _, c := range malformed {
		_, query, _ := strings.Cut(c.target, "?")
		if len(query)+len(c.body) < 1000 { // what is larger is slow to vary
			f.Add(query, []byte(c.body))
		}
	}
	f.Add("name=a.example&issuer=ca.example&dns_operator=true", []byte(`{"name": ["a.example"], "issuer": ["ca.example"], "for": "tls", "honours_8657": true}`))
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		for method, text := range map[string][]byte{"GET": nil, "POST": body} {
			r := httptest.NewRequest(method, "/v1/check", nil)
			r.Header.Set("Content-Type", "application/json")
			if method == "GET" {
				r.URL.RawQuery = query
			}
			var q asked
			err := parameters(r, text, q.ofCheck())
			var p problem
			if err != nil {
				if !errors.As(err, &p) || p.code != 400 || p.text == "" {
					t.Fatalf("%s %q %q: %v", method, query, text, err)
				}
				continue
			}
			var want map[string]any
			if method == "POST" && json.Unmarshal(text, &want) != nil {
				t.Fatalf("%q is taken", text)
			}
			if method == "GET" {
				want = map[string]any{}
				values, err := url.ParseQuery(query)
				if err != nil {
					t.Fatalf("%q is taken", query)
				}
				for key, value := range values {
					want[key] = value
				}
			}
			for key, field := range q.ofCheck() {
				value, given := want[key]
				delete(want, key)
				switch field := field.(type) {
				case *[]string:
					if given && fmt.Sprint(*field) != fmt.Sprint(value) || !given && *field != nil {
						t.Fatalf("%s: %q, want %q", key, *field, value)
					}
				case *string:
					if list, is := value.([]string); is {
						value = list[0]
					}
					if given && *field != value || !given && *field != "" {
						t.Fatalf("%s: %q, want %q", key, *field, value)
					}
				case *bool:
					if !given && *field {
						t.Fatalf("%s is set", key)
					}
				}
			}
			if len(want) > 0 {
				t.Fatalf("%v are taken and have no effect", want)
			}
		}
	})
}
