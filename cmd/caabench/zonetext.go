package main

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// zoneForm is how the text of a zone is written.
type zoneForm uint8

const (
	inFull      zoneForm = iota // each record in one line, with all its fields, in alphabetical order: as ICANN demands of registries
	shuffled                    // the same, delegations in no order
	abbreviated                 // $ORIGIN and $TTL, relative names, owners left out, parentheses: as BIND writes zones
)

const (
	zoneApex      = "com."
	zoneTTL       = "172800"
	zoneOperators = 20_000 // that serve the names, by Zipf's law
	zoneZipf      = 1.2    // its exponent: the first serves a fifth of the names, as the largest of .com does
	zoneSigned    = 25     // one name of so many has a DS record, and there are as many NSEC3 records
	zoneVanity    = 64     // one of so many is served by hosts of its own
)

// zoneText is a zone as large registries have them: two to five servers a name, mostly those of an operator; DS records
// with their signatures; NSEC3 records of the spans between (opt-out, RFC 5155 6); glue of the hosts in the zone. What a
// name has is drawn from the seed and its number alone, so that nothing needs to be remembered of the others.
type zoneText struct {
	names     int
	seed      uint64
	operators []zoneOperator
	digits    int // octets at the start of a label that put it in its place
	step      float64

	pcg  rand.PCG
	rnd  *rand.Rand
	zipf *rand.Zipf
}

// zoneOperator has hosts that serve names.
type zoneOperator struct {
	hosts [][]byte // absolute
	own   int      // number of the name in the zone that they are below; -1 if they are elsewhere
}

// zoneTotals is what a text holds.
type zoneTotals struct {
	Names   int `json:"names"`
	Lines   int `json:"lines"`
	Records int `json:"records"`
	Signed  int `json:"signed"` // names with a DS record
	Glued   int `json:"glued"`  // servers of names that are in the zone, each time that they are named
	Hosts   int `json:"hosts"`  // owners of glue
	Octets  int64
}

const base36 = "0123456789abcdefghijklmnopqrstuvwxyz" // in the order of ASCII
const base32hex = "0123456789abcdefghijklmnopqrstuv"  // RFC 4648 7

func newZoneText(names int, seed uint64) *zoneText {
	z := &zoneText{names: names, seed: seed}
	z.rnd = rand.New(&z.pcg)
	for z.digits = 5; math.Pow(36, float64(z.digits)) < float64(names); {
		z.digits++
	}
	z.step = math.Pow(36, float64(z.digits)) / float64(names)
	z.zipf = rand.NewZipf(z.rnd, zoneZipf, 1, uint64(zoneOperators-1))
	for k := range min(zoneOperators, names) {
		z.operators = append(z.operators, z.operator(k))
	}
	return z
}

// sizedZoneText returns a zone of about so many octets, written in full. Part of them are what few names have too.
func sizedZoneText(octets int64, seed uint64) (*zoneText, error) {
	const few, many = 50_000, 150_000
	var size [2]int64
	for i, names := range [...]int{few, many} {
		totals, err := newZoneText(names, seed).write(io.Discard, inFull)
		if err != nil {
			return nil, err
		}
		size[i] = totals.Octets
	}
	perName := float64(size[1]-size[0]) / (many - few)
	return newZoneText(max(few+int(float64(octets-size[0])/perName), 1), seed), nil
}

// operator makes the operator of rank k. Three of four have their hosts in the zone.
func (z *zoneText) operator(k int) zoneOperator {
	o := zoneOperator{own: -1}
	domain := append(z.name(nil, k), "net."...)
	if k%4 != 3 {
		o.own = k * (z.names / min(zoneOperators, z.names))
		domain = append(z.name(nil, o.own), zoneApex...)
	}
	z.draw('o', k)
	for n := range 2 + min(z.rnd.IntN(4), z.rnd.IntN(4)) {
		o.hosts = append(o.hosts, append([]byte("ns"+strconv.Itoa(n+1)+"."), domain...))
	}
	return o
}

// draw makes rnd that of thing number i.
func (z *zoneText) draw(thing byte, i int) { z.pcg.Seed(z.seed^uint64(thing)<<56, uint64(i)) }

// name appends the label of name i, and a dot. Labels are in the order of their numbers.
func (z *zoneText) name(to []byte, i int) []byte {
	z.draw('n', i)
	place := uint64(float64(i) * z.step)
	from := len(to)
	for range z.digits {
		to = append(to, base36[place%36])
		place /= 36
	}
	slices.Reverse(to[from:])
	bits := z.rnd.Uint64()
	for range 2 + bits%13 {
		bits = bits>>5 ^ bits<<59
		to = append(to, base36[10+bits>>7%26])
	}
	return append(to, '.')
}

// zoneStream are records in the order of their owners.
type zoneStream struct {
	count   int
	owner   func(to []byte, i int) []byte
	records func(w *zoneWriter, i int, owner []byte)
}

// write writes the text.
func (z *zoneText) write(to io.Writer, form zoneForm) (zoneTotals, error) {
	w := &zoneWriter{to: bufio.NewWriterSize(to, 1<<20), form: form}
	z.apex(w)
	streams := append([]zoneStream{z.delegations(form, &w.totals), {z.names / zoneSigned, z.spanOwner, z.span}, z.operatorGlue()}, z.vanityGlue()...)
	if form == shuffled {
		for _, s := range streams {
			mergeStreams(w, s)
		}
	} else {
		mergeStreams(w, streams...)
	}
	w.soa()
	return w.totals, w.to.Flush()
}

// mergeStreams writes the records of all streams in the order of their owners.
func mergeStreams(w *zoneWriter, streams ...zoneStream) {
	at, owners := make([]int, len(streams)), make([][]byte, len(streams))
	for s := range streams {
		if streams[s].count > 0 {
			owners[s] = streams[s].owner(nil, 0)
		}
	}
	for {
		first := -1
		for s := range streams {
			if at[s] < streams[s].count && (first < 0 || bytes.Compare(owners[s], owners[first]) < 0) {
				first = s
			}
		}
		if first < 0 {
			return
		}
		s := &streams[first]
		s.records(w, at[first], owners[first])
		if at[first]++; at[first] < s.count {
			owners[first] = s.owner(owners[first][:0], at[first])
		}
	}
}

// apex writes what the zone has at its apex.
func (z *zoneText) apex(w *zoneWriter) {
	if w.form == abbreviated {
		w.text("$ORIGIN " + zoneApex + "\n$TTL " + zoneTTL + "\n")
		w.totals.Lines += 2
	}
	w.soa()
	z.draw('a', 0)
	for c := 'a'; c <= 'm'; c++ {
		w.begin([]byte(zoneApex), "ns")
		w.host([]byte(string(c) + ".gtld-servers.net."))
		w.end()
	}
	for _, flags := range []string{"256", "257"} {
		w.begin([]byte(zoneApex), "dnskey")
		w.text(flags + " 3 13 ")
		w.base64(z.rnd)
		w.end()
	}
	w.begin([]byte(zoneApex), "nsec3param")
	w.text("1 0 0 -")
	w.end()
	for _, covered := range []string{"ns", "soa", "dnskey", "nsec3param"} {
		w.signature([]byte(zoneApex), covered, z.rnd)
	}
}

// delegations are the NS records of the names, and the DS records of those that have them.
func (z *zoneText) delegations(form zoneForm, totals *zoneTotals) zoneStream {
	number := func(i int) int { return i }
	if form == shuffled {
		stride := z.names*5/8 | 1
		for gcd(stride, z.names) != 1 {
			stride += 2
		}
		number = func(i int) int { return i * stride % z.names }
	}
	return zoneStream{
		count: z.names,
		owner: func(to []byte, i int) []byte { return append(z.name(to, number(i)), zoneApex...) },
		records: func(w *zoneWriter, i int, owner []byte) {
			i = number(i)
			z.draw('d', i)
			if z.rnd.IntN(zoneSigned) == 0 {
				z.signer(w, owner)
			}
			o := &z.operators[min(z.zipf.Uint64(), uint64(len(z.operators)-1))]
			switch {
			case i%zoneVanity == 1 && !z.operates(i):
				for _, ns := range []string{"ns1.", "ns2."} {
					w.begin(owner, "ns")
					w.host(append([]byte(ns), owner...))
					w.end()
				}
				totals.Glued += 2
			default:
				for _, host := range o.hosts {
					w.begin(owner, "ns")
					w.host(host)
					w.end()
				}
				if o.own >= 0 {
					totals.Glued += len(o.hosts)
				}
			}
			totals.Names++
		},
	}
}

// operates reports whether an operator has its hosts below name i.
func (z *zoneText) operates(i int) bool {
	every := z.names / len(z.operators)
	k := i / every
	return i%every == 0 && k < len(z.operators) && z.operators[k].own == i
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// signer writes a DS record and its signature.
func (z *zoneText) signer(w *zoneWriter, owner []byte) {
	w.totals.Signed++
	w.begin(owner, "ds")
	w.number(z.rnd.IntN(1 << 16))
	w.text(" 13 2 ")
	w.open()
	for range 4 {
		bits := z.rnd.Uint64()
		for range 16 {
			w.octet("0123456789ABCDEF"[bits%16])
			bits /= 16
		}
	}
	w.shut()
	w.end()
	w.signature(owner, "ds", z.rnd)
}

// spanOwner is the owner of NSEC3 record i: a hash, of which the first eight digits say its place.
func (z *zoneText) spanOwner(to []byte, i int) []byte {
	z.draw('h', i)
	place := uint64(float64(i) * (1 << 40) / float64(z.names/zoneSigned))
	for shift := 35; shift >= 0; shift -= 5 {
		to = append(to, base32hex[place>>shift%32])
	}
	for range 2 {
		bits := z.rnd.Uint64()
		for range 12 {
			to = append(to, base32hex[bits%32])
			bits /= 32
		}
	}
	return append(append(to, '.'), zoneApex...)
}

// span writes an NSEC3 record and its signature.
func (z *zoneText) span(w *zoneWriter, i int, owner []byte) {
	w.begin(owner, "nsec3")
	w.text("1 1 0 - ")
	w.bytes(z.spanOwner(nil, (i+1)%(z.names/zoneSigned))[:32])
	w.text(" NS DS RRSIG")
	w.end()
	w.signature(owner, "nsec3", z.rnd)
}

// operatorGlue are the addresses of the operators' hosts in the zone.
func (z *zoneText) operatorGlue() zoneStream {
	var hosts [][]byte
	for _, o := range z.operators {
		if o.own >= 0 {
			hosts = append(hosts, o.hosts...)
		}
	}
	slices.SortFunc(hosts, bytes.Compare)
	return zoneStream{
		count:   len(hosts),
		owner:   func(to []byte, i int) []byte { return append(to, hosts[i]...) },
		records: func(w *zoneWriter, i int, owner []byte) { z.draw('g', i); z.glue(w, owner, i%2 == 0) },
	}
}

// vanityGlue are the addresses of the hosts that serve the name they are below and no other.
func (z *zoneText) vanityGlue() []zoneStream {
	var streams []zoneStream
	for _, host := range []string{"ns1.", "ns2."} {
		streams = append(streams, zoneStream{
			count: (z.names + zoneVanity - 2) / zoneVanity,
			owner: func(to []byte, i int) []byte {
				return append(z.name(append(to, host...), i*zoneVanity+1), zoneApex...)
			},
			records: func(w *zoneWriter, i int, owner []byte) {
				if !z.operates(i*zoneVanity + 1) {
					z.draw('v', i)
					z.glue(w, owner, i%4 == 0)
				}
			},
		})
	}
	return streams
}

func (z *zoneText) glue(w *zoneWriter, owner []byte, six bool) {
	bits := z.rnd.Uint32()
	w.begin(owner, "a")
	w.text("198.18.")
	w.number(int(bits >> 8 & 0xFF))
	w.octet('.')
	w.number(int(bits & 0xFF))
	w.end()
	if six {
		w.begin(owner, "aaaa")
		w.text("2001:db8:")
		w.bytes(strconv.AppendUint(w.scratch[:0], uint64(bits>>16), 16))
		w.text("::53")
		w.end()
	}
	w.totals.Hosts++
}

// zoneWriter writes records in a form.
type zoneWriter struct {
	to      *bufio.Writer // whose error is sticky
	form    zoneForm
	last    []byte // owner
	totals  zoneTotals
	scratch [64]byte
}

func (w *zoneWriter) text(s string) {
	w.to.WriteString(s)
	w.totals.Octets += int64(len(s))
}

func (w *zoneWriter) bytes(b []byte) {
	w.to.Write(b)
	w.totals.Octets += int64(len(b))
}

func (w *zoneWriter) octet(c byte) {
	w.to.WriteByte(c)
	w.totals.Octets++
}

func (w *zoneWriter) number(n int) { w.bytes(strconv.AppendInt(w.scratch[:0], int64(n), 10)) }

// begin writes a record up to its data.
func (w *zoneWriter) begin(owner []byte, typ string) {
	switch {
	case w.form != abbreviated:
		w.bytes(owner)
		w.text("\t" + zoneTTL + "\tin\t")
		w.text(typ)
		w.octet('\t')
		return
	case bytes.Equal(owner, w.last):
	default:
		w.host(owner)
		w.last = append(w.last[:0], owner...)
	}
	w.text("\t\t\t")
	w.text(typ)
	w.octet('\t')
}

func (w *zoneWriter) end() {
	w.octet('\n')
	w.totals.Lines++
	w.totals.Records++
}

// host writes a name, relative where that is shorter.
func (w *zoneWriter) host(name []byte) {
	if w.form == abbreviated {
		if string(name) == zoneApex {
			w.octet('@')
			return
		}
		name = bytes.TrimSuffix(name, []byte("."+zoneApex))
	}
	w.bytes(name)
}

// open and shut stand round what a form of several lines puts in lines of its own.
func (w *zoneWriter) open() {
	if w.form == abbreviated {
		w.text("(\n\t\t\t\t")
		w.totals.Lines++
	}
}

func (w *zoneWriter) shut() {
	if w.form == abbreviated {
		w.text(" )")
	}
}

// signature writes an RRSIG record of algorithm 13.
func (w *zoneWriter) signature(owner []byte, covered string, rnd *rand.Rand) {
	w.begin(owner, "rrsig")
	w.text(covered)
	w.text(" 13 2 " + zoneTTL + " ")
	w.open()
	w.text("20261210000000 20261119000000 4711 " + zoneApex + " ")
	w.base64(rnd)
	w.shut()
	w.end()
}

// base64 writes 64 random octets: a signature or a key of P-256.
func (w *zoneWriter) base64(rnd *rand.Rand) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var text [88]byte
	for at := 0; at < 80; at += 10 {
		bits := rnd.Uint64()
		for i := range 10 {
			text[at+i] = alphabet[bits%64]
			bits /= 64
		}
	}
	copy(text[80:], "01234A==") // 64 octets are 86 digits, the last of which has four bits of zero
	w.bytes(text[:])
}

// soa writes the SOA record, which such files have at both ends.
func (w *zoneWriter) soa() {
	w.begin([]byte(zoneApex), "soa")
	w.text("a.gtld-servers.net. nstld.verisign-grs.com. ")
	w.open()
	w.text("1763769600 1800 900 604800 900")
	w.shut()
	w.end()
}
