//go:build !race

package datasets

import (
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/caa"
)

// Every value of every row is looked up.
func TestIssuersAllocations(t *testing.T) {
	issuers := DefaultIssuers()
	long := strings.Repeat("x", 64<<10)
	for what, lookUp := range map[string]func(){
		"Owners":               func() { issuers.Owners("letsencrypt.org") },
		"Owners, of several":   func() { issuers.Owners("amazon.com") },
		"Owners, unknown":      func() { issuers.Owners("letsencrypt.com") },
		"Honoured":             func() { issuers.Honoured("amazon.com", caa.SMIME) },
		"Retired":              func() { issuers.Retired("wosign.com") },
		"Nearest, known":       func() { issuers.Nearest("letsencrypt.org") },
		"Nearest, in capitals": func() { issuers.Nearest("LetsEncrypt.org") },
		"Nearest, typo":        func() { issuers.Nearest("www.letsencypt.org") },
		"Nearest, strange":     func() { issuers.Nearest("an-entirely-other.example.co.uk") },
		"Nearest, 64 KiB":      func() { issuers.Nearest(long) },
	} {
		if got := testing.AllocsPerRun(100, lookUp); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
}
