//go:build race

package ratelimit

const thorough = false
