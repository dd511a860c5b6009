package datasets

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Format is the form of an input's lines.
type Format uint8

const (
	Auto     Format = iota // found by the first line that is neither blank nor a comment
	List                   // one name a line: Canonical says what a name may be wrapped in
	Ranked                 // rank,name: Tranco, Umbrella, Alexa
	Majestic               // GlobalRank,TldRank,Domain,TLD,...
	CrUX                   // origin,rank where the rank is a bucket
	ZoneFile               // a master file (RFC 1035 5): the names it delegates, see Delegation
	JSONL                  // one JSON object a line, with the name in one member: zdns, Rapid7's forward DNS
	Parquet                // a Parquet file, with the name in one column
	Columns                // CSV whose header, or Config.Column, names a column with the name, and perhaps one with the rank: Cloudflare Radar
)

var formatWords = [...]string{"auto", "list", "ranked", "majestic", "crux", "zone", "jsonl", "parquet", "columns"}

// String returns the word that stands in files and on the command line.
func (f Format) String() string { return formatWords[f] }

// ParseFormat reads the word of a format that may be asked for: any but "columns", which is only ever found, because
// it is the header, or Config.Column, that says what the columns are.
func ParseFormat(word string) (Format, error) {
	for f, w := range formatWords[:Columns] {
		if w == word {
			return Format(f), nil
		}
	}
	return Auto, fmt.Errorf("unknown input format %q: there are %s", word, strings.Join(formatWords[:Columns], ", "))
}

// layout says where in a line its name and its rank are. The zero layout takes the whole line for a name.
type layout struct {
	format    Format
	name      int    // column of the name, from 0
	rank      int    // column of the rank; -1 if there is none
	separator byte   // between columns; 0 in a List
	header    bool   // the line the layout was found by is a header
	member    string // of JSONL: where the name is
}

// separators are tried in this order. The first one that a line holds is its separator.
var separators = [...]byte{',', '\t', ';'}

// detect finds the layout by the first line that says something. Without a header, a number in front of a name
// makes a ranked list, a number behind a URL a CrUX list; all else is a plain list.
//
// A line that starts with "{" is no name, and no name is followed by what makes a line a record of a zone file.
func detect(line []byte) layout {
	if line[0] == '{' {
		return layout{format: JSONL, rank: -1, member: defaultMember}
	}
	if isZoneLine(line) {
		return layout{format: ZoneFile, rank: -1}
	}
	for _, sep := range separators {
		if bytes.IndexByte(line, sep) >= 0 {
			if l, ok := detectColumns(line, sep); ok {
				return l
			}
			break
		}
	}
	switch strings.ToLower(string(column(line, 0, 0))) {
	case "domain", "origin": // neither is a TLD
		return layout{format: Columns, rank: -1, header: true, separator: ','}
	}
	return layout{format: List, rank: -1}
}

// isZoneLine reports whether a line with which an input starts is one of a zone file: a directive, or a record with an
// absolute owner and a class or a TTL, which Knot writes alone. SOA and NS records may have neither.
func isZoneLine(line []byte) bool {
	owner, at := nextField(line, 0)
	if isFold(owner, "$origin") || isFold(owner, "$ttl") {
		return true
	}
	if len(owner) == 0 || owner[len(owner)-1] != '.' && string(owner) != "@" {
		return false
	}
	class, timed := false, false
	for {
		var field []byte
		field, at = nextField(line, at)
		switch _, ttl := plainTTL(field); {
		case ttl && !timed:
			timed = true
		case !class && isFold(field, "in"):
			class = true
		case isFold(field, "soa"), isFold(field, "ns"):
			return class || timed || !isBlank(line[at:])
		default:
			return (class || timed) && (isFold(field, "ds") || isFold(field, "a") || isFold(field, "aaaa") || isFold(field, "rrsig") ||
				isFold(field, "nsec3") || isFold(field, "nsec") || isFold(field, "txt"))
		}
	}
}

// byColumn returns the layout where the column with the name was asked for: by its header, or by its number from 1.
// Then the first line is a header if it has there what heads such columns, or what is no name.
func byColumn(asked string, first []byte) (layout, error) {
	l := layout{format: Columns, rank: -1, separator: separators[0]}
	for _, sep := range separators {
		if bytes.IndexByte(first, sep) >= 0 {
			l.separator = sep
			break
		}
	}
	n, ok := number([]byte(asked))
	if !ok {
		if l.name = findColumn(first, l.separator, []string{asked}); l.name < 0 {
			return l, fmt.Errorf("has no column %q in its first line", asked)
		}
		l.header = true
	} else {
		l.name = int(min(n-1, MaxLine))
		cell := column(first, l.name, l.separator)
		_, reason := Canonical(string(cell), Options{AllowSpecialUse: true})
		l.header = reason != Accepted && !reason.OutOfScope()
		for _, header := range nameColumns {
			l.header = l.header || strings.EqualFold(string(cell), header)
		}
	}
	if l.header {
		l.rank = findColumn(first, l.separator, rankColumns[:])
	}
	return l, nil
}

// nameColumns and rankColumns are the headers under which lists put what we look for, the better first: "name" may
// also head a column with people.
var (
	nameColumns = [...]string{"domain", "origin", "hostname", "host", "fqdn", "url", "email", "e-mail", "rootdomain", "name"}
	rankColumns = [...]string{"globalrank", "rank"}
)

func detectColumns(line []byte, sep byte) (layout, bool) {
	first, second := column(line, 0, sep), column(line, 1, sep)
	if _, ok := number(first); ok {
		return layout{format: Ranked, name: 1, rank: 0, separator: sep}, len(second) > 0
	}
	if _, end, isURL := authority(first); isURL && end == len(first) {
		_, ok := number(second)
		return layout{format: CrUX, name: 0, rank: 1, separator: sep}, ok
	}
	l := layout{format: Columns, separator: sep, header: true}
	if l.name = findColumn(line, sep, nameColumns[:]); l.name < 0 {
		return layout{}, false
	}
	l.rank = findColumn(line, sep, rankColumns[:])
	switch {
	case l.rank < 0:
	case isColumn(line, l.name, sep, "origin"):
		l.format = CrUX
	case isColumn(line, l.rank, sep, "globalrank"):
		l.format = Majestic
	case l.name == 1 && l.rank == 0:
		l.format = Ranked
	}
	return l, true
}

// findColumn returns the column with the first of the headers that the line has; -1 if it has none of them.
func findColumn(line []byte, sep byte, headers []string) int {
	for _, header := range headers {
		for n := range bytes.Count(line, []byte{sep}) + 1 {
			if isColumn(line, n, sep, header) {
				return n
			}
		}
	}
	return -1
}

func isColumn(line []byte, n int, sep byte, header string) bool {
	return strings.EqualFold(string(column(line, n, sep)), header)
}

// forced returns the layout of a format that was asked for. first is the first line that says something: it tells
// the separator, and whether it is a header.
func forced(f Format, first []byte) layout {
	found := detect(first)
	l := layout{format: f, rank: -1, separator: found.separator}
	switch f {
	case List:
		return layout{format: List, rank: -1}
	case Ranked:
		l.name, l.rank = 1, 0
	case Majestic:
		l.name, l.rank = 2, 0
	case CrUX:
		l.name, l.rank = 0, 1
	case JSONL:
		return layout{format: JSONL, rank: -1, member: defaultMember}
	case ZoneFile:
		return layout{format: ZoneFile, rank: -1}
	}
	if found.header && found.format == f {
		return found
	}
	if l.separator == 0 {
		l.separator = ','
	}
	_, ranked := number(column(first, l.rank, l.separator))
	l.header = !ranked && len(column(first, l.rank, l.separator)) > 0
	return l
}

// row takes name and rank out of a line; rank is 0 if the layout has none.
func (l *layout) row(line []byte) (name []byte, rank int64, reason Reason) {
	if l.format == JSONL {
		name, ok := jsonName(line, l.member)
		if !ok {
			return nil, 0, BadRow
		}
		return name, 0, Accepted
	}
	if l.separator == 0 {
		return withoutComment(line), 0, Accepted
	}
	name = column(line, l.name, l.separator)
	if len(name) == 0 {
		return nil, 0, BadRow
	}
	if l.rank >= 0 {
		var ok bool
		if rank, ok = number(column(line, l.rank, l.separator)); !ok {
			return nil, 0, BadRow
		}
	}
	return name, rank, Accepted
}

// withoutComment drops a comment behind a name: "#" after a blank. Without one before it, "#" is part of a URL.
func withoutComment(line []byte) []byte {
	for i := 1; i < len(line); i++ {
		next := bytes.IndexByte(line[i:], '#')
		if next < 0 {
			break
		}
		i += next
		if line[i-1] == ' ' || line[i-1] == '\t' {
			return line[:i]
		}
	}
	return line
}

// column returns column n of a CSV line (RFC 4180), without quotes and blanks around it; nil if there is none.
func column(line []byte, n int, separator byte) []byte {
	value, rest, more := cutColumn(line, separator)
	for ; n > 0 && more; n-- {
		value, rest, more = cutColumn(rest, separator)
	}
	if n > 0 {
		return nil
	}
	return bytes.TrimSpace(value)
}

// cutColumn cuts the first column off a line. A quoted column ends in its line: line breaks inside quotes do not occur
// in such lists, and a stray quote must not swallow the file.
func cutColumn(line []byte, separator byte) (value, rest []byte, more bool) {
	if quoted := bytes.TrimLeft(line, " "); len(quoted) > 0 && quoted[0] == '"' {
		if closing := closingQuote(quoted[1:]); closing >= 0 {
			tail, rest, more := bytes.Cut(quoted[closing+2:], []byte{separator})
			if len(bytes.TrimSpace(tail)) == 0 {
				return quoted[1 : closing+1], rest, more
			}
		}
	}
	return bytes.Cut(line, []byte{separator})
}

// closingQuote returns where a quoted column ends. Two quotes are one in it, and stay two: no name has any.
func closingQuote(text []byte) int {
	for i := 0; ; i += 2 {
		next := bytes.IndexByte(text[i:], '"')
		if next < 0 {
			return -1
		}
		if i += next; i+1 == len(text) || text[i+1] != '"' {
			return i
		}
	}
}

// maxRankDigits keeps ranks inside int64.
const maxRankDigits = 18

// number reads a rank: a positive decimal number.
func number(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > maxRankDigits {
		return 0, false
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n > 0
}

// RankBucket returns the word for the bucket that a rank is in, or that a CrUX rank, the end of its bucket, lies in.
func RankBucket(rank int64) string {
	switch {
	case rank <= 0:
		return ""
	case rank <= 1_000:
		return "1-1k"
	case rank <= 10_000:
		return "1k-10k"
	case rank <= 100_000:
		return "10k-100k"
	case rank <= 1_000_000:
		return "100k-1m"
	}
	return "1m+"
}

// compressionSuffixes are dropped from file names, by which a source is called.
var compressionSuffixes = [...]string{".gz", ".zst", ".zstd", ".zip"}

// Names of downloads that say which list they are: tranco_K25XW.csv, tranco_2026-11-01_K25XW-1m.csv, 202610.csv,
// crux-202610.csv, umbrella-2026-11-01.csv. A Tranco list ID has capitals and digits.
var (
	trancoFile = regexp.MustCompile(`^(?i:tranco)[_-](?:(\d{4}-\d{2}-\d{2})[_-])?([A-Z0-9]{4,6})(?:-[0-9a-z]+)?(?:\.csv)?$`)
	cruxFile   = regexp.MustCompile(`^(?:(?i:crux)[_-])?(20\d{4})(?:\.csv)?$`)
	dailyFile  = regexp.MustCompile(`^(umbrella|majestic|radar)-(\d{4}-\d{2}-\d{2})(?:\.csv)?$`)
)

// sourceName makes the name of a source from a file's path: its base name without compression suffix, or
// "tranco:DATE:ID", "tranco:ID", "crux:YYYYMM", "umbrella:DATE" where the name says so.
func sourceName(path string) string {
	base := filepath.Base(path)
	for _, suffix := range compressionSuffixes {
		if len(base) > len(suffix) && strings.EqualFold(base[len(base)-len(suffix):], suffix) {
			base = base[:len(base)-len(suffix)]
			break
		}
	}
	if m := trancoFile.FindStringSubmatch(base); m != nil && (m[1] != "" || strings.ContainsAny(m[2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
		if m[1] != "" {
			return "tranco:" + m[1] + ":" + m[2]
		}
		return "tranco:" + m[2]
	}
	if m := dailyFile.FindStringSubmatch(base); m != nil {
		return m[1] + ":" + m[2]
	}
	return base
}

// sourceOf is the name of a source once its format is known.
func sourceOf(name string, f Format) string {
	if m := cruxFile.FindStringSubmatch(name); f == CrUX && m != nil {
		return "crux:" + m[1]
	}
	return name
}
