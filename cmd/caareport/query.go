package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/cmd/command"
)

// queryCmd is the command query.
type queryCmd struct {
	dataFlags

	Dir    string `arg:"" help:"A scan, a folder of scans (shards, hive-style folders), or a pattern of such."`
	SQL    string `arg:"" name:"sql" help:"One statement of DuckDB's SQL; - reads it from stdin."`
	Format string `enum:"table,csv,json,parquet" default:"table" help:"Form of the result: table, csv, json (one object a line), parquet (with --out)."`
	Out    string `placeholder:"FILE" help:"Write the result there instead of stdout."`
	Round  string `placeholder:"ID" help:"Of several scans, the one that domains, caa_records, nameservers and queries show (default: the newest; all_domains and so on show all)."`
}

// usefulQueries stand in the help, and a test runs each.
var usefulQueries = []struct{ sql, about string }{
	{`DESCRIBE domains`, "every column, its type and what it holds"},
	{`SELECT status, count(*) AS names FROM domains GROUP BY ALL ORDER BY names DESC`, "what became of the names"},
	{`SELECT rank_bucket, count(*) FILTER (caa_status = 'found') AS n, count(*) FILTER (caa_status <> 'error') AS of FROM domains GROUP BY ALL ORDER BY min(rank)`, "adoption by rank"},
	{`SELECT tls_posture, smime_posture, count(*) AS names FROM domains GROUP BY ALL ORDER BY names DESC`, "TLS against S/MIME"},
	{`SELECT issuer, count(*) AS names FROM (SELECT unnest(tls_issuers) AS issuer FROM domains) GROUP BY ALL ORDER BY names DESC LIMIT 20`, "the issuers that most names let in"},
	{`SELECT query_name, caa_flags, caa_tag, caa_value FROM caa_records WHERE relevant AND caa_tag_canonical = 'issuemail' LIMIT 50`, "records for e-mail certificates"},
	{`SELECT dns_operator, status, count(*) AS names FROM domains WHERE caa_status = 'error' GROUP BY ALL ORDER BY names DESC LIMIT 20`, "at whose servers look-ups fail"},
	{`SELECT finding, count(*) AS names FROM (SELECT unnest(findings) AS finding FROM domains) GROUP BY ALL ORDER BY names DESC`, "what should be looked at"},
	{`SELECT caa_rrset_hash, count(*) AS names, any_value(caa) AS records FROM domains WHERE caa_status = 'found' GROUP BY ALL ORDER BY names DESC LIMIT 10`, "the sets that most names share"},
	{`SELECT server_ip, dns_operator, sent, sent_peak, backoffs FROM nameservers ORDER BY sent DESC LIMIT 20`, "who was asked most, and how fast"},
}

// Example implements command.Exampler.
func (*queryCmd) Example() string {
	var b strings.Builder
	for i, q := range usefulQueries {
		if i > 0 {
			b.WriteString("\n  ")
		}
		fmt.Fprintf(&b, "caareport query DIR %q  # %s", q.sql, q.about)
	}
	return b.String()
}

// Run prints the result.
func (c *queryCmd) Run(env *environ) error {
	if c.Format == "parquet" && c.Out == "" {
		return command.Usage(errors.New("--format parquet: say where, by --out FILE"))
	}
	if c.SQL == "-" {
		text, err := io.ReadAll(env.stdin)
		if err != nil {
			return command.Usage(err)
		}
		c.SQL = string(text)
	}
	options := c.options()
	options.Round = c.Round
	data, err := analysis.Open(env.ctx, []string{c.Dir}, options)
	if err != nil {
		return command.Usage(err)
	}
	return errors.Join(c.run(env, data), data.Close())
}

func (c *queryCmd) run(env *environ, data *analysis.Data) error {
	var err error
	switch {
	case c.Format == "parquet":
		err = data.RunToParquet(env.ctx, strings.TrimRight(c.SQL, "; \n"), c.Out)
	case c.Out != "":
		err = data.RunToFile(env.ctx, c.SQL, c.Format, c.Out)
	default:
		to, wrong := analysis.NewRowWriter(c.Format, env.stdout)
		if wrong != nil {
			return command.Usage(wrong)
		}
		err = data.Run(env.ctx, c.SQL, to)
	}
	return command.Usage(err)
}
