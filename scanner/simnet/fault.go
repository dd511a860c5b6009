package simnet

import "github.com/caascan/caascan/scanner/wire"

// fault is what a name server, or a zone at it, does wrong. The comments say what a scan makes of it.
type fault uint8

const (
	healthy fault = iota

	// No answer comes: timeout.
	silent        // replies to nothing
	dropCAA       // replies to nothing that asks for CAA
	dropDNSKEY    // replies to nothing that asks for DNSKEY
	qrClear       // sends the question back with the data, but not as a reply
	wrongQuestion // replies to another question

	// Another code: failure under the name of the code.
	servFail       // SERVFAIL to everything
	servFailCAA    // SERVFAIL to questions for CAA
	servFailDNSKEY // SERVFAIL to questions for DNSKEY
	notImpCAA      // NOTIMP to questions for CAA
	refused        // REFUSED: lame, in the way of most servers
	formErr        // FORMERR to everything
	notAuth        // NOTAUTH (RFC 2136 2.2) to everything

	// Not the zone's server: lame.
	upward  // refers to the root
	nonAuth // answers as a resolver would, AA clear

	// Replies that cannot be read.
	overrun // a record's data passes the end of the message

	// Truncation.
	tcAlways // TC on UDP, the answer over TCP: a result
	tcNoTCP  // TC on UDP, and TCP connections are reset: truncated

	// EDNS (RFC 6891 7): a result, after falling back to plain DNS where needed.
	ednsFormErr // FORMERR to queries with OPT
	ednsBadVers // BADVERS to queries with OPT
	ednsIgnored // replies without OPT

	// Letter case (0x20): a result.
	lowerCase    // the question comes back in lower case
	mixedRefused // REFUSED to questions with upper-case letters: a result, after asking in lower case

	// Oddities that do no harm: a result.
	stray // a reply with another ID comes first
	noSOA // empty answers without SOA
	slow  // answers after slowMin to slowMax

	// More than limitRate queries within a second are not answered well. A polite scan sees nothing of it.
	limitSilent
	limitRefused
	limitTC
)

// limitRate is what the rate-limiting servers take, in queries a second: three times the politeness default of
// 50 a second for one server.
const limitRate = 150

// limited reports whether the fault is a limit on the rate.
func (f fault) limited() bool { return f >= limitSilent }

// spares reports whether the fault bears on questions for another type only.
func (f fault) spares(typ wire.Type) bool {
	switch f {
	case dropCAA, servFailCAA, notImpCAA:
		return typ != wire.TypeCAA
	case dropDNSKEY, servFailDNSKEY:
		return typ != wire.TypeDNSKEY
	default:
		return false
	}
}
