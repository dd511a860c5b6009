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
