package output

import (
	"hash/maphash"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// dictionary numbers the texts of one column in one row group.
type dictionary struct {
	parquet.Dictionary // for the methods that the library keeps to itself; none of them is called
	column             *column
	seed               maphash.Seed

	data     []byte
	offsets  []uint32    // text i is data[offsets[i]:offsets[i+1]]
	table    []int32     // open addressing: index+1, or 0; its length is a power of two
	recent   memo[int32] // indexes of texts looked up lately
	outgrown bool        // it has become too large: what follows is encoded without
}

// dictionarySlots is how many places the tables of a dictionary begin with: most have a few words.
const dictionarySlots = 64

// recentTexts is how many texts a column remembers to have looked up: some times as many as mostly differ in a few hundred rows.
const recentTexts = 1024

func newDictionary(c *column) *dictionary {
	base := c.typ.Type
	d := &dictionary{
		Dictionary: base.NewDictionary(c.index, 0, base.NewValues(nil, nil)),
		column:     c,
		seed:       maphash.MakeSeed(),
		table:      make([]int32, dictionarySlots),
		recent:     newMemo[int32](recentTexts),
	}
	d.Reset()
	return d
}

// index returns the number of a text, which is a new one if it is not there yet.
func (d *dictionary) index(s string) int32 {
	recent := d.recent.at(hashText(s))
	if i := int(*recent); i >= d.Len() || string(d.text(int32(i))) != s {
		*recent = d.lookUp(s)
	}
	return *recent
}

// lookUp is index for a text that was not looked up lately. The hash is one that nobody outside can find collisions of.
func (d *dictionary) lookUp(s string) int32 {
	mask := uint64(len(d.table) - 1)
	at := maphash.String(d.seed, s) & mask
	for d.table[at] != 0 {
		if i := d.table[at] - 1; string(d.text(i)) == s {
			return i
		}
		at = (at + 1) & mask
	}
	i := int32(d.Len())
	d.data = append(d.data, s...)
	d.offsets = append(d.offsets, uint32(len(d.data)))
	d.table[at] = i + 1
	if 2*d.Len() > len(d.table) {
		d.grow()
	}
	return i
}

// text returns the text of a number.
func (d *dictionary) text(i int32) []byte { return d.data[d.offsets[i]:d.offsets[i+1]] }

// grow doubles the table.
func (d *dictionary) grow() {
	d.table = make([]int32, 2*len(d.table))
	mask := uint64(len(d.table) - 1)
	for i := range int32(d.Len()) {
		at := maphash.Bytes(d.seed, d.text(i)) & mask
		for d.table[at] != 0 {
			at = (at + 1) & mask
		}
		d.table[at] = i + 1
	}
}

// outgrow notes whether the dictionary has become too large, at the end of a page and by the rule of the library
// (ColumnWriter.Flush), which encodes what follows without.
func (d *dictionary) outgrow() {
	d.outgrown = d.outgrown || d.Size() > d.column.scratch.limits.dictionaryBytes
}

func (d *dictionary) Type() parquet.Type          { return &d.column.typ }
func (d *dictionary) Len() int                    { return len(d.offsets) - 1 }
func (d *dictionary) Size() int64                 { return int64(len(d.data)) }
func (d *dictionary) Index(i int32) parquet.Value { return parquet.ByteArrayValue(d.text(i)) }

// Page returns the texts as a page.
func (d *dictionary) Page() parquet.Page {
	return d.column.typ.Type.NewPage(d.column.index, d.Len(), encoding.ByteArrayValues(d.data, d.offsets))
}

// Reset empties the dictionary.
func (d *dictionary) Reset() {
	d.data, d.offsets = d.data[:0], append(d.offsets[:0], 0)
	clear(d.table)
	d.outgrown = false
}
