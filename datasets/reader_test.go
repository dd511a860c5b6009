package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
)

// readAll reads inputs to their end and checks what holds for every reading. The order is that of the inputs unless
// cfg says otherwise.
func readAll(t testing.TB, paths []string, cfg Config) *result {
	t.Helper()
	if cfg.Window == 0 {
		cfg.Window = 1
	}
	got := new(result)
	cfg.Reject = func(r Reject) { got.rejects = append(got.rejects, r) }
	r, err := Open(paths, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		batch, err := r.Next(context.Background())
		if err != nil {
			if len(batch) > 0 {
				t.Errorf("a batch of %d together with the error %v", len(batch), err)
			}
			if again, err2 := r.Next(context.Background()); again != nil || err2 != err {
				t.Errorf("Next after %v: %d targets, %v", err, len(again), err2)
			}
			if err != io.EOF {
				got.err = err
			}
			break
		}
		if len(batch) == 0 || len(batch) > BatchSize {
			t.Errorf("a batch of %d", len(batch))
		}
		for i := range batch {
			got.known = append(got.known, batch[i].Delegation)
			batch[i].Delegation = nil // the tests look at them there
		}
		got.targets = append(got.targets, batch...)
	}
	got.inputs = r.Inputs()
	checkCounts(t, got, r)
	return got
}

// checkCounts: every line is in exactly one target or reject, or skipped, and each has its own line number.
func checkCounts(t testing.TB, got *result, r *Reader) {
	t.Helper()
	var targets, rejects int64
	for _, in := range got.inputs {
		if in.Lines != in.Targets+in.Rejects+in.Skipped+in.Folded+in.Elsewhere {
			t.Errorf("%s: %d lines, but %d targets + %d rejects + %d skipped + %d folded + %d elsewhere", in.Path, in.Lines, in.Targets, in.Rejects, in.Skipped, in.Folded, in.Elsewhere)
		}
		if (in.SHA256 == "") != (got.err != nil) && len(got.inputs) == 1 {
			t.Errorf("%s: SHA-256 %q with error %v", in.Path, in.SHA256, got.err)
		}
		targets += in.Targets
		rejects += in.Rejects
	}
	if targets != int64(len(got.targets)) || rejects != int64(len(got.rejects)) {
		t.Errorf("counted %d targets and %d rejects, got %d and %d", targets, rejects, len(got.targets), len(got.rejects))
	}
	var byReason [Reasons]int64
	type place struct {
		source string
		line   int64
	}
	seen := make(map[place]bool)
	once := func(source string, line int64) {
		if line < 1 || seen[place{source, line}] {
			t.Errorf("line %d of %s: not a line, or met twice", line, source)
		}
		seen[place{source, line}] = true
	}
	for _, reject := range got.rejects {
		byReason[reject.Reason]++
		once(reject.Source, reject.Line)
		if len(reject.Text) > MaxRejectText || reject.Reason == Accepted {
			t.Errorf("reject %+v", reject)
		}
	}
	for _, target := range got.targets {
		once(target.Source, target.Line)
	}
	if byReason != r.Rejects() {
		t.Errorf("rejects by reason: counted %v, got %v", r.Rejects(), byReason)
	}
}

// numbered makes a list of n names.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d.example.com\n", i)
	}
	return b.String()
}

func TestShuffle(t *testing.T) {
	const n, window = 20_000, 500
	path := writeFile(t, "list", numbered(n))
	first := readAll(t, []string{path}, Config{Window: window, Seed: 7})
	if again := readAll(t, []string{path}, Config{Window: window, Seed: 7}); !slices.Equal(first.targets, again.targets) {
		t.Error("the same seed gave another order")
	}
	if other := readAll(t, []string{path}, Config{Window: window, Seed: 8}); slices.Equal(first.targets, other.targets) {
		t.Error("another seed gave the same order")
	}

	var moved int64
	seen := make([]bool, n)
	for at, target := range first.targets {
		early := target.Line - 1 - int64(at)
		if early >= window {
			t.Fatalf("line %d came out at place %d: further ahead than the window of %d", target.Line, at, window)
		}
		if early < 0 {
			early = -early
		}
		moved += early
		if seen[target.Line-1] {
			t.Fatalf("line %d came out twice", target.Line)
		}
		seen[target.Line-1] = true
	}
	if len(first.targets) != n {
		t.Errorf("%d of %d came out", len(first.targets), n)
	}
	// A target waits geometrically, window turns on average: places move by about 0.7 windows.
	if mean := moved / n; mean < window/4 || mean > 2*window {
		t.Errorf("targets moved by %d places on average, the window is %d", mean, window)
	}
}

// The order must not change from one version to the next: resuming a scan needs the old one.
func TestShuffleIsPinned(t *testing.T) {
	got := readAll(t, []string{writeFile(t, "list", "a.org\nb.org\nc.org\nd.org\ne.org\nf.org\ng.org\nh.org\n")}, Config{Window: 4, Seed: 1})
	const was = "d.org a.org e.org g.org b.org c.org h.org f.org"
	if names := got.names(); names != was {
		t.Errorf("order %q, was %q", names, was)
	}
}

func TestDefaultSeed(t *testing.T) {
	seed := func(paths ...string) uint64 {
		r, err := Open(paths, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return r.Seed()
	}
	a, b, c := writeFile(t, "a", "a.org\n"), writeFile(t, "b", "a.org\n"), writeFile(t, "c", "c.org\n")
	if seed(a) != seed(b) || seed(a) == 0 {
		t.Error("the same content under another name gave another seed")
	}
	if seed(a) == seed(c) || seed(a, c) == seed(c, a) {
		t.Error("another input, or another order, gave the same seed")
	}
}

// The window is the bound: 1 keeps the order, and one larger than the input shuffles all of it.
func TestWindowSizes(t *testing.T) {
	path := writeFile(t, "list", numbered(1000))
	inOrder := readAll(t, []string{path}, Config{Window: 1})
	if !slices.IsSortedFunc(inOrder.targets, func(a, b record.Target) int { return int(a.Line - b.Line) }) {
		t.Error("window 1 changed the order")
	}
	for _, window := range []int{2, 511, 512, 513, 999, 1000, 1001, DefaultWindow} {
		got := readAll(t, []string{path}, Config{Window: window, Seed: 3})
		slices.SortFunc(got.targets, func(a, b record.Target) int { return int(a.Line - b.Line) })
		if diff := cmp.Diff(inOrder.names(), got.names()); diff != "" {
			t.Errorf("window %d: %s", window, diff)
		}
	}
}

// Comments without end give Next nothing to return: the context must end it, and what was read stays.
func TestNextEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	comments := strings.Repeat("# comment\n", 100)
	calls := 0
	r, err := Open([]string{"-"}, Config{Stdin: io.MultiReader(strings.NewReader("a.org\n"), readerFunc(func(p []byte) (int, error) {
		switch calls++; {
		case calls == 50:
			cancel()
		case calls > 1000:
			return 0, io.EOF
		}
		return copy(p, comments), nil
	}))})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if batch, err := r.Next(ctx); err != context.Canceled || batch != nil {
		t.Fatalf("Next = %d targets, %v", len(batch), err)
	}
	if calls > 900 {
		t.Errorf("the context was noticed after %d reads", calls)
	}
	if batch, err := r.Next(context.Background()); err != nil || len(batch) != 1 || batch[0].Name != "a.org" {
		t.Errorf("Next with a fresh context = %v, %v; want the target read before", batch, err)
	}
}

// The same inside a line that never ends.
func TestLongLineEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	r, err := Open([]string{"-"}, Config{Stdin: readerFunc(func(p []byte) (int, error) {
		if calls++; calls == 50 {
			cancel()
		}
		return copy(p, bytes.Repeat([]byte{'x'}, len(p))), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(ctx); err != context.Canceled {
		t.Errorf("Next: %v", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// endless repeats a line up to a number of octets; without end if it is 0.
type endless struct {
	line string
	left int64
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.line[e.at:])
		n += c
		e.at = (e.at + c) % len(e.line)
	}
	if e.left > 0 {
		if int64(n) >= e.left {
			n = int(e.left)
			e.left = 0
			return n, io.EOF
		}
		e.left -= int64(n)
	}
	return n, nil
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("a", MaxLine+1)
	huge := strings.Repeat("b", 3*bufferSize)
	content := "a.org\n" + long + "\n" + huge + "\nalice" + huge + "@b.org\n" + strings.Repeat("c", MaxLine) + "\nd.org\n" + huge
	got := readAll(t, []string{writeFile(t, "list", content)}, Config{})
	if got.names() != "a.org d.org" {
		t.Errorf("names %q", got.names())
	}
	want := []Reject{
		{"list", 2, long[:MaxRejectText], LineTooLong},
		{"list", 3, huge[:MaxRejectText], LineTooLong},
		{"list", 4, "", LineTooLong}, // its start is a local part
		{"list", 5, strings.Repeat("c", MaxRejectText), LabelTooLong},
		{"list", 7, huge[:MaxRejectText], LineTooLong},
	}
	if diff := cmp.Diff(want, got.rejects); diff != "" {
		t.Error(diff)
	}
}

// One line of many megabytes is one reject, and costs a few blocks of memory.
func TestMemoryIsBounded(t *testing.T) {
	const octets = 128 << 20
	DefaultSuffixes() // read once, and kept
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readAll(t, []string{"-"}, Config{Stdin: &endless{line: strings.Repeat("x", 4096), left: octets}})
	runtime.ReadMemStats(&after)
	if len(got.rejects) != 1 || got.rejects[0].Reason != LineTooLong || got.inputs[0].Lines != 1 || got.inputs[0].Octets != octets {
		t.Errorf("rejects %v, input %+v", got.rejects, got.inputs[0])
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("%d octets were allocated in all", allocated)
	}
}

// Whatever the octets, the counts add up and nothing panics.
func TestAnyOctets(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	alphabets := []string{"a.\n", "a1.,@*:/#\r\n \t\"", "aü.。\n\u00ad\u200d", "\x00\xff\xfe\n@.a"}
	for range 300 {
		alphabet := []rune(alphabets[rng.IntN(len(alphabets))])
		var b strings.Builder
		for range rng.IntN(400) {
			b.WriteRune(alphabet[rng.IntN(len(alphabet))])
		}
		readAll(t, []string{"-"}, Config{Stdin: strings.NewReader(b.String()), Window: 1 + rng.IntN(8), Format: Format(rng.IntN(int(Parquet)))})
	}
	junk := make([]byte, 1<<20)
	for i := range junk {
		junk[i] = byte(rng.Uint32())
	}
	if got := readAll(t, []string{"-"}, Config{Stdin: bytes.NewReader(junk)}); len(got.rejects) < 1000 || len(got.targets) > 20 {
		t.Errorf("of a megabyte of junk %d lines are rejects and %d targets", len(got.rejects), len(got.targets))
	}
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	got := readAll(t, []string{"-"}, Config{Stdin: io.MultiReader(strings.NewReader(numbered(1000)+"cut.off.exam"), errReader{broken})})
	if !errors.Is(got.err, broken) || !strings.Contains(got.err.Error(), "input stdin: after line 1000,") {
		t.Errorf("error %v", got.err)
	}
	if len(got.targets) != 1000 || got.targets[999].Name != "n999.example.com" {
		t.Errorf("%d targets before the error, the last %q: want all whole lines, and no cut one", len(got.targets), got.targets[len(got.targets)-1].Name)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
