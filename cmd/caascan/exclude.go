package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/wire"
)

// exclusion is the opt-out list of a command, and the place where the one in force is.
type exclusion struct {
	path string
	list *datasets.Exclude // as read at the start
	outs resolve.OptOuts

	hangup chan os.Signal // SIGHUP, once catchHangup was called
}

// loadExclusion reads the list of --exclude; nil without one.
func loadExclusion(path string) (*exclusion, error) {
	if path == "" {
		return nil, nil
	}
	list, err := datasets.LoadExclude(path)
	if err != nil {
		return nil, fmt.Errorf("--exclude: %w", err)
	}
	x := &exclusion{path: path, list: list, hangup: make(chan os.Signal, 1)}
	x.outs.Replace(excluded{list})
	return x, nil
}

// inForce returns where the list in force is, nil if there is none.
func (x *exclusion) inForce() *resolve.OptOuts {
	if x == nil {
		return nil
	}
	return &x.outs
}

// about says for the manifest which list that is; nil if there is none.
func (x *exclusion) about() *output.ExcludeList {
	if x == nil {
		return nil
	}
	return aboutList(x.list)
}

func aboutList(list *datasets.Exclude) *output.ExcludeList {
	entries := map[string]int{}
	for kind, word := range map[datasets.EntryKind]string{
		datasets.ExactName: "name", datasets.Zone: "zone", datasets.BelowName: "below",
		datasets.ExactServer: "ns", datasets.BelowServer: "ns-below", datasets.ServerPrefix: "prefix",
	} {
		if n := list.Count(kind); n > 0 {
			entries[word] = n
		}
	}
	return &output.ExcludeList{File: list.File(), SHA256: list.Sum(), Entries: entries}
}

// catchHangup keeps SIGHUP from ending the process: what comes before rereadOnHangup is called waits for it.
func (x *exclusion) catchHangup() {
	if x != nil {
		signal.Notify(x.hangup, syscall.SIGHUP)
	}
}

// stopSignals stop a scan that has no list to be read again.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// stopSignals returns those that stop a scan.
func (x *exclusion) stopSignals() []os.Signal {
	if x == nil {
		return stopSignals
	}
	return stopSignals[:2]
}

// rereadOnHangup puts the list in force as it is in the file then, whenever the process gets SIGHUP, until stop is called,
// and tells replaced. A file that cannot be read or understood changes nothing.
func (x *exclusion) rereadOnHangup(ctx context.Context, log *slog.Logger, replaced func(*output.ExcludeList)) (stop func()) {
	if x == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-x.hangup:
				x.reread(log, replaced)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		signal.Stop(x.hangup)
		cancel()
		<-ended
	}
}

func (x *exclusion) reread(log *slog.Logger, replaced func(*output.ExcludeList)) {
	list, err := datasets.LoadExclude(x.path)
	if err != nil {
		log.Warn("--exclude: the list read before stays in force", "error", err)
		return
	}
	x.outs.Replace(excluded{list})
	replaced(aboutList(list))
	log.Info(fmt.Sprintf("--exclude: %d entries are in force", list.Len()), "file", x.path, "sha256", list.Sum())
}

// excluded is a list as the resolver asks it.
type excluded struct{ list *datasets.Exclude }

func (x excluded) Name(n wire.Name) bool {
	_, out := x.list.WireName(string(n))
	return out
}

func (x excluded) Server(n wire.Name) bool { return x.list.WireServer(string(n)) }
func (x excluded) Addr(a netip.Addr) bool  { return x.list.Addr(a) }
