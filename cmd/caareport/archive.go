package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/analysis/archive"
	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/wire"
)

// archiveCmd is the command archive.
type archiveCmd struct {
	From    string   `enum:"auto,openintel,zdns,massdns,fdns" default:"auto" help:"Who measured: ${enum}; auto takes each line for what its members say."`
	Out     string   `required:"" placeholder:"DIR" help:"Directory of the scan to be made; of OpenINTEL's data of several days, of one scan a day."`
	Files   []string `arg:"" name:"file" help:"Files, packed or not, - for stdin, or folders: OpenINTEL's Parquet, JSON lines of zdns 2 and 1, massdns -o J and -o S, Rapid7's forward DNS."`
	Format  string   `enum:"parquet,jsonl" default:"parquet" help:"Form of the files: ${enum}."`
	Restart bool     `help:"Discard a scan that the directory holds."`
	Vantage string   `placeholder:"PLACE" help:"Place in the network from which it was measured."`

	AssumeSuffixEmpty bool   `group:"What is not in the data" help:"Take it that top-level domains and other registries' suffixes publish no CAA where nobody asked. Otherwise a name without a set of its own is an error (not_asked), for the climb does not reach the top."`
	Type              string `group:"What is not in the data" default:"CAA" placeholder:"TYPE" help:"What zdns 1 was asked for, which its lines do not say (default: CAA)."`
	At                string `group:"What is not in the data" placeholder:"DATE" help:"When it was measured, where the tool does not say: 2024-05-17 or 2024-05-17T12:00:00Z (default: when the file was last changed)."`

	Suffixes string `group:"Tables" placeholder:"FILE" help:"Public suffix list (default: the one built in)."`

	Memory  size   `group:"Reading" default:"1GiB" help:"Limit of what DuckDB holds in memory; what is more goes to disk."`
	Threads int    `group:"Reading" placeholder:"N" help:"Processors to use (default: all)."`
	Temp    string `group:"Reading" placeholder:"DIR" help:"Directory for what does not fit into memory (default: that of the system)."`
}

// Example implements exampler.
func (*archiveCmd) Example() string {
	return "caareport archive --out old zdns-caa.jsonl.zst\n  caareport archive --from openintel --assume-suffix-empty --out tranco source=tranco/year=2024/month=05/\n  caareport report old"
}

// Run makes the scans, and says what is in them.
func (c *archiveCmd) Run(env *environ) error {
	o, err := c.archiveOptions(env.stdin)
	if err != nil {
		return command.Usage(err)
	}
	scans, err := archive.Make(env.ctx, o)
	for i := range scans {
		describe(env.stderr, &scans[i])
	}
	return command.Usage(err)
}

func (c *archiveCmd) archiveOptions(stdin io.Reader) (archive.Options, error) {
	o := archive.Options{
		From: archive.Tool(c.From), Paths: c.Files, Out: c.Out, AssumeSuffixEmpty: c.AssumeSuffixEmpty, Vantage: c.Vantage,
		Format: output.Format(c.Format), Restart: c.Restart, Stdin: stdin, Now: time.Now(),
		Memory: int64(c.Memory), Threads: c.Threads, Temp: c.Temp,
	}
	types := []wire.Type{wire.TypeCAA, wire.TypeMX, wire.TypeA, wire.TypeAAAA, wire.TypeNS, wire.TypeDS}
	at := slices.IndexFunc(types, func(t wire.Type) bool { return t.String() == strings.ToUpper(c.Type) })
	if at < 0 {
		return o, fmt.Errorf("--type %s: want CAA, MX, A, AAAA, NS or DS", c.Type)
	}
	o.Type = types[at]
	if c.At != "" {
		var err error
		if o.At, err = time.Parse(time.RFC3339, c.At); err != nil {
			if o.At, err = time.Parse(time.DateOnly, c.At); err != nil {
				return o, fmt.Errorf("--at %s: want 2024-05-17 or 2024-05-17T12:00:00Z", c.At)
			}
		}
	}
	if c.Suffixes != "" {
		var err error
		if o.Suffixes, err = datasets.LoadSuffixes(c.Suffixes); err != nil {
			return o, err
		}
	}
	return o, nil
}

// describe says what a scan has of the data.
func describe(w io.Writer, scan *archive.Scan) {
	t := &scan.Totals
	fmt.Fprintf(w, "%s: %d names, %d CAA records, %d lines rejected", scan.Dir, t.Rows, t.Records, t.Rejects)
	for _, status := range slices.Sorted(func(yield func(string) bool) {
		for word := range t.Status {
			if !yield(word) {
				return
			}
		}
	}) {
		fmt.Fprintf(w, "; %s %d", status, t.Status[status])
	}
	fmt.Fprintln(w)
	if t.Status["not_asked"] > 0 {
		fmt.Fprintf(w, "%d names have no set of their own, and the data do not tell what they inherit: the climb is not complete (--assume-suffix-empty takes suffixes as empty)\n", t.Status["not_asked"])
	}
}
