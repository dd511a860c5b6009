package datasets

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
)

const (
	// maxExcludeFile bounds an opt-out list, in octets: some thirty million entries.
	maxExcludeFile = 1 << 30
	// maxBadLines is how many bad lines of an opt-out list one error names: enough to see what is wrong with all.
	maxBadLines = 10
)

// EntryKind says what an entry of an opt-out list takes out of a scan.
type EntryKind uint8

const (
	ExactName    EntryKind = 1 << iota // "name example.org": no question about that name
	Zone                               // "example.org", "zone example.org": nor about any name below it
	BelowName                          // "*.example.org": about the names below it, but not itself
	ExactServer                        // "ns ns1.example.net": no packet to the name server of that name
	BelowServer                        // "ns *.example.net": to name servers with names below it
	ServerPrefix                       // "192.0.2.0/24", "2001:db8::1": to addresses in it
)

// Entry is one entry of an opt-out list.
type Entry struct {
	Kind    EntryKind
	Text    string // canonical name, without "*."; or prefix, for a single address too ("192.0.2.1/32")
	Comment string // what follows "#" in its line, without blanks around it: the reason, the contact
	Line    int64  // in the file, from 1
}

// String returns the entry as it may stand in a list, without its comment.
func (e Entry) String() string {
	switch e.Kind {
	case ExactName:
		return "name " + e.Text
	case Zone:
		return "zone " + e.Text
	case BelowName:
		return "*." + e.Text
	case ExactServer:
		return "ns " + e.Text
	case BelowServer:
		return "ns *." + e.Text
	}
	return e.Text
}

// Exclude is an opt-out list: names that no question is asked about, name servers that get no packet.
//
// One entry a line, in the forms shown at EntryKind; "#" begins a comment. Names may have U-labels, capitals and a
// final dot. A prefix must not have bits set beyond its length. Addresses in the IPv4-mapped form stand for the IPv4
// address. What a list says about servers does not bear on questions, nor the other way round: to leave a
// hoster in peace altogether takes its name and its servers.
//
// A list never changes once read, and may be used by many goroutines: to read it again means to put another in its
// place. A nil list excludes nothing. Look-ups allocate nothing.
type Exclude struct {
	file     string
	sum      [sha256.Size]byte
	names    *nameTable     // of names and servers; its text holds the records of prefixes too
	prefixes []netip.Prefix // sorted, none within another
	counts   [8]int         // entries, by the number of the bit of their kind
}

// LoadExclude reads an opt-out list from a file.
func LoadExclude(path string) (*Exclude, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opt-out list %s: %w", path, bare(err))
	}
	defer f.Close()
	return ReadExclude(f, path)
}

// ReadExclude reads an opt-out list to its end; file is what it is called. A line that is not understood is an error
// naming file and line, since an opt-out must not be lost: then there is no list.
func ReadExclude(r io.Reader, file string) (*Exclude, error) {
	x := &Exclude{file: file}
	fail := func(err error) (*Exclude, error) {
		return nil, fmt.Errorf("opt-out list %s: %w", file, bare(err))
	}
	hash := sha256.New()
	octets := &io.LimitedReader{R: r, N: maxExcludeFile + 1}
	lines := bufio.NewScanner(io.TeeReader(octets, hash))
	lines.Buffer(make([]byte, bufferSize), bufferSize)
	var records []byte
	var places []uint32
	var bad []error
	number := int64(0)
	for lines.Scan() {
		number++
		e, found, err := parseEntry(lines.Bytes(), number)
		if err != nil {
			if bad = append(bad, fmt.Errorf("line %d: %w", number, err)); len(bad) == maxBadLines {
				break
			}
		}
		if err != nil || !found {
			continue
		}
		if e.Kind != ServerPrefix {
			places = append(places, uint32(len(records)))
		} else {
			x.prefixes = append(x.prefixes, netip.MustParsePrefix(e.Text))
		}
		records = appendRecord(records, e)
		x.counts[bits.TrailingZeros8(uint8(e.Kind))]++
		if len(records) > maxTableText-2*bufferSize {
			return fail(errors.New("too long"))
		}
	}
	switch err := lines.Err(); {
	case len(bad) > 0:
		return fail(errors.Join(bad...))
	case err == bufio.ErrTooLong:
		return fail(fmt.Errorf("line %d: longer than %d octets", number+1, bufferSize))
	case err != nil:
		return fail(err)
	case octets.N == 0:
		return fail(fmt.Errorf("longer than %d octets", maxExcludeFile))
	}
	hash.Sum(x.sum[:0])
	x.names = newNameTable(string(records), places, rand.Uint64())
	x.prefixes = widest(x.prefixes)
	return x, nil
}

// parseEntry reads a line; found is false for a blank one and for one with nothing but a comment.
func parseEntry(line []byte, number int64) (e Entry, found bool, err error) {
	if number == 1 {
		line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF")) // byte order mark of UTF-8
	}
	if !isText(bytes.TrimSuffix(line, []byte{'\r'})) {
		return e, false, errors.New("not text in UTF-8")
	}
	text, comment, _ := strings.Cut(string(line), "#")
	e.Line, e.Comment = number, strings.TrimSpace(comment)
	fields := strings.Fields(text)
	switch len(fields) {
	case 0:
		return e, false, nil
	case 1:
		e.Kind, e.Text = Zone, fields[0]
	case 2:
		e.Text = fields[1]
		switch fields[0] {
		case "name":
			e.Kind = ExactName
		case "zone":
			e.Kind = Zone
		case "ns":
			e.Kind = ExactServer
		default:
			return e, false, fmt.Errorf("%q: only \"name\", \"zone\" or \"ns\" may stand before an entry", fields[0])
		}
	default:
		return e, false, errors.New("more than one entry")
	}
	if looksLikeAddress(e.Text) {
		if len(fields) == 2 && e.Kind != ExactServer {
			return e, false, fmt.Errorf("%q is no domain name", e.Text)
		}
		e.Kind = ServerPrefix
		e.Text, err = canonicalPrefix(e.Text)
		return e, err == nil, err
	}
	err = e.canonicalName()
	return e, err == nil, err
}

// canonicalName brings the name of an entry into the form of spec rule R1.2, and takes "*." off it.
func (e *Entry) canonicalName() error {
	if strings.Contains(e.Text, "@") {
		return fmt.Errorf("%q is no domain name", e.Text)
	}
	t, reason := Canonical(e.Text, Options{AllowSpecialUse: true})
	if reason != Accepted {
		return fmt.Errorf("%q: %s", e.Text, reason)
	}
	if t.Wildcard {
		switch e.Kind {
		case Zone:
			e.Kind = BelowName
		case ExactServer:
			e.Kind = BelowServer
		default:
			return fmt.Errorf("%q: a star is no single name", e.Text)
		}
	}
	e.Text = t.Name
	return nil
}

// looksLikeAddress reports whether text can only be meant as an address or a prefix. No top-level domain is a number.
func looksLikeAddress(text string) bool {
	last := strings.TrimSuffix(text, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	return strings.ContainsAny(text, ":/") || last != "" && strings.Trim(last, "0123456789") == ""
}

// canonicalPrefix reads a prefix, or an address as the prefix that holds nothing else.
func canonicalPrefix(text string) (string, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return "", fmt.Errorf("%q is neither address nor prefix", text)
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	if p != p.Masked() {
		return "", fmt.Errorf("%q has bits set beyond its length: %s is the prefix", text, p.Masked())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return "", fmt.Errorf("%q: write IPv4 prefixes as such", text)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.String(), nil
}

// appendRecord appends what recordAt reads: kind, length of the text, text, line, length of the comment, comment. The
// first three are what nameTable wants.
func appendRecord(dst []byte, e Entry) []byte {
	dst = append(dst, byte(e.Kind), byte(len(e.Text)))
	dst = append(dst, e.Text...)
	dst = binary.AppendUvarint(dst, uint64(e.Line))
	dst = binary.AppendUvarint(dst, uint64(len(e.Comment)))
	return append(dst, e.Comment...)
}

// recordAt returns the entry whose record starts at a place of text, and the place behind it.
func recordAt(text string, place int) (e Entry, end int) {
	e.Kind, e.Text = EntryKind(text[place]), recordName(text, place)
	line, end := uvarint(text, place+2+len(e.Text))
	length, end := uvarint(text, end)
	e.Line, e.Comment = int64(line), text[end:end+int(length)]
	return e, end + int(length)
}

// uvarint is binary.Uvarint on a string.
func uvarint(text string, at int) (value uint64, end int) {
	for shift := 0; ; shift += 7 {
		c := text[at]
		at++
		value |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return value, at
		}
	}
}

// widest sorts prefixes and drops those within others, so that at most one holds an address: the last that starts at
// or before it.
func widest(prefixes []netip.Prefix) []netip.Prefix {
	slices.SortFunc(prefixes, netip.Prefix.Compare) // IPv4 first, then by masked address, then the shorter first
	kept := prefixes[:0]
	for _, p := range prefixes {
		if len(kept) == 0 || !kept[len(kept)-1].Overlaps(p) {
			kept = append(kept, p)
		}
	}
	return slices.Clone(kept)
}

// Name returns the entry that forbids questions about a name; of several, one that is nearest to the root. The name is
// in presentation form without escapes; case and one final dot do not matter.
func (x *Exclude) Name(name string) (Entry, bool) {
	return x.entry(x.find(name, ExactName|Zone, Zone|BelowName))
}

// WireName is Name for a name in uncompressed wire form (RFC 1035 3.1), any octets in its labels: that of
// wire.Name, as a string.
func (x *Exclude) WireName(name string) (Entry, bool) {
	return x.entry(x.findWire(name, ExactName|Zone, Zone|BelowName))
}

// Server reports whether the name server of that name gets no packet. The name is as in Name.
func (x *Exclude) Server(name string) bool { return x.find(name, ExactServer, BelowServer) >= 0 }

// WireServer is Server for a name in wire form, as in WireName.
func (x *Exclude) WireServer(name string) bool {
	return x.findWire(name, ExactServer, BelowServer) >= 0
}

// Addr reports whether a name server at an address gets no packet.
func (x *Exclude) Addr(addr netip.Addr) bool {
	if x == nil || len(x.prefixes) == 0 {
		return false
	}
	addr = addr.Unmap().WithZone("")
	after, _ := slices.BinarySearchFunc(x.prefixes, addr, func(p netip.Prefix, a netip.Addr) int {
		if p.Addr().Compare(a) <= 0 {
			return -1
		}
		return 1
	})
	return after > 0 && x.prefixes[after-1].Contains(addr)
}

func (x *Exclude) entry(place int) (Entry, bool) {
	if place < 0 {
		return Entry{}, false
	}
	e, _ := recordAt(x.names.text, place)
	return e, true
}

// find returns the place of an entry of one of the kinds that bear on a name itself, or that bear on it from above;
// -1 if there is none.
func (x *Exclude) find(name string, self, above EntryKind) int {
	if x == nil {
		return -1
	}
	return climb(x.names, strings.TrimSuffix(name, "."), byte(self), byte(above))
}

// findWire is find for a name in wire form. A dot within a label is written as NUL, which no entry holds.
func (x *Exclude) findWire(name string, self, above EntryKind) int {
	var buf [MaxName + 1]byte
	text := buf[:0]
	for x != nil && len(name) > 1 {
		n := int(name[0])
		if n == 0 || n > MaxLabel || n >= len(name) || len(text)+n+1 > len(buf) {
			return -1 // no name in wire form
		}
		start := len(text)
		text = append(text, name[1:1+n]...)
		for at := bytes.IndexByte(text[start:], '.'); at >= 0; at = bytes.IndexByte(text[start:], '.') {
			text[start+at] = 0
		}
		text = append(text, '.')
		name = name[1+n:]
	}
	if len(text) == 0 || name != "\x00" { // no list, or the root; or not closed by the root
		return -1
	}
	return climb(x.names, text[:len(text)-1], byte(self), byte(above))
}

// File returns what the list was called.
func (x *Exclude) File() string { return x.file }

// Sum returns the SHA-256 of the octets read, in hex.
func (x *Exclude) Sum() string { return hex.EncodeToString(x.sum[:]) }

// Len returns the number of entries.
func (x *Exclude) Len() int {
	n := 0
	for _, c := range x.counts {
		n += c
	}
	return n
}

// Count returns the number of entries of a kind.
func (x *Exclude) Count(kind EntryKind) int { return x.counts[bits.TrailingZeros8(uint8(kind))] }

// Entries yields all entries in the order of the file.
func (x *Exclude) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for place := 0; place < len(x.names.text); {
			e, end := recordAt(x.names.text, place)
			if !yield(e) {
				return
			}
			place = end
		}
	}
}
