package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/caascan/caascan/cmd/caabench/farm"
	"github.com/caascan/caascan/scanner/simnet"
)

// crashWorld is what the scans of some chains ask, and what they must find.
type crashWorld struct {
	name    string
	caascan string
	dir     string
	flags   []string // of a scan of it
	limits  bool     // some servers bear little, and answer with errors what is more
	stop    func()

	lines     int          // of the input
	rejected  map[int]bool // lines that are no name
	blank     map[int]bool // lines that are nothing: comments
	reference *dataset     // of the scan that was not disturbed
	octets    int64        // what that takes on disk
	took      time.Duration
}

// farmWorld starts a farm. Most of its servers are well; of two hundred one is silent, one refuses, one has failed, so that
// three names in two hundred fail, each time in the same way. A scan takes pace seconds, about.
func farmWorld(dir string, names, pace int) (*crashWorld, error) {
	const servers = 200
	cfg := farm.Config{Names: names, Below: true, Zones: max(names/100, 20), Servers: servers, CAA: 0.1, Leaf: make([]farm.Behaviour, servers)}
	cfg.Leaf[7] = farm.Behaviour{Dead: true}
	cfg.Leaf[8] = farm.Behaviour{Dead: true, Over: farm.Refused}
	cfg.Leaf[9] = farm.Behaviour{Dead: true, Over: farm.ServFail}
	world, err := farm.New(cfg)
	if err != nil {
		return nil, err
	}
	if err := world.WriteFiles(dir); err != nil {
		return nil, err
	}
	list, err := os.ReadFile(filepath.Join(dir, farm.NamesFile))
	if err != nil {
		return nil, err
	}
	w := &crashWorld{}
	if err := w.writeInput(dir, strings.FieldsSeq(string(list))); err != nil {
		return nil, err
	}
	running, err := world.Listen(0)
	if err != nil {
		return nil, err
	}
	w.stop = func() { running.Close() }
	w.flags = append(scanOf(dir, running.Port()), "--rate-per-server", "0", "--rate-per-operator", "0", "--rate-start", "0",
		"--rate-total", fmt.Sprint(names/max(pace, 1)+1), "--with", "none", "--dnssec", "off")
	return w, nil
}

// internetWorld starts a small Internet, signed and with all its faults.
func internetWorld(dir string, names int) (*crashWorld, error) {
	world, err := simnet.New(simnet.Config{Seed: 3, Names: names, Validation: simnet.FullValidation})
	if err != nil {
		return nil, err
	}
	for file, content := range map[string][]byte{farm.HintsFile: world.RootHints(), farm.AnchorFile: []byte(world.TrustAnchor())} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
			return nil, err
		}
	}
	w := &crashWorld{limits: true}
	if err := w.writeInput(dir, world.Names()); err != nil {
		return nil, err
	}
	server, err := world.Listen(0)
	if err != nil {
		return nil, err
	}
	w.stop = func() { server.Close() }
	w.flags = append(scanOf(dir, server.Port()), "--dnssec", "full")
	return w, nil
}

// secondLookPause is how long after its failure a name is looked at again, at least.
const secondLookPause = 2 * time.Second

// scanOf are the flags for speaking to a world at a port, and to nothing else.
func scanOf(dir string, port uint16) []string {
	return []string{"--root-hints", filepath.Join(dir, farm.HintsFile), "--trust-anchor", filepath.Join(dir, farm.AnchorFile),
		"--server-port", fmt.Sprint(port), "--allow-special-use", "--ipv4-only", "--quiet",
		"--second-look", secondLookPause.String()}
}

// inputForm is how a chain gets its input.
type inputForm int

const (
	asFile inputForm = iota
	asStream
	asPacked
	inputForms
)

// Files with the input.
const (
	crashInput  = "input.txt"
	crashPacked = "input.txt.gz"
)

// writeInput writes the names, with lines between them that are no names, plain and packed.
func (w *crashWorld) writeInput(dir string, names iter.Seq[string]) error {
	const rejectEvery, commentEvery = 701, 997
	w.rejected, w.blank = map[int]bool{}, map[int]bool{}
	plain, err := os.Create(filepath.Join(dir, crashInput))
	if err != nil {
		return err
	}
	defer plain.Close()
	packed, err := os.Create(filepath.Join(dir, crashPacked))
	if err != nil {
		return err
	}
	defer packed.Close()
	packer := gzip.NewWriter(packed)
	to := bufio.NewWriter(io.MultiWriter(plain, packer)) // errors show at Flush
	n := 0
	for name := range names {
		if n++; n%rejectEvery == 0 {
			w.lines++
			w.rejected[w.lines] = true
			fmt.Fprintf(to, "192.0.2.%d\n", n/rejectEvery%256)
		}
		if n%commentEvery == 0 {
			w.lines++
			w.blank[w.lines] = true
			fmt.Fprintf(to, "# %d\n", n)
		}
		w.lines++
		fmt.Fprintf(to, []string{"%s\n", "*.%s\n", "postmaster@%s\n", "https://%s/\n"}[n%4], name)
	}
	return errors.Join(to.Flush(), packer.Close(), plain.Close(), packed.Close())
}

// command returns the process of a scan into a place. What it reads is to be closed with closeInput.
func (w *crashWorld) command(form inputForm, out string, flags ...string) (*exec.Cmd, error) {
	input := map[inputForm]string{asFile: filepath.Join(w.dir, crashInput), asStream: "-", asPacked: filepath.Join(w.dir, crashPacked)}[form]
	cmd := exec.Command(w.caascan, append(append([]string{"scan", input, "--out", out}, w.flags...), flags...)...)
	if form == asStream {
		file, err := os.Open(filepath.Join(w.dir, crashInput))
		if err != nil {
			return nil, err
		}
		cmd.Stdin = struct{ io.ReadCloser }{file} // not known as a file: the process gets a pipe
	}
	return cmd, nil
}

// closeInput closes what a command reads.
func closeInput(cmd *exec.Cmd) {
	if input, ok := cmd.Stdin.(io.Closer); ok {
		input.Close()
	}
}

// scanUndisturbed makes the reference.
func (w *crashWorld) scanUndisturbed() error {
	out := filepath.Join(w.dir, "undisturbed")
	cmd, err := w.command(asFile, out)
	if err != nil {
		return err
	}
	started := time.Now()
	if message, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the undisturbed scan: %w: %s", err, message)
	}
	w.took = time.Since(started)
	if w.reference, err = w.readDataset(out); err != nil {
		return err
	}
	found := w.examine(w.reference)
	if len(found.wrong) > 0 {
		return fmt.Errorf("the undisturbed scan: %v", found.wrong)
	}
	w.octets, err = sizeOf(out)
	return err
}

// sizeOf sums the files below a directory, each in whole pages.
func sizeOf(dir string) (sum int64, err error) {
	const page = 4096
	err = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			sum += (info.Size() + page - 1) / page * page
		}
		return err
	})
	return sum, err
}
