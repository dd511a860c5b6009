package main

import "github.com/caascan/caascan/datasets"

// shardFlags say which part of the names this machine scans.
type shardFlags struct {
	Shard datasets.Shard `default:"1/1" placeholder:"I/N" help:"Scan part I of N of the names, by hash of the registrable domain: one machine for each part, with a --rate-share of 1 in N."`
}
