package figure

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/output"
)

// noBreak stands between a number and its sign.
const noBreak = "\u00a0"

// Text is a cell for people: counts with thousands separators, shares in percent, times in UTC. "" for nil.
func Text(v any, kind analysis.Kind) string {
	switch v := v.(type) {
	case int64:
		return analysis.Thousands(strconv.FormatInt(v, 10))
	case float64:
		if kind == analysis.Share {
			return Percent(v) + noBreak + "%"
		}
		return decimal(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05")
	case []byte:
		return output.Octets(string(v))
	case string:
		return v
	}
	return ""
}

// Percent is a share in percent, without the sign.
func Percent(share float64) string { return strings.TrimSuffix(analysis.Percent(share), " %") }

// decimal shows three significant digits at least, and no more than two behind the point of what is 0.1 or more.
func decimal(v float64) string {
	size := math.Abs(v)
	switch {
	case v == math.Trunc(v) && size < 1e15:
		return analysis.Thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case size >= 1000:
		return analysis.Thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 0.1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// short is a number in the least room: 12k for 12,345.
func short(v float64, kind analysis.Kind) string {
	if kind == analysis.Share {
		return strconv.FormatFloat(v*100, 'f', 0, 64)
	}
	for _, unit := range []struct {
		size float64
		sign string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			digits := 0
			if math.Abs(v) < 10*unit.size {
				digits = 1
			}
			return strconv.FormatFloat(v/unit.size, 'f', digits, 64) + unit.sign
		}
	}
	return decimal(v)
}
