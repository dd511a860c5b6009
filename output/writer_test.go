package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/record"
)

func readManifest(t *testing.T, dir string) Manifest {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatalf("manifest: %v\n%s", err, content)
	}
	return m
}

// checkScan holds a scan directory against what must be true of it at any moment at which no call is under way: the
// manifest is whole, it names every part that has its final name, each is there with the size, sum and rows it says,
// and the totals are the sums of the parts.
func checkScan(t *testing.T, dir string) Manifest {
	t.Helper()
	m := readManifest(t, dir)
	var named []string
	rows := map[string]int64{}
	for _, part := range m.Parts {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(part.File)))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if part.SHA256 != hex.EncodeToString(sum[:]) || part.Bytes != int64(len(content)) {
			t.Errorf("%s: sum or size is not that of the manifest", part.File)
		}
		if got := countRows(t, part.File, content); got != part.Rows {
			t.Errorf("%s: %d rows, manifest says %d", part.File, got, part.Rows)
		}
		named = append(named, part.File)
		rows[part.Table] += part.Rows
	}
	if got := parts(t, dir, false); !slices.Equal(got, slices.Sorted(slices.Values(named))) {
		t.Errorf("parts in the directory: %q\nin the manifest: %q", got, named)
	}
	want := map[string]int64{domainsTable: m.Totals.Rows, caaRecordsTable: m.Totals.Records, nameServersTable: m.Totals.Servers, queriesTable: m.Totals.Queries}
	for table, total := range want {
		if rows[table] != total {
			t.Errorf("%s: the parts have %d rows, the totals say %d", table, rows[table], total)
		}
	}
	var byStatus int64
	for _, n := range m.Totals.Status {
		byStatus += n
	}
	if byStatus != m.Totals.Rows || m.Totals.Lines != m.Totals.Rows+m.Totals.Rejects {
		t.Errorf("totals do not add up: %+v", m.Totals)
	}
	for kind, postures := range m.Totals.Posture {
		var n int64
		for _, k := range postures {
			n += k
		}
		if n != m.Totals.Rows {
			t.Errorf("postures for %s are of %d rows, want %d", kind, n, m.Totals.Rows)
		}
	}
	return m
}

func countRows(t *testing.T, name string, content []byte) int64 {
	t.Helper()
	if strings.HasSuffix(name, ".jsonl") {
		return int64(bytes.Count(content, []byte("\n")))
	}
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file.NumRows()
}

// parts lists the parts in dir, sorted: those under their final names, or the hidden ones.
func parts(t *testing.T, dir string, hidden bool) []string {
	t.Helper()
	var all []string
	for _, table := range tableNames {
		names, err := osDisk{}.List(filepath.Join(dir, table))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if isHidden(name) == hidden {
				all = append(all, table+"/"+name)
			}
		}
	}
	slices.Sort(all)
	return all
}

func records(from, n int) []*record.Record {
	var all []*record.Record
	for i := range n {
		all = append(all, mixed(from+i))
	}
	return all
}

func mustCreate(t *testing.T, dir string, cfg Config) *Writer {
	t.Helper()
	if cfg.ScanID == "" {
		cfg.ScanID = "scan-1"
	}
	cfg.Registrable = registrable
	w, err := Create(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestManifest(t *testing.T) {
	dir := t.TempDir()
	now := start
	w := mustCreate(t, dir, Config{
		Version: "1.2.3", Commit: "abcdef", PSL: "2026-11-01", Worker: "w1", Vantage: "lab", Seed: 1<<64 - 1, PartRows: 100,
		Inputs: []Input{{Path: "-"}}, Scan: map[string]any{"rate_per_server": 50}, Now: func() time.Time { return now },
	})
	first := checkScan(t, dir)
	if first.State != Running || len(first.Parts) != 0 || first.EndedAt != nil {
		t.Errorf("manifest at the start: %+v", first)
	}
	now = now.Add(time.Second)
	must(t, w.Write(records(0, 128)))
	if m := checkScan(t, dir); m.Totals.Rows != 128 || m.State != Running || !m.UpdatedAt.Equal(now) {
		t.Errorf("manifest after the first part: %+v", m)
	}
	must(t, w.Write(records(128, 10)))
	must(t, w.NameServers([]record.NameServer{server(1), server(2)}))
	must(t, w.Reject("list.csv", 139, "no name", "???"))
	w.SetInputs([]Input{{Path: "-", SHA256: "00ff", Lines: 139}})
	now = now.Add(time.Second)
	must(t, w.Close(Complete))
	must(t, w.Close(Complete)) // a second time does nothing

	got := checkScan(t, dir)
	wantParts := []string{"caa_records/part-00000.parquet", "domains/part-00000.parquet", "caa_records/part-00001.parquet", "nameservers/part-00000.parquet", "domains/part-00001.parquet"}
	for i, part := range got.Parts {
		if part.File != wantParts[i] {
			t.Errorf("part %d is %s, want %s", i, part.File, wantParts[i])
		}
	}
	if got.Rejects == nil || got.Rejects.File != rejectsName || got.Rejects.Rows != 1 {
		t.Errorf("rejects: %+v", got.Rejects)
	}
	got.Parts, got.Rejects = nil, nil
	want := Manifest{
		SchemaVersion: SchemaVersion, State: Complete, ScanID: "scan-1", Format: Parquet, Tool: Tool{"caascan", "1.2.3", "abcdef"},
		StartedAt: start, UpdatedAt: now, EndedAt: &now, Worker: "w1", Vantage: "lab", Seed: 1<<64 - 1, PSL: "2026-11-01",
		Config: map[string]any{"rate_per_server": 50.0}, Inputs: []Input{{Path: "-", SHA256: "00ff", Lines: 139}},
		Runs: []Run{{StartedAt: start, EndedAt: &now, State: Complete, Tool: Tool{"caascan", "1.2.3", "abcdef"}, Worker: "w1", Vantage: "lab"}},
		Totals: Totals{
			Lines: 139, Rows: 138, Rejects: 1, Records: 18 * 4, Servers: 2, Status: map[string]int64{"ok": 138},
			Posture: map[string]map[string]int64{
				"tls": {"absent": 120, "restricted": 18}, "tls-wildcard": {"absent": 120, "closed": 18},
				"smime": {"absent": 120, "open": 18}, "vmc": {"absent": 120, "open": 18},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

// TestPartAge finishes parts that are old, also when nothing more comes.
func TestPartAge(t *testing.T) {
	dir := t.TempDir()
	now := start
	w := mustCreate(t, dir, Config{PartAge: time.Minute, Now: func() time.Time { return now }})
	must(t, w.Write(records(0, 5)))
	now = now.Add(59 * time.Second)
	must(t, w.Write(nil))
	if m := checkScan(t, dir); m.Totals.Rows != 0 {
		t.Errorf("a part was finished before its time: %+v", m)
	}
	now = now.Add(time.Second)
	must(t, w.Write(nil))
	if m := checkScan(t, dir); m.Totals.Rows != 5 {
		t.Errorf("the old part was not finished: %+v", m)
	}
	now = now.Add(time.Hour)
	must(t, w.Write(nil)) // nothing under way
	must(t, w.Close(Running))
	if m := checkScan(t, dir); m.State != Running || len(m.Parts) != 3 {
		t.Errorf("manifest at the end: %+v", m)
	}
}

func TestRefusesAnotherScan(t *testing.T) {
	for _, complete := range []bool{true, false} {
		dir := t.TempDir()
		w := mustCreate(t, dir, Config{PartRows: 64, Identity: map[string]string{"with": "mx"}})
		must(t, w.Write(records(0, 100)))
		if _, err := Create(dir, Config{ScanID: "scan-2", Restart: true}); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
			t.Errorf("beside a running scan: error %v, want ErrInUse", err)
		}
		must(t, w.Close(map[bool]State{true: Complete, false: Running}[complete]))
		must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o666))

		_, err := Create(dir, Config{ScanID: "scan-2", Identity: map[string]string{"with": "mx,spf"}})
		if !errors.Is(err, ErrHoldsScan) || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v, want one that names the directory", err)
		}
		if !complete && !strings.Contains(err.Error(), `with: "mx,spf", was "mx"`) {
			t.Errorf("error %v does not show the difference", err)
		}
		if m := readManifest(t, dir); m.ScanID != "scan-1" {
			t.Error("the refused scan changed the manifest")
		}
		w = mustCreate(t, dir, Config{ScanID: "scan-2", Restart: true})
		if got := append(parts(t, dir, false), parts(t, dir, true)...); len(got) != 0 {
			t.Errorf("after the restart there are still %q", got)
		}
		must(t, w.Close(Complete))
		if m := checkScan(t, dir); m.ScanID != "scan-2" || m.Totals.Rows != 0 {
			t.Errorf("manifest of the new scan: %+v", m)
		}
		if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
			t.Error("the restart removed a file that no scan wrote")
		}
	}
	// Parts without a manifest are a scan too, and so is a manifest without a journal.
	for _, name := range []string{"domains/part-00007.parquet", manifestName} {
		dir := t.TempDir()
		must(t, os.MkdirAll(filepath.Join(dir, domainsTable), 0o777))
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
		if _, err := Create(dir, Config{ScanID: "scan-2"}); !errors.Is(err, ErrHoldsScan) {
			t.Errorf("%s: error %v, want ErrHoldsScan", name, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no scan ID":                       {},
		"unknown format":                   {ScanID: "s", Format: "xml"},
		"configuration that is no JSON":    {ScanID: "s", Scan: func() {}},
		"the folder's parent is no folder": {ScanID: "s"},
	} {
		dir := filepath.Join(t.TempDir(), "scan")
		if strings.HasPrefix(name, "the folder") {
			must(t, os.WriteFile(dir, nil, 0o666))
			dir = filepath.Join(dir, "below")
		}
		if _, err := Create(dir, cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
			t.Errorf("%s: there is a manifest", name)
		}
	}
}

// TestCrash leaves a scan as a crash would: what is under hidden names counts for no reader.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{PartRows: 64})
	must(t, w.Write(records(0, 150)))
	must(t, w.NameServers([]record.NameServer{server(1)}))
	must(t, w.Reject("stdin", 1, "no name", ""))
	// No Close.
	if len(parts(t, dir, true)) != 3 {
		t.Fatalf("hidden parts: %q", parts(t, dir, true))
	}
	if m := checkScan(t, dir); m.Totals.Rows != 128 {
		t.Errorf("the manifest counts %d rows, want 128", m.Totals.Rows)
	}
	db := openDuckDB(t)
	if n := queryAll(t, db, "SELECT count(*) AS n FROM "+source(dir, domainsTable, Parquet))[0]["n"]; n != int64(128) {
		t.Errorf("DuckDB counts %v rows, want 128", n)
	}
	if _, err := os.Stat(filepath.Join(dir, rejectsName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("rejects.csv is there before it is complete: %v", err)
	}
}

func TestRejects(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{})
	long := strings.Repeat("ä", 2000)
	lines := [][]string{ // source, reason, text; what must stand in the file
		{"stdin", "empty label", "a..b", "stdin", "a..b"},
		{"=HYPERLINK(1)", "x", "=cmd|' /C calc'!A0", "'=HYPERLINK(1)", "'=cmd|' /C calc'!A0"},
		{"a,\"b\"", "x", "+1-1", "a,\"b\"", "'+1-1"},
		{"-", "x", "@sum(1)", "'-", "'@sum(1)"},
		{"l", "x", "-2", "l", "'-2"},
		{"l", "x", "'quoted", "l", "''quoted"},
		{"l", "x", "\t=1", "l", `\009=1`},
		{"l", "x", "two\r\nlines\x00\x1b[31m", "l", `two\013\010lines\000\027[31m`},
		{"l", "x", "bücher\xff", "l", `bücher\255`},
		{"l", "x", long, "l", long[:maxRejectText] + "..."},
		{"l", "x", "", "l", ""},
	}
	for i, line := range lines {
		must(t, w.Reject(line[0], int64(i+1), line[1], line[2]))
	}
	must(t, w.Close(Complete))
	content, err := os.ReadFile(filepath.Join(dir, rejectsName))
	must(t, err)
	got, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	must(t, err)
	if len(got) != len(lines)+1 || !slices.Equal(got[0], []string{"source", "line", "reason", "text"}) {
		t.Fatalf("rejects.csv:\n%s", content)
	}
	for i, line := range lines {
		if row := got[i+1]; row[0] != line[3] || row[3] != line[4] {
			t.Errorf("line %d: %q, want %q and %q", i+1, row, line[3], line[4])
		}
	}
	if m := checkScan(t, dir); m.Totals.Rejects != int64(len(lines)) {
		t.Errorf("the manifest counts %d rejects", m.Totals.Rejects)
	}
}

// fullDisk is a disk with so many octets of room for new files.
type fullDisk struct {
	osDisk
	room int64
	size map[string]int64 // of the files made
}

type fullFile struct {
	file
	disk *fullDisk
	path string
}

func (d *fullDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return &fullFile{f, d, path}, err
}

func (f *fullFile) Write(p []byte) (int, error) {
	n := min(int64(len(p)), f.disk.room)
	f.disk.room -= n
	f.disk.size[f.path] += n
	if written, err := f.file.Write(p[:n]); err != nil {
		return written, err
	}
	if int(n) < len(p) {
		return int(n), unix.ENOSPC
	}
	return len(p), nil
}

func (d *fullDisk) Remove(path string) error {
	d.room += d.size[path]
	delete(d.size, path)
	return d.osDisk.Remove(path)
}

func (d *fullDisk) Rename(from, to string) error {
	d.room += d.size[to]
	d.size[to] = d.size[from]
	delete(d.size, from)
	return d.osDisk.Rename(from, to)
}

// fillDisk writes to a small disk until it is full, and checks what stays.
func fillDisk(t *testing.T, d disk, dir string) {
	w, err := create(newDirStore(d, dir), Config{ScanID: "scan-1", PartRows: 500, limits: groupsOf(200), Registrable: registrable})
	must(t, err)
	for i := 0; err == nil; i += 250 {
		if i > 500_000 {
			t.Fatal("the disk never filled")
		}
		if err = w.Write(records(i, 250)); err == nil {
			err = w.Reject("stdin", int64(i), "no name", "...")
		}
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("error %v, want ENOSPC", err)
	}
	if again := w.Write(records(0, 1)); !errors.Is(again, unix.ENOSPC) {
		t.Errorf("the next Write gave %v, want the first error", again)
	}
	closed := w.Close(Complete)
	if !errors.Is(closed, unix.ENOSPC) {
		t.Errorf("Close gave %v, want the first error", closed)
	}
	m := checkScan(t, dir)
	if m.State != Running || m.Totals.Rows < 1000 { // there may be no room to say when it ended
		t.Errorf("manifest: state %s, %d rows, want running and several parts", m.State, m.Totals.Rows)
	}
	if left := parts(t, dir, true); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

func TestDiskFull(t *testing.T) {
	for _, room := range []int64{300_000, 303_000, 333_333} {
		fillDisk(t, &fullDisk{room: room, size: map[string]int64{}}, t.TempDir())
	}
}

// TestDiskFullOnTmpfs is TestDiskFull on a real small file system, which only this thread sees and which goes away with
// it. Where that is not permitted, TestDiskFull has to do.
func TestDiskFullOnTmpfs(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error)
	go func() {
		var setup error
		defer func() { done <- setup }()
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, its mounts with it
		if setup = unix.Unshare(unix.CLONE_NEWNS); setup != nil {
			return
		}
		if setup = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); setup != nil {
			return
		}
		if setup = unix.Mount("none", dir, "tmpfs", 0, "size=400k"); setup != nil {
			return
		}
		fillDisk(t, osDisk{}, filepath.Join(dir, "scan"))
	}()
	if setup := <-done; setup != nil {
		t.Skipf("no mount (%v): TestDiskFull shows the same on a disk that pretends to be full", setup)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("the mount was seen outside: %v %v", names, err)
	}
}

// brokenDisk fails one operation: the one with the given number.
type brokenDisk struct {
	osDisk
	failAt, ops int
	stays       bool // all operations from there on fail, except removals
}

var errBroken = errors.New("broken disk")

func (d *brokenDisk) op() error {
	d.ops++
	if d.ops == d.failAt || d.stays && d.ops > d.failAt {
		return errBroken
	}
	return nil
}

type brokenFile struct {
	file
	disk *brokenDisk
}

func (d *brokenDisk) Mkdir(path string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.osDisk.Mkdir(path)
}

func (d *brokenDisk) Create(path string) (file, error) {
	if err := d.op(); err != nil {
		return nil, err
	}
	f, err := d.osDisk.Create(path)
	return &brokenFile{f, d}, err
}

func (d *brokenDisk) Rename(from, to string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.osDisk.Rename(from, to)
}

func (d *brokenDisk) SyncDir(dir string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.osDisk.SyncDir(dir)
}

func (f *brokenFile) Write(p []byte) (int, error) {
	if err := f.disk.op(); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}

func (f *brokenFile) Sync() error {
	if err := f.disk.op(); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *brokenFile) Close() error {
	err := f.disk.op()
	return errors.Join(err, f.file.Close())
}

// TestEveryOperationFails lets each operation of a scan fail in turn, once, or from there on.
func TestEveryOperationFails(t *testing.T) {
	batches := [][]*record.Record{records(0, 16), records(16, 16), records(32, 8)}
	for _, stays := range []bool{false, true} {
		for failAt := 1; ; failAt++ {
			dir := t.TempDir()
			d := &brokenDisk{failAt: failAt, stays: stays}
			w, err := create(newDirStore(d, dir), Config{ScanID: "scan-1", Format: JSONL, PartRows: 16, Registrable: registrable})
			if err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				continue // no scan, and its caller knows
			}
			for _, batch := range batches {
				err = errors.Join(err, w.Write(batch))
			}
			err = errors.Join(err, w.NameServers([]record.NameServer{server(1)}), w.Reject("stdin", 1, "no name", "x"))
			closed := w.Close(Complete)
			if d.ops < failAt {
				if err != nil || closed != nil {
					t.Fatal(err, closed)
				}
				break // every operation has had its turn
			}
			if !errors.Is(closed, errBroken) {
				t.Fatalf("operation %d: Write gave %v, Close %v: the error is lost", failAt, err, closed)
			}
			m := readManifest(t, dir)
			if !stays {
				m = checkScan(t, dir)
			}
			if m.State == Complete && m.Totals.Rows != 40 {
				t.Fatalf("operation %d: the scan claims to be complete: %+v", failAt, m)
			}
			if left := parts(t, dir, true); len(left) > 0 {
				t.Fatalf("operation %d: left over: %q", failAt, left)
			}
		}
	}
}

func TestStream(t *testing.T) {
	var out bytes.Buffer
	s, err := NewStream(&out, Config{ScanID: "s", Registrable: registrable})
	must(t, err)
	batch := records(0, 20)
	must(t, s.Write(batch))
	must(t, s.NameServers([]record.NameServer{server(1)}))
	must(t, s.Reject("stdin", 3, "no name", "x"))
	must(t, s.Write(nil))
	must(t, s.Close(Complete))
	e := NewEncoder(Config{ScanID: "s", Registrable: registrable})
	i := 0
	for line := range strings.Lines(out.String()) {
		var got Domain
		must(t, json.Unmarshal([]byte(line), &got))
		want, _ := e.Rows(batch[i])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("line %d:\n%s", i, diff)
		}
		i++
	}
	if totals := s.Totals(); i != 20 || totals.Rows != 20 || totals.Rejects != 1 || totals.Lines != 21 {
		t.Errorf("%d lines, totals %+v", i, totals)
	}

	s, err = NewStream(&fullFile{file: brokenPipe{}, disk: &fullDisk{room: 1 << 20, size: map[string]int64{}}}, Config{ScanID: "s"})
	must(t, err)
	if err := s.Write(batch); !errors.Is(err, unix.EPIPE) {
		t.Errorf("error %v, want EPIPE", err)
	}
	if err := s.Close(Complete); !errors.Is(err, unix.EPIPE) {
		t.Errorf("Close gave %v, want EPIPE", err)
	}
}

// brokenPipe is a standard output that nobody reads.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, unix.EPIPE }
func (brokenPipe) Sync() error               { return nil }
func (brokenPipe) Close() error              { return nil }

// TestNothingRetained changes records after Write: the rows must not change with them.
func TestNothingRetained(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{Format: JSONL})
	batch := records(0, 10)
	must(t, w.Write(batch))
	for _, r := range batch {
		r.Target.Name = "changed.example"
		for i := range r.CAA.Properties {
			r.CAA.Properties[i].Value = "changed"
		}
	}
	must(t, w.Write(records(10, 10)))
	must(t, w.Close(Complete))
	content, err := os.ReadFile(filepath.Join(dir, domainsTable, "part-00000.jsonl"))
	must(t, err)
	if bytes.Contains(content, []byte("changed")) {
		t.Error("a row changed after it was written")
	}
}

// TestExclude: the manifest tells of every opt-out list that was in force, and of the names that it kept from being asked.
func TestExclude(t *testing.T) {
	dir := t.TempDir()
	now := start
	w := mustCreate(t, dir, Config{
		Exclude: &ExcludeList{File: "optout.txt", SHA256: "00aa", Entries: map[string]int{"zone": 2, "prefix": 1}},
		Now:     func() time.Time { return now },
	})
	want := &Exclude{Lists: []ExcludeList{{File: "optout.txt", SHA256: "00aa", Entries: map[string]int{"zone": 2, "prefix": 1}, Since: start}}}
	if diff := cmp.Diff(want, readManifest(t, dir).Exclude); diff != "" {
		t.Errorf("at the start (-want +got):\n%s", diff)
	}
	must(t, w.Write(records(0, 10)))
	must(t, w.Write([]*record.Record{climbed(answer(www, record.Skipped)), climbed(answer(www, record.NoData), answer(www.Parent(), record.Skipped))}))
	now = now.Add(time.Hour)
	w.SetExclude(ExcludeList{File: "optout.txt", SHA256: "00bb", Entries: map[string]int{"zone": 3}})
	must(t, w.Close(Complete))
	want.Lists = append(want.Lists, ExcludeList{File: "optout.txt", SHA256: "00bb", Entries: map[string]int{"zone": 3}, Since: now})
	want.NamesSkipped = 2
	if diff := cmp.Diff(want, readManifest(t, dir).Exclude); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
	dir = t.TempDir()
	must(t, mustCreate(t, dir, Config{}).Close(Complete))
	if got := readManifest(t, dir).Exclude; got != nil {
		t.Errorf("without a list: %+v", got)
	}
}
