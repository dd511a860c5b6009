package main

import (
	"log/slog"

	"github.com/caascan/caascan/scanner"
)

// events tells the log what has changed since it looked last.
type events struct {
	log       *slog.Logger
	congested bool
	committed int64
	drops     int64
	phase     string
	slow      map[string]bool // servers that get the least, and have been told of
}

// mostSlow bounds the servers that are told of: more of them say nothing new.
const mostSlow = 100

func (e *events) note(s *status, waits scanner.Waits) {
	if congested := s.Link != nil; congested != e.congested {
		e.congested = congested
		if congested {
			e.log.Warn("our own link loses packets: the whole scan is slowed down", "loss", s.Link.Loss, "limit_per_s", s.Link.Limit)
		} else {
			e.log.Info("our own link does not lose packets any more")
		}
	}
	if s.Drops > e.drops {
		e.log.Warn("the kernel dropped replies that came faster than they were read: enlarge net.core.rmem_max", "kernel_drops", s.Drops)
		e.drops = s.Drops
	}
	if s.Committed > e.committed {
		if e.committed > 0 || s.Resumed == 0 {
			e.log.Info("part committed", "rows_in_all", s.Committed)
		}
		e.committed = s.Committed
	}
	if s.Phase != nil && s.Phase.Left > 0 && s.Phase.Name != e.phase {
		e.phase = s.Phase.Name
		e.log.Info(s.Phase.Name, "names", s.Phase.Left, "wait_s", s.Phase.Wait)
	}
	for _, server := range waits.Servers {
		at := server.Server.Addr.String()
		if !server.Lowest || e.slow[at] || len(e.slow) >= mostSlow {
			continue
		}
		if e.slow == nil {
			e.slow = map[string]bool{}
		}
		e.slow[at] = true
		e.log.Info("server at its lowest rate", "server", at, "operator", server.Operator, "per_s", server.Rate, "by", server.SlowedBy)
	}
}
