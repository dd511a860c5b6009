package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// size is a number of octets: 512MiB, 1.5GB, 2000000000.
type size int64

var sizeUnits = []struct {
	suffix string
	octets float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1},
}

// smallest is the least that DuckDB can work with.
const smallest = 64 << 20

// Decode implements kong.MapperValue.
func (s *size) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(strings.ToLower(text), unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || n*unit.octets < smallest || n*unit.octets > 1<<50 {
			return fmt.Errorf("%q: want at least 64MiB, such as 512MiB or 2GB", text)
		}
		*s = size(n * unit.octets)
		return nil
	}
	return nil
}
