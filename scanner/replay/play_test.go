package replay

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

const config = `
server:
	qname-minimisation: "no"
stub-zone:
	name: "."
	stub-addr: 198.51.100.1 # a root server
	stub-addr: 198.51.100.2
CONFIG_END
`

const ask = `
STEP 1 QUERY
ENTRY_BEGIN
REPLY RD AD
SECTION QUESTION
test. IN CAA
ENTRY_END
`

// entry is an ENTRY that answers the question of ask.
func entry(match, adjust, flags, records string) string {
	return fmt.Sprintf("ENTRY_BEGIN\nMATCH %s\nADJUST %s\nREPLY QR %s\nSECTION QUESTION\ntest. IN CAA\n%sENTRY_END\n", match, adjust, flags, records)
}

const good = "SECTION ANSWER\ntest. 300 IN CAA 0 issue \"ca.example\"\n"

// check is the CHECK_ANSWER of a step.
func check(step int, match, flags, extra string) string {
	return fmt.Sprintf("STEP %d CHECK_ANSWER\nENTRY_BEGIN\nMATCH %s\nREPLY QR RD RA %s\nSECTION QUESTION\ntest. IN CAA\n%sENTRY_END\n", step, match, flags, extra)
}

func parse(t testing.TB, body string) *Scenario {
	t.Helper()
	s, err := Parse(strings.NewReader(config + "SCENARIO_BEGIN test\n" + body + "SCENARIO_END\n"))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return s
}

func inRange(from, to int, entries ...string) string {
	return fmt.Sprintf("RANGE_BEGIN %d %d\n%sRANGE_END\n", from, to, strings.Join(entries, ""))
}

// TestPlay: what the player makes of each part of the grammar, by what it finds wrong; "" is nothing.
func TestPlay(t *testing.T) {
	always := func(entries ...string) string { return inRange(0, 100, entries...) }
	fine := always(entry("opcode qtype qname", "copy_id", "AA NOERROR", good))
	negative := "SECTION AUTHORITY\n. 300 IN SOA ns. host. 1 2 3 4 300\n"
	for _, test := range []struct {
		name, body string
		fault      string
	}{
		{"as said", fine + ask + check(10, "all", "NOERROR", good), ""},
		{"other record", fine + ask + check(10, "all", "NOERROR", strings.ReplaceAll(good, "ca.", "cb.")), "is missing"},
		{"record not expected", fine + ask + check(10, "all", "NOERROR", ""), "is not expected"},
		{"record not looked at", fine + ask + check(10, "rcode question", "NOERROR", ""), ""},
		{"other code", fine + ask + check(10, "all", "NXDOMAIN", good), "response code NOERROR, not NXDOMAIN"},
		{"other flags", fine + ask + check(10, "all", "AD NOERROR", good), "flags QR RD RA, not QR RD RA AD"},
		{"TTL", fine + ask + check(10, "all ttl", "NOERROR", strings.ReplaceAll(good, "300", "301")), "is missing"},
		{"other outcome", fine + ask + check(10, "rcode", "NOERROR", "; caascan: outcome nodata\n"), `outcome "found", not "nodata"`},
		{"other security", fine + ask + check(10, "rcode", "NOERROR", "; caascan: security secure\n"), `security "indeterminate", not "secure"`},
		{"other reason", fine + ask + check(10, "rcode", "NOERROR", "; caascan: reason none\n"), `reason "not-validated", not "none"`},
		{"other cause", fine + ask + check(10, "rcode", "NOERROR", "; caascan: cause queries\n"), `cause "none", not "queries"`},
		{"other zone", fine + ask + check(10, "rcode", "NOERROR", "; caascan: zone test.\n"), "zone"},
		{"other place", fine + ask + check(10, "rcode", "NOERROR", "; caascan: at test.\n"), "broken at"},
		{"other server", fine + ask + check(10, "rcode", "NOERROR", "; caascan: by 192.0.2.1\n"), "not given by 192.0.2.1"},
		{"number of packets", always(entry("qname", "copy_id", "SERVFAIL", "")) + ask + check(10, "rcode", "SERVFAIL", "; caascan: packets 1\n"), "packets, more than 1"},
		{"no entry", ask + check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"wrong type", always(strings.ReplaceAll(entry("opcode qtype qname", "copy_id", "AA NOERROR", good), "test. IN CAA", "test. IN A")) + ask +
			check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"other name", always(strings.ReplaceAll(entry("opcode qtype qname", "copy_id", "AA NOERROR", good), "test. IN CAA", "x. IN CAA")) + ask +
			check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"subdomain", always(strings.ReplaceAll(entry("opcode subdomain", "copy_id copy_query", "AA NOERROR", good), "test. IN CAA", ". IN A")) + ask +
			check(10, "all", "NOERROR", good), ""},
		{"UDP and TCP", always(entry("UDP qname", "copy_id", "AA TC NOERROR", ""), entry("TCP qname", "copy_id", "AA NOERROR", good)) + ask +
			check(10, "all", "NOERROR", good), ""},
		{"with and without EDNS", always(entry("noedns qname", "copy_id", "AA NOERROR", good), entry("qname", "copy_id", "FORMERR", "")) + ask +
			check(10, "all", "NOERROR", good), ""},
		{"silent", always(entry("qname", "copy_id do_not_answer", "AA NOERROR", good)) + ask + check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"sleeps little", always(entry("qname", "copy_id sleep=1 packet_sleep=0.5", "AA NOERROR", good)) + ask + check(10, "all", "NOERROR", good), ""},
		{"sleeps long", always(entry("qname", "copy_id sleep=1 packet_sleep=1", "AA NOERROR", good)) + ask + check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"octets", always("ENTRY_BEGIN\nMATCH qname qtype\nSECTION QUESTION\ntest. IN CAA\nHEX_ANSWER_BEGIN\n0000 8400 0001 0001 0000 0000 ; header\n"+
			"0474657374 00 0101 0001\nc00c 0101 0001 0000012c 0011 00 05 6973737565 63612e6578616d706c65\nHEX_ANSWER_END\nENTRY_END\n") + ask +
			check(10, "all", "NOERROR", good[:strings.LastIndexByte(good, ' ')]+" \"ca.example\"\n"), ""},
		{"address", "RANGE_BEGIN 0 100\nADDRESS 198.51.100.2\n" + entry("qname", "copy_id", "AA NOERROR", good) + "RANGE_END\nRANGE_BEGIN 0 100\nADDRESS 198.51.100.1\n" +
			entry("qname", "copy_id", "REFUSED", "") + "RANGE_END\n" + ask + check(10, "all", "NOERROR", good+"; caascan: by 198.51.100.2\n"), ""},
		{"range of later steps", inRange(0, 9, entry("qname", "copy_id", "AA NOERROR", good)) + inRange(10, 100, entry("qname", "copy_id", "AA NXDOMAIN", negative)) + ask +
			check(10, "all", "NXDOMAIN", ""), ""},
		{"first entry", always(entry("qname", "copy_id", "AA NOERROR", good), entry("qname", "copy_id", "AA NXDOMAIN", negative)) + ask + check(10, "all", "NOERROR", good), ""},
		{"from the cache", inRange(0, 5, entry("qname", "copy_id", "AA NOERROR", good)) + strings.ReplaceAll(ask, "STEP 1", "STEP 0") + check(5, "all", "NOERROR", good) +
			"STEP 6 TIME_PASSES ELAPSE 299\n" + strings.ReplaceAll(ask, "STEP 1", "STEP 7") + check(8, "all", "NOERROR", good), ""},
		{"no longer from the cache", inRange(0, 5, entry("qname", "copy_id", "AA NOERROR", good)) + strings.ReplaceAll(ask, "STEP 1", "STEP 0") + check(5, "all", "NOERROR", good) +
			"STEP 6 TIME_PASSES ELAPSE 301\n" + strings.ReplaceAll(ask, "STEP 1", "STEP 7") + check(8, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"looked at, then answered", fine + ask + "STEP 2 CHECK_OUT_QUERY\nENTRY_BEGIN\nMATCH qname qtype UDP\nSECTION QUESTION\ntest. IN CAA\nENTRY_END\n" +
			check(10, "all", "NOERROR", good), ""},
		{"looked at for another name", fine + ask + "STEP 2 CHECK_OUT_QUERY\nENTRY_BEGIN\nMATCH qname\nSECTION QUESTION\nx. IN CAA\nENTRY_END\n" +
			check(10, "all", "NOERROR", good), "no query under way fits step 2"},
		{"looked at and answered by the step", fine + ask + "STEP 2 CHECK_OUT_QUERY\n" + entry("qname", "copy_id", "AA NXDOMAIN", negative) + check(10, "all", "NXDOMAIN", ""), ""},
		{"answered by a step", ask + "STEP 2 REPLY\n" + entry("qname", "copy_id", "AA NOERROR", good) + check(10, "all", "NOERROR", good), ""},
		{"answered by a step for another server", ask + "STEP 2 REPLY ADDRESS 192.0.2.9\n" + entry("qname", "copy_id", "AA NOERROR", good) + check(10, "all", "SERVFAIL", ""),
			"no query under way fits step 2"},
		{"timeout, then an answer", ask + "STEP 2 TIMEOUT\nSTEP 3 REPLY\n" + entry("qname", "copy_id", "AA NOERROR", good) + check(10, "all", "NOERROR", good), ""},
		{"errors", ask + "STEP 2 ERROR\nSTEP 3 ERROR\n" + check(10, "all", "SERVFAIL", "; caascan: outcome unreachable\n"), ""},
		{"held until the clock passes", ask + "STEP 2 NOTHING\n" + check(10, "all", "SERVFAIL", "; caascan: outcome timeout\n"), ""},
		{"not asked", fine + ask + check(10, "all", "NOERROR", good) + check(11, "all", "NOERROR", good), "there was no such question"},
		{"not checked", fine + ask, "is not checked"},
		{"left under way", ask + "STEP 2 TIMEOUT\nSTEP 3 TIMEOUT\nSTEP 4 TIMEOUT\n", "is not checked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(4) {
				p := Play(parse(t, test.body), seed)
				found := slices.ContainsFunc(p.Faults, func(f string) bool { return strings.Contains(f, test.fault) })
				if test.fault == "" && p.Faults != nil || test.fault != "" && !found {
					t.Fatalf("seed %d: faults %q, want %q\n%s", seed, p.Faults, test.fault, strings.Join(p.Trace, "\n"))
				}
			}
		})
	}
}

// TestCase: with use-caps-for-id the question's letters are mixed, and a server that answers in its own case is found out.
func TestCase(t *testing.T) {
	mixed := strings.Replace(config, "server:", "server:\n\tuse-caps-for-id: yes", 1)
	for _, test := range []struct {
		body    string
		packets int
	}{
		{inRange(0, 100, entry("qname qtype", "copy_id", "AA NOERROR", good)), 1},
		{inRange(0, 100, entry("qcase qtype", "copy_id", "AA NOERROR", good), strings.ReplaceAll(entry("subdomain", "copy_id", "AA NOERROR", good), "test. IN CAA", ". IN A")), 2},
	} {
		s, err := Parse(strings.NewReader(mixed + "SCENARIO_BEGIN\n" + test.body + ask + check(10, "all", "NOERROR", good) + "SCENARIO_END"))
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(8) {
			if p := Play(s, seed); p.Faults != nil || p.Packets > test.packets {
				t.Errorf("seed %d: %q\n%s", seed, p.Faults, strings.Join(p.Trace, "\n"))
			}
		}
	}
}

// TestSame: one seed gives the same run, packet by packet.
func TestSame(t *testing.T) {
	s := parse(t, inRange(0, 100, entry("qname", "copy_id", "SERVFAIL", ""))+ask+check(10, "all", "SERVFAIL", ""))
	first := Play(s, 5)
	if again := Play(s, 5); !slices.Equal(first.Trace, again.Trace) || first.Packets != again.Packets {
		t.Errorf("%q, then %q", first.Trace, again.Trace)
	}
	if len(first.Answers) != 1 || first.Answers[0].Outcome != record.ServFail || first.Missing != 0 {
		t.Errorf("answers %v, %d missing", first.Answers, first.Missing)
	}
}

// TestConfig: what each setting does, and which are not taken.
func TestConfig(t *testing.T) {
	const root = "\nstub-zone:\nname: \".\"\nstub-addr: 2001:db8::1\nCONFIG_END\nSCENARIO_BEGIN\nSCENARIO_END\n"
	s, err := Parse(strings.NewReader(`; heading
server:
	trust-anchor: ". 3600 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D" # KSK-2017
	trust-anchor: 'example.com. IN DNSKEY 257 3 13 AAAA'
	val-override-date: "20261101120000"
	val-nsec3-keysize-iterations: "1024 100 2048 100"
	do-ip4: no
	query-minimization: off
	module-config: "validator iterator"
; caascan: lazy
; caascan: no-sha1
; caascan: max-queries 9
; caascan: retries 1` + root))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Config
	if len(c.Anchors) != 2 || len(c.Anchors[0].Data) != 36 || c.At != 1793534400 || !c.Start.Equal(time.Unix(1793534400, 0)) || c.IPv4 || !c.IPv6 ||
		!c.Lazy || !c.Policy.NoSHA1 || c.Policy.MaxIterations != 100 || c.MaxQueries != 9 || c.Retries != 1 || c.MixCase || len(c.Roots) != 1 {
		t.Errorf("%+v", c)
	}
	s, err = Parse(strings.NewReader("stub-addr: 192.0.2.1\nval-override-timestamp: \"1793534401\"\nuse-caps-for-id: yes\n; caascan: max-iterations 7" + root))
	if err != nil || s.Config.At != 0 || s.Config.Start.Unix() != 1793534401 || !s.Config.MixCase || s.Config.Policy.MaxIterations != 7 || len(s.Config.Roots) != 2 {
		t.Errorf("%+v %v", s, err)
	}
	for _, line := range []string{
		"forward-zone:", "nonsense", "no-such-setting: yes", "trust-anchor: \"example.com. A 192.0.2.1\"", "trust-anchor: \"example.com\"",
		"val-override-date: \"0\"", "val-override-date: \"2026\x00\"", "val-override-timestamp: -1", "do-ip4: maybe", "qname-minimisation: yes",
		"val-nsec3-keysize-iterations: \"1024 1 2048 2\"", "; caascan: faster", "; caascan: max-queries x", "stub-zone:\nname: \"com\"",
		"stub-zone:\nstub-addr: 192.0.2.1", "stub-addr: nowhere", "trust-anchor: \"\"",
	} {
		if _, err := Parse(strings.NewReader("server:\n" + line + root)); err == nil || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// TestGrammar: texts that are no scenarios, with the line of the fault.
func TestGrammar(t *testing.T) {
	head := strings.TrimPrefix(config, "\n") + "SCENARIO_BEGIN\n" // nine lines
	q := "ENTRY_BEGIN\nSECTION QUESTION\ntest. IN CAA\n"
	for _, test := range []struct {
		text string
		line int
	}{
		{"", 0}, {"CONFIG_END\n", 1}, {"CONFIG_END\nSCENARIO_END\n", 2},
		{head, 8}, {head + "nonsense\n", 9}, {head + "RANGE_BEGIN 1\n", 9}, {head + "RANGE_BEGIN 5 1\n", 9}, {head + "RANGE_BEGIN 0 x\n", 9},
		{head + "RANGE_BEGIN 0 9\n", 9}, {head + "RANGE_BEGIN 0 9\nADDRESS x\n", 10}, {head + "RANGE_BEGIN 0 9\nSTEP 1 NOTHING\n", 10},
		{head + "RANGE_BEGIN 0 9\nENTRY_BEGIN\nENTRY_END\nRANGE_END\n", 11},
		{head + "RANGE_BEGIN 0 9\nENTRY_BEGIN\nMATCH qname\n; caascan: outcome found\nENTRY_END\n", 13},
		{head + "; caascan: lazy\n", 9}, {head + "RANGE_BEGIN 0 9\n; caascan: lazy\n", 10},
		{head + "STEP 1\n", 9}, {head + "STEP x NOTHING\n", 9}, {head + "STEP 1 CHECK_AUTOTRUST x\n", 9}, {head + "STEP 1 NOTHING more\n", 9},
		{head + "STEP 1 TIME_PASSES EVAL ${1}\n", 9}, {head + "STEP 1 TIME_PASSES ELAPSE NaN\n", 9}, {head + "STEP 1 TIME_PASSES ELAPSE 1e300\n", 9},
		{head + "STEP 1 TIMEOUT ADDRESS\n", 9}, {head + "STEP 1 QUERY\nSTEP 2 NOTHING\n", 10}, {head + "STEP 1 QUERY\n", 9},
		{head + "STEP 2 NOTHING\nSTEP 2 NOTHING\nSCENARIO_END\n", 10},
		{head + "STEP 1 QUERY\nENTRY_BEGIN\nENTRY_END\nSCENARIO_END\n", 9},
		{head + "STEP 1 QUERY\n" + q + "REPLY CD\nENTRY_END\nSCENARIO_END\n", 9},
		{head + "STEP 1 QUERY\n" + q + "; caascan: outcome found\nENTRY_END\nSCENARIO_END\n", 9},
		{head + "STEP 1 CHECK_ANSWER\n" + q + "ENTRY_END\nSCENARIO_END\n", 9},
		{head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: outcome fund\n", 13}, {head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: outcome\n", 13},
		{head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: colour blue\n", 13}, {head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: security safe\n", 13},
		{head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: at a..b\n", 13}, {head + "STEP 1 CHECK_ANSWER\n" + q + "; caascan: packets -1\n", 13},
		{head + "STEP 1 QUERY\n" + q + "test. IN CAA\n", 13}, {head + "STEP 1 QUERY\n" + q + "MATCH serial=3\n", 13}, {head + "STEP 1 QUERY\n" + q + "ADJUST raw\n", 13},
		{head + "STEP 1 QUERY\n" + q + "ADJUST sleep=x\n", 13}, {head + "STEP 1 QUERY\n" + q + "REPLY MAYBE\n", 13}, {head + "STEP 1 QUERY\n" + q + "SECTION\n", 13},
		{head + "STEP 1 QUERY\n" + q + "SECTION EXTRA\n", 13}, {head + "STEP 1 QUERY\n" + q + "SECTION ANSWER\nx\n", 14},
		{head + "STEP 1 QUERY\n" + q + "SECTION ANSWER\n$INCLUDE /etc/passwd\n", 14}, {head + "STEP 1 QUERY\n" + q + "SECTION ANSWER\n$GENERATE 1-9 a$ A 192.0.2.$\n", 14},
		{head + "STEP 1 QUERY\n" + q + "RAW\nxyz\n", 14}, {head + "STEP 1 QUERY\n" + q + "RAW\n00\n", 14}, {head + "STEP 1 QUERY\n" + q + "$TTL x\n", 13},
		{head + "STEP 1 QUERY\n" + q + "$ORIGIN\n", 13}, {head + "STEP 1 QUERY\nENTRY_BEGIN\ntest. IN CAA\n", 11},
		{head + "STEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\ntest IN CAA\n", 12}, {head + "STEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\ntest. CH TXT\n", 12},
		{head + "STEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\ntest. IN NOTYPE\n", 12}, {head + "STEP 1 QUERY\n" + q, 12},
		{head + strings.Repeat("x", maxLine+1) + "\n", 8},
	} {
		_, err := Parse(strings.NewReader(test.text))
		if want := fmt.Sprintf("line %d:", test.line); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", test.text[min(len(test.text), len(head)):][:min(60, max(len(test.text)-len(head), 0))], err, want)
		}
	}
	if _, err := Parse(strings.NewReader("CONFIG_END\nSCENARIO_BEGIN\nSCENARIO_END\n")); err == nil {
		t.Error("a scenario without root servers")
	}
	s := parse(t, "$ORIGIN example.com.\n$TTL 77\nSTEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\nwww TYPE257\nSECTION ANSWER\nwww A 192.0.2.1\nENTRY_END\n")
	e := s.Steps[0].Entry
	if e.Question.Name != "www.example.com." || e.Question.Qtype != 257 || e.Sections[0][0].Header().Ttl != 77 || e.Sections[0][0].Header().Name != "www.example.com." {
		t.Errorf("%+v", e)
	}
}

// FuzzParse: whatever the text, reading it ends; and whatever it says, playing it does.
func FuzzParse(f *testing.F) {
	fine := inRange(0, 100, entry("opcode qtype qname", "copy_id", "AA NOERROR", good))
	for _, body := range []string{
		fine + ask + check(10, "all", "NOERROR", good+"; caascan: outcome found security secure reason none at . zone . by 192.0.2.1 packets 3\n"),
		ask + "STEP 2 TIMEOUT\nSTEP 3 REPLY ADDRESS 198.51.100.1\n" + entry("qcase UDP DO", "copy_query sleep=0.5", "TC NXDOMAIN", good) + "STEP 4 TIME_PASSES ELAPSE 1.5\nSTEP 5 ERROR\n",
		ask + "STEP 2 CHECK_OUT_QUERY\nENTRY_BEGIN\nMATCH subdomain TCP noedns flags rcode answer\nRAW\n0000\nENTRY_END\nSTEP 3 NOTHING\n",
		"$ORIGIN example.\n$TTL 5\n" + inRange(0, 9, "ENTRY_BEGIN\nMATCH question\nHEX_ANSWER_BEGIN\n00 ff ; x\nHEX_ANSWER_END\nENTRY_END\n"),
	} {
		f.Add(config + "SCENARIO_BEGIN x\n" + body + "SCENARIO_END\n")
	}
	f.Add("server:\ntrust-anchor: \". IN DS 1 13 2 00\"\nval-override-timestamp: \"4294967295\"\n; caascan: max-iterations 3\n" + config + "SCENARIO_BEGIN\n" + fine + ask + "SCENARIO_END")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		if p := Play(s, 1); p.Packets > 100*len(s.Steps) {
			t.Errorf("%d packets for %d steps", p.Packets, len(s.Steps))
		}
	})
}
