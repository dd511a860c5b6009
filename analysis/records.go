package analysis

import (
	"context"
	"fmt"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// prepareRecords makes the tables that the questions about records share (sql/records.sql). Issuers are those that sets name.
func (d *Data) prepareRecords(ctx context.Context, registry datasets.Registry, issuers []string) error {
	if err := d.run(ctx, "records.sql", nil); err != nil {
		return err
	}
	var owners [][]any
	for _, id := range issuers {
		for _, o := range registry.Owners(id) {
			owners = append(owners, []any{id, o.Name, o.Standing.String(), o.Note})
		}
	}
	if err := d.fill(ctx, "issuer_owners", len(owners), func(i int) []any { return owners[i] }); err != nil {
		return err
	}
	malformed, err := d.Query(ctx, "malformedvalues.sql", nil)
	if err != nil {
		return err
	}
	values := make([][]any, len(malformed.Rows))
	diagnoser := caa.NewDiagnoser(registry)
	for i, row := range malformed.Rows {
		tag, value := row[0].(string), row[1].(string)
		octets, err := output.Unescape(value)
		if err != nil {
			return fmt.Errorf("value %q of %s: %w", value, tag, err)
		}
		faults, meant := diagnose(diagnoser, caa.Property{Tag: tag, Value: octets})
		values[i] = []any{tag, value, faults, meant}
	}
	return d.fill(ctx, "malformed_values", len(values), func(i int) []any { return values[i] })
}

// diagnose says what is wrong with one record, and the values that should stand in its place; none if that cannot be told.
func diagnose(diagnoser *caa.Diagnoser, p caa.Property) (faults, meant []string) {
	set := caa.Judge([]caa.Property{p})
	faults, meant = []string{}, []string{}
	for _, fault := range caa.Essential(nil, diagnoser.Diagnose(&set, &caa.Circumstances{})) {
		if fault.Record == 0 {
			faults = append(faults, string(fault.Word()))
		}
	}
	for _, record := range diagnoser.Recommend(&set, &caa.Circumstances{}).Records {
		if record.Value != p.Value {
			meant = append(meant, output.Octets(record.Value))
		}
	}
	return faults, meant
}
