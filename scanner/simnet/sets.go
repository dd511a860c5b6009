package simnet

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/wire"
)

// caaSet is a CAA RRset and what it means, the latter written by hand.
type caaSet struct {
	properties []caa.Property
	posture    [caa.Kinds]caa.Posture
	rrs        []rr
	bad        bool // record data that cannot be read (R2.3, C14)
}

// setRef names a draw of a zone from a pool of sets.
type setRef struct {
	pool *pool
	draw int
}

// pool is a table of sets to draw from, by 12 bits of the zone's hash.
type pool [pickSize]*caaSet

// pools holds the pools by name. "common" is what most owners publish; "any" is that, with a share of all that the
// rules of spec section 2 speak of.
var pools = map[string]*pool{
	"common": fillPool(expand(commonSets)),
	"any":    fillAny(),
	"trap":   fillPool(expand([]setSpec{{1, "rrrr", each("0 issue trap.example", "0 issuemail trap.example", "0 issuevmc trap.example")}})),

	// Sets that do not fit into a UDP reply: 1001 records as in the public CAA test suite, more than 1232 octets, and
	// more than the 512 of plain DNS (R1.12).
	"large":     fillPool([]*caaSet{manyIssuers(1001)}),
	"tcp":       fillPool([]*caaSet{manyIssuers(40), manyIssuers(33), longValue(1300), longValue(4000)}),
	"plain-tcp": fillPool([]*caaSet{manyIssuers(15), manyIssuers(20)}),

	// No flags, no tag length, tag length 0, tag longer than the data (R2.3).
	"unreadable": fillPool([]*caaSet{
		badSet(nil), badSet([]byte{0}), badSet([]byte{0, 0}), badSet([]byte{0, 0, 'c', 'a'}), badSet([]byte{0, 9, 'i', 's', 's', 'u', 'e'}),
	}),
}

// fillAny is the pool "common" with every fourth draw from the odd sets.
func fillAny() *pool {
	common, odd := fillPool(expand(commonSets)), expand(oddSets)
	for i := 3; i < len(common); i += 4 {
		common[i] = odd[i/4%len(odd)]
	}
	return common
}

// mustSetRef reads "pool/draw".
func mustSetRef(text string) setRef {
	name, draw, _ := strings.Cut(text, "/")
	p := pools[name]
	if p == nil || draw != "0" && draw != "1" {
		panic("internal error: no pool of CAA sets " + text)
	}
	return setRef{p, mustInt(draw)}
}

// of returns the set drawn by a zone with the given hash.
func (r setRef) of(hash uint64) *caaSet {
	shift := set0Shift
	if r.draw == 1 {
		shift = set1Shift
	}
	return r.pool[hash>>shift%pickSize]
}

func fillPool(sets []*caaSet) *pool {
	p := new(pool)
	for i := range p {
		p[i] = sets[i%len(sets)]
	}
	return p
}

// setSpec is one row of the tables: how often, the postures for tls, tls-wildcard, smime and vmc, the records. A
// posture is a letter: o open, r restricted, c closed, b blocked. $a and $b stand for issuers.
type setSpec struct {
	weight  int
	posture string
	records []string // "flags tag value"
}

func each(records ...string) []string { return records }

// issuers are identifiers of real CAs (spec section 5).
var issuers = [...]string{
	"letsencrypt.org", "digicert.com", "sectigo.com", "globalsign.com", "pki.goog", "amazon.com", "comodoca.com", "ssl.com",
}

// commonSets: shares by weight.
var commonSets = []setSpec{
	{30, "rroo", each("0 issue $a")},
	{12, "rroo", each("0 issue $a", "0 issue $b")},
	{10, "rroo", each("0 issue $a", "0 iodef mailto:security@example.net")},
	{10, "rroo", each("0 issue $a", "0 issuewild $a")},
	{6, "rroo", each("0 issue $a", "0 issuewild $b")},
	{8, "rcoo", each("0 issue $a", "0 issuewild ;")},
	{3, "ccoo", each("0 issue ;")},
	{4, "rrro", each("0 issue $a", "0 issuemail $b")},
	{2, "rrrr", each("0 issue $a", "0 issuemail $b", "0 issuevmc digicert.com")},
	{2, "rrco", each("0 issue $a", "0 issuemail ;")},
	{2, "oooo", each("0 iodef mailto:security@example.net")},
}

// oddSets: each as often as the others. The comments cite the rules of spec section 2.
var oddSets = slices.Concat(oddKinds, oddFlags, oddTexts, readings)

var oddKinds = []setSpec{
	{1, "croo", each("0 issue ;", "0 issuewild $a")},                                                         // R2.11
	{1, "ocoo", each("0 issuewild ;")},                                                                       // R2.11, R2.12
	{1, "oroo", each("0 issuewild $a")},                                                                      // R2.11, R2.12
	{1, "rcoo", each("0 issue $a", "0 issuewild %%%%%")},                                                     // R2.11: even a malformed one
	{1, "rroo", each("0 issue $a", "0 issuewild ;", "0 issuewild $b")},                                       // R2.9: records add up
	{1, "ooro", each("0 issuemail $a")},                                                                      // R2.13
	{1, "ooco", each("0 issuemail ;")},                                                                       // R2.13
	{1, "ooco", each("0 issuemail user@$a")},                                                                 // R2.9
	{1, "ccro", each("0 issue ;", "0 issuemail $a")},                                                         // R2.13
	{1, "rrcr", each("0 issue $a", "0 issuemail ;", "0 issuevmc $b")},                                        // R2.14
	{1, "ooor", each("0 issuevmc $a")},                                                                       // R2.14
	{1, "oooc", each("0 issuevmc ;")},                                                                        // R2.14
	{1, "oooc", each("0 issuevmc https://$a")},                                                               // R2.9
	{1, "rrrr", each("0 issue $a", "0 issuewild $b", "0 issuemail $a", "0 issuevmc $b")},                     //
	{1, "cccc", each("0 issue ;", "0 issuewild ;", "0 issuemail ;", "0 issuevmc ;")},                         //
	{1, "oooo", each("0 iodef mailto:ca@example.net", "0 iodef https://iodef.example.net/")},                 // R1.4
	{1, "oooo", each("0 tbs Unknown")},                                                                       // R1.4, R2.5
	{1, "oooo", each("0 auth x", "0 path y", "0 policy z")},                                                  // R2.7
	{1, "oooo", each("0 contactemail hostmaster@example.net")},                                               // R2.16
	{1, "oooo", each("0 contactphone +1 555 0100")},                                                          // R2.16
	{1, "rroo", each("0 issue $a; accounturi=https://acme.example.net/acct/1; validationmethods=dns-01")},    // R2.17
	{1, "rroo", each("0 issue $a; validationmethods=ca-tbr-7,dns-01", "0 issue $b; accounturi=acct:1@$b")},   // R2.18
	{1, "rcoo", each("0 issue $a;validationmethods=", "0 issuewild ;accounturi=https://acme.example.net/1")}, // R2.17
}

var oddFlags = []setSpec{
	{2, "bbbb", each("0 issue $a", "128 tbs Unknown")},                       // R2.5
	{1, "bbbb", each("128 tbs Unknown")},                                     // R2.5
	{1, "bbbb", each("0 issuemail $a", "128 policy 1.3.6.1")},                // R2.5, R2.7, C24
	{1, "bbbb", each("0 issue ;", "129 x-new y")},                            // R2.5
	{1, "bbbb", each("128 issue_ $a")},                                       // R2.3, R2.5
	{1, "bbbb", each("128 security methods=x", "0 issue $a")},                // C18
	{1, "rroo", each("128 issue $a")},                                        // critical on a known tag
	{1, "rcro", each("128 issue $a", "128 issuewild ;", "128 issuemail $b")}, //
	{1, "oooo", each("128 iodef mailto:ca@example.net", "128 contactemail hostmaster@example.net", // R2.16
		"128 contactphone +15550100")},
	{1, "ooor", each("128 issuevmc $a")},
	{1, "rroo", each("1 issue $a")},                                         // R2.1, C5
	{1, "oooo", each("127 tbs Unknown")},                                    // R2.1: all reserved bits, critical clear
	{1, "rroo", each("255 ISSUE $a")},                                       // R2.1, R2.2
	{1, "rcro", each("0 IsSuE $a", "0 ISSUEWILD ;", "0 IssueMail $b")},      // R2.2
	{1, "oooo", each("0 issue- $a", "0 issues $b", "0 iss\\000ue x")},       // R2.2, R2.3: whole string only
	{1, "oooo", each("0 " + strings.Repeat("longtag", 36) + "abc Unknown")}, // R2.3: 255 octets
}

var oddTexts = []setSpec{
	{1, "ccoo", each(`0 issue ca.example\000`)},                                             // control characters
	{1, "ccoo", each(`0 issue ca.example\010second line`)},                                  //
	{1, "ccoo", each(`0 issue \027[31mred\027[0m`)},                                         // terminal escape
	{1, "ccoo", each(`0 issue <script>alert(1)</script>`)},                                  // for the report's page
	{1, "ccoo", each(`0 issue "ca.example"`)},                                               // R2.8: the quotes inside
	{1, "ccoo", each(`0 issue \034>\060img src=x onerror=alert(1)>`)},                       //
	{1, "oooo", each(`0 iodef =cmd|' /C calc'!A0`)},                                         // for spreadsheets
	{1, "oooo", each(`0 iodef javascript:alert(1)`, `0 iodef not a url`, `0 iodef `)},       // R2.15
	{1, "oooo", each(`0 contactemail nobody`, `0 contactphone 0123`)},                       // R2.16
	{1, "oooo", each(`0 <b>x</b> y`, `0 a\009b c`)},                                         // R2.3
	{1, "ccoo", each(`0 issue c\195\164.example`)},                                          // U-label in UTF-8
	{1, "ccoo", each(`0 issue \255\254`)},                                                   // no UTF-8 either
	{1, "ccoo", each(`0 issue $a; x=\195\164`)},                                             // R2.8
	{1, "rroo", each(`0 issue $a; x=` + strings.Repeat("long", 100))},                       // R2.4
	{1, "ccoo", each(`0 issue '; DROP TABLE caa; --`)},                                      //
	{1, "rroo", each(`0 issue $a`, `0 issue %%%%%`, `0 issue ;`, `0 issue $b; x`)},          // R2.9: neighbours do no harm
	{1, "rroo", each(`0 issue $a`, `0 issue $a; a=1`, `0 issue $a; a=2`, `0 tbs \000\001`)}, //
}

// readings is the table of R2.8, row by row.
var readings = []setSpec{
	{1, "rroo", each("0 issue ca.example")},
	{1, "rroo", each("0 issue  ca.example ")},
	{1, "rroo", each("0 issue ca.example;")},
	{1, "rroo", each("0 issue ca.example; a=b")},
	{1, "rroo", each("0 issue ca.example;a-b=;c=d=e")},
	{1, "rroo", each(`0 issue \009CA.Example\009; \009 a \009=\009 b\009`)},
	{1, "rroo", each("0 issue localca")},
	{1, "ccoo", each("0 issue ")},
	{1, "ccoo", each("0 issue   ")},
	{1, "ccoo", each("0 issue ; a=b")},
	{1, "ccoo", each("0 issue %%%%%")},
	{1, "ccoo", each("0 issue a.example b.example")},
	{1, "ccoo", each("0 issue a.example, b.example")},
	{1, "ccoo", each("0 issue https://a.example")},
	{1, "ccoo", each("0 issue a.example.")},
	{1, "ccoo", each("0 issue *.a.example")},
	{1, "ccoo", each("0 issue -a.example")},
	{1, "ccoo", each("0 issue a..example")},
	{1, "ccoo", each("0 issue a_b.example")},
	{1, "ccoo", each("0 issue a.example; x")},
	{1, "ccoo", each("0 issue a.example; x=1 2")},
	{1, "ccoo", each("0 issue a.example; x_y=1")},
	{1, "ccoo", each("0 issue a.example;;")},      // C13
	{1, "ccoo", each("0 issue a.example; x=1;")},  // C13
	{1, "ccoo", each("0 issue a.example; -x=1")},  //
	{1, "ccoo", each("0 issue a.example ; = 1 ")}, //
}

// expand makes the sets of a table, every row as often as its weight says and, if it names $a, with several issuers.
func expand(specs []setSpec) []*caaSet {
	var out []*caaSet
	for at, spec := range specs {
		for k := range spec.weight {
			a := at + k
			b := a + 1 + at%(len(issuers)-1)
			r := strings.NewReplacer("$a", issuers[a%len(issuers)], "$b", issuers[b%len(issuers)])
			var properties []caa.Property
			for _, record := range spec.records {
				properties = append(properties, parseProperty(r.Replace(record)))
			}
			out = append(out, newSet(parsePosture(spec.posture), properties))
		}
	}
	return out
}

func parsePosture(letters string) (p [caa.Kinds]caa.Posture) {
	words := map[byte]caa.Posture{'o': caa.Open, 'r': caa.Restricted, 'c': caa.Closed, 'b': caa.Blocked}
	for k := range p {
		p[k] = words[letters[k]]
	}
	return p
}

// parseProperty reads "flags tag value": the tag ends at the first blank, the value at the end of the text, and
// \DDD is the octet of that number (R2.4).
func parseProperty(text string) caa.Property {
	flags, rest, _ := strings.Cut(text, " ")
	tag, value, _ := strings.Cut(rest, " ")
	return caa.Property{Flags: uint8(mustInt(flags)), Tag: unescape(tag), Value: unescape(value)}
}

func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		n, err := strconv.ParseUint(text[i+1:i+4], 10, 8)
		if err != nil {
			panic("internal error: " + err.Error())
		}
		b.WriteByte(byte(n))
		i += 3
	}
	return b.String()
}

func newSet(posture [caa.Kinds]caa.Posture, properties []caa.Property) *caaSet {
	set := &caaSet{properties: properties, posture: posture}
	for _, p := range properties {
		data := append([]byte{p.Flags, byte(len(p.Tag))}, p.Tag...)
		set.rrs = append(set.rrs, rr{head: rrHead(wire.TypeCAA, ttlRecord), data: append(data, p.Value...)})
	}
	return set
}

// badSet is one record whose data no reader can take apart, beside one that is good.
func badSet(data []byte) *caaSet {
	set := newSet(caa.Uniform(caa.Error), []caa.Property{{Tag: "issue", Value: "ca.example"}})
	set.rrs = append(set.rrs, rr{head: rrHead(wire.TypeCAA, ttlRecord), data: data})
	set.bad = true
	return set
}

// manyIssuers is a set of n records of 41 octets each.
func manyIssuers(n int) *caaSet {
	var properties []caa.Property
	for i := range n {
		properties = append(properties, caa.Property{Tag: "issue", Value: fmt.Sprintf("authority-%04d.example", i)})
	}
	return newSet(parsePosture("rroo"), properties)
}

// longValue is a set of one record whose value has n octets and more.
func longValue(n int) *caaSet {
	value := "ca.example; x=" + strings.Repeat("0123456789", n/10)
	return newSet(parsePosture("rroo"), []caa.Property{{Tag: "issue", Value: value}})
}

// append appends the record behind its owner, for zones with the given label; the name in its data, if it has one,
// ends with a pointer to the zone's apex.
func (r *rr) append(buf []byte, label []byte, apex uint16) []byte {
	buf = append(buf, r.head[:]...)
	at := len(buf)
	buf = append(buf, 0, 0)
	buf = append(buf, r.data...)
	if r.named {
		buf = r.appendTarget(buf, label, apex)
	}
	binary.BigEndian.PutUint16(buf[at:], uint16(len(buf)-at-2))
	return buf
}

// appendTarget appends the name in the record's data.
func (r *rr) appendTarget(buf []byte, label []byte, apex uint16) []byte {
	if r.tenant {
		buf = append(buf, byte(len(label)))
		buf = append(buf, label...)
	}
	buf = append(buf, r.name...)
	if r.inZone {
		buf = append(buf, byte(apex>>8)|0xc0, byte(apex))
	}
	return buf
}
