package datasets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// earlier is what the dataset of an earlier scan says of the operators of name servers.
type earlier struct {
	names     int64 // rows of the table domains
	queries   int64 // sent for them
	servers   int64 // rows of the table nameservers
	operators *frequent[operator]
}

// operator is one registrable domain under which name servers have their names.
type operator struct {
	// By the table domains.
	names   int64 // whose zone is on its servers
	queries int64 // sent for them, to anybody's servers

	// By the table nameservers.
	servers int   // addresses
	sent    int64 // packets to them
}

func (o *operator) weight() int64 { return o.names + o.sent }

// measured reports whether it is known what was sent to whom.
func (e *earlier) measured() bool { return e.servers > 0 && e.names > 0 }

// rootOperator is the operator of the root's servers, which all have names there.
const rootOperator = "root-servers.net"

// delegates reports whether most of what was sent to an operator was about names that are not on its servers: it is one
// of a registry.
func (o *operator) delegates() bool { return o.sent > 10*o.queries }

// Load reads the dataset of an earlier scan, in Parquet: of the table domains the columns dns_operator and query_count,
// of the table nameservers dns_operator and sent. Without the latter table, the queries of an operator are those for
// the names it serves. Several datasets add up. An operator with a smaller share than two in maxOperators may be
// missing.
func (p *Plan) Load(dir string) error {
	fail := func(err error) error { return fmt.Errorf("earlier scan %s: %w", dir, err) }
	domains, err := parts(dir, "domains")
	if err == nil && len(domains) == 0 {
		err = errors.New("holds no domains/*.parquet")
	}
	if err != nil {
		return fail(err)
	}
	servers, err := parts(dir, "nameservers")
	if err != nil {
		return fail(err)
	}
	e := &p.earlier
	for _, path := range domains {
		err := readPairs(path, "dns_operator", "query_count", func(name []byte, queries int64) {
			e.names++
			e.queries += queries
			if len(name) > 0 {
				o := e.operator(name)
				o.names++
				o.queries += queries
			}
		})
		if err != nil {
			return fail(err)
		}
	}
	for _, path := range servers {
		err := readPairs(path, "dns_operator", "sent", func(name []byte, sent int64) {
			e.servers++
			if len(name) > 0 {
				o := e.operator(name)
				o.servers++
				o.sent += sent
			}
		})
		if err != nil {
			return fail(err)
		}
	}
	if e.names == 0 {
		return fail(errors.New("holds no names"))
	}
	return nil
}

func (e *earlier) operator(name []byte) *operator {
	if o := e.operators.of[string(name)]; o != nil { // allocates nothing
		return o
	}
	return e.operators.at(string(name))
}

// parts returns the complete files of a table.
func parts(dir, table string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, table))
	if err != nil && !os.IsNotExist(err) {
		return nil, bare(err)
	}
	var paths []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".parquet") && !strings.HasPrefix(name, ".") {
			paths = append(paths, filepath.Join(dir, table, name))
		}
	}
	return paths, nil
}

// readPairs calls each with two columns of each row of a file: one with text, empty where it is NULL, and one with
// numbers.
func readPairs(path, text, number string, each func([]byte, int64)) (err error) {
	defer func() {
		if broken := recover(); broken != nil { // parquet-go's answer to some damaged files
			err = fmt.Errorf("%v", broken)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(path), bare(err))
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	texts, err := flatColumn(file, text, parquet.ByteArray)
	if err != nil {
		return err
	}
	numbers, err := flatColumn(file, number, parquet.Int32, parquet.Int64)
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		chunks := group.ColumnChunks()
		if err := readChunks(chunks[texts], chunks[numbers], each); err != nil {
			return err
		}
	}
	return nil
}

// flatColumn returns the index of a column that has one value, or NULL, in every row.
func flatColumn(file *parquet.File, name string, kinds ...parquet.Kind) (int, error) {
	leaf, found := file.Schema().Lookup(name)
	if !found || leaf.MaxRepetitionLevel > 0 {
		return 0, fmt.Errorf("has no column %s", name)
	}
	for _, kind := range kinds {
		if leaf.Node.Type().Kind() == kind {
			return leaf.ColumnIndex, nil
		}
	}
	return 0, fmt.Errorf("column %s has the type %s", name, leaf.Node.Type())
}

// readChunks reads two columns of one row group side by side.
func readChunks(texts, numbers parquet.ColumnChunk, each func([]byte, int64)) error {
	left, right := parquet.NewColumnChunkValueReader(texts), parquet.NewColumnChunkValueReader(numbers)
	defer left.Close()
	defer right.Close()
	var names, counts [512]parquet.Value
	for {
		n, err := left.ReadValues(names[:])
		if n == 0 && err == io.EOF {
			return nil
		}
		if n == 0 && err == nil {
			err = io.ErrNoProgress
		}
		if err != nil && err != io.EOF {
			return err
		}
		for read := 0; read < n; {
			m, err := right.ReadValues(counts[read:n])
			if read += m; m == 0 {
				if err == nil || err == io.EOF {
					err = errors.New("columns of different lengths")
				}
				return err
			}
		}
		for i := range n {
			count := int64(0)
			switch v := counts[i]; {
			case v.IsNull():
			case v.Kind() == parquet.Int32:
				count = int64(v.Int32())
			default:
				count = v.Int64()
			}
			if names[i].IsNull() {
				each(nil, count)
			} else {
				each(names[i].ByteArray(), count)
			}
		}
	}
}
