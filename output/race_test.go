//go:build race

package output

// What TestDictionaryOverflow writes: under the race detector just enough for a dictionary to overflow, and a second row
// group.
const (
	distinctStrings = 30_000
	overflowGroup   = 27_000
)
