package datasets

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// czds is a zone as ICANN demands it of registries: alphabetical, one record a line, the SOA record at both ends. Glue
// stands far from what it serves, and serves others too.
const czds = "kiel.\t900\tin\tsoa\tns1.nic.kiel. host.nic.kiel. 2026112201 1800 900 604800 86400\n" +
	"a-b.kiel.\t3600\tin\tns\tns1.zulu.kiel.\n" +
	"a-b.kiel.\t7200\tin\tns\tns2.hoster.example.net.\n" +
	"alpha.kiel.\t86400\tin\tds\t12345 13 2 e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766\n" +
	"alpha.kiel.\t86400\tin\tns\tns1.hoster.example.net.\n" +
	"alpha.kiel.\t86400\tin\tns\tns2.hoster.example.net.\n" +
	"alpha.kiel.\t86400\tin\trrsig\tds 13 2 86400 20261210000000 20261119000000 4711 kiel. c2lnbmF0dXJl\n" +
	"alpha.kiel.\t86400\tin\trrsig\tnsec 13 2 86400 20261210000000 20261119000000 4711 kiel. c2lnbmF0dXJl\n" +
	"kiel.\t3600\tin\tdnskey\t257 3 13 b2ZmaWNlcg==\n" +
	"kiel.\t3600\tin\tns\tns1.nic.kiel.\n" +
	"ns1.nic.kiel.\t3600\tin\ta\t192.0.2.53\n" +
	"ns1.zulu.kiel.\t3600\tin\ta\t192.0.2.1\n" +
	"ns1.zulu.kiel.\t1800\tin\taaaa\t2001:db8::1\n" +
	"ns2.zulu.kiel.\t3600\tin\ta\t192.0.2.2\n" +
	"x.sub.kiel.\t3600\tin\tns\tx.sub.kiel.\n" +
	"x.sub.kiel.\t3600\tin\ta\t192.0.2.9\n" +
	"zulu.kiel.\t3600\tin\tns\tns2.zulu.kiel.\n" +
	"zulu.kiel.\t3600\tin\tns\tns1.zulu.kiel.\n" +
	"kiel.\t900\tin\tsoa\tns1.nic.kiel. host.nic.kiel. 2026112201 1800 900 604800 86400\n"

// TestDelegations: what the file holds of each name comes with the name, however the file comes; from a pipe, without
// the glue that has not passed.
func TestDelegations(t *testing.T) {
	server := func(name string, ttl uint32, addrs ...string) record.DelegatedServer {
		s := record.DelegatedServer{Name: wire.MustName(name), TTL: ttl}
		for _, a := range addrs {
			s.Addrs = append(s.Addrs, netip.MustParseAddr(a))
		}
		return s
	}
	digest, err := hex.DecodeString("3039" + "0d02" + "e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766")
	if err != nil {
		t.Fatal(err)
	}
	signature := append([]byte{0, 43, 13, 2, 0, 1, 0x51, 0x80, 0x6b, 0x19, 0xeb, 0x80, 0x6a, 0xfe, 0x3c, 0, 0x12, 0x67, 4, 'k', 'i', 'e', 'l', 0}, "signature"...)
	alpha := wire.MustName("alpha.kiel")
	want := func(glue, whole bool) map[string]*record.Delegation {
		ns1, ns2 := server("ns1.zulu.kiel", 1800, "192.0.2.1", "2001:db8::1"), server("ns2.zulu.kiel", 3600, "192.0.2.2")
		early := ns1
		if !glue {
			early = server("ns1.zulu.kiel", 0)
		}
		zone := &record.Zone{ZoneVersion: record.ZoneVersion{Apex: wire.MustName("kiel"), Serial: 2026112201}}
		hoster := []record.DelegatedServer{server("ns1.hoster.example.net", 0), server("ns2.hoster.example.net", 0)}
		var below *record.Delegation // there may be a delegation of sub.kiel, if not all of the file is known
		if whole {
			below = &record.Delegation{Name: wire.MustName("x.sub.kiel"), Zone: zone, Servers: []record.DelegatedServer{server("x.sub.kiel", 3600, "192.0.2.9")}, TTL: 3600, Whole: true}
		}
		return map[string]*record.Delegation{
			"a-b.kiel": {Name: wire.MustName("a-b.kiel"), Zone: zone, Servers: []record.DelegatedServer{early, hoster[1]}, TTL: 3600, Whole: whole},
			"alpha.kiel": {Name: alpha, Zone: zone, Servers: hoster, DS: []record.RR{{Owner: alpha, Type: wire.TypeDS, Class: wire.ClassIN, TTL: 86400, Data: digest},
				{Owner: alpha, Type: wire.TypeRRSIG, Class: wire.ClassIN, TTL: 86400, Data: signature}}, TTL: 86400, Whole: whole},
			"x.sub.kiel": below,
			"zulu.kiel":  {Name: wire.MustName("zulu.kiel"), Zone: zone, Servers: []record.DelegatedServer{ns1, ns2}, TTL: 3600, Whole: whole},
		}
	}
	names := func(got *result) map[string]*record.Delegation {
		m := map[string]*record.Delegation{}
		for i, target := range got.targets {
			m[target.Name] = got.known[i]
		}
		return m
	}
	unordered := strings.Replace(czds, "zulu.kiel.\t3600\tin\tns\tns2", "a.kiel.\t1\tin\tds\t1 8 2 00\nzulu.kiel.\t3600\tin\tns\tns2", 1)
	for what, c := range map[string]struct {
		path string
		cfg  Config
		want map[string]*record.Delegation
	}{
		"file":        {writeFile(t, "kiel.txt", czds), Config{}, want(true, true)},
		"forced":      {writeFile(t, "kiel.txt", czds), Config{Format: ZoneFile}, want(true, true)},
		"shuffled":    {writeFile(t, "kiel.txt", czds), Config{Window: 3}, want(true, true)},
		"gzip":        {writeFile(t, "kiel.txt.gz", gzipOf(t, czds)), Config{}, want(true, true)},
		"zstd":        {writeFile(t, "kiel.zst", zstdOf(t, czds)), Config{}, want(true, true)},
		"zip":         {writeFile(t, "kiel.zip", zipOf(t, "kiel", czds)), Config{}, want(true, true)},
		"zipped pipe": {"-", Config{Stdin: strings.NewReader(zipOf(t, "kiel", czds))}, want(true, true)},
		"folding":     {writeFile(t, "kiel.txt", czds), Config{Fold: DefaultFold}, want(true, true)},
		"pipe":        {"-", Config{Stdin: strings.NewReader(czds)}, want(false, false)},
		"pipe whose glue passes before the names leave the window": {"-", Config{Stdin: strings.NewReader(czds), Window: 100}, want(true, false)},
		"no order":   {writeFile(t, "kiel.txt", unordered), Config{}, want(true, false)},
		"CRLF":       {writeFile(t, "kiel.txt", strings.ReplaceAll(czds, "\n", "\r\n")), Config{}, want(true, true)},
		"upper case": {writeFile(t, "kiel.txt", strings.ToUpper(czds[:strings.Index(czds, "c2ln")])+czds[strings.Index(czds, "c2ln"):]), Config{}, want(true, true)},
	} {
		t.Run(what, func(t *testing.T) {
			c.cfg.Tables = DefaultTables
			got := readAll(t, []string{c.path}, c.cfg)
			if diff := cmp.Diff(c.want, names(got), sameAddr, sameVersion); diff != "" {
				t.Error(diff)
			}
			in := got.inputs[0]
			if got.err != nil || len(got.rejects) > 0 || in.Format != "zone" || in.Lines != int64(strings.Count(czds, "\n"))+in.Lines-19 || in.Targets != 4 || in.Folded != 0 {
				t.Errorf("error %v, rejects %v, input %+v", got.err, got.rejects, in)
			}
			if diff := cmp.Diff([]record.ZoneVersion{{Apex: wire.MustName("kiel"), Serial: 2026112201}}, in.Zones); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sameAddr compares addresses, and sameVersion zones by their version.
var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

var sameVersion = cmp.Comparer(func(a, b *record.Zone) bool { return a.ZoneVersion == b.ZoneVersion })

// zoneNames returns the names and lines of targets, and the reasons and lines of rejects.
func (r *result) zoneNames() string {
	var parts []string
	for _, target := range r.targets {
		parts = append(parts, fmt.Sprintf("%s:%d", target.Name, target.Line))
	}
	for _, reject := range r.rejects {
		parts = append(parts, fmt.Sprintf("%s:%d", reject.Reason, reject.Line))
	}
	return strings.Join(parts, " ")
}

// TestZoneForms: master files in every form RFC 1035 5.1 allows, and others.
func TestZoneForms(t *testing.T) {
	const soa = "@ IN SOA ns host 7 1 1 1 1\n"
	for _, c := range []struct{ what, text, want string }{
		{"class and TTL in either order, or left out", "k. 1 IN SOA a. b. 1 1 1 1 1\na.k. IN 5 NS n.\nb.k. 5 IN NS n.\nc.k. 5 NS n.\nd.k. NS n.\ne.k. IN NS n.\n", "a.k:2 b.k:3 c.k:4 d.k:5 e.k:6"},
		{"blanks and tabs", "k. IN SOA a. b. 1 1 1 1 1\na.k.  \t 5\tIN   NS\t\tn.  \t\n", "a.k:2"},
		{"relative names and those left out", "$ORIGIN k.\n$TTL 1d\n" + soa + "\tNS ns\na NS n\n  NS n2\nb 1h IN NS n\n$ORIGIN sub\nx NS n\n@ NS n\n", "a.k:5 b.k:7 x.sub.k:9 sub.k:10"},
		{"parentheses", "$ORIGIN k.\n@ IN SOA ns host ( ; serial\n 7 ; (\n 1 1 1 1 )\na NS (\nn )\nb (\n NS n\n)\nc NS n\n", "a.k:5 b.k:7 c.k:10"},
		{"comments", "; zone\n\n$ORIGIN k. ; here\n" + soa + "a NS n ; b NS n\n;c NS n\n d NS ; n\n", "a.k:5 bad-record:7"},
		{"escapes and quotes", "$ORIGIN k.\n" + soa + "a TXT \"(\" ; (\nb NS n\n\\099 NS n\nd\\.e NS n\nf NS \\110\ng TXT \"two\nlines\"\nh NS n\n", "b.k:4 c.k:5 f.k:7 h.k:10 bad-character:6"},
		{"the apex, below it, beside it", "k. IN SOA a. b. 1 1 1 1 1\nk. IN NS n.\nA.K. IN NS n.\nx.a.k. IN NS n.\nkk. IN NS n.\na.k.x. IN NS n.\n", "a.k:3 x.a.k:4 out-of-zone:5 out-of-zone:6"},
		{"other types, classes, glue and DS alone", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN A 192.0.2.1\nb.k. IN DS 1 8 2 00\nc.k. CH NS n.\nd.k. IN TYPE65000 \\# 1 00\ne.k. IN NSEC3 1 0 0 - 00000000000000000000000000000000 NS\nf.k. IN NS n.\n", "f.k:7"},
		{"names that are none", "k. IN SOA a. b. 1 1 1 1 1\n*.k. IN NS n.\na..k. IN NS n.\n" + strings.Repeat("a", 64) + ".k. IN NS n.\na b.k. IN NS n.\n\xfc.k. IN NS n.\na@b.k. IN NS n.\nhttp://x.k. IN NS n.\n_a.k. IN NS n.\n",
			"_a.k:9 star-inside:2 bad-record:3 bad-record:4 bad-record:5 bad-character:6 bad-character:7 bad-character:8"},
		{"special-use domains", "test. IN SOA a. b. 1 1 1 1 1\na.test. IN NS n.\na.test. IN NS m.\n", "special-use:2"},
		{"servers that are none", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS\nb.k. IN NS a..b.\nc.k. IN NS n. m.\nd.k. IN NS .\n", "d.k:5 bad-record:2 bad-record:3 bad-record:4"},
		{"an owner left out after one that cannot be read", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS (\nb.k. IN NS n.\nc.k. JUNK n.\n IN NS n.\nd..k. JUNK\n IN NS n.\n", "b.k:3 c.k:5 bad-record:2 bad-record:4 bad-record:6 bad-record:7"},
		{"parentheses that nobody closes", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS (\n b NS n.\n)\nc.k. IN NS n.\nd.k. TXT \"\ne.k. IN NS n.\nf.k. (", "c.k:5 e.k:7 bad-record:2 bad-record:6 bad-record:8"},
		{"an extra closing one", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS n. )\nb.k. IN NS n.\n", "b.k:3 bad-record:2"},
		{"directives that are not followed", "k. IN SOA a. b. 1 1 1 1 1\n$INCLUDE /etc/passwd\n$GENERATE 1-9 a$ NS n.\n$X\n$TTL x\n$ORIGIN a..b.\nr NS n.\nb.k. IN NS n.\n", "b.k:8 directive:2 directive:3 directive:4 bad-record:5 bad-record:6 bad-record:7"},
		{"no origin but that of the SOA record", "r NS n.\nk. IN SOA a. b. 1 1 1 1 1\na NS n\n", "a.k:3 bad-record:1"},
		{"the apex before its SOA record", "k. IN NS n.\nk. IN SOA a. b. 1 1 1 1 1\nk. IN NS m.\na.k. NS n.\n", "a.k:4"},
		{"no SOA record", "$ORIGIN k.\n@ NS n\na NS n\n", "k:2 a.k:3"},
		{"the root zone", ". 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 2026112201 1800 900 604800 86400\n. 518400 IN NS a.root-servers.net.\naaa. 172800 IN NS ns1.dns.nic.aaa.\n", "aaa:3"},
		{"owners that come again", "k. IN SOA a. b. 1 1 1 1 1\nb.k. IN NS n.\nb.k. IN NS m.\na.k. IN NS n.\nB.k. IN NS n.\nb.k. IN NS o.\n", "b.k:2 a.k:4"},
		{"two zones, one after the other", "k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS n.\nm. IN SOA a. b. 1 1 1 1 1\nm. IN NS n.\na.m. IN NS n.\n", "a.k:2 a.m:5"},
		{"byte order mark", "\xef\xbb\xbfk. IN SOA a. b. 1 1 1 1 1\na.k. IN NS n.", "a.k:2"},
		{"lines too long", "k. IN SOA a. b. 1 1 1 1 1\nx.k. IN TXT " + strings.Repeat("x", 2*bufferSize) + "\na.k. IN NS n.\n", "a.k:3 too-long-line:2"},
		{"nothing", "", ""},
	} {
		for _, pipe := range []bool{false, true} {
			cfg, path := Config{Format: ZoneFile, Stdin: strings.NewReader(c.text)}, "-"
			if !pipe {
				path = writeFile(t, "zone", c.text)
			}
			got := readAll(t, []string{path}, cfg)
			if names := got.zoneNames(); names != c.want || got.err != nil {
				t.Errorf("%s (pipe %v): %s, want %s; error %v", c.what, pipe, names, c.want, got.err)
			}
			if lines := int64(strings.Count(c.text, "\n")); got.inputs[0].Lines != lines && !(got.inputs[0].Lines == lines+1 && !strings.HasSuffix(c.text, "\n")) {
				t.Errorf("%s: %d lines", c.what, got.inputs[0].Lines)
			}
		}
	}
}

// TestZoneOrigin: who knows the name of the zone can say so.
func TestZoneOrigin(t *testing.T) {
	got := readAll(t, []string{writeFile(t, "db", "a NS n\n@ NS n\nb NS n\n")}, Config{Format: ZoneFile, Origin: "K."})
	if got.zoneNames() != "a.k:1 b.k:3" || got.known[0].Zone.Apex != wire.MustName("k") {
		t.Errorf("%s", got.zoneNames())
	}
	if r, err := Open([]string{"-"}, Config{Origin: "a..b", Stdin: strings.NewReader("")}); err == nil {
		r.Close()
		t.Error("an origin that is no name was taken")
	}
}

// TestZoneDetected: zone files are told from lists, and lists from them.
func TestZoneDetected(t *testing.T) {
	for text, want := range map[string]string{
		"; <<>> DiG 9.20 <<>> axfr k.\n;; global options: +cmd\nk.\t1\tIN\tSOA\ta. b. 1 1 1 1 1\na.k.\t1\tIN\tNS\tn.\n": "zone",
		"$TTL 3600\n":     "zone",
		"$origin k.\n":    "zone",
		"a.k. in ns n.\n": "zone",
		";; Zone dump (Knot DNS 3.2.6)\nk.  \t3600\tSOA\ta. b. 1 1 1 1 1\n": "zone",
		"k. SOA a. b. 1 1 1 1 1\n":   "zone",
		"@ IN SOA a. b. 1 1 1 1 1\n": "zone",
		"a.k. A 192.0.2.1\n":         "list",
		"a.k. ns\n":                  "list",
		"a.k.\n":                     "list",
		"a.k. # in ns n.\n":          "list",
		"a.k.,1\n":                   "list",
		"{\"name\":\"a.k\"}\n":       "jsonl",
		"{\n":                        "jsonl",
		"in ns\n":                    "list",
		"1,a.k in ns\n":              "ranked",
	} {
		if got := readAll(t, []string{writeFile(t, "in", text)}, Config{}); got.inputs[0].Format != want {
			t.Errorf("%q is %s, want %s", text, got.inputs[0].Format, want)
		}
	}
}

// A file that is damaged is read up to there; what came of the last owner is not the whole of it.
func TestZoneDamaged(t *testing.T) {
	got := readAll(t, []string{"-"}, Config{Stdin: io.MultiReader(strings.NewReader("k. IN SOA a. b. 1 1 1 1 1\na.k. IN NS n.\nb.k. IN NS n.\nb.k. IN NS"), errReader{io.ErrUnexpectedEOF})})
	if got.zoneNames() != "a.k:2 b.k:3" || got.err == nil {
		t.Errorf("%s, %v", got.zoneNames(), got.err)
	}
	packed := gzipOf(t, czds)
	if got := readAll(t, []string{writeFile(t, "z.gz", packed[:len(packed)-20])}, Config{Format: ZoneFile}); got.err == nil || len(got.targets) > 0 {
		t.Errorf("a cut archive: %d targets, %v", len(got.targets), got.err)
	}
	var b strings.Builder
	for i := range 2 * BatchSize {
		fmt.Fprintf(&b, "n%06d.k. 1 IN NS n.\n", i)
	}
	path := writeFile(t, "z", b.String())
	r, err := Open([]string{path}, Config{Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	writeFileAt(t, path, b.String()+"n.k. 1 IN NS n.\n")
	for err == nil {
		_, err = r.Next(context.Background())
	}
	if err == io.EOF || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("a file that was changed: %v", err)
	}
}

func writeFileAt(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestZoneSurveyEndsWithContext: reading a file for the first time can be given up, and begun again.
func TestZoneSurveyEndsWithContext(t *testing.T) {
	var b strings.Builder
	b.WriteString("k. IN SOA a. b. 1 1 1 1 1\n")
	for i := range 3 * pollLines {
		fmt.Fprintf(&b, "n%06d.k. 1 IN NS n.\n", i)
	}
	r, err := Open([]string{writeFile(t, "z", b.String())}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(&endingContext{Context: context.Background(), left: 2}); err != context.Canceled {
		t.Fatal(err)
	}
	n := 0
	for {
		batch, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += len(batch)
		for _, target := range batch {
			if !target.Delegation.Whole {
				t.Fatal("not whole")
			}
		}
	}
	if n != 3*pollLines {
		t.Errorf("%d names", n)
	}
}

// endingContext ends after it was looked at so many times.
type endingContext struct {
	context.Context
	left int
}

func (c *endingContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// model is a zone as it is, from which texts are made.
type model struct {
	apex    string
	records []modelRecord // in order of owners
}

type modelRecord struct {
	owner, typ, data string
	ttl              int
}

// randomModel makes a zone. Owners come in alphabetical order, and together.
func randomModel(rng *rand.Rand) *model {
	m := &model{apex: []string{"kiel", "co.kiel", "x-1.example"}[rng.IntN(3)]}
	label := func() string {
		const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
		b := make([]byte, 1+rng.IntN(12))
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		return string(b)
	}
	owners := map[string]bool{}
	for range 1 + rng.IntN(40) {
		name := label() + "." + m.apex
		owners[name] = true
		for rng.IntN(4) == 0 {
			name = label() + "." + name
			owners[name] = true
		}
	}
	var sorted []string
	for o := range owners {
		sorted = append(sorted, o)
	}
	slices.Sort(sorted)
	some := func(names []string) string { return names[rng.IntN(len(names))] }
	add := func(owner, typ, data string) {
		m.records = append(m.records, modelRecord{owner, typ, data, rng.IntN(100_000)})
	}
	m.records = append(m.records, modelRecord{m.apex, "SOA", fmt.Sprintf("ns.%s. host.%s. %d 1 2 3 4", m.apex, m.apex, rng.Uint32()), 900})
	for _, o := range sorted {
		for range rng.IntN(4) {
			switch rng.IntN(3) {
			case 0:
				add(o, "NS", some(sorted)+".")
			case 1:
				add(o, "NS", label()+".net.")
			case 2:
				add(o, "NS", strings.ToUpper(label())+"."+m.apex+".")
			}
		}
		if rng.IntN(3) == 0 {
			add(o, "A", fmt.Sprintf("192.0.2.%d", rng.IntN(256)))
		}
		if rng.IntN(5) == 0 {
			add(o, "AAAA", fmt.Sprintf("2001:db8::%x", rng.IntN(1<<16)))
		}
		if rng.IntN(4) == 0 {
			add(o, "DS", fmt.Sprintf("%d 8 2 %064X", rng.IntN(1<<16), rng.Uint64()))
		}
		if rng.IntN(4) == 0 {
			add(o, "TXT", `"a ; b ( c \" \\"`)
		}
		if rng.IntN(4) == 0 {
			add(o, "NSEC3", "1 0 5 ab 00000000000000000000000000000000 NS DS")
		}
	}
	return m
}

// text writes the zone in random form: some regions record by record in full, others with all that can be left out.
func (m *model) text(rng *rand.Rand) string {
	var b strings.Builder
	origin, last, ttl, plain := "", "", -1, rng.IntN(2) == 0
	one := func(alternatives ...string) string { return alternatives[rng.IntN(len(alternatives))] }
	mix := func(s string) string { return one(s, s, strings.ToUpper(s), strings.ToLower(s)) }
	for _, r := range m.records {
		if rng.IntN(8) == 0 {
			plain = !plain
		}
		if plain {
			fmt.Fprintf(&b, "%s.%s%d%s%s%s%s%s%s%s\n", mix(r.owner), one("\t", " ", "  \t"), r.ttl, one("\t", "  "), mix("in"), one("\t", " "), mix(r.typ), one("\t", " "), r.data, one("", "", " ", "\r"))
			last, ttl = r.owner, -1
			continue
		}
		for rng.IntN(6) == 0 {
			switch rng.IntN(4) {
			case 0:
				b.WriteString(one("; (comment \"\n", "\n", " \t\n", "   ; x\n"))
			case 1:
				origin = one(m.apex, "net")
				fmt.Fprintf(&b, "%s%s%s.%s\n", mix("$ORIGIN"), one(" ", "\t"), origin, one("", " ; here"))
			case 2, 3:
				ttl = rng.IntN(1000)
				fmt.Fprintf(&b, "%s %d%s\n", mix("$TTL"), ttl, one("", "s"))
			}
		}
		owner := mix(r.owner) + "."
		switch {
		case r.owner == last && rng.IntN(2) == 0:
			owner = ""
		case r.owner == origin:
			owner = one("@", owner)
		case origin != "" && strings.HasSuffix(r.owner, "."+origin):
			owner = one(owner, r.owner[:len(r.owner)-len(origin)-1])
		}
		data := r.data
		if r.typ == "NS" && origin != "" && strings.HasSuffix(data, "."+origin+".") {
			data = one(data, data[:len(data)-len(origin)-2])
		}
		time, class := fmt.Sprint(r.ttl), mix("IN")
		fields := []string{time, class}
		switch rng.IntN(4) {
		case 0:
			fields = []string{class, time}
		case 1:
			fields = []string{time}
		}
		fields = append(fields, mix(r.typ))
		line := owner + " " + strings.Join(fields, one(" ", "\t"))
		switch rng.IntN(4) {
		case 0:
			line += " (\n " + data + one("", " ; )") + "\n\t)"
		case 1:
			line += " ( " + data + " ) ; \" ("
		default:
			line += "\t" + data
		}
		b.WriteString(line + "\n")
		last = r.owner
	}
	return b.String()
}

// want is the delegations of the zone, written as text; glue is what a survey finds.
func (m *model) want() map[string]string {
	addrs := map[string][]netip.Addr{}
	for _, r := range m.records {
		if r.typ == "A" || r.typ == "AAAA" {
			addrs[r.owner] = append(addrs[r.owner], netip.MustParseAddr(r.data))
		}
	}
	ns, ds, ttl := map[string][]string{}, map[string][]string{}, map[string]int{}
	for _, r := range m.records {
		switch r.typ {
		case "NS":
			if t, ok := ttl[r.owner]; !ok || r.ttl < t {
				ttl[r.owner] = r.ttl
			}
			ns[r.owner] = append(ns[r.owner], strings.TrimSuffix(strings.ToLower(r.data), "."))
		case "DS":
			ds[r.owner] = append(ds[r.owner], r.data)
		}
	}
	want := map[string]string{}
	for owner, servers := range ns {
		slices.Sort(servers)
		text := fmt.Sprint(ttl[owner])
		for _, s := range slices.Compact(servers) {
			glue := addrs[s]
			slices.SortFunc(glue, netip.Addr.Compare)
			text += fmt.Sprintf(" %s%v", s, slices.Compact(glue))
		}
		for _, d := range ds[owner] {
			text += " " + d
		}
		want[owner] = text
	}
	for owner := range want { // RFC 2181 6
		for other := range want {
			if strings.HasSuffix(owner, "."+other) {
				want[owner] = ""
			}
		}
	}
	return want
}

// written is a delegation as want writes it.
func written(t testing.TB, d *record.Delegation) string {
	t.Helper()
	text := fmt.Sprint(d.TTL)
	servers := slices.Clone(d.Servers)
	slices.SortFunc(servers, func(a, b record.DelegatedServer) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	for _, s := range servers {
		text += fmt.Sprintf(" %s%v", s.Name, s.Addrs)
	}
	for _, rr := range d.DS {
		if rr.Type != wire.TypeDS || rr.Owner == "" {
			t.Errorf("%+v", rr)
			continue
		}
		text += fmt.Sprintf(" %d %d %d %X", int(rr.Data[0])<<8|int(rr.Data[1]), rr.Data[2], rr.Data[3], rr.Data[4:])
	}
	return text
}

// TestZoneAgainstModel: however a zone is written, what is read is what it holds; and miekg/dns, reading the whole text
// by itself, reads the same records.
func TestZoneAgainstModel(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := randomModel(rng)
		text := m.text(rng)
		got := readAll(t, []string{writeFile(t, "zone", text)}, Config{Format: ZoneFile, AllowSpecialUse: true, Tables: DefaultTables})
		delegations := map[string]string{}
		for i, target := range got.targets {
			if _, twice := delegations[target.Name]; twice {
				t.Errorf("seed %d: %s came twice", seed, target.Name)
			}
			if delegations[target.Name] = ""; got.known[i] == nil {
				continue
			}
			delegations[target.Name] = written(t, got.known[i])
			if !got.known[i].Whole {
				t.Errorf("seed %d: not whole", seed)
			}
		}
		if diff := cmp.Diff(m.want(), delegations); diff != "" || len(got.rejects) > 0 || got.err != nil {
			t.Fatalf("seed %d: %s\nrejects %v, error %v\n%s", seed, diff, got.rejects, got.err, text)
		}
		compareParsers(t, text)
	}
}

// parsed is a record as both parsers tell it.
type parsed struct {
	Owner, Target, Addr string
	Type                wire.Type
	TTL, Serial         uint32
	Data                string
}

// allRecords reads a text by a zoneParser.
func allRecords(t testing.TB, text string) (records []parsed, bad int) {
	lines := bytes.Split([]byte(text), []byte{'\n'})
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	p, at, covered := newZoneParser(""), int64(0), int64(0)
	for {
		event, err := p.next(func() ([]byte, int64, error) {
			if at == int64(len(lines)) {
				return nil, 0, io.EOF
			}
			at++
			return lines[at-1], at, nil
		})
		if err == io.EOF {
			break
		}
		covered += p.lines
		switch event {
		case zoneBad:
			bad++
		case zoneTaken:
			if len(p.owner) == 0 || p.first < 1 || p.first+p.lines-1 > at {
				t.Errorf("owner %q, line %d, %d lines", p.owner, p.first, p.lines)
			}
			records = append(records, parsedOf(&p.zoneRecord))
		}
	}
	if covered != int64(len(lines)) {
		t.Errorf("%d of %d lines are in some event of %q", covered, len(lines), text)
	}
	return records, bad
}

func parsedOf(r *zoneRecord) parsed {
	got := parsed{Owner: string(r.owner), Type: r.typ, TTL: r.ttl}
	switch r.typ {
	case wire.TypeNS:
		got.Target = string(r.target)
	case wire.TypeA, wire.TypeAAAA:
		got.Addr = r.addr.String()
	case wire.TypeDS, wire.TypeRRSIG:
		got.Data = hex.EncodeToString(r.data)
	case wire.TypeSOA:
		got.Serial = r.serial
	}
	return got
}

// compareParsers: one parser of miekg/dns over the whole text tells the same.
func compareParsers(t testing.TB, text string) {
	t.Helper()
	ours, bad := allRecords(t, text)
	from := dns.NewZoneParser(strings.NewReader(text), "", "")
	from.SetDefaultTTL(zoneDefaultTTL)
	var theirs []parsed
	p := newZoneParser("")
	for rr, ok := from.Next(); ok; rr, ok = from.Next() {
		ttl := rr.Header().Ttl
		if !p.convert(rr) {
			t.Fatalf("%v", rr)
		}
		p.zoneRecord.ttl = ttl
		theirs = append(theirs, parsedOf(&p.zoneRecord))
	}
	if err := from.Err(); err != nil {
		t.Fatalf("miekg/dns: %v\n%s", err, text)
	}
	if diff := cmp.Diff(theirs, ours); diff != "" || bad > 0 {
		t.Fatalf("%d bad; miekg/dns reads\n%s", bad, diff)
	}
}

// samePlain: what plain makes of a line is what miekg/dns makes of it.
func samePlain(t testing.TB, line string) bool {
	t.Helper()
	p := newZoneParser("")
	ttl, explicit, ok := p.plain([]byte(line))
	if !ok {
		return false
	}
	p.follow(ttl, explicit)
	fast := parsedOf(&p.zoneRecord)
	q := newZoneParser("")
	rr, ok := q.parse(nil, []byte(line))
	if !ok {
		if fast.Type != 0 { // the data of other types is not looked at
			t.Fatalf("miekg/dns does not read %q, plain reads %+v", line, fast)
		}
		return true
	}
	if !q.convert(rr) {
		t.Fatalf("%q: incomplete, plain reads %+v", line, fast)
	}
	q.follow(rr.Header().Ttl, true)
	if slow := parsedOf(&q.zoneRecord); fast != slow || fast.Type != 0 && p.ttl != q.ttl {
		t.Fatalf("%q: plain reads %+v, miekg/dns %+v", line, fast, slow)
	}
	return true
}

// TestPlain: plain reads what ICANN demands, and leaves the rest to others.
func TestPlain(t *testing.T) {
	for line, want := range map[string]bool{
		"a.k.\t86400\tin\tns\tns1.b.net.": true, "a.k. in 86400 ns n.": true, "A.K. NS N.": true, "a.k. 1 a 192.0.2.1 ": true,
		"a.k. 1 in aaaa 2001:DB8::1": true, "a.k. 1 in ds 1 8 2 00ff 11": true, "a.k. 1 in nsec3 1 0 0 - x": true, "a.k. 1 in rrsig nsec x": true,
		"a.k. 1 in rrsig ds x": false, "a.k. 1 in rrsig DS 13 2 86400 20261210000000 20261119000000 4711 K. c2lnbmF0dXJl": true,
		"a.k. 1 in rrsig ds 13 2 86400 20260631000000 20261119000000 4711 k. c2ln": false, "a.k. 1 in rrsig ds 13 2 86400 1763769600 1763769600 4711 k. c2ln": false,
		"a.k. 1 in rrsig ds 13 2 86400 20240229235959 19700101000000 65535 k. c2ln": true, "a.k. 1 in rrsig ds 13 2 86400 21060101000000 19700101000000 1 k. c2ln": false,
		"a.k. 1 in rrsig ds 256 2 86400 20261210000000 20261119000000 4711 k. c2ln": false, "a.k. 1 in rrsig ds 13 2 86400 20261210000000 20261119000000 4711 . c2ln": false,
		"a.k. 1 in rrsig ds 13 2 86400 20261210000000 20261119000000 4711 k. c2l": false, "a.k. 1 in rrsig ds 13 2 86400 20261210000000 20261119000000 4711 k. c2l nc2 ln ": true, "a.k. 1 in rrsig": false, "a.k. 1 in soa a. b. 1 1 1 1 1": false, "a.k. 1 in a 192.0.2.256": false, "a.k. 1 in a ::1": false,
		"a.k. 1 in aaaa 192.0.2.1": false, "a.k. 1 in aaaa fe80::1%eth0": false, "a.k. 1 in ns n": false, "a.k. 1 in ns n. ; c": false, "a.k. 1 in ns n. m.": false,
		"a.k. 1 in ns": false, "a.k. 1 in": false, "a.k.": false, "a.k. ": false, "a.k 1 in ns n.": false, "a..k. in ns n.": false, ". in ns n.": false, " in ns n.": false,
		"*.k. in ns n.": false, "a\\.k. in ns n.": false, "a.k. 1 2 in ns n.": false, "a.k. 1d in ns n.": false, "a.k. 2147483648 ns n.": false, "a.k. ch ns n.": false,
		"a.k. in in ns n.": false, "a.k. in txt \"(\"": false, "a.k. in txt x(": false, "a.k. ds 65536 8 2 00": false, "a.k. ds 1 8 2 0": false, "a.k. ds 1 8 2": false,
		"a.k. ds 1 8 2 0g": false, "a.k. type2 \\# 1 00": false, strings.Repeat("a", 64) + ". ns n.": false, strings.Repeat("a.", 127) + "b. ns n.": false, strings.Repeat("a.", 126) + "b. ns n.": true,
		strings.Repeat("a", 63) + ". ns n.": true, "": false, "a.k. averylongtypeword x": false, "a.k. ns n..": false, "a.k. ns .": false,
	} {
		if got := samePlain(t, line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// TestZoneTools: texts as BIND's and NSD's tools write them hold what the source holds.
func TestZoneTools(t *testing.T) {
	source := "$TTL 1h\n@ IN SOA ns1.nic hostmaster.nic ( 2026112201 ; serial\n 1800 900 604800 86400 )\n NS ns1.nic\n NS ns.other.net.\n" +
		"ns1.nic A 192.0.2.53\n AAAA 2001:db8::53\n" +
		"alpha 1h NS ns1.alpha\n NS ns2.hoster.net.\n" +
		" DS 12345 13 2 ( E2D3C916F6DEEAC73294E8268FB5885044A833FC\n 5459588F4A9184CFC41A5766 )\nns1.alpha A 192.0.2.1\n" +
		"Bravo NS ns1.alpha\nxn--bcher-kva NS ns1.alpha\n_x NS ns1.nic\n$ORIGIN sub.kiel.\nx NS ns1.x\nns1.x A 192.0.2.2\n" +
		"txt TXT \"( ; not a comment\" \"\\\"\"\nlong TXT ( \"a\"\n \"b\" )\nalias CNAME txt\n"
	const apex = "kiel"
	path := writeFile(t, "db.kiel", source)
	want := readAll(t, []string{path}, Config{Format: ZoneFile, Origin: apex, Tables: DefaultTables})
	if names := want.zoneNames(); names != "alpha.kiel:8 bravo.kiel:13 xn--bcher-kva.kiel:14 _x.kiel:15 x.sub.kiel:17" {
		t.Fatalf("the source: %s", names)
	}
	tell := func(r *result) map[string]string {
		m := map[string]string{}
		for i, target := range r.targets {
			if target.Name != "x.sub.kiel" { // of which nothing is known where the order does not tell
				m[target.Name] = written(t, r.known[i])
			}
		}
		return m
	}
	ran := false
	for what, args := range map[string][]string{
		"BIND, full":     {"named-compilezone", "-i", "none", "-s", "full", "-o", "-", apex, path},
		"BIND, relative": {"named-compilezone", "-i", "none", "-s", "relative", "-o", "-", apex, path},
		"NSD":            {"nsd-checkzone", "-p", apex, path},
	} {
		tool, err := exec.LookPath(args[0])
		if err != nil {
			if tool = "/usr/sbin/" + args[0]; !exists(tool) {
				t.Logf("%s is not installed", args[0])
				continue
			}
		}
		out, err := exec.Command(tool, args[1:]...).Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", what, err, out)
			continue
		}
		ran = true
		got := readAll(t, []string{writeFile(t, "zone", string(out))}, Config{Format: ZoneFile, Tables: DefaultTables})
		if diff := cmp.Diff(tell(want), tell(got)); diff != "" || len(got.rejects) > 0 {
			t.Errorf("%s: %s\nrejects %v\n%s", what, diff, got.rejects, out)
		}
		for _, d := range got.known {
			if d == nil || !d.Whole {
				t.Errorf("%s: its order was not seen", what)
			}
		}
	}
	if !ran {
		t.Skip("neither BIND's nor NSD's tools are installed")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
