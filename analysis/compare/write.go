package compare

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/caascan/caascan/analysis"
)

// write writes the result of a statement into a file, in the form that its name tells.
func write(ctx context.Context, d *analysis.Data, statement, path string) error {
	statement = strings.TrimSpace(statement)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet":
		return d.RunToParquet(ctx, statement, path)
	case ".json", ".jsonl":
		return d.RunToFile(ctx, statement, "json", path)
	}
	return d.RunToFile(ctx, statement, "csv", path)
}
