package caa

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// zone makes properties of lines like 'issue ca.example' or '128 issue ca.example': flags if not 0, tag, value.
func zone(lines ...string) []Property {
	var properties []Property
	for _, line := range lines {
		var p Property
		first, rest, _ := strings.Cut(line, " ")
		if flags, err := strconv.ParseUint(first, 10, 8); err == nil {
			p.Flags, line = uint8(flags), rest
		}
		p.Tag, p.Value, _ = strings.Cut(line, " ")
		properties = append(properties, p)
	}
	return properties
}

// postures reads "tls tls-wildcard smime vmc", by first letters: (o)pen, (r)estricted, (c)losed, (b)locked.
func postures(t *testing.T, letters string) (want [Kinds]Posture) {
	for kind := range Kinds {
		posture, known := map[byte]Posture{'o': Open, 'r': Restricted, 'c': Closed, 'b': Blocked}[letters[kind]]
		if !known {
			t.Fatalf("posture %q", letters)
		}
		want[kind] = posture
	}
	return want
}

func TestPosture(t *testing.T) {
	for _, test := range []struct {
		rule string
		set  []Property
		want string
	}{
		{"R2.10", zone("issue ca.example"), "rroo"},
		{"R2.10: one of several", zone("issue a.example", "issue b.example"), "rroo"},
		{"R2.2: case of the tag", zone("IsSuE ca.example"), "rroo"},
		{"R2.9: nobody", zone("issue ;"), "ccoo"},
		{"R2.9: nobody, with parameters", zone("issue ; a=b"), "ccoo"},
		{"R2.9: nobody, empty", zone("issue"), "ccoo"},
		{"R2.9: malformed restricts", zone("issue %%%%%"), "ccoo"},
		{"R2.9: empty neighbour", zone("issue ;", "issue ca.example"), "rroo"},
		{"R2.9: malformed neighbour", zone("issue %%%%%", "issue ca.example"), "rroo"},
		{"R2.9: empty and malformed", zone("issue %%%%%", "issue ;"), "ccoo"},
		{"R2.11: issuewild does not count for plain names", zone("issuewild ca.example"), "oroo"},
		{"R2.11: issuewild instead of issue", zone("issue ca.example", "issuewild ;"), "rcoo"},
		{"R2.11: even a malformed one", zone("issue ca.example", "issuewild a.example."), "rcoo"},
		{"R2.11: the other way", zone("issue ;", "issuewild ca.example"), "croo"},
		{"R2.11: several", zone("issue ;", "issuewild ;", "issuewild ca.example"), "croo"},
		{"R2.12: iodef only", zone("iodef mailto:a@example.com"), "oooo"},
		{"R2.12: contact only", zone("contactemail a@example.com", "contactphone +15555555555"), "oooo"},
		{"R2.12: unknown tags only", zone("policy x", "tbs unknown"), "oooo"},
		{"R2.13", zone("issuemail ca.example"), "ooro"},
		{"R2.13: nobody", zone("issuemail ;"), "ooco"},
		{"R2.13: malformed parameters spoil the value", zone("issuemail ca.example; x"), "ooco"},
		{"R2.13: issue has no bearing on mail", zone("issue ;"), "ccoo"},
		{"R2.13: mail none on issue", zone("issuemail ;", "issue ca.example"), "rrco"},
		{"R2.14", zone("issuevmc ca.example"), "ooor"},
		{"R2.14: nobody", zone("issuevmc ;"), "oooc"},
		{"R2.14: issue and issuewild have no bearing on marks", zone("issue ;", "issuewild ;", "issuevmc ca.example"), "ccor"},
		{"R2.15, R2.16: bad values never restrict", zone("iodef x", "contactemail x", "contactphone x"), "oooo"},
		{"R2.17: parameters leave the posture", zone("issue ca.example; accounturi=x; validationmethods="), "rroo"},
		{"R2.5: unknown critical", zone("128 tbs x"), "bbbb"},
		{"R2.5: beats a match", zone("128 tbs x", "issue ca.example"), "bbbb"},
		{"C24: for mail and marks too", zone("128 tbs x", "issuemail ca.example", "issuevmc ca.example"), "bbbb"},
		{"R2.5: odd tag (R2.3)", zone("128 issue_ ca.example"), "bbbb"},
		{"R2.5: reserved tag (R2.7)", zone("128 policy x"), "bbbb"},
		{"R2.5: security (C18)", zone("128 security methods=dnssec"), "bbbb"},
		{"R2.5: other bits beside it", zone("129 tbs x"), "bbbb"},
		{"R2.5: critical on a known tag", zone("128 issue ca.example"), "rroo"},
		{"R2.5: on each of them", zone("128 issue a.example", "128 issuewild ;", "128 iodef x", "128 issuemail ;",
			"128 issuevmc a.example", "128 contactemail x", "128 contactphone x"), "rccr"},
		{"R2.5: not critical", zone("tbs x", "issue ca.example"), "rroo"},
		{"C5: flag 1 is not critical", zone("1 tbs x", "issue ca.example"), "rroo"},
		{"C5: nor are all the other bits", zone("127 tbs x"), "oooo"},
		{"C13: a stray semicolon", zone("issue ca.example;;"), "ccoo"},
	} {
		got := Judge(test.set)
		if want := postures(t, test.want); got.Posture != want {
			t.Errorf("%s: %v: got %v, want %v", test.rule, test.set, got.Posture, want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		what string
		set  []Property
		want Set // Posture and Properties apart
	}{
		{"issuers are folded, sorted, each once", zone("issue B.example", "ISSUE a.example", "issue b.example; x=1"), Set{
			Issuances: []Issuance{{Issuer: "b.example"}, {Issuer: "a.example"}, {Issuer: "b.example", Params: []Param{{"x", "1"}}}},
			Issuers:   [Kinds][]string{TLS: {"a.example", "b.example"}, TLSWildcard: {"a.example", "b.example"}},
			Traits:    TagIssue | ParamOther,
		}},
		{"issuers per kind", zone("issue a.example", "issuewild b.example", "issuemail c.example", "issuevmc d.example"), Set{
			Issuances: []Issuance{{Issuer: "a.example"}, {Issuer: "b.example"}, {Issuer: "c.example"}, {Issuer: "d.example"}},
			Issuers:   [Kinds][]string{{"a.example"}, {"b.example"}, {"c.example"}, {"d.example"}},
			Traits:    TagIssue | TagIssueWild | TagIssueMail | TagIssueVMC,
		}},
		{"issuers do not show through issuewild (R2.11)", zone("issue a.example", "issuewild ;"), Set{
			Issuances: []Issuance{{Issuer: "a.example"}, {}},
			Issuers:   [Kinds][]string{TLS: {"a.example"}},
			Traits:    TagIssue | TagIssueWild,
		}},
		{"good values have no finding", zone("iodef mailto:a@example.com", "contactemail a@example.com",
			"contactphone +1 555 555 5555"), Set{
			Issuances: []Issuance{{}, {}, {}},
			Traits:    TagIodef | TagContactEmail | TagContactPhone,
		}},
		{"each finding", zone("issue a.example.", "tbs x", "128 tbs2 x", "1 issue a.example", "iodef a@example.com",
			"contactphone 555"), Set{
			Issuances: []Issuance{{Syntax: Malformed}, {Syntax: Unchecked}, {Syntax: Unchecked}, {Issuer: "a.example"},
				{Syntax: Malformed}, {Syntax: Malformed}},
			Issuers: [Kinds][]string{TLS: {"a.example"}, TLSWildcard: {"a.example"}},
			Findings: []Finding{"bad-contact", "bad-iodef", "malformed-value", "reserved-flag-bits", "unknown-critical",
				"unknown-tag"},
			Traits: TagIssue | TagUnknown | TagIodef | TagContactPhone | FlagCriticalUnknown | FlagReserved,
		}},
		{"findings are found once", zone("issue -", "issuewild -", "issuemail -", "issuevmc -", "contactemail -",
			"contactphone -"), Set{
			Issuances: slices.Repeat([]Issuance{{Syntax: Malformed}}, 6),
			Findings:  []Finding{BadContact, MalformedValue},
			Traits:    TagIssue | TagIssueWild | TagIssueMail | TagIssueVMC | TagContactEmail | TagContactPhone,
		}},
		{"critical and reserved bits on a known tag (R2.1, R2.5)", zone("129 issuemail ;"), Set{
			Issuances: []Issuance{{}},
			Findings:  []Finding{ReservedFlagBits},
			Traits:    TagIssueMail | FlagCriticalKnown | FlagReserved,
		}},
		{"parameters of RFC 8657 (R2.17, C11)", zone("issue a.example; AccountURI=x", "issuewild a.example; validationmethods=y"), Set{
			Issuances: []Issuance{{Issuer: "a.example", Params: []Param{{"AccountURI", "x"}}},
				{Issuer: "a.example", Params: []Param{{"validationmethods", "y"}}}},
			Issuers: [Kinds][]string{TLS: {"a.example"}, TLSWildcard: {"a.example"}},
			Traits:  TagIssue | TagIssueWild | ParamAccountURI | ParamValidationMethods,
		}},
		{"they do not reach issuemail and issuevmc (C17)", zone("issuemail a.example; accounturi=x",
			"issuevmc a.example; validationmethods=y"), Set{
			Issuances: []Issuance{{Issuer: "a.example", Params: []Param{{"accounturi", "x"}}},
				{Issuer: "a.example", Params: []Param{{"validationmethods", "y"}}}},
			Issuers: [Kinds][]string{SMIME: {"a.example"}, VMC: {"a.example"}},
			Traits:  TagIssueMail | TagIssueVMC | ParamOther,
		}},
		{"parameters of a malformed value are none", zone("issue a.example; accounturi=x;"), Set{
			Issuances: []Issuance{{Syntax: Malformed}},
			Findings:  []Finding{MalformedValue},
			Traits:    TagIssue,
		}},
		{"a blocked set still names its issuers", zone("128 tbs x", "issuemail a.example"), Set{
			Issuances: []Issuance{{Syntax: Unchecked}, {Issuer: "a.example"}},
			Issuers:   [Kinds][]string{SMIME: {"a.example"}},
			Findings:  []Finding{UnknownCritical, UnknownTag},
			Traits:    TagUnknown | TagIssueMail | FlagCriticalUnknown,
		}},
	} {
		got := Judge(test.set)
		test.want.Properties, test.want.Posture = test.set, got.Posture
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.what, diff)
		}
	}
	if diff := cmp.Diff(Set{}, Judge(nil)); diff != "" { // R1.3
		t.Errorf("no records are no set: %s", diff)
	}
}

// The words that stand in files and reports (spec section 8).
func TestWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{fmt.Sprint([]Finding{MalformedValue, UnknownTag, UnknownCritical, ReservedFlagBits, BadIodef, BadContact, Alias, Inherited}),
			"[malformed-value unknown-tag unknown-critical reserved-flag-bits bad-iodef bad-contact alias inherited]"},
		{fmt.Sprint([]Kind{TLS, TLSWildcard, SMIME, VMC}), "[tls tls-wildcard smime vmc]"},
		{fmt.Sprint([]Posture{NotApplicable, Absent, Open, Restricted, Closed, Blocked, Error}),
			"[not-applicable absent open restricted closed blocked error]"},
		{fmt.Sprint([]Syntax{WellFormed, Malformed, Unchecked}), "[ok malformed unchecked]"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
	if Uniform(Blocked) != [Kinds]Posture{Blocked, Blocked, Blocked, Blocked} {
		t.Error("Uniform is not")
	}
	for i, tag := range knownTags {
		if tagTrait(tag) != 1<<i || tagTrait(tag) >= TagUnknown {
			t.Errorf("%s has the bit %b", tag, tagTrait(tag))
		}
	}
	if TagContactPhone != 1<<(len(knownTags)-1) {
		t.Error("the bits of the known tags do not stand in the order of knownTags")
	}
	if both := TagIssue | TagIodef; !both.Has(TagIssue) || !both.Has(both) || TagIssue.Has(both) {
		t.Error("Has is for all the bits given")
	}
}

func TestAdd(t *testing.T) {
	var set Set
	for _, f := range []Finding{Inherited, Alias, UnknownTag, Alias, Inherited} {
		set.Add(f)
	}
	if want := []Finding{Alias, Inherited, UnknownTag}; !slices.Equal(set.Findings, want) {
		t.Errorf("got %q, want %q", set.Findings, want)
	}

	// Two names that share a set must not see each other's way to it.
	shared := Judge(zone("tbs x", "iodef x", "issue -"))
	one, other := shared, shared
	one.Add(Alias)
	other.Add(Inherited)
	for _, check := range []struct {
		got, want []Finding
	}{
		{shared.Findings, []Finding{BadIodef, MalformedValue, UnknownTag}},
		{one.Findings, []Finding{Alias, BadIodef, MalformedValue, UnknownTag}},
		{other.Findings, []Finding{BadIodef, Inherited, MalformedValue, UnknownTag}},
	} {
		if !slices.Equal(check.got, check.want) {
			t.Errorf("got %q, want %q", check.got, check.want)
		}
	}
}

// readProse is the oracle of Judge: the posture of one kind as R2.5 and R2.9 to R2.14 tell it, record by record.
func readProse(set []Property, kind Kind) Posture {
	with := func(tag string) (values []string) {
		for _, p := range set {
			if asciiLower(p.Tag) == tag {
				values = append(values, p.Value)
			}
		}
		return values
	}
	for _, p := range set {
		switch asciiLower(p.Tag) {
		case "issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone":
		default:
			if p.Flags >= 128 {
				return Blocked
			}
		}
	}
	var values []string
	switch kind {
	case TLS:
		values = with("issue")
	case TLSWildcard:
		if values = with("issuewild"); len(values) == 0 {
			values = with("issue")
		}
	case SMIME:
		values = with("issuemail")
	case VMC:
		values = with("issuevmc")
	}
	if len(values) == 0 {
		return Open
	}
	for _, value := range values {
		if match := abnfIssueValue.FindStringSubmatch(value); match != nil && match[1] != "" {
			return Restricted
		}
	}
	return Closed
}

func asciiLower(s string) string {
	octets := []byte(s)
	for i, c := range octets {
		if 'A' <= c && c <= 'Z' {
			octets[i] += 32
		}
	}
	return string(octets)
}

// checkSet holds the Set made of properties against the oracle, its own promises, and the same records shuffled.
func checkSet(t *testing.T, properties []Property, rnd *rand.Rand) {
	t.Helper()
	set := Judge(properties)
	if len(set.Properties) != len(properties) || len(set.Issuances) != len(properties) {
		t.Fatalf("%v: %d properties, %d issuances", properties, len(set.Properties), len(set.Issuances))
	}
	for kind := range Kinds {
		if want := readProse(properties, Kind(kind)); len(properties) > 0 && set.Posture[kind] != want {
			t.Fatalf("%v: %v: got %v, want %v", properties, Kind(kind), set.Posture[kind], want)
		}
		if issuers := set.Issuers[kind]; !strictlySorted(issuers) {
			t.Fatalf("%v: %v: issuers %q", properties, Kind(kind), issuers)
		}
	}
	if !strictlySorted(set.Findings) {
		t.Fatalf("%v: findings %q", properties, set.Findings)
	}

	order := rnd.Perm(len(properties))
	shuffled := make([]Property, len(properties))
	want := set
	want.Properties, want.Issuances = shuffled, make([]Issuance, len(properties))
	for i, from := range order {
		shuffled[i], want.Issuances[i] = properties[from], set.Issuances[from]
	}
	if len(properties) == 0 {
		want = Set{}
	}
	if got := Judge(shuffled); !cmp.Equal(got, want) {
		t.Fatalf("%v: the order matters: %s", properties, cmp.Diff(want, got))
	}
	if Hash(properties) != Hash(shuffled) {
		t.Fatalf("%v: the order matters to the hash", properties)
	}
}

func strictlySorted[S ~string](words []S) bool {
	return slices.IsSorted(words) && len(slices.Compact(slices.Clone(words))) == len(words)
}

var (
	someFlags  = []uint8{0, 0, 0, 0, 0, 0, 1, 64, 128, 129, 255}
	knownSome  = []string{"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone", "ISSUE", "IssueMail"}
	someTags   = append([]string{"tbs", "policy", "issue_", "is\u017fue"}, knownSome...)
	someValues = []string{"", ";", "a.example", "A.Example", "b.example; x=1", "a.example; accounturi=u", "%%%%%", "a.example;;",
		"; a=b", "b.example; validationmethods=dns-01", "mailto:a@example.com", "a@example.com", "+15555555555"}
)

func pick[T any](rnd *rand.Rand, from []T) T { return from[rnd.IntN(len(from))] }

func someProperty(rnd *rand.Rand, tags []string) Property {
	return Property{Flags: pick(rnd, someFlags), Tag: pick(rnd, tags), Value: pick(rnd, someValues)}
}

func TestJudgeRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var met [Kinds][Error + 1]int
	for range 5_000 {
		tags := someTags
		if rnd.IntN(2) == 0 {
			tags = knownSome // or nearly every set would be blocked
		}
		set := make([]Property, 1+rnd.IntN(6))
		for i := range set {
			set[i] = someProperty(rnd, tags)
		}
		checkSet(t, set, rnd)
		for kind, posture := range Judge(set).Posture {
			met[kind][posture]++
		}
	}
	for kind := range Kinds {
		for _, posture := range []Posture{Open, Restricted, Closed, Blocked} {
			if met[kind][posture] < 100 {
				t.Errorf("%v was %v only %d times", Kind(kind), posture, met[kind][posture])
			}
		}
	}
}

// A record of another kind never changes the posture of this one, except that an unknown critical one blocks all
// (R2.5, R2.11 to R2.16).
func TestKindsApart(t *testing.T) {
	governedBy := [Kinds][]string{TLS: {"issue"}, TLSWildcard: {"issue", "issuewild"}, SMIME: {"issuemail"}, VMC: {"issuevmc"}}
	rnd := rand.New(rand.NewPCG(5, 6))
	kept, blocked := 0, 0
	for range 20_000 {
		set := make([]Property, 1+rnd.IntN(4))
		for i := range set {
			set[i] = someProperty(rnd, knownSome)
		}
		added := someProperty(rnd, someTags)
		before, after := Judge(set), Judge(append(slices.Clip(set), added))
		for kind := range Kinds {
			switch {
			case added.Critical() && !added.Known():
				if blocked++; after.Posture[kind] != Blocked {
					t.Fatalf("%v and %v: %v is %v", set, added, Kind(kind), after.Posture[kind])
				}
			case !slices.ContainsFunc(governedBy[kind], added.Is):
				if kept++; after.Posture[kind] != before.Posture[kind] {
					t.Fatalf("%v and %v: %v was %v, is %v", set, added, Kind(kind), before.Posture[kind], after.Posture[kind])
				}
			}
		}
	}
	if kept < 10_000 || blocked < 1_000 {
		t.Errorf("only %d postures kept, %d blocked", kept, blocked)
	}
}

// Sets of the public test suite have 1001 records (R1.12).
func TestLargeSet(t *testing.T) {
	set := largeSet(1001)
	checkSet(t, set, rand.New(rand.NewPCG(7, 8)))
	got := Judge(set)
	if len(got.Issuers[TLS]) != 1000 || len(got.Issuers[SMIME]) != 0 || got.Posture != postures(t, "rrco") {
		t.Errorf("%d issuers, postures %v", len(got.Issuers[TLS]), got.Posture)
	}
}

// largeSet names n-1 issuers for TLS, in no order, and nobody for mail.
func largeSet(n int) []Property {
	set := []Property{{Tag: "issuemail", Value: ";"}}
	for i := 1; i < n; i++ {
		set = append(set, Property{Tag: "issue", Value: fmt.Sprintf("ca%d.example; account=%d", i*7919%10007, i)})
	}
	return set
}

// FuzzJudge reads its input as records, each behind its length in one octet.
func FuzzJudge(f *testing.F) {
	for _, seed := range [][]Property{
		zone("issue ca.example"), zone("issue ;", "issuewild a.example; x=1", "iodef mailto:a@b"),
		zone("128 tbs x", "issuemail a.example"), zone("issuevmc ;;", "contactphone +1 5", "contactemail a@b", "1 ISSUE a"),
	} {
		var input []byte
		for _, p := range seed {
			data := p.AppendRData(nil)
			input = append(append(input, byte(len(data))), data...)
		}
		f.Add(uint64(len(input)), input)
	}
	f.Fuzz(func(t *testing.T, order uint64, input []byte) {
		var properties []Property
		for len(input) > 0 {
			length := min(int(input[0]), len(input)-1)
			if p, err := ParseRData(input[1 : 1+length]); err == nil {
				properties = append(properties, p)
			}
			input = input[1+length:]
		}
		checkSet(t, properties, rand.New(rand.NewPCG(order, 9)))
	})
}
