package farm

import (
	"strconv"
	"strings"
)

// Name returns the name with a number, without a final dot.
func (w *World) Name(number int) string {
	zone := w.zoneOf(number)
	var buf [48]byte
	name := buf[:0]
	if w.cfg.Below {
		name = append(strconv.AppendInt(append(name, 'n'), int64(number), 10), '.')
	}
	name = append(strconv.AppendInt(append(name, 'z'), int64(zone), 10), ".t"...)
	return string(strconv.AppendInt(name, int64(zone%w.cfg.TLDs), 10))
}

// Number returns the number of a name.
func (w *World) Number(name string) (number int, ok bool) {
	if name == "" {
		return 0, false
	}
	first, _, _ := strings.Cut(name[1:], ".")
	number, err := strconv.Atoi(first)
	if err != nil || number < 0 || number >= w.cfg.Names {
		return 0, false
	}
	return number, w.Name(number) == name
}

// Truth is what a scan must find about a name.
type Truth struct {
	Posture  string // for TLS, in the words of package caa: absent, restricted or closed
	Wildcard string // the same for wildcard certificates
	Secure   bool   // the chain of trust reaches the name
}

// sets are the CAA sets that names publish, each of one record.
var sets = []struct {
	tag, value        string
	posture, wildcard string
}{
	{"issue", "ca1.example", "restricted", "restricted"},
	{"issue", "ca2.example; validationmethods=dns-01", "restricted", "restricted"},
	{"issue", ";", "closed", "closed"},
	{"issuewild", "ca3.example", "open", "restricted"},
}

// setOf returns which of the sets a name publishes, -1 if none.
func (w *World) setOf(name int) int {
	drawn := mix(w.cfg.Seed ^ uint64(name))
	if float64(drawn>>11)/(1<<53) >= w.cfg.CAA {
		return -1
	}
	return int(drawn & 0x7ff % uint64(len(sets)))
}

// Truth returns the truth of the name with a number.
func (w *World) Truth(name int) Truth {
	t := Truth{Posture: "absent", Wildcard: "absent", Secure: w.cfg.Security == Signed}
	if set := w.setOf(name); set >= 0 {
		t.Posture, t.Wildcard = sets[set].posture, sets[set].wildcard
	}
	return t
}

// setData are the record data of the sets (RFC 8659 4.1).
var setData = func() [][]byte {
	data := make([][]byte, len(sets))
	for i, s := range sets {
		data[i] = append([]byte{0, byte(len(s.tag))}, s.tag+s.value...)
	}
	return data
}()

// mix spreads the bits of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
