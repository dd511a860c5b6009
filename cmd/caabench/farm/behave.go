package farm

import "math/rand/v2"

// fate is what becomes of a query that reached its server.
type fate uint8

const (
	answered fate = iota
	lost          // on its way to the server
	limited       // gets what Behaviour.Over says
)

// limiter decides by a server's behaviour. Times are nanoseconds of the kernel's clock, which may go back a little.
type limiter struct {
	b      *Behaviour
	tokens float64
	at     int64 // when there were so many; or the second that is being counted
	count  float64
	begun  bool
}

// arrival decides about a query that came at a time.
func (l *limiter) arrival(at int64, random *rand.Rand) fate {
	switch {
	case l.b.LossIn > 0 && random.Float64() < l.b.LossIn:
		return lost
	case l.b.Dead:
		return limited
	case l.b.Limit > 0 && !l.allow(at):
		return limited
	default:
		return answered
	}
}

// loses decides if a reply is lost.
func (l *limiter) loses(random *rand.Rand) bool {
	return l.b.LossOut > 0 && random.Float64() < l.b.LossOut
}

// allow counts a query against the limit.
func (l *limiter) allow(at int64) bool {
	const second = 1e9
	if l.b.PerSecond {
		if now := at / second; now != l.at {
			l.at, l.count = now, 0
		}
		l.count++
		return l.count <= l.b.Limit
	}
	if !l.begun {
		l.begun, l.at, l.tokens = true, at, l.b.Burst
	}
	if at > l.at {
		l.tokens = min(l.b.Burst, l.tokens+float64(at-l.at)*l.b.Limit/second)
		l.at = at
	}
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
