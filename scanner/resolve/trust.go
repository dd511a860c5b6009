package resolve

import (
	"cmp"
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// The chain of trust (RFC 4035 5) is made of questions, like everything else. For a zone Z they are two, and all who
// need a link wait for the one question about it:
//
//	DS of Z      at the servers of the zone above, unless the referral to Z brought it already. It is proven by the
//	             keys of the zone above, so it needs the DNSKEY of that zone: the chain goes up to a trust anchor.
//	DNSKEY of Z  at the servers of Z, once it is known that there is a DS. It is proven by that DS or by an anchor.
//
// What such a question brings is a trust. Those about top-level domains are in the cache for all names; the one of a
// zone that only one name needs stays with its cut, which goes with the name.

// trust is a link of the chain: what is known of the security of one zone, or of a name where there could be one.
type trust struct {
	zone           wire.Name
	dnssec.Verdict                // of what follows
	brokenAt       wire.Name      // the zone where the chain ends or breaks; "" if it does not
	outcome        record.Outcome // of a link that could not be had, what of ours ended it, and after how many exchanges
	attempts       uint8
	inVain         []*record.Server
	cause          string
	cut            dnssec.Cut    // what the zone above says about it
	ds             []record.RR   // if the cut is signed
	keys           []*dnssec.Key // of a DNSKEY question, if the chain holds down to here
	spans          *dnssec.Spans // proven by the keys: names that have no DS or do not exist; nil before the first
	expires        step.Time
}

// signs reports whether the zone's data must have signatures that its keys made.
func (t *trust) signs() bool { return t.Security == record.Secure && len(t.keys) > 0 }

// maxSpans bounds the spans kept for one zone. Half a million names of a top-level domain whose zone is signed
// throughout have as many; with 65 536 the next name of a list finds most of those that recur.
const maxSpans = 1 << 16

// validates reports whether answers are validated.
func (r *Resolver) validates() bool { return r.anchors != nil }

// anchored reports whether there is a trust anchor at the zone itself.
func (r *Resolver) anchored(zone wire.Name) bool {
	_, ok := r.anchors[zone]
	return ok
}

// covered reports whether there is a trust anchor at name or above it.
func (r *Resolver) covered(name wire.Name) bool {
	if r.anchored(wire.Root) {
		return true
	}
	for ; name != wire.Root; name = name.Parent() {
		if r.anchored(name) {
			return true
		}
	}
	return false
}

// startOfTrust returns where the chain of trust to name begins below zone: at the trust anchor closest to name, if that
// is below zone; otherwise at zone, whose own chain goes further up.
func (r *Resolver) startOfTrust(zone, name wire.Name) wire.Name {
	if len(r.anchors) == 1 && r.anchored(wire.Root) {
		return zone
	}
	for n := name; n != zone && n != wire.Root; n = n.Parent() {
		if r.anchored(n) {
			return n
		}
	}
	return zone
}

// clock is the time against which signatures are checked, in seconds since 1970 (RFC 4034 3.1.5).
func (r *Resolver) clock(now step.Time) uint32 {
	if r.cfg.At != 0 {
		return r.cfg.At
	}
	return uint32(now / step.Time(time.Second))
}

// until returns when something proven may no longer be used, since a signature expires (RFC 4035 5.3.3).
func (r *Resolver) until(now step.Time, signature uint32) step.Time {
	return now.Add(time.Duration(int32(signature-r.clock(now))) * time.Second)
}

// knownDelegation returns what is known about the DS of the zone of c, without asking; nil if nothing.
func (r *Resolver) knownDelegation(now step.Time, c *cut) *trust {
	if t := c.ds; t != nil && r.holds(now, t) {
		return t
	}
	if c.above != nil && r.startOfTrust(c.above.zone, c.zone.Parent()) == c.above.zone {
		switch t := r.knownKeys(now, c.above.zone, c.above); {
		case t == nil:
		case !t.signs():
			return t
		case c.denied != dnssec.None && now < c.expires:
			c.ds = c.unsigned()
			return c.ds
		}
	}
	return nil
}

// knownKeys returns what is known about the keys of zone, without asking; nil if nothing. c is the cut of the zone, if
// there is one at hand.
func (r *Resolver) knownKeys(now step.Time, zone wire.Name, c *cut) *trust {
	if c != nil && c.zone != zone {
		c = nil
	}
	if c != nil && c.keys != nil && r.holds(now, c.keys) {
		return c.keys
	}
	t := r.knownTrust(now, r.key(zone, wire.TypeDNSKEY, chaining))
	switch {
	case t != nil:
	case !r.covered(zone):
		t = noAnchor(now, zone)
	case c != nil && !r.anchored(zone):
		if t = r.knownDelegation(now, c); t != nil && t.cut == dnssec.Signed {
			return nil
		}
	}
	if c != nil {
		c.keys = t
	}
	return t
}

// holds reports whether t may be used still.
func (r *Resolver) holds(now step.Time, t *trust) bool {
	return now < t.expires && !(t.outcome.Failed() && r.outdated(t.expires))
}

// noAnchor is the trust in a zone that no trust anchor covers.
func noAnchor(now step.Time, zone wire.Name) *trust {
	return &trust{
		zone: zone, Verdict: dnssec.Verdict{Security: record.Insecure, Reason: dnssec.NoAnchor},
		brokenAt: zone, expires: now.Add(maxTTL),
	}
}

// knownTrust returns what an earlier question of the chain has brought.
func (r *Resolver) knownTrust(now step.Time, k key) *trust {
	first, _ := r.answers.get(k.hash, k.name)
	for s := first; s != nil; s = s.next {
		if s.use == chaining && s.Type == k.typ && now < s.Expires && r.holds(now, s.trust) {
			return s.trust
		}
	}
	return nil
}

// keysOf returns the keys of zone, or nil while q waits for them.
func (r *Resolver) keysOf(now step.Time, q *question, zone wire.Name, c *cut) *trust {
	if t := q.proof.take(); t != nil {
		return t
	}
	if t := r.knownKeys(now, zone, c); t != nil {
		r.counts.Links.Hits++
		return t
	}
	r.counts.Links.Misses++
	return r.link(now, q, r.key(zone, wire.TypeDNSKEY, chaining), c)
}

// delegationOf returns what the zone above says about the zone of c, or nil while q waits for that.
func (r *Resolver) delegationOf(now step.Time, q *question, zone wire.Name, c *cut) *trust {
	if t := q.proof.take(); t != nil {
		return t
	}
	if !r.covered(zone) {
		return noAnchor(now, zone)
	}
	if c != nil {
		if t := r.knownDelegation(now, c); t != nil {
			r.counts.Links.Hits++
			return t
		}
	}
	k := r.key(zone, wire.TypeDS, chaining)
	if t := r.knownTrust(now, k); t != nil {
		r.counts.Links.Hits++
		return t
	}
	r.counts.Links.Misses++
	return r.link(now, q, k, c)
}

// hint returns the cut of the zone that a question of the chain is about, if it is known.
func (q *question) hint() *cut {
	if q.proof == nil {
		return nil
	}
	return q.proof.hint
}

// take returns what the question has brought that was waited for.
func (p *proof) take() *trust {
	t := p.got
	p.got = nil
	return t
}

// link makes q wait for a question of the chain, and returns nil; or, what cannot be with questions that each lead
// further up, says that the chain closes upon itself.
func (r *Resolver) link(now step.Time, q *question, k key, c *cut) *trust {
	sub := r.ask(k, q.client, q.depth, 0)
	if sub.proof.hint == nil && c != nil && c.zone == k.name {
		sub.proof.hint = c
	}
	if sub.needs(q) {
		return &trust{
			zone: k.name, Verdict: dnssec.Verdict{Reason: dnssec.ChainUnreachable},
			outcome: record.Lame, brokenAt: k.name, expires: now,
		}
	}
	q.awaits(sub, awaitingChain)
	return nil
}

// proveChain moves a question of the chain on: before its packet is sent, and when its reply is there.
func (r *Resolver) proveChain(now step.Time, q *question, out *[]step.Ask) {
	if q.key.typ == wire.TypeDS {
		if q.answer == nil {
			r.proveReferral(now, q, out)
		} else {
			r.proveDelegation(now, q, out)
		}
		return
	}
	if q.answer == nil {
		r.seekKeys(now, q)
	} else {
		r.proveKeys(now, q, out)
	}
}

// proveReferral takes the DS, or the proof that there is none, from the referral to the zone (RFC 4035 3.1.4.1). If that
// has neither, or nothing that holds, the servers of the zone above are asked.
func (r *Resolver) proveReferral(now step.Time, q *question, out *[]step.Ask) {
	p, c := q.proof, q.proof.hint
	if c == nil || c.above == nil {
		q.state = findingCut
		return
	}
	if p.signer == nil {
		t := r.keysOf(now, q, r.startOfTrust(c.above.zone, c.zone.Parent()), c.above)
		if t == nil {
			return
		}
		if !t.signs() {
			r.settle(now, q, t)
			return
		}
		switch {
		case c.denied != dnssec.None:
			r.settle(now, q, c.unsigned())
			return
		case len(c.evidence) == 0:
			q.state = findingCut
			return
		}
		p.begin(c.above, t, delegationClaim(c.zone, c.evidence))
	}
	if !r.proveClaim(now, q, out) {
		return
	}
	if p.verdict.Security == record.BogusData && p.broken == nil && c.source != byFile {
		*p = proof{hint: c}
		q.state = findingCut
		return
	}
	r.settle(now, q, p.delegation(q.key.name, c.expires))
}

// proveDelegation proves the reply to the question for DS.
func (r *Resolver) proveDelegation(now step.Time, q *question, out *[]step.Ask) {
	p := q.proof
	if p.signer == nil {
		t := r.keysOf(now, q, r.startOfTrust(q.cut.zone, q.key.name.Parent()), q.cut)
		if t == nil {
			return
		}
		if !t.signs() {
			r.settle(now, q, t)
			return
		}
		p.begin(q.cut, t, delegationClaim(q.key.name, append(q.answer.Records, q.answer.proof...)))
	}
	if !r.proveClaim(now, q, out) {
		return
	}
	if r.retryBogus(q) {
		return
	}
	r.settle(now, q, p.delegation(q.key.name, q.answer.Expires))
}

// delegation makes the trust of a question for DS whose claim has been dealt with.
func (p *proof) delegation(zone wire.Name, expires step.Time) *trust {
	if p.broken != nil {
		return p.broken
	}
	t := &trust{zone: zone, Verdict: p.verdict, brokenAt: p.at, cut: p.cut, expires: min(expires, p.until)}
	switch {
	case t.Security == record.Insecure:
		t.brokenAt = zone
	case t.Security != record.Secure:
	case p.claim.kind == dnssec.Records && p.claim.answer[0].Type != wire.TypeDS:
		t.cut = dnssec.NoCut // an alias
	case p.claim.kind == dnssec.Records:
		t.cut, t.ds = dnssec.Signed, p.claim.answer
	case t.cut == dnssec.Unsigned:
		t.Verdict, t.brokenAt = dnssec.Verdict{Security: record.Insecure, Reason: dnssec.NoDS}, zone
	}
	return t
}

// seekKeys finds out what vouches for the keys of a zone; if something does, they are asked for.
func (r *Resolver) seekKeys(now step.Time, q *question) {
	zone, p := q.key.name, q.proof
	p.vouched = r.anchors[zone]
	if p.vouched == nil {
		t := r.delegationOf(now, q, zone, p.hint)
		if t == nil {
			return
		}
		if t.cut != dnssec.Signed || t.Security != record.Secure {
			r.settle(now, q, t)
			return
		}
		if reason := dnssec.UsableDS(t.ds, r.cfg.Policy); reason != dnssec.None {
			unusable := &trust{
				zone: zone, Verdict: dnssec.Verdict{Security: record.Insecure, Reason: reason},
				brokenAt: zone, cut: dnssec.Signed, ds: t.ds, expires: t.expires,
			}
			r.settle(now, q, unusable)
			return
		}
		p.vouched, p.until = t.ds, t.expires
	}
	q.state = findingCut
	if p.hint != nil {
		r.enter(now, q, p.hint)
	}
}

// proveKeys proves the reply to the question for DNSKEY.
func (r *Resolver) proveKeys(now step.Time, q *question, out *[]step.Ask) {
	p, a := q.proof, &q.answer.Answer
	p.at = q.key.name
	job := p.keyJob
	if job == nil {
		sets := dnssec.Group(append(a.Records, q.answer.proof...))
		p.keyJob = &dnssec.KeyJob{
			Zone: q.key.name, Vouched: p.vouched, At: r.clock(now), Policy: r.cfg.Policy, Budget: p.grant(q.client),
		}
		for _, set := range sets {
			if set.Owner == q.key.name && set.Type == wire.TypeDNSKEY {
				p.keyJob.Set = set
			}
		}
		if a.Outcome == record.Found && len(a.Chain) == 0 && len(p.keyJob.Set.Data) > 0 {
			r.work(q, p.keyJob, out)
			return
		}
		p.keyJob, p.verdict = nil, dnssec.Verdict{Security: record.BogusData, Reason: dnssec.NoDNSKEY}
	} else {
		p.keyJob = nil
		p.granted.spent(q.client, job.Budget)
		p.verdict = job.Verdict
	}
	if r.retryBogus(q) {
		return
	}
	t := &trust{zone: q.key.name, Verdict: p.verdict, cut: dnssec.Signed, ds: p.vouched, expires: q.answer.Expires}
	if t.Security == record.Secure {
		t.keys = job.Keys
		t.expires = min(t.expires, r.until(now, job.Until))
		if p.until != 0 {
			t.expires = min(t.expires, p.until)
		}
	} else {
		t.brokenAt = q.key.name
	}
	r.settle(now, q, t)
}

// settle ends a question of the chain with what it has brought. It is kept long enough for those who wait to use it.
func (r *Resolver) settle(now step.Time, q *question, t *trust) {
	if t.Security == record.Indeterminate && t.Reason == dnssec.WorkLimit {
		r.settleAtLimit(now, q, t)
		return
	}
	if t.expires < now.Add(minTTL) {
		own := *t
		own.expires = now.Add(minTTL)
		t = &own
	}
	q.answer = &stored{
		Answer: record.Answer{Name: q.key.name, Type: q.key.typ, Expires: t.expires},
		use:    chaining, trust: t,
	}
	q.state = ended
	if octets(t.ds)+t.keyOctets() > maxKept {
		q.answer.Expires = 0 // for those who wait, and nobody else
		return
	}
	if c := q.proof.hint; c != nil {
		if q.key.typ == wire.TypeDS {
			c.ds, c.evidence = t, nil
		} else {
			c.keys = t
		}
	}
}

// keyOctets is the size of the keys.
func (t *trust) keyOctets() (sum int) {
	for _, k := range t.keys {
		sum += len(k.PublicKey)
	}
	return sum
}

// settleAtLimit ends a question of the chain that is too much work. If it is so for everybody, that is remembered.
func (r *Resolver) settleAtLimit(now step.Time, q *question, t *trust) {
	own := *t
	own.outcome, own.cause, own.expires = record.WorkBound, cmp.Or(t.cause, CauseWork), now.Add(failureTTL)
	q.answer = &stored{
		Answer: record.Answer{Name: q.key.name, Type: q.key.typ, Outcome: record.WorkBound, Cause: own.cause},
		use:    chaining, trust: &own,
	}
	if q.proof.granted.ample() {
		q.answer.Expires = own.expires
	}
	q.state = ended
}

// unreachable is the trust of a question of the chain that failed.
func (r *Resolver) unreachable(now step.Time, q *question, o record.Outcome, ev evidence) *trust {
	t := &trust{
		zone: q.key.name, Verdict: dnssec.Verdict{Reason: dnssec.ChainUnreachable}, outcome: o,
		attempts: q.tried, inVain: r.serversInVain(q), brokenAt: q.key.name, expires: now.Add(failureTTL),
	}
	switch o {
	case record.Bogus:
		t.Verdict, t.brokenAt = ev.verdict, ev.brokenAt
	case record.WorkBound:
		t.Reason = dnssec.WorkLimit
	}
	return t
}

// synthesise ends q without a packet if what the zone of c has proven before proves the answer, too (RFC 8198). CAA is
// asked for all the same, but in zones that hold mostly delegations: it is what all this is about.
func (r *Resolver) synthesise(now step.Time, q *question, c *cut) bool {
	if q.key.use != answering || r.cfg.Lazy || c.keys == nil || c.keys.spans == nil || now >= c.keys.expires ||
		q.key.typ == wire.TypeCAA && c.zone.Labels() > 1 {
		return false
	}
	kind, verdict, ttl, ok := c.keys.spans.Denies(r.clock(now), q.key.name, q.key.typ)
	if r.counts.Spans.count(ok); !ok {
		return false
	}
	q.cut = c
	q.answer, q.state = &stored{use: answering, Answer: record.Answer{
		Name: q.key.name, Type: q.key.typ, Outcome: record.NoData, Zone: c.zone, NS: c.set.names, DS: c.told,
		Security: verdict.Security, Reason: verdict.Reason.String(), TTL: ttl, Expires: now.Add(boundTTL(ttl)),
	}}, ended
	if kind == dnssec.NXDomain {
		q.answer.Outcome, q.answer.RCode = record.NXDomain, wire.NXDomain
	}
	return true
}
