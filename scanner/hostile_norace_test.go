//go:build linux && !race

package scanner

const slowness = 1
