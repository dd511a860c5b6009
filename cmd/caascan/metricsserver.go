package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"github.com/caascan/caascan/scanner"
)

// metricsServer answers with the figures of a scan, and where only this machine can reach it with profiles.
type metricsServer struct {
	listener net.Listener
	server   http.Server
	served   sync.WaitGroup
}

// maxScrapers bounds the connections to a metrics server.
const maxScrapers = 16

// listenMetrics opens the address of --metrics; nil without one.
func listenMetrics(address string) (*metricsServer, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	return &metricsServer{listener: netutil.LimitListener(listener, maxScrapers)}, nil
}

// serve answers until close.
func (m *metricsServer) serve(w *watcher) {
	if m == nil {
		return
	}
	registry := prometheus.NewRegistry()
	registerScan(registry, w.scan.Progress)
	registry.MustRegister(newMetrics(runMetrics, w.runNow, nil))
	at := m.listener.Addr().(*net.TCPAddr)
	m.server = http.Server{
		Handler: metricsHandler(at, registry), ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(w.env.log.Handler(), slog.LevelWarn),
	}
	w.env.log.Info("figures are at http://" + at.String() + "/metrics")
	m.served.Go(func() {
		if err := m.server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
			w.env.log.Error("no more figures", "error", err)
		}
	})
}

// metricsHandler answers at an address: with profiles, which show more than figures and cost more, only on loopback.
func metricsHandler(at *net.TCPAddr, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(to http.ResponseWriter, _ *http.Request) { io.WriteString(to, "ok\n") })
	if !at.IP.IsLoopback() {
		return mux
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return ownHost(mux)
}

// ownHost keeps pages of other hosts, which a browser on this machine shows, from reading what only this machine may see
// (DNS rebinding): on loopback the service goes by names of loopback only.
func ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(to, "want a name of loopback", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(to, r)
	})
}

// close ends the service; a scrape that has begun has a moment to end.
func (m *metricsServer) close() {
	if m == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), partingTime)
	defer cancel()
	if m.server.Shutdown(ctx) != nil {
		m.server.Close()
	}
	m.served.Wait()
}

// slowedServers returns what the limits have decided for all servers, as of a while ago.
func (w *watcher) slowedServers() scanner.Slowed {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); !now.Before(w.nextSlowed) {
		w.slowed = w.scan.Slowed()
		w.nextSlowed = time.Now().Add(waitsShare * time.Since(now))
	}
	return w.slowed
}
