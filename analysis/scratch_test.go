package analysis

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestScratch(t *testing.T) {
	dir := os.Getenv("SCRATCH")
	if dir == "" {
		t.Skip()
	}
	cpu := func() float64 {
		var u syscall.Rusage
		syscall.Getrusage(0, &u)
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	at := cpu()
	all := at
	lap := func(what string) { fmt.Printf("%8.2fs %s\n", cpu()-at, what); at = cpu() }
	defer func() { fmt.Printf("%8.2fs total\n", cpu()-all) }()
	d, err := Open(t.Context(), []string{dir}, Options{Trust: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	lap("open")
	text, _ := expand("base.sql", nil)
	for _, st := range strings.Split(text, ";\n") {
		if _, err := d.db.Exec(st); err != nil {
			t.Log(err)
		}
		st = strings.Join(strings.Fields(st), " ")
		lap("  base: " + st[max(0, len(st)-60):])
	}
	d.run(t.Context(), "scope.sql", nil)
	lap("  scope")
	d.Query(t.Context(), "namedissuers.sql", nil)
	lap("  namedissuers")
	fmt.Println(d.run(t.Context(), "market.sql", nil))
	lap("  market")
	fmt.Println(d.run(t.Context(), "records.sql", nil))
	lap("  records")
	d.Query(t.Context(), "malformedvalues.sql", nil)
	lap("  malformed")
	d.Reduce(t.Context(), "")
	lap("  reduce")
	if err := d.prepareRules(t.Context()); err != nil {
		t.Error(err)
	}
	lap("  rules (with reduce)")
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	lap("prepare")
	qs, _ := Questions()
	for _, q := range qs {
		for _, p := range q.Parts {
			tb, err := d.Ask(t.Context(), &p, false)
			if err != nil {
				fmt.Println(err)
				continue
			}
			lap(fmt.Sprint(q.Number, " ", p.ID, " ", len(tb.Rows)))
		}
	}
	b, _ := os.ReadFile("/proc/self/status")
	fmt.Println(string(b[:]))
}
