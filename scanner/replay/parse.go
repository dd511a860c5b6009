package replay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// maxLine bounds one line of a scenario in octets: a DNSKEY record of 64 KiB, in base64 and with some room.
	maxLine = 1 << 17

	// maxElapse bounds how far one step moves the clock: signatures wrap after 136 years, and nothing needs more.
	maxElapse = 137 * 366 * 24 * time.Hour
)

// ours begins the comments that other players pass over and we read.
const ours = "; caascan:"

// lines hands out the lines of a scenario that say something: without blank ones and without comments, but with ours.
type lines struct {
	scan *bufio.Scanner
	no   int
	text string // trimmed
}

// next moves to the next line; false at the end of the text.
func (l *lines) next() bool {
	for l.scan.Scan() {
		l.no++
		l.text = strings.TrimSpace(l.scan.Text())
		if l.text != "" && (l.text[0] != ';' || strings.HasPrefix(l.text, ours)) {
			return true
		}
	}
	return false
}

func (l *lines) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", l.no, fmt.Errorf(format, args...))
}

// fields returns the words of the line without a comment behind them.
func (l *lines) fields() []string {
	text, _, _ := strings.Cut(l.text, ";")
	return strings.Fields(text)
}

// extension returns the words of a line that is ours.
func (l *lines) extension() ([]string, bool) {
	text, ok := strings.CutPrefix(l.text, ours)
	return strings.Fields(text), ok
}

// ended is the error of a text that is over before SCENARIO_END.
func (l *lines) ended(where string) error {
	if err := l.scan.Err(); err != nil {
		return l.errorf("%w", err)
	}
	return l.errorf("the text ends within %s", where)
}

// Parse reads a scenario. An error tells the line.
func Parse(r io.Reader) (*Scenario, error) {
	l := &lines{scan: bufio.NewScanner(r)}
	l.scan.Buffer(nil, maxLine)
	s := &Scenario{}
	if err := parseConfig(l, &s.Config); err != nil {
		return nil, err
	}
	if !l.next() {
		return nil, l.ended("the file, before SCENARIO_BEGIN")
	}
	title, ok := strings.CutPrefix(l.text, "SCENARIO_BEGIN")
	if !ok {
		return nil, l.errorf("SCENARIO_BEGIN expected, not %.40q", l.text)
	}
	s.Title = strings.TrimSpace(title)
	if err := s.parseBody(l); err != nil {
		return nil, err
	}
	return s, s.validate()
}

// parseBody reads ranges and steps up to SCENARIO_END.
func (s *Scenario) parseBody(l *lines) error {
	zone := &zoneState{ttl: defaultTTL}
	for l.next() {
		words := l.fields()
		if len(words) == 0 {
			return l.errorf("a caascan line belongs into CONFIG or an entry of CHECK_ANSWER")
		}
		var err error
		switch words[0] {
		case "SCENARIO_END":
			return nil
		case "RANGE_BEGIN":
			err = s.parseRange(l, zone)
		case "STEP":
			err = s.parseStep(l, zone)
		case "$ORIGIN", "$TTL":
			err = zone.directive(l)
		default:
			err = l.errorf("%.40q is neither RANGE_BEGIN nor STEP nor SCENARIO_END", l.text)
		}
		if err != nil {
			return err
		}
	}
	return l.ended("the scenario")
}

func (s *Scenario) parseRange(l *lines, zone *zoneState) error {
	words := l.fields()
	if len(words) != 3 {
		return l.errorf("RANGE_BEGIN takes the first and the last step")
	}
	r := Range{}
	var err error
	if r.First, err = parseNumber(words[1]); err == nil {
		r.Last, err = parseNumber(words[2])
	}
	if err != nil || r.Last < r.First {
		return l.errorf("RANGE_BEGIN %.20s %.20s is no range of steps", words[1], words[2])
	}
	for l.next() {
		words := l.fields()
		if len(words) == 0 {
			return l.errorf("a caascan line belongs into CONFIG or an entry of CHECK_ANSWER")
		}
		switch words[0] {
		case "ADDRESS":
			addr, err := parseAddress(words[1:])
			if err != nil {
				return l.errorf("%w", err)
			}
			r.Addrs = append(r.Addrs, addr)
		case "ENTRY_BEGIN":
			entry, err := parseEntry(l, zone)
			if err != nil {
				return err
			}
			if entry.Match == (Match{}) {
				return l.errorf("the entry at line %d has no MATCH", entry.Line)
			}
			if entry.Expect != nil {
				return l.errorf("the entry at line %d answers a query: it expects nothing", entry.Line)
			}
			r.Entries = append(r.Entries, entry)
		case "$ORIGIN", "$TTL":
			if err := zone.directive(l); err != nil {
				return err
			}
		case "RANGE_END":
			s.Ranges = append(s.Ranges, r)
			return nil
		default:
			return l.errorf("%.40q does not belong into a range", l.text)
		}
	}
	return l.ended("a range")
}

func (s *Scenario) parseStep(l *lines, zone *zoneState) error {
	words := l.fields()
	if len(words) < 3 {
		return l.errorf("STEP takes a number and what happens")
	}
	st := Step{Line: l.no}
	var err error
	if st.Number, err = parseNumber(words[1]); err != nil {
		return l.errorf("%w", err)
	}
	kind, ok := kindWords[words[2]]
	if !ok {
		return l.errorf("step %d: %.40q is not supported", st.Number, words[2])
	}
	st.Kind = kind
	rest := words[3:]
	if st.Kind == TimePasses {
		if st.Elapse, err = parseElapse(rest); err != nil {
			return l.errorf("step %d: %w", st.Number, err)
		}
		rest = nil
	}
	if len(rest) > 0 && rest[0] == "ADDRESS" {
		if st.Addr, err = parseAddress(rest[1:]); err != nil {
			return l.errorf("step %d: %w", st.Number, err)
		}
		rest = nil
	}
	if len(rest) > 0 {
		return l.errorf("step %d: %.40q is not expected", st.Number, rest[0])
	}
	if st.Kind.hasEntry() {
		if !l.next() {
			return l.ended("a step")
		}
		if l.text != "ENTRY_BEGIN" {
			return l.errorf("step %d: ENTRY_BEGIN expected, not %.40q", st.Number, l.text)
		}
		if st.Entry, err = parseEntry(l, zone); err != nil {
			return err
		}
	}
	s.Steps = append(s.Steps, st)
	return nil
}

// validate checks what the parts must fulfil together.
func (s *Scenario) validate() error {
	if len(s.Config.Roots) == 0 {
		return errors.New("CONFIG has no stub-zone \".\" with the addresses of the root servers")
	}
	last := -1
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Number <= last {
			return fmt.Errorf("line %d: step %d comes after step %d", st.Line, st.Number, last)
		}
		last = st.Number
		if err := st.validate(); err != nil {
			return fmt.Errorf("line %d: step %d: %w", st.Line, st.Number, err)
		}
	}
	return nil
}

func (st *Step) validate() error {
	e := &st.Entry
	switch {
	case st.Kind != CheckAnswer && e.Expect != nil:
		return errors.New("only a CHECK_ANSWER has a caascan line")
	case st.Kind == Query && (e.Question == nil || e.Raw != nil):
		return errors.New("a QUERY needs a question")
	case st.Kind == Query && e.Flags&wire.FlagCD != 0:
		return errors.New("queries with CD are not supported: caascan always checks")
	case st.Kind == CheckAnswer && e.Match.Elements == 0 && e.Expect == nil:
		return errors.New("a CHECK_ANSWER without MATCH checks nothing")
	}
	return nil
}

// parseExpect reads a caascan line of an entry.
func parseExpect(l *lines, words []string, x *Expect) error {
	if len(words) == 0 || len(words)%2 != 0 {
		return l.errorf("a caascan line of an entry is a row of keys and values")
	}
	for ; len(words) > 0; words = words[2:] {
		key, value := words[0], words[1]
		var err error
		switch key {
		case "outcome":
			x.Outcome, err = value, known(value, outcomes)
		case "security":
			x.Security, err = value, known(value, securities)
		case "cause":
			x.Cause = value
		case "reason":
			x.Reason = value
		case "at":
			x.BrokenAt, err = wire.ParseName(value)
		case "zone":
			x.Zone, err = wire.ParseName(value)
		case "by":
			x.By, err = netip.ParseAddr(value)
		case "packets":
			var n int
			n, err = parseNumber(value)
			x.Packets = &n
		default:
			err = fmt.Errorf("nothing is called %.40q", key)
		}
		if err != nil {
			return l.errorf("caascan line: %w", err)
		}
	}
	return nil
}

// The words that a caascan line may use.
var outcomes, securities = func() (o, s map[string]bool) {
	o, s = map[string]bool{}, map[string]bool{}
	for i := range record.Outcomes {
		o[record.Outcome(i).String()] = true
	}
	for i := record.Indeterminate; i <= record.BogusData; i++ {
		s[i.String()] = true
	}
	return o, s
}()

func known(word string, words map[string]bool) error {
	if !words[word] {
		return fmt.Errorf("%.40q is no such word", word)
	}
	return nil
}

func parseNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no number", text)
	}
	return int(n), nil
}

func parseAddress(words []string) (netip.Addr, error) {
	if len(words) != 1 {
		return netip.Addr{}, errors.New("ADDRESS takes one address")
	}
	addr, err := netip.ParseAddr(words[0])
	return addr.Unmap(), err
}

// parseElapse reads what follows TIME_PASSES: ELAPSE and seconds, which may have a fraction.
func parseElapse(words []string) (time.Duration, error) {
	if len(words) != 2 || words[0] != "ELAPSE" {
		return 0, errors.New("TIME_PASSES takes ELAPSE and seconds; EVAL is not supported")
	}
	return parseSeconds(words[1])
}

func parseSeconds(text string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= maxElapse.Seconds()) {
		return 0, fmt.Errorf("%.40q is no number of seconds", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
