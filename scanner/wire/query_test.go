package wire

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMixCase(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 20))
	names := []Name{Root, MustName("a"), MustName("abcdefg"), MustName("abcdefgh.x"), MustName("a1-_.example.com"), MustName(maxText),
		MustName(`@[\096{\193\225z.0-9`), Name(strings.Repeat("\x01a", 127) + "\x00")}
	for _, name := range names {
		plain := AppendQuery(nil, 1, name, 0x4161, Query{EDNS: true, UDPSize: 0x6141}) // letters behind the name
		letters, upper := map[int]bool{}, map[int]bool{}
		for range 200 {
			msg := bytes.Clone(plain)
			rnd := rng.Uint64()
			MixCase(msg, rnd)
			if !bytes.Equal(asciiLower(msg[headerSize:headerSize+len(name)]), []byte(name)) {
				t.Fatalf("%q became %q", string(name), msg[headerSize:])
			}
			if !bytes.Equal(msg[:headerSize], plain[:headerSize]) || !bytes.Equal(msg[headerSize+len(name):], plain[headerSize+len(name):]) {
				t.Fatalf("octets outside the name of %q changed", string(name))
			}
			for i := range name {
				c := msg[headerSize+i]
				if isLetter := c|0x20 >= 'a' && c|0x20 <= 'z'; isLetter {
					letters[i] = true
					if lower := c&0x20 != 0; lower != (rnd>>(i%64)&1 == 1) {
						t.Fatalf("octet %d of %q is %q by %#x", i, string(name), c, rnd)
					}
					upper[i] = upper[i] || c&0x20 == 0
				}
			}
		}
		if len(letters) != len(upper) {
			t.Errorf("some letters of %q never became upper case", string(name))
		}
	}
	msg := AppendQuery(nil, 1, MustName("www.example.com"), TypeA, Query{})
	MixCase(msg, 0)
	if !strings.Contains(string(msg), "\x03WWW\x07EXAMPLE\x03COM\x00") {
		t.Errorf("all zeros: %q", msg)
	}
}

func TestQuestionEnd(t *testing.T) {
	longest := AppendQuery(nil, 1, MustName(maxText), TypeCAA, Query{EDNS: true, NSID: true})
	if len(longest) != MaxQuery || QuestionEnd(longest) != headerSize+MaxName+4 {
		t.Errorf("longest query: %d octets, question ends at %d", len(longest), QuestionEnd(longest))
	}
	msg := AppendQuery(nil, 1, MustName("example.com"), TypeCAA, Query{})
	for cut := range len(msg) {
		if QuestionEnd(msg[:cut]) != 0 {
			t.Errorf("a question ends in %d of %d octets", cut, len(msg))
		}
	}
	if end := QuestionEnd(msg); end != len(msg) {
		t.Errorf("question ends at %d of %d", end, len(msg))
	}
}
