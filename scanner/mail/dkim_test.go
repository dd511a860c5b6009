package mail

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
)

// rsaKey returns a public key with a modulus of that many bits, in which nothing else is as it should be.
func rsaKey(bits int) *rsa.PublicKey {
	modulus := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: modulus.Add(modulus, big.NewInt(0x1235)), E: 65537}
}

func pkix(t testing.TB, bits int) []byte {
	der, err := x509.MarshalPKIXPublicKey(rsaKey(bits))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pkcs1(bits int) []byte { return x509.MarshalPKCS1PublicKey(rsaKey(bits)) }

var base64Text = base64.StdEncoding.EncodeToString

// ed25519Key is the key of RFC 8463 A.2.
const ed25519Key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

func TestDKIM(t *testing.T) {
	good := base64Text(pkix(t, 2048))
	for _, test := range []struct {
		rule, record string
		posture      string
		keyType      string
		bits         int
		findings     string
	}{
		{"6376 3.6.1", "v=DKIM1; k=rsa; p=" + good, "valid", "rsa", 2048, ""},
		{"6376 3.6.1: k by default rsa, v optional", "p=" + good, "valid", "rsa", 2048, ""},
		{"6376 3.6.1: in any order behind v", "v=DKIM1;p=" + good + ";n=a note; k=rsa;", "valid", "rsa", 2048, ""},
		{"6376 3.2: folding", "v = DKIM1 ;\r\n p =" + good[:100] + "\r\n\t" + good[100:] + " ; ", "valid", "rsa", 2048, ""},
		{"6376 3.6.1: RSAPublicKey", "p=" + base64Text(pkcs1(2048)), "valid", "rsa", 2048, ""},
		{"6376 2.10: padding", "p=" + strings.TrimRight(base64Text(pkix(t, 4096)), "="), "valid", "rsa", 4096, ""},
		{"8301 3.2: 1024", "p=" + base64Text(pkix(t, 1024)), "valid", "rsa", 1024, "dkim-short-key"},
		{"8301 3.2: 2047", "p=" + base64Text(pkix(t, 2047)), "valid", "rsa", 2047, "dkim-short-key"},
		{"8301 3.2: 1023", "p=" + base64Text(pkix(t, 1023)), "weak", "rsa", 1023, "dkim-weak-key"},
		{"8301 3.2: 512", "p=" + base64Text(pkix(t, 512)), "weak", "rsa", 512, "dkim-weak-key"},
		{"a large one", "p=" + base64Text(pkix(t, 16384)), "valid", "rsa", 16384, ""},
		{"8463 A.2", "v=DKIM1; k=ed25519; p=" + ed25519Key, "valid", "ed25519", 256, ""},
		{"8463 4.2: of 32 octets", "k=ed25519; p=" + base64Text(make([]byte, 44)), "invalid", "ed25519", 0, "dkim-bad-key"},
		{"8463: no Ed25519 key as RSA", "p=" + ed25519Key, "invalid", "rsa", 0, "dkim-bad-key"},
		{"8463: no RSA key as Ed25519", "k=ed25519;p=" + good, "invalid", "ed25519", 0, "dkim-bad-key"},
		{"6376 3.6.1: unknown kinds", "k=x-pq; p=AAAA", "unsupported", "other", 0, "dkim-unknown-key-type"},
		{"6376 3.6.1: revoked", "v=DKIM1; p=", "revoked", "rsa", 0, ""},
		{"6376 3.6.1: revoked", "v=DKIM1; k=ed25519; p=;", "revoked", "ed25519", 0, ""},
		{"6376 3.6.1: p is required", "v=DKIM1; k=rsa", "invalid", "rsa", 0, "dkim-no-key"},
		{"6376 3.6.1: v is DKIM1", "v=DKIM2; p=" + good, "absent", "", 0, "dkim-bad-version"},
		{"6376 3.6.1: in that case", "v=dkim1; p=" + good, "absent", "", 0, "dkim-bad-version"},
		{"6376 3.6.1: another protocol's", "v=spf1 -all", "absent", "", 0, "dkim-bad-version"},
		{"6376 3.6.1: v comes first", "p=" + good + "; v=DKIM1", "invalid", "", 0, "dkim-syntax"},
		{"6376 3.2: twice", "p=" + good + "; p=" + good, "invalid", "", 0, "dkim-syntax"},
		{"6376 3.2: names have case", "P=" + good, "invalid", "rsa", 0, "dkim-no-key"},
		{"6376 3.2: nothing between semicolons", "v=DKIM1;; p=" + good, "invalid", "", 0, "dkim-syntax"},
		{"6376 3.2: what is no tag", "v=DKIM1; " + good, "invalid", "", 0, "dkim-syntax"},
		{"6376 3.2: unknown tags", "v=DKIM1; g=*; x_1=y; p=" + good, "valid", "rsa", 2048, ""},
		{"nothing", "", "invalid", "", 0, "dkim-syntax"},
		{"6376 3.6.1: t=y", "t=y; p=" + good, "valid", "rsa", 2048, "dkim-testing"},
		{"6376 3.6.1: h", "h=sha1; p=" + good, "valid", "rsa", 2048, "dkim-no-sha256"},
		{"6376 3.6.1: h", "h=sha1 : sha256; p=" + good, "valid", "rsa", 2048, ""},
		{"6376 3.6.1: s", "s=tlsrpt; p=" + good, "valid", "rsa", 2048, "dkim-not-for-mail"},
		{"6376 3.6.1: s", "s=tlsrpt:email; p=" + good, "valid", "rsa", 2048, ""},
		{"6376 3.6.1: s", "s=*; p=" + good, "valid", "rsa", 2048, ""},
		{"base64", "p=!" + good, "invalid", "rsa", 0, "dkim-bad-key"},
		{"base64", "p=" + good[:len(good)-8], "invalid", "rsa", 0, "dkim-bad-key"},
		{"base64: too much padding", "p=" + strings.TrimRight(good, "=") + "===", "invalid", "rsa", 0, "dkim-bad-key"},
		{"base64: padding within", "p==" + good, "invalid", "rsa", 0, "dkim-bad-key"},
	} {
		got := ParseDKIM([]string{test.record})
		if got.Posture.String() != test.posture || got.KeyType.String() != test.keyType || got.KeyBits != test.bits || words(got.Findings) != test.findings {
			t.Errorf("RFC %s: %q: got %+v, findings %q", test.rule, test.record, got, words(got.Findings))
		}
	}
}

func TestDKIMRecords(t *testing.T) { // RFC 6376 3.6.1, 3.6.2.2
	key := "v=DKIM1; k=ed25519; p=" + ed25519Key
	for _, test := range []struct {
		records []string
		want    DKIMPosture
	}{
		{nil, DKIMAbsent},
		{[]string{key, key}, DKIMMultiple},
		{[]string{key, "x"}, DKIMMultiple},
		{[]string{"v=spf1 -all", key}, DKIMValid},
	} {
		if got := ParseDKIM(test.records); got.Posture != test.want || got.Posture == DKIMValid && got.Record != key {
			t.Errorf("%q: got %+v", test.records, got)
		}
	}
	if got := ParseDKIM([]string{"t=s:y; p="}); !got.Testing || !got.Strict {
		t.Errorf("flags: got %+v", got)
	}
	if got := ParseDKIM([]string{"t=sy; p="}); got.Testing || got.Strict {
		t.Errorf("flags: got %+v", got)
	}
}

func TestRSABits(t *testing.T) {
	for _, bits := range []int{16, 127, 128, 129, 1000, 1024, 1031, 1032, 1033, 2048, 4096, 8192, 32768} {
		if got := rsaBits(pkix(t, bits)); got != bits {
			t.Errorf("SubjectPublicKeyInfo of %d bits: got %d", bits, got)
		}
		if got := rsaBits(pkcs1(bits)); got != bits {
			t.Errorf("RSAPublicKey of %d bits: got %d", bits, got)
		}
	}
	for _, test := range []struct{ what, der string }{
		{"nothing", ""},
		{"no body", "\x30"},
		{"an empty sequence", "\x30\x00"},
		{"a modulus alone", "\x30\x03\x02\x01\x05"},
		{"a zero modulus", "\x30\x06\x02\x01\x00\x02\x01\x03"},
		{"a negative modulus", "\x30\x06\x02\x01\x80\x02\x01\x03"},
		{"a zero exponent", "\x30\x06\x02\x01\x05\x02\x01\x00"},
		{"an empty integer", "\x30\x05\x02\x00\x02\x01\x03"},
		{"a third integer", "\x30\x09\x02\x01\x05\x02\x01\x03\x02\x01\x03"},
		{"something behind it", "\x30\x06\x02\x01\x05\x02\x01\x03\x00"},
		{"an integer not in its shortest form", "\x30\x07\x02\x02\x00\x05\x02\x01\x03"},
		{"a length not in its shortest form", "\x30\x81\x06\x02\x01\x05\x02\x01\x03"},
		{"an indefinite length", "\x30\x80\x02\x01\x05\x02\x01\x03\x00\x00"},
		{"a length beyond the end", "\x30\x82\xff\xff\x02\x01\x05\x02\x01\x03"},
		{"a length of four octets", "\x30\x84\x00\x00\x00\x06\x02\x01\x05\x02\x01\x03"},
		{"another algorithm", strings.Replace(string(pkix(t, 1024)), "\x0d\x01\x01\x01", "\x0d\x01\x01\x0a", 1)},
		{"unused bits", strings.Replace(string(pkix(t, 1024)), "\x03\x81\x8d\x00", "\x03\x81\x8d\x01", 1)},
	} {
		if got := rsaBits([]byte(test.der)); got != 0 {
			t.Errorf("%s: got %d", test.what, got)
		}
	}
	if got := rsaBits([]byte("\x30\x06\x02\x01\x05\x02\x01\x03")); got != 3 {
		t.Errorf("a small key: got %d", got)
	}
}

func FuzzRSABits(f *testing.F) {
	f.Add(pkix(f, 1024))
	f.Add(pkcs1(520))
	f.Add([]byte("\x30\x06\x02\x01\x05\x02\x01\x03"))
	f.Fuzz(func(t *testing.T, der []byte) {
		got, want := rsaBits(der), 0
		if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
			want = key.N.BitLen()
		} else if key, err := x509.ParsePKIXPublicKey(der); err == nil {
			if key, ok := key.(*rsa.PublicKey); ok {
				want = key.N.BitLen()
			}
		}
		if want != 0 && got != want && len(der) <= 1<<16 {
			t.Errorf("%x: got %d, crypto/x509 gives %d", der, got, want)
		}
		if got > 8*len(der) {
			t.Errorf("%x: got %d", der, got)
		}
	})
}

func FuzzDKIM(f *testing.F) {
	for _, seed := range []string{"v=DKIM1; k=ed25519; p=" + ed25519Key, "v=DKIM1;h=sha256:sha1;s=*;t=y:s;n=x;p=" + base64Text(pkcs1(1024)), "p=", "k=x;p=A A=\r\n=", "v=spf1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseDKIM([]string{record})
		usable := got.Posture == DKIMValid || got.Posture == DKIMWeak
		if usable != (got.KeyBits > 0) || got.KeyBits > 8*len(record) {
			t.Errorf("%q: got %+v", record, got)
		}
		if got.Posture == DKIMInvalid && got.Findings == 0 || got.Posture == DKIMNotAsked || got.Posture == DKIMMultiple || got.Posture == DKIMError {
			t.Errorf("%q: got %+v", record, got)
		}
	})
}
