package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// software is a kind of name server.
type software string

const (
	nsd  software = "nsd"
	knot software = "knot"
	bind software = "named"
)

// role is the part of the tree that a server is for.
type role uint8

const (
	rooting role = iota
	topping
	hosting
)

// server is one name server process.
type server struct {
	name  string
	kind  software
	role  role
	addr  string
	zones []*zone
	dir   string
}

// newServers returns all there are, each in a process of its own.
func newServers() []*server {
	return []*server{
		{name: "root", kind: nsd, role: rooting, addr: "127.1.0.1"},
		{name: "nsd-top", kind: nsd, role: topping, addr: "127.1.1.1"},
		{name: "knot-top", kind: knot, role: topping, addr: "127.1.1.2"},
		{name: "bind-top", kind: bind, role: topping, addr: "127.1.1.3"},
		{name: "nsd-1", kind: nsd, role: hosting, addr: "127.1.2.1"},
		{name: "knot-1", kind: knot, role: hosting, addr: "127.1.2.2"},
		{name: "bind-1", kind: bind, role: hosting, addr: "127.1.2.3"},
		{name: "nsd-2", kind: nsd, role: hosting, addr: "127.1.2.4"},
		{name: "knot-2", kind: knot, role: hosting, addr: "127.1.2.5"},
		{name: "bind-2", kind: bind, role: hosting, addr: "127.1.2.6"},
		{name: "lame", kind: nsd, role: refusing, addr: lameAddr},
	}
}

// refusing: it has no zones, so that what is delegated to it is lame.
const refusing role = hosting + 1

// addressesOf returns the addresses of all servers of a kind.
func addressesOf(kind software) []string {
	var addrs []string
	for _, s := range newServers() {
		if s.kind == kind {
			addrs = append(addrs, s.addr)
		}
	}
	return addrs
}

// readyWithin is how long a server may take to load, and to sign, all its zones.
const readyWithin = 20 * time.Second

// serve starts all servers and waits until they have their zones.
func (w *world) serve(ctx context.Context) error {
	group, starting := errgroup.WithContext(ctx)
	procs := make([]*process, len(w.servers))
	for i, s := range w.servers {
		group.Go(func() (err error) {
			s.dir = filepath.Join(w.dir, s.name)
			if err := os.Mkdir(s.dir, 0o755); err != nil {
				return err
			}
			conf := filepath.Join(s.dir, "conf")
			if err := os.WriteFile(conf, []byte(s.config(w)), 0o644); err != nil {
				return err
			}
			if err := s.importKeys(starting, w, conf); err != nil {
				return err
			}
			procs[i], err = start(s.name, s.dir, s.command(conf)...)
			return err
		})
	}
	err := group.Wait()
	for _, p := range procs {
		if p != nil {
			w.procs = append(w.procs, p)
		}
	}
	if err != nil {
		return err
	}
	for i, s := range w.servers {
		for _, z := range s.zones {
			err := procs[i].await(ctx, readyWithin, func(ctx context.Context) error { return s.has(ctx, z) })
			if err != nil {
				return fmt.Errorf("zone %s: %w", z.name, err)
			}
		}
	}
	return nil
}

// alive says which servers have ended, which none should.
func (w *world) alive() error {
	for _, p := range w.procs {
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended by itself: %v\n%s", p.name, p.cmd.ProcessState, p.tail())
		default:
		}
	}
	return nil
}

// stop ends all servers that were started.
func (w *world) stop() error {
	var failed error
	for _, p := range w.procs {
		failed = errors.Join(failed, p.stop())
	}
	w.procs = nil
	return failed
}

// command runs the server in the foreground.
func (s *server) command(conf string) []string {
	switch s.kind {
	case nsd:
		return []string{"nsd", "-d", "-c", conf}
	case knot:
		return []string{"knotd", "-c", conf}
	}
	return []string{"named", "-g", "-n", "1", "-U", "1", "-c", conf}
}

// has says what is wrong with a zone at the server, nil if it serves it.
func (s *server) has(ctx context.Context, z *zone) error {
	query := new(dns.Msg).SetQuestion(z.name, dns.TypeSOA)
	query.RecursionDesired = false
	query.SetEdns0(1232, true)
	client := dns.Client{Timeout: time.Second}
	reply, _, err := client.ExchangeContext(ctx, query, net.JoinHostPort(s.addr, "53"))
	switch {
	case err != nil:
		return err
	case reply.Rcode != dns.RcodeSuccess || !reply.Authoritative || len(reply.Answer) == 0:
		return errors.New("no authoritative answer: " + dns.RcodeToString[reply.Rcode])
	case z.class.signer != byBIND && z.signed() && len(reply.Answer) < 2:
		return errors.New("not signed yet")
	}
	return nil
}

// file is the zone file of a zone at the server.
func (s *server) file(z *zone) string {
	return z.files[min(slices.Index(z.servers, s), len(z.files)-1)]
}

// config is the configuration of the server.
func (s *server) config(w *world) string {
	var b strings.Builder
	switch s.kind {
	case nsd:
		fmt.Fprintf(&b, "server:\n  ip-address: %s\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  zonesdir: %q\n  pidfile: \"\"\n  database: \"\"\n", s.addr, s.dir)
		fmt.Fprintf(&b, "  zonelistfile: %q\n  xfrdfile: %q\n  xfrdir: %q\n  rrl-ratelimit: 0\n", s.dir+"/zone.list", s.dir+"/xfrd.state", s.dir)
		b.WriteString("remote-control:\n  control-enable: no\n")
		for _, z := range s.zones {
			fmt.Fprintf(&b, "zone:\n  name: %q\n  zonefile: %q\n", z.name, s.file(z))
		}
	case knot:
		s.knotConfig(&b)
	case bind:
		fmt.Fprintf(&b, "options {\n  directory %q;\n  listen-on { %s; };\n  listen-on-v6 { none; };\n", s.dir, s.addr)
		b.WriteString("  recursion no;\n  dnssec-validation no;\n  empty-zones-enable no;\n  notify no;\n  pid-file none;\n  minimal-responses no;\n")
		fmt.Fprintf(&b, "  session-keyfile %q;\n  lock-file none;\n  key-directory %q;\n  check-names primary ignore;\n};\ncontrols { };\n", s.dir+"/session.key", s.dir)
		for _, z := range s.zones {
			fmt.Fprintf(&b, "zone %q {\n  type primary;\n  file %q;\n  check-integrity no;\n};\n", z.name, s.file(z))
		}
	}
	return b.String()
}

// knotConfig has a policy for each way in which Knot signs zones itself.
func (s *server) knotConfig(b *strings.Builder) {
	fmt.Fprintf(b, "server:\n  listen: %s\n  rundir: %q\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: %d\n", s.addr, s.dir, runtime.NumCPU())
	fmt.Fprintf(b, "database:\n  storage: %q\n  journal-db-max-size: 64M\n  kasp-db-max-size: 64M\n  timer-db-max-size: 4M\n", s.dir)
	b.WriteString("log:\n  - target: stderr\n    any: info\n")
	policies := map[string]bool{}
	var zones strings.Builder
	for _, z := range s.zones {
		fmt.Fprintf(&zones, "  - domain: %q\n    file: %q\n    zonefile-sync: -1\n    semantic-checks: off\n", z.name, s.file(z))
		if !z.signed() || z.class.signer == byBIND {
			continue
		}
		policy, body := z.policy()
		if !policies[policy] {
			if len(policies) == 0 {
				b.WriteString("policy:\n")
			}
			policies[policy] = true
			fmt.Fprintf(b, "  - id: %s\n%s", policy, body)
		}
		if z.class.signer == byKnot {
			fmt.Fprintf(&zones, "    dnssec-signing: on\n    dnssec-policy: %s\n", policy)
		} else {
			fmt.Fprintf(&zones, "    module: mod-onlinesign/%s\n", policy)
		}
	}
	if len(policies) > 0 {
		online := ""
		for _, policy := range sorted(policies) {
			if strings.HasPrefix(policy, "online-") {
				online += fmt.Sprintf("  - id: %s\n    policy: %s\n", policy, policy)
			}
		}
		if online != "" {
			b.WriteString("mod-onlinesign:\n" + online)
		}
	}
	if len(s.zones) > 0 {
		b.WriteString("zone:\n" + zones.String())
	}
}

// policy is the name and the body of Knot's policy for a zone.
func (z *zone) policy() (name, body string) {
	d := z.denial
	algorithm := strings.ToLower(dns.AlgorithmToString[z.alg])
	single := "off"
	if len(z.keys) == 1 {
		single = "on"
	}
	name = fmt.Sprintf("p-%d-%s-%s-%v", z.alg, d.word(), strings.TrimPrefix(d.salt, "-"), single)
	body = fmt.Sprintf("    manual: on\n    algorithm: %s\n    ksk-size: %s\n    zsk-size: %s\n    single-type-signing: %s\n", algorithm, rsaBits, rsaBits, single)
	if z.alg >= dns.ECDSAP256SHA256 {
		body = fmt.Sprintf("    manual: on\n    algorithm: %s\n    single-type-signing: %s\n", algorithm, single)
	}
	if z.class.signer == byKnotOnline {
		return "online-" + name, body
	}
	if d.nsec3 {
		body += fmt.Sprintf("    nsec3: on\n    nsec3-iterations: %d\n    nsec3-opt-out: %s\n    nsec3-salt-length: 0\n",
			d.iterations, map[bool]string{true: "on", false: "off"}[d.optOut])
	}
	return name, body
}

// importKeys gives Knot the keys of the zones that it signs.
func (s *server) importKeys(ctx context.Context, w *world, conf string) error {
	for _, z := range s.zones {
		if z.class.signer == byBIND {
			continue
		}
		for _, k := range z.keys {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := output(s.dir, "keymgr", "-c", conf, z.name, "import-bind", filepath.Join(w.keyDir(), k.file+".key")); err != nil {
				return err
			}
			if len(z.keys) == 1 {
				if _, err := output(s.dir, "keymgr", "-c", conf, z.name, "set", k.tag(), "ksk=yes", "zsk=yes"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
