// Package s3test runs a real S3 server on loopback, and makes the way to it bad: what tests and bench hold the object store
// of package output against.
//
// The server is the Versity S3 Gateway, a program of its own that serves a directory (make deps builds it). Its objects
// are plain files there, so that what a scan has written can be read without S3. Faults is a proxy before it that
// refuses, breaks off, loses replies and cuts them short, by chance with a seed.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Credentials and region of the server.
const (
	accessKey = "caascan-test"
	secretKey = "caascan-test-secret"
	region    = "us-east-1"
)

// Server is a running S3 server.
type Server struct {
	Endpoint string // http://127.0.0.1:port
	Dir      string // a folder for each bucket, in it the objects

	process *exec.Cmd
	ended   chan struct{}
	log     bytes.Buffer
}

// starts bounds the attempts at finding a port: another process may take one between our look and the server's.
const starts = 5

// Start runs a server that keeps its objects below dir, with the buckets given. Stop ends it.
func Start(dir string, buckets ...string) (*Server, error) {
	program, err := program()
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: filepath.Join(dir, "objects")}
	notes := filepath.Join(dir, "metadata") // beside the objects: not every file system has extended attributes
	for _, folder := range append([]string{notes, s.Dir}, prefixed(s.Dir, buckets)...) {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return nil, err
		}
	}
	for range starts {
		if err = s.start(program, notes); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s: %w\n%s", program, err, s.log.Bytes())
}

func prefixed(dir string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
	}
	return paths
}

// program finds the server: $CAASCAN_VERSITYGW, .tools/versitygw in this module, or on the path.
func program() (string, error) {
	if path := os.Getenv("CAASCAN_VERSITYGW"); path != "" {
		return path, nil
	}
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
		if path := filepath.Join(dir, ".tools", "versitygw"); executable(path) {
			return path, nil
		}
	}
	path, err := exec.LookPath("versitygw")
	if err != nil {
		return "", errors.New("versitygw is not installed: the tests of object storage need it as their S3 server; run 'make deps'")
	}
	return path, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// start runs the server and returns when it answers.
func (s *Server) start(program, notes string) error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	listener.Close()

	s.log.Reset()
	s.process = exec.Command(program, "--port", address, "--access", accessKey, "--secret", secretKey, "--region", region,
		"--quiet", "--keep-alive", "posix", "--sidecar", notes, s.Dir)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	s.process.Env = []string{"HOME=" + notes, "PATH=" + os.Getenv("PATH")}
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func(p *exec.Cmd, ended chan struct{}) {
		p.Wait()
		close(ended)
	}(s.process, s.ended)
	s.Endpoint = "http://" + address
	if err := s.await(address); err != nil {
		s.Stop()
		return err
	}
	return nil
}

// readyWithin is how long a server may take to answer on a busy machine.
const readyWithin = 20 * time.Second

func (s *Server) await(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp4", address); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("it ended: %v", s.process.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("it does not answer within %v", readyWithin)
		}
	}
}

// BucketDir is the folder with the objects of a bucket.
func (s *Server) BucketDir(bucket string) string { return filepath.Join(s.Dir, bucket) }

// Stop ends the server. It may be called more than once.
func (s *Server) Stop() {
	s.process.Process.Kill()
	<-s.ended
}

// Env is what a process needs in its environment to use the server, and to use nothing else: no files of the user, no
// metadata service of a cloud.
func (s *Server) Env() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_REGION": region,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// Place returns the URL of a prefix in a bucket of the server at an endpoint, its own or that of a proxy, as for --out.
func Place(endpoint, bucket, prefix string) string {
	query := url.Values{"endpoint": {endpoint}, "use_path_style": {"true"}, "region": {region}}
	return "s3://" + bucket + "/" + strings.Trim(prefix, "/") + "?" + query.Encode()
}
