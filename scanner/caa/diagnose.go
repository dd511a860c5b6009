package caa

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// issuanceWindow is how long a CA may rely on what it saw, in seconds, where the TTL is not longer (R3.3).
	issuanceWindow = 8 * 60 * 60

	// maxUDP is the size of a reply that reaches everybody over UDP, in octets: what servers and resolvers announce
	// since the DNS flag day of 2020.
	maxUDP = 1232

	// maxIdentifier is the length of a DNS name in text, in octets. The grammar of values sets no bound, but what is
	// longer is nobody's identifier.
	maxIdentifier = 253

	// maxRemembered bounds the memory for identifiers at some 2 MB. All those of a large scan are some thousands.
	maxRemembered = 8192
)

// Registry is what a table of issuers knows. Both methods take an identifier in lower case.
type Registry interface {
	// Issuer returns what is known of an identifier, compared whole (R2.10); the zero Issuer if that is nothing.
	Issuer(identifier string) Issuer
	// Nearest returns the identifier that was probably meant by one that is not known.
	Nearest(identifier string) (known string, distance int, ok bool)
}

// Issuer is what a Registry knows of one identifier.
type Issuer struct {
	Known    bool
	Retired  bool        // nobody goes by it now: the owners are distrusted, merged or gone, or use others
	Families []string    // groups of CAs that go by it now; one identifier may serve several (spec section 5)
	Honours  [Kinds]bool // somebody is known to take it for its own, by kind of certificate
	Refuses  [Kinds]bool // all are known not to; neither: not known
}

// Circumstances are what findings depend on besides the set. The zero value claims nothing.
type Circumstances struct {
	Name  string // asked
	Level string // Name or the ancestor of it whose look-up showed the set
	Owner string // of the records: Level, or the name at the end of its aliases
	// These three are for texts and for Recommend only: who wants words need not fill them in.

	TTL          uint32 // of the set, in seconds
	TTLKnown     bool
	Truncated    bool // a reply had TC set
	Size         int  // of the reply that brought the set, in octets; 0: not known
	Aliased      bool // Level is an alias (R1.6)
	Inherited    bool // Level is not Name
	BySuffix     bool // Level is a public suffix, or above one
	Inconsistent bool // the servers of the zone were all asked, and do not agree
	Mail         MailUse
}

// MailUse says if a name takes mail. The zero value: not known.
type MailUse uint8

const (
	MailNotKnown MailUse = iota
	TakesMail            // an exchange host, or without MX an address (RFC 5321 5.1)
	TakesNoMail          // a null MX (RFC 7505), or neither MX nor address
)

// Diagnosis is a Finding with what it is about.
type Diagnosis struct {
	Finding Finding
	Record  int    // index in Set.Properties of the record at fault; -1: the set as a whole, or the way to it
	Detail  string // IssuerTypo: the closest; AllUnknownLockedOut: the kind, or "any"; ValidationMethodsUnknown: the first such label
}

// Word returns the finding with its argument if it has one: what stands in files.
func (d Diagnosis) Word() Finding {
	if d.Finding == IssuerTypo {
		return d.Finding + ":" + Finding(d.Detail)
	}
	return d.Finding
}

// Words appends the words of diagnoses, as Diagnose returns them, to buf: sorted, each once.
func Words(buf []Finding, diagnoses []Diagnosis) []Finding {
	for i, d := range diagnoses {
		if i > 0 && d.Finding == diagnoses[i-1].Finding && (d.Finding != IssuerTypo || d.Detail == diagnoses[i-1].Detail) {
			continue
		}
		buf = append(buf, d.Word())
	}
	return buf
}

// Diagnoser finds what should be looked at in sets. It remembers what the registry says, so that a scan asks once for
// each identifier in use. A Diagnoser is for one goroutine.
type Diagnoser struct {
	registry Registry
	issuers  map[string]*standing

	// Of the set at hand.
	set   *Set
	found []Diagnosis
	order []int
	count [Kinds]tagCount
}

// standing is what the registry says of one identifier.
type standing struct {
	Issuer
	nearest string // of one that is not known; "" if none is near
}

// usable reports whether somebody who goes by it can issue.
func (s *standing) usable() bool { return s.Known && !s.Retired }

// tagCount counts the records of one tag.
type tagCount struct {
	named  int // that name somebody
	usable int // that name somebody who is known and not retired
	denied int // that name nobody, and are well formed
}

// NewDiagnoser returns one that relies on the registry. Without a registry (nil), every identifier passes for known.
func NewDiagnoser(registry Registry) *Diagnoser {
	return &Diagnoser{registry: registry, issuers: map[string]*standing{}}
}

// Diagnose finds what should be looked at in a set and the way to it, sorted by word, detail and record, each once. Of
// the zero Set, there is nothing to be found but how the servers answer. The result is good until the next call.
//
// The words of the result are the same for every order of the records. So are the records at fault, except that of
// records that are equal in every octet any may be meant.
func (d *Diagnoser) Diagnose(s *Set, at *Circumstances) []Diagnosis {
	d.set, d.found, d.count = s, d.found[:0], [Kinds]tagCount{}
	if len(s.Properties) > 0 {
		for i := range s.Properties {
			d.diagnoseRecord(i)
		}
		d.diagnoseNeighbours()
		d.diagnoseSet()
		d.diagnoseWay(at)
	}
	if at.Inconsistent {
		d.add(NSInconsistent, -1)
	}
	d.set = nil
	slices.SortFunc(d.found, func(a, b Diagnosis) int {
		return cmp.Or(strings.Compare(string(a.Finding), string(b.Finding)), strings.Compare(a.Detail, b.Detail), cmp.Compare(a.Record, b.Record))
	})
	d.found = slices.Compact(d.found)
	return d.found
}

func (d *Diagnoser) add(f Finding, record int) {
	d.found = append(d.found, Diagnosis{Finding: f, Record: record})
}

// diagnoseRecord looks at the record with index i alone.
func (d *Diagnoser) diagnoseRecord(i int) {
	p := &d.set.Properties[i]
	tag := tagTrait(p.Tag)
	if p.Reserved() != 0 {
		d.add(ReservedFlagBits, i)
		d.add(FlagBitsReserved, i)
	}
	d.diagnoseTag(i, p, tag)
	class := classOf(p.Value)
	if tag != TagUnknown && isEmpty(p.Value, class) {
		d.add(ValueEmpty, i)
	}
	if tag&(TagIssue|TagIssueWild|TagIssueMail|TagIssueVMC|TagIodef|TagContactPhone) != 0 {
		if class&octetHigh != 0 {
			d.add(ValueNonASCII, i)
		}
		if hasOddBlanks(p.Value, class) {
			d.add(ValueWhitespace, i)
		}
	}
	malformed := d.set.Issuances[i].Syntax == Malformed
	switch tag {
	case TagUnknown:
	case TagIodef:
		d.diagnoseIodef(i, p.Value, class, malformed)
	case TagContactEmail, TagContactPhone:
		if malformed {
			d.add(BadContact, i)
		}
	default:
		d.diagnoseIssuance(i, slices.Index(kindTags[:], tag), class)
	}
}

func (d *Diagnoser) diagnoseTag(i int, p *Property, tag Traits) {
	if tag == TagUnknown {
		d.add(UnknownTag, i)
		d.add(TagNotKnown, i)
		if p.Critical() {
			d.add(UnknownCritical, i)
			d.add(CriticalUnknownTag, i)
		}
	}
	upper, odd := false, false
	for j := range len(p.Tag) {
		c := p.Tag[j]
		upper = upper || 'A' <= c && c <= 'Z'
		odd = odd || !isAlnum(c)
	}
	if upper {
		d.add(TagMixedCase, i)
	}
	if odd {
		d.add(TagNonAlnum, i)
	}
}

func (d *Diagnoser) diagnoseIodef(i int, value string, class octets, malformed bool) {
	if !malformed {
		return
	}
	d.add(BadIodef, i)
	if hasQuotes(value, class) {
		d.add(ValueQuotes, i)
	}
	switch bare := strings.Trim(value, around); {
	case bare == "":
	case schemeOf(bare) == "":
		d.add(IodefNoScheme, i)
	case !isIodefScheme(schemeOf(bare)):
		d.add(IodefBadScheme, i)
	}
}

// diagnoseIssuance looks at a value of the tag that governs the given kind.
func (d *Diagnoser) diagnoseIssuance(i, kind int, class octets) {
	value, issuance := d.set.Properties[i].Value, &d.set.Issuances[i]
	if hasQuotes(value, class) {
		d.add(ValueQuotes, i)
	}
	count := &d.count[kind]
	switch {
	case issuance.Syntax == Malformed:
		d.add(MalformedValue, i)
		for _, f := range dissect(value).faults {
			d.add(f, i)
		}
		return
	case issuance.Issuer == "":
		count.denied++
	default:
		count.named++
		if d.diagnoseIssuer(i, kind, issuance.Issuer, class) {
			count.usable++
		}
	}
	if kind == int(TLS) || kind == int(TLSWildcard) { // R2.17
		d.diagnoseParams(i, issuance.Params)
	}
}

// diagnoseIssuer looks at the issuer that a well-formed value names, and reports whether it is known and not retired.
func (d *Diagnoser) diagnoseIssuer(i, kind int, issuer string, class octets) (usable bool) {
	if class&octetUpper != 0 {
		if name, _ := cutDomain(skipBlanks(d.set.Properties[i].Value)); classOf(name)&octetUpper != 0 {
			d.add(IssuerUppercase, i)
		}
	}
	if isIP(issuer) {
		d.add(IssuerIsIP, i)
	}
	if strings.HasPrefix(issuer, "xn--") || strings.Contains(issuer, ".xn--") {
		d.add(IssuerIDN, i)
	}
	known := d.about(issuer)
	if bare, is := cutHost(issuer); is && (!known.Known || d.about(bare).Known) {
		d.add(IssuerIsHost, i)
	}
	switch {
	case !known.Known:
		d.add(IssuerUnknown, i)
		if known.nearest != "" {
			d.found = append(d.found, Diagnosis{IssuerTypo, i, known.nearest})
		}
	case known.Retired:
		d.add(IssuerDistrusted, i)
	case kind == int(SMIME) && known.Refuses[SMIME]:
		d.add(IssuerNoSMIMETrust, i)
	}
	return known.usable()
}

// everybody stands for an identifier where there is no registry.
var everybody = &standing{Issuer: Issuer{Known: true}}

// about returns what the registry says of an identifier.
func (d *Diagnoser) about(identifier string) *standing {
	if d.registry == nil {
		return everybody
	}
	if known := d.issuers[identifier]; known != nil {
		return known
	}
	known := &standing{}
	if len(identifier) > maxIdentifier {
		return known
	}
	if known.Issuer = d.registry.Issuer(identifier); !known.Known {
		if nearest, _, ok := d.registry.Nearest(identifier); ok && !isIP(identifier) {
			known.nearest = nearest
		}
	}
	if len(d.issuers) >= maxRemembered {
		clear(d.issuers)
	}
	d.issuers[strings.Clone(identifier)] = known // the identifier may be part of a large record
	return known
}

// diagnoseParams looks at the parameters of RFC 8657, their names in whatever case (C11).
func (d *Diagnoser) diagnoseParams(i int, params []Param) {
	accounts := 0
	for _, param := range params {
		switch {
		case equalFold(param.Name, "accounturi"):
			accounts++
		case equalFold(param.Name, "validationmethods"):
			for label := range strings.SplitSeq(param.Value, ",") {
				if !isKnownMethod(label) {
					d.found = append(d.found, Diagnosis{ValidationMethodsUnknown, i, label})
					break
				}
			}
		}
	}
	if accounts > 1 {
		d.add(ParamDuplicateAccountURI, i)
	}
}

// acmeMethods are IANA's ACME validation methods for domain names and what else a certificate may name, as of 2026-11.
// They are in lower case; a CA need not fold (C10).
var acmeMethods = [...]string{
	"http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01", "email-reply-00", "onion-csr-01", "tkauth-01", "bp-nodeid-00",
}

// isKnownMethod reports whether a label of validationmethods is a registered one, or one that a CA may define for itself
// (RFC 8657 4, R2.17, R2.18).
func isKnownMethod(label string) bool {
	own, ours := strings.CutPrefix(label, "ca-")
	return ours && isMethodLabel(own) || slices.Contains(acmeMethods[:], label)
}

// diagnoseSet looks at which tags the set has, and whom they leave.
func (d *Diagnoser) diagnoseSet() {
	traits := d.set.Traits
	if !traits.Has(TagIodef) {
		d.add(IodefMissing, -1)
	}
	if traits.Has(TagIssue) && !traits.Has(TagIssueMail) {
		d.add(IssueWithoutIssuemail, -1)
	}
	if traits.Has(TagIssueMail) && !traits.Has(TagIssue) {
		d.add(IssuemailWithoutIssue, -1)
	}
	if traits.Has(TagIssueWild) && !traits.Has(TagIssue) {
		d.add(IssuewildWithoutIssue, -1)
	}
	posture := &d.set.Posture
	if posture[TLS] == Open && posture[TLSWildcard] == Open && posture[SMIME] == Open {
		d.add(RestrictsNothing, -1)
	}
	if d.hasOneOwner() {
		d.add(SingleOwner, -1)
	}
	if traits.Has(FlagCriticalUnknown) && d.count[TLS].denied == 0 {
		d.found = append(d.found, Diagnosis{AllUnknownLockedOut, -1, "any"})
	}
	for kind, count := range d.count {
		if traits.Has(kindTags[kind]) && count.usable == 0 && count.denied == 0 {
			d.found = append(d.found, Diagnosis{AllUnknownLockedOut, -1, Kind(kind).String()})
		}
	}
}

// hasOneOwner reports whether all that may issue for TLS belong to one group. Who is not known or retired issues nothing.
func (d *Diagnoser) hasOneOwner() bool {
	owner := ""
	for _, issuer := range d.set.Issuers[TLS] {
		known := d.about(issuer)
		if known.Retired {
			continue
		}
		for _, family := range known.Families {
			if owner != "" && family != owner {
				return false
			}
			owner = family
		}
	}
	return owner != ""
}

// diagnoseWay looks at how the set came to govern the name, and what it takes to fetch it.
func (d *Diagnoser) diagnoseWay(at *Circumstances) {
	if at.Aliased {
		d.add(Alias, -1)
		d.add(AliasSupplied, -1)
	}
	if at.Inherited {
		d.add(Inherited, -1)
		if at.BySuffix {
			d.add(SuffixSupplied, -1)
		}
	}
	if at.TTLKnown && at.TTL == 0 {
		d.add(TTLZero, -1)
	}
	if at.TTLKnown && at.TTL > issuanceWindow {
		d.add(TTLOver8h, -1)
	}
	if at.Truncated || at.Size > maxUDP {
		d.add(OversizeUDP, -1)
	}
}
