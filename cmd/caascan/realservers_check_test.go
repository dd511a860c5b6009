package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/caascan/caascan/output"
)

// checkCase is one question to caascan check --issuer ca.example, and the answer.
type checkCase struct {
	rule    string // of the spec, and what is special
	zone    string // that holds the records
	records string // in the form of zone files, " | " between them
	flags   string // beyond --issuer and, but for with --at, --at checkDay
	name    string

	want    string // permitted, reason, profile
	at      string // relevant name; with "-> owner" if the set has another one; "" if there is no set
	climb   string // outcome and security of each level, from the name upwards
	posture string // tls, tls_wildcard, smime, vmc
}

// checkDay is the day of which the cases are: "now" in the spec's profile table.
const checkDay = "2026-11-21T00:00:00Z"

const (
	absentAll = "absent absent absent absent"
	errorAll  = "error error error error"
	nothing   = "not-applicable not-applicable not-applicable not-applicable"
	wildNone  = "restricted closed open open"
	closedTLS = "closed closed open open"
	mailOnly  = "open open restricted open"
	vmcOnly   = "open open open restricted"

	now       = "tls-2026-06"
	nowMail   = "smime-2026-03"
	insecure3 = "nodata/insecure nodata/insecure nodata/secure" // from a name below a domain without CAA below com
)

// many is a set that does not fit into a datagram (R1.12); the issuer asked about is in the middle of it.
func many() string {
	var records []string
	for i := range manyRecords {
		issuer := fmt.Sprintf("ca%04d.example", i)
		if i == manyRecords/2 {
			issuer = "ca.example"
		}
		records = append(records, "many CAA 0 issue "+issuer)
	}
	return strings.Join(records, " | ")
}

// aliasChain is a chain of so many aliases, from first-1 on, without an end that matters.
func aliasChain(links int) string {
	var records []string
	for i := 1; i <= links; i++ {
		records = append(records, fmt.Sprintf("link-%d CNAME link-%d", i, i+1))
	}
	return strings.Join(records, " | ")
}

// caseClasses are the cases, by what they are about.
var caseClasses = []struct {
	class string
	cases []checkCase
}{
	{"climb", []checkCase{
		{"R1.3 a set at the name", "plain.com", `self CAA 0 issue ca.example`, "", "self.plain.com",
			"true authorized " + now, "self.plain.com", "found/insecure", tlsOnly},
		{"R1.3 a set at the parent", "plain.com", `up CAA 0 issue ca.example | host.up A 192.0.2.1`, "", "host.up.plain.com",
			"true authorized " + now, "up.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.3 names that do not exist are empty levels", "plain.com", `up CAA 0 issue ca.example`, "", "no.such.up.plain.com",
			"true authorized " + now, "up.plain.com", "nxdomain/insecure nxdomain/insecure found/insecure", tlsOnly},
		{"R1.9 empty non-terminals are empty levels", "plain.com", `up CAA 0 issue ca.example | leaf.ent.up A 192.0.2.1`, "", "leaf.ent.up.plain.com",
			"true authorized " + now, "up.plain.com", "nodata/insecure nodata/insecure found/insecure", tlsOnly},
		{"R1.3 the same on BIND", "bind.com", `up CAA 0 issue ca.example | leaf.ent.up A 192.0.2.1`, "", "leaf.ent.up.bind.com",
			"true authorized " + now, "up.bind.com", "nodata/insecure nodata/insecure found/insecure", tlsOnly},
		{"R1.3 no set on the path, the root is not asked", "nocaa.com", `www A 192.0.2.1`, "", "www.nocaa.com",
			"true no-caa " + now, "", insecure3, absentAll},
		{"R1.3 C2 the TLD is asked", "museum", `@ CAA 0 issue tld.example`, "", "www.shop.museum",
			"false not-authorized " + now, "museum", "nxdomain/insecure nodata/insecure found/secure", tlsOnly},
		{"R1.3 the TLD itself", "", "", "", "museum",
			"false not-authorized " + now, "museum", "found/secure", tlsOnly},
		{"C1 a TLD that does not exist is an empty level", "", "", "", "www.nosuchtld",
			"true no-caa " + now, "", "nxdomain/secure nxdomain/secure", absentAll},
		{"R1.4 a set of iodef alone ends the climb", "plain.com", `hide CAA 0 issue other.example | iodef.hide CAA 0 iodef mailto:a@example.net`, "", "iodef.hide.plain.com",
			"true no-relevant-property " + now, "iodef.hide.plain.com", "found/insecure", allOpen},
		{"R1.4 so does one of unknown tags", "plain.com", `tag.hide CAA 0 tbs x`, "", "tag.hide.plain.com",
			"true no-relevant-property " + now, "tag.hide.plain.com", "found/insecure", allOpen},
		{"R1.4 issue below hides issuemail above", "plain.com", `mailup CAA 0 issuemail other.example | sub.mailup CAA 0 issue ";"`, "", "user@sub.mailup.plain.com",
			"true no-relevant-property " + nowMail, "sub.mailup.plain.com", "found/insecure", closedTLS},
		{"R1.5 a closer set is looser", "plain.com", `hide CAA 0 issue other.example | loose.hide CAA 0 issue ca.example`, "", "loose.hide.plain.com",
			"true authorized " + now, "loose.hide.plain.com", "found/insecure", tlsOnly},
		{"R1.5 a closer set is stricter", "plain.com", `strict.up CAA 0 issue ";"`, "", "strict.up.plain.com",
			"false explicit-deny " + now, "strict.up.plain.com", "found/insecure", closedTLS},
		{"R1.2 U-labels, upper case, a trailing dot", "plain.com", `xn--bcher-kva CAA 0 issue ca.example`, "", "BÜCHER.plain.com.",
			"true authorized " + now, "xn--bcher-kva.plain.com", "found/insecure", tlsOnly},
		{"R1.2 labels with underscores", "plain.com", `_sip._tcp CAA 0 issue ca.example`, "", "_sip._tcp.plain.com",
			"true authorized " + now, "_sip._tcp.plain.com", "found/insecure", tlsOnly},
		{"R1.12 1001 records, over TCP", "plain.com", many(), "", "many.plain.com",
			"true authorized " + now, "many.plain.com", "found/insecure", tlsOnly},
		{"R1.12 the same on BIND", "bind.com", many(), "", "many.bind.com",
			"true authorized " + now, "many.bind.com", "found/insecure", tlsOnly},
	}},
	{"aliases", []checkCase{
		{"R1.6 CNAME within the zone", "plain.com", `cname CNAME target | target CAA 0 issue ca.example`, "", "cname.plain.com",
			"true authorized " + now, "cname.plain.com -> target.plain.com", "found/insecure", tlsOnly},
		{"R1.6 CNAME to a zone of BIND and back", "plain.com", `tour CNAME tour.bind.com. | tour-end CAA 0 issue other.example`, "", "tour.plain.com",
			"false not-authorized " + now, "tour.plain.com -> tour-end.plain.com", "found/insecure", tlsOnly},
		{"R1.6 the other half of it", "bind.com", `tour CNAME tour-end.plain.com.`, "", "tour.bind.com",
			"false not-authorized " + now, "tour.bind.com -> tour-end.plain.com", "found/insecure", tlsOnly},
		{"R1.6 a target without CAA: the climb goes on from the name's own parent", "plain.com",
			`ownup CAA 0 issue ca.example | alias.ownup CNAME leaf.tree.plain.com. | tree CAA 0 issue never.example | leaf.tree A 192.0.2.1`, "", "alias.ownup.plain.com",
			"true authorized " + now, "ownup.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.6 the same, to another zone", "plain.com", `out.ownup CNAME www.nocaa.com.`, "", "out.ownup.plain.com",
			"true authorized " + now, "ownup.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.9 a target that does not exist", "plain.com", `dangling.ownup CNAME nosuch.plain.com.`, "", "dangling.ownup.plain.com",
			"true authorized " + now, "ownup.plain.com", "nxdomain/insecure found/insecure", tlsOnly},
		{"R1.6 an ancestor is an alias", "plain.com", `upalias CNAME target | host.upalias A 192.0.2.1`, "", "host.upalias.plain.com",
			"true authorized " + now, "upalias.plain.com -> target.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.7 below a DNAME", "plain.com", `dname DNAME dtarget | dname CAA 0 issue other.example | host.dtarget CAA 0 issue ca.example`, "", "host.dname.plain.com",
			"true authorized " + now, "host.dname.plain.com -> host.dtarget.plain.com", "found/insecure", tlsOnly},
		{"R1.7 the owner of a DNAME has its own", "plain.com", "", "", "dname.plain.com",
			"false not-authorized " + now, "dname.plain.com", "found/insecure", tlsOnly},
		{"R1.7 nothing at the end of a DNAME: its owner is next", "plain.com", "", "", "other.dname.plain.com",
			"false not-authorized " + now, "dname.plain.com", "nxdomain/insecure found/insecure", tlsOnly},
		{"R1.7 DNAME to another zone", "bind.com", `dname DNAME dtarget.plain.com.`, "", "host.dname.bind.com",
			"true authorized " + now, "host.dname.bind.com -> host.dtarget.plain.com", "found/insecure", tlsOnly},
		{"R1.9 aliases in a circle", "plain.com", `loop CNAME pool | pool CNAME loop`, "", "loop.plain.com",
			"false lookup-failure-unretried " + now, "", "loop/insecure", errorAll},
		{"R1.9 too many aliases", "plain.com", aliasChain(30), "", "link-1.plain.com",
			"false lookup-failure-unretried " + now, "", "long_chain/insecure", errorAll},
		{"R1.9 an alias of which the target fails", "plain.com", `todead CNAME www.dead.com.`, "", "todead.plain.com",
			"unknown lookup-failure-insecure " + now, "", "unreachable/insecure", errorAll},
		{"R1.8 the climb of 2017: what it depends on was not asked", "", "", "--profile tls-2017-09", "alias.ownup.plain.com",
			"unknown not-stored tls-2017-09", "ownup.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.8 a target with CAA needs no climb", "", "", "--profile tls-2017-09", "cname.plain.com",
			"true authorized tls-2017-09", "cname.plain.com -> target.plain.com", "found/insecure", tlsOnly},
	}},
	{"wildcards", []checkCase{
		{"R1.11 a DNS wildcard answers for names that are not there", "plain.com", `*.star CAA 0 issue ca.example | exists.star A 192.0.2.1 | star CAA 0 issue other.example`, "", "a.b.star.plain.com",
			"true authorized " + now, "a.b.star.plain.com", "found/insecure", tlsOnly},
		{"R1.11 not for one that is", "plain.com", "", "", "exists.star.plain.com",
			"false not-authorized " + now, "star.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"R1.11 nor below it", "plain.com", "", "", "below.exists.star.plain.com",
			"false not-authorized " + now, "star.plain.com", "nxdomain/insecure nodata/insecure found/insecure", tlsOnly},
		{"R1.11 a request for *.x asks x, not the node *.x", "plain.com", "", "", "*.star.plain.com",
			"false not-authorized " + now, "star.plain.com", "found/insecure", tlsOnly},
		{"R2.11 issuewild goes before issue", "plain.com", `wild CAA 0 issue ca.example | wild CAA 0 issuewild other.example`, "", "*.wild.plain.com",
			"false not-authorized " + now, "wild.plain.com", "found/insecure", "restricted restricted open open"},
		{"R2.11 not for other names", "plain.com", "", "", "wild.plain.com",
			"true authorized " + now, "wild.plain.com", "found/insecure", tlsOnly},
		{"R2.11 issuewild that closes", "plain.com", `nowild CAA 0 issue ca.example | nowild CAA 0 issuewild ";"`, "", "*.nowild.plain.com",
			"false explicit-deny " + now, "nowild.plain.com", "found/insecure", wildNone},
		{"R2.11 a malformed issuewild counts", "plain.com", `badwild CAA 0 issue ca.example | badwild CAA 0 issuewild "%%"`, "", "*.badwild.plain.com",
			"false malformed-deny " + now, "badwild.plain.com", "found/insecure", wildNone},
		{"R2.11 without issuewild issue governs", "", "", "", "*.self.plain.com",
			"true authorized " + now, "self.plain.com", "found/insecure", tlsOnly},
		{"R2.11 issuewild alone does not restrict other names", "plain.com", `wildonly CAA 0 issuewild other.example`, "", "wildonly.plain.com",
			"true no-relevant-property " + now, "wildonly.plain.com", "found/insecure", "open restricted open open"},
		{"R2.11 --for tls-wildcard", "", "", "--for tls-wildcard", "wild.plain.com",
			"false not-authorized " + now, "wild.plain.com", "found/insecure", tlsOnly},
	}},
	{"sets", []checkCase{
		{"R2.2 tags in any case", "plain.com", `mixed TYPE257 \# 17 0005497353754543612e4578616d706c65`, "", "mixed.plain.com",
			"true authorized " + now, "mixed.plain.com", "found/insecure", tlsOnly},
		{"R2.3 a tag of other characters is an unknown one", "plain.com", `oddtag TYPE257 \# 12 00 04 69732d75 63612e65786d`, "", "oddtag.plain.com",
			"true no-relevant-property " + now, "oddtag.plain.com", "found/insecure", allOpen},
		{"R2.4 the generic form", "plain.com", `generic TYPE257 \# 17 00056973737565 63612e6578616d706c65`, "", "generic.plain.com",
			"true authorized " + now, "generic.plain.com", "found/insecure", tlsOnly},
		{"R2.1 reserved bits are ignored", "plain.com", `reserved CAA 127 tbs x | reserved CAA 1 issue ca.example`, "", "reserved.plain.com",
			"true authorized " + now, "reserved.plain.com", "found/insecure", tlsOnly},
		{"C5 under w-critical-lsb flag 1 is critical", "", "", "--profile w-critical-lsb", "reserved.plain.com",
			"false unknown-critical w-critical-lsb", "reserved.plain.com", "found/insecure", tlsOnly},
		{"C5 so it is to Boulder", "", "", "--profile le-boulder", "reserved.plain.com",
			"false unknown-critical le-boulder", "reserved.plain.com", "found/insecure", tlsOnly},
		{"R2.5 a critical unknown property beats a match", "plain.com", `critical CAA 128 tbs x | critical CAA 0 issue ca.example`, "", "critical.plain.com",
			"false unknown-critical " + now, "critical.plain.com", "found/insecure", allBlocked},
		{"R2.5 C24 for mail, too", "", "", "", "user@critical.plain.com",
			"false unknown-critical " + nowMail, "critical.plain.com", "found/insecure", allBlocked},
		{"R2.5 only in the relevant set", "plain.com", `below.critical CAA 0 issue ca.example`, "", "below.critical.plain.com",
			"true authorized " + now, "below.critical.plain.com", "found/insecure", tlsOnly},
		{"R2.5 critical on a known tag changes nothing", "plain.com", `known CAA 128 issue ca.example | known CAA 128 iodef mailto:a@example.net`, "", "known.plain.com",
			"true authorized " + now, "known.plain.com", "found/insecure", tlsOnly},
		{"C8 contactemail is known", "plain.com", `contact CAA 128 contactemail a@example.net`, "", "contact.plain.com",
			"true no-relevant-property " + now, "contact.plain.com", "found/insecure", allOpen},
		{"C8 to Boulder it is not", "", "", "--profile le-boulder", "contact.plain.com",
			"false unknown-critical le-boulder", "contact.plain.com", "found/insecure", allOpen},
		{"R2.7 reserved tags are unknown", "plain.com", `policy CAA 128 policy x`, "", "policy.plain.com",
			"false unknown-critical " + now, "policy.plain.com", "found/insecure", allBlocked},
		{"R2.9 malformed values restrict", "plain.com", `malformed CAA 0 issue "%%%%%"`, "", "malformed.plain.com",
			"false malformed-deny " + now, "malformed.plain.com", "found/insecure", closedTLS},
		{"R2.9 empty and malformed ones", "plain.com", `emptybad CAA 0 issue "" | emptybad CAA 0 issue "a.example b.example"`, "", "emptybad.plain.com",
			"false explicit-deny " + now, "emptybad.plain.com", "found/insecure", closedTLS},
		{"R2.9 do no harm beside a match", "plain.com", `several CAA 0 issue "" | several CAA 0 issue "%" | several CAA 0 issue other.example | several CAA 0 issue ca.example`, "", "several.plain.com",
			"true authorized " + now, "several.plain.com", "found/insecure", tlsOnly},
		{"R2.8 an empty issuer", "plain.com", `closed CAA 0 issue ";"`, "", "closed.plain.com",
			"false explicit-deny " + now, "closed.plain.com", "found/insecure", closedTLS},
		{"C13 a stray semicolon is malformed", "plain.com", `stray CAA 0 issue "ca.example;;"`, "", "stray.plain.com",
			"false malformed-deny " + now, "stray.plain.com", "found/insecure", closedTLS},
		{"R2.10 another issuer", "plain.com", `other CAA 0 issue other.example`, "", "other.plain.com",
			"false not-authorized " + now, "other.plain.com", "found/insecure", tlsOnly},
		{"R2.10 names are compared whole", "plain.com", `whole CAA 0 issue www.ca.example`, "", "whole.plain.com",
			"false not-authorized " + now, "whole.plain.com", "found/insecure", tlsOnly},
		{"R2.10 any of the CA's identifiers", "", "", "--issuer second.example --issuer other.example", "other.plain.com",
			"true authorized " + now, "other.plain.com", "found/insecure", tlsOnly},
		{"C6 issuers in any case", "plain.com", `upper CAA 0 issue CA.Example`, "", "upper.plain.com",
			"true authorized " + now, "upper.plain.com", "found/insecure", tlsOnly},
		{"C6 but not to Boulder", "", "", "--profile le-boulder", "upper.plain.com",
			"false not-authorized le-boulder", "upper.plain.com", "found/insecure", tlsOnly},
		{"R2.15 iodef never restricts", "plain.com", `iodef CAA 0 iodef https://example.net/`, "", "iodef.plain.com",
			"true no-relevant-property " + now, "iodef.plain.com", "found/insecure", allOpen},
	}},
	{"mail and marks", []checkCase{
		{"R2.13 issuemail names the CA", "plain.com", `mail CAA 0 issuemail ca.example`, "", "first.last@mail.plain.com",
			"true authorized " + nowMail, "mail.plain.com", "found/insecure", mailOnly},
		{"R2.13 issuemail names another", "plain.com", `mailother CAA 0 issuemail other.example | mailother CAA 0 issue ca.example`, "", "user@mailother.plain.com",
			"false not-authorized " + nowMail, "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"R2.13 issuemail that closes, above", "plain.com", `mailclosed CAA 0 issuemail ";" | host.mailclosed A 192.0.2.1`, "", "user@host.mailclosed.plain.com",
			"false explicit-deny " + nowMail, "mailclosed.plain.com", "nodata/insecure found/insecure", "open open closed open"},
		{"R2.13 without issuemail mail is not restricted", "", "", "", "user@closed.plain.com",
			"true no-relevant-property " + nowMail, "closed.plain.com", "found/insecure", closedTLS},
		{"R2.13 the what-if w-issue-for-mail", "", "", "--profile w-issue-for-mail", "user@closed.plain.com",
			"false explicit-deny w-issue-for-mail", "closed.plain.com", "found/insecure", closedTLS},
		{"R2.13 issuemail never bears on TLS", "", "", "", "mailother.plain.com",
			"true authorized " + now, "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"R1.1 the text after the last @", "", "", "", `"a@b"@mail.plain.com`,
			"true authorized " + nowMail, "mail.plain.com", "found/insecure", mailOnly},
		{"R2.13 --for smime", "", "", "--for smime", "mailother.plain.com",
			"false not-authorized " + nowMail, "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"R2.13 parameters are void on issuemail", "plain.com", `mailparam CAA 0 issuemail "ca.example; accounturi=https://ca.example/1"`, "", "user@mailparam.plain.com",
			"true authorized " + nowMail, "mailparam.plain.com", "found/insecure", mailOnly},
		{"C17 the what-if w-8657-mail", "", "", "--profile w-8657-mail", "user@mailparam.plain.com",
			"false param-accounturi w-8657-mail", "mailparam.plain.com", "found/insecure", mailOnly},
		{"R2.14 issuevmc", "plain.com", `vmc CAA 0 issuevmc ca.example`, "--for vmc", "vmc.plain.com",
			"true authorized vmc", "vmc.plain.com", "found/insecure", vmcOnly},
		{"R2.14 issuevmc of another", "plain.com", `vmcother CAA 0 issuevmc other.example`, "--for vmc", "vmcother.plain.com",
			"false not-authorized vmc", "vmcother.plain.com", "found/insecure", vmcOnly},
		{"R2.14 issue does not bear on marks", "", "", "--for vmc", "closed.plain.com",
			"true no-relevant-property vmc", "closed.plain.com", "found/insecure", closedTLS},
		{"R3.12 a CA that runs the DNS may skip it for marks", "", "", "--for vmc --dns-operator", "vmcother.plain.com",
			"unknown exception-dns-operator vmc", "vmcother.plain.com", "found/insecure", vmcOnly},
	}},
	{"parameters", []checkCase{
		{"R3.7 void to a CA that does not honour them", "plain.com", `account CAA 0 issue "ca.example; accounturi=https://ca.example/acct/1"`, "", "account.plain.com",
			"true authorized " + now, "account.plain.com", "found/insecure", tlsOnly},
		{"R2.17 no account, no fit", "", "", "--honours-8657", "account.plain.com",
			"false param-accounturi " + now, "account.plain.com", "found/insecure", tlsOnly},
		{"R2.17 the asking account", "", "", "--honours-8657 --account-uri https://ca.example/acct/1", "account.plain.com",
			"true authorized " + now, "account.plain.com", "found/insecure", tlsOnly},
		{"R2.17 another account", "", "", "--honours-8657 --account-uri https://ca.example/acct/2", "account.plain.com",
			"false param-accounturi " + now, "account.plain.com", "found/insecure", tlsOnly},
		{"C25 a parent account, not yet", "", "", "--honours-8657 --account-uri https://ca.example/acct/2 --account-uri https://ca.example/acct/1", "account.plain.com",
			"false param-accounturi " + now, "account.plain.com", "found/insecure", tlsOnly},
		{"C25 a parent account, from 2027-03-15", "", "", "--profile tls-2027-03 --account-uri https://ca.example/acct/2 --account-uri https://ca.example/acct/1", "account.plain.com",
			"true authorized tls-2027-03", "account.plain.com", "found/insecure", tlsOnly},
		{"R2.17 the method is listed", "plain.com", `method CAA 0 issue "ca.example; validationmethods=dns-01,ca-own"`, "--honours-8657 --method dns-01", "method.plain.com",
			"true authorized " + now, "method.plain.com", "found/insecure", tlsOnly},
		{"R2.17 the method is not", "", "", "--honours-8657 --method http-01", "method.plain.com",
			"false param-validationmethods " + now, "method.plain.com", "found/insecure", tlsOnly},
		{"C10 one of the labels of a method", "", "", "--honours-8657 --method http-01 --method ca-own", "method.plain.com",
			"true authorized " + now, "method.plain.com", "found/insecure", tlsOnly},
		{"R2.17 two accounts in one record", "plain.com", `twice CAA 0 issue "ca.example; accounturi=https://ca.example/acct/1; accounturi=https://ca.example/acct/1"`, "--honours-8657 --account-uri https://ca.example/acct/1", "twice.plain.com",
			"false param-unsatisfiable " + now, "twice.plain.com", "found/insecure", tlsOnly},
		{"R2.17 in two records", "plain.com", `either CAA 0 issue "ca.example; accounturi=https://ca.example/acct/1" | either CAA 0 issue "ca.example; accounturi=https://ca.example/acct/2"`, "--honours-8657 --account-uri https://ca.example/acct/2", "either.plain.com",
			"true authorized " + now, "either.plain.com", "found/insecure", tlsOnly},
		{"R2.17 an empty list of methods", "plain.com", `nomethod CAA 0 issue "ca.example; validationmethods="`, "--honours-8657 --method dns-01", "nomethod.plain.com",
			"false param-unsatisfiable " + now, "nomethod.plain.com", "found/insecure", tlsOnly},
		{"C9 all must honour them from 2027-03-15", "", "", "--profile tls-2027-03", "method.plain.com",
			"false param-validationmethods tls-2027-03", "method.plain.com", "found/insecure", tlsOnly},
	}},
	// What cannot pass, such as data that cannot be read, is not tried again at the same server. Where a zone has no other
	// one, that is one try, which never is permission (R3.4).
	{"failures at the name", []checkCase{
		{"R1.9 SERVFAIL of NSD", "", "", "", "servfail.com", "unknown lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R1.9 SERVFAIL of BIND", "", "", "", "servfail-bind.com", "unknown lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R1.9 REFUSED of NSD and BIND", "", "", "", "refused.com", "unknown lookup-failure-insecure " + now, "", "refused/insecure", errorAll},
		{"R1.9 a TLD whose servers refuse", "", "", "", "www.aero", "unknown lookup-failure-insecure " + now, "", "refused/insecure", errorAll},
		{"R1.9 nobody listens", "", "", "", "dead.com", "unknown lookup-failure-insecure " + now, "", "unreachable/insecure", errorAll},
		{"R1.9 no server has an address", "", "", "", "noaddress.com", "false lookup-failure-unretried " + now, "", "lame/insecure", errorAll},
		{"R1.9 SERVFAIL for CAA only", "", "", "", "rcode-servfail.com", "unknown lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R1.9 REFUSED for CAA only", "", "", "", "rcode-refused.com", "unknown lookup-failure-insecure " + now, "", "refused/insecure", errorAll},
		{"R1.9 NOTIMP for CAA only", "", "", "", "rcode-notimp.com", "unknown lookup-failure-insecure " + now, "", "notimp/insecure", errorAll},
		{"R1.9 FORMERR for CAA only", "", "", "", "rcode-formerr.com", "unknown lookup-failure-insecure " + now, "", "formerr/insecure", errorAll},
		{"R1.9 another response code", "", "", "", "rcode-nxrrset.com", "unknown lookup-failure-insecure " + now, "", "rcode/insecure", errorAll},
		{"R1.12 C21 TC, and no TCP", "", "", "", "cut.com", "unknown lookup-failure-insecure " + now, "", "truncated/insecure", errorAll},
		{"R1.13 QR clear", "", "", "--timeout 1s --retries 1", "no-qr.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"R1.9 no whole message", "", "", "--timeout 1s --retries 1", "short.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"C14 R2.3 a tag of no octets beside a good record", "", "", "", "no-tag.com", "unknown lookup-failure-insecure " + now, "", "malformed/insecure", errorAll},
		{"C14 R2.3 a tag that overruns the data", "", "", "", "tag-overruns.com", "unknown lookup-failure-insecure " + now, "", "malformed/insecure", errorAll},
		{"C14 the same from NSD", "plain.com", `unreadable TYPE257 \# 2 0000 | unreadable CAA 0 issue ca.example`, "", "unreadable.plain.com",
			"unknown lookup-failure-insecure " + now, "", "malformed/insecure", errorAll},
		{"R1.9 silence", "", "", "--timeout 1s --retries 1", "silent.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"R1.13 silence for CAA only", "", "", "--timeout 1s --retries 1", "drops.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"R1.9 another ID", "", "", "--timeout 1s --retries 1", "other-id.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"R1.9 another question", "", "", "--timeout 1s --retries 1", "other-question.com", "unknown lookup-failure-insecure " + now, "", "timeout/insecure", errorAll},
		{"R3.4 the CA takes it as permission", "", "", "--on-failure permit", "servfail.com", "true lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R3.4 the CA does not", "", "", "--on-failure deny", "servfail.com", "false lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R3.4 one try is not enough", "", "", "--timeout 1s --retries 0 --on-failure permit", "silent.com", "false lookup-failure-unretried " + now, "", "timeout/insecure", errorAll},
		{"rfc8659 knows no such permission", "", "", "--profile rfc8659 --on-failure permit", "servfail.com", "unknown lookup-failure rfc8659", "", "servfail/insecure", errorAll},
		{"strict denies", "", "", "--profile strict", "servfail.com", "false lookup-failure-insecure strict", "", "servfail/insecure", errorAll},
		{"Boulder denies", "", "", "--profile le-boulder", "dead.com", "false lookup-failure-insecure le-boulder", "", "unreachable/insecure", errorAll},
		{"C21 to Boulder truncation is a failure even if TCP would do", "", "", "--profile le-boulder", "many.plain.com",
			"false lookup-failure-insecure le-boulder", "many.plain.com", "found/insecure", tlsOnly},
		{"C1 to Boulder so is a TLD that does not exist", "", "", "--profile le-boulder", "www.nosuchtld",
			"false lookup-failure-signed le-boulder", "", "nxdomain/secure nxdomain/secure", absentAll},
		{"w-failure-deny", "", "", "--profile w-failure-deny --on-failure permit", "servfail.com", "false lookup-failure-insecure w-failure-deny", "", "servfail/insecure", errorAll},
		{"R3.10 mail", "", "", "--on-failure permit", "user@servfail.com", "true lookup-failure-insecure " + nowMail, "", "servfail/insecure", errorAll},
		{"R3.12 marks", "", "", "--for vmc", "servfail.com", "unknown lookup-failure-insecure vmc", "", "servfail/insecure", errorAll},
	}},
	{"failures above the name", []checkCase{
		{"R1.10 SERVFAIL of NSD above an empty level", "child.servfail.com", `www A 192.0.2.1`, "", "www.child.servfail.com",
			"unknown lookup-failure-insecure " + now, "", "nodata/insecure nodata/insecure servfail/insecure", errorAll},
		{"R1.10 above a set it is irrelevant", "child.servfail.com", `set CAA 0 issue ca.example`, "", "set.child.servfail.com",
			"true authorized " + now, "set.child.servfail.com", "found/insecure", tlsOnly},
		{"R1.10 SERVFAIL of BIND above", "child.servfail-bind.com", `www A 192.0.2.1`, "", "www.child.servfail-bind.com",
			"unknown lookup-failure-insecure " + now, "", "nodata/insecure nodata/insecure servfail/insecure", errorAll},
		{"R1.10 REFUSED above", "child.refused.com", `www A 192.0.2.1`, "", "www.child.refused.com",
			"unknown lookup-failure-insecure " + now, "", "nodata/insecure nodata/insecure refused/insecure", errorAll},
		{"R1.10 NOTIMP above", "", "", "", "www.rcode-notimp.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure notimp/insecure", errorAll},
		{"R1.10 NOTIMP above a set", "", "", "", "set.rcode-notimp.com", "true authorized " + now, "set.rcode-notimp.com", "found/insecure", tlsOnly},
		{"R1.10 FORMERR above", "", "", "", "www.rcode-formerr.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure formerr/insecure", errorAll},
		{"R1.10 another response code above", "", "", "", "www.rcode-nxrrset.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure rcode/insecure", errorAll},
		{"R1.10 truncation without TCP above", "", "", "", "www.cut.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure truncated/insecure", errorAll},
		{"R1.10 QR clear above", "", "", "--timeout 1s --retries 1", "www.no-qr.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure timeout/insecure", errorAll},
		{"R1.10 unreadable data above", "", "", "", "www.tag-overruns.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure malformed/insecure", errorAll},
		{"R1.10 unreadable data above, from NSD", "plain.com", `www.unreadable A 192.0.2.1`, "", "www.unreadable.plain.com",
			"unknown lookup-failure-insecure " + now, "", "nodata/insecure malformed/insecure", errorAll},
		{"R1.10 silence above", "", "", "--timeout 1s --retries 1", "www.drops.com", "unknown lookup-failure-insecure " + now, "", "nodata/insecure timeout/insecure", errorAll},
		{"R1.10 silence above a set", "", "", "--timeout 1s --retries 1", "set.drops.com", "true authorized " + now, "set.drops.com", "found/insecure", tlsOnly},
		{"R3.4 permission, whatever stands further up", "", "", "--on-failure permit", "www.child.servfail.com",
			"true lookup-failure-insecure " + now, "", "nodata/insecure nodata/insecure servfail/insecure", errorAll},
		{"C3 w-failure-continue goes on, and nothing is above", "", "", "--profile w-failure-continue", "www.child.servfail.com",
			"true lookup-failure-insecure w-failure-continue", "", "nodata/insecure nodata/insecure servfail/insecure", errorAll},
	}},
	{"DNSSEC", []checkCase{
		{"R6.2 a secure set binds", "signed.com", `@ CAA 0 issue ca.example | www A 192.0.2.1`, "", "signed.com",
			"true authorized " + now, "signed.com", "found/secure", tlsOnly},
		{"R6.4 secure empty levels", "signed.com", "", "", "no.www.signed.com",
			"true authorized " + now, "signed.com", "nxdomain/secure nodata/secure found/secure", tlsOnly},
		{"R6.4 the same with NSEC3, from BIND", "signed-bind.com", `@ CAA 0 issue other.example | www A 192.0.2.1`, "", "no.www.signed-bind.com",
			"false not-authorized " + now, "signed-bind.com", "nxdomain/secure nodata/secure found/secure", tlsOnly},
		{"R6.7 an alias is what its worst link is", "signed.com", `alias CNAME self.plain.com.`, "", "alias.signed.com",
			"true authorized " + now, "alias.signed.com -> self.plain.com", "found/insecure", tlsOnly},
		{"R6.3 an insecure delegation below a signed zone", "below.signed.com", `set CAA 0 issue other.example | www A 192.0.2.1`, "", "set.below.signed.com",
			"false not-authorized " + now, "set.below.signed.com", "found/insecure", tlsOnly},
		{"R6.3 its climb ends in the signed zone", "", "", "", "www.below.signed.com",
			"true authorized " + now, "signed.com", "nodata/insecure nodata/insecure found/secure", tlsOnly},
		{"R6.3 a TLD without DS", "bind.org", `www A 192.0.2.1`, "", "www.bind.org",
			"true no-caa " + now, "", "nodata/insecure nodata/insecure nodata/insecure", absentAll},
		{"R6.8 an expired signature", "expired.com", `@ CAA 0 issue ca.example`, "", "expired.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.8 below it", "", "", "", "www.expired.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.8 a DS that no key matches", "wrong-ds.com", `@ CAA 0 issue ca.example`, "", "wrong-ds.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.8 a record that was changed", "tampered.com", `@ CAA 0 issue signed.example | www A 192.0.2.1`, "", "tampered.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.8 above a secure empty level", "", "", "", "www.tampered.com", "false dnssec-bogus " + now, "", "nodata/secure bogus/bogus", errorAll},
		{"R1.10 above a set it is irrelevant", "tampered.com", `set CAA 0 issue ca.example`, "", "set.tampered.com", "true authorized " + now, "set.tampered.com", "found/secure", tlsOnly},
		{"R6.8 an alias into a bogus zone", "signed.com", `tobogus CNAME expired.com.`, "", "tobogus.signed.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.8 no choice of the CA's", "", "", "--on-failure permit", "expired.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R3.10 mail", "", "", "", "user@expired.com", "false dnssec-bogus " + nowMail, "", "bogus/bogus", errorAll},
		{"R6.6 C15 SHA-1 is validated", "sha1.com", `@ CAA 0 issue ca.example`, "", "sha1.com", "true authorized " + now, "sha1.com", "found/secure", tlsOnly},
		{"R3.4 a failure in a signed zone", "", "", "", "servfail-signed.com", "false lookup-failure-signed " + now, "", "servfail/indeterminate", errorAll},
		{"R3.4 no choice of the CA's", "", "", "--on-failure permit", "servfail-signed.com", "false lookup-failure-signed " + now, "", "servfail/indeterminate", errorAll},
		{"R3.4 nobody listens in a signed zone", "", "", "", "dead-signed.com", "false lookup-failure-signed " + now, "", "unreachable/indeterminate", errorAll},
		{"R3.4 below a signed zone, signed", "", "", "", "dead-signed.signed.com", "false lookup-failure-signed " + now, "", "unreachable/indeterminate", errorAll},
		{"R6.3 below a signed zone, not signed: its own state counts", "", "", "", "www.dead.signed.com", "unknown lookup-failure-insecure " + now, "", "unreachable/insecure", errorAll},
		{"R6.3 below a TLD without DS", "", "", "", "dead.org", "unknown lookup-failure-insecure " + now, "", "unreachable/insecure", errorAll},
		{"R3.4 an alias into a signed zone that fails", "signed.com", `todead CNAME www.dead-signed.com.`, "", "todead.signed.com", "false lookup-failure-signed " + now, "", "unreachable/indeterminate", errorAll},
		{"R6.1 the keys cannot be had", "", "", "", "set.keyless.com", "false lookup-failure-indeterminate " + now, "", "servfail/indeterminate", errorAll},
		{"R6.1 nor to judge an empty level", "", "", "", "keyless.com", "false lookup-failure-indeterminate " + now, "", "servfail/indeterminate", errorAll},
		{"R3.4 no choice of the CA's", "", "", "--on-failure permit", "set.keyless.com", "false lookup-failure-indeterminate " + now, "", "servfail/indeterminate", errorAll},
		{"R6.1 C19 mail: the old wording does not say", "", "", "--dnssec off", "user@servfail.com", "unknown lookup-failure-indeterminate " + nowMail, "", "servfail/indeterminate", errorAll},
		{"R6.1 indeterminate above a secure empty level", "isle.keyless.com", `www A 192.0.2.1`, "--trust-anchor ISLES", "www.isle.keyless.com",
			"false lookup-failure-indeterminate " + now, "", "nodata/secure nodata/secure servfail/indeterminate", errorAll},
		{"R1.10 above a set it is irrelevant", "isle.keyless.com", `set CAA 0 issue ca.example`, "--trust-anchor ISLES", "set.isle.keyless.com",
			"true authorized " + now, "set.isle.keyless.com", "found/secure", tlsOnly},
		{"R3.4 a failure in a signed zone above", "isle.servfail-signed.com", `www A 192.0.2.1`, "--trust-anchor ISLES", "www.isle.servfail-signed.com",
			"false lookup-failure-signed " + now, "", "nodata/secure nodata/secure servfail/indeterminate", errorAll},
		{"R6.1 without trust anchors nothing is known to be insecure", "", "", "--dnssec off --on-failure permit", "servfail.com",
			"false lookup-failure-indeterminate " + now, "", "servfail/indeterminate", errorAll},
	}},
	{"rules in time", []checkCase{
		{"before 2017-09-08 there is no rule", "", "", "--at 2017-09-07T23:59:59Z", "other.plain.com",
			"unknown out-of-scope -", "other.plain.com", "found/insecure", tlsOnly},
		{"ballot 187", "", "", "--at 2017-09-08T00:00:00Z", "other.plain.com",
			"false not-authorized tls-2017-09", "other.plain.com", "found/insecure", tlsOnly},
		{"ballot 187: alias targets are climbed", "", "", "--at 2017-09-08T00:00:00Z", "alias.ownup.plain.com",
			"unknown not-stored tls-2017-09", "ownup.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"ballot 214: no more", "", "", "--at 2017-10-27T00:00:00Z", "alias.ownup.plain.com",
			"true authorized tls-2017-10", "ownup.plain.com", "nodata/insecure found/insecure", tlsOnly},
		{"ballot 219", "", "", "--at 2018-05-10T00:00:00Z", "iodef.plain.com",
			"true no-relevant-property tls-2018-05", "iodef.plain.com", "found/insecure", allOpen},
		{"a CA that runs the DNS, until SC46", "", "", "--at 2021-07-11T00:00:00Z --dns-operator", "other.plain.com",
			"unknown exception-dns-operator tls-2018-05", "other.plain.com", "found/insecure", tlsOnly},
		{"and since", "", "", "--at 2021-07-12T00:00:00Z --dns-operator", "other.plain.com",
			"false not-authorized tls-2021-07", "other.plain.com", "found/insecure", tlsOnly},
		{"indeterminate before SC85v2", "", "", "--at 2025-03-15T00:00:00Z --dnssec off", "servfail.com",
			"unknown lookup-failure-indeterminate tls-2025-03", "", "servfail/indeterminate", errorAll},
		{"and since", "", "", "--at 2025-07-21T00:00:00Z", "set.keyless.com",
			"false lookup-failure-indeterminate tls-2025-07", "", "servfail/indeterminate", errorAll},
		{"bogus while nobody had to validate", "", "", "--at 2026-03-14T23:59:59Z", "expired.com",
			"unknown dnssec-bogus tls-2025-07", "", "bogus/bogus", errorAll},
		{"and since", "", "", "--at 2026-03-15T00:00:00Z", "expired.com",
			"false dnssec-bogus tls-2026-03", "", "bogus/bogus", errorAll},
		{"SC98: parameters SHOULD", "", "", "--at 2026-06-16T00:00:00Z", "account.plain.com",
			"true authorized tls-2026-06", "account.plain.com", "found/insecure", tlsOnly},
		{"SC98: parameters MUST", "", "", "--at 2027-03-15T00:00:00Z", "account.plain.com",
			"false param-accounturi tls-2027-03", "account.plain.com", "found/insecure", tlsOnly},
		{"mail before 2024-09-15", "", "", "--at 2024-09-14T00:00:00Z", "user@mailother.plain.com",
			"unknown out-of-scope -", "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"R3.9 mail, the time of SHOULD", "", "", "--at 2024-09-15T00:00:00Z", "user@mailother.plain.com",
			"unknown not-authorized smime-2024-09", "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"R3.9 mail, SHALL", "", "", "--at 2025-03-15T00:00:00Z", "user@mailother.plain.com",
			"false not-authorized smime-2025-03", "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"marks before there was a rule that was read", "", "", "--at 2026-03-14T00:00:00Z --for vmc", "vmcother.plain.com",
			"unknown out-of-scope -", "vmcother.plain.com", "found/insecure", vmcOnly},
		{"a rule by name that is not about this kind", "", "", "--profile tls-2026-03", "user@mail.plain.com",
			"unknown out-of-scope tls-2026-03", "mail.plain.com", "found/insecure", mailOnly},
		{"a rule by name goes before --at", "", "", "--profile smime-2025-03", "user@mailother.plain.com",
			"false not-authorized smime-2025-03", "mailother.plain.com", "found/insecure", "restricted restricted restricted open"},
		{"C2 w-psl-stop", "", "", "--profile w-psl-stop", "www.shop.museum",
			"true no-caa w-psl-stop", "museum", "nxdomain/insecure nodata/insecure found/secure", tlsOnly},
		{"C15 w-no-sha1", "", "", "--profile w-no-sha1", "sha1.com",
			"true authorized w-no-sha1", "sha1.com", "found/secure", tlsOnly},
		{"strict passes what is good", "", "", "--profile strict", "self.plain.com",
			"true authorized strict", "self.plain.com", "found/insecure", tlsOnly},
	}},
	{"no names", []checkCase{
		{"R1.2 IPv4 address", "", "", "", "192.0.2.1", "unknown out-of-scope " + now, "", "", nothing},
		{"R1.2 IPv6 address", "", "", "", "2001:db8::1", "unknown out-of-scope " + now, "", "", nothing},
		{"R1.2 onion", "", "", "", "abcdefghijklmnop.onion", "unknown out-of-scope " + now, "", "", nothing},
		{"R1.2 address literal", "", "", "", "user@[192.0.2.1]", "unknown out-of-scope " + nowMail, "", "", nothing},
		{"R1.2 a label too long", "", "", "", strings.Repeat("l", 64) + ".plain.com", "unknown invalid-name " + now, "", "", nothing},
		{"R1.2 a name too long", "", "", "", strings.Repeat("abcdefgh.", 28) + "plain.com", "unknown invalid-name " + now, "", "", nothing},
		{"R1.2 an empty label", "", "", "", "a..plain.com", "unknown invalid-name " + now, "", "", nothing},
		{"R1.3 the root", "", "", "", ".", "unknown invalid-name " + now, "", "", nothing},
		{"R1.1 a star elsewhere", "", "", "", "a.*.plain.com", "unknown invalid-name " + now, "", "", nothing},
		{"R1.1 two stars", "", "", "", "*.*.plain.com", "unknown invalid-name " + now, "", "", nothing},
		{"R2.13 mail has no wildcard form", "", "", "", "user@*.plain.com", "unknown invalid-name " + nowMail, "", "", nothing},
		{"R2.13 nor with --for smime", "", "", "--for smime", "*.plain.com", "unknown invalid-name " + nowMail, "", "", nothing},
		{"R3.1 a mail address is no dNSName", "", "", "--for tls", "user@plain.com", "unknown invalid-name " + now, "", "", nothing},
	}},
	{"resolver", []checkCase{
		{"R6.11 AD", "", "", "--resolver STUB", "secure.stub.com", "true authorized " + now, "secure.stub.com", "found/secure", tlsOnly},
		{"R7.3 EDE 4, with an answer", "", "", "--resolver STUB", "forged.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 EDE 15", "", "", "--resolver STUB", "blocked.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 EDE 16, with NXDOMAIN", "", "", "--resolver STUB", "censored.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 EDE 17, with NODATA", "", "", "--resolver STUB", "filtered.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 EDE 18", "", "", "--resolver STUB", "prohibited.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 no choice of the CA's", "", "", "--resolver STUB --on-failure permit", "blocked.stub.com", "unknown resolver-policy " + now, "", "refused/indeterminate", errorAll},
		{"R7.3 above an empty level", "", "", "--resolver STUB", "above.blocked.stub.com", "unknown resolver-policy " + now, "", "nodata/secure refused/indeterminate", errorAll},
		{"R1.10 above a set it is irrelevant", "", "", "--resolver STUB", "set.blocked.stub.com", "true authorized " + now, "set.blocked.stub.com", "found/secure", tlsOnly},
		{"R7.1 EDE 6", "", "", "--resolver STUB", "bogus.stub.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R7.1 EDE 7", "", "", "--resolver STUB", "expired.stub.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R7.1 EDE 5, in a zone without DS", "", "", "--resolver STUB", "undecided.unsigned.com", "false lookup-failure-indeterminate " + now, "", "servfail/insecure", errorAll},
		{"R7.1 EDE 22, in a zone without DS", "", "", "--resolver STUB", "unreachable.unsigned.com", "unknown lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R7.1 EDE 22, in a signed zone", "", "", "--resolver STUB", "unreachable.stub.com", "false lookup-failure-signed " + now, "", "servfail/indeterminate", errorAll},
		{"R7.2 EDE 3 beside an answer", "", "", "--resolver STUB", "stale.stub.com", "true authorized " + now, "stale.stub.com", "found/secure", tlsOnly},
		{"R6.11 BIND: secure", "", "", "--resolver BIND", "signed.com", "true authorized " + now, "signed.com", "found/secure", tlsOnly},
		{"R6.11 BIND: insecure", "", "", "--resolver BIND", "other.plain.com", "false not-authorized " + now, "other.plain.com", "found/insecure", tlsOnly},
		{"R7.1 BIND: bogus", "", "", "--resolver BIND", "expired.com", "false dnssec-bogus " + now, "", "bogus/bogus", errorAll},
		{"R6.11 BIND: servers fail, insecure", "", "", "--resolver BIND", "servfail.com", "unknown lookup-failure-insecure " + now, "", "servfail/insecure", errorAll},
		{"R6.11 BIND: servers fail, signed", "", "", "--resolver BIND", "servfail-signed.com", "false lookup-failure-signed " + now, "", "servfail/indeterminate", errorAll},
	}},
}

// checked is what is compared of an answer.
type checked struct{ Name, For, Profile, Permitted, Reason, Relevant, Climb, Posture string }

// answer is the answer that c wants.
func (c *checkCase) answer() checked {
	words := strings.Fields(c.want)
	want := checked{Name: c.name, Permitted: words[0], Reason: words[1], Profile: strings.TrimSuffix(words[2], "-"), Relevant: c.at, Posture: c.posture}
	_, given, _ := strings.Cut(c.flags, "--for ")
	given, _, _ = strings.Cut(given, " ")
	switch {
	case given != "":
		want.For = given
	case strings.Contains(c.name, "@"):
		want.For = "smime"
	case strings.HasPrefix(c.name, "*."):
		want.For = "tls-wildcard"
	default:
		want.For = "tls"
	}
	name := strings.ToLower(strings.TrimSuffix(c.name[strings.LastIndexByte(c.name, '@')+1:], "."))
	name = strings.TrimPrefix(strings.Replace(name, "bücher", "xn--bcher-kva", 1), "*.")
	var levels []string
	for _, level := range strings.Fields(c.climb) {
		levels = append(levels, name+"="+level)
		_, name, _ = strings.Cut(name, ".")
	}
	want.Climb = strings.Join(levels, " ")
	return want
}

// checkLine is a line of caascan check --json, read by the words of design/cli.md.
type checkLine struct {
	Name         string
	For          string
	Profile      string
	Permitted    any
	Reason       string
	RelevantName string `json:"relevant_name"`
	RRsetOwner   string `json:"rrset_owner"`
	Climb        []output.Level
	Posture      struct {
		TLS         string `json:"tls"`
		TLSWildcard string `json:"tls_wildcard"`
		SMIME       string `json:"smime"`
		VMC         string `json:"vmc"`
	}
	Issuers  map[string][]string
	Flags    []string
	Security string
	Queries  int
}

// checked is what is compared of l.
func (l *checkLine) checked() checked {
	got := checked{Name: l.Name, For: l.For, Profile: l.Profile, Permitted: fmt.Sprint(l.Permitted), Reason: l.Reason, Relevant: strings.TrimSuffix(l.RelevantName, ".")}
	if owner := strings.TrimSuffix(l.RRsetOwner, "."); owner != got.Relevant {
		got.Relevant += " -> " + owner
	}
	var levels []string
	for _, level := range l.Climb {
		levels = append(levels, strings.TrimSuffix(level.Name, ".")+"="+level.Outcome+"/"+level.Security)
		if hidesSet(level) {
			break // what is above is evidence for rules that pass over failures: see TestScanRowByRow
		}
	}
	got.Climb = strings.Join(levels, " ")
	got.Posture = strings.Join([]string{l.Posture.TLS, l.Posture.TLSWildcard, l.Posture.SMIME, l.Posture.VMC}, " ")
	return got
}

// readCheckLines reads the output of caascan check --json.
func readCheckLines(t *testing.T, text string) []checkLine {
	t.Helper()
	var lines []checkLine
	for line := range strings.Lines(text) {
		var l checkLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, l)
	}
	return lines
}

// exitOf is the exit code of a command line whose answers have these verdicts.
func exitOf(verdicts []string) int {
	switch {
	case slices.Contains(verdicts, "false"):
		return exitNo
	case slices.Contains(verdicts, "unknown"):
		return exitUndetermined
	}
	return exitDone
}

// commandLine is one run of the command.
type commandLine struct {
	args           []string
	code           int
	stdout, stderr string
}

// atOnce is how many command lines run at once: they wait for silent servers most of the time.
const atOnce = 8

// TestCheckCases asks caascan check each question of the table, all with the same flags at once.
func TestCheckCases(t *testing.T) {
	records := map[string]string{}
	groups := map[string][]*checkCase{}
	classOf := map[*checkCase]string{}
	for _, class := range caseClasses {
		for i := range class.cases {
			c := &class.cases[i]
			if c.records != "" {
				records[dns.Fqdn(c.zone)] += strings.ReplaceAll(c.records, " | ", "\n") + "\n"
			}
			groups[c.flags] = append(groups[c.flags], c)
			classOf[c] = class.class
		}
	}
	w := startCheckWorld(t, records)
	isles := filepath.Join(w.dir, "isles.anchors")
	if err := os.WriteFile(isles, []byte(w.ds["."]+w.ds["isle.keyless.com."]+w.ds["isle.servfail-signed.com."]), 0o644); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	stand := strings.NewReplacer("ISLES", isles, "STUB", resolverAddr+":"+w.port, "BIND", "127.0.0.1:"+w.startValidator(t))
	outcomes := map[string]*commandLine{}
	var running sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for flags, cases := range groups {
		line := &commandLine{args: append([]string{"check", "--json", "--issuer", "ca.example"}, w.flags()...)}
		outcomes[flags] = line
		if !strings.Contains(flags, "--at ") {
			line.args = append(line.args, "--at", checkDay)
		}
		line.args = append(line.args, strings.Fields(stand.Replace(flags))...)
		for _, c := range cases {
			line.args = append(line.args, c.name)
		}
		running.Go(func() {
			free <- struct{}{}
			line.code, line.stdout, line.stderr = caascan(t, "", line.args...)
			<-free
		})
	}
	running.Wait()
	right := map[string]int{}
	for _, flags := range slices.Sorted(maps.Keys(groups)) {
		cases, line := groups[flags], outcomes[flags]
		lines := readCheckLines(t, line.stdout)
		if len(lines) != len(cases) {
			t.Fatalf("%s: %d lines for %d names, exit code %d\n%s", flags, len(lines), len(cases), line.code, line.stderr)
		}
		var verdicts []string
		for i, c := range cases {
			want := c.answer()
			verdicts = append(verdicts, want.Permitted)
			if diff := gocmp.Diff(want, lines[i].checked()); diff != "" {
				t.Errorf("%s: %s %s (-want +got):\n%s", c.rule, c.name, flags, diff)
				continue
			}
			right[classOf[c]]++
		}
		if want := exitOf(verdicts); line.code != want {
			t.Errorf("%s: exit code %d, want %d", flags, line.code, want)
		}
	}
	total, good := 0, 0
	for _, class := range caseClasses {
		t.Logf("%-24s %3d cases: %d right", class.class, len(class.cases), right[class.class])
		total, good = total+len(class.cases), good+right[class.class]
	}
	t.Logf("%d cases: %d right, in %d command lines and %v", total, good, len(groups), time.Since(begun).Round(time.Millisecond))
}
