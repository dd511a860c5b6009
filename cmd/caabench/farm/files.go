package farm

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/caascan/caascan/scanner/wire"
)

// Files that WriteFiles makes in its directory.
const (
	HintsFile  = "root.hints"
	AnchorFile = "root.anchor"
	NamesFile  = "names.txt"
)

// WriteFiles writes what a scan of the world starts from: root hints, trust anchor, and the names in an order drawn by
// the seed, since a scan of the world outside does not meet the names of one server in a row either.
func (w *World) WriteFiles(dir string) error {
	hints := fmt.Sprintf(". 86400 IN NS %s.\n%s. 86400 IN A %v\n", rootHost, rootHost, ipv4(rootAddr))
	if err := os.WriteFile(filepath.Join(dir, HintsFile), []byte(hints), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, AnchorFile), []byte(w.trustAnchor()), 0o644); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(dir, NamesFile))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := w.writeNames(file); err != nil {
		return err
	}
	return file.Close()
}

func (w *World) writeNames(to io.Writer) error {
	buf := bufio.NewWriterSize(to, 1<<16)
	for _, name := range w.order() {
		fmt.Fprintln(buf, w.Name(name)) // the error shows at Flush
	}
	return buf.Flush()
}

// order returns all names in an order drawn by the seed.
func (w *World) order() []int {
	return rand.New(rand.NewPCG(w.cfg.Seed, orderStream)).Perm(w.cfg.Names)
}

// Streams of random numbers that one seed gives.
const (
	orderStream = iota + 1
	lossStream
)

// trustAnchor returns the key of the root in master-file form, nothing if it has none.
func (w *World) trustAnchor() string {
	if w.secur == nil {
		return ""
	}
	key := w.secur.root.key
	return fmt.Sprintf(". 86400 IN DNSKEY %d 3 %d %s\n", keyFlags, algorithmP256, base64.StdEncoding.EncodeToString(key.public[:]))
}

// Query is a packet for a server of the world.
type Query struct {
	To  netip.Addr
	Msg []byte
}

// Queries returns what a scan sends to the leaf servers, for up to most names: a question for CAA with EDNS, about each,
// with DO if do.
func (w *World) Queries(most int, do bool) []Query {
	order := w.order()
	queries := make([]Query, 0, min(most, len(order)))
	for _, name := range order[:cap(queries)] {
		wired, err := wire.ParseName(w.Name(name))
		if err != nil {
			panic("internal error: farm: " + err.Error())
		}
		msg := wire.AppendQuery(nil, 0, wired, wire.TypeCAA, wire.Query{EDNS: true, UDPSize: wire.UDPSize, DO: do})
		queries = append(queries, Query{w.Addr(w.serverOf(w.zoneOf(name))), msg})
	}
	return queries
}
