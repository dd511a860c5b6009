package output

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// spool is a file that can be read anywhere.
type spool struct {
	io.ReaderAt
	io.Closer
	size int64
}

// openWhole opens a file and sums it up. What has no io.ReaderAt is copied to the local disk.
func (v *Verification) openWhole(name string) (*spool, string, error) {
	f, err := v.store.open(name)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.New()
	if at, ok := f.(io.ReaderAt); ok {
		n, err := io.Copy(sum, f)
		if err != nil {
			return nil, "", errors.Join(err, f.Close())
		}
		return &spool{at, f, n}, hex.EncodeToString(sum.Sum(nil)), nil
	}
	defer f.Close()
	local, err := os.CreateTemp("", "caascan-part-*")
	if err != nil {
		return nil, "", err
	}
	err = os.Remove(local.Name()) // it is gone with the process
	var n int64
	if err == nil {
		n, err = io.Copy(io.MultiWriter(local, sum), f)
	}
	if err != nil {
		return nil, "", errors.Join(err, local.Close())
	}
	return &spool{local, local, n}, hex.EncodeToString(sum.Sum(nil)), nil
}

// openPart opens a file if it is what was written. Otherwise it returns nil, and what is wrong with the file or, if nobody can
// tell, why.
func (v *Verification) openPart(part *Part) (f *spool, wrong string, err error) {
	f, sum, err := v.openWhole(part.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "missing", nil
	case err != nil:
		return nil, "", err
	case f.size != part.Bytes:
		wrong = fmt.Sprintf("%d octets, not %d", f.size, part.Bytes)
	case sum != part.SHA256:
		wrong = "its SHA-256 is another"
	default:
		return f, "", nil
	}
	return nil, wrong, f.Close()
}

// checkPart reads a part, and adds the lines and counts of its rows. It says what is wrong with it, "" if nothing is.
func (v *Verification) checkPart(part *Part, lines lineSets, totals *Totals) (wrong string, err error) {
	f, wrong, err := v.openPart(part)
	if f == nil {
		return wrong, err
	}
	defer f.Close()
	var rows int64
	take := func(keys []rowKey) {
		rows += int64(len(keys))
		if part.Table == domainsTable {
			for i := range keys {
				keys[i].count(lines, totals)
			}
		}
	}
	if strings.HasSuffix(part.File, "."+string(JSONL)) { // the journal's beginning may be damaged
		err = readJSONKeys(f, take)
	} else {
		err = readParquetKeys(f, part.Table, take)
	}
	switch {
	case err != nil:
		return err.Error(), nil
	case rows != part.Rows:
		return fmt.Sprintf("%d rows, not %d", rows, part.Rows), nil
	}
	return "", nil
}

// rowKey is what of a row of domains is held against the journal; of rows of other tables it is empty.
type rowKey struct {
	SourceList     string `parquet:"source_list" json:"source_list"`
	InputLine      int64  `parquet:"input_line" json:"input_line"`
	Status         string `parquet:"status" json:"status"`
	TLSPosture     string `parquet:"tls_posture" json:"tls_posture"`
	TLSWildPosture string `parquet:"tls_wild_posture" json:"tls_wild_posture"`
	SMIMEPosture   string `parquet:"smime_posture" json:"smime_posture"`
	VMCPosture     string `parquet:"vmc_posture" json:"vmc_posture"`
}

// count adds a row.
func (k *rowKey) count(lines lineSets, totals *Totals) {
	lines.add(k.SourceList, k.InputLine)
	totals.Rows++
	totals.Status[k.Status]++
	for kind, posture := range map[string]string{"tls": k.TLSPosture, "tls-wildcard": k.TLSWildPosture, "smime": k.SMIMEPosture, "vmc": k.VMCPosture} {
		totals.Posture[kind][posture]++
	}
}

// readParquetKeys reads the keys of a part in Parquet, whose columns must be those of its table.
func readParquetKeys(f *spool, table string, take func([]rowKey)) error {
	file, err := parquet.OpenFile(f, f.size)
	if err != nil {
		return err
	}
	if err := checkColumns(file.Schema(), table); err != nil {
		return err
	}
	if table != domainsTable {
		take(make([]rowKey, file.NumRows()))
		return nil
	}
	r := parquet.NewGenericReader[rowKey](file)
	defer r.Close()
	keys := make([]rowKey, 1024)
	for {
		n, err := r.Read(keys)
		take(keys[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// schemas are the columns of the tables.
var schemas = map[string]*parquet.Schema{
	domainsTable: parquet.SchemaOf(new(Domain)), caaRecordsTable: parquet.SchemaOf(new(CAARecord)), nameServersTable: parquet.SchemaOf(new(NameServer)),
	queriesTable: parquet.SchemaOf(new(Query)),
}

// checkColumns says if a part has columns that its table has not, or in another form. Columns at the end may be missing: within a
// schema version they are added there.
func checkColumns(schema *parquet.Schema, table string) error {
	want, got := schemas[table].Fields(), schema.Fields()
	for i, field := range got {
		if i >= len(want) || field.Name() != want[i].Name() || columnForm(field) != columnForm(want[i]) {
			return fmt.Errorf("the column %s is not that of the table %s", field.Name(), table)
		}
	}
	if len(got) == 0 {
		return fmt.Errorf("no columns")
	}
	return nil
}

// columnForm is what readers see of a column.
func columnForm(field parquet.Field) string {
	form := fmt.Sprint(field.Optional(), field.Repeated(), field.Type())
	if !field.Leaf() {
		form = fmt.Sprint(field.Optional(), field.Repeated())
		for _, sub := range field.Fields() {
			form += " " + sub.Name() + "(" + columnForm(sub) + ")"
		}
	}
	return form
}

// readJSONKeys reads the keys of a part in JSON lines.
func readJSONKeys(f *spool, take func([]rowKey)) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(f, 0, f.size), jsonBuffer))
	for {
		var key [1]rowKey
		err := decoder.Decode(&key[0])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take(key[:])
	}
}
