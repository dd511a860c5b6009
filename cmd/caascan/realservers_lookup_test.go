package main

import (
	"testing"
)

func TestX(t *testing.T) {
	w := servers(t)
	out := mustCaascan(t, "", append([]string{"lookup", "--type", "CAA", "--json", "caatest-nsd.com", "control.caatest-bind.org", "signed-nsec.com", "signed-nsec3.com"}, w.flags()...)...)
	t.Log(out)
}
