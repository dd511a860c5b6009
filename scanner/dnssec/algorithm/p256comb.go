package algorithm

// comb is a table of multiples of one point, to multiply it fast (Lim and Lee, "More flexible exponentiation with
// precomputation", 1994; with signed digits as Hedabou, Pinel and Bénéteau have it, 2005).
//
// An odd number k below 2^256 is the sum of signs[i] 2^i for i below width, where a sign is 1 or -1. The width is cut
// into as many rows as the comb has teeth, and each row into blocks of columns:
//
//	width = teeth · blocks · columns
//
// For one block and one column, the signs in all rows make a sum of teeth points that the table has. So the point times
// k is the sum over all blocks and columns of one entry each, doubled once from each column to the one below it.
type comb struct {
	teeth, blocks, columns uint
	points                 []affine // for each block the 2^(teeth-1) sums whose highest sign is 1
}

// newComb makes the comb of q. It costs teeth·blocks·columns doublings and blocks·2^(teeth-1) additions.
func newComb(q *affine, teeth, blocks uint) *comb {
	columns := (256 + teeth*blocks - 1) / (teeth * blocks)
	c := &comb{teeth: teeth, blocks: blocks, columns: columns}

	powers := make([]jacobian, teeth*blocks) // q times 2^(columns·i): tooth by tooth, block by block
	powers[0].setAffine(q)
	for i := 1; i < len(powers); i++ {
		powers[i] = powers[i-1]
		for range columns {
			powers[i].double()
		}
	}
	sums := make([]jacobian, 0, blocks<<(teeth-1))
	for block := range blocks {
		// All signs but the highest are -1, then one after the other becomes 1 in all sums there are.
		first := powers[(teeth-1)*blocks+block]
		for tooth := range teeth - 1 {
			minus := powers[tooth*blocks+block]
			minus.y.negate(&minus.y)
			first.add(&minus)
		}
		start := len(sums)
		sums = append(sums, first)
		for tooth := range teeth - 1 {
			twice := powers[tooth*blocks+block]
			twice.double()
			for _, sum := range sums[start : start+1<<tooth] {
				sum.add(&twice)
				sums = append(sums, sum)
			}
		}
	}
	c.points = make([]affine, len(sums))
	normalize(c.points, sums) // none is at infinity: each is q times a number below n, the highest power being the largest
	return c
}

// factor is a scalar as a comb takes it: of an even one the negative, which is odd.
type factor struct {
	half  [5]uint64 // bit i is set where signs[i] is 1, for a comb of the width given
	minus bool
}

// newFactor prepares k for c. The sum of signs[i] 2^i is k where the bits of (k + 2^width - 1) / 2 say the signs: those
// of k/2, and the highest.
func newFactor(k *scalar, c *comb) factor {
	f := factor{minus: k[0]&1 == 0}
	odd := *k
	if f.minus {
		odd.negate(k) // of 0 it is n, which is as good
	}
	f.half = [5]uint64{odd[0]>>1 | odd[1]<<63, odd[1]>>1 | odd[2]<<63, odd[2]>>1 | odd[3]<<63, odd[3] >> 1}
	highest := c.teeth*c.blocks*c.columns - 1
	f.half[highest/64] |= 1 << (highest % 64)
	return f
}

// addColumn adds to sum what the signs in one column of f, in all blocks, say of the points of c.
func (c *comb) addColumn(sum *jacobian, f *factor, column uint) {
	row := c.blocks * c.columns
	size := uint(1) << (c.teeth - 1)
	for block := range c.blocks {
		signs := uint(0)
		for tooth, at := uint(0), block*c.columns+column; tooth < c.teeth; tooth, at = tooth+1, at+row {
			signs |= uint(f.half[at/64]>>(at%64)&1) << tooth
		}
		minus := f.minus
		if signs < size { // the highest sign is -1: it is the negative of the sum with all signs changed
			signs = ^signs
			minus = !minus
		}
		sum.addAffine(&c.points[block*size+signs&(size-1)], minus)
	}
}

// sumOfProducts is the point of c1 times k1 plus the point of c2 times k2. The doublings are shared.
func sumOfProducts(c1 *comb, k1 *scalar, c2 *comb, k2 *scalar) (sum jacobian) {
	f1, f2 := newFactor(k1, c1), newFactor(k2, c2)
	for column := max(c1.columns, c2.columns); column > 0; {
		column--
		sum.double()
		if column < c1.columns {
			c1.addColumn(&sum, &f1, column)
		}
		if column < c2.columns {
			c2.addColumn(&sum, &f2, column)
		}
	}
	return sum
}
