package analysis

import (
	"context"
	"fmt"
	"time"
)

// Report is everything that is to be said about a round of scans: the questions with their answers, and how they were come by.
type Report struct {
	Title  string
	Round  *Round
	Sample Sampling // whether the names stand for more than themselves
	Made   time.Time
	Took   time.Duration

	Warnings  []string // what a reader must know before anything else: that the scan is not complete
	Headlines *Table   // headline, n, of, share, says; a few rows
	Sections  []Section
	Methods   *Methods
}

// Section is a question with its answers.
type Section struct {
	Question Question
	Tables   []*Table // one for each part of the question, in their order
	Took     time.Duration
}

// Sampling says whether the names of a scan are a random sample of those that shall be spoken about; shares then have intervals.
type Sampling struct {
	Is  bool
	Why string // for people, a sentence
}

// ReportOptions say what a report is to be like. The zero value works.
type ReportOptions struct {
	Title  string
	Sample string    // "yes", "no", or "auto" and "": where not all shards of a measurement are there
	Now    time.Time // default: the clock
}

// SampleWords are the values of ReportOptions.Sample.
var SampleWords = []string{"auto", "yes", "no"}

// Report asks all questions. It tells progress before each table, how many of how many have been dealt with and which is next.
// An error names the question and the table.
func (d *Data) Report(ctx context.Context, opt ReportOptions, progress func(done, all int, what string)) (*Report, error) {
	questions, err := Questions()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	const before = 2 // what is done before the tables
	step := func(done, all int, what string) {
		if progress != nil {
			progress(done, all, what)
		}
	}
	step(0, before+countParts(questions), "the names")
	if err := d.Prepare(ctx); err != nil {
		return nil, err
	}
	step(1, before+countParts(questions), "headlines")
	headlines, err := d.headlines(ctx, d.Now().sampling(opt.Sample).Is)
	if err != nil {
		return nil, err
	}
	r, err := d.Answer(ctx, questions, headlines, opt, func(done, all int, what string) { step(before+done, before+all, what) })
	if err != nil {
		return nil, err
	}
	r.Took = time.Since(begin)
	return r, nil
}

// Answer is Report with questions of the caller's, who has made the tables that they ask.
func (d *Data) Answer(ctx context.Context, questions []Question, headlines *Table, opt ReportOptions, progress func(done, all int, what string)) (*Report, error) {
	begin := time.Now()
	r := &Report{Title: opt.Title, Round: d.Now(), Made: opt.Now, Headlines: headlines, Sample: d.Now().sampling(opt.Sample), Warnings: d.Now().warnings()}
	if r.Made.IsZero() {
		r.Made = begin
	}
	r.Made = r.Made.UTC()
	if r.Title == "" {
		r.Title = "Who may issue certificates: CAA of " + r.Round.about()
	}
	done, all := 0, countParts(questions)
	step := func(what string) {
		if progress != nil {
			progress(done, all, what)
		}
		done++
	}
	for i := range questions {
		s, err := d.answer(ctx, &questions[i], r.Sample.Is, step)
		if err != nil {
			return nil, err
		}
		r.Sections = append(r.Sections, *s)
	}
	r.Methods = d.methods(r)
	r.Took = time.Since(begin)
	if progress != nil {
		progress(all, all, "")
	}
	return r, nil
}

// countParts counts the tables that questions have.
func countParts(questions []Question) int {
	n := 0
	for i := range questions {
		n += len(questions[i].Parts)
	}
	return n
}

// answer asks all parts of a question.
func (d *Data) answer(ctx context.Context, q *Question, sample bool, step func(what string)) (*Section, error) {
	s := &Section{Question: *q}
	begin := time.Now()
	for i := range q.Parts {
		step(fmt.Sprintf("%d: %s", q.Number, q.Parts[i].Title))
		t, err := d.Ask(ctx, &q.Parts[i], sample)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", q.Number, err)
		}
		s.Tables = append(s.Tables, t)
	}
	s.Took = time.Since(begin)
	return s, nil
}

// Tables gives all tables of the report to see, with the question that each belongs to: nil for the headlines and those of the methods.
func (r *Report) Tables(see func(q *Question, t *Table) error) error {
	if err := see(nil, r.Headlines); err != nil {
		return err
	}
	for i := range r.Sections {
		for _, t := range r.Sections[i].Tables {
			if err := see(&r.Sections[i].Question, t); err != nil {
				return err
			}
		}
	}
	for _, t := range []*Table{r.Methods.Facts, r.Methods.Parts} {
		if err := see(nil, t); err != nil {
			return err
		}
	}
	return nil
}

// headlines are the numbers at the head.
func (d *Data) headlines(ctx context.Context, sample bool) (*Table, error) {
	t, err := d.Query(ctx, "headlines.sql", nil)
	if err != nil {
		return nil, err
	}
	t.ID, t.Title = "headlines", "The headline numbers"
	t.measure(sample)
	return t, nil
}

// sampling decides whether intervals are due.
func (r *Round) sampling(word string) Sampling {
	here, all := r.Shards()
	switch {
	case word == "yes":
		return Sampling{true, "The names are taken for a random sample, as asked for."}
	case word == "no":
		return Sampling{false, "The names are taken for all that shall be spoken about, as asked for."}
	case here < all:
		return Sampling{true, fmt.Sprintf("Of the %d shards of this measurement %d %s here. Shards are made by a hash of the registrable domain, and so "+
			"the names of some are a random sample of those of all.", all, here, plural(here, "is", "are"))}
	}
	return Sampling{false, "The names are all that were asked for, and stand for nothing but themselves: shares have no intervals."}
}

// warnings are what stands on top.
func (r *Round) warnings() []string {
	var all []string
	for i := range r.Scans {
		s := &r.Scans[i]
		if s.Complete() {
			continue
		}
		warning := "This scan is not complete: "
		if len(r.Scans) > 1 {
			warning = "The scan " + s.Dir + " is not complete: "
		}
		lines := int64(0)
		for _, in := range s.Inputs {
			lines += in.Lines - in.Skipped - in.Folded - in.Elsewhere
		}
		switch {
		case lines > s.Totals.Lines:
			warning += fmt.Sprintf("%s of %s lines of the input have been dealt with.", grouped(s.Totals.Lines), grouped(lines))
		default:
			warning += fmt.Sprintf("%s lines of the input have been dealt with, and there are more.", grouped(s.Totals.Lines))
		}
		all = append(all, warning+" The numbers below are about these only, and those that were quick to answer are among them first.")
	}
	if here, of := r.Shards(); here < of {
		all = append(all, fmt.Sprintf("Of %d shards of this measurement, %d %s here.", of, here, plural(here, "is", "are")))
	}
	return all
}

// Complete reports whether every line of the input has been dealt with.
func (s *Scan) Complete() bool { return s.State == complete }

// about names what a round was about.
func (r *Round) about() string {
	names := int64(0)
	for i := range r.Scans {
		names += r.Scans[i].Totals.Rows
	}
	from := sourceOf(&r.Scans[0])
	if from != "" {
		from = " from " + from
	}
	return grouped(names) + " names" + from + ", " + r.Began().UTC().Format("2 January 2006")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
