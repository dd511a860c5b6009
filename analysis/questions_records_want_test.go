package analysis_test

// wantTables is every table of the questions about records for the names of lookups, without the shares. What is said of each is why.
var wantTables = map[string]string{
	// 31 of 32 covered names have a record that says who may issue: not iodef.com. Of the names unknown to all, typo (twice, once inherited), host, word and dcv are near a
	// known one, the address of ip.com is near nothing. Malformed: dot, list, url, quotes, evil. An empty value: iodef.com's iodef. The blanks within list.com's value separate names, those within
	// evil.com's iodef are no white space around it. Unknown are fail, trunc and optout.
	"issuer-faults": `
finding | n | of | own_names | unknown | severity
issuer_unknown | 6 | 31 | 5 | 3 | warning
issuer_typo | 5 | 31 | 4 | 3 | warning
malformed-value | 5 | 31 | 5 | 3 | error
issuer_is_url | 2 | 31 | 2 | 3 | error
issuer_is_host | 1 | 31 | 1 | 3 | notice
issuer_is_ip | 1 | 31 | 1 | 3 | error
issuer_list_in_one_value | 1 | 31 | 1 | 3 | error
issuer_trailing_dot | 1 | 31 | 1 | 3 | error
issuer_uppercase | 1 | 31 | 1 | 3 | notice
value_empty | 1 | 31 | 1 | 3 | notice
value_quotes | 1 | 31 | 1 | 3 | warning
issuer_idn | 0 | 31 | 0 | 3 | warning
param_syntax | 0 | 31 | 0 | 3 | error
value_nonascii | 0 | 31 | 0 | 3 | warning
value_whitespace | 0 | 31 | 0 | 3 | notice
`,

	// One identifier in each class, but letsencrypt.com governs www.typo.com, too.
	"unknown-issuer-classes": `
class | issuers | n | of | own_names | unknown
other ending | 1 | 2 | 31 | 1 | 3
IP address | 1 | 1 | 31 | 1 | 3
below a known identifier | 1 | 1 | 31 | 1 | 3
ending missing | 1 | 1 | 31 | 1 | 3
host (www. or mail.) | 1 | 1 | 31 | 1 | 3
`,

	// Labels in front that are too many, and endings that are other or missing, count as one.
	"unknown-issuers": `
issuer | names | own_names | tags | closest_known | distance
letsencrypt.com | 2 | 1 | issue | letsencrypt.org | 1
0a1b2c.sectigo.com | 1 | 1 | issue | sectigo.com | 1
192.0.2.1 | 1 | 1 | issue | - | -
digicert | 1 | 1 | issue | digicert.com | 1
www.letsencrypt.org | 1 | 1 | issue | letsencrypt.org | 1
`,

	// One at each of five names; the script is near nothing that the owner can have meant.
	"malformed-values": `
tag | value | names | own_names | faults | meant
issue | "digicert.com" | 1 | 1 | malformed-value, value_quotes | digicert.com
issue | <script>alert(1)</script> | 1 | 1 | issuer_is_url | -
issue | digicert.com, sectigo.com | 1 | 1 | issuer_list_in_one_value | digicert.com + sectigo.com
issue | https://letsencrypt.org | 1 | 1 | issuer_is_url | letsencrypt.org
issue | letsencrypt.org. | 1 | 1 | issuer_trailing_dot | letsencrypt.org
`,

	// By issue: typo twice, ip, word, dcv (unknown), stale (retired), dot, list, url, quotes, evil (malformed); host names sectigo.com besides. dcv's issuewild denies on purpose, as
	// closed.com does. crit.com's critical property blocks all.
	"locked-out": `
kind | n | of | own_names | unknown
any | 12 | 32 | 11 | 3
TLS (issue) | 11 | 30 | 10 | 3
TLS wildcard (issuewild) | 0 | 3 | 0 | 3
S/MIME (issuemail) | 0 | 4 | 0 | 3
mark certificates (issuevmc) | 0 | 0 | 0 | 3
all (unknown critical property) | 1 | 32 | 1 | 3
`,

	// The eleven of issue, as above.
	"locked-out-why": `
tag | records_are | n | of | own_names | unknown
issue | malformed | 5 | 30 | 5 | 3
issue | unknown | 5 | 30 | 4 | 3
issue | retired | 1 | 30 | 1 | 3
`,

	// What names somebody is restricted: typo twice, ip, word, dcv, stale; what names nobody is closed: dot, list, url, quotes, evil, and on purpose closed.com.
	"locked-out-posture": `
tls_posture | smime_posture | n | of | own_names | unknown
restricted | open | 6 | 20 | 5 | 3
closed | open | 5 | 6 | 5 | 3
blocked | blocked | 1 | 1 | 1 | 3
open | open | 0 | 1 | 0 | 3
open | restricted | 0 | 1 | 0 | 3
restricted | closed | 0 | 1 | 0 | 3
restricted | restricted | 0 | 2 | 0 | 3
`,

	// The eleven own names, not www.typo.com; those with a rank first. What is foreign stays as it is, octets escaped as output wrote them.
	"locked-out-names": `
query_name | rank | dns_operator | tls_posture | tls_wild_posture | smime_posture | vmc_posture | records
evil.com | 1 | op1.net | closed | closed | open | open | 0 iodef "=cmd|'/C calc'!A0", 0 issue "<script>alert(1)</script>", 1 <b>x</b> "\000\\"
typo.com | 5 | op1.net | restricted | restricted | open | open | 0 issue "letsencrypt.com"
crit.com | - | op1.net | blocked | blocked | blocked | blocked | 0 issue "letsencrypt.org", 128 tbs "Unknown"
dcv.com | - | op1.net | restricted | closed | open | open | 0 issue "0a1b2c.sectigo.com", 0 issuewild ";"
dot.com | - | op1.net | closed | closed | open | open | 0 issue "letsencrypt.org."
ip.com | - | op1.net | restricted | restricted | open | open | 0 issue "192.0.2.1"
list.com | - | op1.net | closed | closed | open | open | 0 issue "digicert.com, sectigo.com"
quotes.com | - | op1.net | closed | closed | open | open | 0 issue ""digicert.com""
stale.com | - | op1.net | restricted | restricted | open | open | 0 issue "startcomca.com"
url.com | - | op1.net | closed | closed | open | open | 0 issue "https://letsencrypt.org"
word.com | - | op1.net | restricted | restricted | open | open | 0 issue "digicert"
`,

	// stale.com has nobody else, stale2.com has Let's Encrypt.
	"stale-issuers": `
tag | n | of | own_names | only_stale | unknown
any | 2 | 31 | 2 | 1 | 3
issue | 2 | 30 | 2 | 1 | 3
issuewild | 0 | 3 | 0 | 0 | 3
issuemail | 0 | 4 | 0 | 0 | 3
issuevmc | 0 | 0 | 0 | 0 | 3
finding issuer_distrusted | 2 | 31 | 2 | - | 3
`,

	// Each at one name.
	"stale-by-issuer": `
issuer | former_owners | n | of | own_names | unknown
startcomca.com | StartCom | 1 | 31 | 1 | 3
wosign.com | WoSign | 1 | 31 | 1 | 3
`,

	// Each at one name.
	"stale-by-owner": `
former_owner | identifiers | n | of | own_names | unknown
StartCom | startcomca.com | 1 | 31 | 1 | 3
WoSign | wosign.com | 1 | 31 | 1 | 3
`,

	// Entrust once, Sectigo and SSL.com today, by the table of issuers.
	"issuers-taken-over": `
issuer | once | today | n | of | own_names | unknown
entrust.net | Entrust | SSL.com, Sectigo | 1 | 31 | 1 | 3
`,

	// The table of issuers says that of nobody.
	"issuers-without-tls": `
issuer | n | of | own_names | unknown
`,

	// mailonly (DigiCert) and param (Sectigo); mailtls (Let's Encrypt has no S/MIME); nomail says that nobody may.
	"smime-trust": `
issuer_is | n | of | own_names | alone | unknown
known to honour it | 2 | 4 | 2 | 2 | 3
not known to honour it | 0 | 4 | 0 | 0 | 3
known not to issue S/MIME | 1 | 4 | 1 | 1 | 3
retired | 0 | 4 | 0 | 0 | 3
unknown | 0 | 4 | 0 | 0 | 3
nobody (";" or malformed) | 1 | 4 | 1 | 1 | 3
finding issuer_no_smime_trust | 1 | 4 | 1 | - | 3
`,

	// mailtls.com, whose issue names the same.
	"no-smime-trust": `
issuer | owners | n | of | own_names | also_for_tls | unknown
letsencrypt.org | ISRG | 1 | 4 | 1 | 1 | 3
`,

	// evil, acct, beside, param, iodef, closed. www.typo.com inherits its set and alias.com has that of cdn.net: 30 have their own, all registrable. Six covered names have an MX
	// (typo, host, ip, word, dcv, taken); of those that failed it is not known, so that they are none of them.
	"iodef": `
counted | n | of | unknown
covered names | 6 | 32 | 3
names with a set of their own | 6 | 30 | 3
registrable domains with a set of their own | 6 | 30 | 3
e-mail-capable covered names | 0 | 6 | 0
`,

	// acct, param, closed; beside; evil and iodef.com have one without a scheme; iodef.com has ftp and an empty one, too.
	"iodef-schemes": `
scheme | n | of | own_names | unknown
mailto | 3 | 6 | 3 | 3
https | 1 | 6 | 1 | 3
http | 0 | 6 | 0 | 3
(no scheme) | 2 | 6 | 2 | 3
(other scheme) | 1 | 6 | 1 | 3
(empty) | 1 | 6 | 1 | 3
(unusable) | 0 | 6 | 0 | 3
`,

	// 32 less 6; one of the 26 is inherited.
	"iodef-findings": `
finding | n | of | own_names | unknown | severity
iodef_missing | 26 | 32 | 25 | 3 | info
bad-iodef | 2 | 32 | 2 | 3 | warning
iodef_no_scheme | 2 | 32 | 2 | 3 | warning
iodef_bad_scheme | 1 | 32 | 1 | 3 | warning
`,

	// acct reports to taken.com, which has an MX, closed to none.com, which has a null MX; param to nowhere.test, which is no row.
	"iodef-mailboxes": `
mailbox_domain | n | of | own_names | unknown
takes mail (MX) | 1 | 2 | 1 | 1
takes mail (address, no MX) | 0 | 2 | 0 | 1
takes none (null MX) | 1 | 2 | 1 | 1
takes none (no MX, no address) | 0 | 2 | 0 | 1
does not exist | 0 | 2 | 0 | 1
`,

	// Local parts, ports and paths are left out, and hosts in lower case.
	"iodef-targets": `
scheme | target | names | own_names
https | report.example | 1 | 1
mailto | none.com | 1 | 1
mailto | nowhere.test | 1 | 1
mailto | taken.com | 1 | 1
`,

	// Critical: flags.com (known tag), crit.com (unknown tag). Reserved: evil.com's 1. flags.com has the same issuer with 0 and 128.
	"flag-uses": `
flags | n | of | own_names | unknown
critical | 2 | 32 | 2 | 3
critical on a known tag | 1 | 32 | 1 | 3
critical on an unknown tag: blocks | 1 | 32 | 1 | 3
reserved bits | 1 | 32 | 1 | 3
contradictory | 1 | 32 | 1 | 3
`,

	// 64 records: 14 sets of one, 13 of two, 4 of three, and 12; three of them have other flags. All names have one with none.
	"flag-values": `
flags | n | of | own_names | unknown | records
0 | 32 | 32 | 31 | 3 | 61
1 | 1 | 32 | 1 | 3 | 1
128 | 2 | 32 | 2 | 3 | 2
`,

	// Of 30 names with issue one has a critical one, flags.com; of two with unknown tags crit.com, and evil.com has reserved bits.
	"flags-by-tag": `
tag | n | of | reserved_bits | unknown
issue | 1 | 30 | 0 | 3
iodef | 0 | 6 | 0 | 3
issuemail | 0 | 4 | 0 | 3
issuewild | 0 | 3 | 0 | 3
(unknown tags) | 1 | 2 | 1 | 3
`,

	// flags.com.
	"contradictory-flags": `
query_name | rank | records
flags.com | - | 0 issue "digicert.com", 128 issue "digicert.com"
`,

	// deny.com; dup.com (a semicolon more); wild.com; beside.com. never.com's issuewild has other parameters, dcv.com's names nobody while issue names somebody.
	"inert-records": `
records | n | of | own_names | unknown
refusal beside a named issuer | 1 | 32 | 1 | 3
duplicate | 1 | 32 | 1 | 3
issuewild equal to issue | 1 | 30 | 1 | 3
bound to an account beside unbound | 1 | 30 | 1 | 3
bound to methods beside unbound | 0 | 30 | 0 | 3
`,

	// deny.com, flags.com, dup.com.
	"inert-sets": `
records | findings | names | own_names
0 issue ";", 0 issue "sectigo.com" | deny_beside_allow | 1 | 1
0 issue "digicert.com", 128 issue "digicert.com" | flag_conflict | 1 | 1
0 issue "sectigo.com", 0 issue "sectigo.com;" | duplicate_record | 1 | 1
`,

	// As above. Without issuemail: 30 with issue less mailtls, nomail and param. One owner alone: host, upper, stale2, mailtls, nomail, flags, crit, deny, dup, wild, acct, beside, never, param, alias,
	// below, big; not taken.com, whose issuer serves two. big.com's TTL is 0 and its reply large, alias.com's TTL is a day.
	"all-findings": `
finding | n | of | own_names | unknown | severity
issue_without_issuemail | 27 | 32 | 26 | 3 | notice
iodef_missing | 26 | 32 | 25 | 3 | info
single_owner | 17 | 32 | 17 | 3 | info
all_unknown_locked_out | 12 | 32 | 11 | 3 | error
issuer_unknown | 6 | 32 | 5 | 3 | warning
issuer_typo | 5 | 32 | 4 | 3 | warning
malformed-value | 5 | 32 | 5 | 3 | error
bad-iodef | 2 | 32 | 2 | 3 | warning
iodef_no_scheme | 2 | 32 | 2 | 3 | warning
issuer_distrusted | 2 | 32 | 2 | 3 | warning
issuer_is_url | 2 | 32 | 2 | 3 | error
unknown-tag | 2 | 32 | 2 | 3 | warning
unknown_tag | 2 | 32 | 2 | 3 | warning
alias | 1 | 32 | 1 | 3 | info
alias_supplied | 1 | 32 | 1 | 3 | info
critical_unknown_tag | 1 | 32 | 1 | 3 | error
deny_beside_allow | 1 | 32 | 1 | 3 | notice
duplicate_record | 1 | 32 | 1 | 3 | notice
flag_conflict | 1 | 32 | 1 | 3 | notice
inherited | 1 | 32 | 0 | 3 | info
iodef_bad_scheme | 1 | 32 | 1 | 3 | warning
issuemail_without_issue | 1 | 32 | 1 | 3 | notice
issuer_is_host | 1 | 32 | 1 | 3 | notice
issuer_is_ip | 1 | 32 | 1 | 3 | error
issuer_list_in_one_value | 1 | 32 | 1 | 3 | error
issuer_no_smime_trust | 1 | 32 | 1 | 3 | warning
issuer_trailing_dot | 1 | 32 | 1 | 3 | error
issuer_uppercase | 1 | 32 | 1 | 3 | notice
oversize_udp | 1 | 32 | 1 | 3 | notice
reserved-flag-bits | 1 | 32 | 1 | 3 | notice
reserved_flag_bits | 1 | 32 | 1 | 3 | notice
restricts_nothing | 1 | 32 | 1 | 3 | warning
tag_nonalnum | 1 | 32 | 1 | 3 | warning
ttl_over_8h | 1 | 32 | 1 | 3 | info
ttl_zero | 1 | 32 | 1 | 3 | notice
unknown-critical | 1 | 32 | 1 | 3 | error
validationmethods_unknown | 1 | 32 | 1 | 3 | warning
value_empty | 1 | 32 | 1 | 3 | notice
value_quotes | 1 | 32 | 1 | 3 | warning
bad-contact | 0 | 32 | 0 | 3 | warning
injected_rrset | 0 | 32 | 0 | 3 | notice
iodef_unresolvable | 0 | 32 | 0 | 3 | warning
issuer_idn | 0 | 32 | 0 | 3 | warning
issuewild_without_issue | 0 | 32 | 0 | 3 | warning
ns_inconsistent | 0 | 32 | 0 | 3 | warning
param_duplicate_accounturi | 0 | 32 | 0 | 3 | error
param_syntax | 0 | 32 | 0 | 3 | error
shared_operator_rrset | 0 | 32 | 0 | 3 | info
suffix_supplied | 0 | 32 | 0 | 3 | notice
tag_mixed_case | 0 | 32 | 0 | 3 | info
value_nonascii | 0 | 32 | 0 | 3 | warning
value_whitespace | 0 | 32 | 0 | 3 | notice
`,

	// evil.com and crit.com.
	"odd-tags": `
tags | n | of | own_names | unknown
unknown | 2 | 32 | 2 | 3
unknown and critical: blocks | 1 | 32 | 1 | 3
with other characters than letters and digits | 1 | 32 | 1 | 3
with capital letters | 0 | 32 | 0 | 3
`,

	// tbs is no letter away from a known tag by two at most; the other has brackets.
	"unknown-tags": `
tag | sort | n | of | own_names | critical | unknown
<b>x</b> | ill-formed | 1 | 2 | 1 | 0 | 3
tbs | private | 1 | 2 | 1 | 1 | 3
`,

	// A NUL and a backslash, as output escapes them.
	"unknown-tag-values": `
tag | value | names | own_names | critical
<b>x</b> | \000\\ | 1 | 1 | 0
tbs | Unknown | 1 | 1 | 1
`,

	// acct has both, in its one record; beside accounturi, but not alone; never validationmethods in issue and issuewild, each alone; param accounturi in issuemail.
	"rfc8657": `
parameter | tag | n | of | own_names | alone | unknown
either | issue or issuewild | 3 | 30 | 3 | 2 | 3
accounturi | issue or issuewild | 2 | 30 | 2 | 1 | 3
validationmethods | issue or issuewild | 2 | 30 | 2 | 2 | 3
both | issue or issuewild | 1 | 30 | 1 | 1 | 3
either | issue | 3 | 30 | 3 | 2 | 3
accounturi | issue | 2 | 30 | 2 | 1 | 3
validationmethods | issue | 2 | 30 | 2 | 2 | 3
both | issue | 1 | 30 | 1 | 1 | 3
either | issuewild | 1 | 3 | 1 | 1 | 3
accounturi | issuewild | 0 | 3 | 0 | 0 | 3
validationmethods | issuewild | 1 | 3 | 1 | 1 | 3
both | issuewild | 0 | 3 | 0 | 0 | 3
either | issuemail | 1 | 4 | 1 | 1 | 3
accounturi | issuemail | 1 | 4 | 1 | 1 | 3
validationmethods | issuemail | 0 | 4 | 0 | 0 | 3
both | issuemail | 0 | 4 | 0 | 0 | 3
either | issuevmc | 0 | 0 | 0 | 0 | 3
accounturi | issuevmc | 0 | 0 | 0 | 0 | 3
validationmethods | issuevmc | 0 | 0 | 0 | 0 | 3
both | issuevmc | 0 | 0 | 0 | 0 | 3
`,

	// acct: dns-01; never: an empty list in issue, http-01 in issuewild.
	"rfc8657-methods": `
method | n | of | own_names | unknown
(none) | 1 | 2 | 1 | 3
dns-01 | 1 | 2 | 1 | 3
http-01 | 1 | 2 | 1 | 3
`,

	// Two accounts at one CA, of two names.
	"rfc8657-accounts": `
host | accounts | n | of | own_names | unknown
acme.example | 2 | 2 | 2 | 2 | 3
`,

	// never.com, in issue and in issuewild; in neither is another record.
	"rfc8657-unsatisfiable": `
condition | n | of | own_names | shut_out | unknown
(any) | 1 | 3 | 1 | 1 | 3
accounturi twice | 0 | 3 | 0 | 0 | 3
accounturi is no URI | 0 | 3 | 0 | 0 | 3
validationmethods twice | 0 | 3 | 0 | 0 | 3
no method listed | 1 | 3 | 1 | 1 | 3
ill-formed list of methods | 0 | 3 | 0 | 0 | 3
no known method | 0 | 3 | 0 | 0 | 3
wildcards by HTTP or TLS-ALPN only | 1 | 3 | 1 | 1 | 3
`,

	// acct and beside have accounts; beside lets the same CA in without. At op1.net there are 28 own names, each with another set; trunc.com failed.
	"rfc8657-by-operator": `
dns_operator | n | of | common | unknown | different_sets
op1.net | 1 | 2 | 0 | 1 | 28
`,

	// No set is at ten registrable domains. op2.org has below and big, and fail; alias.com is not its own; optout.com's servers are not known.
	"operator-sets": `
dns_operator | n | of | unknown | different_sets | largest | in_all_records
op1.net | 0 | 28 | 1 | 28 | 1 | 0
op2.org | 0 | 2 | 1 | 2 | 1 | -
`,

	// big has a, of twelve values; param has the others, accounturi in issuemail, where it has no meaning.
	"other-parameters": `
parameter | n | of | own_names | nobody | different_values | unknown
(any) | 2 | 31 | 2 | 0 | - | 3
a | 1 | 31 | 1 | 0 | 12 | 3
accounturi | 1 | 31 | 1 | 0 | 1 | 3
cansignhttpexchanges | 1 | 31 | 1 | 0 | 1 | 3
`,

	// The same in all combinations.
	"other-parameter-values": `
parameter | value | tag | issuer | names | own_names
a | 1 | issue | letsencrypt.org | 1 | 1
a | 10 | issue | letsencrypt.org | 1 | 1
a | 11 | issue | letsencrypt.org | 1 | 1
a | 12 | issue | letsencrypt.org | 1 | 1
a | 2 | issue | letsencrypt.org | 1 | 1
a | 3 | issue | letsencrypt.org | 1 | 1
a | 4 | issue | letsencrypt.org | 1 | 1
a | 5 | issue | letsencrypt.org | 1 | 1
a | 6 | issue | letsencrypt.org | 1 | 1
a | 7 | issue | letsencrypt.org | 1 | 1
a | 8 | issue | letsencrypt.org | 1 | 1
a | 9 | issue | letsencrypt.org | 1 | 1
accounturi | x | issuemail | sectigo.com | 1 | 1
cansignhttpexchanges | yes | issue | digicert.com | 1 | 1
`,

	// Asked about were typo (same), upper, stale, second, and stale2, of which one server answered: not checked. second.com has no set.
	"consistency": `
consistency | n | of | covered | zones | unknown
(any) | 3 | 4 | 2 | 3 | 34
nodata_vs_caa | 1 | 4 | 1 | 1 | 34
nxdomain_vs_caa | 1 | 4 | 0 | 1 | 34
cname_differs | 0 | 4 | 0 | 0 | 34
caa_differs | 1 | 4 | 1 | 1 | 34
`,

	// The same by what was found: typo, upper and stale are covered, second is not.
	"consistency-by-fate": `
look_up | n | of | unknown
covered | 2 | 3 | 29
none | 1 | 1 | 2
unknown | 0 | 0 | 3
`,

	// 33 names are at op1.net, op2.org has below, big and fail, and of alias.com and optout.com no servers were learned.
	"consistency-by-operator": `
dns_operator | n | of | nodata_vs_caa | nxdomain_vs_caa | cname_differs | caa_differs | unknown
op1.net | 3 | 4 | 1 | 1 | 0 | 1 | 29
(not known) | 0 | 0 | 0 | 0 | 0 | 0 | 2
op2.org | 0 | 0 | 0 | 0 | 0 | 0 | 3
`,

	// All: typo, upper, second. Some: stale (3 of 4), stale2 (1 of 2, the other lame).
	"servers-answering": `
servers | n | of | unknown
all answered | 3 | 5 | 33
some answered | 2 | 5 | 33
none answered | 0 | 5 | 33
one or more lame | 1 | 5 | 33
only one address asked | 0 | 5 | 33
`,

	// The three of the first table.
	"inconsistent-names": `
query_name | rank | zone_apex | dns_operator | consistency | caa_status | asked | answered | dissenting
second.com | - | second.com | op1.net | nxdomain_vs_caa | none | 3 | 3 | 1
stale.com | - | stale.com | op1.net | caa_differs | found | 4 | 3 | 1
upper.com | - | upper.com | op1.net | nodata_vs_caa | found | 4 | 4 | 1
`,

	// 300 at typo twice, 0 at big, a day at alias, 3600 at 28 others. Five per cent of 32 names are 1.6, so that the second smallest is meant.
	"ttl-window": `
counted | n | of | unknown | zero | least | p5 | p50 | p95 | most
covered names | 1 | 32 | 3 | 1 | 0 | 300 | 3600 | 3600 | 86400
set at the name | 0 | 30 | 3 | 1 | 0 | 300 | 3600 | 3600 | 3600
set at the name, registrable domains | 0 | 30 | 3 | 1 | 0 | 300 | 3600 | 3600 | 3600
inherited | 0 | 1 | 3 | 0 | 300 | 300 | 300 | 300 | 300
by an alias | 1 | 1 | 3 | 0 | 86400 | 86400 | 86400 | 86400 | 86400
`,

	// As above.
	"ttl-distribution": `
ttl | n | of | own_names | unknown
0 | 1 | 32 | 1 | 3
to 1 min | 0 | 32 | 0 | 3
to 5 min | 2 | 32 | 1 | 3
to 15 min | 0 | 32 | 0 | 3
to 30 min | 0 | 32 | 0 | 3
to 1 h | 28 | 32 | 28 | 3
to 4 h | 0 | 32 | 0 | 3
to 8 h | 0 | 32 | 0 | 3
to 1 day | 1 | 32 | 1 | 3
to 1 week | 0 | 32 | 0 | 3
longer | 0 | 32 | 0 | 3
`,

	// As above.
	"ttl-values": `
ttl | n | of | own_names | unknown
3600 | 28 | 32 | 28 | 3
300 | 2 | 32 | 1 | 3
0 | 1 | 32 | 1 | 3
86400 | 1 | 32 | 1 | 3
`,

	// The only one over eight hours is by an alias. At op1.net trunc failed, at op2.org fail.
	"ttl-by-operator": `
dns_operator | n | of | unknown
op1.net | 0 | 28 | 1
op2.org | 0 | 2 | 1
`,

	// One record: typo twice, alias and below with one set, and ten others: 14 names, 12 sets. Three: evil, beside, param, iodef. Twelve: big.
	"set-records": `
records | n | of | own_names | sets | unknown
1 | 14 | 32 | 13 | 12 | 3
2 | 13 | 32 | 13 | 13 | 3
3 | 4 | 32 | 4 | 4 | 3
4 | 0 | 32 | 0 | 0 | 3
5 | 0 | 32 | 0 | 0 | 3
6 | 0 | 32 | 0 | 0 | 3
7 | 0 | 32 | 0 | 0 | 3
8 | 0 | 32 | 0 | 0 | 3
9 | 0 | 32 | 0 | 0 | 3
10 | 0 | 32 | 0 | 0 | 3
11 to 20 | 1 | 32 | 1 | 1 | 3
21 to 50 | 0 | 32 | 0 | 0 | 3
51 to 100 | 0 | 32 | 0 | 0 | 3
over 100 | 0 | 32 | 0 | 0 | 3
`,

	// 100 octets, but big with 1500, which is signed.
	"reply-octets": `
octets | n | of | signed | unknown
to 128 | 31 | 32 | 0 | 3
to 256 | 0 | 32 | 0 | 3
to 512 | 0 | 32 | 0 | 3
to 1232 | 0 | 32 | 0 | 3
to 1472 | 0 | 32 | 0 | 3
to 4096 | 1 | 32 | 1 | 3
to 16384 | 0 | 32 | 0 | 3
more | 0 | 32 | 0 | 3
`,

	// big came over TCP; trunc never came. fail has no reply, optout was not asked.
	"reply-transport": `
reply | n | of | covered | unknown
cut short over UDP | 2 | 37 | 1 | 1
over 1232 octets | 1 | 36 | 1 | 2
by TCP | 1 | 36 | 1 | 2
not by TCP: look-up failed | 1 | 37 | 0 | 1
not by TCP, of those cut short | 1 | 2 | 0 | 1
`,

	// trunc is at op1.net, big at op2.org.
	"size-by-operator": `
dns_operator | n | of | unknown
op1.net | 1 | 1 | 0
op2.org | 0 | 1 | 0
`,

	// By records, then names, then what they begin with.
	"largest-sets": `
records | reply | names | own_names | begins
12 | 1500 | 1 | 1 | 0 issue "letsencrypt.org; a=1", 0 issue "letsencrypt.org; a=10", 0 issue "letsencrypt.org; a=11"
3 | 100 | 1 | 1 | 0 iodef "", 0 iodef "ftp://x.example", 0 iodef "security@flags.com"
3 | 100 | 1 | 1 | 0 iodef "=cmd|'/C calc'!A0", 0 issue "<script>alert(1)</script>", 1 <b>x</b> "\000\\"
3 | 100 | 1 | 1 | 0 iodef "https://Report.example:8443/x", 0 issue "letsencrypt.org", 0 issue "letsencrypt.org; accounturi=https://acme.example/acct/2"
3 | 100 | 1 | 1 | 0 iodef "mailto:abuse@nowhere.test", 0 issue "digicert.com; cansignhttpexchanges=yes", 0 issuemail "sectigo.com; accounturi=x"
2 | 100 | 1 | 1 | 0 iodef "mailto:a@none.com", 0 issue ";"
2 | 100 | 1 | 1 | 0 iodef "mailto:sec@taken.com", 0 issue "letsencrypt.org; accounturi=https://acme.example/acct/1; validationmethods=dns-01"
2 | 100 | 1 | 1 | 0 issue "0a1b2c.sectigo.com", 0 issuewild ";"
2 | 100 | 1 | 1 | 0 issue ";", 0 issue "sectigo.com"
2 | 100 | 1 | 1 | 0 issue "digicert.com", 128 issue "digicert.com"
2 | 100 | 1 | 1 | 0 issue "letsencrypt.org", 0 issue "wosign.com"
2 | 100 | 1 | 1 | 0 issue "letsencrypt.org", 0 issuemail "letsencrypt.org"
2 | 100 | 1 | 1 | 0 issue "letsencrypt.org", 128 tbs "Unknown"
2 | 100 | 1 | 1 | 0 issue "letsencrypt.org; validationmethods=", 0 issuewild "letsencrypt.org; validationmethods=http-01"
2 | 100 | 1 | 1 | 0 issue "pki.goog", 0 issuemail ";"
2 | 100 | 1 | 1 | 0 issue "pki.goog", 0 issuewild "pki.goog"
2 | 100 | 1 | 1 | 0 issue "sectigo.com", 0 issue "sectigo.com;"
2 | 100 | 1 | 1 | 0 issue "sectigo.com", 0 issue "www.letsencrypt.org"
1 | 100 | 2 | 1 | 0 issue "letsencrypt.com"
1 | 100 | 2 | 2 | 0 issue "letsencrypt.org"
1 | 100 | 1 | 1 | 0 issue ""digicert.com""
1 | 100 | 1 | 1 | 0 issue "192.0.2.1"
1 | 100 | 1 | 1 | 0 issue "LetsEncrypt.org"
1 | 100 | 1 | 1 | 0 issue "digicert"
1 | 100 | 1 | 1 | 0 issue "digicert.com, sectigo.com"
1 | 100 | 1 | 1 | 0 issue "entrust.net"
1 | 100 | 1 | 1 | 0 issue "https://letsencrypt.org"
1 | 100 | 1 | 1 | 0 issue "letsencrypt.org."
1 | 100 | 1 | 1 | 0 issue "startcomca.com"
1 | 100 | 1 | 1 | 0 issuemail "digicert.com"
`,

	// host: all; ip: the first of two; word: none; dcv: not known, as the second failed. Of typo and taken it was not asked, of fail, trunc and optout MX is not known.
	"mx-hosts": `
exchangers | n | of | domain_covered | unknown
all covered | 1 | 3 | 1 | 6
some covered | 1 | 3 | 1 | 6
none covered | 1 | 3 | 1 | 6
all restricted for TLS | 1 | 3 | 1 | 6
the most preferred covered | 3 | 4 | 3 | 5
`,

	// ip, word and dcv have their mail at op2.org, host at op1.net.
	"mx-hosts-by-operator": `
mx_operator | n | of | unknown
op2.org | 0 | 2 | 1
op1.net | 1 | 1 | 0
`,

	// mx1.op2.org was seen three ways by one name each, of which none is the last word by the alphabet.
	"exchangers": `
exchanger | names | caa_status | caa_name | tls_posture | tls_issuers | security | error
mx1.op2.org | 3 | none | - | absent |  | insecure | -
mx2.op2.org | 2 | none | - | absent |  | insecure | -
mx1.op1.net | 1 | found | op1.net | restricted | sectigo.com | insecure | -
`,

	// dot and list; url's host failed; fail, trunc and optout were not asked. quotes announces none.
	"mta-sts-hosts": `
tls_posture | n | of | inherited | unknown
restricted | 1 | 2 | 1 | 4
closed | 0 | 2 | 0 | 4
blocked | 0 | 2 | 0 | 4
open | 0 | 2 | 0 | 4
absent | 1 | 2 | 0 | 4
`,

	// None of the four has issuevmc.
	"bimi-mark-certificates": `
bimi | n | of | unknown
absent | 0 | 3 | 0
evidenced | 0 | 1 | 0
`,

	// 38 names: one not asked, two failed, one does not exist.
	"look-ups": `
status | n | of | unknown
(answered) | 35 | 37 | 1
ok | 34 | 37 | 1
nxdomain | 1 | 37 | 1
timeout | 1 | 37 | 1
truncated | 1 | 37 | 1
`,

	// second.com was answered then, fail.com failed the same way; three exchanges each.
	"second-looks": `
first_look_status | n | of | covered | failed_otherwise | attempts | unknown
timeout | 1 | 2 | 0 | 0 | 6 | 0
`,

	// 10 (big), 6 (fail), 5 (trunc), 7 (second), 0 (optout), 33 times 4. 95 per cent of 38 are 36.1, so that the second largest is meant.
	"cost": `
measure | any | names | any_share | sum | mean | p50 | p95 | p99 | most
packets | 37 | 38 | 0.9737 | 160 | 4.211 | 4 | 7 | 10 | 10
repetitions | 2 | 38 | 0.05263 | 7 | 0.1842 | 0 | 2 | 5 | 5
over TCP | 2 | 38 | 0.05263 | 4 | 0.1053 | 0 | 1 | 3 | 3
`,

	// 5 ms, but big 300 ms; fail and optout have no answer.
	"response-time": `
milliseconds | n | of | unknown
to 1 | 0 | 36 | 2
to 5 | 35 | 36 | 2
to 10 | 0 | 36 | 2
to 20 | 0 | 36 | 2
to 50 | 0 | 36 | 2
to 100 | 0 | 36 | 2
to 200 | 0 | 36 | 2
to 500 | 1 | 36 | 2
to 1000 | 0 | 36 | 2
more | 0 | 36 | 2
`,

	// big waited 90 s, second 20 ms.
	"waiting": `
held_back | n | of | unknown
not at all | 35 | 37 | 1
to 1 s | 1 | 37 | 1
to 1 min | 0 | 37 | 1
to 1 h | 1 | 37 | 1
longer | 0 | 37 | 1
`,

	// 192.0.2.1 in two runs is one; 192.0.2.3 opted out; 192.0.2.2 never answered. 135 packets, 123 replies.
	"servers": `
servers | asked | answering | opted_out | held_back | slowed_down | packets | replies | replies_share | timeouts | rate_p50 | rate_p95 | rate_p99 | rate_most
4 | 3 | 2 | 1 | 1 | 1 | 135 | 123 | 0.9111 | 12 | 12 | 60 | 60 | 60
`,

	// 12, 2 and 60. Of 192.0.2.1 the limit at the end is that of the second run.
	"server-rates": `
packets_a_second | servers | servers_share | above_limit_at_end | no_limit
1 | 0 | 0 | 0 | 0
2 | 1 | 0.3333 | 0 | 1
to 5 | 0 | 0 | 0 | 0
to 10 | 0 | 0 | 0 | 0
to 20 | 1 | 0.3333 | 0 | 0
to 50 | 0 | 0 | 0 | 0
to 100 | 1 | 0.3333 | 1 | 0
to 1000 | 0 | 0 | 0 | 0
more | 0 | 0 | 0 | 0
`,

	// Only 192.0.2.1 was; names and limit are those of its last run.
	"throttled-servers": `
server_ip | server_names | dns_operator | held_back_ms | sent | answered | timeouts | refused | highest_rate | limit_at_end | slowed_down | cause
192.0.2.1 | =ns1.op1.net | op1.net | 700 | 120 | 118 | 2 | 3 | 12 | 20 | 1 | refused
`,

	// 192.0.2.1 alone has times.
	"server-response-times": `
run | servers | median_p5 | median_p50 | median_p95 | p95_p50 | p95_p95
1 | 1 | 5 | 5 | 5 | 20 | 20
2 | 1 | 6 | 6 | 6 | 30 | 30
`,

	// As in the first table.
	"vantages": `
vantage | worker | n | of | unknown
<vantage> | (not stated) | 35 | 37 | 1
`,

	// Run 1: 100, 10, 0 and 5 packets; run 2: 20.
	"runs": `
scan_id | source | shard | shards | started_at | ended_at | state | names | run | servers | packets | replies | timeouts | first_packet | last_packet
odd | list.csv | 1 | 1 | 2026-11-01T12:00:00Z | 2026-11-01T13:00:00Z | complete | 38 | 1 | 4 | 115 | 103 | 12 | 2026-11-01T12:00:01Z | 2026-11-01T12:00:12Z
odd | list.csv | 1 | 1 | 2026-11-01T12:00:00Z | 2026-11-01T13:00:00Z | complete | 38 | 2 | 1 | 20 | 20 | 0 | 2026-11-01T12:00:20Z | 2026-11-01T12:00:30Z
`,
}
