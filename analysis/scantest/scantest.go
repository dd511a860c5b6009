// Package scantest writes scan directories whose rows a test has made up, for tests of what reads them.
package scantest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/caascan/caascan/output"
)

// Scan is what a test makes up. What is left out of rows and manifest is as in a complete scan.
type Scan struct {
	Manifest output.Manifest
	Domains  []output.Domain
	Records  []output.CAARecord
	Servers  []output.NameServer
	Queries  []output.Query
}

// Write writes the scan into a directory as JSON lines, and returns the directory. ScanID and SchemaVersion are put into rows
// that have none.
func (s *Scan) Write(t testing.TB, dir string) string {
	t.Helper()
	m := s.Manifest
	if m.SchemaVersion == 0 {
		m.SchemaVersion = output.SchemaVersion
	}
	if m.State == "" {
		m.State = output.Complete
	}
	if m.StartedAt.IsZero() {
		m.StartedAt = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	}
	if m.ScanID == "" {
		m.ScanID = "scan-" + m.StartedAt.Format("20060102T150405Z")
	}
	if m.EndedAt == nil && m.State == output.Complete {
		ended := m.StartedAt.Add(time.Hour)
		m.EndedAt = &ended
	}
	m.Format, m.Tool, m.Parts = output.JSONL, output.Tool{Name: "caascan", Version: "test"}, nil
	for i := range s.Domains {
		row := &s.Domains[i]
		if row.ScanID == "" {
			row.ScanID = m.ScanID
		}
		row.SchemaVersion = int16(m.SchemaVersion)
	}
	m.Totals.Rows, m.Totals.Lines = int64(len(s.Domains)), int64(len(s.Domains))+m.Totals.Rejects
	m.Totals.Records, m.Totals.Servers = int64(len(s.Records)), int64(len(s.Servers))
	m.Parts = append(m.Parts, part(t, dir, "domains", s.Domains)...)
	m.Parts = append(m.Parts, part(t, dir, "caa_records", s.Records)...)
	m.Parts = append(m.Parts, part(t, dir, "nameservers", s.Servers)...)
	m.Parts = append(m.Parts, part(t, dir, "queries", s.Queries)...)
	content, err := json.MarshalIndent(&m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "manifest.json"), content)
	return dir
}

func part[T any](t testing.TB, dir, table string, rows []T) []output.Part {
	t.Helper()
	if len(rows) == 0 {
		return nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i := range rows {
		if err := encoder.Encode(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	file := fmt.Sprintf("%s/part-00000.jsonl", table)
	write(t, filepath.Join(dir, filepath.FromSlash(file)), b.Bytes())
	sum := sha256.Sum256(b.Bytes())
	return []output.Part{{Table: table, File: file, Rows: int64(len(rows)), Bytes: int64(b.Len()), SHA256: hex.EncodeToString(sum[:])}}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
