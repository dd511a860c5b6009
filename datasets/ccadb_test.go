package datasets

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/caa"
)

func readCCADB(t testing.TB, text string) *CCADB {
	t.Helper()
	c, err := ReadCCADB(strings.NewReader(text), "report.csv")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pairs are the identifiers of a report with their owners.
func (c *CCADB) pairs() string {
	var b strings.Builder
	for _, credit := range c.credits {
		fmt.Fprintf(&b, "%s=%s ", credit.identifier, credit.owner.Name)
	}
	return strings.TrimSpace(b.String())
}

// drops are what a report dropped: row, text and reason.
func (c *CCADB) drops() string {
	var b strings.Builder
	for _, d := range c.Drops {
		fmt.Fprintf(&b, "%d:%s:%s ", d.Row, d.Text, d.Reason)
	}
	return strings.TrimSpace(b.String())
}

const byOwner = "\"CA Owner\",\"Recognized CAA Domains\"\r\n"

// What stands in the cells of CCADB's free text (spec section 5), and what becomes of it.
func TestCCADBCells(t *testing.T) {
	for _, c := range []struct{ cell, pairs, drops string }{
		{"a.com", "a.com=X", ""},
		{"a.com, b.com,c.com", "a.com=X b.com=X c.com=X", ""},
		{"a.com; b.com;c.com|d.com e.com", "a.com=X b.com=X c.com=X d.com=X e.com=X", ""},
		{"a.com\nb.com\r\n\r\nc.com\td.com", "a.com=X b.com=X c.com=X d.com=X", ""},
		{"a.com\u00a0b.com\u3000c.com，d.com", "a.com=X b.com=X c.com=X d.com=X", ""},
		{"\u200ba.com\ufeff, b\u00ad.com", "a.com=X b.com=X", ""},
		{"emSign.com eCert.gov.hk", "emsign.com=X ecert.gov.hk=X", ""}, // R2.8: folded
		{"a.com. b.com..", "a.com=X b.com=X", ""},                      // R2.8 has no trailing dot
		{"'a.com' “b.com” (c.com) <d.com> `e.com`", "a.com=X b.com=X c.com=X d.com=X e.com=X", ""},
		{"a.com, a.com, A.COM", "a.com=X", ""},
		{"a.com,,, ,;", "a.com=X", ""},
		{"xn--bcher-kva.de", "xn--bcher-kva.de=X", ""},
		{"a.com none", "a.com=X", "2:none:no-name"},
		{"n/a N/A - TBD digicert a.com", "a.com=X", "2:n/a:no-name 2:N/A:no-name 2:-:no-name 2:TBD:no-name 2:digicert:no-name"},
		{"a.com https://www.b.com/cps", "a.com=X", "2:https://www.b.com:url"},
		{"a.com john.doe@b.com", "a.com=X", "2:@b.com:mail-address"}, // nothing that identifies a person
		{"a.com *.b.com _b.com b..com .b.com -b.com bü.com b.com=1", "a.com=X", "2:*.b.com:no-identifier 2:_b.com:no-identifier " +
			"2:b..com:no-identifier 2:.b.com:no-identifier 2:-b.com:no-identifier 2:bü.com:no-identifier 2:b.com=1:no-identifier"},
		{"a.com " + strings.Repeat("b", 64) + ".com", "a.com=X", "2:" + strings.Repeat("b", 64) + ".com:no-identifier"},
		{"a.com " + strings.Repeat("b.", 126) + "com b.com", "a.com=X b.com=X", "2:" + strings.Repeat("b.", 126) + "com:no-identifier"},
		{"a.com e.g. S.A. 1.2 192.0.2.1 a.unlisted", "a.com=X", "2:e.g.:unknown-top-level-domain 2:S.A.:unknown-top-level-domain " +
			"2:1.2:unknown-top-level-domain 2:192.0.2.1:unknown-top-level-domain 2:a.unlisted:unknown-top-level-domain"},
		// the field's own help text
		{"Comma-separated list of a.com", "a.com=X", "2:Comma-separated:no-name 2:list:no-name 2:of:no-name"},
	} {
		got := readCCADB(t, byOwner+`X,"`+strings.ReplaceAll(c.cell, `"`, `""`)+"\"\r\n")
		if got.pairs() != c.pairs || got.drops() != c.drops {
			t.Errorf("%q:\n%s\n%s\nwant\n%s\n%s", c.cell, got.pairs(), got.drops(), c.pairs, c.drops)
		}
	}
}

// The forms that the report comes in.
func TestCCADBForms(t *testing.T) {
	for what, c := range map[string]struct{ text, pairs string }{
		"by owner":           {byOwner + "X,a.com\nY,b.com\n", "a.com=X b.com=Y"},
		"byte order mark":    {"\xEF\xBB\xBF" + byOwner + "X,a.com\n", "a.com=X"},
		"no last line end":   {byOwner + "X,a.com", "a.com=X"},
		"another order":      {"Recognized CAA Domains,Country,CA Owner\na.com,US,X\n", "a.com=X"},
		"another spelling":   {"recognized caa domains , ca-owner\na.com,X\n", "a.com=X"},
		"semicolons":         {"CA Owner;Recognized CAA Domains\nX;a.com\nY;\"b.com;c.com\"\n", "a.com=X b.com=Y c.com=Y"},
		"tabs":               {"CA Owner\tRecognized CAA Domains\nX\ta.com, b.com\n", "a.com=X b.com=X"},
		"a title above":      {"All CAA Identifiers\n\n" + byOwner + "X,a.com\n", "a.com=X"},
		"blank lines":        {"\n\n" + byOwner + "\n\nX,a.com\n\n,\n\n", "a.com=X"},
		"longer rows":        {byOwner + "X,a.com,,,more\n", "a.com=X"},
		"blanks in names":    {byOwner + "\"  X \n\u00a0Y \",a.com\n", "a.com=X Y"},
		"Latin-1":            {byOwner + "Certic\xe1mara,a.com\n", "a.com=Certicámara"},
		"UTF-8":              {byOwner + "Certicámara,a.com\n", "a.com=Certicámara"},
		"spellings of a row": {byOwner + "X Inc.,a.com\n\"X, Inc\",a.com\n", "a.com=X Inc."},
		"by certificate": {"\"Subject\",\"Subject Key Identifier (Hex)\",\"Intermediate Certificate\",\"Recognized CAA Domains\"\n" +
			"\"CN=R3; O=Let's Encrypt; C=US\",00,R3,letsencrypt.org\n", "letsencrypt.org=Let's Encrypt"},
		"both columns": {"Subject,CA Owner,Recognized CAA Domains\nO=Y; C=US,X,a.com\n", "a.com=X"},
	} {
		if got := readCCADB(t, c.text); got.pairs() != c.pairs {
			t.Errorf("%s: %s, want %s", what, got.pairs(), c.pairs)
		}
	}
}

func TestOrganization(t *testing.T) {
	for subject, want := range map[string]string{
		"CN=R3; O=Let's Encrypt; C=US":                      "Let's Encrypt",
		"C=US; O=DigiCert, Inc.; OU=www.digicert.com; CN=X": "DigiCert, Inc.",
		"CN=X, O=DigiCert\\, Inc., C=US":                    "DigiCert, Inc.",
		`CN=X,O="DigiCert, Inc.",C=US`:                      "DigiCert, Inc.",
		"/C=US/O=A / B/CN=X":                                "A / B",
		"o=Lower; cn=X":                                     "Lower",
		"CN=Some CA; C=US":                                  "Some CA",
		"CN=Some CA; O=; C=US":                              "Some CA",
		"2.5.4.97=VATES-A82743287; O=FIRMA; C=ES":           "FIRMA",
		"O=First; O=Second":                                 "First",
		"Some CA":                                           "Some CA",
		"C=US":                                              "C=US",
		"":                                                  "",
	} {
		if got := organization(subject); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}

// Rows that cannot be read are dropped with their number, and take none below with them.
func TestCCADBBrokenRows(t *testing.T) {
	for _, c := range []struct{ text, pairs, drops, lines string }{
		{"A,a.com\nB\nC,c.com\n", "a.com=A c.com=C", "3::short-row", "3"},
		{"A,a.com\n,b.com\nC,c.com\n", "a.com=A c.com=C", "3:b.com:no-owner", "3"},
		{"A,a.com\nB \"the\" B,b.com\nC,c.com\n", "a.com=A b.com=B \"the\" B c.com=C", "", ""},
		{"A,a.com\n\"B \"the\" B\",b.com\nC,c.com\n", "a.com=A b.com=B \"the\" B c.com=C", "", ""},
		{"A,\"a.com\na2.com\"\n\n\"B,b.com\nC,c.com\nD\n", "a.com=A a2.com=A c.com=C", "3::short-row 5::short-row", "5 7"},
		{"A,a.com\nB,b.com\nC,\"c.com", "a.com=A b.com=B c.com=C", "", ""},
	} {
		got := readCCADB(t, byOwner+c.text)
		var lines []string
		for _, d := range got.Drops {
			lines = append(lines, fmt.Sprint(d.Line))
		}
		if got.pairs() != c.pairs || got.drops() != c.drops || strings.Join(lines, " ") != c.lines {
			t.Errorf("%q:\n%s\n%s\n%s\nwant\n%s\n%s\n%s", c.text, got.pairs(), got.drops(), lines, c.pairs, c.drops, c.lines)
		}
	}
}

func TestCCADBCounts(t *testing.T) {
	text := byOwner + "A,\"a.com, b.com, none\"\nB,\nB,\" \"\nA,a.com\nC,a.com\nD\nE,e@a.com\n"
	c := readCCADB(t, text)
	if c.Rows != 7 || c.Blank != 2 || c.Repeats != 1 || c.pairs() != "a.com=A b.com=A a.com=C" {
		t.Errorf("%d rows, %d blank, %d repeats: %s", c.Rows, c.Blank, c.Repeats, c.pairs())
	}
	if c.Dropped != [DropReasons]int64{NoName: 1, ShortRow: 1, MailAddress: 1} {
		t.Errorf("dropped %v", c.Dropped)
	}
	if s := c.Source(); s.File != "report.csv" || s.Identifiers != 2 || len(s.SHA256) != 64 || !s.Date.IsZero() {
		t.Errorf("source %+v", s)
	}
	many := readCCADB(t, byOwner+"A,a.com\n"+strings.Repeat("A,none\n", maxCCADBDrops+5))
	if many.Dropped[NoName] != maxCCADBDrops+5 || len(many.Drops) != maxCCADBDrops {
		t.Errorf("%d dropped, %d kept", many.Dropped[NoName], len(many.Drops))
	}
}

func TestCCADBErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "CCADB report report.csv: empty",
		"\n\n":                              "empty",
		byOwner:                             "no identifier in 0 rows",
		byOwner + "A,none\nB,\n":            "no identifier in 2 rows",
		"CA Owner,Country\nA,US\n":          `no column "Recognized CAA Domains"; its first row is "CA Owner, Country"`,
		"Recognized CAA Domains\na.com\n":   `no column "CA Owner" or "Subject"`,
		"<!DOCTYPE html>\n<html>\n":         `its first row is "<!DOCTYPE html>"`,
		"\xFF\xFEC\x00A\x00":                "UTF-16",
		strings.Repeat("a\n", 20) + byOwner: "no column",
	} {
		if c, err := ReadCCADB(strings.NewReader(text), "report.csv"); err == nil || c != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadCCADB(errReader{fmt.Errorf("disk gone")}, "report.csv"); err == nil || !strings.Contains(err.Error(), "CCADB report report.csv: disk gone") {
		t.Error(err)
	}
	if _, err := LoadCCADB("does-not-exist.csv"); err == nil || err.Error() != "CCADB report does-not-exist.csv: no such file or directory" {
		t.Error(err)
	}
}

func TestLoadCCADB(t *testing.T) {
	path := writeFile(t, "report.csv", byOwner+"X,a.com\n")
	day := time.Date(2026, time.September, 22, 10, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, day, day); err != nil {
		t.Fatal(err)
	}
	c, err := LoadCCADB(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Source(); s.File != path || !s.Date.Equal(day) {
		t.Errorf("source %+v", s)
	}
}

// The report adds, and takes nothing away.
func TestCCADBOver(t *testing.T) {
	base := DefaultIssuers()
	before := maps.Clone(base.owners)
	report := readCCADB(t, byOwner+
		"\"DigiCert, Inc.\",\"digicert.com, amazon.com, new.digicert.com, flipkart.com\"\n"+
		"Amazon Trust Services LLC,amazon.com\n"+
		"Internet Security Research Group,letsencrypt.org\n"+
		"Sectigo Limited,sectigo.com\n"+
		"Government of Spain (FNMT),fnmt.es\n"+
		"Brand-New CA Ltd,\"brandnewca.com, sectigo.com, comodo.com\"\n"+
		"BRAND-NEW CA,brandnewca.net\n"+
		"WoSign CA Limited,wosign.com\n")
	issuers := report.Over(base)
	for identifier, want := range map[string]string{
		"digicert.com":       "DigiCert/current",
		"new.digicert.com":   "DigiCert/reported", // the table's name for "DigiCert, Inc."
		"amazon.com":         "Amazon Trust Services/current, DigiCert/shared, Starfield Technologies/doubtful",
		"flipkart.com":       "DigiCert/reported",                          // was doubtful
		"letsencrypt.org":    "Let's Encrypt (ISRG)/current",               // one owner each: the same
		"sectigo.com":        "Sectigo/current, Brand-New CA Ltd/reported", // one known, one new
		"comodo.com":         "Sectigo/current",                            // one each
		"brandnewca.com":     "Brand-New CA Ltd/reported",
		"brandnewca.net":     "Brand-New CA Ltd/reported", // the first spelling
		"wosign.com":         "WoSign/legacy",             // CAs stay in the report long after
		"geotrust.com":       "DigiCert/current",          // not in the report
		"another-new-ca.com": "",
	} {
		if got := strings.Join(ownerNames(issuers.Owners(identifier)), ", "); got != want {
			t.Errorf("%s: %s; want %s", identifier, got, want)
		}
	}
	for kind, want := range [caa.Kinds]Belief{Yes, Yes, Unknown, Unknown} {
		if got := issuers.Honoured("brandnewca.com", caa.Kind(kind)); got != want {
			t.Errorf("brandnewca.com for %s: %s, want %s", caa.Kind(kind), got, want)
		}
	}
	if got := issuers.Honoured("letsencrypt.org", caa.SMIME); got != No { // as the table has it
		t.Errorf("letsencrypt.org for mail: %s", got)
	}
	if got := issuers.Owners("digicert.com")[0].Sources; !slices.Equal(got, []string{"S1", "S2", "S6", "S14", "CCADB"}) {
		t.Errorf("sources of digicert.com: %s", got)
	}
	if known, _, _ := issuers.Nearest("brandnewca.org"); known != "brandnewca.com" {
		t.Errorf("nearest to brandnewca.org: %q", known)
	}
	if got := issuers.Sources(); len(got) != 2 || got[0] != base.Sources()[0] || got[1] != report.Source() {
		t.Errorf("sources %+v", got)
	}
	if len(base.Sources()) != 1 || base.Len() != len(before) || base.Owners("digicert.com")[0].Standing != StandingCurrent ||
		len(base.Owners("digicert.com")[0].Sources) != 4 {
		t.Error("the built-in table has changed")
	}
	if again := report.Over(issuers); again.Len() != issuers.Len() {
		t.Errorf("laid over twice: %d and %d identifiers", again.Len(), issuers.Len())
	}
}

// The subject of a certificate is not the owner of the identifiers that its issuer honours.
func TestCCADBByCertificateOver(t *testing.T) {
	report := readCCADB(t, "Subject,Recognized CAA Domains\n"+
		"\"CN=Cloudflare TLS; O=Cloudflare, Inc.; C=US\",\"digicert.com, amazon.com\"\n"+
		"\"CN=X; O=DigiCert Inc; C=US\",\"digicert.com, brandnew.com, letsencrypt.org\"\n"+
		"\"CN=Y; O=Somebody; C=US\",brandnew.com\n")
	issuers := report.Over(DefaultIssuers())
	for identifier, want := range map[string]string{
		"digicert.com":    "DigiCert/current",
		"amazon.com":      "Amazon Trust Services/current, DigiCert/shared, Starfield Technologies/doubtful",
		"letsencrypt.org": "Let's Encrypt (ISRG)/current, DigiCert/reported",
		"brandnew.com":    "DigiCert/reported, Somebody/reported",
	} {
		if got := strings.Join(ownerNames(issuers.Owners(identifier)), ", "); got != want {
			t.Errorf("%s: %s; want %s", identifier, got, want)
		}
	}
}

func TestOwnerKey(t *testing.T) {
	for name, want := range map[string]string{
		"DigiCert, Inc.": "digicert", "GlobalSign nv-sa": "globalsign", "NETLOCK Kft.": "netlock", "Firma S.A.": "firma",
		"Let's Encrypt": "lets encrypt", "Chunghwa Telecom Co., Ltd.": "chunghwa telecom", "Inc.": "inc", "SSL.com": "sslcom", "": "", "--": "",
		"行政院/政府伺服器數位憑證管理中心 - G1": "行政院 政府伺服器數位憑證管理中心 g1",
	} {
		if got := ownerKey(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	names := namesOf(DefaultIssuers())
	for name, want := range map[string]string{
		"HARICA": "HARICA", "Certigna": "Certigna (Dhimyotis)", "Dhimyotis": "Certigna (Dhimyotis)", "ISRG": "Let's Encrypt (ISRG)",
		"Let's Encrypt": "Let's Encrypt (ISRG)", "Google": "Google Trust Services", "Spain": "", "Sectigo Limited": "Sectigo", "": "",
	} {
		if got := names[ownerKey(name)].Name; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// Whatever the octets: an error, or identifiers by R2.8 with an owner each, counts that add up, and a table that takes
// nothing from the built-in one.
func FuzzCCADB(f *testing.F) {
	for _, s := range []string{byOwner + "X,\"a.com, none\"\n", "\xEF\xBB\xBFCA Owner;Recognized CAA Domains\n\"X\";\"a.com;b.com\"\n",
		"Subject\tRecognized CAA Domains\nCN=A, O=B, C=C\ta.com\n", byOwner + "\"X,a.com\nY \"Z\",b.com\n\"\"\"\n,c.com", byOwner + "\xe1,a.com\r\n\r\n\r,",
		byOwner + "DigiCert,letsencrypt.org\nX,letsencrypt.org\n", byOwner + "Inc.,a.com\n.,b.com\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadCCADB(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, credit := range c.credits {
			if got := caa.ParseIssuance(credit.identifier); got.Issuer != credit.identifier || len(got.Params) > 0 || len(credit.identifier) > MaxName {
				t.Fatalf("identifier %q", credit.identifier)
			}
			if credit.owner.Name == "" || credit.owner.Name != strings.TrimSpace(credit.owner.Name) {
				t.Fatalf("owner %q", credit.owner.Name)
			}
		}
		dropped, last := int64(0), Drop{}
		for _, n := range c.Dropped {
			dropped += n
		}
		if dropped != int64(len(c.Drops)) && len(c.Drops) != maxCCADBDrops || c.Blank > c.Rows {
			t.Fatalf("%d dropped, %d kept, %d of %d rows blank", dropped, len(c.Drops), c.Blank, c.Rows)
		}
		for _, d := range c.Drops {
			if d.Row < last.Row || d.Line < last.Line || d.Line < 1 || d.Reason == Kept || len(d.Text) > MaxRejectText {
				t.Fatalf("%+v after %+v", d, last)
			}
			if lines := int64(strings.Count(text, "\n")) + 1; d.Line > lines {
				t.Fatalf("%+v in %d lines", d, lines)
			}
			last = d
		}
		over := c.Over(DefaultIssuers())
		for identifier, owners := range DefaultIssuers().owners {
			if len(over.Owners(identifier)) < len(owners) {
				t.Fatalf("%s has lost owners", identifier)
			}
		}
		for _, credit := range c.credits {
			if len(over.Owners(credit.identifier)) == 0 {
				t.Fatalf("%s is not in the table", credit.identifier)
			}
		}
	})
}

// One op is a report by certificate of the size that CCADB's has.
func BenchmarkReadCCADB(b *testing.B) {
	var text strings.Builder
	text.WriteString("Subject,Subject Key Identifier (Hex),Intermediate Certificate,Recognized CAA Domains\n")
	known := DefaultIssuers().known
	for i := range 10_000 {
		fmt.Fprintf(&text, "\"CN=CA %d; O=Owner %d, Inc.; C=US\",%x,CA %d,\"%s, %s\"\n", i, i%100, i, i, known[i%len(known)].name, known[i*7%len(known)].name)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		readCCADB(b, text.String()).Over(DefaultIssuers())
	}
}
