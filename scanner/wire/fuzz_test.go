package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// FuzzMessage: any octets are read without panic; where both we and the oracle accept, all that we read agrees; where
// only the oracle accepts, our reason is one of those that refusedMessage and refusedRecord name.
func FuzzMessage(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(35, 35))}
	for range 40 {
		msg, err := g.message().Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg)
	}
	for _, bad := range malformed {
		f.Add(bad.msg)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		var m Message
		err := m.Parse(msg)
		touch(t, &m)
		var want dns.Msg
		if wantErr := want.Unpack(msg); wantErr != nil {
			return // the oracle judges record data of more types than we look into
		}
		if err != nil {
			if !refusedMessage(msg, &want, err) {
				t.Fatalf("refused with %v, but the oracle reads\n%v", err, &want)
			}
			return
		}
		compareFuzzed(t, &m, &want)
	})
}

// FuzzRData puts data into a record of each type this package reads, alone in a message.
func FuzzRData(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(3597, 0))}
	for _, typ := range generatedTypes {
		for range 3 {
			f.Add(uint16(typ), oracleData(f, g.rr(typ)))
		}
	}
	f.Add(uint16(TypeNSEC), []byte{0, 0, 1, 0x40, 1, 1, 0x40})                   // two windows
	f.Add(uint16(TypeNSEC3), []byte{1, 0, 0, 0, 0, 0})                           // empty hash: RFC 5155 3.1.6
	f.Add(uint16(TypeSOA), []byte{0, 0xc0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // cut short
	f.Fuzz(func(t *testing.T, typ uint16, data []byte) {
		head := []byte{0, 7, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0}
		msg := append(head, "\x03www\x07eXample\x00\x00\x01\x00\x01"...)
		if len(data) > maxMessage-len(msg)-minRRSize {
			return
		}
		msg = AppendRR(msg, Root, Type(typ), ClassIN, 3600, data)
		var m Message
		if err := m.Parse(msg); err != nil {
			t.Fatalf("Parse: %v", err)
		}
		touch(t, &m)
		var want dns.Msg
		if want.Unpack(msg) == nil {
			compareFuzzed(t, &m, &want)
		}
	})
}

// touch calls every accessor on every record, whatever its type says, and checks what must hold without an oracle.
func touch(t *testing.T, m *Message) {
	for code, data := range m.Options {
		_ = code
		if ede, err := ParseEDE(data); err == nil && strings.ContainsFunc(ede.CleanText(), func(r rune) bool { return r < ' ' }) {
			t.Fatalf("control character left in %q", ede.CleanText())
		}
	}
	_, _, _, _ = m.RCode(), m.UDPSize(), m.DO(), m.QName()
	for _, rr := range m.RRs {
		if int(rr.Data)+int(rr.Len) > m.Size() || len(m.Raw(rr)) != int(rr.Len) {
			t.Fatalf("record reaches past the message: %+v", rr)
		}
		owner, err := m.Owner(rr)
		if m.HasOwner(rr) != (err == nil) && !m.Tangled() {
			t.Fatalf("owner at %d: %v, but HasOwner says %v", rr.Owner, err, m.HasOwner(rr))
		}
		if err == nil {
			checkOwnerIs(t, m, rr, owner)
			checkText(t, owner)
			if wire, err := NameOf([]byte(owner)); wire != owner || err != nil {
				t.Fatalf("NameOf(%x) is %x %v", string(owner), string(wire), err)
			}
			if n := owner.Labels(); owner.Compare(owner) != 0 || n > 0 && owner.Compare(owner.Parent()) != 1 {
				t.Fatalf("order of %q", owner)
			}
		} else if m.OwnerIs(rr, Root) || m.OwnerIs(rr, m.QName()) {
			t.Fatalf("malformed owner (%v) equals a name: %+v", err, rr)
		}
		_, _ = m.Addr(rr)
		_, _ = m.Target(rr)
		_, _, _ = m.MX(rr)
		_, _ = m.SOAMinimum(rr)
		buf := []byte("kept")
		data, err := m.AppendRData(buf, rr)
		if !bytes.HasPrefix(data, buf) || err != nil && len(data) != len(buf) {
			t.Fatalf("AppendRData left %x, %v", data, err)
		}
		touchData(data[4:])
		touchData(m.Raw(rr))
	}
}

func touchData(data []byte) {
	_, _ = ParseSOA(data)
	_, _ = ParseDS(data)
	_, _ = ParseRRSIG(data)
	key, _ := ParseDNSKEY(data)
	key.KeyTag()
	nsec, _ := ParseNSEC(data)
	nsec3, _ := ParseNSEC3(data)
	for _, typ := range generatedTypes {
		nsec.Types.Has(typ)
		nsec3.Types.Has(typ)
	}
	txt, _ := ParseTXT(data)
	for range txt.Strings {
	}
}

// refusedMessage reports whether err is a reason we document for refusing a message that the oracle takes.
func refusedMessage(msg []byte, want *dns.Msg, err error) bool {
	count := func(i int) int { return int(binary.BigEndian.Uint16(msg[4+2*i:])) }
	short := len(want.Answer) < count(1) || len(want.Ns) < count(2) || len(want.Extra) < count(3)
	switch {
	case errors.Is(err, ErrQuestions):
		return count(0) != 1
	case errors.Is(err, ErrLong):
		return len(msg) > maxMessage
	case errors.Is(err, ErrManyRecords), errors.Is(err, ErrShort):
		return short // the oracle takes a message that ends at the border of two records, whatever the counts say
	case errors.Is(err, ErrBadName):
		// A question that is compressed, or missing, or without type and class.
		_, end, nameErr := dns.UnpackDomainName(msg, headerSize)
		return nameErr != nil || end+4 > len(msg) || msg[end-1] != 0 || end-headerSize != len(oracleQuestion(want)) || short
	case errors.Is(err, ErrTwoOPT):
		opts := 0
		for _, rr := range want.Extra {
			if rr.Header().Rrtype == dns.TypeOPT {
				opts++
			}
		}
		return opts > 1
	}
	return false
}

func oracleQuestion(want *dns.Msg) []byte {
	buf := make([]byte, MaxName+1)
	if len(want.Question) == 0 {
		return nil
	}
	n, _ := dns.PackDomainName(want.Question[0].Name, buf, 0, nil, false)
	return buf[:n]
}

// compareFuzzed is checkAgainst for messages that the oracle took but that need not be well formed.
func compareFuzzed(t *testing.T, m *Message, want *dns.Msg) {
	oracle := slices.Concat(want.Answer, want.Ns, want.Extra)
	checkHeader(t, m, m.raw, want)
	i := 0
	for at, rr := range oracle {
		h := rr.Header()
		if h.Rrtype == dns.TypeOPT && at >= len(want.Answer)+len(want.Ns) {
			continue
		}
		if i >= len(m.RRs) {
			t.Fatalf("only %d records of\n%v", len(m.RRs), want)
		}
		compareFuzzedRecord(t, m, m.RRs[i], rr)
		i++
	}
	if i != len(m.RRs) {
		t.Fatalf("%d records, want %d", len(m.RRs), i)
	}
	checkOPT(t, m, want)
}

func compareFuzzedRecord(t *testing.T, m *Message, rr RR, want dns.RR) {
	h := want.Header()
	if rr.Type != Type(h.Rrtype) || rr.Class != h.Class || rr.TTL != h.Ttl && h.Ttl < 1<<31 || rr.Len != h.Rdlength {
		t.Fatalf("%+v differs from %v", rr, want)
	}
	owner, err := m.Owner(rr)
	if err != nil {
		if !pointsAhead(m.raw, int(rr.Owner)) {
			t.Fatalf("owner refused: %v of %v", err, want)
		}
		return
	}
	if owner != oracleName(t, h.Name) {
		t.Fatalf("owner %q of %v", owner, want)
	}
	layout := layoutOf(rr.Type)
	data, err := m.AppendRData(nil, rr)
	switch {
	case layout.names == 0:
		if err != nil || !bytes.Equal(data, m.Raw(rr)) {
			t.Fatalf("AppendRData %x, %v of %x", data, err, m.Raw(rr))
		}
		if refusedData(rr.Type, data) {
			return
		}
	case refusedRecord(m.raw, rr, layout):
		if err == nil {
			t.Fatalf("AppendRData took %x of %v", m.Raw(rr), want)
		}
		return
	case rr.Type == 24 || rr.Type == 30: // the oracle packs SIG in a way of its own if short, and NXT as if it were NSEC
		return
	default:
		if wantData := oracleData(t, want); err != nil || !bytes.Equal(data, wantData) {
			t.Fatalf("AppendRData\n got %x %v\nwant %x\nfor %v", data, err, wantData, want)
		}
	}
	checkFields(t, m, rr, want, data)
}

// refusedRecord reports, reading by the oracle's name reader, whether the names in rr's data break our rules or parts
// are missing; the oracle takes data that ends at the border of two fields.
func refusedRecord(msg []byte, rr RR, layout nameLayout) bool {
	off, end := int(rr.Data)+int(layout.fixed), int(rr.Data)+int(rr.Len)
	for range layout.strings {
		if off >= end {
			return true
		}
		off += 1 + int(msg[off])
	}
	for range layout.names {
		if off >= end || pointsAhead(msg, off) {
			return true
		}
		_, next, err := dns.UnpackDomainName(msg, off)
		if err != nil || next > end {
			return true
		}
		off = next
	}
	return layout.tail >= 0 && end-off != int(layout.tail)
}

// refusedData reports whether data of a type that is not decompressed breaks a rule that the oracle does not keep.
func refusedData(typ Type, data []byte) bool {
	switch typ {
	case TypeA:
		return len(data) != 4 // the oracle takes empty data of any type
	case TypeAAAA:
		return len(data) != 16
	case TypeDS, TypeDNSKEY:
		return len(data) < 4
	case TypeNSEC:
		n := 0
		for n < len(data) && data[n] != 0 && data[n] < 64 {
			n += 1 + int(data[n])
		}
		return n >= len(data) || data[n] != 0 // compressed, which RFC 4034 6.2 forbids, or cut off
	case TypeNSEC3PARAM:
		return len(data) < 5 || len(data) < 5+int(data[4])
	case TypeNSEC3:
		at := 5
		if len(data) >= at {
			at += int(data[4])
		}
		return len(data) <= at || data[at] == 0 || len(data) < at+1+int(data[at])
	case TypeTXT:
		return len(data) == 0
	}
	return false
}

// pointsAhead reports whether the name at off follows a pointer that does not lead back before the part of the name
// it closes, leads into the header, or is one too many.
func pointsAhead(msg []byte, off int) bool {
	part := off
	for hops := 0; off < len(msg) && msg[off] != 0; {
		if msg[off] < 64 {
			off += 1 + int(msg[off])
			continue
		}
		if off+1 >= len(msg) {
			return false
		}
		off = int(binary.BigEndian.Uint16(msg[off:]) & 0x3fff)
		if hops++; off >= part || off < 12 || hops > 127 {
			return true
		}
		part = off
	}
	return false
}

// FuzzName: what ParseName takes, the oracle takes too and packs alike, and it comes back from String; what only the
// oracle takes has an escape that RFC 1035 5.1 does not know.
func FuzzName(f *testing.F) {
	for _, c := range goodNames {
		f.Add(c.text)
	}
	for _, c := range badNames {
		f.Add(c.text)
	}
	f.Add("\u0456\\.") // the oracle takes the escaped dot for a final one
	f.Fuzz(func(t *testing.T, text string) {
		name, err := ParseName(text)
		if err == nil {
			checkText(t, name)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
			return // the oracle miscounts the backslashes behind a character of several octets
		}
		buf := make([]byte, MaxName) // the oracle's IsDomainName alone lets names of 256 octets pass
		n, packErr := dns.PackDomainName(dns.Fqdn(text), buf, 0, nil, false)
		labels, oracleOK := dns.IsDomainName(text)
		switch oracleOK = oracleOK && packErr == nil; {
		case err != nil && oracleOK && text != "" && !errors.Is(err, ErrBadEscape):
			t.Fatalf("ParseName(%q): %v, but the oracle takes it", text, err)
		case err == nil && !oracleOK:
			t.Fatalf("ParseName(%q) is %x, but the oracle refuses it", text, string(name))
		case err == nil && !bytes.Equal(asciiLower(buf[:n]), []byte(name)):
			t.Fatalf("ParseName(%q) is %x, the oracle packs %x", text, string(name), buf[:n])
		case err == nil && text != "." && labels != name.Labels():
			t.Fatalf("%q has %d labels, want %d", name, name.Labels(), labels)
		}
	})
}

// checkText: the text of name reads back as name, with the final dot and without.
func checkText(t *testing.T, name Name) {
	t.Helper()
	texts := []string{name.String(), name.String() + "."}
	if name == Root {
		texts = texts[:1]
	}
	for _, text := range texts {
		if again, err := ParseName(text); again != name || err != nil {
			t.Fatalf("%x is %q in text, which reads as %x, %v", string(name), text, string(again), err)
		}
	}
}
