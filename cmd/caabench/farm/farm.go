// Package farm is a Domain Name System made for measuring: a root, some top-level domains and up to a million delegations
// or names, served by one thread on hundreds of loopback addresses as fast as the kernel takes the packets, and counting
// what each address gets.
//
//	Config ──New──► World ──Listen──► Farm ──Report──► what each server got, by second of the kernel's clock
//
// A World is a function of its Config: which names there are, who serves them, who publishes CAA, who signed what. It
// keeps no zones, only what cannot be computed within a microsecond: signatures. Names are numbers:
//
//	t3                a top-level domain, at 127.80.1.4
//	s17.t3            server 17 of the leaf zones, by its name there, at 127.81.0.18
//	z123.t3           a zone: 123 modulo the number of top-level domains is 3
//	n4567.z123.t3     a name below its apex (Config.Below)
//
// so that a reply is computed from the question, and the truth about a name from its number. The scan that is measured
// against a farm is checked with that truth.
//
//	world.go      the names and who holds them; truth.go what a scan must find, files.go what it starts from
//	question.go   a query, read; reply.go the message that answers it; respond.go which one that is
//	sign.go       keys and signatures, made ahead; denial.go the NSEC chains
//	behave.go     what a server does with what it gets: limits, loss; count.go what it noted of it
//	socket.go     one socket for all addresses; serve.go the loop; delay.go answers that wait; tcp.go the rest
package farm

import (
	"fmt"
	"time"
)

// Config describes a world. The zero value of a field is its default.
type Config struct {
	Names   int     `json:"names"`            // leaf names
	Below   bool    `json:"below,omitzero"`   // they lie below the apexes of Zones zones; otherwise each is the apex of its own
	Zones   int     `json:"zones,omitzero"`   // with Below; 200
	TLDs    int     `json:"tlds,omitzero"`    // 10
	Servers int     `json:"servers"`          // addresses that serve leaf zones
	Biggest float64 `json:"biggest,omitzero"` // share of the names that the first server holds, the others by Zipf's law; 0: all alike

	Security Security `json:"security,omitzero"`
	CAA      float64  `json:"caa,omitzero"` // share of the names that publish CAA

	Leaf []Behaviour `json:"leaf,omitzero"` // of server k: element k modulo their number
	Top  Behaviour   `json:"top,omitzero"`  // of the servers of the root and the top-level domains

	// Hold keeps all answers that have a Delay back until so many wait, or no query has come for holdIdle: then as many
	// questions are open at once, however fast they come; and the answers leave at the pace at which they came.
	Hold int `json:"hold,omitzero"`
	Pace int `json:"pace,omitzero"` // how many of the answers that have a Delay leave in a second, at most; 0: as they come

	Count bool   `json:"count,omitzero"` // note by the kernel's clock when each packet came
	Seed  uint64 `json:"seed,omitzero"`  // of losses and of the order of the names
}

// Security says what is signed.
type Security string

// The kinds of worlds. All keys are of P-256.
const (
	Unsigned Security = ""         // nothing
	Insecure Security = "insecure" // root and top-level domains; each delegation is proven insecure by its own NSEC
	Signed   Security = "signed"   // every zone, with its own key
)

// Behaviour is what a server does with queries over UDP besides answering them.
type Behaviour struct {
	Limit     float64  `json:"limit,omitzero"`      // queries a second that it answers; 0: all
	Burst     float64  `json:"burst,omitzero"`      // that it answers at once after a rest; at least 1
	PerSecond bool     `json:"per_second,omitzero"` // counts anew each second of the clock, instead of by a bucket of tokens
	Dead      bool     `json:"dead,omitzero"`       // it answers none
	Over      Over     `json:"over,omitzero"`       // what the others get
	LossIn    float64  `json:"loss_in,omitzero"`    // share of the queries that it never sees
	LossOut   float64  `json:"loss_out,omitzero"`   // share of its replies that never arrive
	Delay     Duration `json:"delay,omitzero"`      // between query and reply
}

// Over is what a query above the limit gets, and every one at a server that is Dead.
type Over string

// The ways of limiting.
const (
	Drop     Over = "" // nothing
	Refused  Over = "refused"
	ServFail Over = "servfail"
	Truncate Over = "tc" // an empty reply with TC set: come over TCP
)

// Duration is a time.Duration that JSON writes as "3s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Bounds of a world, from how its names and addresses are formed.
const (
	maxNames   = 1 << 23
	maxTLDs    = 250
	maxServers = 250 * 250
	maxDelay   = ringSlots * ringTick // exclusive
)

// complete fills in the defaults and reports what cannot be.
func (c *Config) complete() error {
	if c.TLDs == 0 {
		c.TLDs = 10
	}
	if c.Below && c.Zones == 0 {
		c.Zones = 200
		if c.Biggest > 0 {
			c.Zones = c.Servers
		}
	}
	if !c.Below {
		c.Zones = c.Names
	}
	if len(c.Leaf) == 0 {
		c.Leaf = []Behaviour{{}}
	}
	switch {
	case c.Names < 1 || c.Names > maxNames:
		return fmt.Errorf("%d names: want 1 to %d", c.Names, maxNames)
	case c.TLDs < 1 || c.TLDs > maxTLDs:
		return fmt.Errorf("%d top-level domains: want 1 to %d", c.TLDs, maxTLDs)
	case c.Servers < 1 || c.Servers > maxServers:
		return fmt.Errorf("%d servers: want 1 to %d", c.Servers, maxServers)
	case c.Zones < 1 || c.Zones > c.Names:
		return fmt.Errorf("%d zones for %d names", c.Zones, c.Names)
	case c.Biggest < 0 || c.Biggest >= 1 || c.Biggest > 0 && c.Biggest*float64(c.Servers) < 1:
		return fmt.Errorf("the biggest of %d servers cannot hold %v of the names", c.Servers, c.Biggest)
	case c.Biggest > 0 && c.Below && c.Zones != c.Servers:
		return fmt.Errorf("unequal shares of names below %d zones: want one zone for each of the %d servers", c.Zones, c.Servers)
	case c.Security != Unsigned && c.Security != Insecure && c.Security != Signed:
		return fmt.Errorf("security %q: want nothing, insecure or signed", c.Security)
	case c.Security == Signed && c.Below:
		return fmt.Errorf("signed leaf zones have one name each")
	case c.Hold < 0 || c.Pace < 0:
		return fmt.Errorf("hold %d, pace %d: want no less than 0", c.Hold, c.Pace)
	case c.CAA < 0 || c.CAA > 1:
		return fmt.Errorf("share %v of names with CAA", c.CAA)
	}
	for i := range c.Leaf {
		if err := c.Leaf[i].complete(); err != nil {
			return err
		}
	}
	return c.Top.complete()
}

func (b *Behaviour) complete() error {
	b.Burst = max(b.Burst, 1)
	switch {
	case b.Limit < 0:
		return fmt.Errorf("limit of %v queries a second", b.Limit)
	case b.LossIn < 0 || b.LossIn > 1 || b.LossOut < 0 || b.LossOut > 1:
		return fmt.Errorf("losses of %v and %v: want shares", b.LossIn, b.LossOut)
	case b.Delay < 0 || time.Duration(b.Delay) >= maxDelay:
		return fmt.Errorf("delay %v: want less than %v", time.Duration(b.Delay), maxDelay)
	}
	switch b.Over {
	case Drop, Refused, ServFail, Truncate:
		return nil
	}
	return fmt.Errorf("over the limit %q: want nothing, refused, servfail or tc", b.Over)
}
