package datasets

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Research question 13, with the values seen in public records.
func TestNearest(t *testing.T) {
	for _, c := range []struct {
		value, want string
		distance    int
	}{
		// another or no suffix
		{"letsencrypt.com", "letsencrypt.org", 1},
		{"letsencrypt", "letsencrypt.org", 1},
		{"digicert", "digicert.com", 1}, // rather than digicert.ne.jp: fewer labels
		{"sectigo.net", "sectigo.com", 1},
		{"amazon.co.uk", "amazon.com", 1},
		{"swisssign", "swisssign.com", 1}, // in use, the other eight are not
		// labels in front
		{"www.letsencrypt.org", "letsencrypt.org", 1},
		{"www.ssl.com", "ssl.com", 1},
		{"b9d3f1f2bb34e4c2.6a1cf30a.sectigo.com", "sectigo.com", 1}, // a DCV target
		{"certinomis.com", "www.certinomis.com", 1},
		{"www.letsencrypt.com", "letsencrypt.org", 2},
		{"www.letsencypt.org", "letsencrypt.org", 2},
		{"foo.pki.goog", "pki.goog", 1},
		// slips
		{"letsencypt.org", "letsencrypt.org", 1},   // missing
		{"letssencrypt.org", "letsencrypt.org", 1}, // too many
		{"lets-encrypt.org", "letsencrypt.org", 1},
		{"letsencrypt.ogr", "letsencrypt.org", 1}, // swapped
		{"digicret.com", "digicert.com", 1},
		{"dgiicret.com", "digicert.com", 2},
		{"digicert.con", "digicert.com", 1},
		{"setcigo.com", "sectigo.com", 1},
		{"letsencryptorg", "letsencrypt.org", 1},
		{"letsencrypt.org.", "letsencrypt.org", 1},
		{`"letsencrypt.org"`, "letsencrypt.org", 2},
		{"letsencypt.com", "letsencrypt.org", 2},
		{"globalsing.com", "globalsign.com", 1},
		{"comodoca.org", "comodoca.com", 1},
		{"commodo.com", "comodo.com", 1},
		// known
		{"letsencrypt.org", "letsencrypt.org", 0},
		{"LetsEncrypt.ORG", "letsencrypt.org", 0},
		{"www.digicert.com", "www.digicert.com", 0}, // R2.10: the table has it
		// nothing near enough
		{"", "", 0},
		{"com", "", 0},
		{"org", "", 0},
		{"ssl", "", 0},
		{"sql.com", "", 0},   // short labels forgive nothing
		{"web.de", "", 0},    // and are anybody's
		{"vista.com", "", 0}, // visa.com is another word
		{"pki.example", "", 0},
		{"foo.hinet.net", "", 0}, // beside eca.hinet.net, not below
		{"nat.gov.tw.example", "", 0},
		{"my-private-ca.internal", "", 0},
		{"gandi.net", "", 0},
		{"lencr.org", "", 0},
		{"%%%%%", "", 0},
		{"https://letsencrypt.org", "", 0},
		{"digicert.com, sectigo.com", "", 0},
		{"xn--bcher-kva.de", "", 0},
	} {
		known, distance, ok := DefaultIssuers().Nearest(c.value)
		if known != c.want || distance != c.distance || ok != (c.want != "") {
			t.Errorf("%q: %q, %d, %v; want %q, %d", c.value, known, distance, ok, c.want, c.distance)
		}
	}
}

// Where several are equally near, the better founded, then the one of fewer labels, then the first by name.
func TestNearestIsDeterministic(t *testing.T) {
	table := func(standings ...string) *Issuers {
		var credits []credit
		for i := 0; i < len(standings); i += 2 {
			standing := map[string]Standing{"current": StandingCurrent, "listed": StandingListed, "legacy": StandingLegacy}[standings[i+1]]
			credits = append(credits, credit{standings[i], Owner{Name: "A", Family: "A", Standing: standing}})
		}
		return newIssuers(credits)
	}
	for _, c := range []struct {
		issuers *Issuers
		want    string
	}{
		{table("trustee.com", "legacy", "trustee.net", "listed", "trustee.org", "current"), "trustee.org"},
		{table("trustee.org", "current", "trustee.net", "current", "trustee.com", "current"), "trustee.com"},
		{table("trustee.co.uk", "current", "trustee.net", "current"), "trustee.net"},
	} {
		for range 20 {
			if known, distance, _ := c.issuers.Nearest("trustee.de"); known != c.want || distance != 1 {
				t.Errorf("%s at %d, want %s", known, distance, c.want)
			}
		}
	}
}

// slipsByDefinition is the optimal string alignment distance, the whole matrix.
func slipsByDefinition(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			default:
				d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1])
				if a[i-1] != b[j-1] {
					d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+1)
				}
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return d[len(a)][len(b)]
}

func checkSlips(t *testing.T, a, b string, most int) {
	t.Helper()
	want, got := slipsByDefinition(a, b), slipsBetween([]byte(a), b, most)
	if want <= most && got != want || want > most && got <= most {
		t.Fatalf("%q and %q: %d, by definition %d, at most %d", a, b, got, want, most)
	}
	if want <= most && differ(lettersOf(a), lettersOf(b)) > 2*most {
		t.Fatalf("%q and %q: %d apart, but their letters differ too much", a, b, want)
	}
}

func TestSlipsAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(octets int) string {
		b := make([]byte, octets)
		for i := range b {
			b[i] = "abc."[rng.IntN(4)]
		}
		return string(b)
	}
	for range 50_000 {
		a := []byte(word(rng.IntN(10)))
		b := word(rng.IntN(10))
		if rng.IntN(2) == 0 { // a few slips away
			b = string(a)
			for range rng.IntN(4) {
				at := rng.IntN(len(b) + 1)
				b = b[:at] + word(rng.IntN(2)) + b[min(at+rng.IntN(2), len(b)):]
			}
		}
		checkSlips(t, string(a), b, rng.IntN(4))
	}
}

func FuzzNearest(f *testing.F) {
	for _, s := range []string{"letsencrypt.com", "www.digicert.com", "digicert", "..", ".", "a.", "co.uk", "www.co.uk", "\x00", "\xff.de", strings.Repeat("a.", 126) + "a",
		strings.Repeat("a", 253), "letsencryptt.org", "eltsencrypt.org", "https://letsencrypt.org/x?y", `"; "`} {
		f.Add(s, "letsencrypt.org")
	}
	f.Fuzz(func(t *testing.T, value, other string) {
		known, distance, ok := DefaultIssuers().Nearest(value)
		again, distanceAgain, _ := DefaultIssuers().Nearest(value)
		if again != known || distanceAgain != distance {
			t.Fatalf("%q: %q at %d, then %q at %d", value, known, distance, again, distanceAgain)
		}
		switch {
		case !ok && (known != "" || distance != 0):
			t.Fatalf("%q: nothing, but %q at %d", value, known, distance)
		case ok && (DefaultIssuers().Owners(known) == nil || distance < 0 || distance > maxDistance):
			t.Fatalf("%q: %q at %d", value, known, distance)
		case ok && (distance == 0) != strings.EqualFold(value, known):
			t.Fatalf("%q: %q at %d", value, known, distance)
		}
		if len(value) <= 40 && len(other) <= 40 {
			for most := range 4 {
				checkSlips(t, value, other, most)
			}
		}
	})
}

// One op is one value that the table does not have.
func BenchmarkNearest(b *testing.B) {
	values := make([]string, 4096)
	for i := range values {
		values[i] = mixedName(i)
	}
	known := DefaultIssuers().known
	typos := make([]string, 4096)
	for i := range typos {
		name := known[i%len(known)].name
		at := i % len(name)
		typos[i] = name[:at] + "x" + name[at:]
	}
	for _, c := range []struct {
		what   string
		values []string
	}{{"strange", values}, {"typo", typos}, {"long", []string{strings.Repeat("x", 64<<10)}}, {"longest", []string{strings.Repeat("letsencrypt.org.", 15)}}} {
		b.Run(c.what, func(b *testing.B) {
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				DefaultIssuers().Nearest(c.values[i%len(c.values)])
				i++
			}
		})
	}
}

func BenchmarkOwners(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		DefaultIssuers().Owners("letsencrypt.org")
	}
}
