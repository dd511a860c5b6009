package main

import (
	"context"
	"io"
	"sync"
)

// stdin is the standard input of a scan. Who writes to a pipe may take his time, and nothing ends a read that waits for him: so
// a scan that is to stop must be able to turn away from it.
type stdin struct {
	from   io.Reader
	buffer []byte // of the read under way

	turned sync.Once
	away   chan struct{} // closed by turnAway
}

func newStdin(from io.Reader) *stdin {
	const block = 64 << 10 // what a pipe holds
	return &stdin{from: from, buffer: make([]byte, block), away: make(chan struct{})}
}

// Read implements io.Reader. Once turnAway was called it is context.Canceled; a read that waits is then left behind, and
// ends with the process.
func (s *stdin) Read(p []byte) (int, error) {
	select {
	case <-s.away:
		return 0, context.Canceled
	default:
	}
	type result struct {
		n   int
		err error
	}
	read := make(chan result, 1)
	go func() {
		n, err := s.from.Read(s.buffer[:min(len(p), len(s.buffer))])
		read <- result{n, err}
	}()
	select {
	case r := <-read:
		return copy(p, s.buffer[:r.n]), r.err
	case <-s.away:
		return 0, context.Canceled
	}
}

// turnAway ends the read under way, and all to come. It may be called from any goroutine, and again.
func (s *stdin) turnAway() { s.turned.Do(func() { close(s.away) }) }
