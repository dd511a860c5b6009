package algorithm

import (
	"encoding/binary"
	"math/bits"
)

// element is an element of the field of P-256, the integers modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186
// 3.2.1.3), times 2^256 (the Montgomery form), in four words from the lowest. Any value of 256 bits stands for the
// element it is congruent to: nothing is reduced below p until somebody asks.
type element [4]uint64

// The words of p that are not all zeros; the second is all ones in its lower half, the third is zero.
const (
	fieldP0 = 0xffffffffffffffff
	fieldP1 = 0x00000000ffffffff
	fieldP3 = 0xffffffff00000001
)

var (
	fieldP  = [4]uint64{fieldP0, fieldP1, 0, fieldP3}
	fieldRR = element{0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd} // 2^512 mod p
	fieldR  = element{0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff, 0x00000000fffffffe} // 2^256 mod p: one
	fieldB  = element{0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834} // b of the curve
)

// words reads an integer of 32 octets.
func words(b []byte) [4]uint64 {
	return [4]uint64{
		binary.BigEndian.Uint64(b[24:32]), binary.BigEndian.Uint64(b[16:24]),
		binary.BigEndian.Uint64(b[8:16]), binary.BigEndian.Uint64(b[0:8]),
	}
}

// less says whether x < y.
func less(x, y *[4]uint64) bool {
	_, b := bits.Sub64(x[0], y[0], 0)
	_, b = bits.Sub64(x[1], y[1], b)
	_, b = bits.Sub64(x[2], y[2], b)
	_, b = bits.Sub64(x[3], y[3], b)
	return b != 0
}

// setInteger is the element of an integer.
func (z *element) setInteger(x *[4]uint64) { z.mul((*element)(x), &fieldRR) }

// isZero says whether x is zero: as a word it is 0 or p then, for 2p has more than 256 bits.
func (x *element) isZero() bool {
	return x[0]|x[1]|x[2]|x[3] == 0 || x[0] == fieldP0 && x[1] == fieldP1 && x[2] == 0 && x[3] == fieldP3
}

// equal says whether x and y are the same element.
func (x *element) equal(y *element) bool {
	var difference element
	difference.sub(x, y)
	return difference.isZero()
}

// add sets z to x + y.
func (z *element) add(x, y *element) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	m := -c // with a carry, p goes off
	t0, b := bits.Sub64(t0, m, 0)
	t1, b = bits.Sub64(t1, m>>32, b)
	t2, b = bits.Sub64(t2, 0, b)
	t3, b = bits.Sub64(t3, m&fieldP3, b)
	if c != b { // both were almost 2^256: p goes off once more
		t0, b = bits.Sub64(t0, fieldP0, 0)
		t1, b = bits.Sub64(t1, fieldP1, b)
		t2, b = bits.Sub64(t2, 0, b)
		t3, _ = bits.Sub64(t3, fieldP3, b)
	}
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
}

// sub sets z to x - y.
func (z *element) sub(x, y *element) {
	t0, b := bits.Sub64(x[0], y[0], 0)
	t1, b := bits.Sub64(x[1], y[1], b)
	t2, b := bits.Sub64(x[2], y[2], b)
	t3, b := bits.Sub64(x[3], y[3], b)
	m := -b // with a borrow, p comes on
	t0, c := bits.Add64(t0, m, 0)
	t1, c = bits.Add64(t1, m>>32, c)
	t2, c = bits.Add64(t2, 0, c)
	t3, c = bits.Add64(t3, m&fieldP3, c)
	if c != b { // x was almost 0 and y almost 2^256: p comes on once more
		t0, c = bits.Add64(t0, fieldP0, 0)
		t1, c = bits.Add64(t1, fieldP1, c)
		t2, c = bits.Add64(t2, 0, c)
		t3, _ = bits.Add64(t3, fieldP3, c)
	}
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
}

// halve sets z to x / 2: an odd x has p added first, which is odd.
func (z *element) halve(x *element) {
	m := -(x[0] & 1)
	t0, c := bits.Add64(x[0], m, 0)
	t1, c := bits.Add64(x[1], m>>32, c)
	t2, c := bits.Add64(x[2], 0, c)
	t3, c := bits.Add64(x[3], m&fieldP3, c)
	z[0], z[1], z[2], z[3] = t0>>1|t1<<63, t1>>1|t2<<63, t2>>1|t3<<63, t3>>1|c<<63
}

// negate sets z to -x.
func (z *element) negate(x *element) { z.sub(&element{}, x) }

// mul sets z to x y / 2^256, which is the Montgomery form of the product. Of the product of eight words the lower four
// are made zero one by one, by adding t0 p: as p is -1 in its lowest word, what is left of that is t0 2^96 and t0
// fieldP3 2^192. The upper four are then below 2^256 + p, so p goes off at most once. (This stands here and in square
// at length because calls would cost a fifth.)
func (z *element) mul(x, y *element) {
	var c, h0, h1, h2, h3, l0, l1, l2, l3 uint64
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]

	h0, t0 := bits.Mul64(x0, y[0])
	h1, l1 = bits.Mul64(x1, y[0])
	h2, l2 = bits.Mul64(x2, y[0])
	h3, l3 = bits.Mul64(x3, y[0])
	t1, c := bits.Add64(h0, l1, 0)
	t2, c := bits.Add64(h1, l2, c)
	t3, c := bits.Add64(h2, l3, c)
	t4 := h3 + c

	h0, l0 = bits.Mul64(x0, y[1])
	h1, l1 = bits.Mul64(x1, y[1])
	h2, l2 = bits.Mul64(x2, y[1])
	h3, l3 = bits.Mul64(x3, y[1])
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t1, c = bits.Add64(t1, l0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, l2, c)
	t4, c = bits.Add64(t4, l3, c)
	t5 := h3 + c

	h0, l0 = bits.Mul64(x0, y[2])
	h1, l1 = bits.Mul64(x1, y[2])
	h2, l2 = bits.Mul64(x2, y[2])
	h3, l3 = bits.Mul64(x3, y[2])
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t2, c = bits.Add64(t2, l0, 0)
	t3, c = bits.Add64(t3, l1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, l3, c)
	t6 := h3 + c

	h0, l0 = bits.Mul64(x0, y[3])
	h1, l1 = bits.Mul64(x1, y[3])
	h2, l2 = bits.Mul64(x2, y[3])
	h3, l3 = bits.Mul64(x3, y[3])
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c = bits.Add64(t5, l2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7 := h3 + c

	// Montgomery's reduction.
	h0, l0 = bits.Mul64(t0, fieldP3)
	t1, c = bits.Add64(t1, t0<<32, 0)
	t2, c = bits.Add64(t2, t0>>32, c)
	t3, c = bits.Add64(t3, l0, c)
	t0 = h0 + c
	h0, l0 = bits.Mul64(t1, fieldP3)
	t2, c = bits.Add64(t2, t1<<32, 0)
	t3, c = bits.Add64(t3, t1>>32, c)
	t0, c = bits.Add64(t0, l0, c)
	t1 = h0 + c
	h0, l0 = bits.Mul64(t2, fieldP3)
	t3, c = bits.Add64(t3, t2<<32, 0)
	t0, c = bits.Add64(t0, t2>>32, c)
	t1, c = bits.Add64(t1, l0, c)
	t2 = h0 + c
	h0, l0 = bits.Mul64(t3, fieldP3)
	t0, c = bits.Add64(t0, t3<<32, 0)
	t1, c = bits.Add64(t1, t3>>32, c)
	t2, c = bits.Add64(t2, l0, c)
	t3 = h0 + c

	t0, c = bits.Add64(t0, t4, 0)
	t1, c = bits.Add64(t1, t5, c)
	t2, c = bits.Add64(t2, t6, c)
	t3, c = bits.Add64(t3, t7, c)
	m := -c
	t0, b := bits.Sub64(t0, m, 0)
	t1, b = bits.Sub64(t1, m>>32, b)
	t2, b = bits.Sub64(t2, 0, b)
	t3, _ = bits.Sub64(t3, m&fieldP3, b)
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
}

// square sets z to x x / 2^256: each product of two different words is there twice, and computed once.
func (z *element) square(x *element) {
	var c, h0, h1, h2, h3, l0, l1, l2, l3 uint64
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]

	h0, t1 := bits.Mul64(x0, x1)
	h1, l1 = bits.Mul64(x0, x2)
	h2, l2 = bits.Mul64(x0, x3)
	t2, c := bits.Add64(h0, l1, 0)
	t3, c := bits.Add64(h1, l2, c)
	t4 := h2 + c
	h0, l0 = bits.Mul64(x1, x2)
	h1, l1 = bits.Mul64(x1, x3)
	h2, l2 = bits.Mul64(x2, x3)
	l1, c = bits.Add64(l1, h0, 0)
	h1 += c
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c := bits.Add64(h1, l2, c)
	t6 := h2 + c

	t7 := t6 >> 63
	t6 = t6<<1 | t5>>63
	t5 = t5<<1 | t4>>63
	t4 = t4<<1 | t3>>63
	t3 = t3<<1 | t2>>63
	t2 = t2<<1 | t1>>63
	t1 <<= 1

	h0, t0 := bits.Mul64(x0, x0)
	h1, l1 = bits.Mul64(x1, x1)
	h2, l2 = bits.Mul64(x2, x2)
	h3, l3 = bits.Mul64(x3, x3)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, h2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7 += h3 + c

	// Montgomery's reduction.
	h0, l0 = bits.Mul64(t0, fieldP3)
	t1, c = bits.Add64(t1, t0<<32, 0)
	t2, c = bits.Add64(t2, t0>>32, c)
	t3, c = bits.Add64(t3, l0, c)
	t0 = h0 + c
	h0, l0 = bits.Mul64(t1, fieldP3)
	t2, c = bits.Add64(t2, t1<<32, 0)
	t3, c = bits.Add64(t3, t1>>32, c)
	t0, c = bits.Add64(t0, l0, c)
	t1 = h0 + c
	h0, l0 = bits.Mul64(t2, fieldP3)
	t3, c = bits.Add64(t3, t2<<32, 0)
	t0, c = bits.Add64(t0, t2>>32, c)
	t1, c = bits.Add64(t1, l0, c)
	t2 = h0 + c
	h0, l0 = bits.Mul64(t3, fieldP3)
	t0, c = bits.Add64(t0, t3<<32, 0)
	t1, c = bits.Add64(t1, t3>>32, c)
	t2, c = bits.Add64(t2, l0, c)
	t3 = h0 + c

	t0, c = bits.Add64(t0, t4, 0)
	t1, c = bits.Add64(t1, t5, c)
	t2, c = bits.Add64(t2, t6, c)
	t3, c = bits.Add64(t3, t7, c)
	m := -c
	t0, b := bits.Sub64(t0, m, 0)
	t1, b = bits.Sub64(t1, m>>32, b)
	t2, b = bits.Sub64(t2, 0, b)
	t3, _ = bits.Sub64(t3, m&fieldP3, b)
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
}

// invert sets z to 1 / x. x must not be 0.
func (z *element) invert(x *element) {
	inverse := element(invert((*[4]uint64)(x), &moduloP)) // of x 2^256
	z.mul(&inverse, &fieldRR)
	z.mul(z, &fieldRR)
}
