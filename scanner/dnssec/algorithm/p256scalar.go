package algorithm

import "math/bits"

// scalar is an integer modulo n, the order of P-256 (SP 800-186 3.2.1.3), below n, in four words from the lowest.
type scalar [4]uint64

var (
	orderN  = [4]uint64{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}
	orderRR = scalar{0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620} // 2^512 mod n
)

const orderN0 = 0xccd1c8aaee00bc4f // -1/n modulo 2^64

// setReduced sets z to x modulo n; x has 256 bits and so is below 2n.
func (z *scalar) setReduced(x [4]uint64) {
	if !less(&x, &orderN) {
		x = subtract(x, orderN)
	}
	*z = scalar(x)
}

// negate sets z to n - x, for x that is not 0; for 0 it is n.
func (z *scalar) negate(x *scalar) { *z = scalar(subtract(orderN, [4]uint64(*x))) }

// subtract is x - y modulo 2^256.
func subtract(x, y [4]uint64) (z [4]uint64) {
	var b uint64
	z[0], b = bits.Sub64(x[0], y[0], 0)
	z[1], b = bits.Sub64(x[1], y[1], b)
	z[2], b = bits.Sub64(x[2], y[2], b)
	z[3], _ = bits.Sub64(x[3], y[3], b)
	return z
}

// mul sets z to x y / 2^256 modulo n (Montgomery): for each word of y, x times it is added and then such a multiple of
// n that the lowest word falls away. x may be any value of 256 bits.
func (z *scalar) mul(x, y *scalar) {
	var t [6]uint64
	for _, word := range y {
		multiplyAdd(&t, (*[4]uint64)(x), word)
		multiplyAdd(&t, &orderN, t[0]*orderN0)
		t = [6]uint64{t[1], t[2], t[3], t[4], t[5], 0}
	}
	z4 := [4]uint64{t[0], t[1], t[2], t[3]}
	if t[4] != 0 || !less(&z4, &orderN) {
		z4 = subtract(z4, orderN)
	}
	*z = scalar(z4)
}

// multiplyAdd adds x times word to t.
func multiplyAdd(t *[6]uint64, x *[4]uint64, word uint64) {
	h0, l0 := bits.Mul64(x[0], word)
	h1, l1 := bits.Mul64(x[1], word)
	h2, l2 := bits.Mul64(x[2], word)
	h3, l3 := bits.Mul64(x[3], word)
	l1, c := bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t[0], c = bits.Add64(t[0], l0, 0)
	t[1], c = bits.Add64(t[1], l1, c)
	t[2], c = bits.Add64(t[2], l2, c)
	t[3], c = bits.Add64(t[3], l3, c)
	t[4], c = bits.Add64(t[4], h3, c)
	t[5] += c
}

// invert sets z to 1/x in Montgomery form, 2^256 / x: what mul then makes a plain quotient of.
func (z *scalar) invert(x *scalar) {
	inverse := scalar(invert((*[4]uint64)(x), &moduloN))
	z.mul(&inverse, &orderRR)
}
