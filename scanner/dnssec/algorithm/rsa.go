package algorithm

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"math/bits"
	"slices"
	"sync"
)

// Bounds on RSA keys.
const (
	// MinRSABits: RSASHA256 begins here (RFC 5702 2.1), and OpenSSL, and so Unbound and BIND, checks signatures by keys
	// as short, though RSASHA512 asks for 1024 (2.2). crypto/rsa takes none below 1024 bits.
	MinRSABits = 512

	// MaxRSABits: RFC 3110 2 and RFC 5702 2 end here, and so does BIND; what a check costs grows with the square.
	MaxRSABits = 4096

	// maxExponentBits: a check costs two multiplications for each bit. Nearly every key has the exponent 3 or 65537, some
	// have 2^32 + 1; 35 bits is what BIND takes. With 64, a key could make a check cost a millisecond (KeyTrap).
	maxExponentBits = 35
)

// rsaKey is a key of RSASHA1, RSASHA1NSEC3, RSASHA256 or RSASHA512.
type rsaKey struct {
	hash     rsaHash
	size     int // of the modulus and so of a signature, in octets
	exponent uint64
	modulus  montgomery
}

// rsaHash is the hash function of an algorithm, and the DER of DigestInfo before the digest (RFC 8017 9.2, note 1).
type rsaHash struct {
	function crypto.Hash
	prefix   string
}

var (
	withSHA1   = rsaHash{crypto.SHA1, "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"}
	withSHA256 = rsaHash{crypto.SHA256, "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"}
	withSHA512 = rsaHash{crypto.SHA512, "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"}
)

// appendDigestInfo appends the prefix and the digest of data. The functions are called by name, for through a hash.Hash
// data and to would escape to the heap.
func (h *rsaHash) appendDigestInfo(to, data []byte) []byte {
	to = append(to, h.prefix...)
	switch h.function {
	case crypto.SHA256:
		digest := sha256.Sum256(data)
		return append(to, digest[:]...)
	case crypto.SHA512:
		digest := sha512.Sum512(data)
		return append(to, digest[:]...)
	default:
		digest := sha1.Sum(data)
		return append(to, digest[:]...)
	}
}

// newRSA reads exponent and modulus. An even modulus is no product of two primes, and with an even exponent, or 1,
// there are no signatures that prove anything.
func newRSA(algorithm uint8, key []byte) (*rsaKey, bool) {
	exponent, modulus, ok := splitRSA(key)
	if !ok {
		return nil, false
	}
	e, n := new(big.Int).SetBytes(exponent), new(big.Int).SetBytes(modulus)
	if e.BitLen() < 2 || e.BitLen() > maxExponentBits || e.Bit(0) == 0 {
		return nil, false
	}
	if n.BitLen() < MinRSABits || n.BitLen() > MaxRSABits || n.Bit(0) == 0 {
		return nil, false
	}
	k := &rsaKey{size: (n.BitLen() + 7) / 8, exponent: e.Uint64(), modulus: newMontgomery(n)}
	switch algorithm {
	case RSASHA256:
		k.hash = withSHA256
	case RSASHA512:
		k.hash = withSHA512
	default:
		k.hash = withSHA1
	}
	return k, true
}

// splitRSA finds exponent and modulus in the public key field: the length of the exponent stands in one octet, or in
// two after an octet of zero (RFC 3110 2). Zeros before either are forbidden there, but are read over everywhere.
func splitRSA(key []byte) (exponent, modulus []byte, ok bool) {
	if len(key) < 1 {
		return nil, nil, false
	}
	length, rest := int(key[0]), key[1:]
	if length == 0 {
		if len(rest) < 2 {
			return nil, nil, false
		}
		length, rest = int(rest[0])<<8|int(rest[1]), rest[2:]
	}
	if length > len(rest) {
		return nil, nil, false
	}
	return rest[:length], rest[length:], true
}

// verify is RSASSA-PKCS1-V1_5-VERIFY (RFC 8017 8.2.2): the message that the signer must have encoded is made again and
// compared whole, so no padding is ever parsed. A signature is as long as the modulus, neither shorter nor longer (step
// 1; OpenSSL and so Unbound and BIND hold to it), and below it (5.2.2).
func (k *rsaKey) verify(signed, signature []byte) bool {
	if len(signature) != k.size {
		return false
	}
	var buffer [2][MaxRSABits / 8]byte
	want, ok := k.encode(buffer[0][:0], signed)
	if !ok {
		return false
	}
	got := buffer[1][:k.size]
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	w.base.SetBytes(signature)
	if w.base.Cmp(k.modulus.n) >= 0 {
		return false
	}
	k.modulus.power(w, k.exponent)
	w.result.FillBytes(got)
	return bytes.Equal(got, want)
}

// encode appends EMSA-PKCS1-v1_5 of signed (RFC 8017 9.2): 00 01 FF ... FF 00 DigestInfo. It is false where the modulus
// is too short for eight octets of FF, as one of 512 bits is for SHA-512.
func (k *rsaKey) encode(to, signed []byte) ([]byte, bool) {
	var buffer [96]byte
	info := k.hash.appendDigestInfo(buffer[:0], signed)
	fill := k.size - len(info) - 3
	if fill < 8 {
		return nil, false
	}
	to = append(to, 0, 1)
	for range fill {
		to = append(to, 0xff)
	}
	to = append(to, 0)
	return append(to, info...), true
}

// montgomery multiplies modulo an odd n, for a factor R: 2 to the number of bits in the words of n. It takes math/big's
// multiplication and reduces by hand, which is faster than its division, and allocates nothing. crypto/rsa is a tenth
// faster at 1024 and 2048 bits, for which it has assembly, and half as fast at 1280 and 4096 (BenchmarkVerify and
// BenchmarkStandardLibrary); it allocates, as it starts each check with the modulus anew.
type montgomery struct {
	n       *big.Int
	square  *big.Int // R² modulo n
	inverse uint     // -1/n modulo a word
}

func newMontgomery(n *big.Int) montgomery {
	words := n.Bits()
	inverse := uint(words[0]) // right in the lowest three bits; each turn doubles their number
	for range 5 {
		inverse *= 2 - uint(words[0])*inverse
	}
	square := new(big.Int).Lsh(big.NewInt(1), uint(2*len(words)*bits.UintSize))
	return montgomery{n: n, square: square.Mod(square, n), inverse: -inverse}
}

// workspace is the memory of one exponentiation.
type workspace struct {
	base, result     big.Int
	residue, product big.Int
	words            [2 * MaxRSABits / bits.UintSize]big.Word
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// power sets w.result to w.base^e modulo n, for w.base below n and an odd e above 1. The last bit of e is 1 and its
// factor is taken as it is, without R: that takes R out of the result.
func (m *montgomery) power(w *workspace, e uint64) {
	m.multiply(w, &w.residue, &w.base, m.square)
	w.result.Set(&w.residue)
	for i := bits.Len64(e) - 2; i > 0; i-- {
		m.multiply(w, &w.result, &w.result, &w.result)
		if e>>i&1 == 1 {
			m.multiply(w, &w.result, &w.result, &w.residue)
		}
	}
	m.multiply(w, &w.result, &w.result, &w.result)
	m.multiply(w, &w.result, &w.result, &w.base)
}

// multiply sets z to x y / R modulo n, for x and y below n. For each word from the lowest, such a multiple of n is added
// to the product that the word becomes zero. What is left above them is below 2n.
func (m *montgomery) multiply(w *workspace, z, x, y *big.Int) {
	n := m.n.Bits()
	t := w.words[:2*len(n)]
	clear(t[copy(t, w.product.Mul(x, y).Bits()):])
	var over uint
	for i := range n {
		row := t[i : i+len(n)]
		factor := uint(row[0]) * m.inverse
		var carry uint
		for j := range row {
			high, low := bits.Mul(factor, uint(n[j]))
			low, c := bits.Add(low, carry, 0)
			high += c
			low, c = bits.Add(low, uint(row[j]), 0)
			row[j] = big.Word(low)
			carry = high + c
		}
		var sum uint
		sum, over = bits.Add(uint(t[i+len(n)]), carry, over)
		t[i+len(n)] = big.Word(sum)
	}
	result := t[len(n):]
	if over != 0 || !lessWords(result, n) {
		var borrow uint
		for j := range result {
			var difference uint
			difference, borrow = bits.Sub(uint(result[j]), uint(n[j]), borrow)
			result[j] = big.Word(difference)
		}
	}
	z.SetBits(append(z.Bits()[:0], result...))
}

// lessWords says whether x < y, both of the same number of words from the lowest.
func lessWords(x, y []big.Word) bool {
	for i, word := range slices.Backward(x) {
		if word != y[i] {
			return word < y[i]
		}
	}
	return false
}
