package engine

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/caascan/caascan/scanner/wire"
)

// headerSize is that of a DNS message (RFC 1035 4.1.1).
const headerSize = 12

// isReply reports whether msg has a whole header with the bit QR set.
func isReply(msg []byte) bool { return len(msg) >= headerSize && msg[2]&0x80 != 0 }

// isUnreadRejection reports whether msg, a reply, is a header alone that says FORMERR or NOTIMP: so do some servers answer
// what they cannot read, such as EDNS (RFC 6891 7). It has no question that could be compared.
func isUnreadRejection(msg []byte) bool {
	code := wire.RCode(msg[3] & 15)
	return len(msg) == headerSize && binary.BigEndian.Uint64(msg[4:]) == 0 && (code == wire.FormErr || code == wire.NotImp)
}

// isTruncated reports whether the bit TC of msg is set.
func isTruncated(msg []byte) bool { return msg[2]&0x02 != 0 }

// setTruncated sets the bit TC of msg.
func setTruncated(msg []byte) { msg[2] |= 0x02 }

// question is what an exchange remembers of the question it sent: keyed hashes, so that comparing needs neither the
// message nor a pointer. The key is the loop's own, drawn at random, so nobody can make a question collide on purpose;
// by chance a wrong question passes once in 2^31 times, and one in the wrong case as the right one once in 2^32, after
// server, socket and ID have fitted.
type question struct {
	sent   uint32 // of the octets as sent
	folded uint32 // of the octets in lower case
}

// makeQuestion mixes the case of the question's name in msg if mix is set, with rnd, and returns its hashes. The name
// comes in lower case.
func makeQuestion(seed maphash.Seed, msg []byte, mix bool, rnd uint64) question {
	end := wire.QuestionEnd(msg)
	if end == 0 {
		panic("internal error: a query without a question")
	}
	octets := msg[headerSize:end]
	hash := uint32(maphash.Bytes(seed, octets))
	q := question{sent: hash, folded: hash}
	if mix {
		wire.MixCase(msg, rnd)
		q.sent = uint32(maphash.Bytes(seed, octets))
	}
	return q
}

// matches reports whether msg has the question q, and if so whether octet by octet as it was sent or only when
// letters are compared without case (RFC 4343).
func (q question) matches(seed maphash.Seed, msg []byte) (same, exact bool) {
	end := wire.QuestionEnd(msg)
	if end == 0 {
		return false, false
	}
	octets := msg[headerSize:end]
	if uint32(maphash.Bytes(seed, octets)) == q.sent {
		return true, true
	}
	return foldedHash(seed, octets) == q.folded, false
}

// foldedHash hashes a question with its name in lower case.
func foldedHash(seed maphash.Seed, octets []byte) uint32 {
	var lower [wire.MaxName + 4]byte
	n := copy(lower[:], octets)
	for i, c := range lower[:n-4] { // the length octets among the letters are below 64
		if 'A' <= c && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	return uint32(maphash.Bytes(seed, lower[:n]))
}
