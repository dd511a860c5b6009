//go:build linux && race

package scanner

// slowness is how much more than the rest of it the race detector slows what hostile names make the loop do: comparing
// octets, all in all.
const slowness = 4
