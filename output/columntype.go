package output

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

// columnType is the type of a column as the library is told: the type by the schema, of which a value is optional or
// not, repeated or not. The values that it encodes are whole pages, levels and values, in the form of data page v1.
//
// The library would keep levels for each value, and twice: with some 120 columns that takes longer than all the rest.
type columnType struct {
	parquet.Type
	column *column
}

func (t *columnType) NewColumnBuffer(int, int) parquet.ColumnBuffer { return t.column }

func (t *columnType) NewDictionary(int, int, encoding.Values) parquet.Dictionary {
	return t.column.dict
}

// Encode appends the page under way to dst, which is empty.
func (t *columnType) Encode(dst []byte, values encoding.Values, e encoding.Encoding) ([]byte, error) {
	c := t.column
	var err error
	if c.maxRep > 0 {
		if dst, err = appendLevels(dst, c.rep.list(), c.maxRep); err != nil {
			return dst, err
		}
	}
	if c.maxDef > 0 {
		if dst, err = appendLevels(dst, &c.def, c.maxDef); err != nil {
			return dst, err
		}
	}
	start := len(dst)
	var encoded []byte
	switch {
	case (e.Encoding() == format.RLEDictionary) != c.indexed():
		return dst, fmt.Errorf("internal error: column %d is to be encoded as %s", c.index, e)
	case c.indexed() && len(c.ints.all) == 0:
		return appendIndexRun(dst, c.ints.last, c.ints.run), nil
	case c.indexed():
		c.ints.settle()
		encoded, err = e.EncodeInt32(dst[start:], c.ints.all)
	default:
		encoded, err = t.Type.Encode(dst[start:], values, e)
	}
	return append(dst, encoded...), err
}

// appendIndexRun appends n times an index as the encoding RLE_DICTIONARY has it: the width in bits, and one run.
// The index of no run is 0, which takes no octets: some readers see to those of a run only if it is one.
func appendIndexRun(dst []byte, index int32, n int) []byte {
	if n == 0 {
		index = 0
	}
	width := bits.Len32(uint32(index))
	dst = append(dst, byte(width))
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(index))
		index >>= 8
	}
	return dst
}

// appendLevels appends levels in the form of data page v1: their length, and runs.
func appendLevels(dst []byte, levels *series[byte], most byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if len(levels.all) == 0 {
		dst = append(binary.AppendUvarint(dst, uint64(levels.run)<<1), levels.last)
	} else {
		levels.settle()
		encoded, err := (&rle.Encoding{BitWidth: bits.Len8(most)}).EncodeLevels(dst[len(dst):], levels.all)
		if err != nil {
			return dst, err
		}
		dst = append(dst, encoded...)
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}
