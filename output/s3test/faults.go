package s3test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Fault is what may happen to a request.
type Fault int

// The faults. After those above Unsure the request was not carried out; after the others it may have been.
const (
	None       Fault = iota
	SlowDown         // 503 with S3's code for "too many requests"
	Internal         // 500
	Reset            // the connection is reset at once
	CutUpload        // half of the body reaches the server, then both connections break
	Unsure           // none: it parts the others
	LostReply        // the request is carried out, and the connection reset
	FalseError       // it is carried out, and the reply says 500
	CutReply         // half of the reply comes, then a reset
	ShortReply       // half of the body comes, with a length that fits
	Slow             // nothing for a while, then all is well
	faults
)

var faultNames = [faults]string{"none", "slow-down", "internal", "reset", "cut-upload", "-", "lost-reply", "false-error", "cut-reply", "short-reply", "slow"}

func (f Fault) String() string { return faultNames[f] }

// longestWait bounds what Slow waits.
const longestWait = 200 * time.Millisecond

// Faults is a proxy before an S3 server: a handler that passes requests on, and makes one of the faults of some of them.
type Faults struct {
	pass *httputil.ReverseProxy

	mu     sync.Mutex
	rate   float64
	chance *rand.Rand
	counts [faults]int
}

// NewFaults returns a proxy to the server at an endpoint (http://host:port). Each request meets a fault with the
// probability of rate; which ones do, and which faults, follows from the seed and the order of requests.
func NewFaults(endpoint string, rate float64, seed uint64) (*Faults, error) {
	target, err := url.Parse(endpoint)
	if err != nil || target.Host == "" || rate < 0 || rate > 1 {
		return nil, fmt.Errorf("an endpoint like http://127.0.0.1:7070 and a rate from 0 to 1 are wanted, not %q and %v", endpoint, rate)
	}
	return &Faults{
		rate: rate, chance: rand.New(rand.NewPCG(seed, 0)),
		pass: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host // which is signed
			},
			Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
			ErrorLog:  log.New(io.Discard, "", 0), // of requests that were cut on purpose
		},
	}, nil
}

// SetRate changes how many requests meet a fault from now on.
func (p *Faults) SetRate(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Counts says how many requests there were with each fault, by its name.
func (p *Faults) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]int{}
	for f, n := range p.counts {
		if n > 0 {
			counts[Fault(f).String()] = n
		}
	}
	return counts
}

// draw says what happens to the next request, and gives a number from 0 to 1 for how.
func (p *Faults) draw() (Fault, float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := None
	if p.chance.Float64() < p.rate {
		for fault == None || fault == Unsure {
			fault = Fault(p.chance.IntN(int(faults)))
		}
	}
	p.counts[fault]++
	return fault, p.chance.Float64()
}

// ServeHTTP implements http.Handler.
func (p *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, share := p.draw()
	switch fault {
	case None:
		p.pass.ServeHTTP(w, r)
	case SlowDown:
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case Internal:
		refuse(w, http.StatusInternalServerError, "InternalError")
	case Reset:
		reset(w)
	case CutUpload:
		if r.ContentLength > 0 {
			r.Body = &cutBody{r.Body, int64(share * float64(r.ContentLength))}
			p.pass.ServeHTTP(newReply(), r)
		}
		reset(w)
	case LostReply:
		p.pass.ServeHTTP(newReply(), r)
		reset(w)
	case FalseError:
		p.pass.ServeHTTP(newReply(), r)
		refuse(w, http.StatusInternalServerError, "InternalError")
	case CutReply, ShortReply:
		reply := newReply()
		p.pass.ServeHTTP(reply, r)
		reply.cut(w, fault == ShortReply, share)
	case Slow:
		select {
		case <-time.After(time.Duration(share * float64(longestWait))):
			p.pass.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// refuse answers with an error in S3's form.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>A fault made for a test.</Message></Error>`, code)
}

// reset breaks the connection off with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, which nobody speaks here: the stream is reset instead
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// cutBody is the beginning of a body, and then an error.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// reply keeps a response.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newReply() *reply { return &reply{header: http.Header{}, status: http.StatusOK} }

func (r *reply) Header() http.Header         { return r.header }
func (r *reply) WriteHeader(status int)      { r.status = status }
func (r *reply) Write(p []byte) (int, error) { return r.body.Write(p) }

// cut gives a share of the response to w, with a length that fits or with the whole one and a reset.
func (r *reply) cut(w http.ResponseWriter, fits bool, share float64) {
	sent := int(share * float64(r.body.Len()))
	if r.body.Len() == 0 {
		reset(w)
		return
	}
	for key, values := range r.header {
		w.Header()[key] = values
	}
	length := r.body.Len()
	if fits {
		length = sent
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(r.status)
	w.Write(r.body.Bytes()[:sent])
	if !fits {
		http.NewResponseController(w).Flush()
		reset(w)
	}
}
