package generate

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// text writes the scenario.
func (w *world) text() string {
	w.delegate()
	b := &strings.Builder{}
	fmt.Fprintf(b, "; %s\n; %s\n; Written by scanner/replay/generate: do not edit.\n", w.shows, w.rfc)
	w.writeConfig(b)
	fmt.Fprintf(b, "SCENARIO_BEGIN %s\n", w.shows)
	var addrs []string
	for _, z := range w.zones {
		for _, addr := range z.addrs {
			if !slices.Contains(addrs, addr) {
				addrs = append(addrs, addr)
			}
		}
	}
	for addr := range w.raw {
		if !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	known := len(addrs) - len(w.raw)
	slices.Sort(addrs[max(known, 0):])
	asked := w.asked()
	for _, addr := range addrs {
		w.writeRange(b, addr, asked)
	}
	for _, s := range w.steps {
		b.WriteString("\n" + s)
	}
	b.WriteString("\nSCENARIO_END\n")
	return b.String()
}

func (w *world) writeConfig(b *strings.Builder) {
	b.WriteString("server:\n")
	root := w.find(".")
	anchors := w.anchors
	if anchors == nil && root.isSigned() && !w.noAnchor {
		for _, k := range root.ksk {
			anchors = append(anchors, digestOf(k, dns.SHA256).String())
		}
	}
	for _, a := range anchors {
		fmt.Fprintf(b, "\ttrust-anchor: %q\n", strings.ReplaceAll(a, "\t", " "))
	}
	if w.clock {
		fmt.Fprintf(b, "\tval-override-timestamp: \"%d\"\n", at.Unix())
	} else {
		fmt.Fprintf(b, "\tval-override-date: %q\n", cmp.Or(w.moment, at.Format("20060102150405")))
	}
	b.WriteString("\tqname-minimisation: no\n\ttrust-anchor-signaling: no\n\ttarget-fetch-policy: \"0 0 0 0 0\"\n")
	for _, line := range w.config {
		if strings.HasPrefix(line, ";") {
			b.WriteString(line + "\n")
		} else {
			b.WriteString("\t" + line + "\n")
		}
	}
	b.WriteString("stub-zone:\n\tname: \".\"\n")
	for _, addr := range root.addrs {
		fmt.Fprintf(b, "\tstub-addr: %s\n", addr)
	}
	b.WriteString("CONFIG_END\n\n")
}

// writeRange writes what one server says, at any step.
func (w *world) writeRange(b *strings.Builder, addr string, asked []question) {
	var names []string
	for _, z := range w.zones {
		if slices.Contains(z.addrs, addr) {
			names = append(names, z.name)
		}
	}
	fmt.Fprintf(b, "\n; server of %s\nRANGE_BEGIN 0 1000\n\tADDRESS %s\n", cmp.Or(strings.Join(names, " "), "nothing"), addr)
	for _, text := range w.raw[addr] {
		b.WriteString(text)
	}
	for _, q := range w.questions(addr, asked) {
		if m := w.reply(addr, q.name, q.typ); m != nil {
			writeEntry(b, m, "opcode qtype qname", "copy_id")
		}
	}
	for _, cut := range w.cuts(addr) {
		m := w.reply(addr, cut, dns.TypeNS)
		m.Question[0].Qtype = dns.TypeA
		writeEntry(b, m, "opcode subdomain", "copy_id copy_query")
	}
	b.WriteString("RANGE_END\n")
}

// cuts returns the delegations that the server at an address refers to, the deepest first.
func (w *world) cuts(addr string) (cuts []string) {
	for _, z := range w.zones {
		if !slices.Contains(z.addrs, addr) {
			continue
		}
		for name := range z.sets {
			of := w.find(name)
			here := of != z && of.name == name && slices.Contains(of.addrs, addr)
			if z.cutAbove(name) == name && !here {
				cuts = append(cuts, name)
			}
		}
	}
	slices.SortFunc(cuts, func(a, b string) int {
		return cmp.Or(dns.CountLabel(b)-dns.CountLabel(a), compareNames(a, b))
	})
	return cuts
}

// silent marks a reply that is not sent.
const silent = -1

func writeEntry(b *strings.Builder, m *dns.Msg, match, adjust string) {
	if m.Rcode == silent {
		adjust += " do_not_answer"
		m.Rcode = dns.RcodeSuccess
	}
	fmt.Fprintf(b, "ENTRY_BEGIN\nMATCH %s\nADJUST %s\nREPLY QR", match, adjust)
	for _, bit := range []struct {
		set  bool
		word string
	}{{m.Authoritative, "AA"}, {m.Truncated, "TC"}, {m.RecursionAvailable, "RA"}, {hasSignature(m), "DO"}} {
		if bit.set {
			b.WriteString(" " + bit.word)
		}
	}
	rcode := dns.RcodeToString[m.Rcode]
	if m.Rcode == dns.RcodeBadVers {
		rcode = "BADVERS" // 16 has two names
	}
	fmt.Fprintf(b, " %s\nSECTION QUESTION\n%s IN %s\n", rcode, m.Question[0].Name, dns.TypeToString[m.Question[0].Qtype])
	for i, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		if len(section) == 0 {
			continue
		}
		fmt.Fprintf(b, "SECTION %s\n", []string{"ANSWER", "AUTHORITY", "ADDITIONAL"}[i])
		for _, rr := range section {
			b.WriteString(line(rr) + "\n")
		}
	}
	b.WriteString("ENTRY_END\n")
}

func hasSignature(m *dns.Msg) bool {
	return slices.ContainsFunc(slices.Concat(m.Answer, m.Ns), isSignature)
}

func isSignature(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeRRSIG }

// line writes a record. Times of signatures stand as dates only where miekg/dns reads them without a look at the clock.
func line(rr dns.RR) string {
	sig, ok := rr.(*dns.RRSIG)
	if !ok {
		return strings.ReplaceAll(rr.String(), "\t", " ")
	}
	moment := func(t uint32) string {
		if t < 1<<30 || t > 1<<31 {
			return fmt.Sprint(t) // RFC 4034 3.2 allows seconds
		}
		return time.Unix(int64(t), 0).UTC().Format("20060102150405")
	}
	return fmt.Sprintf("%s %d IN RRSIG %s %d %d %d %s %s %d %s %s", sig.Hdr.Name, sig.Hdr.Ttl, dns.TypeToString[sig.TypeCovered],
		sig.Algorithm, sig.Labels, sig.OrigTtl, moment(sig.Expiration), moment(sig.Inception), sig.KeyTag, sig.SignerName, sig.Signature)
}

// rawMessage returns a message in hexadecimal for an entry by hand.
func rawMessage(octets []byte) string {
	return "HEX_ANSWER_BEGIN\n" + hex.EncodeToString(octets) + "\nHEX_ANSWER_END"
}
