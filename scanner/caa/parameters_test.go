package caa

import (
	"strings"
	"testing"
)

// R2.17 and R2.18, for a CA that honours RFC 8657 under the rule of today; the asking account and the method in use are
// account 1 and dns-01, which BR calls DNS Change, too.
func TestParameters(t *testing.T) {
	const one, two = "accounturi=https://ca.example/1", "accounturi=https://ca.example/2"
	account := []string{"https://ca.example/1", "https://ca.example/parent"}
	methods := []string{"dns-01", "ca-tbr-7"}
	for _, test := range []struct {
		rule     string
		accounts []string
		methods  []string
		set      []string
		want     string
	}{
		{"R2.17: the asking account", account, methods, []string{"issue ca.example; " + one}, "true authorized"},
		{"R2.17: another account", account, methods, []string{"issue ca.example; " + two}, "false param-accounturi"},
		{"R2.17: no account", nil, methods, []string{"issue ca.example; " + one}, "false param-accounturi"},
		{"C25: a parent of the account", account, methods, []string{"issue ca.example; accounturi=https://ca.example/parent"}, "false param-accounturi"},
		{"R2.17: URIs are compared whole", account, methods, []string{"issue ca.example; accounturi=https://ca.example/10"}, "false param-accounturi"},
		{"R2.17: and octet by octet", account, methods, []string{"issue ca.example; accounturi=https://CA.example/1"}, "false param-accounturi"},
		{"R2.18: acct URIs", []string{"acct:17@ca.example"}, methods, []string{"issue ca.example; accounturi=acct:17@ca.example"}, "true authorized"},
		{"R2.17: invalid: empty", account, methods, []string{"issue ca.example; accounturi="}, "false param-unsatisfiable"},
		{"R2.17: invalid: no scheme", account, methods, []string{"issue ca.example; accounturi=1"}, "false param-unsatisfiable"},
		{"R2.17: invalid: a scheme of digits", account, methods, []string{"issue ca.example; accounturi=1:x"}, "false param-unsatisfiable"},
		{"R2.17: invalid: characters", account, methods, []string{`issue ca.example; accounturi=https://ca.example/"1"`}, "false param-unsatisfiable"},
		{"R2.17: twice can never fit", account, methods, []string{"issue ca.example; " + one + "; " + two}, "false param-unsatisfiable"},
		{"R2.17: not even the same", account, methods, []string{"issue ca.example; " + one + "; " + one}, "false param-unsatisfiable"},
		{"R2.17: different records add up", account, methods, []string{"issue ca.example; " + two, "issue ca.example; " + one}, "true authorized"},
		{"R2.17: a record without parameters", account, methods, []string{"issue ca.example; " + two, "issue ca.example"}, "true authorized"},
		{"R2.17: of another issuer", account, methods, []string{"issue ca.example; " + two, "issue other.example; " + one}, "false param-accounturi"},
		{"C11: the name's case is folded", account, methods, []string{"issue ca.example; AccountURI=https://ca.example/2"}, "false param-accounturi"},

		{"R2.17: the method in use", account, methods, []string{"issue ca.example; validationmethods=dns-01"}, "true authorized"},
		{"R2.17: in a list", account, methods, []string{"issue ca.example; validationmethods=http-01,dns-01"}, "true authorized"},
		{"R2.17: not in it", account, methods, []string{"issue ca.example; validationmethods=http-01,tls-alpn-01"}, "false param-validationmethods"},
		{"R2.17: no method", account, nil, []string{"issue ca.example; validationmethods=dns-01"}, "false param-validationmethods"},
		{"R2.17: an empty list fits nothing", account, methods, []string{"issue ca.example; validationmethods="}, "false param-unsatisfiable"},
		{"R2.17: unknown labels are skipped", account, methods, []string{"issue ca.example; validationmethods=x-99,dns-01,zzz"}, "true authorized"},
		{"R2.17: a label of the CA's own", account, []string{"ca-voice"}, []string{"issue ca.example; validationmethods=ca-voice"}, "true authorized"},
		{"R2.18: several labels for one method", account, methods, []string{"issue ca.example; validationmethods=ca-tbr-7"}, "true authorized"},
		{"R2.18: another sub-number", account, methods, []string{"issue ca.example; validationmethods=ca-tbr-17"}, "false param-validationmethods"},
		{"C10: case", account, methods, []string{"issue ca.example; validationmethods=DNS-01"}, "false param-validationmethods"},
		{"R2.17: labels are compared whole", account, methods, []string{"issue ca.example; validationmethods=dns-0,dns-011"}, "false param-validationmethods"},
		{"C12: twice", account, methods, []string{"issue ca.example; validationmethods=dns-01; validationmethods=dns-01"}, "false param-unsatisfiable"},
		{"C12: an ill-formed label", account, methods, []string{"issue ca.example; validationmethods=dns-01,a_b"}, "false param-unsatisfiable"},
		{"C12: an empty label", account, methods, []string{"issue ca.example; validationmethods=dns-01,"}, "false param-unsatisfiable"},
		{"R2.8: blanks in the list make the value malformed", account, methods, []string{"issue ca.example; validationmethods=dns-01, http-01"}, "false malformed-deny"},

		{"both fit", account, methods, []string{"issue ca.example; " + one + "; validationmethods=dns-01"}, "true authorized"},
		{"the account does not", account, methods, []string{"issue ca.example; " + two + "; validationmethods=dns-01"}, "false param-accounturi"},
		{"the method does not", account, methods, []string{"issue ca.example; validationmethods=x; " + one}, "false param-validationmethods"},
		{"neither does", account, methods, []string{"issue ca.example; validationmethods=x; " + two}, "false param-accounturi"},
		{"one can never", account, methods, []string{"issue ca.example; validationmethods=; " + two}, "false param-unsatisfiable"},
		{"other parameters", account, methods, []string{"issue ca.example; cansignhttpexchanges=yes; " + one}, "true authorized"},
		{"several records fail: one of the reasons", account, methods,
			[]string{"issue ca.example; validationmethods=", "issue ca.example; validationmethods=x", "issue ca.example; " + two}, "false param-accounturi"},
		{"rather than that another issuer is named", account, methods, []string{"issue other.example", "issue ca.example; " + two}, "false param-accounturi"},
	} {
		for _, kind := range []Kind{TLS, TLSWildcard} { // on issue and issuewild (R2.17)
			req := &Request{Kind: kind, Issuers: []string{"ca.example"}, AccountURIs: test.accounts, Methods: test.methods, HonoursRFC8657: true}
			set := append([]string(nil), test.set...)
			for i := range set {
				set[i] = strings.Replace(set[i], "issue ", kindWord[kind]+" ", 1)
			}
			if d := Decide(seen(found(set...)), req, profile(t, "tls-2026-06", kind)); brief(d) != test.want {
				t.Errorf("%s: %q: got %s, want %s", test.rule, set, brief(d), test.want)
			}
		}
	}
}

// R3.7: who processes parameters, by profile and CA.
func TestDuty(t *testing.T) {
	for _, test := range []struct {
		duty    Duty
		honours bool
		want    bool
	}{
		{Ignored, false, false}, {Ignored, true, false}, {PerCA, false, false}, {PerCA, true, true},
		{Should, false, false}, {Should, true, true}, {Must, false, true}, {Must, true, true},
	} {
		if got := test.duty.binds(&Request{HonoursRFC8657: test.honours}); got != test.want {
			t.Errorf("duty %d, honours %v: %v", test.duty, test.honours, got)
		}
	}
}
