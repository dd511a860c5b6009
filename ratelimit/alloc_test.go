//go:build !race

package ratelimit

import (
	"testing"
	"unsafe"
)

func TestExchangeDoesNotAllocate(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 1000, PerOperator: 2000, Total: 3000, Bits: 1e9})
	slot, now := table.Slot(addr(1), 1, Leaf), start
	if n := testing.AllocsPerRun(1000, func() {
		table.Take(slot, now)
		table.Late(slot, now)
		table.Heard(slot, Answered, now, now)
		table.Heard(slot, Silent, now-second, now)
		table.Carried(100, now)
		now += ms / 3
	}); n != 0 {
		t.Errorf("an exchange allocates %v times", n)
	}
}

func TestServerIsSmall(t *testing.T) {
	size := unsafe.Sizeof(server{})
	t.Logf("a server takes %d octets", size)
	if size > 512 {
		t.Errorf("a server takes %d octets", size)
	}
}
