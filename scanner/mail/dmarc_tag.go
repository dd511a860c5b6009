package mail

import (
	"math"
	"strconv"
	"strings"
)

// maxReportURIs is how many URIs of one tag are kept. Receivers need to serve no more than two (RFC 7489 6.2), and
// lists of more than a few are not seen.
const maxReportURIs = 16

// set takes the value of a tag in, and reports whether it fits the tag's grammar (RFC 9989 4.8, RFC 7489 6.4); if not,
// the default stays.
func (d *DMARC) set(id int, value string) (ok bool) {
	switch id {
	case tagP:
		d.Policy, ok = parseRequest(value)
	case tagSP:
		d.Subdomains, ok = parseRequest(value)
	case tagNP:
		d.NonExistent, ok = parseRequest(value)
	case tagADKIM:
		d.StrictDKIM, ok = parseEither(value, "r", "s")
	case tagASPF:
		d.StrictSPF, ok = parseEither(value, "r", "s")
	case tagT:
		d.Testing, ok = parseEither(value, "n", "y")
	case tagPSD:
		d.PSD, ok = parsePSD(value)
	case tagRUA:
		d.Aggregate, ok = d.reportURIs(value), true // each URI stands for itself
	case tagRUF:
		d.Failure, ok = d.reportURIs(value), true
	case tagFO:
		var options FailureOptions
		if options, ok = parseFailureOptions(value); ok {
			d.FailureOptions = options
		}
	case tagPCT:
		var percent uint64
		if percent, ok = parseNumber(value, 100); ok {
			d.Percent = uint8(percent)
		}
	case tagRI:
		var interval uint64
		if interval, ok = parseNumber(value, math.MaxUint32); ok {
			d.Interval = uint32(interval)
		}
	case tagRF:
		ok = true // the format of failure reports, of which there is one only
	}
	return ok
}

// parseRequest reads a dmarc-request: "none" / "quarantine" / "reject".
func parseRequest(value string) (request DMARCPosture, ok bool) {
	for _, request := range [...]DMARCPosture{DMARCNone, DMARCQuarantine, DMARCReject} {
		if foldsTo(value, request.String()) {
			return request, true
		}
	}
	return DMARCNotAsked, false
}

// parseEither reads a value that is one of two words, and reports whether it is the second.
func parseEither(value, first, second string) (isSecond, ok bool) {
	isSecond = foldsTo(value, second)
	return isSecond, isSecond || foldsTo(value, first)
}

func parsePSD(value string) (psd PSD, ok bool) {
	for _, psd := range [...]PSD{PSDUnknown, PSDYes, PSDNo} {
		if foldsTo(value, psd.String()) {
			return psd, true
		}
	}
	return PSDUnknown, false
}

// parseFailureOptions reads the value of fo. Any list of the four is taken, as in RFC 7489 6.4, since receivers have
// always done so: *WSP ":" *WSP between ( "0" / "1" / "d" / "s" ). RFC 9989 4.8 has fewer combinations.
func parseFailureOptions(value string) (options FailureOptions, ok bool) {
	for option := range strings.SplitSeq(value, ":") {
		option = trimBlanks(option)
		at := -1
		if len(option) == 1 {
			at = strings.IndexByte("01ds", lower(option[0]))
		}
		if at < 0 {
			return 0, false
		}
		options |= 1 << at
	}
	return options, true
}

// parseNumber reads 1*DIGIT of a value up to most.
func parseNumber(s string, most uint64) (n uint64, ok bool) {
	if !all(s, isDigit) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= most
}

// reportURIs reads the value of rua or ruf, a dmarc-urilist, and finds fault with what is no dmarc-uri:
//
//	dmarc-urilist = dmarc-uri *(*WSP "," *WSP dmarc-uri)
func (d *DMARC) reportURIs(value string) (uris []ReportURI) {
	for entry := range strings.SplitSeq(value, ",") {
		switch uri, ok := parseReportURI(trimBlanks(entry)); {
		case !ok:
			d.Findings.add(DMARCBadURI)
		case len(uris) < maxReportURIs:
			uris = append(uris, uri)
		}
	}
	return uris
}

// parseReportURI reads one dmarc-uri, in the form of RFC 7489 6.4; RFC 9989 removed the size (4.8, C.4):
//
//	dmarc-uri = URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ]
//
// Commas and exclamation marks within the URI are percent-encoded.
func parseReportURI(s string) (uri ReportURI, ok bool) {
	uri.URI = s
	if text, size, found := strings.Cut(s, "!"); found {
		uri.URI = text
		if uri.MaxSize, ok = parseSize(size); !ok {
			return ReportURI{}, false
		}
	}
	return uri, isURI(uri.URI)
}

// parseSize reads a number of octets, with a unit that is a power of 2^10 behind it perhaps (RFC 7489 6.4). Sizes beyond
// 64 bits are the largest.
func parseSize(s string) (octets uint64, ok bool) {
	shift := 0
	if s != "" {
		if unit := strings.IndexByte("kmgt", lower(s[len(s)-1])); unit >= 0 {
			s, shift = s[:len(s)-1], 10*(unit+1)
		}
	}
	if s == "" || !all(s, isDigit) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > math.MaxUint64>>shift {
		return math.MaxUint64, true
	}
	return n << shift, true
}
