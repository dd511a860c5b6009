package caa

import "github.com/caascan/caascan/scanner/wire"

// Next returns the name to ask after name, if that has no CAA records: its parent (R1.3). The climb is over, and more is
// false, when that would be the root, which is never asked. Public suffixes are names like any other (C2).
func Next(name wire.Name) (next wire.Name, more bool) {
	if name == "" || name == wire.Root {
		return "", false
	}
	next = name.Parent()
	return next, next != wire.Root
}

// Level is what asking one name for CAA showed (R1.9).
type Level uint8

const (
	Unasked Level = iota // nothing yet
	Empty                // no CAA records: the climb goes on
	Present              // CAA records, whatever they hold (R1.4)
	Failed               // they could be there, or not
)

// Relevant finds the level at which the climb ends: the first that is not empty, from the name upwards. A failure ends
// it too, for the answer missing there could have been the relevant RRset; what lies above does not matter (R1.10). So
// levels may be asked in any order. at is -1 if all levels are empty, and while decided is false: then a level that is
// not asked yet stands before.
func Relevant(levels []Level) (at int, decided bool) {
	for i, level := range levels {
		switch level {
		case Unasked:
			return -1, false
		case Present, Failed:
			return i, true
		}
	}
	return -1, true
}
