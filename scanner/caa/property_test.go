package caa

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestParseRData(t *testing.T) {
	long := strings.Repeat("v", 1000)
	for _, test := range []struct {
		rule string
		data string
		want Property
		err  error
	}{
		{"R2.1", "\x00\x05issueca.example", Property{Tag: "issue", Value: "ca.example"}, nil},
		{"R2.1: flags are kept whole", "\xff\x05issue;", Property{Flags: 255, Tag: "issue", Value: ";"}, nil},
		{"R2.1: the value goes to the end, and may be empty", "\x80\x05issue", Property{Flags: 128, Tag: "issue"}, nil},
		{"R2.1: a tag of one octet", "\x00\x01a", Property{Tag: "a"}, nil},
		{"R2.1: the longest tag", "\x00\xff" + strings.Repeat("t", 255) + "v",
			Property{Tag: strings.Repeat("t", 255), Value: "v"}, nil},
		{"R2.2: the case of the tag is kept", "\x00\x05IsSuE", Property{Tag: "IsSuE"}, nil},
		{"R2.3: an odd tag is a tag", "\x00\x03a_\x00", Property{Tag: "a_\x00"}, nil},
		{"R2.4: no bound of 255 octets", "\x00\x05issue" + long, Property{Tag: "issue", Value: long}, nil},
		{"R2.4: any octet in a value", "\x00\x05issue\x00\xff\n", Property{Tag: "issue", Value: "\x00\xff\n"}, nil},
		{"C14: nothing", "", Property{}, ErrRData},
		{"C14: flags only", "\x00", Property{}, ErrRData},
		{"C14: tag length 0, no more", "\x00\x00", Property{}, ErrRData},
		{"C14: tag length 0, then a value", "\x00\x00issue", Property{}, ErrRData},
		{"C14: tag length overruns by one", "\x00\x06issue", Property{}, ErrRData},
		{"C14: tag length overruns", "\x00\xffissue", Property{}, ErrRData},
	} {
		got, err := ParseRData([]byte(test.data))
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %q: got %q, %v; want %q, %v", test.rule, test.data, got, err, test.want, test.err)
		}
	}
}

// The property must outlive the packet it was read from.
func TestParseRDataCopies(t *testing.T) {
	data := []byte("\x00\x05issueca.example")
	p, err := ParseRData(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if p.Tag != "issue" || p.Value != "ca.example" {
		t.Errorf("the property changed with the packet: %q", p)
	}
}

func TestFlags(t *testing.T) { // R2.1, C5
	for flags := range 256 {
		p := Property{Flags: uint8(flags)}
		if p.Critical() != (flags >= 128) || p.Reserved() != uint8(flags%128) {
			t.Errorf("flags %d: critical %v, reserved %d", flags, p.Critical(), p.Reserved())
		}
	}
}

func TestTags(t *testing.T) {
	for _, test := range []struct {
		rule, tag, is string
		want, known   bool
	}{
		{"R2.2", "issue", "issue", true, true},
		{"R2.2: ASCII case", "IsSuE", "issue", true, true},
		{"R2.2: either side", "issue", "ISSUE", true, true},
		{"R2.2: whole string", "issuer", "issue", false, false},
		{"R2.2: whole string", "issu", "issue", false, false},
		{"R2.2: ASCII only, long s", "is\u017fue", "issue", false, false},
		{"R2.2: octets, not bits", "\x69\x53\x73\x55\x45", "issue", true, true},
		{"R2.2: letters only are folded", "issue@", "issue`", false, false},
		{"R2.3: odd tag", "issue ", "issue", false, false},
		{"R2.6", "IssueWild", "issuewild", true, true},
		{"R2.6", "iodef", "issue", false, true},
		{"R2.6", "issuemail", "issuemail", true, true},
		{"R2.6", "issuevmc", "issuevmc", true, true},
		{"R2.6", "contactemail", "contactemail", true, true},
		{"R2.6", "contactphone", "contactphone", true, true},
		{"R2.7: reserved", "auth", "auth", true, false},
		{"R2.7: reserved", "path", "path", true, false},
		{"R2.7: reserved", "policy", "policy", true, false},
		{"R2.19: not in force (C18)", "security", "security", true, false},
		{"R2.3: no tag at all", "", "", true, false},
	} {
		p := Property{Tag: test.tag}
		if p.Is(test.is) != test.want || p.Known() != test.known {
			t.Errorf("%s: %q is %q: %v; known: %v", test.rule, test.tag, test.is, p.Is(test.is), p.Known())
		}
	}
}

func TestPropertyString(t *testing.T) { // R2.4
	for _, test := range []struct {
		p    Property
		want string
	}{
		{Property{Tag: "issue", Value: "ca.example; a=b"}, `0 issue "ca.example; a=b"`},
		{Property{Flags: 9, Tag: "issue"}, `9 issue ""`},
		{Property{Flags: 10, Tag: "issue"}, `10 issue ""`},
		{Property{Flags: 128, Tag: "issueWild", Value: ";"}, `128 issueWild ";"`},
		{Property{Flags: 205, Tag: "x", Value: "a\"b\\c\x00\x7f\xff\t~ "}, `205 x "a\"b\\c\000\127\255\009~ "`},
		{Property{Tag: "a b\"", Value: ""}, `0 a\032b\034 ""`},
	} {
		if got := test.p.String(); got != test.want {
			t.Errorf("%q: got %s, want %s", test.p.Value, got, test.want)
		}
	}
}

// The zone text and the octets must be the same record to a reader that is not ours.
func TestAgainstMiekg(t *testing.T) {
	for _, p := range []Property{
		{Tag: "issue", Value: "ca.example"},
		{Flags: 128, Tag: "issuemail", Value: "ca.example; account=1; a-b=c"},
		{Tag: "iodef", Value: "mailto:a@example"},
		{Tag: "issue", Value: "quote \" backslash \\ \x01\xfe"},
		{Tag: "issue", Value: strings.Repeat("v", 255)},
	} {
		rr, err := dns.NewRR("x.example. 60 IN CAA " + p.String())
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		var unknown dns.RFC3597
		if err := unknown.ToRFC3597(rr); err != nil {
			t.Fatal(err)
		}
		theirs, err := hex.DecodeString(unknown.Rdata)
		if err != nil {
			t.Fatal(err)
		}
		if ours := p.AppendRData(nil); !bytes.Equal(ours, theirs) {
			t.Errorf("%s: our octets %x, theirs %x", p, ours, theirs)
		}
		if got, err := ParseRData(theirs); got != p || err != nil {
			t.Errorf("%s: read back as %s, %v", p, got, err)
		}
	}
}

func FuzzRData(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x00\x00", "\x00\x06issue", "\x80\x05issueca.example", "\x01\x01;\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseRData(data)
		good := len(data) >= 3 && data[1] > 0 && 2+int(data[1]) <= len(data) // R2.1, R2.3
		if (err == nil) != good {
			t.Fatalf("%x: error %v", data, err)
		}
		if err != nil {
			return
		}
		if again := p.AppendRData(nil); !bytes.Equal(again, data) {
			t.Fatalf("%x: written as %x", data, again)
		}
		for _, c := range []byte(p.String()) {
			if c < ' ' || c > '~' {
				t.Fatalf("%x: text %q is not plain", data, p.String())
			}
		}
	})
}
