package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// refusals are data that the readers must not take, each with a neighbour that they must.
func TestReadersRefuse(t *testing.T) {
	numbers := strings.Repeat("\x00\x00\x00\x07", 5)
	head := strings.Repeat("\x01", rrsigFixedSize)
	readers := map[string]func([]byte) error{
		"DS":     func(b []byte) error { _, err := ParseDS(b); return err },
		"DNSKEY": func(b []byte) error { _, err := ParseDNSKEY(b); return err },
		"RRSIG":  func(b []byte) error { _, err := ParseRRSIG(b); return err },
		"NSEC":   func(b []byte) error { _, err := ParseNSEC(b); return err },
		"NSEC3":  func(b []byte) error { _, err := ParseNSEC3(b); return err },
		"SOA":    func(b []byte) error { _, err := ParseSOA(b); return err },
		"TXT":    func(b []byte) error { _, err := ParseTXT(b); return err },
	}
	for _, c := range []struct {
		typ, data string
		ok        bool
	}{
		{"DS", "\x00\x01\x08\x02\xab", true},
		{"DS", "\x00\x01\x08", false},
		{"DNSKEY", "\x01\x00\x03\x08\xab", true},
		{"DNSKEY", "\x01\x00\x03", false},
		{"RRSIG", head + "\x01a\x00sig", true},
		{"RRSIG", head + "\x01a\x00", true},      // no signature: a matter of the validator
		{"RRSIG", head + "\x01a\xc0\x0c", false}, // RFC 4034 3.1.7: not compressed
		{"RRSIG", head, false},
		{"RRSIG", head[1:], false},
		{"NSEC", "\x01a\x00\x00\x01\x40", true},
		{"NSEC", "\x01a\x00", true},
		{"NSEC", "\x01a\xc0\x0c", false}, // RFC 4034 4.1.1, 6.2: not compressed
		{"NSEC", "\x01a", false},
		{"NSEC", "", false},
		// Bitmaps: RFC 4034 4.1.2.
		{"NSEC", "\x00\x00\x20" + strings.Repeat("\x01", 32), true},
		{"NSEC", "\x00\x00\x21" + strings.Repeat("\x01", 33), false}, // longer than a window
		{"NSEC", "\x00\x00\x00", false},                              // empty window
		{"NSEC", "\x00\x00", false},                                  // no length
		{"NSEC", "\x00\x00\x02\x01", false},                          // cut off
		{"NSEC", "\x00\x00\x01\x40\x01\x01\x40", true},
		{"NSEC", "\x00\x01\x01\x40\x00\x01\x40", false}, // windows out of order
		{"NSEC", "\x00\x01\x01\x40\x01\x01\x40", false}, // the same window twice
		{"NSEC", "\x00\xff\x01\x40", true},
		// RFC 5155 3.2.
		{"NSEC3", "\x01\x00\x00\x00\x00\x01h", true},
		{"NSEC3", "\x01\x00\x00\x00\x02ss\x02hh\x00\x01\x40", true},
		{"NSEC3", "\x01\x00\x00\x00\x00\x00", false}, // empty hash
		{"NSEC3", "\x01\x00\x00\x00\x00\x02h", false},
		{"NSEC3", "\x01\x00\x00\x00\x02ss", false},
		{"NSEC3", "\x01\x00\x00\x00\x02s", false},
		{"NSEC3", "\x01\x00\x00\x00", false},
		{"NSEC3", "\x01\x00\x00\x00\x00\x01h\x00", false},
		// RFC 5155 4.2.
		{"SOA", "\x00\x01a\x00" + numbers, true},
		{"SOA", "\x00\x01a\x00" + numbers[1:], false},
		{"SOA", "\x00\x01a\x00" + numbers + "\x00", false},
		{"SOA", "\x00\xc0\x0c" + numbers, false},
		{"SOA", "\xc0\x0c\x00" + numbers, false},
		{"SOA", "\x00", false},
		{"SOA", "", false},
		// RFC 1035 3.3.14: one or more character-strings.
		{"TXT", "\x00", true},
		{"TXT", "\x01a\x00\x02bc", true},
		{"TXT", "\xff" + strings.Repeat("x", 255), true},
		{"TXT", "\xff" + strings.Repeat("x", 254), false},
		{"TXT", "\x01a\x01", false},
		{"TXT", "", false},
	} {
		if err := readers[c.typ]([]byte(c.data)); (err == nil) != c.ok {
			t.Errorf("%s %x: %v", c.typ, c.data, err)
		}
	}
}

// TestKeyTag takes the tags from the examples of the RFCs.
func TestKeyTag(t *testing.T) {
	key := unbase64(t, "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==")
	for _, c := range []struct {
		why  string
		key  DNSKEY
		want uint16
	}{
		{"RFC 4034 5.4", DNSKEY{256, 3, 5, key}, 60485},
		{"RFC 4034 B.1, RSA/MD5", DNSKEY{256, 3, 1, []byte{9, 9, 0x12, 0x34, 0x56}}, 0x1234},
		{"RSA/MD5, too short for a modulus", DNSKEY{256, 3, 1, []byte{1, 2}}, 0},
		{"odd length", DNSKEY{0, 0, 0, []byte{1}}, 0x0100},
		{"carry", DNSKEY{0xffff, 0, 2, nil}, 2},
		{"nothing", DNSKEY{}, 0},
	} {
		if got := c.key.KeyTag(); got != c.want {
			t.Errorf("%s: key tag %d, want %d", c.why, got, c.want)
		}
	}
}

func TestTypeBitmap(t *testing.T) {
	// RFC 4034 4.3: A MX RRSIG NSEC TYPE1234.
	b := TypeBitmap("\x00\x06\x40\x01\x00\x00\x00\x03\x04\x1b" + strings.Repeat("\x00", 26) + "\x20")
	if !validBitmap(b) || !equalTypes(b, []uint16{1, 15, 46, 47, 1234}) {
		t.Error("the example of RFC 4034 4.3 is misread")
	}
	if TypeBitmap(nil).Has(TypeA) {
		t.Error("the empty set has a type")
	}
	if last := TypeBitmap("\xff\x20" + strings.Repeat("\x00", 31) + "\x01"); !equalTypes(last, []uint16{65535}) {
		t.Error("type 65535 is misread")
	}
}

func TestTXTStrings(t *testing.T) {
	txt, err := ParseTXT([]byte("\x01a\x00\x02bc"))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	for s := range txt.Strings {
		got = append(got, s)
	}
	if string(bytes.Join(got, []byte("|"))) != "a||bc" {
		t.Errorf("%q", got)
	}
	for s := range txt.Strings {
		if string(s) != "a" {
			t.Error("went on after the end")
		}
		break
	}
}

// TestDataTooLong: pointers that lead into the middle of labels make a long name of few octets, and data longer than
// RDLENGTH can say; it is refused, not wrapped.
func TestDataTooLong(t *testing.T) {
	// Eight parts of a name lie over one another in the question's label: each is a label of 30 octets and a
	// pointer to the part that begins three octets before it; the first of all ends with the root.
	const parts, step, part = 8, 3, 31
	label := make([]byte, 1+63)
	label[0] = 63
	for k := range parts {
		begin := 1 + step*k
		label[begin] = part - 1
		if k > 0 {
			label[begin+part], label[begin+part+1] = 0xc0, byte(headerSize+begin-step)
		}
	}
	head := reply([4]uint16{1, 1}, string(label)+"\x00\x00\x01\x00\x01")
	for _, length := range []int{maxRData, maxRData + 1} {
		data := append(make([]byte, rrsigFixedSize), 0xc0, headerSize+1+step*(parts-1))
		data = append(data, make([]byte, length-len(data)+2-(parts*part+1))...)
		var m Message
		if err := m.Parse(AppendRR(head, Root, TypeRRSIG, ClassIN, 1, data)); err != nil {
			t.Fatal(err)
		}
		got, err := m.AppendRData(nil, m.RRs[0])
		if length <= maxRData && (err != nil || len(got) != length) || length > maxRData && err == nil {
			t.Errorf("%d octets, want %d: %v", len(got), length, err)
		}
	}
}

func TestAppendRRTooLong(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("AppendRR took data that RDLENGTH cannot describe")
		}
	}()
	AppendRR(nil, Root, TypeTXT, ClassIN, 0, make([]byte, maxRData+1))
}

// TestDataStaysInside: the parts of a record's data end where the data ends, though the octets of the next record
// would go on in a way that fits.
func TestDataStaysInside(t *testing.T) {
	for _, c := range []struct {
		typ        Type
		data, next string // next is what follows the data in the message
		ok         bool
	}{
		{TypeNS, "\x01a\x00", "", true},
		{TypeNS, "\x01a", "\x00", false},
		{TypeNS, "\x01", "a\x00", false},
		{TypeNS, "\xc0", "\x0c", false},
		{TypeMX, "\x00\x0a", "\x00", false},
		{TypeMX, "\x00", "\x0a\x00", false},
		{TypeMX, "\x00", "", false},
		{TypeRRSIG, strings.Repeat("\x01", rrsigFixedSize) + "\xc0", "\x0c", false},
		{TypeRRSIG, strings.Repeat("\x01", rrsigFixedSize) + "\x01a", "\x00", false},
		{TypeRRSIG, strings.Repeat("\x01", 17), "\x01\x00", false},
		{35, "\x00\x01\x00\x01\x01U\x00\x00\x00", "", true}, // NAPTR: three strings, a name
		{35, "\x00\x01\x00\x01\x01U\x00\x05ab", "cde\x00", false},
		{35, "\x00\x01\x00\x01\x01U", "\x00\x00\x00", false},
		{35, "\x00\x01\x00", "\x01\x00\x00\x00\x00", false},
	} {
		msg := AppendRR(reply([4]uint16{1, 1}, question), Root, c.typ, ClassIN, 1, []byte(c.data))
		var m Message
		if err := m.Parse(slices.Clip(append(msg, c.next...))); err != nil {
			t.Fatal(err)
		}
		got, err := m.AppendRData([]byte("kept"), m.RRs[0])
		if (err == nil) != c.ok || !c.ok && string(got) != "kept" || c.ok && string(got) != "kept"+c.data {
			t.Errorf("%v %x before %x: %x, %v", c.typ, c.data, c.next, got, err)
		}
		if _, err := m.Target(m.RRs[0]); c.typ == TypeNS && (err == nil) != c.ok {
			t.Errorf("target %x before %x: %v", c.data, c.next, err)
		}
	}
}
