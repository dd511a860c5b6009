package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
)

const (
	// maxList bounds a list, in octets as sent. The largest, Majestic's, has 80 MB.
	maxList = 1 << 30
	// maxListAnswer bounds what a publisher's interface says, in octets; it is some 500.
	maxListAnswer = 64 << 10
	// listTries is how often a list is asked for before its publisher is taken to be out of order.
	listTries = 4
	// listPause comes after the first try in vain; it doubles with each. A server may ask for longer, up to maxListPause.
	listPause    = time.Second
	maxListPause = time.Minute
	// listStall is how long no octet may come.
	listStall = 30 * time.Second
	// listTime bounds it all, redirects, tries and the look at the names: the largest list at 1 Mbit/s.
	listTime = 15 * time.Minute
	// maxListRedirects is what browsers stop at, about.
	maxListRedirects = 10
	// monthsBack is how many months are tried for the newest of a monthly list. It comes out in the middle of the next month.
	monthsBack = 3
)

// fetcher fetches lists over HTTP.
type fetcher struct {
	client *http.Client
	notes  io.Writer // for people
	stall  time.Duration
	pause  func(context.Context, time.Duration) error
}

// newFetcher returns a fetcher that checks certificates, goes through the proxies of the environment, and follows redirects
// to https only.
func newFetcher(notes io.Writer) *fetcher {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	transport.ResponseHeaderTimeout = listStall
	transport.DisableCompression = true // what is kept is what was sent, with its length
	return &fetcher{
		client: &http.Client{Transport: transport, CheckRedirect: checkRedirect}, notes: notes, stall: listStall, pause: sleep,
	}
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parseSecureURL reads a URL that a list may come from.
func parseSecureURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("--url: it is no URL") // the text may hold a password
	case !secureURL(u) || u.Host == "":
		return nil, fmt.Errorf("--url %s: want https", u.Redacted())
	}
	return u, nil
}

// secureURL reports whether nobody on the way can put another list in the place of what u leads to: by https, or because
// there is no way.
func secureURL(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Host)
}

// checkRedirect implements http.Client.CheckRedirect. A server out there does not lead to what this machine says to itself.
func checkRedirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) >= maxListRedirects:
		return fmt.Errorf("more than %d redirects", maxListRedirects)
	case !secureURL(next.URL), isLoopback(next.URL.Host) && !isLoopback(before[0].URL.Host):
		return fmt.Errorf("redirected to %s://%s, which is not followed", next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// fetch fetches an edition of a list into a store, and returns the path of the file.
func (f *fetcher) fetch(ctx context.Context, l *datasets.PublicList, want edition, store *listStore) (path string, err error) {
	file, err := store.open(l)
	if err != nil {
		return "", command.Usage(fmt.Errorf("no list can be kept: %w", err))
	}
	defer discard(file)
	ctx, stop := context.WithTimeoutCause(ctx, listTime, fmt.Errorf("it was not there after %v", listTime))
	defer stop()
	about, err := f.first(ctx, l, want, store.now(), file)
	if err == nil {
		err = inspect(ctx, l, want, file.Name(), about)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", command.Exit{Code: exitStopped, Err: fmt.Errorf("list %s: %w", l.Name, err)}
	}
	if path, err = store.keep(file, about); err != nil {
		return "", command.Exit{Code: exitStopped, Err: fmt.Errorf("list %s: %w", l.Name, err)}
	}
	fmt.Fprintf(f.notes, "caascan: %s of %s, %d names, from %s\ncaascan: licence: %s (%s)\n", l.Title, cmp.Or(about.Date+" "+about.ID, about.Date), about.Names, about.URL, l.Licence, l.LicenceURL)
	return path, nil
}

// first fetches the first edition there is of those that may be meant.
func (f *fetcher) first(ctx context.Context, l *datasets.PublicList, want edition, now time.Time, to *os.File) (*listFile, error) {
	candidates, err := f.candidates(ctx, l, want, now)
	if err != nil {
		return nil, err
	}
	token := ""
	if l.Token != "" && want.from == nil { // no mirror gets it
		token = os.Getenv(l.Token)
	}
	for i, c := range candidates {
		about, err := f.download(ctx, l, c, token, to)
		if isMissing(err) {
			if i+1 < len(candidates) {
				continue
			}
			return nil, fmt.Errorf("%w: %w", datasets.ErrNoEdition, err)
		}
		if err != nil {
			return nil, err
		}
		about.Asked, about.FetchedAt = requestOf(l, want), now.UTC()
		about.URL = withoutSecrets(c.from, want.from != nil)
		if about.Date == "" {
			about.Date = dateOf(about.LastModified, now).Format(l.DateForm)
			c.date, _ = time.Parse(l.DateForm, about.Date)
		}
		about.File = l.Base(c.date, c.id) + about.File
		return about, nil
	}
	panic("internal error: a list without a place")
}

// dateOf is the date of an edition that does not say: when the server's file was written last, or today.
func dateOf(lastModified string, now time.Time) time.Time {
	if t, err := http.ParseTime(lastModified); err == nil && t.Before(now) {
		return t.UTC()
	}
	return now.UTC()
}

// candidates returns the places of an edition, the better first.
func (f *fetcher) candidates(ctx context.Context, l *datasets.PublicList, want edition, now time.Time) ([]edition, error) {
	place := func(template string) *url.URL {
		text := strings.NewReplacer("{date}", want.date.Format(l.DateForm), "{id}", want.id).Replace(template)
		return must(url.Parse(text)) // of our own table, with a date or an ID that were checked
	}
	switch {
	case want.from != nil:
		return []edition{want}, nil
	case len(l.ByID) > 0:
		known, err := f.tranco(ctx, l, want)
		if err != nil {
			return nil, err
		}
		var places []edition
		for _, template := range l.ByID {
			want.date, want.id = known.Date, known.ID
			places = append(places, edition{want.date, want.id, place(template)})
		}
		return places, nil
	case want.fixed():
		return []edition{{date: want.date, from: place(l.Dated)}}, nil
	case l.Latest != "":
		return []edition{{from: place(l.Latest)}}, nil
	}
	var places []edition
	thisMonth := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for back := 1; back <= monthsBack; back++ {
		want.date = thisMonth.AddDate(0, -back, 0)
		places = append(places, edition{date: want.date, from: place(l.Dated)})
	}
	return places, nil
}

// tranco asks which edition is meant: of an ID, of a date, or the newest.
func (f *fetcher) tranco(ctx context.Context, l *datasets.PublicList, want edition) (known datasets.TrancoEdition, err error) {
	place := strings.ReplaceAll(l.DateOfID, "{id}", want.id)
	if want.id == "" {
		date := "latest"
		if !want.date.IsZero() {
			date = want.date.Format(l.DateForm)
		}
		place = strings.ReplaceAll(l.IDOfDate, "{date}", date)
	}
	var answer []byte
	err = f.try(ctx, must(url.Parse(place)), "", func(reply *http.Response) error {
		answer, err = io.ReadAll(io.LimitReader(reply.Body, maxListAnswer))
		return err
	})
	switch {
	case isMissing(err):
		return known, datasets.ErrNoEdition
	case err != nil:
		return known, err
	}
	known, err = datasets.ParseTrancoEdition(answer)
	switch {
	case err == nil && want.id != "" && known.ID != want.id:
		return known, fmt.Errorf("asked for the edition %s, Tranco speaks of %s", want.id, known.ID)
	case err == nil && !want.date.IsZero():
		known.Date = want.date
	}
	return known, err
}

// download fetches a file. What it returns lacks what only the caller knows; its File is what the name ends with.
func (f *fetcher) download(ctx context.Context, l *datasets.PublicList, e edition, token string, to *os.File) (*listFile, error) {
	about := &listFile{
		List: l.Name, Title: l.Title, Publisher: l.Publisher, ID: e.id, Licence: l.Licence, LicenceURL: l.LicenceURL, Cite: l.Cite,
	}
	if !e.date.IsZero() {
		about.Date = e.date.Format(l.DateForm)
	}
	err := f.try(ctx, e.from, token, func(reply *http.Response) error {
		about.ETag, about.LastModified = reply.Header.Get("ETag"), reply.Header.Get("Last-Modified")
		if reply.ContentLength > maxList {
			return tooLarge
		}
		if err := rewind(to); err != nil {
			return permanent{err}
		}
		hash := sha256.New()
		n, err := io.Copy(io.MultiWriter(diskWriter{to}, hash), io.LimitReader(reply.Body, maxList+1))
		var last permanent
		switch {
		case n > maxList:
			return tooLarge
		case errors.As(err, &last):
			return last
		case err != nil:
			return fmt.Errorf("ends after %d octets: %w", n, err)
		case reply.ContentLength >= 0 && n != reply.ContentLength:
			return fmt.Errorf("ends after %d of %d octets", n, reply.ContentLength)
		case n == 0:
			return permanent{errors.New("the file is empty")}
		}
		about.Octets, about.SHA256 = n, hex.EncodeToString(hash.Sum(nil))
		return nil
	})
	if err != nil {
		return nil, err
	}
	about.File, err = extension(to)
	return about, err
}

var tooLarge = permanent{fmt.Errorf("it is larger than %d octets", int64(maxList))}

// rewind makes a file empty.
func rewind(file *os.File) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return file.Truncate(0)
}

// diskWriter tells errors of the disk from those of the network: the former stay.
type diskWriter struct{ file *os.File }

func (d diskWriter) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil {
		err = permanent{err}
	}
	return n, err
}

// extension returns what the name of a file ends with, by its first octets.
func extension(file *os.File) (string, error) {
	head := make([]byte, 4)
	if n, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", err
	} else if head = head[:n]; n == 0 {
		return "", io.ErrUnexpectedEOF
	}
	for magic, ending := range map[string]string{"PK\x03\x04": ".csv.zip", "\x1f\x8b\x08": ".csv.gz", "\x28\xb5\x2f\xfd": ".csv.zst"} {
		if strings.HasPrefix(string(head), magic) {
			return ending, nil
		}
	}
	return ".csv", nil
}

// permanent is an error that another try does not help.
type permanent struct{ err error }

func (l permanent) Error() string { return l.err.Error() }
func (l permanent) Unwrap() error { return l.err }

// statusError is a reply that is not the file.
type statusError struct {
	code  int
	after time.Duration // that the server asks to wait
}

func (s statusError) Error() string {
	text := fmt.Sprintf("HTTP status %d %s", s.code, http.StatusText(s.code))
	if s.code == http.StatusUnauthorized || s.code == http.StatusForbidden {
		text += ": the publisher does not let us"
	}
	return text
}

// passing reports whether the status is one that may be another a little later.
func (s statusError) passing() bool { return s.code >= 500 || s.code == http.StatusTooManyRequests }

// isMissing reports whether a file is not there. Some stores of files say Forbidden where others say Not Found.
func isMissing(err error) bool {
	var status statusError
	return errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusForbidden || status.code == http.StatusGone)
}

// try asks for u until take has taken a reply, or what is wrong will not pass. take may be called several times.
func (f *fetcher) try(ctx context.Context, u *url.URL, token string, take func(*http.Response) error) error {
	pause := listPause
	for n := 1; ; n++ {
		err := f.once(ctx, u, token, take)
		var last permanent
		var status statusError
		isStatus := errors.As(err, &status)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil, errors.As(err, &last), isStatus && !status.passing(), n == listTries:
			return fmt.Errorf("%s: %w", withoutSecrets(u, true), err)
		}
		wait := min(max(pause, status.after), maxListPause)
		fmt.Fprintf(f.notes, "caascan: %s: %v; again in %v\n", withoutSecrets(u, true), err, wait)
		if err := f.pause(ctx, wait); err != nil {
			return err
		}
		pause *= 2
	}
}

// once asks for u. A connection on which nothing comes any more is given up.
func (f *fetcher) once(ctx context.Context, u *url.URL, token string, take func(*http.Response) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return permanent{err}
	}
	request.Header.Set("User-Agent", "caascan/"+release)
	request.Header.Set("Accept", "text/csv, application/json;q=0.9, */*;q=0.8")
	if token != "" { // net/http does not take it along to another host
		request.Header.Set("Authorization", "Bearer "+token)
	}
	reply, err := f.client.Do(request)
	if err != nil {
		return connectError(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		after, _ := strconv.Atoi(reply.Header.Get("Retry-After"))
		return statusError{reply.StatusCode, time.Duration(max(0, min(after, 3600))) * time.Second}
	}
	stalled := fmt.Errorf("nothing came for %v", f.stall)
	watch := time.AfterFunc(f.stall, func() { cancel(stalled) })
	defer watch.Stop()
	reply.Body = &watched{reply.Body, func() { watch.Reset(f.stall) }}
	err = take(reply)
	if err != nil && errors.Is(context.Cause(ctx), stalled) {
		return stalled
	}
	return err
}

// watched is a body that says when octets come.
type watched struct {
	io.ReadCloser
	came func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.came()
	}
	return n, err
}

// connectError says what an error before the first octet means to people, and whether it is worth another try.
func connectError(err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err // it has the URL in full
	}
	var opErr *net.OpError
	var dnsErr *net.DNSError
	var certErr *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certErr):
		return permanent{fmt.Errorf("the server's certificate is not good: %w", err)}
	case errors.As(err, &dnsErr), errors.As(err, &opErr) && (opErr.Op == "dial" || opErr.Op == "proxyconnect"):
		return permanent{fmt.Errorf("there is no network, or no way to the server: %w; a list that was fetched elsewhere is read by scan as it is", err)}
	case strings.Contains(err.Error(), "redirect"):
		return permanent{err}
	}
	return err
}
