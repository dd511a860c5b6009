package output

import (
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"
)

// window is how far back the compressor looks. Pages are hardly ever longer than defaultLimits.pageBytes, and a compressor allocates
// twice its window: the library's own codec takes 8 MB for each table, with nothing to gain.
const window = 256 << 10

// pages compresses the pages of all tables, on the fastest level: the next one makes files of the same size.
type pages struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

var _ compress.Codec = (*pages)(nil)

// newPages cannot fail: it opens nothing, and its options are constants.
func newPages() *pages {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("internal error: " + err.Error())
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return &pages{encoder, decoder}
}

func (p *pages) String() string                            { return "ZSTD" }
func (p *pages) CompressionCodec() format.CompressionCodec { return format.Zstd }
func (p *pages) Encode(dst, src []byte) ([]byte, error) {
	return p.encoder.EncodeAll(src, dst[:0]), nil
}
func (p *pages) Decode(dst, src []byte) ([]byte, error) { return p.decoder.DecodeAll(src, dst[:0]) }
