package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// The oracle: whatever this package reads or writes is held against github.com/miekg/dns, octet by octet.

// oracleName returns text, a name as miekg/dns writes it, in folded wire form.
func oracleName(t testing.TB, text string) Name {
	t.Helper()
	buf := make([]byte, MaxName+1)
	n, err := dns.PackDomainName(text, buf, 0, nil, false)
	if err != nil {
		t.Fatalf("oracle cannot pack name %q: %v", text, err)
	}
	return Name(asciiLower(buf[:n]))
}

// asciiLower folds octet by octet, with no help from fold.go.
func asciiLower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return b
}

// oracleData returns the data of rr, uncompressed, its names folded as RFC 4034 6.2 and RFC 6840 5.1 demand.
func oracleData(t testing.TB, rr dns.RR) []byte {
	t.Helper()
	rr = dns.Copy(rr)
	lower := func(names ...*string) {
		for _, n := range names {
			*n = strings.ToLower(*n) // other than ASCII is escaped
		}
	}
	switch x := rr.(type) {
	case *dns.NS:
		lower(&x.Ns)
	case *dns.CNAME:
		lower(&x.Target)
	case *dns.DNAME:
		lower(&x.Target)
	case *dns.PTR:
		lower(&x.Ptr)
	case *dns.MB:
		lower(&x.Mb)
	case *dns.MG:
		lower(&x.Mg)
	case *dns.MR:
		lower(&x.Mr)
	case *dns.MD:
		lower(&x.Md)
	case *dns.MF:
		lower(&x.Mf)
	case *dns.MINFO:
		lower(&x.Rmail, &x.Email)
	case *dns.RP:
		lower(&x.Mbox, &x.Txt)
	case *dns.AFSDB:
		lower(&x.Hostname)
	case *dns.RT:
		lower(&x.Host)
	case *dns.PX:
		lower(&x.Map822, &x.Mapx400)
	case *dns.SRV:
		lower(&x.Target)
	case *dns.NAPTR:
		lower(&x.Replacement)
	case *dns.KX:
		lower(&x.Exchanger)
	case *dns.MX:
		lower(&x.Mx)
	case *dns.SOA:
		lower(&x.Ns, &x.Mbox)
	case *dns.RRSIG:
		lower(&x.SignerName)
	case *dns.SIG:
		lower(&x.SignerName)
	}
	buf := make([]byte, 2*maxMessage)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		t.Fatalf("oracle cannot pack %v: %v", rr, err)
	}
	_, owner, err := dns.UnpackDomainName(buf, 0)
	if err != nil {
		t.Fatal(err)
	}
	return buf[owner+rrHeadSize : n]
}

// checkAgainst parses msg, which the oracle reads as want, and compares everything.
func checkAgainst(t *testing.T, m *Message, msg []byte, want *dns.Msg) {
	t.Helper()
	if err := m.Parse(msg); err != nil {
		t.Fatalf("Parse: %v\n%v", err, want)
	}
	checkHeader(t, m, msg, want)
	sections := [][]dns.RR{want.Answer, want.Ns, want.Extra}
	i := 0
	for section, rrs := range sections {
		for _, rr := range rrs {
			if rr.Header().Rrtype == dns.TypeOPT && Section(section) == Additional {
				continue
			}
			if i >= len(m.RRs) {
				t.Fatalf("only %d records of\n%v", len(m.RRs), want)
			}
			if m.RRs[i].Section != Section(section) {
				t.Errorf("record %d in section %d, want %d", i, m.RRs[i].Section, section)
			}
			checkRecord(t, m, m.RRs[i], rr)
			i++
		}
	}
	if i != len(m.RRs) {
		t.Errorf("%d records, want %d", len(m.RRs), i)
	}
	checkOPT(t, m, want)
}

func checkHeader(t *testing.T, m *Message, msg []byte, want *dns.Msg) {
	t.Helper()
	q := want.Question[0]
	if m.ID != want.Id || m.QType != Type(q.Qtype) || m.QCls != q.Qclass || m.Size() != len(msg) {
		t.Errorf("id %d type %v class %d size %d\nwant %v", m.ID, m.QType, m.QCls, m.Size(), want)
	}
	if got, want := m.QName(), oracleName(t, q.Name); got != want {
		t.Errorf("QName %q, want %q", got, want)
	}
	for _, f := range []struct {
		flag uint16
		want bool
	}{
		{FlagQR, want.Response}, {FlagAA, want.Authoritative}, {FlagTC, want.Truncated}, {FlagRD, want.RecursionDesired},
		{FlagRA, want.RecursionAvailable}, {FlagAD, want.AuthenticatedData}, {FlagCD, want.CheckingDisabled},
	} {
		if m.Has(f.flag) != f.want {
			t.Errorf("flag %#x: %v, want %v", f.flag, m.Has(f.flag), f.want)
		}
	}
	if int(m.RCode()) != want.Rcode {
		t.Errorf("RCode %d, want %d", m.RCode(), want.Rcode)
	}
}

// checkRecord compares what does not depend on the type, then what does.
func checkRecord(t *testing.T, m *Message, rr RR, want dns.RR) {
	t.Helper()
	h := want.Header()
	ttl := h.Ttl
	if ttl > 1<<31-1 {
		ttl = 0 // RFC 2181 8
	}
	if rr.Type != Type(h.Rrtype) || rr.Class != h.Class || rr.TTL != ttl {
		t.Errorf("type %v class %d ttl %d of %v", rr.Type, rr.Class, rr.TTL, want)
	}
	owner, err := m.Owner(rr)
	if wantOwner := oracleName(t, h.Name); err != nil || owner != wantOwner {
		t.Fatalf("owner %q %v, want %q", owner, err, wantOwner)
	}
	checkOwnerIs(t, m, rr, owner)
	data, err := m.AppendRData([]byte("kept"), rr)
	if err != nil {
		t.Fatalf("AppendRData: %v for %v", err, want)
	}
	wantData := oracleData(t, want)
	if !bytes.HasPrefix(data, []byte("kept")) || !bytes.Equal(data[4:], wantData) {
		t.Fatalf("AppendRData\n got %x\nwant %x\nfor %v", data[4:], wantData, want)
	}
	wantRR := append(append([]byte(owner), 0, 0, 0, 0), make([]byte, 6)...)
	tail := wantRR[len(owner):]
	binary.BigEndian.PutUint16(tail, h.Rrtype)
	binary.BigEndian.PutUint16(tail[2:], h.Class)
	binary.BigEndian.PutUint32(tail[4:], h.Ttl)
	binary.BigEndian.PutUint16(tail[8:], uint16(len(wantData)))
	wantRR = append(wantRR, wantData...)
	gotRR := AppendRR(nil, owner, rr.Type, rr.Class, h.Ttl, data[4:])
	if !bytes.Equal(gotRR, wantRR) {
		t.Errorf("AppendRR\n got %x\nwant %x", gotRR, wantRR)
	}
	if back, off, err := dns.UnpackRR(gotRR, 0); err != nil || off != len(gotRR) || back.Header().Rrtype != h.Rrtype {
		t.Errorf("oracle cannot read AppendRR of %v: %v", want, err)
	}
	checkFields(t, m, rr, want, data[4:])
}

func checkOwnerIs(t *testing.T, m *Message, rr RR, owner Name) {
	t.Helper()
	if !m.OwnerIs(rr, owner) || !owner.Is([]byte(owner)) {
		t.Errorf("OwnerIs(%v) is false for itself", owner)
	}
	last := []byte(owner)
	if len(last) > 2 {
		last[len(last)-2] ^= 0x10 // the last letter of the last label
	}
	for _, other := range []Name{owner.Parent(), "\x01x" + owner, Name(last), ""} {
		if other != owner && m.OwnerIs(rr, other) {
			t.Errorf("OwnerIs(%q) is true for %q", other, owner)
		}
	}
}

// checkFields compares the fields of the types that this package reads. data is rr's data in canonical form.
func checkFields(t *testing.T, m *Message, rr RR, want dns.RR, data []byte) {
	t.Helper()
	name := func(text string) Name { return oracleName(t, text) }
	var err error
	equal := true
	switch w := want.(type) {
	case *dns.A:
		var got netip.Addr
		got, err = m.Addr(rr)
		wantAddr, _ := netip.AddrFromSlice(w.A.To4())
		equal = got == wantAddr
	case *dns.AAAA:
		var got netip.Addr
		got, err = m.Addr(rr)
		equal = got.Is6() && bytes.Equal(got.AsSlice(), w.AAAA.To16())
	case *dns.NS:
		var got Name
		got, err = m.Target(rr)
		equal = got == name(w.Ns)
	case *dns.CNAME:
		var got Name
		got, err = m.Target(rr)
		equal = got == name(w.Target)
	case *dns.DNAME:
		var got Name
		got, err = m.Target(rr)
		equal = got == name(w.Target)
	case *dns.MX:
		var preference uint16
		var exchange Name
		preference, exchange, err = m.MX(rr)
		equal = preference == w.Preference && exchange == name(w.Mx)
	case *dns.SOA:
		var minimum uint32
		if minimum, err = m.SOAMinimum(rr); err == nil {
			equal = minimum == w.Minttl && equalSOA(t, data, w)
		}
	default:
		equal, err = equalData(t, data, want)
	}
	if err != nil || !equal {
		t.Errorf("fields differ (error %v) from %v", err, want)
	}
}

func equalSOA(t *testing.T, data []byte, w *dns.SOA) bool {
	t.Helper()
	got, err := ParseSOA(data)
	return err == nil && oracleName(t, w.Ns).Is(got.MName) && oracleName(t, w.Mbox).Is(got.RName) &&
		got.Serial == w.Serial && got.Refresh == w.Refresh && got.Retry == w.Retry && got.Expire == w.Expire && got.Minimum == w.Minttl
}

// equalData compares the types that are read from data alone.
func equalData(t *testing.T, data []byte, want dns.RR) (equal bool, err error) {
	t.Helper()
	switch w := want.(type) {
	case *dns.DS:
		got, err := ParseDS(data)
		return got.KeyTag == w.KeyTag && got.Algorithm == w.Algorithm && got.DigestType == w.DigestType &&
			bytes.Equal(got.Digest, unhex(t, w.Digest)), err
	case *dns.DNSKEY:
		got, err := ParseDNSKEY(data)
		// The oracle knows no RSA/MD5 (RFC 4034 B.1; see TestKeyTag) and no key longer than its 4096 octet buffer.
		tagOK := got.Algorithm == 1 || len(data) > 4096 || got.KeyTag() == w.KeyTag()
		return got.Flags == w.Flags && got.Protocol == w.Protocol && got.Algorithm == w.Algorithm &&
			bytes.Equal(got.PublicKey, unbase64(t, w.PublicKey)) && tagOK, err
	case *dns.RRSIG:
		got, err := ParseRRSIG(data)
		signature := unbase64(t, w.Signature)
		return got.TypeCovered == Type(w.TypeCovered) && got.Algorithm == w.Algorithm && got.Labels == w.Labels &&
			got.OriginalTTL == w.OrigTtl && got.Expiration == w.Expiration && got.Inception == w.Inception && got.KeyTag == w.KeyTag &&
			oracleName(t, w.SignerName).Is(got.SignerName) && bytes.Equal(got.Signature, signature) &&
			bytes.Equal(got.Signed, data[:len(data)-len(signature)]), err
	case *dns.NSEC:
		got, err := ParseNSEC(data)
		return oracleName(t, w.NextDomain).Is(got.NextName) && equalTypes(got.Types, w.TypeBitMap), err
	case *dns.NSEC3:
		got, err := ParseNSEC3(data)
		return got.HashAlgorithm == w.Hash && got.Flags == w.Flags && got.Iterations == w.Iterations &&
			bytes.Equal(got.Salt, unhex(t, strings.Trim(w.Salt, "-"))) && strings.EqualFold(toBase32(got.NextHashed), w.NextDomain) && equalTypes(got.Types, w.TypeBitMap), err
	case *dns.TXT:
		got, err := ParseTXT(data)
		var texts [][]byte
		for text := range got.Strings {
			texts = append(texts, text)
		}
		return slices.EqualFunc(texts, w.Txt, func(got []byte, want string) bool { return string(got) == unescapeText(want) }), err
	}
	return true, nil
}

func equalTypes(b TypeBitmap, want []uint16) bool {
	count := 0
	for t := range 1 << 16 {
		if b.Has(Type(t)) {
			if !slices.Contains(want, uint16(t)) {
				return false
			}
			count++
		}
	}
	return count == len(want)
}

func checkOPT(t *testing.T, m *Message, want *dns.Msg) {
	t.Helper()
	opt := want.IsEdns0()
	if m.HasOPT() != (opt != nil) {
		t.Fatalf("HasOPT %v, want %v", m.HasOPT(), opt != nil)
	}
	if opt == nil {
		if m.UDPSize() != 0 || m.DO() || m.EDNSVersion() != 0 {
			t.Error("EDNS fields without OPT")
		}
		return
	}
	if m.UDPSize() != opt.UDPSize() || m.DO() != opt.Do() || m.EDNSVersion() != opt.Version() {
		t.Errorf("size %d DO %v version %d of %v", m.UDPSize(), m.DO(), m.EDNSVersion(), opt)
	}
	i := 0
	for code, data := range m.Options {
		if i >= len(opt.Option) {
			t.Fatalf("option %d too many for %v", code, opt)
		}
		if code != opt.Option[i].Option() {
			t.Errorf("option code %d, want %d", code, opt.Option[i].Option())
		}
		switch w := opt.Option[i].(type) {
		case *dns.EDNS0_NSID:
			if hex.EncodeToString(data) != w.Nsid {
				t.Errorf("NSID %x, want %s", data, w.Nsid)
			}
		case *dns.EDNS0_EDE:
			ede, err := ParseEDE(data)
			if err != nil || ede.Code != w.InfoCode || string(ede.Text) != w.ExtraText {
				t.Errorf("EDE %v %v, want %v", ede, err, w)
			}
		case *dns.EDNS0_LOCAL:
			if !bytes.Equal(data, w.Data) {
				t.Errorf("option %d: %x, want %x", code, data, w.Data)
			}
		}
		i++
	}
	if i != len(opt.Option) {
		t.Errorf("%d options, want %d", i, len(opt.Option))
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unescapeText undoes the escapes that miekg/dns puts into character-strings.
func unescapeText(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			switch {
			case i+3 < len(s) && isDigit(s[i+1]):
				c = (s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0'
				i += 3
			case i+1 < len(s):
				c = s[i+1]
				i++
			}
		}
		out = append(out, c)
	}
	return string(out)
}
