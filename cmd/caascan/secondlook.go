package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/record"
)

// secondLook stands between a scan and its source and sink, and has the scan look twice at names that failed: what may
// pass (record.Outcome.MayPass) is no result before it was found again a while later.
//
//	source ──targets──►┌──────────┐──targets──► scan
//	                   │secondLook│
//	  sink ◄──records──└──────────┘◄──records── scan
//	                     │      ▲
//	                     ▼      │  once every name has come back, and pause after the failure of each
//	                     set aside
//
// A name that was set aside has no record in the sink. So when the scan is stopped before the second looks nothing is lost: who
// continues it has these names to ask still.
type secondLook struct {
	source scanner.Source
	sink   scanner.Sink
	aside  setAside
	pause  time.Duration

	mu       sync.Mutex
	phase    lookPhase
	out      int64         // names that the scan has
	idle     chan struct{} // has one once the source has ended and out is 0
	left     int64         // names set aside that have no row yet
	resumes  time.Time     // when the next of them are due
	pull     func() ([]record.Target, error, bool)
	stopPull func()
	batch    []record.Target // of the names set aside: taken from there, not yet due
}

// setAside keeps targets until the end of the first looks. Deferred yields them in the order in which they were set aside.
type setAside interface {
	Defer([]record.Target) error
	Deferred() iter.Seq2[[]record.Target, error]
}

// lookPhase is how far a scan of two looks has come.
type lookPhase uint8

const (
	firstLooks  lookPhase = iota
	lastOfFirst           // the source has ended, names are still under way
	secondLooks
)

// newSecondLook makes one for a scan of which so many names were set aside already, before it was stopped and continued.
func newSecondLook(source scanner.Source, sink scanner.Sink, aside setAside, already int64, pause time.Duration) *secondLook {
	return &secondLook{source: source, sink: sink, aside: aside, left: already, pause: pause, idle: make(chan struct{}, 1)}
}

// Next implements scanner.Source.
func (l *secondLook) Next(ctx context.Context) ([]record.Target, error) {
	switch l.phase { // which only Next changes
	case firstLooks:
		targets, err := l.source.Next(ctx)
		ended := errors.Is(err, io.EOF)
		if ended {
			err = nil
		}
		l.handOut(len(targets), ended)
		return targets, err
	case lastOfFirst:
		select {
		case <-l.idle:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l.pull, l.stopPull = iter.Pull2(l.aside.Deferred())
		l.enter(secondLooks)
	}
	return l.nextDue(ctx)
}

// handOut counts names that the scan gets for the first time.
func (l *secondLook) handOut(names int, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out += int64(names)
	if last {
		l.phase = lastOfFirst
		l.tellIfIdle()
	}
}

// tellIfIdle tells Next that every name has come back.
func (l *secondLook) tellIfIdle() {
	if l.phase == lastOfFirst && l.out == 0 {
		select {
		case l.idle <- struct{}{}:
		default: // it was told before
		}
	}
}

func (l *secondLook) enter(phase lookPhase) {
	l.mu.Lock()
	l.phase = phase
	l.mu.Unlock()
}

// nextDue returns names set aside whose pause is over, and waits for the next ones if there are none.
func (l *secondLook) nextDue(ctx context.Context) ([]record.Target, error) {
	for len(l.batch) == 0 {
		batch, err, more := l.pull()
		switch {
		case !more:
			return nil, io.EOF
		case err != nil:
			return nil, err
		}
		l.batch = batch
	}
	if err := l.await(ctx, l.due(&l.batch[0])); err != nil {
		return nil, err
	}
	now, n := time.Now(), 1
	for n < len(l.batch) && !l.due(&l.batch[n]).After(now) {
		n++
	}
	targets := l.batch[:n:n]
	l.batch = l.batch[n:]
	return targets, nil
}

// due is when a name is to be looked at again. That clocks may be set back makes nobody wait longer than the pause.
func (l *secondLook) due(t *record.Target) time.Time {
	failed := time.Unix(0, int64(t.First.Finished))
	if now := time.Now(); failed.After(now) {
		failed = now
	}
	return failed.Add(l.pause)
}

// await waits until then.
func (l *secondLook) await(ctx context.Context, then time.Time) error {
	left := time.Until(then)
	if left <= 0 {
		return nil
	}
	l.mu.Lock()
	l.resumes = then
	l.mu.Unlock()
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Write implements scanner.Sink.
func (l *secondLook) Write(batch []*record.Record) error {
	names := len(batch)
	var aside []record.Target
	rows := slices.DeleteFunc(batch, func(r *record.Record) bool {
		again := r.Again()
		if again {
			target := r.Target
			target.First = r.Look()
			target.Delegation = nil // a zone file may be old: the parent is asked
			aside = append(aside, target)
		}
		return again
	})
	err := l.sink.Write(rows)
	if err == nil && len(aside) > 0 {
		slices.SortStableFunc(aside, func(a, b record.Target) int { return cmp.Compare(a.First.Finished, b.First.Finished) })
		err = l.aside.Defer(aside)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == secondLooks {
		l.left -= int64(names)
	} else {
		l.left += int64(len(aside))
		l.out -= int64(names)
		l.tellIfIdle()
	}
	return err
}

// Exchanges implements scanner.ExchangeSink: those of both looks count.
func (l *secondLook) Exchanges(batch []record.Exchange) error {
	return l.sink.(scanner.ExchangeSink).Exchanges(batch)
}

// close lets go of what was set aside. It is to be called when the scan has ended.
func (l *secondLook) close() {
	if l.stopPull != nil {
		l.stopPull()
	}
}

// Phase implements phased.
func (l *secondLook) Phase() (name string, left int64, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != secondLooks {
		return "", 0, 0
	}
	return "second look", l.left, max(time.Until(l.resumes), 0)
}

// asideFile sets aside in a temporary file, for sinks that keep nothing themselves. The zero value is ready for use.
type asideFile struct {
	file    *os.File
	buffer  *bufio.Writer
	encoder *gob.Encoder
}

// Defer implements setAside.
func (a *asideFile) Defer(targets []record.Target) (err error) {
	if a.file == nil {
		if a.file, err = os.CreateTemp("", "caascan-aside-*"); err != nil {
			return err
		}
		a.buffer = bufio.NewWriter(a.file)
		a.encoder = gob.NewEncoder(a.buffer)
	}
	return a.encoder.Encode(targets)
}

// Deferred implements setAside. Nothing can be set aside any more.
func (a *asideFile) Deferred() iter.Seq2[[]record.Target, error] {
	return func(yield func([]record.Target, error) bool) {
		if a.file == nil {
			return
		}
		err := a.buffer.Flush()
		if err == nil {
			_, err = a.file.Seek(0, io.SeekStart)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		decoder := gob.NewDecoder(bufio.NewReader(a.file))
		for {
			var targets []record.Target
			err := decoder.Decode(&targets)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("read what was set aside: %w", err))
				return
			}
			if !yield(targets, nil) {
				return
			}
		}
	}
}

// close removes the file.
func (a *asideFile) close() error {
	if a.file == nil {
		return nil
	}
	return errors.Join(a.file.Close(), os.Remove(a.file.Name()))
}
