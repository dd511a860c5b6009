package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
)

// publisher is a server on loopback that stands for all who publish lists. Paths begin with the name of the list.
type publisher struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	asked []string
	serve map[string]http.HandlerFunc // by path and query
}

func newPublisher(t *testing.T, serve map[string]http.HandlerFunc) *publisher {
	p := &publisher{t: t, serve: serve}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.RequestURI())
		p.mu.Unlock()
		if answer := serve[r.URL.RequestURI()]; answer != nil {
			answer(w, r)
		} else {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// list returns a list that this publisher has, of ten names.
func (p *publisher) list(name string) *datasets.PublicList {
	p.t.Helper()
	l, err := datasets.FindPublicList(name)
	if err != nil {
		p.t.Fatal(err)
	}
	host := regexp.MustCompile(`^https://[^/]*`)
	here := func(text string) string {
		if text == "" {
			return ""
		}
		return host.ReplaceAllString(text, p.URL)
	}
	l.Latest, l.Dated, l.IDOfDate, l.DateOfID, l.Names = here(l.Latest), here(l.Dated), here(l.IDOfDate), here(l.DateOfID), 10
	l.ByID = slices.Clone(l.ByID)
	for i := range l.ByID {
		l.ByID[i] = here(l.ByID[i])
	}
	return &l
}

// fetching is a fetcher and a store at a time that the test sets.
type fetching struct {
	*fetcher
	store  listStore
	now    time.Time
	pauses []time.Duration
	notes  bytes.Buffer
}

func newFetching(t *testing.T) *fetching {
	f := &fetching{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	f.fetcher = newFetcher(&f.notes)
	f.pause = func(ctx context.Context, d time.Duration) error {
		f.pauses = append(f.pauses, d)
		return ctx.Err()
	}
	f.store = listStore{filepath.Join(t.TempDir(), "lists"), func() time.Time { return f.now }}
	t.Cleanup(f.client.CloseIdleConnections)
	return f
}

// get fetches as the command does.
func (f *fetching) get(t *testing.T, l *datasets.PublicList, want edition) (path string, err error) {
	t.Helper()
	if path, found := f.store.find(l, want); found {
		return path, nil
	}
	return f.fetch(t.Context(), l, want, &f.store)
}

// all returns what is in the store, hidden or not.
func (f *fetching) all() (files []string) {
	entries, _ := os.ReadDir(f.store.dir)
	for _, e := range entries {
		files = append(files, e.Name())
	}
	return files
}

func rankedList(names int, end string) string {
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "%d,name%d.com%s", i+1, i, end)
	}
	return b.String()
}

func zippedList(t *testing.T, content string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	member, err := w.Create("top-1m.csv")
	if err == nil {
		_, err = io.WriteString(member, content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sends answers with a file.
func sends(content string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		io.WriteString(w, content)
	}
}

func says(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, "<html>no</html>")
	}
}

// inTurn answers each time as the next of several; the last ever after.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		answer := answers[min(n, len(answers)-1)]
		n++
		mu.Unlock()
		answer(w, r)
	}
}

// breaksOff promises more than it sends.
func breaksOff(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)+100))
		io.WriteString(w, content)
	}
}

// goesSilent sends something, and then nothing until the caller is gone.
func goesSilent(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)+100))
		io.WriteString(w, content)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func editionOfDay(text string) edition {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return edition{date: date}
}

const trancoLatest = `{"list_id":"V348N","available":true,"failed":false,"created_on":"2026-11-20T22:00:02.014599","configuration":{"endDate":"2026-11-20"}}`

// Where each list is fetched from, and what the file is called; what scan makes of that as source_list.
func TestListsFetch(t *testing.T) {
	crux := "origin,rank\n" + strings.Repeat("https://www.example.com,1000\n", 10)
	majestic := "GlobalRank,TldRank,Domain,TLD\n" + strings.ReplaceAll(rankedList(10, ",com\n"), ",name", ",1,name")
	radar := "domain\n" + strings.Repeat("example.com\n", 10)
	const modified = "Fri, 20 Nov 2026 03:00:00 GMT"
	t.Setenv("CLOUDFLARE_API_TOKEN", "secret-token")
	for _, c := range []struct {
		what, list   string
		want         edition
		serve        map[string]http.HandlerFunc
		asked        []string
		file, source string
		etag         string
	}{
		{"the newest, by way of a redirect", "tranco", edition{}, map[string]http.HandlerFunc{
			"/api/lists/date/latest":                  sends(trancoLatest),
			"/download_daily/V348N":                   says(307, "Location", "/download/daily/tranco_V348N-1m.csv.zip"),
			"/download/daily/tranco_V348N-1m.csv.zip": sends(zippedList(t, rankedList(10, "\r\n")), "ETag", `"abc"`),
		}, []string{"/api/lists/date/latest", "/download_daily/V348N", "/download/daily/tranco_V348N-1m.csv.zip"},
			"tranco-2026-11-20-V348N.csv.zip", "tranco:2026-11-20:V348N", `"abc"`},
		{"of a date", "tranco", editionOfDay("2026-11-01"), map[string]http.HandlerFunc{
			"/api/lists/date/2026-11-01": sends(strings.ReplaceAll(trancoLatest, "V348N", "K25XW")),
			"/download_daily/K25XW":      sends(zippedList(t, rankedList(10, "\n"))),
		}, []string{"/api/lists/date/2026-11-01", "/download_daily/K25XW"}, "tranco-2026-11-01-K25XW.csv.zip", "tranco:2026-11-01:K25XW", ""},
		{"of an ID that is no daily list", "tranco", edition{id: "V348N"}, map[string]http.HandlerFunc{
			"/api/lists/id/V348N":     sends(trancoLatest),
			"/download_daily/V348N":   says(403),
			"/download/V348N/1000000": sends(rankedList(3, "\n")),
		}, []string{"/api/lists/id/V348N", "/download_daily/V348N", "/download/V348N/1000000"}, "tranco-2026-11-20-V348N.csv", "tranco:2026-11-20:V348N", ""},
		{"the newest month is not out yet", "crux", edition{}, map[string]http.HandlerFunc{
			"/zakird/crux-top-lists/main/data/global/202609.csv.gz": sends(gzipped(t, crux)),
		}, []string{"/zakird/crux-top-lists/main/data/global/202610.csv.gz", "/zakird/crux-top-lists/main/data/global/202609.csv.gz"},
			"crux-202609.csv.gz", "crux:202609", ""},
		{"a month", "crux", editionOfDay("2025-03-01"), map[string]http.HandlerFunc{
			"/zakird/crux-top-lists/main/data/global/202503.csv.gz": sends(gzipped(t, crux)),
		}, []string{"/zakird/crux-top-lists/main/data/global/202503.csv.gz"}, "crux-202503.csv.gz", "crux:202503", ""},
		{"the newest, with its date", "umbrella", edition{}, map[string]http.HandlerFunc{
			"/umbrella-static/top-1m.csv.zip": sends(zippedList(t, rankedList(10, "\r\n")), "Last-Modified", modified),
		}, []string{"/umbrella-static/top-1m.csv.zip"}, "umbrella-2026-11-20.csv.zip", "umbrella:2026-11-20", ""},
		{"of a date", "umbrella", editionOfDay("2024-01-29"), map[string]http.HandlerFunc{
			"/umbrella-static/top-1m-2024-01-29.csv.zip": sends(zippedList(t, rankedList(10, "\n")), "Last-Modified", modified),
		}, []string{"/umbrella-static/top-1m-2024-01-29.csv.zip"}, "umbrella-2024-01-29.csv.zip", "umbrella:2024-01-29", ""},
		{"without a date of its own", "majestic", edition{}, map[string]http.HandlerFunc{
			"/majestic_million.csv": sends(majestic),
		}, []string{"/majestic_million.csv"}, "majestic-2026-11-21.csv", "majestic:2026-11-21", ""},
		{"a clock that is wrong", "majestic", edition{}, map[string]http.HandlerFunc{
			"/majestic_million.csv": sends(majestic, "Last-Modified", "Fri, 20 Nov 2099 03:00:00 GMT"),
		}, []string{"/majestic_million.csv"}, "majestic-2026-11-21.csv", "majestic:2026-11-21", ""},
		{"with a token", "radar", edition{}, map[string]http.HandlerFunc{
			"/client/v4/radar/datasets/ranking_top_1000000": func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer secret-token" {
					w.WriteHeader(401)
				}
				io.WriteString(w, radar)
			},
		}, []string{"/client/v4/radar/datasets/ranking_top_1000000"}, "radar-2026-11-21.csv", "radar:2026-11-21", ""},
	} {
		t.Run(c.list+", "+c.what, func(t *testing.T) {
			p, f := newPublisher(t, c.serve), newFetching(t)
			l := p.list(c.list)
			path, err := f.get(t, l, c.want)
			if err != nil {
				t.Fatal(err)
			}
			if path != filepath.Join(f.store.dir, c.file) || !slices.Equal(p.asked, c.asked) || len(f.pauses) > 0 {
				t.Errorf("%s, by %q", path, p.asked)
			}
			if want := []string{c.file, c.file + ".json", c.file + ".sha256"}; !slices.Equal(f.all(), want) {
				t.Errorf("the store holds %q, want %q", f.all(), want)
			}
			checkBeside(t, path, l, c.etag)
			reader, err := datasets.Open([]string{path}, datasets.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			targets, err := reader.Next(t.Context())
			if err != nil || targets[0].Source != c.source {
				t.Errorf("source_list %q, %v; want %q", targets[0].Source, err, c.source)
			}
			if again, err := f.get(t, l, c.want); again != path || err != nil || len(p.asked) != len(c.asked) {
				t.Errorf("it was fetched again: %s, %v, %q", again, err, p.asked)
			}
		})
	}
}

// checkBeside checks what stands beside a list.
func checkBeside(t *testing.T, path string, l *datasets.PublicList, etag string) {
	t.Helper()
	content, err1 := os.ReadFile(path)
	sums, err2 := os.ReadFile(path + ".sha256")
	about, err3 := os.ReadFile(path + ".json")
	var f listFile
	if err := errors.Join(err1, err2, err3, json.Unmarshal(about, &f)); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(content)
	sum := hex.EncodeToString(hash[:])
	if string(sums) != sum+"  "+filepath.Base(path)+"\n" {
		t.Errorf("for sha256sum: %q", sums)
	}
	if f.SHA256 != sum || f.Octets != int64(len(content)) || f.File != filepath.Base(path) || f.List != l.Name || f.ETag != etag ||
		f.Licence != l.Licence || f.Cite != l.Cite || f.Names == 0 || f.Format != l.Format.String() || !strings.HasPrefix(f.URL, "http://127.0.0.1:") ||
		!f.FetchedAt.Equal(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", about)
	}
	if bytes.Contains(about, []byte("secret")) {
		t.Errorf("a secret in %s", about)
	}
}

// What goes wrong out there: a message that says what, exit code 3, and nothing left in the store.
func TestListsFetchFails(t *testing.T) {
	good := zippedList(t, rankedList(1000, "\n"))
	packed := gzipped(t, rankedList(100_000, "\n"))
	const login = "<!DOCTYPE html>\n<html><head><title>Hotel</title></head>\n<body>Log in</body></html>\n"
	for _, c := range []struct {
		what    string
		answer  http.HandlerFunc
		pauses  []time.Duration
		message string
	}{
		{"not found", says(404), nil, "no such edition"},
		{"gone", says(410), nil, "no such edition"},
		{"unauthorized", says(401), nil, "401 Unauthorized"},
		{"error of the server", says(500), []time.Duration{1e9, 2e9, 4e9}, "500 Internal"},
		{"too often", says(429, "Retry-After", "20"), []time.Duration{20e9, 20e9, 20e9}, "429 Too Many"},
		{"comes back late", says(503, "Retry-After", "99999999"), []time.Duration{60e9, 60e9, 60e9}, "503 Service"},
		{"no content", says(204), nil, "HTTP status 204"},
		{"empty", sends(""), nil, "empty"},
		{"breaks off", breaksOff(good), []time.Duration{1e9, 2e9, 4e9}, fmt.Sprintf("ends after %d octets", len(good))},
		{"goes silent", goesSilent(good), []time.Duration{1e9, 2e9, 4e9}, "nothing came for 100ms"},
		{"half an archive", sends(good[:len(good)/2]), nil, "cannot be read"},
		{"half a stream", sends(packed[:len(packed)/2]), nil, "ends early"},
		{"a changed stream", sends(packed[:len(packed)/2] + "x" + packed[len(packed)/2+1:]), nil, "cannot be read"},
		{"half a list", sends(rankedList(4, "\n")), nil, "part of it is missing"},
		{"a page to log in", sends(login), nil, "a page of the network"},
		{"an error as JSON", sends(`{"success":false,"errors":[{"message":"no"}]}` + "\n"), nil, "a page of the network"},
		{"junk behind a rank", sends(strings.Repeat("1,<b>no name</b>\n", 2000)), nil, "no list of names"},
		{"junk", sends(strings.Repeat("\x00\x01\x02\xff", 5000)), nil, "a page of the network"},
		{"another list", sends("GlobalRank,TldRank,Domain,TLD\n1,1,a.com,com\n"), nil, "no list of the form"},
		{"UTF-16", sends("\xff\xfe1\x00,\x00a\x00"), nil, "UTF-16"},
		{"xz", sends("\xfd7zXZ\x00\x00\x00"), nil, "xz is not read"},
		{"too large", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(maxList+1))
		}, nil, "larger than"},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, nil, "more than 10 redirects"},
		{"to where anybody listens", says(302, "Location", "http://192.0.2.1/top-1m.csv"), nil, "http://192.0.2.1, which is not followed"},
		{"to a file", says(302, "Location", "file:///etc/passwd"), nil, "file://, which is not followed"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []time.Duration{1e9, 2e9, 4e9}, "EOF"},
	} {
		t.Run(c.what, func(t *testing.T) {
			p, f := newPublisher(t, map[string]http.HandlerFunc{"/umbrella-static/top-1m.csv.zip": c.answer}), newFetching(t)
			if c.what == "goes silent" {
				f.stall = 100 * time.Millisecond
			}
			path, err := f.get(t, p.list("umbrella"), edition{})
			var e command.Exit
			if path != "" || !errors.As(err, &e) || e.Code != exitStopped || !strings.Contains(err.Error(), c.message) {
				t.Errorf("%q, %v; want %q", path, err, c.message)
			}
			if !slices.Equal(f.pauses, c.pauses) {
				t.Errorf("paused for %v, want %v", f.pauses, c.pauses)
			}
			if len(f.all()) > 0 {
				t.Errorf("the store holds %q", f.all())
			}
		})
	}
}

// What passes is tried again, and what came before it broke off is not part of the file.
func TestListsFetchTriesAgain(t *testing.T) {
	good := rankedList(100, "\n")
	p := newPublisher(t, map[string]http.HandlerFunc{
		"/umbrella-static/top-1m.csv.zip": inTurn(says(502), breaksOff("1,not.part.of.it.com\n"+good), breaksOff(""), sends(good)),
	})
	f := newFetching(t)
	path, err := f.get(t, p.list("umbrella"), edition{})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != good {
		t.Errorf("%d octets, want %d; %v", len(content), len(good), err)
	}
	if want := []time.Duration{1e9, 2e9, 4e9}; !slices.Equal(f.pauses, want) || strings.Count(f.notes.String(), "again in") != 3 {
		t.Errorf("paused for %v: %s", f.pauses, &f.notes)
	}
}

func TestListsFetchWithoutNetwork(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	cache := t.TempDir()
	code, stdout, stderr := caascan(t, "", "lists", "fetch", "tranco", "--url", "http://"+addr+"/x", "--cache", cache)
	if code != exitStopped || stdout != "" || !strings.Contains(stderr, "there is no network") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if left, _ := os.ReadDir(cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// Certificates are checked: with one of nobody's nothing is fetched.
func TestListsFetchChecksCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(sends(rankedList(20, "\n")))
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	from := must(url.Parse(server.URL + "/list.csv"))
	f := newFetching(t)
	l := must(datasets.FindPublicList("umbrella"))
	if _, err := f.get(t, &l, edition{from: from}); err == nil || !strings.Contains(err.Error(), "certificate") || len(f.pauses) > 0 {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	f.client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	if path, err := f.get(t, &l, edition{from: from}); err != nil || filepath.Base(path) != "umbrella-2026-11-21.csv" {
		t.Errorf("a certificate that is trusted: %s, %v", path, err)
	}
}

// A token goes to its publisher, and to nobody else.
func TestListsFetchKeepsTokens(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "secret-token")
	content := "domain\n" + strings.Repeat("example.com\n", 10)
	var got []string
	noted := func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		io.WriteString(w, content)
	}
	other := newPublisher(t, map[string]http.HandlerFunc{"/list": noted, "/list?key=secret": noted})
	atOther := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) + "/list"
	p := newPublisher(t, map[string]http.HandlerFunc{"/client/v4/radar/datasets/ranking_top_1000000": says(302, "Location", atOther)})
	f := newFetching(t)
	l := p.list("radar")
	if _, err := f.get(t, l, edition{}); err != nil {
		t.Fatal(err)
	}
	mirror := must(url.Parse(strings.Replace(other.URL, "http://", "http://user:secret@", 1) + "/list?key=secret"))
	path, err := f.get(t, l, edition{from: mirror})
	if err != nil {
		t.Fatal(err)
	}
	about, err := os.ReadFile(path + ".json")
	if err != nil || bytes.Contains(about, []byte("secret")) || strings.Contains(f.notes.String(), "secret") {
		t.Errorf("%v: %s\n%s", err, about, &f.notes)
	}
	if len(got) != 2 || got[0] != "" || strings.Contains(got[1], "Bearer") {
		t.Errorf("others got %q", got)
	}
}

// What was fetched is fetched again when another day has come, if the newest was wanted; when it is not what it was; or by
// force. An edition with a date stays.
func TestListsStore(t *testing.T) {
	answer := sends(zippedList(t, rankedList(10, "\n")))
	p := newPublisher(t, map[string]http.HandlerFunc{"/umbrella-static/top-1m.csv.zip": answer, "/umbrella-static/top-1m-2024-01-29.csv.zip": answer})
	f := newFetching(t)
	l := p.list("umbrella")
	asked := 0
	get := func(what string, want edition, fetched int) (path string) {
		t.Helper()
		path, err := f.get(t, l, want)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.asked)-asked != fetched {
			t.Errorf("%s: fetched %d times, want %d", what, len(p.asked)-asked, fetched)
		}
		asked = len(p.asked)
		return path
	}
	dated := editionOfDay("2024-01-29")
	get("first", edition{}, 1)
	get("of a date", dated, 1)
	f.now = f.now.Add(11 * time.Hour)
	path := get("the same day", edition{}, 0)
	get("of a date, the same day", dated, 0)
	if err := os.WriteFile(path, []byte("1,example.com\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	get("changed", edition{}, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	get("removed", edition{}, 1)
	if err := os.WriteFile(path+".json", []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	get("nothing is known of it", edition{}, 1)
	if err := os.WriteFile(filepath.Join(f.store.dir, "umbrella-x.json"), []byte(`{"list":"umbrella","file":"../../etc/passwd","fetched_at":"2026-11-21T23:59:59Z"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	get("a file outside of the store", edition{}, 0)
	f.now = f.now.Add(2 * time.Hour)
	if next := get("the next day", edition{}, 1); next == path {
		t.Errorf("both days are %s", next)
	}
	get("of a date, the next day", dated, 0)
}

// Two that fetch at a time do not get into each other's way.
func TestListsFetchAtOnce(t *testing.T) {
	p := newPublisher(t, map[string]http.HandlerFunc{"/umbrella-static/top-1m.csv.zip": sends(zippedList(t, rankedList(1000, "\n")))})
	l, dir := p.list("umbrella"), t.TempDir()
	var both sync.WaitGroup
	for range 4 {
		f := newFetching(t)
		f.store.dir = dir
		both.Go(func() {
			if path, err := f.fetch(t.Context(), l, edition{}, &f.store); err != nil || filepath.Base(path) != "umbrella-2026-11-21.csv.zip" {
				t.Errorf("%s, %v", path, err)
			}
		})
	}
	both.Wait()
	checkBeside(t, filepath.Join(dir, "umbrella-2026-11-21.csv.zip"), l, "")
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("left %v", left)
	}
}

// An interrupted fetch leaves nothing.
func TestListsFetchEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	silent := goesSilent("1,example.com\n")
	p, f := newPublisher(t, map[string]http.HandlerFunc{"/umbrella-static/top-1m.csv.zip": func(w http.ResponseWriter, r *http.Request) {
		cancel()
		silent(w, r)
	}}), newFetching(t)
	_, err := f.fetch(ctx, p.list("umbrella"), edition{}, &f.store)
	var e command.Exit
	if !errors.As(err, &e) || e.Code != exitStopped || !errors.Is(err, context.Canceled) || len(f.all()) > 0 || len(f.pauses) > 0 {
		t.Errorf("%v; left %q", err, f.all())
	}
}

// The command as a script uses it: caascan scan $(caascan lists fetch umbrella).
func TestListsCommand(t *testing.T) {
	p := newPublisher(t, map[string]http.HandlerFunc{"/copy.csv": sends(rankedList(10, "\n")), "/login": sends("<html>\n")})
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	stdout := mustCaascan(t, "", "lists", "fetch", "umbrella", "--date", "2026-11-01", "--url", p.URL+"/copy.csv")
	path, ended := strings.CutSuffix(stdout, "\n")
	if want := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "caascan", "lists", "umbrella-2026-11-01.csv"); !ended || path != want {
		t.Fatalf("printed %q, want %q", stdout, want)
	}
	if plan := mustCaascan(t, "", "scan", path, "--dry-run"); !strings.HasPrefix(plan, "10 names") {
		t.Errorf("scan: %s", plan)
	}
	if again := mustCaascan(t, "", "lists", "fetch", "umbrella", "--date", "2026-11-01", "--url", p.URL+"/copy.csv"); again != stdout || len(p.asked) != 1 {
		t.Errorf("again: %q, asked %q", again, p.asked)
	}
	if again := mustCaascan(t, "", "lists", "fetch", "umbrella", "--date", "2026-11-01", "--url", p.URL+"/copy.csv", "--force"); again != stdout || len(p.asked) != 2 {
		t.Errorf("by force: %q, asked %q", again, p.asked)
	}
	for what, c := range map[string]struct {
		args    []string
		code    int
		message string
	}{
		"unknown list":         {[]string{"fetch", "alexa"}, exitUsage, "there are tranco"},
		"unknown list to show": {[]string{"alexa"}, exitUsage, "there are tranco"},
		"no list":              {[]string{"fetch"}, exitUsage, "name"},
		"no date":              {[]string{"fetch", "tranco", "--date", "yesterday"}, exitUsage, "want YYYY-MM-DD"},
		"no ID":                {[]string{"fetch", "tranco", "--id", "../x"}, exitUsage, "--id"},
		"ID of a list of none": {[]string{"fetch", "crux", "--id", "K25XW"}, exitUsage, "--id"},
		"date and ID":          {[]string{"fetch", "tranco", "--id", "K25XW", "--date", "2026-11-01"}, exitUsage, "--id and --date"},
		"no old editions":      {[]string{"fetch", "majestic", "--date", "2026-11-01"}, exitUsage, "only the newest"},
		"http":                 {[]string{"fetch", "tranco", "--url", "http://192.0.2.1/list.csv"}, exitUsage, "want https"},
		"no URL":               {[]string{"fetch", "tranco", "--url", "http://user:secret@192.0.2.1:x/"}, exitUsage, "no URL"},
		"a file":               {[]string{"fetch", "tranco", "--url", "file:///etc/passwd"}, exitUsage, "want https"},
		"no token":             {[]string{"fetch", "radar"}, exitUsage, "CLOUDFLARE_API_TOKEN"},
		"cache is a file":      {[]string{"fetch", "umbrella", "--url", p.URL + "/copy.csv", "--cache", path}, exitUsage, "no list can be kept"},
		"a page to log in":     {[]string{"fetch", "umbrella", "--url", p.URL + "/login"}, exitStopped, "a page of the network"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("CLOUDFLARE_API_TOKEN", "")
			code, stdout, stderr := caascan(t, "", append([]string{"lists"}, c.args...)...)
			if code != c.code || stdout != "" || !strings.Contains(stderr, c.message) || strings.Contains(stderr, "secret") {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d and %q", code, stdout, stderr, c.code, c.message)
			}
		})
	}
}

// The table has every list with its licence, for people and for programs.
func TestListsShow(t *testing.T) {
	table := mustCaascan(t, "", "lists")
	var all []datasets.PublicList
	var byWord []map[string]any
	if err := json.Unmarshal([]byte(mustCaascan(t, "", "lists", "--json")), &byWord); err != nil {
		t.Fatal(err)
	}
	all = datasets.PublicLists()
	if len(all) != len(byWord) {
		t.Fatalf("%d lists as JSON", len(byWord))
	}
	for i, l := range all {
		if !strings.Contains(table, "\n"+l.Name+" ") || !strings.Contains(table, l.Title) {
			t.Errorf("the table has no %s:\n%s", l.Name, table)
		}
		for member, want := range map[string]any{"name": l.Name, "licence": l.Licence, "cite": l.Cite, "format": l.Format.String()} {
			if diff := gocmp.Diff(want, byWord[i][member]); diff != "" {
				t.Errorf("%s, %s: %s", l.Name, member, diff)
			}
		}
		one := mustCaascan(t, "", "lists", l.Name)
		for _, text := range []string{l.Licence, l.LicenceURL, l.Cite, l.Publisher, l.Page} {
			if !strings.Contains(one, text) {
				t.Errorf("lists %s does not say %q:\n%s", l.Name, text, one)
			}
		}
		var single map[string]any
		if err := json.Unmarshal([]byte(mustCaascan(t, "", "lists", l.Name, "--json")), &single); err != nil || single["name"] != l.Name {
			t.Errorf("lists %s --json: %v, %v", l.Name, single, err)
		}
	}
}
