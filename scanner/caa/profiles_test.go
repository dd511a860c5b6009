package caa

import (
	"strings"
	"testing"
	"time"
)

// specTable is the table "Rule profiles for a what-if engine" of spec/caa.md section 3, as it stands there.
const specTable = `
| profile | from | alias climb | tag | SERVFAIL etc., signed | timeout, signed | SERVFAIL etc., insecure | timeout, insecure | indeterminate | bogus | one try only | 8657 |
|---|---|---|---|---|---|---|---|---|---|---|---|
| rfc8659 | 2019-11 | name only | all | U | U | U | U | U | U | U | per CA |
| tls-2017-09 | 2017-09-08 | targets too | issue(wild) | D | D | M | M | U | U¹ | D | per CA |
| tls-2017-10 | 2017-10-27 | name only | issue(wild) | D | D | M | M | U | U¹ | D | per CA |
| tls-2018-05 | 2018-05-10 | name only | issue(wild) | D | D | M | M | U | U¹ | D | per CA |
| tls-2021-07 | 2021-07-12 | name only | issue(wild) | D | D | M | M | U | U¹ | D | per CA |
| tls-2025-03 | 2025-03-15 | name only | issue(wild) | D | D | M | M | U | U¹ | D | per CA |
| tls-2025-07 | 2025-07-21 | name only | issue(wild) | D | D | M | M | D | U¹ | D | per CA |
| tls-2026-03 | 2026-03-15 | name only | issue(wild) | D | D | M (C4) | M | D | D | D | per CA |
| **tls-2026-06** (now) | 2026-06-16 | name only | issue(wild) | D | D | M (C4) | M | D | D | D | per CA, SHOULD |
| tls-2027-03 | 2027-03-15 | name only | issue(wild) | D | D | M (C4) | M | D | D | D | MUST |
| smime-2024-09 | 2024-09-15 | name only | issuemail² | D | D | M | M | U | U¹ | D | none |
| smime-2025-03 | 2025-03-15 | name only | issuemail | D | D | M | M | U | U¹ | D | none |
| **smime-2026-03** (now) | 2026-03-15 | name only | issuemail | D | D | M (C4) | M | U (C19) | D | D | none |
| **vmc** (now) | 2026-03-15 | name only | issuevmc | D | D | M (C4) | M | U (C19) | D | D | none |
| strict | – | name only | by kind | D | D | D | D | D | D | D | per CA |
| le-boulder | – | name only | issue(wild) | D | D | D | D | D | D | D | MUST |
`

// specRow is a row of it.
type specRow struct {
	profile string
	now     bool
	cells   map[string]string // by column
	kinds   []Kind
}

func specRows(t *testing.T) (rows []specRow) {
	t.Helper()
	split := func(line string) []string {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		return cells
	}
	lines := strings.Split(strings.TrimSpace(specTable), "\n")
	columns := split(lines[0])
	for _, line := range lines[2:] {
		row := specRow{cells: map[string]string{}}
		for i, cell := range split(line) {
			row.cells[columns[i]] = cell
		}
		name, now := strings.CutSuffix(row.cells["profile"], " (now)")
		row.profile, row.now = strings.Trim(name, "*"), now
		row.kinds = map[string][]Kind{
			"all": {TLS, TLSWildcard, SMIME, VMC}, "by kind": {TLS, TLSWildcard, SMIME, VMC}, "issue(wild)": {TLS, TLSWildcard},
			"issuemail": {SMIME}, "issuemail²": {SMIME}, "issuevmc": {VMC},
		}[row.cells["tag"]]
		rows = append(rows, row)
	}
	if len(rows) != 16 {
		t.Fatalf("%d rows", len(rows))
	}
	return rows
}

// kindWord is the tag of each kind.
var kindWord = [Kinds]string{"issue", "issuewild", "issuemail", "issuevmc"}

// wants checks a decision against a cell: P, D, M or U. An M must say that it is one, and give way to the switch.
func wants(t *testing.T, what, cell string, reason Reason, ev *Evidence, req *Request, p *Profile) {
	t.Helper()
	letter := strings.TrimRight(strings.Fields(cell)[0], "¹²")
	want := map[string]Verdict{"P": Yes, "D": No, "M": Undetermined, "U": Undetermined}[letter]
	for onFailure, chosen := range map[OnFailure]Verdict{NotChosen: Undetermined, PermitOnFailure: Yes, DenyOnFailure: No} {
		asked := *req
		asked.OnFailure = onFailure
		if letter == "M" {
			want = chosen
		}
		if d := Decide(ev, &asked, p); d.Permitted != want || d.Reason != reason || d.Choice != (letter == "M") {
			t.Errorf("%s for %v, %s, on failure %d: got %s, choice %v; want %s (%v)",
				p.Name, req.Kind, what, onFailure, brief(d), d.Choice, cell, reason)
		}
	}
}

// Every row and column of the table, for each kind of the row.
func TestSpecTable(t *testing.T) {
	for _, row := range specRows(t) {
		for _, kind := range row.kinds {
			p := profile(t, row.profile, kind)
			req := ours(kind)
			plain := row.profile == "rfc8659"
			reason := func(r Reason) Reason {
				if plain {
					return Failure
				}
				return r
			}
			for _, silence := range []struct {
				word     string
				outcomes []Outcome
			}{
				{"timeout", []Outcome{Timeout, Unreachable}},
				{"SERVFAIL etc.", []Outcome{ServFail, Refused, NotImp, FormErr, OtherRCode, Lame, AliasLoop, AliasLong, Truncated, BadMessage, BadRData}},
			} {
				for _, o := range silence.outcomes {
					what := silence.word + " (" + o.String() + ")"
					signed, insecure := row.cells[silence.word+", signed"], row.cells[silence.word+", insecure"]
					wants(t, what+", signed", signed, reason(FailureSigned), seen(with(o, Secure, 2)), req, p)
					wants(t, what+", insecure", insecure, reason(FailureInsecure), seen(with(o, Insecure, 2)), req, p)
					wants(t, what+", indeterminate", row.cells["indeterminate"], reason(FailureIndeterminate), seen(with(o, Indeterminate, 2)), req, p)
					wants(t, what+", not validated (R6.1)", row.cells["indeterminate"], reason(FailureIndeterminate), seen(with(o, NotValidated, 2)), req, p)
					unretried := reason(FailureUnretried)
					if insecure == "D" { // nothing hangs on a retry
						unretried = FailureInsecure
					}
					wants(t, what+", insecure, one try only", row.cells["one try only"], unretried, seen(with(o, Insecure, 1)), req, p)
				}
			}
			wants(t, "bogus", row.cells["bogus"], DNSSECBogus, seen(with(BogusData, Bogus, 2)), req, p)
			wants(t, "bogus, one try only", row.cells["bogus"], DNSSECBogus, seen(with(BogusData, Bogus, 1)), req, p)

			// The sentence above the table: the same in all rows.
			tag := kindWord[kind]
			mismatch := "D"
			if strings.HasSuffix(row.cells["tag"], "²") {
				mismatch = "U"
			}
			wants(t, "match", "P", Authorized, seen(found(tag+" ca.example")), req, p)
			wants(t, "mismatch", mismatch, NotAuthorized, seen(found(tag+" other.example")), req, p)
			wants(t, "empty issuer", "D", ExplicitDeny, seen(found(tag+" ;")), req, p)
			wants(t, "malformed only", "D", MalformedDeny, seen(found(tag+" x y")), req, p)
			wants(t, "unknown critical", "D", ForbiddenCritical, seen(found(tag+" ca.example", "128 tbs x")), req, p)
			wants(t, "no property for the kind", "P", NoRelevantProperty, seen(found("iodef mailto:a@ca.example")), req, p)
			wants(t, "no CAA", "P", NoCAA, seen(), req, p)

			checkTagRule(t, row, kind, p)
			checkAliasClimb(t, row, kind, p)
			check8657(t, row, kind, p)
		}
		checkFrom(t, row)
	}
}

// checkTagRule: the tag of a kind, and no other, governs it; issue stands in for issuewild (R2.11).
func checkTagRule(t *testing.T, row specRow, kind Kind, p *Profile) {
	for _, tag := range kindWord {
		want := Yes
		if tag == kindWord[kind] || kind == TLSWildcard && tag == "issue" {
			want = No
		}
		if d := Decide(seen(found(tag+" ;")), ours(kind), p); d.Permitted != want {
			t.Errorf("%s for %v: %s \";\": got %s", row.profile, kind, tag, brief(d))
		}
	}
}

// checkAliasClimb: "targets too" cannot be judged past an alias that leads to nothing (R1.8).
func checkAliasClimb(t *testing.T, row specRow, kind Kind, p *Profile) {
	alias := with(NoData, Insecure, 1)
	alias.Aliased = true
	want := map[string]string{"name only": "true authorized", "targets too": "unknown not-stored"}[row.cells["alias climb"]]
	if d := Decide(seen(alias, found(kindWord[kind]+" ca.example")), ours(kind), p); brief(d) != want {
		t.Errorf("%s for %v: behind an alias: got %s, want %s", row.profile, kind, brief(d), want)
	}
}

// check8657: parameters bind nobody, those who say so, or all. They are not defined for mail and marks (R2.17).
func check8657(t *testing.T, row specRow, kind Kind, p *Profile) {
	bindsAll := row.cells["8657"] == "MUST"
	bindsSome := bindsAll || strings.HasPrefix(row.cells["8657"], "per CA")
	if kind == SMIME || kind == VMC {
		bindsAll, bindsSome = false, false
	}
	for honours, binds := range map[bool]bool{false: bindsAll, true: bindsSome} {
		req := ours(kind)
		req.HonoursRFC8657, req.AccountURIs = honours, []string{"https://ca.example/1"}
		d := Decide(seen(found(kindWord[kind]+" ca.example; accounturi=https://ca.example/2")), req, p)
		want := "true authorized"
		if binds {
			want = "false param-accounturi"
		}
		if brief(d) != want {
			t.Errorf("%s for %v, CA honours RFC 8657: %v: got %s, want %s", row.profile, kind, honours, brief(d), want)
		}
	}
}

// checkFrom: the rows with a full date are in force from that day on; those marked are the rule of today.
func checkFrom(t *testing.T, row specRow) {
	p := profile(t, row.profile, row.kinds[0])
	from, err := time.Parse(time.DateOnly, row.cells["from"])
	switch {
	case err == nil && (!p.From.Equal(from) || !p.Binding):
		t.Errorf("%s: in force from %v", row.profile, p.From)
	case err != nil && p.Binding:
		t.Errorf("%s: binding, from %v", row.profile, p.From)
	case err != nil:
		return
	}
	for _, kind := range row.kinds {
		if got, ok := BuiltIn().ForTime(kind, from); !ok || got != p {
			t.Errorf("%s is not the rule for %v on its first day", row.profile, kind)
		}
		if got, ok := BuiltIn().ForTime(kind, from.Add(-time.Nanosecond)); ok && got == p {
			t.Errorf("%s is the rule for %v before its first day", row.profile, kind)
		}
		if got, _ := BuiltIn().ForTime(kind, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)); (got == p) != row.now {
			t.Errorf("%s: the rule for %v today is %s", row.profile, kind, got.Name)
		}
	}
}

func TestForTime(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		day  string
		want string // "" if there is none
	}{
		{TLS, "2017-09-07", ""}, {TLS, "2017-09-08", "tls-2017-09"}, {TLSWildcard, "2020-01-01", "tls-2018-05"},
		{TLS, "2026-06-15", "tls-2026-03"}, {TLS, "2026-06-16", "tls-2026-06"}, {TLS, "2040-01-01", "tls-2027-03"},
		{SMIME, "2024-09-14", ""}, {SMIME, "2025-03-14", "smime-2024-09"}, {SMIME, "2027-06-01", "smime-2026-03"},
		{VMC, "2026-03-14", ""}, {VMC, "2026-03-15", "vmc"},
	} {
		day, err := time.Parse(time.DateOnly, test.day)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := BuiltIn().ForTime(test.kind, day)
		if ok != (test.want != "") || ok && p.Name != test.want {
			t.Errorf("%v on %s: got %v, %v", test.kind, test.day, p, ok)
		}
	}
}

// Each what-if changes one thing against the rule of today, for each kind that has one.
func TestWhatIfs(t *testing.T) {
	insecure := seen(with(ServFail, Insecure, 2), with(NoData, Insecure, 1), found("issue ca.example", "issuemail ca.example", "issuevmc ca.example"))
	sha1 := func(l Level, of SHA1) *Evidence { l.SHA1 = of; return seen(l) }
	suffix := seen(with(NoData, Secure, 1), with(NoData, Secure, 1), found("issue ;", "issuemail ;", "issuevmc ;"))
	longSuffix := *suffix
	longSuffix.Suffix = 2
	for _, test := range []struct {
		what, profile string
		kind          Kind
		ev            *Evidence
		now, then     string
	}{
		{"issue, no issuemail", "w-issue-for-mail", SMIME, seen(found("issue other.example")), "true no-relevant-property", "false not-authorized"},
		{"issuemail goes first", "w-issue-for-mail", SMIME, seen(found("issue ;", "issuemail ca.example")), "true authorized", "true authorized"},
		{"no bearing on TLS", "w-issue-for-mail", TLS, seen(found("issuemail ;")), "true no-relevant-property", "true no-relevant-property"},
		{"no bearing on marks", "w-issue-for-mail", VMC, seen(found("issue ;")), "true no-relevant-property", "true no-relevant-property"},
		{"C2: a set at the TLD", "w-psl-stop", TLS, suffix, "false explicit-deny", "true no-caa"},
		{"C2: for mail", "w-psl-stop", SMIME, suffix, "false explicit-deny", "true no-caa"},
		{"C2: for marks", "w-psl-stop", VMC, suffix, "false explicit-deny", "true no-caa"},
		{"C2: a failure at the TLD", "w-psl-stop", TLS, seen(with(NoData, Secure, 1), with(NoData, Secure, 1), with(Timeout, Secure, 3)), "false lookup-failure-signed", "true no-caa"},
		{"C2: the suffix not known: at least two labels", "w-psl-stop", TLS, &Evidence{Labels: 3, Levels: suffix.Levels}, "false explicit-deny", "true no-caa"},
		{"C2: a suffix of two labels", "w-psl-stop", TLS, &Evidence{Labels: 3, Suffix: 2, Levels: []Level{with(NoData, Secure, 1), found("issue ;")}}, "false explicit-deny", "true no-caa"},
		{"C2: below it all is as before", "w-psl-stop", TLS, seen(with(NoData, Secure, 1), found("issue ;")), "false explicit-deny", "false explicit-deny"},
		{"C2: the name is itself a suffix", "w-psl-stop", TLS, &Evidence{Labels: 1, Suffix: 1, Levels: []Level{found("issue ;")}}, "false explicit-deny", "false explicit-deny"},
		{"C2: of two labels", "w-psl-stop", TLS, &Evidence{Labels: 2, Suffix: 2, Levels: []Level{with(NoData, Secure, 1), found("issue ;")}}, "false explicit-deny", "true no-caa"},
		{"C2: the climb ended too soon", "w-psl-stop", TLS, &Evidence{Labels: 3, Suffix: 1, Levels: []Level{with(NoData, Secure, 1)}}, "unknown not-stored", "unknown not-stored"},
		{"C15: a failure in a zone signed by SHA-1", "w-no-sha1", TLS, sha1(with(Timeout, Secure, 2), SHA1Only), "false lookup-failure-signed", "unknown lookup-failure-insecure"},
		{"C15: in one signed better", "w-no-sha1", TLS, sha1(with(Timeout, Secure, 2), SHA1Avoided), "false lookup-failure-signed", "false lookup-failure-signed"},
		{"C15: not known", "w-no-sha1", SMIME, sha1(with(Timeout, Secure, 2), SHA1NotKnown), "false lookup-failure-signed", "unknown lookup-failure-signed"},
		{"C15: bogus by SHA-1 would have been used", "w-no-sha1", TLS, sha1(with(BogusData, Bogus, 2), SHA1Only), "false dnssec-bogus", "unknown dnssec-bogus"},
		{"C15: bogus by better", "w-no-sha1", VMC, sha1(with(BogusData, Bogus, 2), SHA1Avoided), "false dnssec-bogus", "false dnssec-bogus"},
		{"C15: the chain stays unsupported where it cannot be had", "w-no-sha1", TLS, sha1(with(Timeout, Indeterminate, 2), SHA1Only), "false lookup-failure-indeterminate", "unknown lookup-failure-insecure"},
		{"C15: a set binds either way", "w-no-sha1", TLS, sha1(Level{Outcome: Found, Security: Secure, Set: found("issue ;").Set}, SHA1Only), "false explicit-deny", "false explicit-deny"},
		{"C5: flag 1", "w-critical-lsb", TLS, seen(found("1 tbs x")), "true no-relevant-property", "false unknown-critical"},
		{"C5: on a known tag", "w-critical-lsb", TLS, seen(found("1 issue ca.example")), "true authorized", "true authorized"},
		{"C5: another flag", "w-critical-lsb", SMIME, seen(found("2 tbs x")), "true no-relevant-property", "true no-relevant-property"},
		{"C5: flag 128 still", "w-critical-lsb", VMC, seen(found("128 tbs x")), "false unknown-critical", "false unknown-critical"},
		{"no choice", "w-failure-deny", TLS, insecure, "unknown lookup-failure-insecure", "false lookup-failure-insecure"},
		{"no choice, for mail", "w-failure-deny", SMIME, seen(with(Timeout, Insecure, 2)), "unknown lookup-failure-insecure", "false lookup-failure-insecure"},
		{"what is undefined stays so", "w-failure-deny", SMIME, seen(with(Timeout, Indeterminate, 2)), "unknown lookup-failure-indeterminate", "unknown lookup-failure-indeterminate"},
		{"C3: a set above the failure", "w-failure-continue", TLS, insecure, "unknown lookup-failure-insecure", "true authorized"},
		{"C3: for mail", "w-failure-continue", SMIME, insecure, "unknown lookup-failure-insecure", "true authorized"},
		{"C3: one that denies", "w-failure-continue", TLS, seen(with(Timeout, Insecure, 2), found("issue ;")), "unknown lookup-failure-insecure", "false explicit-deny"},
		{"C3: nothing above", "w-failure-continue", TLS, seen(with(Timeout, Insecure, 2)), "unknown lookup-failure-insecure", "true lookup-failure-insecure"},
		{"C3: two failures", "w-failure-continue", TLS, seen(with(Timeout, Insecure, 2), with(ServFail, Secure, 2)), "unknown lookup-failure-insecure", "false lookup-failure-signed"},
		{"C3: the scan stopped there", "w-failure-continue", TLS, &Evidence{Labels: 3, Levels: []Level{with(Timeout, Insecure, 2)}}, "unknown lookup-failure-insecure", "unknown lookup-failure-insecure"},
		{"C3: not retried", "w-failure-continue", TLS, seen(with(Timeout, Insecure, 1)), "false lookup-failure-unretried", "false lookup-failure-unretried"},
		{"C17: RFC 8657 on issuemail", "w-8657-mail", SMIME, seen(found("issuemail ca.example; accounturi=https://ca.example/2")), "true authorized", "false param-accounturi"},
		{"C17: nothing new for TLS", "w-8657-mail", TLS, seen(found("issue ca.example; accounturi=https://ca.example/2")), "true authorized", "true authorized"},
	} {
		now, _ := BuiltIn().ForTime(test.kind, BuiltIn().now)
		if d := Decide(test.ev, ours(test.kind), now); brief(d) != test.now {
			t.Errorf("%s: now, for %v: got %s, want %s", test.what, test.kind, brief(d), test.now)
		}
		if d := Decide(test.ev, ours(test.kind), profile(t, test.profile, test.kind)); brief(d) != test.then {
			t.Errorf("%s: %s for %v: got %s, want %s", test.what, test.profile, test.kind, brief(d), test.then)
		}
	}
}

// What the profiles of CAs do at the disputed points, where that is not in the table, against the rule of today.
func TestDisputedPoints(t *testing.T) {
	empty, gone := with(NoData, Insecure, 2), with(NXDomain, Insecure, 2)
	us := found("issue ca.example")
	truncated := us
	truncated.Truncated = true
	badData := us
	badData.Outcome, badData.Attempts = BadRData, 2
	for _, test := range []struct {
		point                      string
		ev                         *Evidence
		now, boulder, mpic, strict string
	}{
		{"C1: NXDOMAIN for the TLD", seen(gone, gone, gone), "true no-caa", "false lookup-failure-insecure", "true no-caa", "true no-caa"},
		{"C1: for a name above", seen(gone, gone, empty), "true no-caa", "true no-caa", "true no-caa", "true no-caa"},
		{"C2: a set at the TLD", seen(empty, empty, us), "true authorized", "true authorized", "true authorized", "true authorized"},
		{"C3, C4: SERVFAIL, insecure", seen(with(ServFail, Insecure, 2), us), "unknown lookup-failure-insecure", "false lookup-failure-insecure", "unknown lookup-failure-insecure", "false lookup-failure-insecure"},
		{"C5: flag 1 on an unknown tag", seen(found("1 tbs x")), "true no-relevant-property", "false unknown-critical", "true no-relevant-property", "true no-relevant-property"},
		{"C6: issuer in capitals", seen(found("issue CA.example")), "true authorized", "false not-authorized", "true authorized", "true authorized"},
		{"C7: hyphen in a parameter's name", seen(found("issue ca.example; a-b=c")), "true authorized", "false malformed-deny", "true authorized", "true authorized"},
		{"C8: critical contactemail", seen(found("128 contactemail a@example", "issue ca.example")), "true authorized", "false unknown-critical", "true authorized", "true authorized"},
		{"C8: critical contactphone", seen(found("128 contactphone +1", "issue ca.example")), "true authorized", "false unknown-critical", "true authorized", "true authorized"},
		{"C8: critical issuevmc", seen(found("128 issuevmc ;", "issue ca.example")), "true authorized", "true authorized", "false unknown-critical", "true authorized"},
		{"C9: accounturi", seen(found("issue ca.example; accounturi=https://ca.example/2")), "true authorized", "false param-accounturi", "true authorized", "true authorized"},
		{"C11: parameter in capitals", seen(found("issue ca.example; AccountURI=https://ca.example/2")), "true authorized", "true authorized", "true authorized", "true authorized"},
		{"C12: methods twice", seen(found("issue ca.example; validationmethods=dns-01; validationmethods=dns-01")), "true authorized", "false param-unsatisfiable", "true authorized", "true authorized"},
		{"C13: stray semicolon", seen(found("issue ca.example;;")), "false malformed-deny", "false malformed-deny", "false malformed-deny", "false malformed-deny"},
		{"C14: a record that cannot be read", seen(badData), "unknown lookup-failure-insecure", "false lookup-failure-insecure", "unknown lookup-failure-insecure", "false lookup-failure-insecure"},
		{"C18: critical security", seen(found("128 security methods=dnssec", "issue ca.example")), "false unknown-critical", "false unknown-critical", "false unknown-critical", "false unknown-critical"},
		{"C21: truncated, TCP completed", seen(truncated), "true authorized", "false lookup-failure-insecure", "true authorized", "true authorized"},
		{"C22: no second try", seen(with(Timeout, Insecure, 1)), "false lookup-failure-unretried", "false lookup-failure-insecure", "unknown lookup-failure-insecure", "false lookup-failure-insecure"},
	} {
		for name, want := range map[string]string{"tls-2026-06": test.now, "le-boulder": test.boulder, "open-mpic": test.mpic, "strict": test.strict} {
			req := ours(TLS)
			req.AccountURIs, req.Methods = []string{"https://ca.example/1"}, []string{"dns-01"}
			if d := Decide(test.ev, req, profile(t, name, TLS)); brief(d) != want {
				t.Errorf("%s under %s: got %s, want %s", test.point, name, brief(d), want)
			}
		}
	}
}

// The other side of those disputed points that no profile built in takes: a profile of one's own does.
func TestOtherSides(t *testing.T) {
	badData := found("issue ca.example")
	badData.Outcome, badData.Attempts = BadRData, 2
	noneReadable := with(BadRData, Insecure, 2)
	noneReadable.Set = &Set{}
	for _, test := range []struct {
		point, key string
		kind       Kind
		ev         *Evidence
		want       string
	}{
		{"C10: labels are folded", "method-case: fold", TLS, seen(found("issue ca.example; validationmethods=DNS-01")), "true authorized"},
		{"C10: they are not", "method-case: exact", TLS, seen(found("issue ca.example; validationmethods=DNS-01")), "false param-validationmethods"},
		{"C11: names of parameters are exact", "parameter-case: exact", TLS, seen(found("issue ca.example; ValidationMethods=x")), "true authorized"},
		{"C11: they are folded", "parameter-case: fold", TLS, seen(found("issue ca.example; ValidationMethods=x")), "false param-validationmethods"},
		{"C12: one of two lists fits", "repeated-methods: any", TLS, seen(found("issue ca.example; validationmethods=x; validationmethods=dns-01")), "true authorized"},
		{"C12: in the other order", "repeated-methods: any", TLS, seen(found("issue ca.example; validationmethods=dns-01; validationmethods=x")), "true authorized"},
		{"C12: none does", "repeated-methods: any", TLS, seen(found("issue ca.example; validationmethods=x; validationmethods=y")), "false param-validationmethods"},
		{"C12: an ill-formed label", "ill-formed-method: skip", TLS, seen(found("issue ca.example; validationmethods=a_b,,dns-01")), "true authorized"},
		{"C12: ill-formed labels only", "ill-formed-method: skip", TLS, seen(found("issue ca.example; validationmethods=,")), "false param-unsatisfiable"},
		{"C13: stray semicolons", "stray-semicolon: accept", TLS, seen(found("issue CA.example; ;;validationmethods=dns-01;")), "true authorized"},
		{"C13: with parameters that count", "stray-semicolon: accept", TLS, seen(found("issue ca.example;;validationmethods=x;")), "false param-validationmethods"},
		{"C13: nobody", "stray-semicolon: accept", TLS, seen(found("issue ;;")), "false explicit-deny"},
		{"C13: otherwise the grammar holds", "stray-semicolon: accept", TLS, seen(found("issue ca.example;; x")), "false malformed-deny"},
		{"C13: also before the first", "stray-semicolon: accept", TLS, seen(found("issue ca.example x;;")), "false malformed-deny"},
		{"C14: skip the record", "unreadable-record: skip", TLS, seen(badData), "true authorized"},
		{"C14: none is left, but there is a set (R1.4)", "unreadable-record: skip", TLS, seen(noneReadable, found("issue ;")), "true no-relevant-property"},
		{"C14: what is left is not stored", "unreadable-record: skip", TLS, seen(with(BadRData, Insecure, 2)), "unknown lookup-failure-insecure"},
		{"C18: security is known", "known-tags: [issue, issuewild, issuemail, issuevmc, Security]", TLS, seen(found("128 SECURITY x", "issue ca.example")), "true authorized"},
		{"C22: three tries", "tries: 3", TLS, seen(with(Timeout, Insecure, 2)), "false lookup-failure-unretried"},
		{"C24: not against mail", "critical-kinds: [tls, tls-wildcard]", SMIME, seen(found("128 tbs x", "issuemail ca.example")), "true authorized"},
		{"C24: against TLS", "critical-kinds: [tls, tls-wildcard]", TLSWildcard, seen(found("128 tbs x", "issue ca.example")), "false unknown-critical"},
		{"C25: a parent account", "parent-account: accept", TLS, seen(found("issue ca.example; accounturi=https://ca.example/parent")), "true authorized"},
		{"C25: none", "parent-account: refuse", TLS, seen(found("issue ca.example; accounturi=https://ca.example/parent")), "false param-accounturi"},
		{"a SHOULD for all a set can say", "empty-issuer: undefined", TLS, seen(found("issue ;")), "unknown explicit-deny"},
		{"a SHOULD", "malformed-only: undefined", TLS, seen(found("issue x y")), "unknown malformed-deny"},
		{"a SHOULD", "unknown-critical: undefined", TLS, seen(found("128 tbs x")), "unknown unknown-critical"},
		{"a SHOULD", "mismatch: undefined", TLS, seen(found("issue ca.example; accounturi=x")), "unknown param-unsatisfiable"},
	} {
		rules, err := ReadProfiles("own.yaml", []byte("profiles: [{name: own, base: now, "+test.key+"}]"), BuiltIn())
		if err != nil {
			t.Fatal(err)
		}
		p, ok := rules.ByName("own", test.kind)
		if !ok {
			t.Fatalf("%s: no profile", test.point)
		}
		req := ours(test.kind)
		req.HonoursRFC8657 = true
		req.AccountURIs, req.Methods = []string{"https://ca.example/1", "https://ca.example/parent"}, []string{"dns-01", "ca-tbr-7"}
		if d := Decide(test.ev, req, p); brief(d) != test.want {
			t.Errorf("%s: got %s, want %s", test.point, brief(d), test.want)
		}
	}
}
