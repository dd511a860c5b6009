package main

import (
	"fmt"
	"os"
	"strconv"
)

// dnssecCmd is caabench dnssec.
type dnssecCmd struct {
	scanFlags
	Names    int     `default:"100000" help:"Size of the small Internet, in names: half of them under a top-level domain with opt-out, half under one without."`
	CAAShare float64 `name:"caa-share" default:"0.05" help:"Share of the names that publish CAA."`
	OptOut   float64 `default:"0.1" help:"Share of the names under the one with opt-out that are signed."`
	Full     float64 `default:"0.6" help:"Share of the names under the other that are signed."`
	Runs     int     `default:"5" help:"Repetitions; medians are shown."`
	InFlight int     `default:"2000" help:"Names under way at once."`
}

// dnssecModes are what is compared, the yardstick first.
var dnssecModes = []string{"off", "lazy", "full"}

// Run scans one world with each mode in turns.
func (c *dnssecCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world := worldFlags{Names: c.Names, CAAShare: c.CAAShare, SignedOptOut: c.OptOut, SignedFull: c.Full}
	server, err := startServer(dir, &world)
	if err != nil {
		return err
	}
	defer server.stop()
	fmt.Printf("%d names: half under a top-level domain with opt-out, %.0f %% of them signed, half under one without, %.0f %% of them signed\n",
		c.Names, 100*c.OptOut, 100*c.Full)
	fmt.Printf("servers on core 0, the whole of caascan scan on core 1; %d runs\n\n", c.Runs)
	fmt.Printf("%-6s%20s%14s%14s%14s%14s%14s\n", "", "names/CPU second", "user µs/name", "sys µs/name", "exch./name", "checks/name", "seconds")
	if _, _, err := c.scanOnce(server, "full"); err != nil {
		return err // once, unmeasured: the servers keep what they have signed, and wait for nothing in what follows
	}
	toOff := map[string][]float64{}
	for range c.Runs {
		off := 0.0
		for _, mode := range dnssecModes {
			out, status, err := c.scanOnce(server, mode)
			if err != nil {
				return err
			}
			if status.Rows != c.Names || status.Failed > 0 {
				return fmt.Errorf("scan: %d of %d names have rows, %d of them failed", status.Rows, c.Names, status.Failed)
			}
			names, cpu := float64(c.Names), out.user+out.system
			fmt.Printf("%-6s%20.0f%14.1f%14.1f%14.2f%14.2f%14.1f\n", mode, names/cpu, out.user/names*1e6, out.system/names*1e6,
				float64(status.Queries)/names, float64(status.Checks)/names, out.seconds)
			if mode == dnssecModes[0] {
				off = cpu
			}
			toOff[mode] = append(toOff[mode], cpu/off)
		}
	}
	fmt.Printf("\nCPU as a multiple of that without validation, median of the runs: lazy %.2f, full %.2f\n",
		median(toOff["lazy"]), median(toOff["full"]))
	return nil
}

// scanOnce scans all names of the world, without limits.
func (c *dnssecCmd) scanOnce(server *server, mode string) (result, scanStatus, error) {
	out, status, rows, err := c.scan(server, measuredCore, nil, append(c.unlimited(), "--in-flight", strconv.Itoa(c.InFlight), "--timeout", "10s",
		"--dnssec", mode)...)
	if err != nil {
		return out, status, err
	}
	return out, status, os.RemoveAll(rows)
}
