package simnet

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// FuzzRespond gives any octets to any server: nothing panics, nobody replies to a reply or to what has no header, and
// a reply carries the ID of the query, fits the transport and can be read.
func FuzzRespond(f *testing.F) {
	w := testWorld(f, Config{Seed: 1, Names: 25_000})
	queries, _ := queriesFor(w, 200)
	for i, q := range queries {
		f.Add(uint16(i), i%2 == 0, i%3 == 0, q)
	}
	for i := range w.Len() {
		if i%500 == 0 {
			for _, typ := range []wire.Type{wire.TypeCAA, wire.TypeNS, wire.TypeSOA, wire.TypeDS, wire.TypeDNAME} {
				f.Add(uint16(i), false, false, wire.AppendQuery(nil, 1, wire.MustName(w.Name(i)), typ, wire.Query{EDNS: true, UDPSize: 4096, NSID: true, DO: true}))
			}
		}
	}
	f.Add(uint16(0), false, false, []byte{})
	f.Add(uint16(0), false, false, make([]byte, 12))
	r := &responder{w: w}
	f.Fuzz(func(t *testing.T, server uint16, tcp, limited bool, query []byte) {
		if len(query) > 0xffff {
			return
		}
		ns := &w.servers[int(server)%len(w.servers)]
		prefix := []byte{1, 2}
		out, a := r.respond(ns, query, tcp, limited, prefix)
		if !a.send {
			return
		}
		msg := out[len(prefix):]
		if len(query) < 12 || query[2]&0x80 != 0 {
			t.Fatalf("reply to %x", query)
		}
		if msg[0] != query[0] || msg[1] != query[1] {
			t.Fatal("reply with another ID")
		}
		if msg[2]&0x80 == 0 && ns.fault != qrClear {
			t.Fatal("reply is none")
		}
		if !tcp && len(msg) > ednsSize || len(msg) > 0xffff {
			t.Fatalf("reply of %d octets", len(msg))
		}
		if ns.fault == overrun {
			return
		}
		var m wire.Message
		if binary.BigEndian.Uint16(msg[4:]) == 0 {
			return // FORMERR without a question
		}
		if err := m.Parse(msg); err != nil {
			t.Fatalf("reply %x to %x: %v", msg, query, err)
		}
	})
}

// TestRepliesParse holds the replies to all kinds of questions against miekg/dns: they can be read, and what they
// say is about the question or its ancestors or its aliases.
func TestRepliesParse(t *testing.T) {
	w := testWorld(t, Config{Seed: 4, Names: 4096})
	r := &responder{w: w}
	for i := range w.Len() {
		truth := w.Truth(i)
		for at := i % 7; at < len(w.servers); at += 97 {
			for _, typ := range []uint16{dns.TypeCAA, dns.TypeNS, dns.TypeSOA, dns.TypeDS, dns.TypeANY} {
				q := new(dns.Msg)
				q.SetQuestion(dns.Fqdn(truth.Name), typ)
				query, err := q.Pack()
				if err != nil {
					t.Fatal(err)
				}
				checkReply(t, w, r, &w.servers[at], query, q)
			}
		}
	}
}

func checkReply(t *testing.T, w *World, r *responder, ns *nameServer, query []byte, q *dns.Msg) {
	t.Helper()
	msg, a := r.respond(ns, query, true, false, nil)
	if !a.send || ns.fault == overrun || ns.fault == wrongQuestion {
		return
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(msg); err != nil {
		t.Fatalf("%s of %v: %v", ns.name, q.Question[0], err)
	}
	owner := map[string]bool{q.Question[0].Name: true}
	for _, rr := range reply.Answer {
		dname := rr.Header().Rrtype == dns.TypeDNAME && dns.IsSubDomain(rr.Header().Name, q.Question[0].Name)
		if !owner[rr.Header().Name] && !dname {
			t.Errorf("%s of %v: answer about %s", ns.name, q.Question[0], rr)
		}
		if c, ok := rr.(*dns.CNAME); ok {
			owner[c.Target] = true
		}
	}
	for _, rr := range reply.Ns {
		if !dns.IsSubDomain(rr.Header().Name, q.Question[0].Name) {
			t.Errorf("%s of %v: authority of %s", ns.name, q.Question[0], rr)
		}
	}
}
