package caa

import (
	"strings"
	"testing"
	"time"
)

// The form of profiles.yaml is that of a user's file: one that stands for itself, with every key.
const ownProfile = `
now: 2026-11-21
profiles:
  - name: whole # a comment
    from: 2028-01-01
    binding: true
    source: >
      our own
      policy
    note: "quoted"
    tags:
      tls: [issue]
      tls-wildcard: [issuewild, issue]
    known-tags: [issue, issuewild]
    critical-flags: 129
    critical-kinds: [tls]
    alias-climb: targets
    climb-to: below-suffix
    tld-nxdomain: failure
    truncation: failure
    unreadable-record: skip
    sha1: unsupported
    servfail-signed: deny
    timeout-signed: choice
    servfail-insecure: continue
    timeout-insecure: undefined
    indeterminate: choice
    bogus: deny
    tries: 3
    one-try: deny
    failure-reason: plain
    mismatch: deny
    empty-issuer: undefined
    malformed-only: deny
    unknown-critical: undefined
    issuer-case: exact
    parameter-hyphen: refuse
    stray-semicolon: accept
    rfc8657: {issue: must, issuewild: per-ca}
    parameter-case: exact
    method-case: fold
    repeated-methods: any
    ill-formed-method: skip
    parent-account: accept
    dns-operator: may-skip
    mpic:
      - from: 2028-01-01
        remotes: 5
        regions: 2
        binding: true
`

func TestReadProfiles(t *testing.T) {
	rules, err := ReadProfiles("own.yaml", []byte(ownProfile), nil)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	p, ok := rules.ForTime(TLSWildcard, day)
	if !ok || len(rules.Profiles()) != 1 {
		t.Fatalf("%v", rules.Profiles())
	}
	for what, good := range map[string]bool{
		"name": p.Name == "whole", "from": p.From.Equal(day), "binding": p.Binding, "source": p.Source == "our own policy", "note": p.Note == "quoted",
		"tags":       p.Covers(TLS) && len(p.Governing[TLSWildcard]) == 2 && p.Governing[TLSWildcard][0] == TagIssueWild && !p.Covers(SMIME) && !p.Covers(VMC),
		"known-tags": len(p.KnownTags) == 2, "critical-flags": p.CriticalFlags == 129, "critical-kinds": p.CriticalKinds == [Kinds]bool{TLS: true},
		"alias-climb": p.AliasTargets, "climb-to": p.BelowSuffix, "tld-nxdomain": p.TLDMustExist, "truncation": p.UDPOnly,
		"unreadable-record": p.SkipBadRData, "sha1": p.SHA1Unsupported,
		"failures": p.Failures == [states][2]Effect{{Deny, Choice}, {Continue, Undefined}, {Choice, Choice}},
		"bogus":    p.Bogus == Deny, "tries": p.Tries == 3, "one-try": p.TooFewTries == Deny, "failure-reason": p.PlainReason,
		"mismatch": p.Mismatch == Deny, "empty-issuer": p.EmptyIssuer == Undefined, "malformed-only": p.MalformedOnly == Deny, "unknown-critical": p.UnknownCritical == Undefined,
		"issuer-case": p.ExactIssuer, "parameter-hyphen": p.NoParamHyphens, "stray-semicolon": p.StraySemicolon,
		"rfc8657":        p.RFC8657 == [Kinds]Duty{Must, PerCA},
		"parameter-case": p.ExactParamName, "method-case": p.FoldMethods, "repeated-methods": p.RepeatedMethods, "ill-formed-method": p.SkipIllFormed,
		"parent-account": p.ParentAccount, "dns-operator": p.OperatorException,
		"mpic": len(p.MPIC) == 1 && p.MPIC[0] == MPIC{From: day, Remotes: 5, Regions: 2, Binding: true},
	} {
		if !good {
			t.Errorf("%s: %+v", what, p)
		}
	}
}

// A file of one's own beside those built in.
func TestOwnProfiles(t *testing.T) {
	rules, err := ReadProfiles("own.yaml", []byte(`
profiles:
  - {name: tls-2029-03, base: tls-2027-03, from: 2029-03-15, binding: true, source: a ballot to come, timeout-insecure: deny}
  - {name: ours, base: tls-2029-03, rfc8657: {issuewild: none}}
  - {name: strict, base: strict, note: stricter, tries: 9}
  - {name: w-tries, base: now, tries: 4}
`), BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	p, _ := rules.ForTime(TLS, time.Date(2029, 3, 15, 0, 0, 0, 0, time.UTC))
	if p.Name != "tls-2029-03" || p.Failures[stateInsecure] != [2]Effect{Choice, Deny} || p.RFC8657[0] != Must || !p.ParentAccount || p.Note != "" {
		t.Errorf("the rule to come: %+v", p)
	}
	if before, _ := rules.ForTime(TLS, time.Date(2029, 3, 14, 0, 0, 0, 0, time.UTC)); before.Name != "tls-2027-03" {
		t.Errorf("the rule before: %s", before.Name)
	}
	if ours, _ := rules.ByName("ours", TLS); ours.Binding || !ours.From.IsZero() || ours.RFC8657 != [Kinds]Duty{Must, Ignored} {
		t.Errorf("a derived profile binds nobody: %+v", ours)
	}
	if strict, _ := rules.ByName("strict", VMC); strict.Tries != 9 {
		t.Errorf("one's own goes first: %+v", strict)
	}
	if old, _ := BuiltIn().ByName("strict", VMC); old.Tries != 2 {
		t.Errorf("those built in have changed: %+v", old)
	}
	for kind, want := range map[Kind]string{TLS: "ballots SC98v2", TLSWildcard: "ballots SC98v2", SMIME: "ballot SMC014", VMC: "mark"} {
		if p, ok := rules.ByName("w-tries", kind); !ok || p.Tries != 4 || !strings.HasPrefix(p.Source, want) {
			t.Errorf("a what-if for %v: %+v", kind, p)
		}
	}
	if _, ok := rules.ByName("no such", TLS); ok {
		t.Error("a profile of no name")
	}
	if names := rules.Names(); names[0] != "tls-2029-03" || len(names) != len(BuiltIn().Names())+3 {
		t.Errorf("names %v", names)
	}
}

// Errors say file, line, profile and key, and what would be right.
func TestReadProfilesErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"profiles:\n  - name: a\n    base: strict\n    bogus: permit\n", `own.yaml:4: profile "a": bogus: "permit" is none of deny, undefined`},
		{"profiles:\n  - name: a\n    base: strict\n    bogus: choice\n", `own.yaml:4: profile "a": bogus: "choice" is none of deny, undefined`},
		{"profiles:\n  - name: a\n    base: strict\n    servfail-signed: maybe\n", `own.yaml:4: profile "a": servfail-signed: "maybe" is none of choice, continue, deny, undefined`},
		{"profiles:\n  - name: a\n    base: strict\n    colour: red\n", `own.yaml:4: profile "a": no key is called "colour"`},
		{"profiles:\n  - name: a\n    base: nowhere\n", `profile "a": base: no profile "nowhere" before it`},
		{"profiles:\n  - name: a\n    base: b\n  - name: b\n    base: strict\n", `profile "a": base: no profile "b" before it`},
		{"profiles:\n  - name: a\n    base: strict\n  - name: a\n    base: strict\n", `own.yaml:4: profile "a": the name stands twice`},
		{"profiles:\n  - base: strict\n", "own.yaml:2: a profile needs a name"},
		{"profiles:\n  - {name: now, base: strict}\n", "a profile needs a name"},
		{"profiles:\n  - {name: a b, base: strict}\n", "a profile needs a name"},
		{"profiles:\n  - name: a\n    bogus: deny\n", `profile "a": alias-climb is missing, and there is no base to take it from`},
		{"profiles:\n  - {name: a, base: strict, binding: true}\n", `profile "a": from is missing, and it is binding`},
		{"profiles:\n  - {name: a, base: strict, source: ''}\n", `profile "a": source is missing`},
		{"profiles:\n  - {name: a, base: strict, from: yesterday}\n", `from: "yesterday" is no day like 2026-06-16`},
		{"profiles:\n  - {name: a, base: strict, from: 2026-02-30}\n", `from: "2026-02-30" is no day`},
		{"profiles:\n  - {name: a, base: strict, tries: 300}\n", `tries: "300" is no number from 0 to 255`},
		{"profiles:\n  - {name: a, base: strict, critical-flags: 0}\n", `critical-flags: "0" is no number from 1 to 255`},
		{"profiles:\n  - {name: a, base: strict, tags: {tls: [iodef]}}\n", `tags: "iodef" is none of issue, issuewild`},
		{"profiles:\n  - {name: a, base: strict, tags: {ssl: [issue]}}\n", `tags: "ssl" is none of tls, tls-wildcard, smime, vmc`},
		{"profiles:\n  - {name: a, base: strict, tags: {tls: issue}}\n", `tags: not a list`},
		{"profiles:\n  - {name: a, base: strict, tags: [tls]}\n", `tags: not a mapping`},
		{"profiles:\n  - {name: a, base: le-boulder, tags: {tls: [], tls-wildcard: []}}\n", `profile "a": tags: there are none`},
		{"profiles:\n  - {name: a, base: strict, known-tags: [issue]}\n", `profile "a": known-tags: issuewild governs`},
		{"profiles:\n  - {name: a, base: strict, known-tags: [issue_]}\n", `known-tags: "issue_" is no tag`},
		{"profiles:\n  - {name: a, base: strict, known-tags: [issue, issue]}\n", `known-tags: "issue" stands twice`},
		{"profiles:\n  - {name: a, base: strict, critical-kinds: [mail]}\n", `critical-kinds: "mail" is none of`},
		{"profiles:\n  - {name: a, base: strict, rfc8657: {iodef: must}}\n", `rfc8657: "iodef" is none of`},
		{"profiles:\n  - {name: a, base: strict, rfc8657: {issue: always}}\n", `rfc8657: "always" is none of must, none, per-ca, should`},
		{"profiles:\n  - {name: a, base: strict, mpic: 2}\n", `mpic: not a list`},
		{"profiles:\n  - {name: a, base: strict, mpic: [{from: 2026-01-01}]}\n", `mpic: remotes is missing`},
		{"profiles:\n  - {name: a, base: strict, mpic: [{from: 2026-01-01, remotes: 2}, {from: 2026-01-01, remotes: 3}]}\n", `mpic: from: phases stand in order`},
		{"profiles:\n  - {name: a, base: strict, mpic: [{remote: 2}]}\n", `mpic: no key is called "remote"`},
		{"profiles:\n  - {name: a, base: strict, note: [x]}\n", `note: not a word, a number or a text`},
		{"profiles:\n  - {name: a, base: strict, note: &x y}\n", `note: not a word, a number or a text`},
		{"profiles:\n  - strict\n", "own.yaml:2: not a mapping"},
		{"profiles: strict\n", "own.yaml:1: profiles: not a list"},
		{"- profiles\n", "own.yaml:1: not a mapping"},
		{"now: never\n", `own.yaml:1: "never" is no day`},
		{"rules: []\n", `own.yaml:1: no key is called "rules"`},
		{"profiles: [\n", "own.yaml: "},
		{strings.Repeat("#", maxProfiles+1), "own.yaml: larger than"},
	} {
		_, err := ReadProfiles("own.yaml", []byte(test.text), BuiltIn())
		if err == nil || !strings.HasPrefix(err.Error(), "own.yaml:") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.100q: got %v, want %s", test.text, err, test.want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "now: 2026-01-01\n", "profiles: []\n", "---\n---\n"} {
		rules, err := ReadProfiles("own.yaml", []byte(text), BuiltIn())
		if err != nil || len(rules.Profiles()) != len(BuiltIn().Profiles()) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A file from anywhere is read or refused; what was read decides without panic and never lets bogus data pass.
func FuzzReadProfiles(f *testing.F) {
	f.Add(ownProfile)
	f.Add("profiles: [{name: a, base: now, tries: 3, mpic: [{from: 2026-01-01, remotes: 2}]}]")
	f.Add("profiles:\n- name: a\n  base: strict\n  note: |\n   x\n")
	f.Add("a: &a [*a]\n<<: *a\n? x\n: y\n")
	f.Add("---\n...\n%YAML 1.2\n--- !!map {}\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ReadProfiles("own.yaml", []byte(text), BuiltIn())
		if err != nil {
			if !strings.HasPrefix(err.Error(), "own.yaml:") {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, p := range rules.Profiles()[:len(rules.Profiles())-len(BuiltIn().Profiles())] {
			for kind := range Kind(Kinds) {
				req := ours(kind)
				req.OnFailure = PermitOnFailure
				if d := Decide(seen(with(BogusData, Bogus, 2)), req, p); d.Permitted == Yes {
					t.Fatalf("%+v permits bogus data", p)
				}
				Decide(seen(found("issue ca.example; a-b=c;; accounturi=x")), req, p)
			}
		}
	})
}
