package dnssec

import "github.com/caascan/caascan/scanner/wire"

// Key is a DNSKEY record of a zone, ready to check signatures. It never changes once made but for what it remembers to
// be faster the next time; any goroutine may use it.
type Key struct {
	wire.DNSKEY
	tag uint16
}
