package output

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"unsafe"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// How many servers, sets of servers, answers and RRsets an Encoder remembers. There are some 10^5 servers that more than a few
// names share; these cover most rows, and cost about 2 MB.
const (
	rememberedServers   = 4096
	rememberedLevels    = 256
	rememberedTTLs      = 256
	rememberedHosts     = 8192
	rememberedAddresses = 4096
	rememberedNames     = 4096
	rememberedSets      = 4096
	rememberedRRsets    = 1024
	rememberedOwners    = 256

	// An RRset is remembered if it has at most so many records, and octets in them.
	rememberedProperties = 16
	rememberedOctets     = 512
)

// An Encoder makes rows from records. Equal records give equal rows: what it remembers only saves work. What many records
// point at, such as servers, their sets and answers, is known again by its place: it does not change. An Encoder is used
// by one goroutine at a time.
type Encoder struct {
	scanID, worker, vantage string
	secondhand              bool
	registrable             func(name string) string
	registry                caa.Registry   // nil: not known
	diagnoser               *caa.Diagnoser // nil without issuers
	owners                  memo[owners]   // of identifiers
	words                   []caa.Finding  // scratch of findings

	servers   memo[serverTexts] // that answers point at
	hosts     memo[host]        // of servers, which many records share
	addresses memo[address]     // likewise
	names     memo[spelling]    // of exchanges
	setsAt    memo[setAt]       // the servers of zones that answers point at
	sets      memo[*serverSet]  // likewise, by their names
	rrsets    memo[rrset]       // relevant RRsets, which many records share
	answers   memo[level]       // for ancestors, which many records share
	ttls      memo[*int32]      // what columns point at
	operators []operatorCount   // scratch of newServerSet
	source    struct{ name, text string }

	// Where the lists and numbers lie that rows point at.
	levels     arena[Level]
	properties arena[Property]
	params     arena[Param]
	texts      arena[string]
	int16s     arena[int16]
	int32s     arena[int32]
	int64s     arena[int64]
}

// serverTexts is what an Encoder remembers of a server.
type serverTexts struct {
	from          *record.Server
	address, name string // texts; "" for none
}

// level is what it remembers of an answer.
type level struct {
	from *record.Answer
	Level
}

// host is what an Encoder remembers of a server's name.
type host struct {
	name     wire.Name
	text     string
	operator string // registrable domain, "" if it has none
}

// spelling is what it remembers of a name.
type spelling struct {
	of   wire.Name
	text string
}

// address is what it remembers of a server's address.
type address struct {
	addr netip.Addr
	text string
}

// serverSet is what it remembers of the servers of a zone.
type serverSet struct {
	names     []wire.Name
	sorted    []string // their texts
	hash      string
	operator  string // of most of them; "" if none has one
	operators int8   // different ones
}

// setAt is what it remembers of where the servers of a zone are found.
type setAt struct {
	names []wire.Name
	set   *serverSet
}

// rrset is what it remembers of an RRset.
type rrset struct {
	properties []caa.Property
	hash       string
}

// NewEncoder returns an encoder for the rows of one scan.
func NewEncoder(cfg Config) *Encoder {
	registrable := cfg.Registrable
	if registrable == nil {
		registrable = func(string) string { return "" }
	}
	var diagnoser *caa.Diagnoser
	if cfg.Issuers != nil {
		diagnoser = caa.NewDiagnoser(cfg.Issuers)
	}
	return &Encoder{
		scanID:      cfg.ScanID,
		worker:      cfg.Worker,
		vantage:     cfg.Vantage,
		secondhand:  cfg.Secondhand,
		registrable: registrable,
		registry:    cfg.Issuers,
		diagnoser:   diagnoser,
		owners:      newMemo[owners](rememberedOwners),
		servers:     newMemo[serverTexts](rememberedServers),
		answers:     newMemo[level](rememberedLevels),
		ttls:        newMemo[*int32](rememberedTTLs),
		hosts:       newMemo[host](rememberedHosts),
		addresses:   newMemo[address](rememberedAddresses),
		names:       newMemo[spelling](rememberedNames),
		setsAt:      newMemo[setAt](rememberedSets),
		sets:        newMemo[*serverSet](rememberedSets),
		rrsets:      newMemo[rrset](rememberedRRsets),
	}
}

// Rows makes the rows of one record. Nothing in them changes later; nobody may write to what they point at, which
// they share with other rows. The encoder keeps none of them.
func (e *Encoder) Rows(r *record.Record) (Domain, []CAARecord) {
	var d Domain
	e.domain(&d, r)
	records := e.records(nil, &d, r)
	e.levels.release()
	e.properties.release()
	e.params.release()
	e.texts.release()
	e.int16s.release()
	e.int32s.release()
	e.int64s.release()
	return d, records
}

// reset declares all rows made so far dead, and their memory free to use again.
func (e *Encoder) reset() {
	e.levels.reset()
	e.properties.reset()
	e.params.reset()
	e.texts.reset()
	e.int16s.reset()
	e.int32s.reset()
	e.int64s.reset()
}

// domain makes *d the row of r.
func (e *Encoder) domain(d *Domain, r *record.Record) {
	e.identity(d, r)
	e.existence(d, r)
	e.mail(d, r)
	e.climb(d, r)
	e.relevant(d, r)
	e.meaning(d, r)
	e.dnssec(d, r)
	e.nameServers(d, r)
	e.cost(d, r)
	e.companions(d, r)
	e.caOwners(d, r)
	e.survey(d, r.Survey)
	looks(d, r.Target.First)
	if e.secondhand {
		d.forget()
	}
}

// forget makes NULL what records that were made at second hand do not tell.
func (d *Domain) forget() {
	d.CAATTL, d.RTTUs = nil, nil
	if d.CAATruncated != nil && !*d.CAATruncated {
		d.CAATruncated = nil
	}
	for i := range d.Climb {
		d.Climb[i].TTL = nil
	}
}

// identity starts the row with what was known before anything was asked.
func (e *Encoder) identity(d *Domain, r *record.Record) {
	t := &r.Target
	if t.Source != e.source.name {
		e.source.name, e.source.text = strings.Clone(t.Source), Text(t.Source)
	}
	*d = Domain{}
	d.ScanID = e.scanID
	d.SchemaVersion = SchemaVersion
	d.QueryName = nameText(t.Name)
	d.InputName = Text(t.Input)
	d.InputKind = inputKind(t)
	d.InputLine = t.Line
	d.SourceList = e.source.text
	d.Rank = t.Rank
	d.RankBucket = t.RankBucket
	d.PublicSuffix = nameText(t.Suffix)
	d.IsRegistrable = t.Name == t.Registrable
	d.PSLSection = pslSection(t)
	d.Timestamp = micros(r.Finished)
	d.WorkerID = e.worker
	d.Vantage = e.vantage
	if d.RegistrableDomain = d.QueryName; !d.IsRegistrable {
		d.RegistrableDomain = nameText(t.Registrable)
	}
	d.TLD = d.QueryName[strings.LastIndexByte(d.QueryName, '.')+1:]
	if len(r.Climb) > 0 {
		d.Labels = int8(r.Climb[0].Name.Labels()) // an escaped dot in a label is no separator
	} else {
		d.Labels = int8(min(strings.Count(d.QueryName, ".")+1, math.MaxInt8))
	}
	if r.Cost.Queries > 0 {
		d.FirstQueryAt, d.LastQueryAt = micros(r.Admitted), micros(r.Finished)
	}
}

func inputKind(t *record.Target) string {
	switch {
	case t.Mail:
		return "mail"
	case t.Wildcard:
		return "wildcard"
	default:
		return "name"
	}
}

func pslSection(t *record.Target) string {
	switch {
	case t.Suffix == "":
		return ""
	case t.ICANN:
		return "icann"
	default:
		return "private"
	}
}

// The words of Domain.Exists.
const (
	existsWord     = "exists"
	nxdomainWord   = "nxdomain"
	unresolvedWord = "unresolved"
)

// existence fills the columns exists and status.
func (e *Encoder) existence(d *Domain, r *record.Record) {
	d.Exists = unresolvedWord
	if len(r.Climb) == 0 {
		d.Status = "internal"
		return
	}
	for _, a := range []*record.Answer{r.Climb[0].Answer, r.Mail.MX, r.Mail.Address} {
		if word := exists(a); word != unresolvedWord {
			d.Exists = word
			break
		}
	}
	switch {
	case r.Failed():
		d.Status = r.Climb[r.Relevant].Answer.Outcome.String()
	case d.Exists == nxdomainWord:
		d.Status = nxdomainWord
	default:
		d.Status = "ok"
	}
}

// exists says what an answer shows about the existence of the name asked. With a CNAME on the way the name exists,
// whatever became of the target. A DNAME alone shows nothing: it rewrites names whether they exist or not.
func exists(a *record.Answer) string {
	switch {
	case a == nil:
		return unresolvedWord
	case a.Outcome == record.Found || a.Outcome == record.NoData:
		return existsWord
	case slices.ContainsFunc(a.Chain, func(link record.Alias) bool { return !link.DNAME }):
		return existsWord
	case a.Outcome == record.NXDomain:
		return nxdomainWord
	default:
		return unresolvedWord
	}
}

// climb writes down the evidence.
func (e *Encoder) climb(d *Domain, r *record.Record) {
	d.Climb = e.levels.take(len(r.Climb))
	var name wire.Name // of the level before
	var text string
	for i := range r.Climb {
		next := r.Climb[i].Name
		if len(text) > 0 && len(text) == len(name)-2 && next == name.Parent() && next != wire.Root { // no escapes
			text = text[name[0]+1:]
		} else {
			text = e.below(next, d.QueryName)
		}
		name = next
		a, l := r.Climb[i].Answer, &d.Climb[i]
		if i == 0 || a.Outcome.Failed() {
			e.level(l, a, d.QueryName)
		} else {
			known := e.answers.at(hashPlace(unsafe.Pointer(a)))
			if known.from != a {
				known.from = a
				e.level(&known.Level, a, d.QueryName)
			}
			*l = known.Level
		}
		l.Name = text
		if r.Target.First != nil {
			l.Attempts = int8(min(r.Attempts(i), math.MaxInt8))
		}
		if a.Outcome == record.Found && i > r.Relevant {
			l.CAA = presentation(a)
		}
	}
}

// presentation writes the set of an answer, in order: that in which a server gives records is by chance.
func presentation(a *record.Answer) []string {
	set := a.Judge()
	texts := make([]string, len(set.Properties))
	for i, p := range set.Properties {
		texts[i] = p.String()
	}
	slices.Sort(texts)
	return texts
}

// level makes *l what the climb says of an answer. The name is still to be set.
func (e *Encoder) level(l *Level, a *record.Answer, queryName string) {
	*l = Level{
		Outcome:  a.Outcome.String(),
		Security: a.Security.String(),
		Reason:   a.Reason,
		Cause:    a.Cause,
		EDE:      []int16{},
		EDEText:  []string{},
		Attempts: int8(min(a.Attempts, math.MaxInt8)),
		Server:   e.server(a.By).address,
		CAA:      []string{},

		Truncated: a.Truncated,
	}
	if a.By != nil || !a.Outcome.Failed() { // proven spans say the code too (RFC 8198)
		l.RCode = rcodeWord(a.RCode)
	}
	if a.Outcome.Failed() {
		l.FailedAt = e.below(a.FailedAt(), queryName)
	} else {
		l.TTL = e.ttl(a.TTL)
	}
	if len(a.Chain) > 0 {
		l.AliasTo = a.Owner().String()
	}
	for _, ede := range a.EDE() {
		l.EDE = append(l.EDE, int16(min(ede.Code, math.MaxInt16)))
		l.EDEText = append(l.EDEText, Text(ede.Text))
	}
}

// rcodeWords are the words of the response codes in use (IANA: up to BADCOOKIE, 23).
var rcodeWords = func() (words [24]string) {
	for code := range words {
		words[code] = wire.RCode(code).String()
	}
	return words
}()

func rcodeWord(code wire.RCode) string {
	if int(code) < len(rcodeWords) {
		return rcodeWords[code]
	}
	return code.String()
}

// deciding returns the answer at the deciding level (see Domain), nil if nothing was asked.
func deciding(r *record.Record) *record.Answer {
	switch {
	case len(r.Climb) == 0:
		return nil
	case r.Relevant >= 0:
		return r.Climb[r.Relevant].Answer
	default:
		return r.Climb[0].Answer
	}
}

// relevant fills the columns about the relevant RRset and the answer that brought it.
func (e *Encoder) relevant(d *Domain, r *record.Record) {
	a := deciding(r)
	if a == nil || r.Climb[0].Answer.Outcome == record.Skipped {
		return
	}
	if first := r.Climb[0].Answer.Outcome; !first.Failed() {
		d.CAAAtName = flag(first == record.Found)
	}
	d.CAATruncated = flag(a.Truncated)
	if a.Size > 0 {
		d.CAABytes = int32(a.Size)
	}
	d.CNAMEDepth = small8(len(a.Chain))
	d.CNAMEChain = e.texts.take(len(a.Chain))
	for i, link := range a.Chain {
		d.CNAMEChain[i] = link.Target.String()
	}
	switch {
	case r.Failed():
		d.CAAStatus = "error"
		return
	case r.Relevant < 0:
		d.CAAStatus = "none"
	default:
		d.CAAStatus = "found"
		d.CAAName = d.Climb[r.Relevant].Name
		d.CAADepth = small8(r.Relevant)
		d.CAAViaAlias = d.Climb[r.Relevant].AliasTo
		d.CAATTL = d.Climb[r.Relevant].TTL
	}
	e.set(d, &r.CAA)
	e.findings(d, r)
}

// dnssec fills the columns about DNSSEC.
func (e *Encoder) dnssec(d *Domain, r *record.Record) {
	if len(r.Climb) == 0 || r.Climb[0].Answer.Outcome == record.Skipped {
		return
	}
	a := decidingSecurity(r.Climb, r.Relevant)
	d.DNSSECStatus = a.Security.String()
	d.DNSSECReason = a.Reason
	if a.Security == record.BogusData || a.Security == record.Indeterminate {
		d.DNSSECFailedAt = e.below(a.BrokenAt, d.QueryName)
	}
	if ds := r.Climb[0].Answer.DS; ds != record.NotKnown {
		d.DSPresent = flag(ds == record.Present)
	}
}

// decidingSecurity returns the answer whose security is that of a climb: that of the level which decides, or of the worst one.
func decidingSecurity(climb []record.Level, relevant int) *record.Answer {
	if relevant >= 0 {
		return climb[relevant].Answer
	}
	a := climb[0].Answer
	for i := range climb {
		if severity[climb[i].Answer.Security] > severity[a.Security] {
			a = climb[i].Answer
		}
	}
	return a
}

// severity orders the states from the best to the worst.
var severity = [...]int{record.Secure: 0, record.Insecure: 1, record.Indeterminate: 2, record.BogusData: 3}

// cost fills the columns about the work done, and about who answered.
func (e *Encoder) cost(d *Domain, r *record.Record) {
	d.QueryCount = saturated16(int(r.Cost.Queries))
	d.RetryCount = saturated16(int(r.Cost.Retries))
	d.TCPCount = saturated16(int(r.Cost.TCP))
	d.QueueWaitUs = r.Cost.Waited.Microseconds()
	a := deciding(r)
	if a == nil || a.By == nil {
		return
	}
	rtt := e.int64s.take(1)
	rtt[0] = a.RTT.Microseconds()
	d.RTTUs = &rtt[0]
	by := e.server(a.By)
	d.Resolver, d.ResolverName = by.address, by.name
	d.Protocol = protocolWord(a.TCP)
}

// looks fills the columns about the first of two looks.
func looks(d *Domain, first *record.Look) {
	d.Looks = 1
	if first == nil {
		return
	}
	d.Looks = 2
	d.FirstLookAt = micros(first.Finished)
	d.FirstLookStatus = first.Outcome().String()
	d.FirstLookAttempts = small8(int(first.Climb[first.Failed].Attempts))
}

// host returns the text and the operator of a server's name. They hold until the next call.
func (e *Encoder) host(name wire.Name) *host {
	h := e.hosts.at(hashText(string(name)))
	if h.name == name {
		return h
	}
	text := name.String()
	*h = host{name: wire.Name(strings.Clone(string(name))), text: text} // the name may be part of a larger string
	if name != wire.Root && name != "" {
		h.operator = nameText(e.registrable(text))
	}
	return h
}

// name returns the text of a name that is likely to come again.
func (e *Encoder) name(of wire.Name) string {
	known := e.names.at(hashText(string(of)))
	if known.of != of {
		*known = spelling{of, of.String()}
	}
	return known.text
}

// above returns the text of a name that is likely to be the one whose text is given, or an ancestor of it.
func (e *Encoder) above(of, below wire.Name, text string) string {
	if of != wire.Root && below.In(of) && len(text) == len(below)-2 { // no escapes
		return text[len(text)-(len(of)-2):]
	}
	return e.name(of)
}

// server returns the texts of a server, empty ones for none.
func (e *Encoder) server(s *record.Server) (texts serverTexts) {
	if s == nil {
		return texts
	}
	known := e.servers.at(hashPlace(unsafe.Pointer(s)))
	if known.from != s {
		*known = serverTexts{from: s, address: e.address(s.Addr)}
		if s.Name != "" {
			known.name = e.host(s.Name).text
		}
	}
	return *known
}

// address returns the text of a server's address, "" for none.
func (e *Encoder) address(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	known := e.addresses.at(hashAddr(addr))
	if known.addr != addr {
		*known = address{addr, addr.String()}
	}
	return known.text
}

// below returns the text of a name that is most likely an ancestor of the one whose text is given, or that itself:
// then it is the end of that text, and nothing is allocated.
func (e *Encoder) below(name wire.Name, text string) string {
	if name == "" || name == wire.Root {
		return name.String()
	}
	at := len(text) - (len(name) - 2) // in wire form one octet more begins the first label, and one ends the last
	if at < 0 || at > 0 && text[at-1] != '.' {
		return name.String()
	}
	end := text[at:]
	for i := 0; name[i] != 0; i += 1 + int(name[i]) {
		label := string(name[i+1 : i+1+int(name[i])])
		if i > 0 && end[i-1] != '.' || end[i:i+len(label)] != label {
			return name.String()
		}
		for _, c := range []byte(label) {
			if c == '.' || c == '\\' { // an end of the same octets could cut the labels otherwise
				return name.String()
			}
		}
	}
	return end
}
