package resolve

import "math"

// share is the part of the last hundred or so events that were good, in 65536ths, as an average that forgets. The zero
// value: nothing good has been seen.
type share uint16

const (
	shareOne    = 1<<16 - 1
	shareFirst  = shareOne / 2 // after the first good event
	shareMemory = 64           // the latest event has this part of the weight
	shareMostly = shareOne / 4 // from here on, what goes wrong is an exception

	// surely: a server is taken to keep silent on purpose when that many tries would be lost by chance in one case of ten
	// thousand.
	surely = 1e-4
)

func (s *share) note(good bool) {
	switch {
	case !good:
		*s -= *s / shareMemory
	case *s == 0:
		*s = shareFirst
	default:
		*s += (shareOne - *s) / shareMemory
	}
}

// mostly reports whether good is to be expected.
func (s share) mostly() bool { return s >= shareMostly }

// telling is how many tries in vain in a row mean more than chance; 0 if good is not to be expected anyway.
func (s share) telling() int {
	if !s.mostly() {
		return 0
	}
	lost := max(1-float64(s)/shareOne, surely)
	return int(math.Ceil(math.Log(surely) / math.Log(lost)))
}

// deadTries: a server that has left so many packets without a reply, and never sent one, is dead.
const deadTries = 16

func (s *server) dead() bool { return s.stats.Answered == 0 && s.stats.Timeouts >= deadTries }
