package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// hastyDisk syncs nothing: what a test of other things needs of a disk.
type hastyDisk struct{ osDisk }

func (hastyDisk) SyncDir(string) error { return nil }

func (d hastyDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return hastyFile{f}, err
}

type hastyFile struct{ file }

func (hastyFile) Sync() error { return nil }

// completeScan makes a small scan of several parts, one of whose runs was stopped, and which had names set aside.
func completeScan(t *testing.T, dir string, format Format) {
	t.Helper()
	stopped := errors.New("stopped")
	if err := scanLines(newDirStore(hastyDisk{}, dir), format, 30, stopped); !errors.Is(err, stopped) {
		t.Fatal(err)
	}
	must(t, scanLines(newDirStore(hastyDisk{}, dir), format, 0, nil))
}

func verified(t *testing.T, dir string) *Verification {
	t.Helper()
	v, err := verify(context.Background(), newDirStore(hastyDisk{}, dir), nil)
	must(t, err)
	must(t, v.Close())
	return v
}

// snapshot reads all files of a directory.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	names, err := newDirStore(hastyDisk{}, dir).list()
	must(t, err)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		files[name] = content
	}
	return files
}

// restore writes them to another directory.
func restore(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		must(t, os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o777))
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	return dir
}

// keysOf reads the rows of domains of a scan in either format, by line of the input.
func keysOf(t *testing.T, dir string) map[int64]int {
	t.Helper()
	s, rows := newDirStore(hastyDisk{}, dir), map[int64]int{}
	for _, part := range readManifest(t, dir).Parts {
		if part.Table != domainsTable {
			continue
		}
		f, err := s.open(part.File)
		must(t, err)
		whole := &spool{f.(io.ReaderAt), f, part.Bytes}
		take := func(keys []rowKey) {
			for _, k := range keys {
				rows[k.InputLine]++
			}
		}
		if strings.HasSuffix(part.File, ".jsonl") {
			must(t, readJSONKeys(whole, take))
		} else {
			must(t, readParquetKeys(whole, domainsTable, take))
		}
		must(t, f.Close())
	}
	return rows
}

// TestVerifyFindsAndRepairRestores: any octet of any file that is another, any file that is cut off or gone is found; and when it
// was repaired, the scan that continues asks for the rows that were lost, and for no others.
func TestVerifyFindsAndRepairRestores(t *testing.T) {
	for _, format := range []Format{JSONL, Parquet} {
		source := t.TempDir()
		completeScan(t, source, format)
		if v := verified(t, source); len(v.Faults) > 0 || v.Rows() != 40 || v.Rejects() != 1 || !v.HasRow("list", 39) || v.HasRow("list", 41) || !v.HasReject("list", 41) {
			t.Fatalf("%s: a whole scan: %d rows, %v", format, v.Rows(), v.Faults)
		}
		files := snapshot(t, source)
		for name, content := range files {
			if format == Parquet && !strings.HasSuffix(name, "parquet") {
				continue // as with the other
			}
			damages := map[string]func([]byte) []byte{
				"gone":    func([]byte) []byte { return nil },
				"cut off": func(b []byte) []byte { return b[:len(b)-1] },
				"longer":  func(b []byte) []byte { return append(b, 0) },
			}
			for at := 0; at < len(content); at += 1 + len(content)/3 {
				damages[fmt.Sprintf("octet %d", at)] = func(b []byte) []byte { b[at] ^= 1 << (at % 8); return b }
			}
			for what, damage := range damages {
				checkRepair(t, files, format, name, what, damage)
			}
		}
	}
}

func checkRepair(t *testing.T, files map[string][]byte, format Format, name, what string, damage func([]byte) []byte) {
	t.Helper()
	dir := restore(t, files)
	damaged := damage(append([]byte{}, files[name]...))
	if damaged == nil {
		must(t, os.Remove(filepath.Join(dir, name)))
	} else {
		must(t, os.WriteFile(filepath.Join(dir, name), damaged, 0o666))
	}
	v, err := verify(context.Background(), newDirStore(hastyDisk{}, dir), nil)
	must(t, err)
	if len(v.Faults) == 0 {
		t.Fatalf("%s: %s: nothing was found", name, what)
	}
	named := false
	for _, f := range v.Faults {
		named = named || f.File == name
	}
	if !named && path.Dir(name) != journalFolder { // the last entry is missed by others
		t.Errorf("%s: %s: found only %v", name, what, v.Faults)
	}
	done, err := v.Repair()
	if err != nil {
		t.Fatalf("%s: %s: repair: %v", name, what, err)
	}
	must(t, v.Close())
	left := keysOf(t, dir)
	if int64(40-len(left)) != done.Rows {
		t.Errorf("%s: %s: %d rows are lost, and it says %d", name, what, 40-len(left), done.Rows)
	}
	if done.Rows > 0 && path.Dir(name) != domainsTable && path.Dir(name) != caaRecordsTable && path.Dir(name) != queriesTable {
		t.Errorf("%s: %s: %d rows are lost", name, what, done.Rows)
	}
	if done.Restart {
		must(t, scanLines(newDirStore(hastyDisk{}, dir), format, 0, nil))
	}
	rows := keysOf(t, dir)
	for line := range int64(40) {
		if rows[line] != 1 {
			t.Errorf("%s: %s: after the repair line %d has %d rows", name, what, line, rows[line])
		}
	}
	checkEachAsked(t, dir, format)
	again := verified(t, dir)
	if len(again.Faults) > 0 || again.Manifest.State != Complete || again.Manifest.Totals.Servers < 2 {
		t.Errorf("%s: %s: after the repair: %s, %d servers, %v", name, what, again.Manifest.State, again.Manifest.Totals.Servers, again.Faults)
	}
}

// TestVerifyUnfinished: a scan under way or stopped is whole too, and what a crash left is no loss.
func TestVerifyUnfinished(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{PartRows: 16, Identity: map[string]string{"list": "40 lines"}, Format: JSONL})
	must(t, w.Write(linedUp(0, 20)))
	v, err := verify(context.Background(), newDirStore(hastyDisk{}, dir), nil)
	must(t, err)
	if !v.InUse || len(v.Faults) > 0 || v.Rows() != 20 {
		t.Errorf("under way: %d rows, %v", v.Rows(), v.Faults)
	}
	if _, err := v.Repair(); !errors.Is(err, ErrInUse) {
		t.Errorf("repair of a scan under way: %v", err)
	}
	must(t, v.Close())
	must(t, w.Defer([]record.Target{lined(20).Target}))
	must(t, w.Close(Running))
	must(t, os.WriteFile(filepath.Join(dir, "domains/part-00009.jsonl"), []byte("{}\n"), 0o666))
	v, err = verify(context.Background(), newDirStore(hastyDisk{}, dir), nil)
	must(t, err)
	if len(v.Faults) != 1 || v.Faults[0].File != "domains/part-00009.jsonl" {
		t.Errorf("a stray part: %v", v.Faults)
	}
	done, err := v.Repair()
	must(t, err)
	must(t, v.Close())
	if done.Rows != 0 {
		t.Errorf("%d rows are lost", done.Rows)
	}
	must(t, scanLines(newDirStore(hastyDisk{}, dir), JSONL, 0, nil))
	if v := verified(t, dir); len(v.Faults) > 0 || v.Rows() != 40 || v.Manifest.State != Complete {
		t.Errorf("at the end: %d rows, %v", v.Rows(), v.Faults)
	}

	if _, err := Verify(context.Background(), t.TempDir(), nil); !errors.Is(err, ErrNoScan) {
		t.Errorf("an empty directory: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Verify(context.Background(), missing, nil); !errors.Is(err, ErrNoScan) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the directory was made")
	}
}

// TestVerifyLost: without the beginning of the journal and the manifest nobody knows what the scan was.
func TestVerifyLost(t *testing.T) {
	dir := t.TempDir()
	completeScan(t, dir, JSONL)
	must(t, os.Remove(filepath.Join(dir, entryName(0))))
	must(t, os.WriteFile(filepath.Join(dir, manifestName), []byte("junk"), 0o666))
	v, err := verify(context.Background(), newDirStore(hastyDisk{}, dir), nil)
	must(t, err)
	defer v.Close()
	before := snapshot(t, dir)
	if _, err := v.Repair(); err == nil {
		t.Error("it was repaired")
	}
	if after := snapshot(t, dir); len(after) != len(before) {
		t.Error("files were removed")
	}
}
