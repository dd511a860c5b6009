package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/wire"
)

// companion is what a word of --with stands for.
type companion struct {
	word string
	is   scanner.Companions

	// questions is how many packets the companion costs a name, as an order of magnitude, for plans: three of ten names have no MX, and
	// two questions for addresses instead; one of a hundred announces an MTA-STS policy, on a host of its own; of the mail
	// servers most are in zones that others have asked for already; two name servers have two addresses each.
	questions float64
}

var companions = []companion{
	{"mx", scanner.MX, 1 + 0.3*2},
	{"spf", scanner.SPF, 1},
	{"dmarc", scanner.DMARC, 1},
	{"mta-sts", scanner.MTASTS, 1.01},
	{"tls-rpt", scanner.TLSReporting, 1},
	{"bimi", scanner.BIMI, 1},
	{"mx-hosts", scanner.MXHosts, 1},
	{"all-servers", scanner.AllServers, 4},
}

const (
	noCompanions = "none"
	dkimPrefix   = "dkim:" // a selector follows
)

// accompaniment is what is looked up besides CAA.
type accompaniment struct {
	with      scanner.Companions
	selectors []string // of DKIM
	questions float64  // a name, about
}

// accompaniment reads --with.
func (f *scanFlags) accompaniment(network *scanner.Network) (all accompaniment, err error) {
	if slices.Contains(f.With, noCompanions) && len(f.With) > 1 {
		return all, errors.New("--with: none goes with nothing else")
	}
	for _, word := range f.With {
		selector, isDKIM := strings.CutPrefix(word, dkimPrefix)
		at := slices.IndexFunc(companions, func(c companion) bool { return c.word == word })
		switch {
		case word == noCompanions:
		case isDKIM:
			if err := checkSelector(selector); err != nil {
				return all, err
			}
			if !slices.Contains(all.selectors, selector) {
				all.selectors = append(all.selectors, selector)
			}
		case at < 0:
			return all, fmt.Errorf("--with: unknown companion %q; there are %s", word, companionWords())
		default:
			all.with |= companions[at].is
		}
	}
	if all.with.Has(scanner.AllServers) && len(network.Resolvers) > 0 {
		return all, errors.New("--with all-servers: with --resolver none but the resolvers are asked")
	}
	switch n := len(all.selectors); {
	case n > maxSelectors:
		return all, fmt.Errorf("--with: %d DKIM selectors, at most %d are asked for", n, maxSelectors)
	case n > 0:
		all.with |= scanner.DKIM
	}
	if all.with.Has(scanner.MXHosts) {
		all.with |= scanner.MX
	}
	for _, c := range companions {
		if all.with.Has(c.is) {
			all.questions += c.questions
		}
	}
	all.questions += float64(len(all.selectors))
	return all, nil
}

// maxSelectors bounds --with: each selector is a question about every name.
const maxSelectors = 16

// checkSelector reports what is wrong with a DKIM selector (RFC 6376 3.1).
func checkSelector(selector string) error {
	if _, ok := mail.DKIMName(selector, wire.Root); !ok {
		return fmt.Errorf("--with: %q is no DKIM selector", selector)
	}
	return nil
}

// companionWords lists what --with takes.
func companionWords() string {
	var words []string
	for _, c := range companions {
		words = append(words, c.word)
	}
	return strings.Join(words, ", ") + ", " + dkimPrefix + "SELECTOR, " + noCompanions
}
