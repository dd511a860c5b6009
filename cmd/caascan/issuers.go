package main

import (
	"fmt"

	"github.com/caascan/caascan/datasets"
)

// issuerFlags say who goes by which identifier.
type issuerFlags struct {
	CCADB string `name:"ccadb" env:"CAASCAN_CCADB" placeholder:"FILE" help:"Report of CAA identifiers from CCADB (CSV), laid over the built-in table of issuers."`
}

// issuers returns the table of issuers, and says on stderr what was dropped of a report.
func (f *issuerFlags) issuers(env *environ) (*datasets.Issuers, error) {
	if f.CCADB == "" {
		return datasets.DefaultIssuers(), nil
	}
	report, err := datasets.LoadCCADB(f.CCADB)
	if err != nil {
		return nil, fmt.Errorf("--ccadb: %w", err)
	}
	about := []any{"file", f.CCADB, "report_rows", report.Rows, "identifiers", report.Source().Identifiers}
	for reason, n := range report.Dropped {
		if n > 0 {
			about = append(about, datasets.DropReason(reason).String(), n)
		}
	}
	env.log.Info("identifiers of issuers were read", about...)
	return report.Over(datasets.DefaultIssuers()), nil
}
