// Package mail reads what a domain publishes about its mail in TXT records, and says in one word a protocol what that
// amounts to: SPF (RFC 7208), DMARC (RFC 9989 and, before it, RFC 7489), MTA-STS (RFC 8461), TLS reporting (RFC 8460),
// BIMI (draft-brand-indicators-for-message-identification), and DKIM keys (RFC 6376), whose selector must be known.
//
// The scanner asks for TXT at the names that names.go gives, makes one text of each record with Text, and hands all
// records of an answer to the protocol's parser: ParseSPF, ParseDMARC, ParseMTASTS, ParseTLSReporting, ParseBIMI,
// ParseDKIM. The parsers sort out which records are theirs, so the verification tokens that stand beside an SPF record
// need no filter. They always return a value: what is wrong with a record is part of it, as posture and as Findings.
// An answer without TXT records, or for a name that does not exist, is an empty slice. Of an answer that never came
// the parsers know nothing: the scanner notes the posture Error of the protocol (SPFError and so on) itself.
//
// Every posture has the zero value "not-asked", "absent" for a name without a record of the protocol, and "error" for
// a failed look-up; the words between are the protocol's own. A value of this package shares its strings with the
// records it was read from.
//
// The package is pure: texts in, values out, in time linear in their length and with memory for nothing but the lists
// a value holds. It opens no socket, follows no include, fetches no policy, and knows no point in time.
package mail
