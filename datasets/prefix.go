package datasets

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// ErrOtherStream says that a stream is not the one that Expect demands.
var ErrOtherStream = errors.New("it is another one than before")

// Prefix is the beginning of a stream: so many octets, as stored, and their SHA-256 in hex. It tells whether a stream that is read
// again is the one that was read before.
type Prefix struct {
	Octets int64
	SHA256 string
}

// Streams reports for each input whether it is one that can be read only once.
func (r *Reader) Streams() []bool {
	streams := make([]bool, len(r.inputs))
	for i, in := range r.inputs {
		streams[i] = !in.regular
	}
	return streams
}

// Prefix returns what was read of an input that is a stream: all targets that Next has returned of it lie within.
func (r *Reader) Prefix(input int) Prefix {
	in := r.inputs[input]
	return Prefix{in.size, in.sum()}
}

// Expect demands that a stream begins with p: else Next returns an error once it has read so far, or has come to an end
// before. It is to be called before the first Next. A Prefix of no octets demands nothing.
func (r *Reader) Expect(input int, p Prefix) {
	if p.Octets > 0 {
		r.inputs[input].expected = &p
	}
}

// Unproven reports whether a stream has still to show that it begins with what Expect demands of it.
func (r *Reader) Unproven(input int) bool { return r.inputs[input].expected != nil }

// note takes octets of the input into its sum, and holds that against what is expected of it.
func (in *input) note(octets []byte) error {
	if e := in.expected; e != nil && in.size+int64(len(octets)) >= e.Octets {
		rest := e.Octets - in.size
		in.hash.Write(octets[:rest])
		in.size, octets = e.Octets, octets[rest:]
		if in.sum() != e.SHA256 {
			return fmt.Errorf("%w: its first %d octets differ", ErrOtherStream, e.Octets)
		}
		in.expected = nil
	}
	in.hash.Write(octets)
	in.size += int64(len(octets))
	return nil
}

// noteAll takes the whole of an input that is not read front to end.
func (in *input) noteAll() error {
	n, err := io.Copy(in.hash, io.NewSectionReader(in.file, 0, 1<<62))
	in.size = n
	switch e := in.expected; {
	case err != nil:
	case e != nil && (e.Octets != n || e.SHA256 != in.sum()):
		err = fmt.Errorf("%w: it has %d octets with another SHA-256", ErrOtherStream, n)
	default:
		in.expected = nil
	}
	return err
}

// short says that a stream has ended before what is expected of it.
func (in *input) short() error {
	return fmt.Errorf("%w: it ends after %d octets, and had %d", ErrOtherStream, in.size, in.expected.Octets)
}

func (in *input) sum() string { return hex.EncodeToString(in.hash.Sum(nil)) }
