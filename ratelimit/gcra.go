package ratelimit

import "time"

// Grain is how late a packet may leave and still count as punctual. A loop looks at the clock once a turn and its
// wheel of deadlines has slots of a millisecond, so a packet leaves a little after its moment; without this
// allowance each such delay would be lost for ever, and a limit above 1,000 a second could not be used at all.
// The price is exact: a window of length T sees at most 1 + rate * (T + Grain) packets, at 100 packets a second a
// tenth of a packet more than without it.
const Grain = time.Millisecond

// next is the generic cell rate algorithm (ITU-T I.371, virtual scheduling) with spacing in place of bursts. All
// values are nanoseconds. stored is the moment from which the next packet may leave, as the previous call returned
// it; zero if there was none. If stored lies after now, the packet must wait until stored and nothing changes.
// Otherwise it may leave at now, and the packet after it an interval later, counted from the moment when this one
// was due, but from no earlier than a Grain ago.
//
// For consecutive packets let w be the time from which the interval was counted: w lies in [sent-Grain, sent], and
// each w is at least an interval after the w before. So N packets sent within T satisfy (N-1) * interval <= T +
// Grain.
func next(stored, now, interval int64) (when, then int64) {
	if stored > now {
		return stored, stored
	}
	return now, max(stored, now-int64(Grain)) + interval
}
