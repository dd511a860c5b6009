package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner"
)

// serveCmd is the command serve.
type serveCmd struct {
	networkFlags
	ruleFlags

	Listen    string        `default:"127.0.0.1:8053" placeholder:"ADDR:PORT" help:"Where to listen. Other addresses than those of loopback need --token-file."`
	TokenFile string        `placeholder:"FILE" help:"File with the token that callers must show: Authorization: Bearer TOKEN."`
	InFlight  int           `default:"10000" placeholder:"N" help:"Names under way at once; calls beyond that are told to come again."`
	CallTime  time.Duration `default:"30s" placeholder:"DURATION" help:"How long a call may take."`
	Grace     time.Duration `default:"10s" placeholder:"DURATION" help:"How long calls under way may go on once the service is told to end."`
}

// Example implements command.Exampler.
func (*serveCmd) Example() string {
	return "caascan serve\n  curl 'http://127.0.0.1:8053/v1/check?issuer=letsencrypt.org&name=example.org'"
}

// Bounds on what callers can make the service hold, be they slow, big or many. With those on names under way and on
// calls (api.go) they bound its memory but for the caches of the resolvers, which have bounds of their own, and what is
// remembered of each name server met.
const (
	headerTime     = 5 * time.Second
	requestTime    = 10 * time.Second // header and body
	answerTime     = 10 * time.Second // for taking the answer, once it is there
	idleTime       = time.Minute
	maxHeader      = 16 << 10        // octets; fits a hundred names in a query string
	maxConnections = 1000            // beyond them callers wait to be let in: each holds at most a header, a body and its answer
	partingTime    = 2 * time.Second // for writing the last answers
	leastTokenLen  = 16              // characters: less can be guessed
)

// errEnding: the service answers no more calls.
var errEnding = errors.New("the service is ending")

// Run serves until it is told to stop.
func (c *serveCmd) Run(env *environ) error {
	network, err := c.network(env)
	if err != nil {
		return command.Usage(err)
	}
	rules, err := c.rulebook(c.At)
	if err != nil {
		return command.Usage(err)
	}
	token, err := c.token()
	if err != nil {
		return command.Usage(err)
	}
	switch {
	case c.InFlight < 1:
		return command.Usage(fmt.Errorf("--in-flight %d: want at least 1", c.InFlight))
	case c.CallTime <= 0:
		return command.Usage(fmt.Errorf("--call-time %v: want more than 0", c.CallTime))
	case c.Grace < 0:
		return command.Usage(fmt.Errorf("--grace %v: want at least 0", c.Grace))
	}
	c.exclusion.catchHangup()
	defer c.exclusion.rereadOnHangup(env.ctx, env.log, func(*output.ExcludeList) {})()
	scan, err := c.newScan(env, network)
	if err != nil {
		return command.Usage(err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return command.Usage(fmt.Errorf("--listen: %w", err))
	}
	env.log.Info(fmt.Sprintf("listening on http://%s, described at /openapi.json", listener.Addr()))
	desk := newDesk(c.InFlight)
	api := newAPI(desk, rules, c, token, scan.Progress, env.log)
	if err := c.serve(env, listener, api, func(ctx context.Context) error { return scan.Run(ctx, desk, desk) }); err != nil {
		return command.Exit{Code: exitStopped, Err: err}
	}
	return nil
}

// newScan makes the scan behind the desk. Each loop has room for all names under way, so that many names of one domain,
// which are one loop's, do not keep those of others out.
func (c *serveCmd) newScan(env *environ, network scanner.Network) (*scanner.Scan, error) {
	flags := scanFlags{InFlight: c.InFlight * runtime.GOMAXPROCS(0), With: []string{"mx"}}
	return flags.newScan(env, network, rand.Uint64(), nil)
}

// serve answers calls until a signal comes, or the scan that looks names up for them ends by itself. Then new calls are
// refused, those under way have the time of grace to come to their end, and the scan is ended.
func (c *serveCmd) serve(env *environ, listener net.Listener, api *api, scan func(context.Context) error) error {
	signalled, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	answering, end := context.WithCancelCause(context.WithoutCancel(env.ctx)) // while it lasts, names are looked up
	defer end(nil)
	server := &http.Server{
		Handler: api, BaseContext: func(net.Listener) context.Context { return answering },
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime + c.CallTime + answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true,
		ErrorLog: slog.NewLogLogger(env.log.Handler(), slog.LevelWarn),
	}
	work, ctx := errgroup.WithContext(signalled)
	work.Go(func() error {
		err := scan(answering)
		end(errEnding)
		if errors.Is(err, errEnding) {
			return nil
		}
		return err
	})
	work.Go(func() error {
		if err := server.Serve(netutil.LimitListener(listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	work.Go(func() error {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		api.ending.Store(true)
		closing, cancel := context.WithTimeout(answering, c.Grace)
		defer cancel()
		if api.desk.drain(closing) != nil {
			end(errEnding) // who still waits is told so
		}
		parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
		defer cancel()
		if server.Shutdown(parting) != nil {
			server.Close() // on callers who do not take their answers
		}
		end(errEnding)
		return nil
	})
	return work.Wait()
}

// token returns what callers must show; "" if whoever reaches the service may use it, which is only loopback's.
func (c *serveCmd) token() (string, error) {
	if c.TokenFile == "" {
		if !isLoopback(c.Listen) {
			return "", fmt.Errorf("--listen %s: other addresses than those of loopback need --token-file; for a new token: (umask 077; openssl rand -hex 16 > FILE)", c.Listen)
		}
		return "", nil
	}
	text, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < leastTokenLen || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--token-file %s: want one word of %d characters or more, of ASCII", c.TokenFile, leastTokenLen)
	}
	return token, nil
}

// isLoopback reports whether only this machine can reach what is called hostport.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host, _, err = net.SplitHostPort(hostport + ":0") // there may be no port
	}
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
