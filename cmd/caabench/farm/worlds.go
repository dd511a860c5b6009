package farm

import "time"

// Worlds are the worlds of the measurements, by name. All have 10 top-level domains.
var Worlds = map[string]Config{
	// A million names below a few zones: one exchange a name, once the delegations are known.
	"leaf": {Names: 1_000_000, Below: true, Zones: 200, Servers: 200, CAA: 0.05},

	// Each name a delegation: a referral and an answer. Unsigned; proven insecure one by one; signed one by one.
	"iterative": {Names: 100_000, Servers: 200, CAA: 0.05},
	"insecure":  {Names: 100_000, Servers: 200, CAA: 0.05, Security: Insecure},
	"signed":    {Names: 100_000, Servers: 200, CAA: 0.05, Security: Signed},

	// Servers that take their time.
	"delay": {Names: 1_000_000, Below: true, Zones: 200, Servers: 200, CAA: 0.05, Leaf: []Behaviour{{Delay: Duration(3 * time.Second)}}},

	// Servers that bear 200 queries a second, and drop or refuse what is more.
	"drop":   {Names: 30_000, Below: true, Zones: 200, Servers: 20, CAA: 0.05, Count: true, Leaf: []Behaviour{{Limit: 200, Burst: 20}}},
	"refuse": {Names: 30_000, Below: true, Zones: 200, Servers: 20, CAA: 0.05, Count: true, Leaf: []Behaviour{{Limit: 200, Burst: 20, Over: Refused}}},

	// One server holds a tenth of all names.
	"zipf": {Names: 200_000, Below: true, Zones: 500, Servers: 500, Biggest: 0.1, CAA: 0.05, Count: true},
}
