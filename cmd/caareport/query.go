package main

import (
	"fmt"

	"github.com/caascan/caascan/analysis"
)

// queryCmd is the command query.
type queryCmd struct {
	dataFlags

	Dir string `arg:"" help:"A scan, a folder of scans, or a pattern."`
	SQL string `arg:"" name:"sql" help:"One statement."`
}

// Run prints the result.
func (c *queryCmd) Run(env *environ) error {
	data, err := analysis.Open(env.ctx, []string{c.Dir}, c.options())
	if err != nil {
		return usage(err)
	}
	defer data.Close()
	t, err := data.Select(env.ctx, c.SQL)
	if err != nil {
		return usage(err)
	}
	for _, row := range t.Rows {
		if _, err := fmt.Fprintln(env.stdout, row...); err != nil {
			return err
		}
	}
	return nil
}
