package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/caascan/caascan/scanner/caa"
)

// frame is what a person sees of a scan under way: a few lines, drawn again and again, that fit the terminal.
//
//	 42% [========>            ] 10500/25000 names, 3920/s, ETA 12s
//	tls     absent 60%, restricted 31%, open 4%, error 3%, closed 1%
//	smime   absent 60%, open 36%, error 3%
//	failed  3.1%: timeout 412, servfail 211, refused 99
//	waiting 1210 queries: gandi.net 900 at 50/s, ovh.net 310 at 500/s
type frame struct {
	colours bool
	bar     *progressbar.ProgressBar
	room    int // columns of the bar
}

// Colours, as terminals number them (ECMA-48 8.3.117).
const (
	plain  = ""
	red    = "31"
	yellow = "33"
)

// line is one line of a frame: a label, what it is about, and what fits of the pieces.
type line struct {
	label  string
	colour string // of the label
	about  string // may be empty
	pieces []string
}

// labelWidth is the width of the column of labels.
const labelWidth = 8

// wideEnough is a width at which two lines fit beside each other.
const wideEnough = 140

// lines returns the frame for a terminal of that width. No line takes the last column: there the cursor may wrap.
func (f *frame) lines(s *status, width int) []string {
	width = max(width-1, 1)
	drawn := []string{f.head(s, width)}
	if s.Rows > 0 {
		tls, smime := mix(s, caa.TLS), mix(s, caa.SMIME)
		if width >= wideEnough {
			drawn = append(drawn, f.fit(tls, width/2)+"  "+f.fit(smime, width-width/2-2))
		} else {
			drawn = append(drawn, f.fit(tls, width), f.fit(smime, width))
		}
	}
	for _, l := range []line{failing(s), waiting(s), link(s), phaseOf(s)} {
		if l.label != "" {
			drawn = append(drawn, f.fit(l, width))
		}
	}
	return drawn
}

// leastBar is how many columns a bar must have to be worth them.
const leastBar = 10

// head is the bar with how far the scan is, how fast it goes and how long it will take.
func (f *frame) head(s *status, width int) string {
	done := fmt.Sprintf("%d names", s.Resumed+s.Rows)
	if s.Total > 0 {
		done = fmt.Sprintf("%d/%d names", s.Resumed+s.Rows, s.Resumed+max(s.Total, s.Rows))
	}
	if s.Surveyed > 0 {
		done = fmt.Sprintf("zone file looked through to %.0f%%", 100*s.Surveyed)
	}
	rate := s.pace
	if s.Ended {
		rate = s.Rate
	}
	pieces := []string{done, fmt.Sprintf("%s/s", short(rate))}
	switch {
	case s.Ended:
		pieces = append(pieces, "took "+duration(s.Elapsed))
	case s.ETA > 0:
		pieces = append(pieces, "ETA "+duration(max(s.ETA, 1)))
	default:
		pieces = append(pieces, duration(s.Elapsed))
	}
	const around = 8 // percentage, spaces, brackets
	for n := len(pieces); n > 0; n-- {
		text := strings.Join(pieces[:n], ", ")
		if room := min(width-around-len(text), 60); room >= leastBar && s.Total > 0 {
			return f.draw(s, room) + " " + text
		} else if len(text) <= width && s.Total == 0 {
			return text
		}
	}
	return cut(done, width)
}

// draw draws the bar in so many columns.
func (f *frame) draw(s *status, room int) string {
	most := s.Resumed + max(s.Total, s.Rows, 1)
	if f.bar == nil || f.room != room || f.bar.IsFinished() {
		f.room = room
		ends, codes := "=", false
		if f.colours {
			ends, codes = "[green]=[reset]", true
		}
		f.bar = progressbar.NewOptions64(most, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSetWidth(room),
			progressbar.OptionEnableColorCodes(codes), progressbar.OptionThrottle(0), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetTheme(progressbar.Theme{
				Saucer: ends, SaucerHead: strings.ReplaceAll(ends, "=", ">"), SaucerPadding: " ", BarStart: "[", BarEnd: "]"}))
	}
	if most != f.bar.GetMax64() {
		f.bar.ChangeMax64(most)
	}
	f.bar.Set64(s.Resumed + s.Rows)
	f.bar.RenderBlank() // whether or not the percentage is another
	text := strings.TrimPrefix(f.bar.String(), "\r ")
	return text[:strings.LastIndex(text, "]")+1]
}

// mix is the share of each posture for one kind of certificate.
func mix(s *status, kind caa.Kind) line {
	l := line{label: kind.String()}
	for _, p := range byCount(s.Posture[kind.String()]) {
		l.pieces = append(l.pieces, p.word+" "+percent(p.n, s.Rows))
	}
	return l
}

// failing is the failures, the most frequent first.
func failing(s *status) line {
	if s.Failed == 0 {
		return line{}
	}
	l := line{label: "failed", colour: red, about: percent(s.Failed, s.Rows)}
	for _, p := range byCount(s.Failures) {
		l.pieces = append(l.pieces, fmt.Sprintf("%s %d", p.word, p.n))
	}
	return l
}

// waiting is what waits, and for whose servers most.
func waiting(s *status) line {
	if s.Ended || s.Waiting+s.Parked == 0 {
		return line{}
	}
	l := line{label: "waiting", about: fmt.Sprintf("%d queries", s.Waiting)}
	if s.Parked > 0 {
		l.about += fmt.Sprintf(" and %d names parked", s.Parked)
	}
	for _, o := range s.Operators {
		piece := fmt.Sprintf("%s %d", escaped(o.Operator), o.Queries+o.Names)
		if o.Rate > 0 {
			piece += " at " + short(o.Rate) + "/s"
		}
		l.pieces = append(l.pieces, piece)
	}
	return l
}

// link is the trouble with our own link.
func link(s *status) line {
	if s.Link == nil {
		return line{}
	}
	return line{label: "link", colour: yellow, pieces: []string{
		fmt.Sprintf("loses %.0f%% of the packets", 100*s.Link.Loss), fmt.Sprintf("slowed to %s packets/s", short(s.Link.Limit)),
	}}
}

// phaseOf is what is done after the first looks.
func phaseOf(s *status) line {
	if s.Phase == nil || s.Ended {
		return line{}
	}
	l := line{label: "phase", about: s.Phase.Name, pieces: []string{fmt.Sprintf("%d names", s.Phase.Left)}}
	if s.Phase.Wait > 0 {
		l.pieces = append(l.pieces, "in "+duration(s.Phase.Wait))
	}
	return l
}

// fit writes a line in at most so many columns: as many of the pieces as fit, and dots for the rest.
func (f *frame) fit(l line, width int) string {
	const more = ", ..."
	text, between := l.about, ": "
	for i, piece := range l.pieces {
		next := piece
		if text != "" {
			next = text + between + piece
		}
		room := width - labelWidth
		if i < len(l.pieces)-1 {
			room -= len(more)
		}
		if text != "" && len(next) > room {
			text += more
			break
		}
		text, between = next, ", "
	}
	whole := cut(fmt.Sprintf("%-*s%s", labelWidth, l.label, text), width)
	if f.colours && l.colour != plain && len(whole) > len(l.label) {
		return "\x1b[" + l.colour + "m" + l.label + "\x1b[0m" + whole[len(l.label):]
	}
	return whole
}

// cut shortens text, which is ASCII, to so many columns.
func cut(text string, width int) string { return text[:min(len(text), width)] }

// percent writes a share with as many digits as it is worth.
func percent(n, of int64) string {
	p := 100 * float64(n) / float64(max(of, 1))
	switch {
	case p > 0 && p < 0.1:
		return "<0.1%"
	case p < 10:
		return fmt.Sprintf("%.1f%%", p)
	}
	return fmt.Sprintf("%.0f%%", p)
}

// short writes a rate with as many digits as it is worth.
func short(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// duration writes a time in its two largest units.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
