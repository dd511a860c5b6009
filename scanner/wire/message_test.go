package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// reply makes a message: header with the given counts of the question and the record sections, then body.
func reply(counts [4]uint16, body string) []byte {
	msg := []byte{0x12, 0x34, 0x84, 0x00}
	for _, n := range counts {
		msg = binary.BigEndian.AppendUint16(msg, n)
	}
	return append(msg, body...)
}

const (
	question = "\x01a\x00\x00\x01\x00\x01"                                        // at 12: a. IN A; records begin at 19
	rrA      = "\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x7f\x00\x00\x01" // a. 3600 IN A 127.0.0.1
	opt      = "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
)

var malformed = []struct {
	why string
	msg []byte
	err error
}{
	{"nothing", nil, ErrShort},
	{"half a header", reply([4]uint16{}, "")[:11], ErrShort},
	{"no question", reply([4]uint16{}, ""), ErrQuestions},
	{"two questions", reply([4]uint16{2}, question+question), ErrQuestions},
	{"question missing", reply([4]uint16{1}, ""), ErrBadName},
	{"question without class", reply([4]uint16{1}, question[:5]), ErrBadName},
	{"question compressed", reply([4]uint16{1}, "\xc0\x0c\x00\x01\x00\x01"), ErrBadName},
	{"question with a label of 64", reply([4]uint16{1}, "\x40"+strings.Repeat("a", 64)+"\x00\x00\x01\x00\x01"), ErrBadName},
	{"question of 256 octets", reply([4]uint16{1}, strings.Repeat("\x01a", 126)+"\x02aa\x00\x00\x01\x00\x01"), ErrBadName},
	{"answer missing", reply([4]uint16{1, 1}, question), ErrManyRecords},
	{"more records than fit", reply([4]uint16{1, 0xffff}, question+rrA), ErrManyRecords},
	{"second answer missing", reply([4]uint16{1, 2}, question+rrA+"\x00\x00"), ErrManyRecords},
	{"record cut in its head", reply([4]uint16{1, 0, 0, 1}, question+"\x01b\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00"), ErrShort},
	{"record cut in its data", reply([4]uint16{1, 1}, question+rrA[:15]), ErrShort},
	{"record cut in its owner", reply([4]uint16{1, 1}, question+"\x0cabcdefghijkl"), ErrBadName},
	{"owner of no known kind", reply([4]uint16{1, 1}, question+"\x80"+rrA), ErrBadName},
	{"two OPT", reply([4]uint16{1, 0, 0, 2}, question+opt+opt), ErrTwoOPT}, // RFC 6891 6.1.1
	{"longer than any message", make([]byte, maxMessage+1), ErrLong},
}

func TestMalformed(t *testing.T) {
	for _, c := range malformed {
		var m Message
		if err := m.Parse(c.msg); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.why, err, c.err)
		}
		touch(t, &m)
	}
}

// TestReuse: nothing of one message is left when the next is parsed.
func TestReuse(t *testing.T) {
	var m Message
	if err := m.Parse(reply([4]uint16{1, 1, 0, 1}, question+rrA+opt)); err != nil || len(m.RRs) != 1 || !m.HasOPT() {
		t.Fatal(err, m)
	}
	if m.UDPSize() != 1232 {
		t.Errorf("UDPSize %d", m.UDPSize())
	}
	for _, bad := range [][]byte{nil, reply([4]uint16{}, "")} {
		if m.Parse(bad) == nil || len(m.RRs) != 0 || m.HasOPT() || m.UDPSize() != 0 || m.QName() != "" {
			t.Errorf("left over: %+v", m)
		}
		if err := m.ParseRecords(); !errors.Is(err, ErrQuestions) {
			t.Errorf("ParseRecords without a question: %v", err)
		}
	}
	// A bare header with REFUSED, as some servers send it.
	refused := reply([4]uint16{}, "")
	refused[3] = 5
	if err := m.Parse(refused); !errors.Is(err, ErrQuestions) || m.RCode() != Refused || m.ID != 0x1234 || !m.Has(FlagQR|FlagAA) || m.Has(FlagTC|FlagQR) {
		t.Errorf("%v, %v", err, m.RCode())
	}
}

// TestPartial: of a message with a fault the records before it stay readable.
func TestPartial(t *testing.T) {
	var m Message
	if err := m.Parse(reply([4]uint16{1, 2}, question+rrA+rrA[:15])); !errors.Is(err, ErrShort) || len(m.RRs) != 1 {
		t.Fatal(err, m.RRs)
	}
	if addr, err := m.Addr(m.RRs[0]); err != nil || addr != netip.MustParseAddr("127.0.0.1") {
		t.Error(addr, err)
	}
}

// TestPointers holds the rules for names inside a message (RFC 1035 4.1.4). The record data that is read as a name
// begins at 30: behind the question (12 to 18) and the record's head.
func TestPointers(t *testing.T) {
	const dataAt = 30
	manyLabels := strings.Repeat("\x01b", 126)
	for _, c := range []struct {
		why, data string
		want      string // "" for malformed
	}{
		{"root", "\x00", "."},
		{"plain", "\x01B\x00", "b"},
		{"pointer", "\xc0\x0c", "a"},
		{"label and pointer", "\x01b\xc0\x0c", "b.a"},
		{"into the middle of another name", "\x01b\xc0\x0e", "b"},
		{"at itself", "\xc0\x1e", ""},
		{"at its own label", "\x01b\xc0\x1e", ""},
		{"at its own second label", "\x01b\x01b\xc0\x20", ""},
		{"into its own label", "\x03\x01x\x00\xc0\x1f", ""},
		{"ahead", "\x01b\xc0\x30", ""},
		{"past the message", "\x01b\xff\xff", ""},
		{"into the header", "\x01b\xc0\x00", ""},
		{"at the header's last octet", "\x01b\xc0\x0b", ""},
		{"cut off", "\x01b\xc0", ""},
		{"empty", "", ""},
		{"label cut off", "\x05b", ""},
		{"no root", "\x01b", ""},
		{"label of kind 01", "\x41b\x00", ""},
		{"label of kind 10", "\x81b\x00", ""},
		{"more behind the name", "\x01b\x00\x00", ""},
		{"255 octets", manyLabels + "\xc0\x0c", strings.Repeat("b.", 126) + "a"}, // RFC 1035 2.3.4
		{"257 octets", manyLabels + "\x01b\xc0\x0c", ""},
		{"256 octets", manyLabels[2:] + "\x02bb\xc0\x0c", ""},
	} {
		head := []byte("\x00\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00")
		binary.BigEndian.PutUint16(head[9:], uint16(len(c.data)))
		msg := reply([4]uint16{1, 1}, question+string(head)+c.data)
		var m Message
		if err := m.Parse(msg); err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		rr := m.RRs[0]
		if rr.Data != dataAt {
			t.Fatalf("data at %d", rr.Data)
		}
		got, err := m.Target(rr)
		if (err == nil) != (c.want != "") || got.String() != c.want {
			t.Errorf("%s: %v, %v; want %q", c.why, got, err, c.want)
		}
		data, err := m.AppendRData(nil, rr)
		if (err == nil) != (c.want != "") || string(data) != string(got) {
			t.Errorf("%s: data %x, %v; want %q", c.why, data, err, c.want)
		}
		if c.want == "" && (isName(msg, dataAt, "b") || isName(msg, dataAt, "b.a")) && c.data != "\x01b\x00\x00" {
			t.Errorf("%s: equals a name", c.why)
		}
		if name, err := m.AppendName([]byte("kept"), dataAt); c.want != "" && (err != nil || string(name) != "kept"+string(got)) {
			t.Errorf("%s: AppendName %x, %v", c.why, name, err)
		} else if err != nil && string(name) != "kept" {
			t.Errorf("%s: AppendName left %x", c.why, name)
		}
	}
}

// TestForwardPointer: a pointer ahead is refused even if a good name stands there.
func TestForwardPointer(t *testing.T) {
	msg := append(reply([4]uint16{1}, question), "\xc0\x15\x01x\x00"...) // at 19, to 21
	var m Message
	if err := m.Parse(msg); err != nil {
		t.Fatal(err)
	}
	if got, err := m.NameAt(21); err != nil || got != MustName("x") {
		t.Fatal(got, err)
	}
	if got, err := m.NameAt(19); !errors.Is(err, ErrBadName) || got != "" || isName(msg, 19, "x") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestPointerChain: a name may follow as many pointers as it can have labels, and no more, however far back each
// leads.
func TestPointerChain(t *testing.T) {
	chain := func(pointers int) ([]byte, int) {
		body := question // the first pointer leads to the question's name
		at := headerSize + len(body) + 11
		data, target := "", headerSize
		for range pointers {
			data += string([]byte{0xc0 | byte(target>>8), byte(target)})
			target = at + len(data) - 2
		}
		head := binary.BigEndian.AppendUint16([]byte("\x00\x00\x10\x00\x01\x00\x00\x00\x00"), uint16(len(data)))
		msg := reply([4]uint16{1, 1}, body+string(head)+data)
		return msg, len(msg) - 2
	}
	for pointers, ok := range map[int]bool{1: true, 2: true, 127: true, 128: false, 5000: false} {
		msg, last := chain(pointers)
		var m Message
		if err := m.Parse(msg); err != nil {
			t.Fatal(err)
		}
		got, err := m.NameAt(last)
		if (err == nil) != ok || ok && got != MustName("a") {
			t.Errorf("%d pointers: %v, %v", pointers, got, err)
		}
		if is := m.OwnerIs(RR{Owner: uint16(last)}, MustName("a")); is != ok {
			t.Errorf("%d pointers: OwnerIs %v", pointers, is)
		}
	}
}

// TestLongest reads a message of 65535 octets, whose last offsets use all 16 bits.
func TestLongest(t *testing.T) {
	msg := reply([4]uint16{1, 1, 0, 1}, question)
	rest := maxMessage - len(msg) - 2*minRRSize
	msg = AppendRR(msg, Root, TypeTXT, ClassIN, 1, make([]byte, rest))
	msg = AppendRR(msg, Root, TypeA, ClassIN, 1, nil)
	var m Message
	if err := m.Parse(msg); err != nil || len(msg) != maxMessage {
		t.Fatalf("%d octets: %v", len(msg), err)
	}
	last := m.RRs[1]
	if int(last.Owner) != maxMessage-minRRSize || last.Data != maxMessage || !m.OwnerIs(last, Root) || len(m.Raw(last)) != 0 {
		t.Errorf("%+v", last)
	}
	if len(m.Raw(m.RRs[0])) != rest {
		t.Errorf("%+v", m.RRs[0])
	}
	touch(t, &m)
	if err := m.Parse(append(msg, 0)); !errors.Is(err, ErrLong) {
		t.Error(err)
	}
}

// TestTTL: RFC 2181 8.
func TestTTL(t *testing.T) {
	for ttl, want := range map[uint32]uint32{0: 0, 3600: 3600, 1<<31 - 1: 1<<31 - 1, 1 << 31: 0, 1<<32 - 1: 0} {
		var m Message
		if err := m.Parse(AppendRR(reply([4]uint16{1, 1}, question), Root, TypeA, ClassIN, ttl, nil)); err != nil || m.RRs[0].TTL != want {
			t.Errorf("TTL %d is read as %d, %v", ttl, m.RRs[0].TTL, err)
		}
	}
}

// TestOPTPlace: an OPT record counts in the additional section only, whatever its owner (RFC 6891 6.1.1).
func TestOPTPlace(t *testing.T) {
	var m Message
	if err := m.Parse(reply([4]uint16{1, 1}, question+opt)); err != nil || m.HasOPT() || len(m.RRs) != 1 {
		t.Errorf("in the answer: %v, %+v", err, m.RRs)
	}
	if err := m.Parse(reply([4]uint16{1, 0, 0, 2}, question+"\xc0\x0c"+opt[1:]+rrA)); err != nil || !m.HasOPT() || len(m.RRs) != 1 {
		t.Errorf("with an owner and before another record: %v, %+v", err, m.RRs)
	}
	badVers := []byte(opt)
	badVers[5], badVers[6], badVers[7] = 1, 0, 0x80 // upper bits of the code: RFC 6891 6.1.3
	if err := m.Parse(reply([4]uint16{1, 0, 0, 1}, question+string(badVers))); err != nil || m.RCode() != BadVers || !m.DO() {
		t.Errorf("%v, %v, DO %v", err, m.RCode(), m.DO())
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{"", ""},
		{"\x00\x03\x00\x02ns", "3=ns "},
		{"\x00\x0f\x00\x02\x00\x12\x00\x0f\x00\x03\x00\x16x", "15=\x00\x12 15=\x00\x16x "}, // RFC 8914 2: several EDE
		{"\x00\x03\x00\x00\x00", "3= "},             // a stray octet
		{"\x00\x03\x00\x00\x00\x03\x00\x01", "3= "}, // the second is cut off
	} {
		msg := []byte(opt)
		msg[10] = byte(len(c.options))
		var m Message
		if err := m.Parse(reply([4]uint16{1, 0, 0, 1}, question+string(msg)+c.options)); err != nil {
			t.Fatal(err)
		}
		got := ""
		for code, data := range m.Options {
			got += string('0'+rune(code/10)) + string('0'+rune(code%10)) + "=" + string(data) + " "
		}
		if got = strings.ReplaceAll(got, "0", ""); got != strings.ReplaceAll(c.want, "0", "") {
			t.Errorf("options %q are %q, want %q", c.options, got, c.want)
		}
		for range m.Options {
			break // a visitor that has seen enough
		}
	}
}

func TestEDE(t *testing.T) {
	for _, c := range []struct {
		data string
		ok   bool
		code uint16
		text string
	}{
		{"", false, 0, ""},
		{"\x00", false, 0, ""},
		{"\x00\x16", true, 22, ""}, // RFC 8914 4.23: No Reachable Authority
		{"\x00\x09no DNSKEY matches\x00", true, 9, "no DNSKEY matches"},
		{"\x00\x09f\xc3\xbcr \xe2\x80\xa6", true, 9, "für …"},
		{"\x00\x09bad \xff\xc3 end", true, 9, "bad \ufffd\ufffd end"},
		{"\x00\x09\x1b[31mred\r\n\x00x\u202e", true, 9, "\ufffd[31mred\ufffd\ufffd\ufffdx\ufffd"},
	} {
		got, err := ParseEDE([]byte(c.data))
		if (err == nil) != c.ok || got.Code != c.code || got.CleanText() != c.text {
			t.Errorf("EDE %q is %d %q, %v", c.data, got.Code, got.CleanText(), err)
		}
	}
}

// TestZoneLines reads records as zone files show them, uncompressed and compressed, owners and data in mixed case.
func TestZoneLines(t *testing.T) {
	lines := []string{
		"Example.COM. 3600 IN A 192.0.2.1",
		"example.com. 3600 IN AAAA 2001:db8::1",
		"www.example.com. 300 IN CNAME Example.COM.",
		"example.com. 300 IN DNAME Other.Example.COM.",
		"example.com. 86400 IN NS NS1.example.com.",
		"example.com. 3600 IN SOA ns1.Example.com. Host\\.Master.example.com. 2024010101 7200 3600 1209600 300",
		"example.com. 3600 IN MX 10 Mail.Example.com.",
		"example.com. 3600 IN MX 0 .",                                        // RFC 7505
		`example.com. 3600 IN CAA 0 issue "ca1.example.net; account=230123"`, // RFC 8659 4.2
		`example.com. 3600 IN CAA 128 tbs "Unknown"`,
		`example.com. 3600 IN CAA 0 issue ";"`,
		`example.com. 3600 IN TXT "v=spf1 -all" "" "second \"string\""`,
		"dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", // RFC 4034 5.4
		"example.com. 86400 IN DNSKEY 256 3 5 ( AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buXA10hWqTkF7H6RfoRqXQeogmMHfpftf6zMv1LyBUgia7za6ZEzOJBOztyvhjL742iU/TpPSEDhm2SNKLijfUppn1UaNvv4w== )",                                                 // RFC 4034 2.3
		"host.example.com. 86400 IN RRSIG A 5 3 86400 20030322173103 20030220173103 2642 Example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6oB9wfuh3DTJXUAfI/M0zmO/zz8bW0Rznl8O3tGNazPwQKkRN20XPXV6nwwfoXmJQbsLNrLfkGJ5D6fwFm8nN+6pBzeDQfsS3Ap3o=", // RFC 4034 3.3
		"alfa.example.com. 86400 IN NSEC Host.example.com. A MX RRSIG NSEC TYPE1234",                                                                     // RFC 4034 4.3
		"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM CAA", // RFC 5155 A
		"example. 3600 IN NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",                                                                                // RFC 9276 3.1; an empty non-terminal
		"example. 3600 IN NSEC3PARAM 1 0 12 aabbccdd",
		"example.com. 3600 IN TYPE65280 \\# 4 DEADBEEF", // RFC 3597 5
		"example.com. 2147483648 IN A 192.0.2.2",
		"a\\.b\\000.example.com. 60 IN SRV 1 2 3 Target.example.com.",
	}
	for _, compress := range []bool{false, true} {
		want := new(dns.Msg)
		want.SetQuestion("eXample.com.", dns.TypeCAA)
		want.Response, want.Compress = true, compress
		for i, line := range lines {
			rr, err := dns.NewRR(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			section := []*[]dns.RR{&want.Answer, &want.Ns, &want.Extra}[i%3]
			*section = append(*section, rr)
		}
		want.SetEdns0(1232, true)
		opt := want.IsEdns0()
		opt.Option = append(opt.Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: "6e7331"}, &dns.EDNS0_EDE{InfoCode: 18, ExtraText: "no"})
		msg, err := want.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var m Message
		checkAgainst(t, &m, msg, want)
		t.Logf("compressed %v: %d octets, %d records", compress, len(msg), len(m.RRs))
	}
}

func TestAccessorsRefuse(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		data string
	}{
		{TypeA, "\x01\x02\x03"}, {TypeA, "\x01\x02\x03\x04\x05"}, {TypeAAAA, "\x01\x02\x03\x04"}, {TypeNS, "\x01\x02\x03\x04"},
	} {
		var m Message
		if err := m.Parse(AppendRR(reply([4]uint16{1, 1}, question), Root, c.typ, ClassIN, 1, []byte(c.data))); err != nil {
			t.Fatal(err)
		}
		if addr, err := m.Addr(m.RRs[0]); !errors.Is(err, ErrBadRData) || addr.IsValid() {
			t.Errorf("%v %x is the address %v", c.typ, c.data, addr)
		}
	}
	for data, ok := range map[string]bool{"\x00\x0a\x01b\x00": true, "\x00\x0a\x00": true, "\x00\x0a": false, "\x00": false, "": false, "\x00\x0a\x01b": false, "\x00\x0a\x00\x00": false} {
		var m Message
		if err := m.Parse(AppendRR(reply([4]uint16{1, 1}, question), Root, TypeMX, ClassIN, 1, []byte(data))); err != nil {
			t.Fatal(err)
		}
		if preference, exchange, err := m.MX(m.RRs[0]); (err == nil) != ok || ok && preference != 10 || !ok && exchange != "" {
			t.Errorf("MX %x is %d %q, %v", data, preference, exchange, err)
		}
	}
	numbers := strings.Repeat("\x00\x00\x00\x07", 5)
	for data, ok := range map[string]bool{
		"\x00\x00" + numbers: true, "\xc0\x0c\x01b\x00" + numbers: true, "\x00\x00" + numbers[1:]: false, "\x00\x00\x00" + numbers: false,
		"": false, "\x00": false, "\x00\x00": false, "\x00" + numbers: false, "\x01": false, "\x00\xc0": false,
	} {
		var m Message
		if err := m.Parse(AppendRR(reply([4]uint16{1, 1}, question), Root, TypeSOA, ClassIN, 1, []byte(data))); err != nil {
			t.Fatal(err)
		}
		if minimum, err := m.SOAMinimum(m.RRs[0]); (err == nil) != ok || ok && minimum != 7 {
			t.Errorf("SOA %x: %d, %v", data, minimum, err)
		}
		if _, err := m.AppendRData(nil, m.RRs[0]); (err == nil) != ok {
			t.Errorf("SOA %x: AppendRData %v", data, err)
		}
	}
}

func TestTypeAndCodeNames(t *testing.T) {
	for typ := range typeNames {
		if want := dns.TypeToString[uint16(typ)]; typ.String() != want {
			t.Errorf("type %d is %s, want %s", uint16(typ), typ, want)
		}
	}
	for code := range rcodeNames {
		want := dns.RcodeToString[int(code)]
		if code == BadVers {
			want = "BADVERS" // the oracle calls 16 BADSIG, its name in TSIG
		}
		if code.String() != want {
			t.Errorf("code %d is %s, want %s", uint16(code), code, want)
		}
	}
	if s := Type(65280).String(); s != "TYPE65280" { // RFC 3597 5
		t.Error(s)
	}
	if s := RCode(3841).String(); s != "RCODE3841" {
		t.Error(s)
	}
}

func isName(msg []byte, off int, name string) bool {
	same, _ := nameIs(msg, off, MustName(name))
	return same
}

// TestTangled: a message whose names cost too much to follow says nothing any more.
func TestTangled(t *testing.T) {
	msg := []byte("\x00\x00\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00")
	var m Message
	if err := m.Parse(msg); err != nil {
		t.Fatal(err)
	}
	for i := range maxFollowed + 1 {
		if !m.OwnerIs(m.RRs[0], MustName("a")) || m.Tangled() != (i == maxFollowed) {
			t.Fatalf("after %d pointers: tangled %v", i+1, m.Tangled())
		}
	}
	if m.OwnerIs(m.RRs[0], MustName("a")) || !m.HasOwner(m.RRs[0]) {
		t.Error("a tangled message still has owners, or says that they cannot be read")
	}
	if err := m.Parse(msg); err != nil || m.Tangled() || !m.OwnerIs(m.RRs[0], MustName("a")) {
		t.Error("the next message is tangled from the start")
	}
}
