package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"runtime"

	"github.com/caascan/caascan/scanner/dnssec/algorithm"
)

// verifyCmd measures what checking a signature of P-256 costs.
type verifyCmd struct {
	Checks int `default:"6000" help:"Signatures to check in each way."`
}

// verifyReport is the CPU for one check, in seconds.
type verifyReport struct {
	Standard float64 `json:"standard_s"` // crypto/ecdsa, with the key and the signature read
	Warm     float64 `json:"warm_s"`     // package algorithm, with a key that signs very many
	Fresh    float64 `json:"fresh_s"`    // the same, with a key that has signed two, reading it included
}

// signedSize is the octets that a signature of an NSEC record covers, about.
const signedSize = 160

// signedOctets is something signed, with its key, in the forms that the ways of checking take.
type signedOctets struct {
	data       []byte
	key        ecdsa.PublicKey
	public     []byte // the field of a DNSKEY record
	der, plain []byte
}

func sign(secret *ecdsa.PrivateKey) (s signedOctets, err error) {
	s.data = make([]byte, signedSize)
	rand.Read(s.data)
	digest := sha256.Sum256(s.data)
	if s.der, err = ecdsa.SignASN1(rand.Reader, secret, digest[:]); err != nil {
		return s, err
	}
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(s.der, &numbers); err != nil {
		return s, err
	}
	s.plain = make([]byte, 64)
	numbers.R.FillBytes(s.plain[:32])
	numbers.S.FillBytes(s.plain[32:])
	point, err := secret.PublicKey.Bytes()
	if err != nil {
		return s, err
	}
	s.key, s.public = secret.PublicKey, point[1:]
	return s, nil
}

// Run measures.
func (c *verifyCmd) Run() error {
	const keys = 500 // as good as new to a cache each time
	fresh := make([]signedOctets, 0, 2*keys)
	for range keys {
		secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		for range 2 {
			s, err := sign(secret)
			if err != nil {
				return err
			}
			fresh = append(fresh, s)
		}
	}
	warm, ok := algorithm.NewPublicKey(algorithm.ECDSAP256, fresh[0].public)
	if !ok {
		return errors.New("a key is not taken")
	}
	for range 1000 { // until it has its tables
		warm.Verify(fresh[0].data, fresh[0].plain)
	}
	runtime.LockOSThread()
	valid := true
	report := verifyReport{
		Standard: c.each(func(i int) {
			s := &fresh[i%len(fresh)]
			digest := sha256.Sum256(s.data)
			valid = ecdsa.VerifyASN1(&s.key, digest[:], s.der) && valid
		}),
		Warm: c.each(func(i int) { valid = warm.Verify(fresh[i%2].data, fresh[i%2].plain) && valid }),
	}
	var key *algorithm.PublicKey
	report.Fresh = c.each(func(i int) {
		s := &fresh[i%len(fresh)]
		if i%2 == 0 {
			key, _ = algorithm.NewPublicKey(algorithm.ECDSAP256, s.public)
		}
		valid = key.Verify(s.data, s.plain) && valid
	})
	if !valid {
		return errors.New("a good signature is said to be none")
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

// each returns the CPU that check takes, on average.
func (c *verifyCmd) each(check func(i int)) float64 {
	runtime.GC()
	before := rusage()
	for i := range c.Checks {
		check(i)
	}
	after := rusage()
	spent := seconds(after.Utime) - seconds(before.Utime) + seconds(after.Stime) - seconds(before.Stime)
	return spent / float64(c.Checks)
}
