package algorithm

import (
	"math/big"
	"math/bits"
)

// field448 is an integer modulo 2^448 - 2^224 - 1, in eight words of 56 bits from the lowest. Between operations a word
// is below 2^56 + 2^8, and the integer may be above the modulus.
type field448 [8]uint64

const mask56 = 1<<56 - 1

// twice448 is twice the modulus, in words that are larger than any of a field448.
var twice448 = field448{
	2 * mask56, 2 * mask56, 2 * mask56, 2 * mask56, 2*mask56 - 2, 2 * mask56, 2 * mask56, 2 * mask56,
}

// carry makes the words small again: what is above 56 bits goes to the next one, and 2^448 is 2^224 + 1.
func (z *field448) carry() {
	above := z[7] >> 56
	for i := 7; i > 0; i-- {
		z[i] = z[i]&mask56 + z[i-1]>>56
	}
	z[0] = z[0]&mask56 + above
	z[4] += above
}

// add sets z to x + y.
func (z *field448) add(x, y *field448) {
	for i := range z {
		z[i] = x[i] + y[i]
	}
	z.carry()
}

// sub sets z to x - y.
func (z *field448) sub(x, y *field448) {
	for i := range z {
		z[i] = x[i] + twice448[i] - y[i]
	}
	z.carry()
}

// mul sets z to x y.
func (z *field448) mul(x, y *field448) {
	// The sums of 128 bits have room: eight products below 2^113, and each sum is added to two others, once or twice.
	var high, low [15]uint64
	var c uint64
	for i, word := range x {
		high, low := high[i:i+8], low[i:i+8]
		for j := range y {
			h, l := bits.Mul64(word, y[j])
			low[j], c = bits.Add64(low[j], l, 0)
			high[j] += h + c
		}
	}
	for i := 14; i >= 8; i-- { // 2^448 is 2^224 + 1
		low[i-4], c = bits.Add64(low[i-4], low[i], 0)
		high[i-4] += high[i] + c
		low[i-8], c = bits.Add64(low[i-8], low[i], 0)
		high[i-8] += high[i] + c
	}
	var above uint64 // below 2^63
	for i := range z {
		low[i], c = bits.Add64(low[i], above, 0)
		high[i] += c
		z[i] = low[i] & mask56
		above = low[i]>>56 | high[i]<<8
	}
	z[0] += above
	z[4] += above
	z.carry()
}

// setInteger sets z to x, which is below 2^448.
func (z *field448) setInteger(x *big.Int) {
	var b [56]byte
	x.FillBytes(b[:])
	for i := range z {
		z[i] = 0
		for _, octet := range b[56-7*(i+1) : 56-7*i] {
			z[i] = z[i]<<8 | uint64(octet)
		}
	}
}

// integer is x, above the modulus perhaps.
func (x *field448) integer() *big.Int {
	sum := new(big.Int)
	for i := 7; i >= 0; i-- {
		sum.Lsh(sum, 56).Add(sum, new(big.Int).SetUint64(x[i]))
	}
	return sum
}
