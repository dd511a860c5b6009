//go:build !race

package ratelimit

import "testing"

func TestTakeDoesNotAllocate(t *testing.T) {
	table := mustNew(t, Limits{PerServer: 1000, PerOperator: 2000, Total: 3000})
	slot, now := table.Slot(addr(1), 1, Leaf), start
	if n := testing.AllocsPerRun(1000, func() {
		table.Take(slot, now)
		table.Late(slot, now)
		now += ms / 3
	}); n != 0 {
		t.Errorf("Take and Late allocate %v times", n)
	}
}
