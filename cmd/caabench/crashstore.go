package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/caascan/caascan/output/s3test"
)

// objectStore is a real S3 server on this machine, and a proxy before it that makes some of the requests fail: refused,
// cut short, carried out without a reply.
type objectStore struct {
	server *s3test.Server
	faults *s3test.Faults
	proxy  *http.Server
	at     string // the proxy's endpoint
}

// crashBucket holds all scans.
const crashBucket = "crash"

func startObjectStore(dir string, rate float64, seed uint64) (*objectStore, error) {
	server, err := s3test.Start(filepath.Join(dir, "store"), crashBucket)
	if err != nil {
		return nil, err
	}
	s := &objectStore{server: server}
	if s.faults, err = s3test.NewFaults(server.Endpoint, rate, seed); err != nil {
		server.Stop()
		return nil, err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		server.Stop()
		return nil, err
	}
	s.proxy, s.at = &http.Server{Handler: s.faults}, "http://"+listener.Addr().String()
	go s.proxy.Serve(listener) // until stop
	return s, nil
}

func (s *objectStore) stop() {
	s.proxy.Close()
	s.server.Stop()
}

// scan returns where the files of a scan lie, and its URL.
func (s *objectStore) scan(name string) (dir, place string) {
	return filepath.Join(s.server.Dir, crashBucket, name), s3test.Place(s.at, crashBucket, name)
}

// environ is what the processes of the chain have in their environment.
func (c *chain) environ() []string {
	environ := os.Environ()
	if c.store != nil {
		for name, value := range c.store.server.Env() {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// refusedOnce reports whether a process has found that another one writes to its scan. Where there is no lock, that may be the one
// before: a request of a killed process can still be on its way when the next one begins.
func refusedOnce(status syscall.WaitStatus, said string) bool {
	return status.Exited() && (status.ExitStatus() == usageCode || status.ExitStatus() == stoppedCode) && strings.Contains(said, "another process writes to this scan")
}
