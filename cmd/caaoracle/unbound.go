package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// answer is what one of the two resolvers said to a question.
type answer struct {
	verdict verdict
	rcode   string
	records []string // in normal form, in order; none with SERVFAIL
	note    string   // Unbound's extended error, or caascan's reason and error
}

const (
	unboundAddr  = "127.1.9.1"
	inFlight     = 16               // questions to Unbound at once: more, and servers on a busy machine lose packets
	unboundSlack = 60 * time.Second // for one question: Unbound tries broken zones again and again
)

// unboundConfig is Unbound at its defaults, but for the world it is in: all is on loopback, and the clock is not
// doubted, neither here nor in caascan.
func (w *world) unboundConfig(dir string) string {
	return fmt.Sprintf(`server:
  interface: %s
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  use-syslog: no
  log-time-ascii: yes
  num-threads: 1
  num-queries-per-thread: 1024
  outgoing-range: 4096
  max-udp-size: 65535
  module-config: "validator iterator"
  root-hints: %q
  trust-anchor-file: %q
  trust-anchor-signaling: no
  root-key-sentinel: no
  qname-minimisation: no
  aggressive-nsec: no
  infra-cache-max-rtt: 1000
  val-sig-skew-min: 0
  val-sig-skew-max: 0
  val-bogus-ttl: 10
  val-log-level: 2
  ede: yes
remote-control:
  control-enable: no
`, unboundAddr, dir, w.hints, w.anchor)
}

// askUnbound asks a fresh Unbound.
func (w *world) askUnbound(ctx context.Context, questions []question) (answers []answer, err error) {
	dir, err := os.MkdirTemp(w.dir, "unbound-")
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte(w.unboundConfig(dir)), 0o644); err != nil {
		return nil, err
	}
	p, err := start("unbound", dir, "unbound", "-d", "-p", "-c", conf)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	u := unbound{}
	if err := p.await(ctx, readyWithin, func(ctx context.Context) error {
		a, err := u.ask(ctx, question{name: ".", typ: dns.TypeSOA})
		if err == nil && a.verdict != secure {
			err = fmt.Errorf("the root is not secure: %v", a)
		}
		return err
	}); err != nil {
		return nil, err
	}
	answers = make([]answer, len(questions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i, q := range questions {
		group.Go(func() (err error) {
			answers[i], err = u.ask(ctx, q)
			if err != nil {
				err = fmt.Errorf("unbound: %s %s: %w\n%s", q.name, dns.TypeToString[q.typ], err, p.tail())
			}
			return err
		})
	}
	err = group.Wait()
	return answers, err
}

// unbound is how to ask the running Unbound.
type unbound struct{}

// ask asks one question, and once more without validation where the answer is SERVFAIL.
func (u unbound) ask(ctx context.Context, q question) (answer, error) {
	reply, err := u.exchange(ctx, q, false)
	if err != nil {
		return answer{}, err
	}
	a := answer{rcode: dns.RcodeToString[reply.Rcode], note: extendedError(reply)}
	switch {
	case reply.Rcode == dns.RcodeSuccess || reply.Rcode == dns.RcodeNameError:
		a.verdict = insecure
		if reply.AuthenticatedData {
			a.verdict = secure
		}
		a.records = normalForms(reply.Answer)
		return a, nil
	case reply.Rcode != dns.RcodeServerFailure:
		return a, fmt.Errorf("unexpected rcode %s", a.rcode)
	}
	unchecked, err := u.exchange(ctx, q, true)
	if err != nil {
		return answer{}, err
	}
	a.verdict = failure
	if unchecked.Rcode != dns.RcodeServerFailure || isValidationError(reply) {
		a.verdict = bogus
	}
	return a, nil
}

// exchange sends a query, with the flag CD or without, and waits for the reply.
func (unbound) exchange(ctx context.Context, q question, checkingDisabled bool) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(q.name, q.typ)
	query.AuthenticatedData = true
	query.CheckingDisabled = checkingDisabled
	query.SetEdns0(dns.MaxMsgSize-1, true)
	client := dns.Client{Timeout: unboundSlack, UDPSize: dns.MaxMsgSize - 1}
	reply, _, err := client.ExchangeContext(ctx, query, net.JoinHostPort(unboundAddr, "53"))
	if err == nil && reply.Truncated {
		client.Net = "tcp"
		reply, _, err = client.ExchangeContext(ctx, query, net.JoinHostPort(unboundAddr, "53"))
	}
	return reply, err
}

// extendedError is the extended DNS error of a reply in words (RFC 8914); "" if there is none.
func extendedError(reply *dns.Msg) string {
	opt := reply.IsEdns0()
	if opt == nil {
		return ""
	}
	for _, option := range opt.Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok {
			return fmt.Sprintf("EDE %d %s %s", ede.InfoCode, dns.ExtendedErrorCodeToString[ede.InfoCode], ede.ExtraText)
		}
	}
	return ""
}

// isValidationError reports whether the extended error is one of validation (RFC 8914 4.7 to 4.13).
func isValidationError(reply *dns.Msg) bool {
	opt := reply.IsEdns0()
	if opt == nil {
		return false
	}
	for _, option := range opt.Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok && ede.InfoCode >= dns.ExtendedErrorCodeDNSBogus && ede.InfoCode <= dns.ExtendedErrorCodeNSECMissing {
			return true
		}
	}
	return false
}

// checkClasses makes sure that the world is what it is meant to be: Unbound must say of each apex what its class wants.
func (w *world) checkClasses(questions []question, theirs []answer) error {
	var wrong error
	for i, q := range questions {
		want := q.zone.class.want
		if q.typ == dns.TypeSOA && q.name == q.zone.name && want != "" && theirs[i].verdict != want {
			wrong = errors.Join(wrong, fmt.Errorf("class %q: %s is %s to Unbound, which should be %s (%s)", q.zone.class.name, q.name, theirs[i].verdict, want, theirs[i].note))
		}
	}
	return wrong
}
