package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner"
)

// planRows is how many of those who bound the time of a scan a plan shows.
const planRows = 12

// plan reads the input to its end and prints what a scan of it would send to whom, and how long that takes at the least.
// No packet is sent.
func (c *scanCmd) plan(env *environ, reader *datasets.Reader, network *scanner.Network) error {
	beside, err := c.accompaniment(network)
	if err != nil {
		return command.Usage(err)
	}
	limits := network.Limits
	share := cmp.Or(limits.Share, 1)
	p := datasets.NewPlan(datasets.Limits{
		PerServer: limits.PerServer * share, PerOperator: limits.PerOperator * share, Total: limits.Total,
		PerTopLevel: cmp.Or(limits.PerTopLevel, limits.PerServer) * share, PerRoot: cmp.Or(limits.PerRoot, limits.PerServer) * share,
	}, datasets.DefaultAssumptions(beside.questions))
	for _, dir := range c.PlanFrom {
		if err := p.Load(dir); err != nil {
			return command.Usage(fmt.Errorf("--plan-from: %w", err))
		}
	}
	for {
		targets, err := reader.Next(env.ctx)
		for i := range targets {
			p.Add(&targets[i])
		}
		switch {
		case errors.Is(err, io.EOF):
			rejects := int64(0)
			for _, n := range reader.Rejects() {
				rejects += n
			}
			return printPlan(env.stdout, p, rejects, len(c.PlanFrom) > 0)
		case errors.Is(err, context.Canceled):
			return command.Exit{Code: exitStopped, Err: err}
		case err != nil:
			return command.Usage(err)
		}
	}
}

func printPlan(to io.Writer, p *datasets.Plan, rejects int64, measured bool) error {
	bounds := p.Bounds()
	domains, exact := p.Domains()
	about := ""
	if !exact {
		about = "about "
	}
	fmt.Fprintf(to, "%d names in %s%d registrable domains, about %d queries. %d lines are no names. Nothing was sent.\n", p.Names(), about, domains, p.Queries(), rejects)
	if len(bounds) > 0 && bounds[0].Time > 0 {
		fmt.Fprintf(to, "At the limits the scan takes at least %v, because of %s.\n", roundTime(bounds[0].Time), boundName(bounds[0]))
	} else {
		fmt.Fprintln(to, "No limit bounds the time of the scan.")
	}
	fmt.Fprintln(to)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "at least\tqueries\tnames\tservers\t  whose servers")
	assumed := false
	for _, b := range bounds[:min(planRows, len(bounds))] {
		time, servers := "no limit", "-"
		if b.Time > 0 {
			time = roundTime(b.Time).String()
		}
		if b.Servers > 0 {
			servers = fmt.Sprint(b.Servers)
		}
		if b.Assumed {
			servers += "?"
			assumed = true
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t  %s\n", time, b.Queries, b.Names, servers, boundName(b))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if assumed {
		fmt.Fprintln(to, "\n?  assumed: nobody has counted these servers")
	}
	if !measured {
		fmt.Fprintln(to, "\nWhich operators hold the names is not known before they are asked: --plan-from DIR takes it from an earlier scan.")
	}
	return nil
}

// boundName says in words whose servers a bound is about.
func boundName(b datasets.Bound) string {
	switch b.Kind {
	case datasets.OfScan:
		return "the limit of the whole scan"
	case datasets.OfRoot:
		return "the root servers"
	case datasets.OfOperator:
		return "the operator " + b.Who
	default:
		return fmt.Sprintf("the %s %s", b.Kind, b.Who)
	}
}

// roundTime leaves three digits, about.
func roundTime(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Hour:
		return d.Round(10 * time.Minute)
	case d >= time.Hour:
		return d.Round(time.Minute)
	case d >= time.Minute:
		return d.Round(time.Second)
	default:
		return d.Round(10 * time.Millisecond)
	}
}
