package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/caa"
)

// The copy that is built in is the project's page, octet for octet.
func TestIssuersTableIsThePage(t *testing.T) {
	page, err := os.ReadFile("../../shared/spec/ca-identifiers.csv")
	if os.IsNotExist(err) {
		t.Skip("the page is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != issuersTable {
		t.Error("datasets/ca-identifiers.csv differs from shared/spec/ca-identifiers.csv: copy it again")
	}
	rules, err := os.ReadFile("../../shared/spec/caa.md")
	if err != nil {
		t.Fatal(err)
	}
	if day := "State of the sources: " + issuersDate.Format(time.DateOnly); !strings.Contains(string(rules), day) {
		t.Errorf("shared/spec/caa.md does not say %q", day)
	}
}

func ownerNames(owners []Owner) (names []string) {
	for _, o := range owners {
		names = append(names, o.Name+"/"+o.Standing.String())
	}
	return names
}

// Spec section 5: one identifier can serve several owners, the best founded first.
func TestOwners(t *testing.T) {
	for identifier, want := range map[string]string{
		"letsencrypt.org":   "Let's Encrypt (ISRG)/current",
		"geotrust.com":      "DigiCert/current",
		"symantec.com":      "DigiCert/current", // identifiers outlive brands
		"amazon.com":        "Amazon Trust Services/current, DigiCert/shared, Starfield Technologies/doubtful",
		"amazontrust.com":   "Amazon Trust Services/current, DigiCert/shared",
		"entrust.net":       "Sectigo/current, SSL.com/shared, Entrust/legacy",
		"wosign.com":        "WoSign/legacy",
		"almostfreessl.com": "SSLCom Group (Fermat Crypto)/delegated",
		"www.digicert.com":  "DigiCert/current", // R2.10: an identifier of its own
		"www.sectigo.com":   "",                 // R2.10: compared whole
		"com":               "",
		"":                  "",
	} {
		if got := strings.Join(ownerNames(DefaultIssuers().Owners(identifier)), ", "); got != want {
			t.Errorf("%q: %s; want %s", identifier, got, want)
		}
	}
}

func TestIdentifiersOfOwners(t *testing.T) {
	issuers := DefaultIssuers()
	for owner, want := range map[string]string{
		"Amazon Trust Services":     "amazon.com amazonaws.com amazontrust.com aws.amazon.com awstrust.com",
		"amazon":                    "amazon.com amazonaws.com amazontrust.com aws.amazon.com awstrust.com", // the family
		"ENTRUST":                   "affirmtrust.com entrust.net",
		"GoDaddy":                   "amazon.com godaddy.com starfieldtech.com", // with Starfield, of its family
		"Starfield Technologies":    "amazon.com",
		"Deutsche Telekom Security": "telesec.de",
		"Nobody":                    "",
		"":                          "",
	} {
		if got := strings.Join(issuers.Identifiers(owner), " "); got != want {
			t.Errorf("%s: %s; want %s", owner, got, want)
		}
	}
	for _, name := range issuers.Names() {
		for _, identifier := range issuers.Identifiers(name) {
			if !slices.ContainsFunc(issuers.Owners(identifier), func(o Owner) bool { return o.Name == name || o.Family == name }) {
				t.Errorf("%s goes by %s, which does not have it", name, identifier)
			}
		}
	}
}

// CCADB's field is declared for issue and issuewild; for mail and marks only some say that the same names hold, the rest
// is unknown and not "no" (spec section 5).
func TestHonoured(t *testing.T) {
	for _, c := range []struct {
		identifier               string
		tls, wildcard, mail, vmc Belief
	}{
		{"digicert.com", Yes, Yes, Yes, Yes},
		{"sectigo.com", Yes, Yes, Yes, Yes},
		{"comodoca.com", Yes, Yes, Yes, Unknown},
		{"pki.goog", Yes, Yes, Yes, Unknown},
		{"godaddy.com", Yes, Yes, Unknown, Yes},
		{"amazon.com", Yes, Yes, Unknown, Unknown},
		{"actalis.it", Yes, Yes, Unknown, Unknown},
		{"letsencrypt.org", Yes, Yes, No, No}, // its note: "no S/MIME or mark certificates"
		{"letsencrypt.com", Unknown, Unknown, Unknown, Unknown},
	} {
		want := [caa.Kinds]Belief{caa.TLS: c.tls, caa.TLSWildcard: c.wildcard, caa.SMIME: c.mail, caa.VMC: c.vmc}
		for kind := range want {
			if got := DefaultIssuers().Honoured(c.identifier, caa.Kind(kind)); got != want[kind] {
				t.Errorf("%s for %s: %s, want %s", c.identifier, caa.Kind(kind), got, want[kind])
			}
		}
	}
	some := newIssuers([]credit{
		{"a.com", Owner{Name: "A", Honours: [caa.Kinds]Belief{caa.SMIME: No, caa.VMC: No}}},
		{"a.com", Owner{Name: "B", Honours: [caa.Kinds]Belief{caa.SMIME: Unknown, caa.VMC: No}}},
	})
	if mail, vmc := some.Honoured("a.com", caa.SMIME), some.Honoured("a.com", caa.VMC); mail != Unknown || vmc != No {
		t.Errorf("no and unknown make %s, no and no %s", mail, vmc)
	}
}

func TestRetired(t *testing.T) {
	for identifier, want := range map[string]bool{
		"wosign.com": true, "startcomca.com": true, "trustcor.ca": true, "swisssign.net": true, "google.com": true,
		"entrust.net":     false, // Entrust has left, Sectigo honours it
		"symantec.com":    false,
		"letsencrypt.org": false, "zerossl.com": false, "unheard-of.example": false,
	} {
		if got := DefaultIssuers().Retired(identifier); got != want {
			t.Errorf("%s: %v", identifier, got)
		}
	}
}

// The whole table is taken over, with notes and sources.
func TestIssuersTable(t *testing.T) {
	issuers := DefaultIssuers()
	pairs := 0
	for identifier, owners := range issuers.owners {
		pairs += len(owners)
		for _, o := range owners {
			if o.Name == "" || o.Family == "" || len(o.Sources) == 0 || o.Honours[caa.TLS] != Yes || o.Note == asAbove {
				t.Errorf("%s: %+v", identifier, o)
			}
		}
	}
	rows := 0
	for line := range strings.Lines(issuersTable) {
		if !strings.HasPrefix(line, "#") {
			rows++
		}
	}
	if pairs != rows-1 || pairs < 205 || issuers.Len() < 195 { // the first row names the columns
		t.Errorf("%d identifiers with %d owners of %d rows", issuers.Len(), pairs, rows-1)
	}
	if !strings.Contains(issuersTable, issuesNoMailNoMarks) {
		t.Errorf("no note says %q any more: nobody is known not to issue for mail", issuesNoMailNoMarks)
	}
	if note := issuers.Owners("starfieldtech.com")[0].Note; !strings.HasPrefix(note, "Starfield CP/CPS") {
		t.Errorf("the note %q of starfieldtech.com is not the one above", note)
	}
	sum := sha256.Sum256([]byte(issuersTable))
	source := Source{File: "ca-identifiers.csv", SHA256: hex.EncodeToString(sum[:]), Identifiers: issuers.Len(), Date: issuersDate}
	if got := issuers.Sources(); len(got) != 1 || got[0] != source {
		t.Errorf("sources %+v", got)
	}
}

func TestReadCreditsErrors(t *testing.T) {
	head := "# comment\nidentifier,ca_owner,family,status,tags,sources,note\n"
	if _, err := readCredits(head + "a.com,A,A,current,issue;issuevmc,S1,\n"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"":                                       "EOF",
		"identifier,owner\n":                     "columns",
		head + "A.com,A,A,current,issue,S1,\n":   `line 3: "A.com" is no identifier`,
		head + "a_b.com,A,A,current,issue,S1,\n": `line 3: "a_b.com" is no identifier`,
		head + "a.com,A,A,current,issue,S1,\nb,,,,,,\n": `line 4: "b" is no identifier`,
		head + "a.com,A,A,present,issue,S1,\n":          "no such status",
		head + "a.com,,A,current,issue,S1,\n":           "no owner",
		head + "a.com,A,A,current,issue;iodef,S1,\n":    `"iodef" is no tag`,
		head + "a.com,A,A,current,issue,S1\n":           "wrong number of fields",
	} {
		if _, err := readCredits(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestIssuerWords(t *testing.T) {
	for s := range StandingLegacy + 1 {
		if s.String() == "" {
			t.Errorf("standing %d has no word", s)
		}
	}
	for r := range DropReason(DropReasons) {
		if (r.String() == "") != (r == Kept) {
			t.Errorf("reason %d has the word %q", r, r)
		}
	}
}

// A table may be used by many goroutines; the race detector watches.
func TestIssuersAreShared(t *testing.T) {
	issuers := readCCADB(t, byOwner+"X,a.com\n").Over(DefaultIssuers())
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 200 {
				issuers.Nearest(mixedName(i))
				if len(issuers.Owners("amazon.com")) != 3 || issuers.Honoured("a.com", caa.TLS) != Yes || len(issuers.Identifiers("x")) != 1 {
					t.Error("another table")
				}
			}
		})
	}
	wait.Wait()
}
