//go:build !race

package ratelimit

// thorough is whether the simulations, which are of one goroutine each, run whole.
const thorough = true
