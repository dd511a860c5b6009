package algorithm

// affine is a point of P-256, y² = x³ - 3x + b, but not the one at infinity.
type affine struct{ x, y element }

// newAffine reads the coordinates, 32 octets each. It is false if they are not below p or not on the curve.
func newAffine(b []byte) (q affine, ok bool) {
	x, y := words(b[:32]), words(b[32:64])
	if !less(&x, &fieldP) || !less(&y, &fieldP) {
		return affine{}, false
	}
	q.x.setInteger(&x)
	q.y.setInteger(&y)
	var left, right, x3 element
	left.square(&q.y)
	right.square(&q.x)
	right.mul(&right, &q.x)
	x3.add(&q.x, &q.x)
	x3.add(&x3, &q.x)
	right.sub(&right, &x3)
	right.add(&right, &fieldB)
	return q, left.equal(&right)
}

// generator is the base point G (SP 800-186 3.2.1.3).
var generator = affine{
	x: element{0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510, 0x18905f76a53755c6},
	y: element{0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325, 0x8571ff1825885d85},
}

// jacobian is a point of P-256 as (x/z², y/z³); with z = 0 it is the point at infinity, which the zero value is.
type jacobian struct{ x, y, z element }

// setAffine sets p to q.
func (p *jacobian) setAffine(q *affine) { p.x, p.y, p.z = q.x, q.y, fieldR }

// double sets p to 2p, for a = -3. It holds for the point at infinity too, and there is no point with y = 0.
func (p *jacobian) double() {
	var zz, m, s, t element
	zz.square(&p.z)
	m.add(&p.x, &zz)
	t.sub(&p.x, &zz)
	m.mul(&m, &t)
	t.add(&m, &m)
	m.add(&m, &t) // 3 (x - z²) (x + z²)

	t.add(&p.y, &p.y)
	p.z.mul(&t, &p.z) // z' = 2 y z
	t.square(&t)
	s.mul(&p.x, &t) // 4 x y²
	t.square(&t)
	t.halve(&t) // 8 y⁴

	p.x.square(&m)
	p.x.sub(&p.x, &s)
	p.x.sub(&p.x, &s) // x' = m² - 2 s
	s.sub(&s, &p.x)
	s.mul(&s, &m)
	p.y.sub(&s, &t) // y' = m (s - x') - 8 y⁴
}

// addAffine sets p to p + q, or to p - q if minus: eight multiplications and three squares.
func (p *jacobian) addAffine(q *affine, minus bool) {
	y := &q.y
	var negative element
	if minus {
		negative.negate(y)
		y = &negative
	}
	if p.z.isZero() {
		p.x, p.y, p.z = q.x, *y, fieldR
		return
	}
	var zz, h, r element
	zz.square(&p.z)
	h.mul(&q.x, &zz)
	h.sub(&h, &p.x)
	r.mul(&p.z, &zz)
	r.mul(&r, y)
	r.sub(&r, &p.y)
	p.chord(&h, &r, &p.z)
}

// add sets p to p + q.
func (p *jacobian) add(q *jacobian) {
	if q.z.isZero() {
		return
	}
	if p.z.isZero() {
		*p = *q
		return
	}
	var pzz, qzz, h, r, z, t element
	pzz.square(&p.z)
	qzz.square(&q.z)
	h.mul(&q.x, &pzz)
	p.x.mul(&p.x, &qzz)
	h.sub(&h, &p.x)
	r.mul(&p.z, &pzz)
	r.mul(&r, &q.y)
	t.mul(&q.z, &qzz)
	p.y.mul(&p.y, &t)
	r.sub(&r, &p.y)
	z.mul(&p.z, &q.z)
	p.z = z // (x, y, z) is p still
	p.chord(&h, &r, &z)
}

// chord sets p to the sum of itself and a second point over the same z: h and r are what the second's x and y are more
// than those of p.
func (p *jacobian) chord(h, r, z *element) {
	if h.isZero() { // the points have the same x: they are equal or opposite
		if r.isZero() {
			p.double()
		} else {
			*p = jacobian{}
		}
		return
	}
	var hh, hhh, v element
	hh.square(h)
	hhh.mul(h, &hh)
	v.mul(&p.x, &hh)
	p.z.mul(z, h)
	p.x.square(r)
	p.x.sub(&p.x, &hhh)
	p.x.sub(&p.x, &v)
	p.x.sub(&p.x, &v)
	v.sub(&v, &p.x)
	v.mul(&v, r)
	p.y.mul(&p.y, &hhh)
	p.y.sub(&v, &p.y)
}

// hasX says whether x, which is below n, is the x coordinate of p modulo n (FIPS 186-5 6.4.2, steps 5 and 6). The
// coordinate is below p, and p is above n by less than n: so it is x or x + n.
func (p *jacobian) hasX(x *scalar) bool {
	if p.z.isZero() {
		return false
	}
	var zz element
	zz.square(&p.z)
	if p.hasXOver(&zz, (*[4]uint64)(x)) {
		return true
	}
	sum := subtract([4]uint64(*x), subtract([4]uint64{}, orderN))
	return less(&orderN, &sum) && less(&sum, &fieldP) && p.hasXOver(&zz, &sum)
}

func (p *jacobian) hasXOver(zz *element, x *[4]uint64) bool {
	var e element
	e.setInteger(x)
	e.mul(&e, zz)
	return e.equal(&p.x)
}

// normalize sets to the points, none of which may be the one at infinity. All take one inversion together.
func normalize(to []affine, points []jacobian) {
	products := make([]element, len(points)) // of z up to each
	product := fieldR
	for i := range points {
		products[i] = product
		product.mul(&product, &points[i].z)
	}
	var inverse, zz element
	inverse.invert(&product) // of the product of z up to and with the current point
	for i := len(points) - 1; i >= 0; i-- {
		p, z := &points[i], products[i]
		z.mul(&z, &inverse) // 1/z of this point
		inverse.mul(&inverse, &p.z)
		zz.square(&z)
		to[i].x.mul(&p.x, &zz)
		zz.mul(&zz, &z)
		to[i].y.mul(&p.y, &zz)
	}
}
