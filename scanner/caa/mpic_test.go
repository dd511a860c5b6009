package caa

import (
	"testing"
	"time"
)

// R3.6. The remotes are letters: (p)ermits, (d)enies, (f)ailure that the CA may take as permission, (t)aken as such, (r)efused
// as such, (u)nknown for another reason; the digit behind it is the region.
func TestCorroborate(t *testing.T) {
	letters := map[byte]Decision{
		'p': {Permitted: Yes, Reason: Authorized}, 'd': {Permitted: No, Reason: ExplicitDeny},
		'f': {Permitted: Undetermined, Reason: FailureInsecure, Choice: true},
		't': {Permitted: Yes, Reason: FailureInsecure, Choice: true},
		'r': {Permitted: No, Reason: FailureInsecure, Choice: true},
		'u': {Permitted: Undetermined, Reason: ResolverPolicy},
	}
	none, early := MPIC{}, MPIC{Remotes: 2}
	two, four := MPIC{Remotes: 2, Binding: true}, MPIC{Remotes: 4, Regions: 2, Binding: true}
	for _, test := range []struct {
		what    string
		primary byte
		remotes string
		rule    MPIC
		want    string
	}{
		{"not asked for", 'p', "", none, "true authorized"},
		{"not asked for, denied by all", 'p', "d1d2d3", none, "true authorized"},
		{"the primary denies", 'd', "p1p2p3p4", four, "false explicit-deny"},
		{"the primary does not know", 'u', "p1p2p3p4", four, "unknown resolver-policy"},
		{"all corroborate", 'p', "p1p2p1p2", four, "true authorized"},
		{"1 of 4 may not", 'p', "d1p2p1p2", four, "true authorized"},
		{"2 of 4 may not", 'p', "d1d2p1p2", four, "false mpic-quorum"},
		{"1 of 5 may not", 'p', "d1p2p1p2p1", four, "true authorized"},
		{"2 of 5 may not", 'p', "d1p2p1p2d1", four, "false mpic-quorum"},
		{"2 of 6 may not", 'p', "d1d2p1p2p1p2", four, "true authorized"},
		{"3 of 6 may not", 'p', "d1d2d1p2p1p2", four, "false mpic-quorum"},
		{"2 of 9 may not", 'p', "d1d2p1p2p1p2p1p2p1", four, "true authorized"},
		{"3 of 9 may not", 'p', "d1d2d1p2p1p2p1p2p1", four, "false mpic-quorum"},
		{"1 of 2 may not", 'p', "d1p2", two, "true authorized"},
		{"none of 2 does", 'p', "d1d2", two, "false mpic-quorum"},
		{"one region", 'p', "p1p1p1p1", four, "false mpic-rir"},
		{"the second region does not corroborate", 'p', "p1p1p1d2", four, "false mpic-rir"},
		{"before regions counted", 'p', "p1p1", two, "true authorized"},
		{"too few asked", 'p', "p1p2p3", four, "false mpic-count"},
		{"none asked", 'p', "", two, "false mpic-count"},
		{"a remote has a choice, without need of it", 'p', "f1p2p1p2", four, "true authorized"},
		{"and it is needed", 'p', "f1d2p1p2", four, "unknown mpic-failure-choice"},
		{"and it was made", 'p', "t1d2p1p2", four, "true authorized"},
		{"the other way", 'p', "r1d2p1p2", four, "false mpic-quorum"},
		{"not even all choices are enough", 'p', "f1d2d1p2", four, "false mpic-quorum"},
		{"a region hangs on the choice", 'p', "p1p1p1f2", four, "unknown mpic-failure-choice"},
		{"the primary has the choice", 'f', "p1p2p1p2", four, "unknown mpic-failure-choice"},
		{"and no corroboration", 'f', "d1d2p1p2", four, "false mpic-quorum"},
		{"the primary has chosen", 't', "p1p2p1p2", four, "true lookup-failure-insecure"},
		{"a remote does not know, without need of it", 'p', "u1p2p1p2", four, "true authorized"},
		{"and it is needed", 'p', "u1d2p1p2", four, "unknown mpic-quorum"},
		{"for its region", 'p', "p1p1p1u2", four, "unknown mpic-rir"},
		{"not binding yet: too few", 'p', "p1", early, "unknown mpic-count"},
		{"not binding yet: denied", 'p', "d1d2", early, "unknown mpic-quorum"},
		{"not binding yet: corroborated", 'p', "p1p2", early, "true authorized"},
	} {
		var remotes []Remote
		for i := 0; i < len(test.remotes); i += 2 {
			remotes = append(remotes, Remote{letters[test.remotes[i]], test.remotes[i+1 : i+2]})
		}
		if d := Corroborate(letters[test.primary], remotes, test.rule); brief(d) != test.want {
			t.Errorf("R3.6: %s: got %s, want %s", test.what, brief(d), test.want)
		}
	}
}

// The phases of section 3's table of time.
func TestMPICPhases(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		day  string
		want MPIC // From apart
	}{
		{TLS, "2025-03-14", MPIC{}},
		{TLS, "2025-03-15", MPIC{Remotes: 2}},
		{TLS, "2025-09-14", MPIC{Remotes: 2}},
		{TLS, "2025-09-15", MPIC{Remotes: 2, Binding: true}},
		{TLS, "2026-03-14", MPIC{Remotes: 2, Binding: true}},
		{TLS, "2026-03-15", MPIC{Remotes: 3, Regions: 2, Binding: true}},
		{TLS, "2026-06-15", MPIC{Remotes: 4, Regions: 2, Binding: true}},
		{TLSWildcard, "2026-06-16", MPIC{Remotes: 4, Regions: 2, Binding: true}},
		{TLS, "2026-12-15", MPIC{Remotes: 5, Regions: 2, Binding: true}},
		{TLS, "2027-03-15", MPIC{Remotes: 5, Regions: 2, Binding: true}},
		{SMIME, "2025-05-14", MPIC{Remotes: 2}},
		{SMIME, "2025-05-15", MPIC{Remotes: 2, Binding: true}},
		{SMIME, "2026-12-15", MPIC{Remotes: 5, Regions: 2, Binding: true}},
		{VMC, "2026-12-15", MPIC{}},
	} {
		day, err := time.Parse(time.DateOnly, test.day)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := BuiltIn().ForTime(test.kind, day)
		if !ok {
			t.Fatalf("no rule for %v on %s", test.kind, test.day)
		}
		got := p.MPICAt(day)
		got.From = time.Time{}
		if got != test.want {
			t.Errorf("%v on %s: %+v, want %+v", test.kind, test.day, got, test.want)
		}
	}
}
