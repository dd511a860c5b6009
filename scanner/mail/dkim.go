package mail

import "strings"

// DKIMPosture says whether a selector's key can verify signatures.
type DKIMPosture uint8

const (
	DKIMNotAsked    DKIMPosture = iota
	DKIMAbsent                  // no key record
	DKIMValid                   // a key of 1024 bits or more, or an Ed25519 one
	DKIMWeak                    // an RSA key below 1024 bits, whose signatures are never valid (RFC 8301 3.2)
	DKIMRevoked                 // an empty p: the key was revoked (RFC 6376 3.6.1)
	DKIMUnsupported             // a kind of key that is not known: the record is ignored (RFC 6376 3.6.1)
	DKIMMultiple                // several records: the result is undefined (RFC 6376 3.6.2.2)
	DKIMInvalid                 // one record outside the grammar, or without a key in it (RFC 6376 6.1.2)
	DKIMError                   // the look-up failed
)

// String returns the word that stands in files.
func (p DKIMPosture) String() string {
	return [...]string{"not-asked", "absent", "valid", "weak", "revoked", "unsupported", "multiple", "invalid", "error"}[p]
}

// DKIMKeyType is the tag k of a key record.
type DKIMKeyType uint8

const (
	DKIMNoKeyType DKIMKeyType = iota // no record that was read
	DKIMRSA                          // the default (RFC 6376 3.6.1)
	DKIMEd25519                      // RFC 8463
	DKIMOtherKey                     // anything else
)

// String returns the word that stands in files.
func (t DKIMKeyType) String() string { return [...]string{"", "rsa", "ed25519", "other"}[t] }

// Sizes of keys in bits.
const (
	minRSABits     = 1024 // signatures of smaller keys must not be taken for valid (RFC 8301 3.2)
	advisedRSABits = 2048 // what signers should use (RFC 8301 3.2)
	ed25519Bits    = 256  // the public key as published (RFC 8032 5.1.5)
)

// DKIM is what the TXT records at a selector say. From KeyType on, the fields are those of a record that could be read.
type DKIM struct {
	Posture  DKIMPosture
	Findings Findings
	Record   string // the record; "" unless there is one and no more

	KeyType DKIMKeyType
	KeyBits int  // of the RSA modulus, or 256 for Ed25519; 0 without a good key
	Testing bool // t has y: the domain is testing
	Strict  bool // t has s: i= and d= of a signature must name the same domain
}

// ParseDKIM reads the TXT records of a name given by DKIMName. All that stands there is a key record, the version being
// optional, but for records of another version (RFC 6376 3.6.1).
func ParseDKIM(records []string) DKIM {
	chosen := choose(records, func(record string) bool { return !hasOtherVersion(record) }, "v=")
	d := DKIM{Record: chosen.record}
	d.found(chosen.near, DKIMBadVersion)
	switch {
	case chosen.count == 0:
		d.Posture = DKIMAbsent
	case chosen.count > 1:
		d.Posture = DKIMMultiple
	default:
		d.read()
	}
	return d
}

// hasOtherVersion reports whether a record begins with a tag v that is not DKIM1, in that very case.
func hasOtherVersion(record string) bool {
	t, _ := cutTag(record, isFolding)
	return t.form != tagEmpty && t.name == "v" && t.value != "DKIM1"
}

// dkimTags are the tags of RFC 6376 3.6.1 in a record's list, "" where there is none.
type dkimTags struct{ v, h, k, n, p, s, t dkimTag }

type dkimTag struct {
	value string
	given bool
}

func (tags *dkimTags) named(name string) *dkimTag {
	switch name { // with case (RFC 6376 3.2)
	case "v":
		return &tags.v
	case "h":
		return &tags.h
	case "k":
		return &tags.k
	case "n":
		return &tags.n
	case "p":
		return &tags.p
	case "s":
		return &tags.s
	case "t":
		return &tags.t
	}
	return nil
}

// read reads d.Record, a tag list, of which a tag that stands there twice, or a version that is not its first tag,
// spoils the whole (RFC 6376 3.2, 3.6.1, 6.1.2). Unknown tags are ignored.
func (d *DKIM) read() {
	var tags dkimTags
	for rest, first := trim(d.Record, isFolding), true; first || rest != ""; first = false {
		var t tag
		t, rest = cutTag(rest, isFolding)
		if t.form != tagProper || t.name == "v" && !first {
			d.Findings.add(DKIMSyntax)
			continue
		}
		known := tags.named(t.name)
		switch {
		case known == nil:
		case known.given:
			d.Findings.add(DKIMSyntax)
		default:
			*known = dkimTag{t.value, true}
		}
	}
	d.judge(&tags)
}

// judge gives the posture. Findings about how the key may be used do not change it.
func (d *DKIM) judge(tags *dkimTags) {
	if d.Findings.Has(DKIMSyntax) {
		d.Posture = DKIMInvalid
		return
	}
	d.Testing, d.Strict = lists(tags.t.value, "y"), lists(tags.t.value, "s")
	d.found(d.Testing, DKIMTesting)
	d.found(tags.h.given && !lists(tags.h.value, "sha256"), DKIMNoSHA256)
	d.found(tags.s.given && !lists(tags.s.value, "*") && !lists(tags.s.value, "email"), DKIMNotForMail)
	d.KeyType = keyType(tags.k)
	switch {
	case !tags.p.given:
		d.Posture = DKIMInvalid
		d.Findings.add(DKIMNoKey)
	case tags.p.value == "":
		d.Posture = DKIMRevoked
	case d.KeyType == DKIMOtherKey:
		d.Posture = DKIMUnsupported
		d.Findings.add(DKIMUnknownKeyType)
	default:
		d.measure(tags.p.value)
	}
}

// measure reads the key and judges it by its size.
func (d *DKIM) measure(key string) {
	d.KeyBits = keyBits(d.KeyType, key)
	switch {
	case d.KeyBits == 0:
		d.Posture = DKIMInvalid
		d.Findings.add(DKIMBadKey)
	case d.KeyType == DKIMRSA && d.KeyBits < minRSABits:
		d.Posture = DKIMWeak
		d.Findings.add(DKIMWeakKey)
	default:
		d.Posture = DKIMValid
		d.found(d.KeyType == DKIMRSA && d.KeyBits < advisedRSABits, DKIMShortKey)
	}
}

func (d *DKIM) found(is bool, what Finding) {
	if is {
		d.Findings.add(what)
	}
}

// keyType reads the tag k, whose default is rsa.
func keyType(k dkimTag) DKIMKeyType {
	switch {
	case !k.given, foldsTo(k.value, "rsa"):
		return DKIMRSA
	case foldsTo(k.value, "ed25519"):
		return DKIMEd25519
	default:
		return DKIMOtherKey
	}
}

// lists reports whether a list with colons, of tag h, s or t, has word. The words are strings of the grammar, without
// case (RFC 5234 2.3).
func lists(value, word string) bool {
	for entry := range strings.SplitSeq(value, ":") {
		if foldsTo(trim(entry, isFolding), word) {
			return true
		}
	}
	return false
}
