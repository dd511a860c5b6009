package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestStdin: what is read is what was written; who waits for a writer that does not write can be told not to.
func TestStdin(t *testing.T) {
	text := strings.Repeat("name.example\n", 20_000)
	if err := iotest.TestReader(newStdin(strings.NewReader(text)), []byte(text)); err != nil {
		t.Error(err)
	}
	silent, writer := io.Pipe()
	defer writer.Close()
	s := newStdin(silent)
	failed := make(chan error)
	go func() {
		_, err := s.Read(make([]byte, 10))
		failed <- err
	}()
	s.turnAway()
	s.turnAway()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n, err := s.Read(make([]byte, 10)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("afterwards: %d octets, %v", n, err)
	}
}
