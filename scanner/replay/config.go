package replay

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// ignored are the settings of other resolvers that make no difference here: how they word their messages to clients,
// what they log, how they share work, what they would fetch besides. Any other setting that we do not carry out is an
// error, lest a scenario pass for a reason it does not know.
var ignored = []string{
	"access-control", "aggressive-nsec", "cache-max-negative-ttl", "disable-edns-do", "discard-timeout", "ede", "fake-sha1",
	"fake-dsa", "feature-list", "harden-below-nxdomain", "harden-glue", "harden-unverified-glue", "interface", "log-servfail",
	"log-time-ascii", "minimal-responses", "module-config", "num-threads", "outbound-msg-retry", "prefetch", "prefetch-key",
	"rrset-roundrobin", "serve-expired", "stub-first", "stub-prime", "target-fetch-policy", "trust-anchor-signaling",
	"val-log-level", "verbosity", "zonemd-check",
}

// defaultStart is the clock of a scenario that does not say: 2026-11-01 12:00 UTC.
var defaultStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// configReader reads the CONFIG section, whose settings follow the clause they belong to.
type configReader struct {
	*Config
	clause string // "server", "stub-zone"
	stub   string // name of the stub zone
}

// parseConfig reads up to CONFIG_END. A file that has no such line begins with its scenario.
func parseConfig(l *lines, c *Config) error {
	c.IPv4, c.IPv6, c.Start = true, true, defaultStart
	r := configReader{Config: c, clause: "server"}
	for l.next() {
		if words, ok := l.extension(); ok {
			if err := r.extension(words); err != nil {
				return l.errorf("%w", err)
			}
			continue
		}
		text := strings.TrimSpace(cutComment(l.text))
		if text == "CONFIG_END" {
			return nil
		}
		if text == "" {
			continue
		}
		key, value, ok := strings.Cut(text, ":")
		if !ok {
			return l.errorf("%.40q is no setting, and CONFIG_END was not seen", text)
		}
		if err := r.set(strings.TrimSpace(key), unquote(value)); err != nil {
			return l.errorf("%s: %w", key, err)
		}
	}
	return l.ended("CONFIG")
}

// cutComment removes what follows a # outside of quotes.
func cutComment(text string) string {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '#' && !quoted:
			return text[:i]
		}
	}
	return text
}

func unquote(value string) string {
	value = strings.TrimSpace(value)
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		return strings.TrimSpace(value[1 : len(value)-1])
	}
	return value
}

func (r *configReader) set(key, value string) error {
	switch {
	case value == "" && (key == "server" || key == "stub-zone"):
		r.clause, r.stub = key, ""
		return nil
	case value == "":
		return errors.New("this clause or an empty value is not supported")
	case r.clause == "stub-zone" && (key == "name" || key == "stub-addr"):
		return r.stubZone(key, value)
	case key == "stub-addr": // Deckard's way to name a root server
		r.stub = "."
		return r.stubZone(key, value)
	}
	return r.server(key, value)
}

// stubZone takes the addresses of the root servers. Other stub zones would change where questions begin.
func (r *configReader) stubZone(key, value string) error {
	if key == "name" {
		if value != "." {
			return errors.New("only the root can be a stub zone")
		}
		r.stub = value
		return nil
	}
	if r.stub == "" {
		return errors.New("the stub zone has no name yet")
	}
	addr, err := netip.ParseAddr(value)
	r.Roots = append(r.Roots, addr.Unmap())
	return err
}

func (r *configReader) server(key, value string) (err error) {
	switch key {
	case "trust-anchor":
		var rr dns.RR
		if rr, err = dns.NewRR(value); err != nil {
			return err
		}
		switch rr.(type) {
		case *dns.DS, *dns.DNSKEY:
		default:
			return errors.New("a trust anchor is a DS or a DNSKEY record")
		}
		anchor, err := recordOf(rr)
		r.Anchors = append(r.Anchors, anchor)
		return err
	case "val-override-date":
		r.At, err = parseDate(value)
		r.Start = time.Unix(int64(r.At), 0)
		return err
	case "val-override-timestamp":
		seconds, err := strconv.ParseUint(value, 10, 32)
		r.Start = time.Unix(int64(seconds), 0)
		return err
	case "do-ip4":
		r.IPv4, err = parseSwitch(value)
	case "do-ip6":
		r.IPv6, err = parseSwitch(value)
	case "use-caps-for-id":
		r.MixCase, err = parseSwitch(value)
	case "qname-minimisation", "query-minimization":
		on, err := parseSwitch(value)
		if err == nil && on {
			err = errors.New("caascan does not minimise names")
		}
		return err
	case "val-nsec3-keysize-iterations":
		r.Policy.MaxIterations, err = parseIterations(value)
	default:
		if !slices.Contains(ignored, key) {
			return errors.New("this setting is not supported")
		}
	}
	return err
}

// extension takes a setting that only caascan has.
func (r *configReader) extension(words []string) (err error) {
	switch {
	case len(words) == 1 && words[0] == "lazy":
		r.Lazy = true
	case len(words) == 1 && words[0] == "no-sha1":
		r.Policy.NoSHA1 = true
	case len(words) == 2 && words[0] == "max-iterations":
		r.Policy.MaxIterations, err = parseIterations(words[1])
	case len(words) == 2 && words[0] == "max-queries":
		r.MaxQueries, err = parseNumber(words[1])
	case len(words) == 2 && words[0] == "retries":
		r.Retries, err = parseNumber(words[1])
	default:
		err = fmt.Errorf("caascan has no setting %.60q", strings.Join(words, " "))
	}
	return err
}

// parseDate reads a moment in the form of an RRSIG record (RFC 4034 3.2): 14 digits, or seconds.
func parseDate(value string) (uint32, error) {
	if len(value) == len("20060102150405") {
		return dns.StringToTime(value)
	}
	seconds, err := strconv.ParseUint(value, 10, 32)
	if seconds == 0 && err == nil {
		err = errors.New("the date is 0")
	}
	return uint32(seconds), err
}

func parseSwitch(value string) (bool, error) {
	switch value {
	case "yes", "on":
		return true, nil
	case "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("%.40q is neither yes nor no", value)
}

// parseIterations reads a bound on NSEC3 iterations: one number, or Unbound's pairs of key size and number, which then
// must all have the same.
func parseIterations(value string) (uint16, error) {
	words := strings.Fields(value)
	if len(words) > 1 {
		for i := range words {
			if i%2 == 1 && words[i] != words[1] {
				return 0, errors.New("caascan has one bound for keys of all sizes")
			}
		}
		words = words[1:2]
	}
	if len(words) == 0 {
		return 0, errors.New("a number is missing")
	}
	n, err := strconv.ParseUint(words[0], 10, 16)
	return uint16(n), err
}

// recordOf returns rr in our own form: data with names written out and in lower case.
func recordOf(rr dns.RR) (record.RR, error) {
	m := dns.Msg{Question: []dns.Question{{Name: ".", Qtype: dns.TypeA, Qclass: dns.ClassINET}}, Answer: []dns.RR{rr}}
	packed, err := m.Pack()
	if err != nil {
		return record.RR{}, err
	}
	var msg wire.Message
	if err := msg.Parse(packed); err != nil {
		return record.RR{}, err
	}
	if len(msg.RRs) != 1 {
		return record.RR{}, fmt.Errorf("%.60q is no record", rr.String())
	}
	owner, err := msg.Owner(msg.RRs[0])
	if err != nil {
		return record.RR{}, err
	}
	data, err := msg.AppendRData(nil, msg.RRs[0])
	return record.RR{Owner: owner, Data: data, TTL: msg.RRs[0].TTL, Type: msg.RRs[0].Type, Class: msg.RRs[0].Class}, err
}
