package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/caascan/caascan/output/s3test"
)

// s3Cmd runs an S3 server, and a proxy before it that makes faults of some requests.
type s3Cmd struct {
	Dir    string  `help:"Directory for the objects: DIR/objects/BUCKET/KEY. Not with --target."`
	Bucket string  `default:"scans" help:"The bucket to make."`
	Target string  `placeholder:"URL" help:"A server that is running already."`
	Rate   float64 `default:"0" help:"Share of the requests that meet a fault: refused, reset, cut, carried out with the reply lost, slow."`
	Seed   uint64  `default:"1" help:"Which ones do."`
}

// s3Report is what the command says on stdout: at once where to write, and with Faults at the end what was done to whom.
type s3Report struct {
	Out    string            `json:"out"`    // for --out, but for the end of the prefix
	Env    map[string]string `json:"env"`    // for the environment of who writes
	Dir    string            `json:"dir"`    // of the objects in the bucket
	Faults map[string]int    `json:"faults"` // requests by fault
}

// Run serves until stdin ends. Stdout is two lines of JSON.
func (c *s3Cmd) Run() error {
	var report s3Report
	target := c.Target
	switch {
	case (c.Dir == "") == (c.Target == ""):
		return errors.New("one of --dir and --target is wanted")
	case target == "":
		server, err := s3test.Start(c.Dir, c.Bucket)
		if err != nil {
			return err
		}
		defer server.Stop()
		target, report.Env, report.Dir = server.Endpoint, server.Env(), server.BucketDir(c.Bucket)
	}
	faults, err := s3test.NewFaults(target, c.Rate, c.Seed)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	proxy := &http.Server{Handler: faults}
	done := make(chan error)
	go func() { done <- proxy.Serve(listener) }()
	report.Out = s3test.Place("http://"+listener.Addr().String(), c.Bucket, "")
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	io.Copy(io.Discard, os.Stdin)
	report.Faults = faults.Counts()
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	err = proxy.Close()
	if ended := <-done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("proxy: %w", ended))
	}
	return err
}
