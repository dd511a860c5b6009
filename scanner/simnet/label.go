package simnet

// indexBits is the size of the space of labels: 30 bits are five syllables of 6 bits, ten letters. It is far larger
// than any list, so that there are labels enough that nobody registered.
const indexBits = 30

const (
	syllables  = indexBits / 6
	labelLen   = 2 * syllables // letters
	consonants = "bdfghklmnprstvwz"
	vowels     = "aeio"
)

// mix is the finaliser of splitmix64: a bijection of 64 bits whose every output bit depends on all input bits.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// permutation is a Feistel network of four rounds over indexBits bits: a one-to-one map between the index of a name
// and its label that looks random, and works both ways without a table.
type permutation struct {
	keys [4]uint64
}

const (
	halfBits = indexBits / 2
	halfMask = 1<<halfBits - 1
)

func newPermutation(seed uint64) permutation {
	var p permutation
	for i := range p.keys {
		seed = mix(seed)
		p.keys[i] = seed
	}
	return p
}

// round is the Feistel function: halfBits of half, keyed. It need not be strong, only uneven.
func (p *permutation) round(i int, half uint32) uint32 {
	x := (uint64(half) ^ p.keys[i]) * 0xbf58476d1ce4e5b9
	return uint32(x>>40) & halfMask
}

func (p *permutation) apply(x uint32) uint32 {
	l, r := x>>halfBits, x&halfMask
	for i := range p.keys {
		l, r = r, l^p.round(i, r)
	}
	return l<<halfBits | r
}

func (p *permutation) invert(x uint32) uint32 {
	l, r := x>>halfBits, x&halfMask
	for i := len(p.keys) - 1; i >= 0; i-- {
		l, r = r^p.round(i, l), l
	}
	return l<<halfBits | r
}

// appendLabel appends the label of index x: labelLen letters.
func (p *permutation) appendLabel(buf []byte, x uint32) []byte {
	y := p.apply(x)
	for shift := indexBits - 6; shift >= 0; shift -= 6 {
		s := y >> shift & 63
		buf = append(buf, consonants[s>>2], vowels[s&3])
	}
	return buf
}

// parseLabel is the inverse of appendLabel, for labels in lower case.
func (p *permutation) parseLabel(label []byte) (uint32, bool) {
	if len(label) != labelLen {
		return 0, false
	}
	var y uint32
	for i := 0; i < labelLen; i += 2 {
		c, v := letterValues[label[i]], letterValues[label[i+1]]
		if c&isConsonant == 0 || v&isVowel == 0 {
			return 0, false
		}
		y = y<<6 | uint32(c&15)<<2 | uint32(v&3)
	}
	return p.invert(y), true
}

const (
	isConsonant = 0x40
	isVowel     = 0x80
)

// letterValues holds what each octet stands for in a label: its place in consonants or vowels, and a bit for which.
var letterValues = func() (table [256]byte) {
	for i := range len(consonants) {
		table[consonants[i]] = isConsonant | byte(i)
	}
	for i := range len(vowels) {
		table[vowels[i]] = isVowel | byte(i)
	}
	return table
}()
