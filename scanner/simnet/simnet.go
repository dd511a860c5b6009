// Package simnet is a small Internet on loopback, for the demo, the tests and the bench: root, top-level domains and
// any number of delegated zones on some hundreds of name servers, each with an address of its own in 127.0.0.0/8 and
// all on one high port. It holds every posture of the spec, aliases of all kinds, and the servers that a scan meets:
// lame, silent, slow, truncating, refusing, without EDNS, mangling case, limiting rates. What a correct scan must
// find for each name is known beforehand and can be exported, so that a scan can be scored.
//
// A World is a pure function of (seed, size), and of the time its signatures begin. The label of the registrable domain
// of name i is i under a keyed permutation, written in syllables; a server reads it back out of the question, and a hash
// of (seed, i) tells the scenario, the top-level domain, the operator, the CAA sets and the keys. Nothing is stored per
// name, but for the denials of signed TLDs (registry): a world of ten million names without signatures costs no more
// memory than one of ten.
//
// A question's way: the Server reads packets in batches and sees by the destination address which name server was
// meant; a responder reads the question, locates the closest zone that this name server serves (locate), looks the
// name up in it (RFC 1034 4.3.2) and writes the reply by hand; the zone's or the server's fault bends it. If the
// query has DO and the zone is signed, each RRset is followed by signatures made on the spot (sign), and what is
// missing is proven (denial).
//
// Root, most TLDs and some of the zones are signed (scheme), by a realistic mix of algorithms and denials. A chain may be
// broken (chainFault) without harm to those who do not validate.
//
// A scenario, one row of a table in scenarios.go or chains.go, states the content of a zone as zone-file lines and,
// separately and by hand, what a scan must find. The two meet only in the tests, where a naive resolver, and a naive
// validator, hold one against the other.
//
// Isolation: the sockets are bound to the device lo (SO_BINDTODEVICE), so that nothing from outside reaches them,
// though they listen on the wildcard address to own all of 127.0.0.0/8. Servers therefore need Linux; worlds do not.
package simnet

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/caascan/caascan/scanner/wire"
)

// MaxNames is the largest world: so many labels has the permutation.
const MaxNames = 1 << indexBits

// MaxDelay is the longest Config.Delay: it must fit into the wheel of pending replies, beside the slow servers.
const MaxDelay = 15 * time.Second

// Config says which world. The zero value of every field but Names is good.
type Config struct {
	Seed  uint64
	Names int // size of the list of names, 1 to MaxNames

	// Plain asks for a world for benches: registrable domains only, at healthy operators, every answer at once. It has no
	// signatures unless SignedOptOut or SignedFull is set.
	Plain bool
	// CAAShare is the share of the names of a Plain world that have a CAA set, 0 to 1.
	CAAShare float64
	// SignedOptOut and SignedFull make a Plain world a signed one, if either is above 0: half of its names are then under
	// com, a TLD with NSEC3 opt-out, half under nl, one with an NSEC3 record for every name, and these are the shares of
	// either half that are signed, 0 to 1.
	SignedOptOut, SignedFull float64
	// KeepSigned is of how many zones keys and signatures are kept, at some 3 KB each, beyond a few thousand: for benches,
	// whose servers must not be busy signing once they have been asked everything.
	KeepSigned int
	// Now is the time around which signatures are good, from an hour before to 30 days after. The zero value is the time
	// at which the world is made. Signatures depend on it, nothing else does.
	Now time.Time
	// Validation is what the scan does that the truths are for. It changes nothing of what the servers say.
	Validation Validation
	// Delay is how long every server of a leaf zone waits before it answers: 0 to MaxDelay. Root and top-level
	// domains always answer at once.
	Delay time.Duration
	// IPv6 puts the name server of one operator on ::1 only. Without it that operator's servers have IPv4 addresses;
	// names and truth are the same.
	IPv6 bool
}

// World is an Internet. It never changes once made: all methods may be called from any goroutine.
type World struct {
	cfg     Config
	perm    permutation
	tlds    []*tld
	tldOf   map[string]*tld // by the last label
	pickTLD [pickSize]uint8

	servers   []nameServer
	byAddr    [256][maxServers + 1]int16 // number of the server at 127.53.o.k, from 1; 0 for none
	onV6      int                        // likewise for ::1
	operators []*operator
	byKind    map[string][]*operator
	pickHost  [pickSize]uint16 // ordinary operators, by size
	special   map[string]*special

	root      *special
	scenarios []*scenario

	signed  bool      // there are signatures
	hot     *operator // see hotOperator
	times   windows
	keys    keyCache
	lasting signatureCache    // of zones that many names have to do with
	recent  signatureCache    // of the others
	slots   [slotCount]uint16 // scenario of name i is that of slot i modulo slotCount
	mails   [256]*mailVariant
}

// New makes the world that cfg describes.
func New(cfg Config) (*World, error) {
	switch {
	case cfg.Names < 1 || cfg.Names > MaxNames:
		return nil, fmt.Errorf("simnet: %d names: a world has 1 to %d", cfg.Names, MaxNames)
	case cfg.Delay < 0 || cfg.Delay > MaxDelay:
		return nil, fmt.Errorf("simnet: delay of %v: at most %v", cfg.Delay, MaxDelay)
	case cfg.KeepSigned < 0 || cfg.KeepSigned > MaxNames:
		return nil, fmt.Errorf("simnet: to keep %d signed zones: 0 to %d", cfg.KeepSigned, MaxNames)
	case !(cfg.CAAShare >= 0 && cfg.CAAShare <= 1):
		return nil, fmt.Errorf("simnet: CAA share of %v: from 0 to 1", cfg.CAAShare)
	case !(cfg.SignedOptOut >= 0 && cfg.SignedOptOut <= 1 && cfg.SignedFull >= 0 && cfg.SignedFull <= 1):
		return nil, fmt.Errorf("simnet: signed shares of %v and %v: from 0 to 1", cfg.SignedOptOut, cfg.SignedFull)
	}
	if cfg.Now.IsZero() {
		cfg.Now = time.Now()
	}
	w := &World{cfg: cfg, perm: newPermutation(cfg.Seed)}
	w.buildTLDs()
	w.buildOperators()
	w.buildSpecials()
	w.buildScenarios()
	w.buildSignatures()
	return w, nil
}

// Config returns what the world was made from.
func (w *World) Config() Config { return w.cfg }

// Len returns the number of names.
func (w *World) Len() int { return w.cfg.Names }

// Names yields the names of the list, each once, in canonical form (lower case, no final dot).
func (w *World) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range w.cfg.Names {
			if !yield(w.Name(i)) {
				return
			}
		}
	}
}

// Name returns name i of the list, 0 <= i < Len.
func (w *World) Name(i int) string {
	if i < 0 || i >= w.cfg.Names {
		panic("internal error: simnet name " + strconv.Itoa(i) + " of " + strconv.Itoa(w.cfg.Names))
	}
	var buf [255]byte
	return string(w.appendName(buf[:0], i))
}

// appendName appends the presentation form of name i.
func (w *World) appendName(buf []byte, i int) []byte {
	sc := w.scenarioOf(i)
	d := w.domain(w.hostIndex(i))
	for _, label := range sc.labels {
		if label == tenantLabel {
			buf = append(buf, d.label[:]...)
		} else {
			buf = append(buf, label...)
		}
		buf = append(buf, '.')
	}
	buf = append(buf, d.label[:]...)
	buf = append(buf, '.')
	if sc.unknownTLD {
		return append(buf, unknownTLD...)
	}
	return append(buf, d.tld.suffix...)
}

// domain is the registrable domain that index i of the list owns: all that is drawn for it.
type domain struct {
	label [labelLen]byte
	hash  uint64
	tld   *tld
}

func (w *World) domain(i int) domain {
	d := domain{hash: w.hash(i)}
	d.tld = w.tlds[w.pickTLD[d.hash>>tldShift%pickSize]]
	w.perm.appendLabel(d.label[:0], uint32(i))
	return d
}

// hash is what is drawn for index i. Its bits have their uses in the constants below.
func (w *World) hash(i int) uint64 { return mix(w.cfg.Seed ^ mix(uint64(i)+1)) }

// The bits of a domain's hash, each drawing used for one thing only. Second operators (of a sub-zone, or of a zone
// that two operators serve) are drawn from the hash of the hash.
const (
	hostShift  = 0  // 12 bits: operator
	tldShift   = 12 // 12 bits: top-level domain
	groupShift = 24 // 8 bits: which of the operator's servers
	set0Shift  = 32 // 12 bits: first CAA set
	set1Shift  = 44 // 12 bits: second CAA set
	mailShift  = 56 // 8 bits: mail
)

// pickSize is the size of a table of weighted choices: 12 bits of hash, weights to a four-thousandth.
const pickSize = 1 << 12

// scenarioOf returns the scenario of name i. Slots come round again, so that every scenario has its exact share of
// any list of some thousand names.
func (w *World) scenarioOf(i int) *scenario { return w.scenarios[w.slots[i%slotCount]] }

// hostIndex returns the index whose registrable domain name i lies in: its own, or its neighbour's for a sibling.
func (w *World) hostIndex(i int) int {
	if w.scenarioOf(i).sibling {
		return i - 1
	}
	return i
}

// index returns the index of the list that owns the registrable domain with the given first label.
func (w *World) index(label []byte) (int, bool) {
	x, ok := w.perm.parseLabel(label)
	return int(x), ok && int(x) < w.cfg.Names
}

// fillPicks spreads the choices 0 to len(weights)-1 over a table in proportion to their weights.
func fillPicks[T uint8 | uint16](table []T, weights []float64) {
	total := 0.0
	for _, weight := range weights {
		total += weight
	}
	choice, upTo := 0, weights[0]
	for at := range table {
		for float64(at)*total >= upTo*float64(len(table)) && choice < len(weights)-1 {
			choice++
			upTo += weights[choice]
		}
		table[at] = T(choice)
	}
}

// mustWire returns the wire form of a name of the built-in tables.
func mustWire(text string) string { return string(wire.MustName(text)) }
