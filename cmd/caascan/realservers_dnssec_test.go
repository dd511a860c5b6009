package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/caascan/caascan/output"
)

// startValidator starts a BIND that resolves and validates in the test world, by its hints and trust anchor, and
// returns the port on 127.0.0.1 at which it listens. It asks servers at the port of the world: none outside has it.
func (w *world) startValidator(t *testing.T) (port string) {
	t.Helper()
	dir := t.TempDir()
	port = freePort(t)
	anchor := strings.Fields(w.ds["."]) // ". IN DS tag algorithm digest-type digest"
	conf := fmt.Sprintf("options {\n  directory %q;\n  port %s;\n  listen-on port %s { 127.0.0.1; };\n  listen-on-v6 { none; };\n", dir, w.port, port) +
		"  query-source address 127.0.0.1;\n  query-source-v6 address ::1;\n  recursion yes;\n  allow-query { 127.0.0.1; };\n" +
		"  dnssec-validation yes;\n  empty-zones-enable no;\n  qname-minimization off;\n  minimal-responses yes;\n  prefetch 0;\n  pid-file none;\n  lock-file none;\n" +
		"  max-records-per-type 0;\n  max-types-per-name 0;\n  max-recursion-queries 500;\n" +
		fmt.Sprintf("  session-keyfile %q;\n};\ncontrols { };\nzone \".\" { type hint; file %q; };\n", filepath.Join(dir, "session.key"), w.hints) +
		fmt.Sprintf("trust-anchors { . static-ds %s %s %s %q; };\n", anchor[3], anchor[4], anchor[5], anchor[6])
	path := filepath.Join(dir, "conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := w.launch(daemon{name: "validator", kind: bind}, dir, []string{"named", "-g", "-n", "1", "-U", "1", "-c", path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // before its directory goes
		if t.Failed() {
			if log, err := os.ReadFile(p.log); err == nil {
				t.Logf("log of the validator:\n%s", log[max(0, len(log)-5000):])
			}
		}
		if err := w.end(p); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	query := new(dns.Msg).SetQuestion(".", dns.TypeSOA)
	for {
		client := dns.Client{Timeout: time.Second}
		reply, _, err := client.ExchangeContext(ctx, query, net.JoinHostPort("127.0.0.1", port))
		if err == nil && reply.Rcode == dns.RcodeSuccess {
			return port
		}
		select {
		case <-p.ended:
			t.Fatal("the validator ended")
		case <-ctx.Done():
			t.Fatalf("the validator does not resolve: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort returns a port of 127.0.0.1 that is free for UDP and TCP, and that the system gives to no client: dig would
// take its own query for the reply if it were to ask from there.
func freePort(t *testing.T) string {
	t.Helper()
	for range portTries {
		port := fmt.Sprint(firstPort + rand.IntN(lastPort-firstPort))
		tcp, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		tcp.Close()
		if err == nil {
			udp.Close()
			return port
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return ""
}

// TestLookupAsValidatingResolver: rcode, records and security of every name of the test world, for several types, are
// those that BIND shows as a validating resolver: secure is AD, insecure is not, bogus is SERVFAIL.
func TestLookupAsValidatingResolver(t *testing.T) {
	w := servers(t)
	var questions []question
	for _, name := range slices.Sorted(maps.Keys(allRows())) {
		switch first, _, _ := strings.Cut(name, "."); {
		case strings.HasSuffix(name, "silent.com"): // waits for nothing
		case slices.Contains([]string{"loop", "across", "long-18", "chain-9"}, first): // BIND gives up chains earlier
		case name == "bad.unreadable.com": // BIND passes on what cannot be read
		case slices.Contains([]string{"nsloop-a.com", "alias.stripped.com", "x.wild.stripped.com", "alias.no-dnskey.com"}, name): // BIND waits for itself, and does not reply
		case strings.HasSuffix(name, ".many.three.com") && name != "h1.many.three.com":
		default:
			for _, typ := range []string{"A", "CAA", "MX"} {
				questions = append(questions, question{name, typ})
			}
		}
	}
	for _, zone := range []string{".", "com", "net", "org", "museum", "caatest-nsd.com", "deleg.caatest-nsd.com", "island.org", "expired.com", "wrong-ds.com", "three.com", "dead-signed.com"} {
		questions = append(questions, question{zone, "DNSKEY"}, question{zone, "SOA"}, question{zone, "NS"}, question{zone, "TLSA"})
		if zone != "." {
			questions = append(questions, question{zone, "DS"})
		}
	}
	port := w.startValidator(t)
	lines := make([]string, len(questions))
	for i, q := range questions {
		lines[i] = fmt.Sprintf("@127.0.0.1 -p %s -t %s -q %s +adflag +tries=1 +time=10", port, q.typ, q.name)
	}
	theirs := digAll(t, lines)
	ours, got := w.lookup(t, questions)
	states := map[string]int{}
	for i, q := range questions {
		want, have := theirs[i], digReply{ours[q], got[q].Security == "secure"}
		want.Reply.Answers = withoutTTL(t, want.Reply.Answers)
		have.Reply.Answers = withoutTTL(t, have.Reply.Answers)
		if diff := gocmp.Diff(want, have); diff != "" {
			t.Errorf("%s %s, %s (%s): BIND (-) and lookup (+) differ:\n%s", q.name, q.typ, got[q].Security, got[q].Reason, diff)
		}
		if got[q].Security == "bogus" && (got[q].RCode != "SERVFAIL" || len(got[q].Answers) > 0 || !strings.HasPrefix(got[q].Error, "bogus")) {
			t.Errorf("%s %s: bogus, but %+v", q.name, q.typ, got[q])
		}
		states[got[q].Security]++
	}
	t.Logf("%d questions: %v", len(questions), states)
	for _, state := range []string{"secure", "insecure", "bogus", "indeterminate"} {
		if states[state] < 10 {
			t.Errorf("%d of %d questions are %s: too few to show anything", states[state], len(questions), state)
		}
	}
}

// withoutTTL returns records in normal form, sorted, with TTL 0: a resolver counts TTLs down.
func withoutTTL(t *testing.T, records []string) []string {
	var list []string
	for _, rr := range records {
		owner, rest, _ := strings.Cut(normal(t, rr), " ")
		_, rest, _ = strings.Cut(rest, " ")
		list = append(list, owner+" 0 "+rest)
	}
	slices.Sort(list)
	return list
}

// verdicts is what lookup says of CAA of names, as "rcode security reason", the reason "-" if there is none.
func (w *world) verdicts(t *testing.T, names []string, flags ...string) map[string]string {
	t.Helper()
	questions := make([]question, len(names))
	for i, name := range names {
		questions[i] = question{name, "CAA"}
	}
	_, lines := w.lookup(t, questions, flags...)
	found := map[string]string{}
	for q, line := range lines {
		reason := line.Reason
		if reason == "" {
			reason = "-"
		}
		found[q.name] = line.RCode + " " + line.Security + " " + reason
		for _, rr := range line.Answers {
			if strings.Contains(rr, " IN RRSIG ") {
				t.Errorf("%v: a signature among the answers: %s", q, rr)
			}
		}
	}
	return found
}

func (w *world) checkVerdicts(t *testing.T, want map[string]string, flags ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, w.verdicts(t, slices.Sorted(maps.Keys(want)), flags...)); diff != "" {
		t.Errorf("%v (-want +got):\n%s", flags, diff)
	}
}

// TestTrustAnchors: where the chains of trust begin is what --trust-anchor says, and nothing else.
func TestTrustAnchors(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	file := func(name string, records ...string) []string {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, []byte(strings.Join(records, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return []string{"--trust-anchor", path}
	}
	keyOf := func(zone string) string { // its DNSKEY records that are a KSK, in master-file form
		answers, _ := w.lookup(t, []question{{zone, "DNSKEY"}})
		for _, rr := range answers[question{zone, "DNSKEY"}].Answers {
			if strings.Contains(rr, " DNSKEY 257 ") {
				return rr + "\n"
			}
		}
		t.Fatalf("%s: no key", zone)
		return ""
	}
	other := ". DS 4711 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
	const (
		good, unsigned = "NOERROR secure -", "NOERROR insecure no-ds"
		unchecked      = "NOERROR indeterminate not-validated"
		uncovered      = "NOERROR insecure no-anchor"
	)
	for _, c := range []struct {
		what  string
		flags []string
		want  map[string]string
	}{
		{"the root", w.flags()[2:4], map[string]string{
			"signed-nsec.com": good, "three.com": "NOERROR insecure opt-out", "expired.com": "SERVFAIL bogus expired",
			"island.org": unsigned, "sub.island.org": unsigned, "plain.island.org": unsigned, "org": unsigned, "to-secure.island.org": unsigned,
		}},
		{"none: nothing is validated", file("empty"), map[string]string{
			"signed-nsec.com": unchecked, "expired.com": unchecked, "wrong-ds.com": unchecked, "three.com": unchecked,
		}},
		{"comments only", file("comments", "; nothing\n\n"), map[string]string{"expired.com": unchecked}},
		{"an island alone", file("island", w.ds["island.org."]), map[string]string{
			"island.org": good, "sub.island.org": good, "plain.island.org": unsigned, "no.such.island.org": "NXDOMAIN secure -",
			"org": uncovered, "three.com": uncovered, "expired.com": uncovered, "signed-nsec.com": uncovered, "to-secure.island.org": uncovered,
		}},
		{"the root and an island", file("both", w.ds["."], w.ds["island.org."]), map[string]string{
			"island.org": good, "sub.island.org": good, "plain.island.org": unsigned, "org": unsigned, "signed-nsec.com": good,
			"to-secure.island.org": good, "expired.com": "SERVFAIL bogus expired", "three.com": "NOERROR insecure opt-out",
		}},
		{"two for one zone, of which one is good", file("rollover", other, w.ds["."]), map[string]string{"signed-nsec.com": good}},
		{"an anchor as DNSKEY", file("dnskey", keyOf("."), keyOf("island.org")), map[string]string{"signed-nsec3.com": good, "sub.island.org": good}},
		{"two islands below each other", file("nested", w.ds["island.org."], w.ds["sub.island.org."]), map[string]string{"sub.island.org": good, "island.org": good}},
		{"a wrong anchor", file("wrong", other), map[string]string{
			"signed-nsec.com": "SERVFAIL bogus no-matching-ds", "three.com": "SERVFAIL bogus no-matching-ds", "nosuchtld": "SERVFAIL bogus no-matching-ds",
		}},
		{"a wrong anchor below the root", file("wrong-below", w.ds["."], strings.Replace(other, ".", "island.org.", 1)), map[string]string{
			"island.org": "SERVFAIL bogus no-matching-ds", "sub.island.org": "SERVFAIL bogus no-matching-ds", "signed-nsec.com": good, "org": unsigned,
		}},
		{"an anchor of a zone that is not signed", file("unsigned", w.ds["."], strings.Replace(other, ".", "three.com.", 1)), map[string]string{
			"three.com": "SERVFAIL bogus no-dnskey", "www.three.com": "SERVFAIL bogus no-dnskey", "signed-nsec.com": good,
		}},
	} {
		t.Run(c.what, func(t *testing.T) { w.checkVerdicts(t, c.want, c.flags...) })
	}
	t.Run("built in", func(t *testing.T) { // the world's root has other keys
		args := append([]string{"lookup", "--type", "CAA", "--json", "three.com"}, slices.Delete(w.flags(), 2, 4)...)
		var line typeAnswer
		if err := json.Unmarshal([]byte(mustCaascan(t, "", args...)), &line); err != nil {
			t.Fatal(err)
		}
		if line.RCode != "SERVFAIL" || line.Security != "bogus" || line.Reason != "no-matching-ds" {
			t.Errorf("with the anchors that are built in: %+v", line)
		}
	})
}

// TestAt: signatures are good from the second of their inception to that of their expiration (RFC 4034 3.1.5), with no
// slack, whatever the clock of this machine says.
func TestAt(t *testing.T) {
	w := servers(t)
	inception, expiration := w.born.Add(timedFrom), w.born.Add(timedTo)
	const good, early, late = "NOERROR secure -", "SERVFAIL bogus not-yet-valid", "SERVFAIL bogus expired"
	for _, c := range []struct {
		at           time.Time
		timed, above string // of timed.com, and of the zones above it
	}{
		{w.born.Add(signedFrom - time.Second), early, early},
		{w.born.Add(signedFrom), early, good},
		{inception.Add(-time.Second), early, good},
		{inception, good, good},
		{expiration, good, good},
		{expiration.Add(time.Second), late, good},
		{w.born.Add(signedTo), late, good},
		{w.born.Add(signedTo + time.Second), late, late},
	} {
		want := map[string]string{
			"timed.com": c.timed, "alias.timed.com": c.timed, "mx.timed.com": c.timed, "com": c.above, "museum": c.above, "nosuch.museum": c.above,
		}
		if c.above == good {
			want["nosuch.museum"] = "NXDOMAIN secure -"
		}
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 5*3600+1800)} {
			w.checkVerdicts(t, want, "--at", c.at.In(zone).Format(time.RFC3339))
		}
	}
	// Zones whose signatures have expired, or are not valid yet, at the times when they were.
	w.checkVerdicts(t, map[string]string{"expired.com": good, "future.com": early}, "--at", w.born.Add(-day).Format(time.RFC3339))
	w.checkVerdicts(t, map[string]string{"expired.com": late, "future.com": good}, "--at", w.born.Add(day).Format(time.RFC3339))
}

// TestDNSSECModes: off claims nothing, lazy what verdicts depend on, full everything.
func TestDNSSECModes(t *testing.T) {
	w := servers(t)
	type state struct{ CAA, Status, Reason, FailedAt, MX, Levels string }
	rows := func(mode string, names []string) map[string]state {
		found := map[string]state{}
		lines := mustCaascan(t, strings.Join(names, "\n")+"\n", append([]string{"scan", "-", "--quiet"}, w.flags("--out", "-", "--format", "jsonl", "--dnssec", mode)...)...)
		for line := range strings.Lines(lines) {
			var d output.Domain
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			s := state{d.CAAStatus, d.DNSSECStatus, d.DNSSECReason, d.DNSSECFailedAt, d.MXSecurity, ""}
			for _, level := range d.Climb {
				s.Levels += " " + level.Outcome + "," + level.Security
			}
			found[d.QueryName] = s
		}
		return found
	}
	const off = "not-validated"
	for mode, want := range map[string]map[string]state{
		"full": {
			"signed-nsec.com":             {"found", "secure", "", "", "secure", " found,secure"},
			"leaf.ent.signed-nsec3.com":   {"found", "secure", "", "", "secure", " nodata,secure nodata,secure found,secure"},
			"to-insecure.signed-nsec.com": {"found", "insecure", "opt-out", "", "insecure", " found,insecure"},
			"v6only-glueless.net":         {"none", "insecure", "no-ds", "", "insecure", " nodata,insecure nodata,secure"},
			"nosuch.com":                  {"none", "insecure", "opt-out", "", "insecure", " nxdomain,insecure nodata,secure"},
			"www.nosuchtld":               {"none", "secure", "", "", "secure", " nxdomain,secure nxdomain,secure"},
			"mx.no-denial.com":            {"error", "bogus", "denial-missing", "no-denial.com", "bogus", " bogus,bogus"},
			"tampered.com":                {"error", "bogus", "bad-signature", "tampered.com", "secure", " bogus,bogus"},
			"dead.com":                    {"error", "insecure", "opt-out", "", "insecure", " unreachable,insecure nodata,secure"},
			"dead-signed.com":             {"error", "indeterminate", "signed-zone", "", "indeterminate", " unreachable,indeterminate nodata,secure"},
		},
		"lazy": {
			"signed-nsec.com":             {"found", "secure", "", "", "indeterminate", " found,secure"},
			"leaf.ent.signed-nsec3.com":   {"found", "secure", "", "", "indeterminate", " nodata,indeterminate nodata,indeterminate found,secure"},
			"to-insecure.signed-nsec.com": {"found", "insecure", "opt-out", "", "indeterminate", " found,insecure"},
			"v6only-glueless.net":         {"none", "indeterminate", off, "", "indeterminate", " nodata,indeterminate nodata,indeterminate"},
			"nosuch.com":                  {"none", "indeterminate", off, "", "indeterminate", " nxdomain,indeterminate nodata,indeterminate"},
			"www.nosuchtld":               {"none", "indeterminate", off, "", "indeterminate", " nxdomain,indeterminate nxdomain,indeterminate"},
			"mx.no-denial.com":            {"found", "secure", "", "", "indeterminate", " nodata,indeterminate found,secure"},
			"tampered.com":                {"error", "bogus", "bad-signature", "tampered.com", "indeterminate", " bogus,bogus"},
			"dead.com":                    {"error", "insecure", "opt-out", "", "insecure", " unreachable,insecure nodata,indeterminate"},
			"dead-signed.com":             {"error", "indeterminate", "signed-zone", "", "indeterminate", " unreachable,indeterminate nodata,indeterminate"},
		},
		"off": {
			"signed-nsec.com":             {"found", "indeterminate", off, "", "indeterminate", " found,indeterminate"},
			"leaf.ent.signed-nsec3.com":   {"found", "indeterminate", off, "", "indeterminate", " nodata,indeterminate nodata,indeterminate found,indeterminate"},
			"to-insecure.signed-nsec.com": {"found", "indeterminate", off, "", "indeterminate", " found,indeterminate"},
			"www.nosuchtld":               {"none", "indeterminate", off, "", "indeterminate", " nxdomain,indeterminate nxdomain,indeterminate"},
			"mx.no-denial.com":            {"found", "indeterminate", off, "", "indeterminate", " nodata,indeterminate found,indeterminate"},
			"tampered.com":                {"found", "indeterminate", off, "", "indeterminate", " found,indeterminate"},
			"expired.com":                 {"found", "indeterminate", off, "", "indeterminate", " found,indeterminate"},
			"wrong-ds.com":                {"found", "indeterminate", off, "", "indeterminate", " found,indeterminate"},
		},
	} {
		t.Run(mode, func(t *testing.T) {
			if diff := gocmp.Diff(want, rows(mode, slices.Sorted(maps.Keys(want)))); diff != "" {
				t.Errorf("--dnssec %s (-want +got):\n%s", mode, diff)
			}
		})
	}
}

// TestTraceExplains: lookup --trace tells on stderr what was validated, with whose keys, and what came of it.
func TestTraceExplains(t *testing.T) {
	w := servers(t)
	for name, want := range map[string][]string{ // parts of lines, in order
		"caa.signed-nsec.com": {
			";; DNSSEC: are these the keys of .?", "vouched for by . ", "usable keys: ", "(RSASHA256)", "=> secure",
			";; DNSSEC: are these the keys of com.?", "vouched for by com. ", "=> secure",
			";; DNSSEC: are these the keys of signed-nsec.com.?", "=> secure",
			";; DNSSEC: are these records of signed-nsec.com. genuine?", `caa.signed-nsec.com. 3600 IN CAA 0 issue "caa.signed.example"`,
			"signed by signed-nsec.com. with key ", "(ECDSAP256SHA256)", "=> secure",
			";; VERDICT on caa.signed-nsec.com. CAA: found, secure\n",
		},
		"nosuch.signed-nsec3.com": {
			";; DNSSEC: does signed-nsec3.com. prove that nosuch.signed-nsec3.com. does not exist?", " NSEC3 1 0 ", "=> secure",
			";; VERDICT on nosuch.signed-nsec3.com. CAA: nxdomain, secure\n",
		},
		"mx.signed-nsec.com": {
			";; DNSSEC: does signed-nsec.com. prove that mx.signed-nsec.com. has no CAA?", " NSEC ", "=> secure",
			";; VERDICT on mx.signed-nsec.com. CAA: nodata, secure\n",
		},
		"x.wild.signed-nsec.com": {"made from a wildcard", "=> secure", ";; VERDICT on x.wild.signed-nsec.com. CAA: found, secure\n"},
		"own.museum": {
			";; DNSSEC: does museum. prove that own.museum. has no DS?", "=> insecure (no-ds)", "an unsigned delegation: all below is insecure",
			";; VERDICT on own.museum. CAA: found, insecure at own.museum. (no-ds): ",
		},
		"expired.com": {
			";; DNSSEC: are these the keys of expired.com.?", ": EXPIRED", "=> bogus (expired): the signature has expired",
			";; VERDICT on expired.com. CAA: bogus, bogus at expired.com. (expired): the signature has expired: the zone must be signed again\n",
		},
		"future.com":      {": NOT YET VALID", "=> bogus (not-yet-valid)", ";; VERDICT on future.com. CAA: bogus, bogus at future.com. (not-yet-valid): "},
		"wrong-ds.com":    {"vouched for by wrong-ds.com. ", " DS 4711 13 2 ", "=> bogus (no-matching-ds)", ";; VERDICT on wrong-ds.com. CAA: bogus, bogus at wrong-ds.com. (no-matching-ds): "},
		"no-dnskey.com":   {";; VERDICT on no-dnskey.com. CAA: bogus, bogus at no-dnskey.com. (no-dnskey): there is a DS in the zone above"},
		"stripped.com":    {";; VERDICT on stripped.com. CAA: bogus, bogus at stripped.com. (no-signature): "},
		"tampered.com":    {`0 issue "forged.example"`, "=> bogus (bad-signature)", ";; VERDICT on tampered.com. CAA: bogus, bogus at tampered.com. (bad-signature): "},
		"dead-signed.com": {";; VERDICT on dead-signed.com. CAA: unreachable, indeterminate (signed-zone): the look-up failed, in a zone that is proven to be signed\n"},
		"odd-digest.com":  {";; VERDICT on odd-digest.com. CAA: found, insecure at odd-digest.com. (unsupported-digest): "},
		"to-bogus.signed-nsec.com": {
			": EXPIRED", ";; VERDICT on to-bogus.signed-nsec.com. CAA: bogus, bogus at expired.com. (expired): ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := caascan(t, "", append([]string{"lookup", "--type", "CAA", "--trace", name}, w.flags()...)...)
			if code != exitDone || strings.Contains(stdout, ";;") {
				t.Errorf("exit code %d, stdout %s", code, stdout)
			}
			rest, ok := stderr, true
			for _, part := range want {
				if _, rest, ok = strings.Cut(rest, part); !ok {
					t.Fatalf("%q is not there, or not in this order:\n%s", part, stderr)
				}
			}
			if strings.Count(stderr, ";; VERDICT on ") != 1 {
				t.Errorf("not one verdict:\n%s", stderr)
			}
		})
	}
}

// TestStubMode: what --resolver shows through BIND is what the authoritative servers show.
func TestStubMode(t *testing.T) {
	w := servers(t)
	port := w.startValidator(t)
	names := strings.Fields(`signed-nsec.com caa.signed-nsec3.com x.wild.signed-nsec.com no.such.signed-nsec.com mx.signed-nsec3.com alias.signed-nsec.com
		host.dname.signed-nsec3.com to-insecure.signed-nsec.com to-bogus.signed-nsec.com to-dead.signed-nsec3.com to-dead-signed.signed-nsec.com three.com nosuch.com nosuchtld own.museum museum
		caatest-nsd.com cname-bind.caatest-nsd.com caatest-bind.org nosuch.caatest-bind.org island.org island.com odd-digest.com
		expired.com future.com wrong-ds.com no-dnskey.com stripped.com tampered.com mx.no-denial.com
		dead.com dead.net dead-signed.com dead-signed.net servfail-nsd.com servfail-signed.com`)
	withoutReason := func(found map[string]string) map[string]string {
		for name, text := range found {
			found[name] = text[:strings.LastIndexByte(text, ' ')]
		}
		return found
	}
	want, got := withoutReason(w.verdicts(t, names)), withoutReason(w.verdicts(t, names, "--resolver", "127.0.0.1:"+port, "--timeout", "10s"))
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("authoritative servers (-) and a resolver (+) differ:\n%s", diff)
	}
}

// TestStubModeSaysWhatItIgnores: flags about our own validation do nothing with --resolver, and that is said.
func TestStubModeSaysWhatItIgnores(t *testing.T) {
	for _, flag := range [][]string{{"--at", "2026-11-01T00:00:00Z"}, {"--dnssec", "lazy"}, nil} {
		var stderr strings.Builder
		env := &environ{ctx: t.Context(), flags: map[string]any{}, log: newJSONLog(&stderr, slog.LevelInfo)}
		f := networkFlags{Resolver: []string{"127.0.0.1:1"}, Timeout: time.Second, MaxQueriesPerName: 1, ServerPort: 53, RateShare: 1, RatePerServer: 1, RatePerOperator: 1, DNSSEC: "full"}
		switch {
		case flag == nil:
		case flag[0] == "--at":
			f.At, _ = time.Parse(time.RFC3339, flag[1])
		default:
			f.DNSSEC = flag[1]
		}
		if _, err := f.network(env); err != nil || strings.Contains(stderr.String(), "no effect") != (flag != nil) {
			t.Errorf("%v: %v, %q", flag, err, stderr.String())
		}
	}
}
