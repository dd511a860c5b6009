package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of several parts of the names, such as one of several machines scans. The zero Shard is all of them.
//
// A name is in the part that its registrable domain falls into; by itself where it has none, being a public suffix. So
// everything below a domain is in one part, whichever form it is given in, and no two parts ask for the delegation of one
// domain. Parts are the same in every version and on every machine, as long as the public suffix list is.
type Shard struct{ Index, Of int }

// MaxShards bounds Shard.Of: more machines than there may be, and few enough that parts are of one size.
const MaxShards = 1 << 16

// ParseShard reads "2/3", the second of three parts.
func ParseShard(text string) (Shard, error) {
	index, of, _ := strings.Cut(text, "/")
	i, err1 := strconv.ParseUint(index, 10, 32)
	n, err2 := strconv.ParseUint(of, 10, 32)
	if err1 != nil || err2 != nil || i < 1 || i > n || n > MaxShards {
		return Shard{}, fmt.Errorf("%q is no part: want I/N, such as 2/3, with I from 1 to N and N at most %d", text, MaxShards)
	}
	return Shard{Index: int(i), Of: int(n)}, nil
}

// String is the opposite of ParseShard.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", max(s.Index, 1), max(s.Of, 1)) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Shard) UnmarshalText(text []byte) (err error) {
	*s, err = ParseShard(string(text))
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (s Shard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// first reports whether what has no name, a line that is rejected, is in the part.
func (s Shard) first() bool { return s.Of <= 1 || s.Index == 1 }

// holds reports whether a registrable domain is in the part: the first eight octets of its SHA-256, as a number in network
// order, leave Index-1 when divided by Of. Anybody can say the same with sha256sum.
func (s Shard) holds(domain []byte) bool {
	if s.Of <= 1 {
		return true
	}
	sum := sha256.Sum256(domain)
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Of) == uint64(s.Index-1)
}

// holdsName is holds for the name that an entry stands for.
func (s Shard) holdsName(f *found) bool {
	if s.Of <= 1 {
		return true
	}
	name := f.canonical()
	if f.registrable > 0 {
		name = name[len(name)-int(f.registrable):]
	}
	return s.holds(name)
}
