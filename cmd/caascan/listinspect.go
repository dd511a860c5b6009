package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/caascan/caascan/datasets"
)

const (
	// maxListLines is how many lines a list may have: more than any has, so that an archive that unpacks without end is not
	// read for ever.
	maxListLines = 100_000_000
	// judgedLines is how many lines are read before it is told whether they are names.
	judgedLines = 1000
)

// inspect reads a fetched file to its end, as a scan would, and notes what it holds. A page that a network shows in the
// place of the file, an archive that is damaged and a list that stops in the middle are errors.
func inspect(ctx context.Context, l *datasets.PublicList, want edition, path string, about *listFile) error {
	reader, err := datasets.Open([]string{path}, datasets.Config{AllowSpecialUse: true, Window: 1})
	if err != nil {
		return fmt.Errorf("what came cannot be read: %w", err)
	}
	defer reader.Close()
	for {
		_, err := reader.Next(ctx)
		in := reader.Inputs()[0]
		ended := errors.Is(err, io.EOF)
		switch {
		case err != nil && !ended:
			return fmt.Errorf("what came cannot be read: %w", err)
		case in.Format != l.Format.String():
			return fmt.Errorf("what came is no list of the form %q: a page of the network or an error, perhaps", l.Format)
		case (ended || in.Lines > judgedLines) && in.Rejects > in.Lines/10:
			return fmt.Errorf("what came is no list of names: %d of %d lines are none", in.Rejects, in.Lines)
		case in.Lines > maxListLines:
			return fmt.Errorf("what came has more than %d lines", maxListLines)
		case ended && in.Targets == 0:
			return errors.New("what came holds no name")
		case ended && want.id == "" && want.from == nil && in.Targets < int64(l.Names/2):
			return fmt.Errorf("what came has %d names, where the list has some %d: part of it is missing", in.Targets, l.Names)
		case ended:
			about.Names, about.Rejects, about.Format = in.Targets, in.Rejects, in.Format
			return nil
		}
	}
}
