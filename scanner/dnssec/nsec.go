package dnssec

import (
	"bytes"
	"strings"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxKey is the greatest length of a key: every octet of a name may take two.
const maxKey = 2 * wire.MaxName

// appendKey appends a key for name, which lies in zone: octets whose plain order is the canonical order of names
// (RFC 4034 6.1). The labels below the zone stand in it from right to left, each closed by a zero octet; 0x00 and 0x01
// within a label are written as 0x01 0x01 and 0x01 0x02. So the key of an ancestor is the beginning of the name's key,
// and the key of the apex is empty.
func appendKey(buf []byte, name, zone wire.Name) []byte {
	var starts [wire.MaxName / 2]uint8
	labels, below := 0, len(name)-len(zone)
	for at := 0; at < below; at += 1 + int(name[at]) {
		starts[labels] = uint8(at)
		labels++
	}
	for labels > 0 {
		labels--
		at := int(starts[labels])
		for _, c := range []byte(name[at+1 : at+1+int(name[at])]) {
			if c <= 1 {
				buf = append(buf, 1)
				c++
			}
			buf = append(buf, c)
		}
		buf = append(buf, 0)
	}
	return buf
}

func keyOf(name, zone wire.Name) string {
	var buf [maxKey]byte
	return string(appendKey(buf[:0], name, zone))
}

// readNSEC makes a span of the NSEC RRset. It is false if that is not one record whose names lie in the zone.
func readNSEC(set *RRset, zone wire.Name) (*span, bool) {
	data, ok := single(set.Data)
	if !ok || !set.Owner.In(zone) {
		return nil, false
	}
	data = bytes.Clone(data)
	nsec, err := wire.ParseNSEC(data)
	if err != nil {
		return nil, false
	}
	next, err := wire.NameOf(nsec.NextName)
	if err != nil || !next.In(zone) {
		return nil, false
	}
	return &span{
		owner: keyOf(set.Owner, zone),
		next:  keyOf(next, zone),
		types: nsec.Types,
		data:  data,
	}, true
}

// single returns the data of an RRset of one record, which may have come several times.
func single(records []record.RR) ([]byte, bool) {
	for i := range records {
		if !bytes.Equal(records[i].Data, records[0].Data) {
			return nil, false
		}
	}
	if len(records) == 0 {
		return nil, false
	}
	return records[0].Data, true
}

// nsecAt tells what the NSEC records show about name, or about the wildcard below it.
func (d *denial) nsecAt(name wire.Name, wildcard bool) finding {
	var buf [maxKey + 2]byte
	key := appendKey(buf[:0], name, d.zone)
	if wildcard {
		key = append(key, "*\x00"...)
	}
	s := d.nsec.floor(key, d.now)
	switch {
	case s == nil:
		return finding{}
	case s.owner == string(key):
		d.use(s)
		return finding{state: exists, types: s.types}
	case s.next != "" && s.next <= string(key): // "" is the apex: the last name's next is the first
		return finding{}
	case strings.HasPrefix(string(key), s.owner) && hidesBelow(s.types):
		return finding{} // RFC 6840 4.1, RFC 6672 5.3.4.1
	}
	d.use(s)
	if strings.HasPrefix(s.next, string(key)) {
		return finding{state: empty}
	}
	if wildcard {
		return finding{state: absent}
	}
	shared := max(commonLabels(s.owner, key), commonLabels(s.next, key))
	encloser := name
	for range name.Labels() - d.zone.Labels() - shared {
		encloser = encloser.Parent()
	}
	return finding{state: absent, encloser: encloser}
}

// hidesBelow reports whether the owner of these types is a delegation seen from above or has a DNAME: the zone says
// nothing about the names below it.
func hidesBelow(types wire.TypeBitmap) bool {
	return types.Has(wire.TypeDNAME) || types.Has(wire.TypeNS) && !types.Has(wire.TypeSOA)
}

// commonLabels counts the labels that two keys have in common from their beginning.
func commonLabels(a string, b []byte) (labels int) {
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == 0 {
			labels++
		}
	}
	return labels
}
