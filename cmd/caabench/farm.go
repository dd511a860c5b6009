package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// farmCmd runs the servers of a made-up world.
type farmCmd struct {
	World   string `arg:"" help:"Name of the world: leaf, iterative, insecure, signed, delay, drop, refuse, zipf."`
	Set     string `default:"{}" placeholder:"JSON" help:"What is to be other than in that world, as fields of farm.Config."`
	Dir     string `required:"" help:"Directory for hints, trust anchor, names and packets."`
	Packets int    `help:"How many queries for the leaf servers to write, for the floor."`
	DO      bool   `help:"They ask for signatures."`
	Port    uint16 `help:"Port of all servers; 0: the kernel chooses."`
	Core    int    `default:"-1" help:"Core to serve from, once all is prepared; -1: any."`
}

// packetsFile holds queries, for the floor.
const packetsFile = "packets"

// Run serves until stdin ends. The first line on stdout is the port; each line on stdin brings a report, as JSON.
func (c *farmCmd) Run() error {
	cfg, ok := farm.Worlds[c.World]
	if !ok {
		return fmt.Errorf("no world %q; there are %v", c.World, slices.Sorted(maps.Keys(farm.Worlds)))
	}
	if err := json.Unmarshal([]byte(c.Set), &cfg); err != nil {
		return fmt.Errorf("--set: %w", err)
	}
	world, err := farm.New(cfg)
	if err != nil {
		return err
	}
	if err := world.WriteFiles(c.Dir); err != nil {
		return err
	}
	if c.Packets > 0 {
		if err := writePackets(filepath.Join(c.Dir, packetsFile), world.Queries(c.Packets, c.DO)); err != nil {
			return err
		}
	}
	if c.Core >= 0 {
		if err := pinAll(c.Core); err != nil {
			return err
		}
	}
	servers, err := world.Listen(c.Port)
	if err != nil {
		return err
	}
	fmt.Println(servers.Port())
	requests, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for requests.Scan() {
		report, err := servers.Report()
		if err != nil {
			return err
		}
		if err := out.Encode(report); err != nil {
			return err
		}
	}
	return servers.Close()
}

// pinAll binds all threads of this process, and those to come, to a core.
func pinAll(core int) error {
	var set unix.CPUSet
	set.Set(core)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		var id int
		if _, err := fmt.Sscan(task.Name(), &id); err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil {
			return fmt.Errorf("core %d: %w", core, err)
		}
	}
	return nil
}

// writePackets writes queries: IPv4 address, length, octets.
func writePackets(path string, queries []farm.Query) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buf := bufio.NewWriterSize(file, 1<<16)
	for _, q := range queries {
		to := q.To.As4()
		buf.Write(to[:]) // errors show at Flush
		buf.Write(binary.BigEndian.AppendUint16(nil, uint16(len(q.Msg))))
		buf.Write(q.Msg)
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return file.Close()
}
