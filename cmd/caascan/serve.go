package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/scanner"
)

// serveCmd is the command serve.
type serveCmd struct {
	networkFlags
	ruleFlags
	issuerFlags

	Listen    string        `default:"127.0.0.1:8053" placeholder:"ADDR:PORT" help:"Where to listen. Other addresses than those of loopback need --token-file."`
	TokenFile string        `placeholder:"FILE" help:"File with the token that callers must show: Authorization: Bearer TOKEN."`
	InFlight  int           `default:"10000" placeholder:"N" help:"Names under way at once; calls beyond that are told to come again."`
	CallTime  time.Duration `default:"30s" placeholder:"DURATION" help:"How long a call may take."`
}

// Example implements exampler.
func (*serveCmd) Example() string {
	return "caascan serve\n  curl 'http://127.0.0.1:8053/v1/check?issuer=letsencrypt.org&name=example.org'"
}

// Bounds on what one caller can make the service hold: slow ones, big ones, many.
const (
	headerTime    = 5 * time.Second
	idleTime      = 2 * time.Minute
	maxHeader     = 16 << 10 // octets
	closingTime   = 10 * time.Second
	leastTokenLen = 16 // characters: less can be guessed
)

// Run serves until it is told to stop.
func (c *serveCmd) Run(env *environ) error {
	network, err := c.network(env)
	if err != nil {
		return usage(err)
	}
	rules, err := c.rulebook(c.At)
	if err != nil {
		return usage(err)
	}
	issuers, err := c.issuers(env)
	if err != nil {
		return usage(err)
	}
	token, err := c.token()
	if err != nil {
		return usage(err)
	}
	switch {
	case c.InFlight < 1:
		return usage(fmt.Errorf("--in-flight %d: want at least 1", c.InFlight))
	case c.CallTime <= 0:
		return usage(fmt.Errorf("--call-time %v: want more than 0", c.CallTime))
	}
	scan, err := scanner.New(scanner.Config{Network: network, InFlight: c.InFlight, Loops: runtime.GOMAXPROCS(0), WithMX: true})
	if err != nil {
		return usage(err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return usage(fmt.Errorf("--listen: %w", err))
	}
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(env.stderr, "caascan: listening on http://%s, described at /openapi.json\n", listener.Addr())
	desk := newDesk(c.InFlight)
	api := newAPI(desk, rules, issuers, c)
	api.token = token
	server := &http.Server{
		Handler: api.handler(), ReadHeaderTimeout: headerTime, ReadTimeout: c.CallTime, IdleTimeout: idleTime,
		WriteTimeout: c.CallTime + headerTime, MaxHeaderBytes: maxHeader,
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return scan.Run(ctx, desk, desk) })
	work.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	work.Go(func() error {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
		defer cancel()
		return server.Shutdown(closing)
	})
	if err := work.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return exit{exitStopped, err}
	}
	return nil
}

// token returns what callers must show; "" if whoever reaches the service may use it, which is only loopback's.
func (c *serveCmd) token() (string, error) {
	if c.TokenFile == "" {
		if !isLoopback(c.Listen) {
			return "", fmt.Errorf("--listen %s: other addresses than those of loopback need --token-file; for a new token: echo %s > FILE", c.Listen, newToken())
		}
		return "", nil
	}
	text, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < leastTokenLen || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("--token-file %s: want one word of %d characters or more", c.TokenFile, leastTokenLen)
	}
	return token, nil
}

func newToken() string {
	var random [16]byte
	rand.Read(random[:]) // never fails (Go 1.24)
	return hex.EncodeToString(random[:])
}
