package algorithm

import "math/bits"

// Inversion by division steps (Bernstein and Yang, "Fast constant-time gcd computation and modular inversion", 2019),
// though not in constant time: the greatest common divisor of a modulus f and a value g by subtracting and halving,
// driven by the lowest bits alone. So 62 steps at a time are found from one word and then done to the long integers at
// once, as a matrix.

// stepsAtOnce is 62 because the matrix of so many steps has entries of at most 2^62, which fit a signed word.
const stepsAtOnce = 62

// long is an integer of five words of 62 bits from the lowest; the highest word has the sign.
type long [5]int64

// modulus is an odd modulus of 256 bits, and its inverse modulo 2^62.
type modulus struct {
	m       long
	inverse uint64
}

var (
	moduloP = newModulus(fieldP)
	moduloN = newModulus(orderN)
)

func newModulus(m [4]uint64) modulus {
	inverse := m[0] // right in the lowest three bits; each turn doubles their number
	for range 5 {
		inverse *= 2 - m[0]*inverse
	}
	return modulus{m: toLong(&m), inverse: inverse}
}

const mask62 = 1<<62 - 1

func toLong(x *[4]uint64) long {
	return long{
		int64(x[0] & mask62),
		int64((x[0]>>62 | x[1]<<2) & mask62),
		int64((x[1]>>60 | x[2]<<4) & mask62),
		int64((x[2]>>58 | x[3]<<6) & mask62),
		int64(x[3] >> 56),
	}
}

// invert is 1/x modulo m, below m. x and m must have no divisor in common, or x be 0; then it is 0.
func invert(x *[4]uint64, m *modulus) [4]uint64 {
	f, g := m.m, toLong(x)
	var d, e long // f = d x and g = e x modulo m
	e[0] = 1
	delta := int64(1)
	for g != (long{}) {
		var s steps
		delta = s.find(delta, uint64(f[0])|uint64(f[1])<<62, uint64(g[0])|uint64(g[1])<<62)
		s.apply(&f, &g)
		s.applyModulo(&d, &e, m)
	}
	return d.reduced(f[4] < 0, m) // f is 1 or -1 now
}

// steps is the effect of stepsAtOnce division steps: f becomes (u f + v g) / 2^62 and g becomes (q f + r g) / 2^62.
type steps struct{ u, v, q, r int64 }

// find does the steps to the lowest words of f and g. A step is: if g is odd and delta positive, f and g change places
// and one its sign, and so does delta; if g is odd, f is added to it; then g is halved and delta grows by one. Halvings
// in a row are done together, and so are the additions before the next change of places.
func (s *steps) find(delta int64, f, g uint64) int64 {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	left := uint64(stepsAtOnce)
	for {
		zeros := uint64(bits.TrailingZeros64(g|1<<(left&63))) & 63
		g >>= zeros
		u <<= zeros
		v <<= zeros
		delta += int64(zeros)
		if left -= zeros; left == 0 {
			break
		}
		if delta > 0 {
			delta = -delta
			f, g = g, -f
			u, q = q, -u
			v, r = r, -v
		}
		// Until delta is positive, 1 - delta steps from here, only multiples of f are added to g. So many low bits of g
		// become zero by adding -g/f times f; f (f² - 2) is -1/f in the lowest six.
		low := min(uint64(1-delta), left, 6)
		times := g * f * (f*f - 2) & (1<<(low&63) - 1)
		g += f * times
		q += u * times
		r += v * times
	}
	*s = steps{int64(u), int64(v), int64(q), int64(r)}
	return delta
}

// apply does the steps to f and g. The lowest 62 bits of both sums are zero, as find saw to.
func (s *steps) apply(f, g *long) {
	var fs, gs accumulator
	fs.add(s.u, f[0])
	fs.add(s.v, g[0])
	gs.add(s.q, f[0])
	gs.add(s.r, g[0])
	fs.shift()
	gs.shift()
	for i := 1; i < len(f); i++ {
		fs.add(s.u, f[i])
		fs.add(s.v, g[i])
		gs.add(s.q, f[i])
		gs.add(s.r, g[i])
		f[i-1], g[i-1] = fs.shift(), gs.shift()
	}
	f[4], g[4] = int64(fs.low), int64(gs.low)
}

// applyModulo does the steps to d and e, with such multiples of m added that the lowest 62 bits of both sums are zero.
// That makes either grow by at most m: the 741 steps that 256 bits may need (Bernstein and Yang, theorem 11.2) are
// twelve rounds, and thirteen times m is far from 310 bits.
func (s *steps) applyModulo(d, e *long, m *modulus) {
	lowD := uint64(s.u)*uint64(d[0]) + uint64(s.v)*uint64(e[0])
	lowE := uint64(s.q)*uint64(d[0]) + uint64(s.r)*uint64(e[0])
	timesD, timesE := int64(-lowD*m.inverse&mask62), int64(-lowE*m.inverse&mask62)
	var ds, es accumulator
	for i := range d {
		ds.add(s.u, d[i])
		ds.add(s.v, e[i])
		es.add(s.q, d[i])
		es.add(s.r, e[i])
		ds.add(timesD, m.m[i])
		es.add(timesE, m.m[i])
		wordD, wordE := ds.shift(), es.shift()
		if i > 0 {
			d[i-1], e[i-1] = wordD, wordE
		}
	}
	d[4], e[4] = int64(ds.low), int64(es.low)
}

// accumulator is a signed sum of 128 bits.
type accumulator struct{ high, low uint64 }

// add adds a product of signed words.
func (a *accumulator) add(x, y int64) {
	high, low := bits.Mul64(uint64(x), uint64(y))
	high -= uint64(x>>63&y) + uint64(y>>63&x)
	var carry uint64
	a.low, carry = bits.Add64(a.low, low, 0)
	a.high += high + carry
}

// shift takes the lowest 62 bits out.
func (a *accumulator) shift() int64 {
	word := int64(a.low & mask62)
	a.low = a.low>>62 | a.high<<2
	a.high = uint64(int64(a.high) >> 62)
	return word
}

// reduced is d modulo m, or -d, for a d of a few times m.
func (d *long) reduced(negative bool, m *modulus) [4]uint64 {
	sign := int64(1)
	if negative {
		sign = -1
	}
	for i := range d {
		d[i] *= sign
	}
	for d.carry(); d[4] >= 0; d.carry() {
		for i := range d {
			d[i] -= m.m[i]
		}
	}
	for d[4] < 0 {
		for i := range d {
			d[i] += m.m[i]
		}
		d.carry()
	}
	return [4]uint64{
		uint64(d[0]) | uint64(d[1])<<62,
		uint64(d[1])>>2 | uint64(d[2])<<60,
		uint64(d[2])>>4 | uint64(d[3])<<58,
		uint64(d[3])>>6 | uint64(d[4])<<56,
	}
}

// carry brings all words but the highest into their 62 bits.
func (d *long) carry() {
	for i := range 4 {
		d[i+1] += d[i] >> 62
		d[i] &= mask62
	}
}
