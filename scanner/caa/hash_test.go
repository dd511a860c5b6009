package caa

import (
	"encoding/hex"
	"testing"
)

// The vectors were made outside this program, with coreutils:
//
//	printf '\0\021\0\005issueca.example' | sha256sum | cut -c1-32
func TestHash(t *testing.T) {
	ca := Property{Tag: "issue", Value: "ca.example"}
	mail := Property{Tag: "issuemail", Value: ";"}
	for _, test := range []struct {
		what       string
		properties []Property
		want       string
	}{
		{"no records", nil, "e3b0c44298fc1c149afbf4c8996fb924"},
		{"one record", []Property{ca}, "4aa99f8ce857f08ed2f666285b5fc462"},
		{"two records", []Property{ca, mail}, "bedcec3bc56b63b418bc021a01e2b082"},
		{"two records, the other way round", []Property{mail, ca}, "bedcec3bc56b63b418bc021a01e2b082"},
		{"a duplicate", []Property{mail, ca, mail}, "bedcec3bc56b63b418bc021a01e2b082"},
	} {
		hash := Hash(test.properties)
		if got := hex.EncodeToString(hash[:]); got != test.want {
			t.Errorf("%s: got %s, want %s", test.what, got, test.want)
		}
	}
}

// Sets that differ in any octet of the wire form, or in where it belongs, differ.
func TestHashTellsApart(t *testing.T) {
	seen := map[[HashSize]byte]int{}
	for i, set := range [][]Property{
		{{Tag: "issue", Value: "ca.example"}},
		{{Tag: "Issue", Value: "ca.example"}},
		{{Tag: "issue", Value: "CA.example"}},
		{{Tag: "issue", Value: "ca.example "}},
		{{Tag: "issue", Value: "ca.example"}, {Tag: "issue"}},
		{{Tag: "issue", Value: "ca.example"}, {Flags: 128, Tag: "issue", Value: "ca.example"}},
		{{Flags: 128, Tag: "issue", Value: "ca.example"}},
		{{Flags: 1, Tag: "issue", Value: "ca.example"}},
		{{Tag: "issuec", Value: "a.example"}},
		{{Tag: "issue", Value: "ca.example\x00\x07\x00\x05issue"}}, // two records written as one
	} {
		hash := Hash(set)
		if first, found := seen[hash]; found {
			t.Errorf("sets %d and %d have the same hash", first, i)
		}
		seen[hash] = i
	}
}
