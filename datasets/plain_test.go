package datasets

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caascan/caascan/scanner/record"
	"github.com/google/go-cmp/cmp"
)

// readEach reads content without the checks of readAll. If octetwise, it comes one octet at a time, so that no line is
// ever seen whole beforehand and takePlain takes none.
func readEach(t *testing.T, content string, cfg Config, octetwise bool) (targets []record.Target, rejects []Reject, in Input) {
	cfg.Stdin = strings.NewReader(content)
	cfg.Reject = func(r Reject) { rejects = append(rejects, r) }
	r, err := Open([]string{"-"}, cfg)
	if err != nil {
		return nil, nil, Input{}
	}
	defer r.Close()
	if octetwise {
		r.inputs[0].head, r.inputs[0].pipe = nil, iotest.OneByteReader(strings.NewReader(content))
	}
	for {
		batch, err := r.Next(context.Background())
		if err != nil {
			if err != io.EOF {
				in.Path = err.Error()
			}
			return targets, rejects, r.Inputs()[0]
		}
		targets = append(targets, batch...)
	}
}

var mixedLines = "a.com\nb.co.uk\r\n\nC.com\nd.org.\n e.net\nf.net \n*.g.de\nx@h.de\nhttps://i.de\nj.test\n192.0.2.1\n1.2.3\n-k.de\nl..de\n.m.de\n# n.de\n" +
	"o.de # o\np.de\tq\nr_.de\nbücher.de\ns.de\x00\nt.de\r\r\nu\r.de\n7,v.de\nw.onion\nx.home.arpa\ncom\n" + name253 + "\n" + name253 + "x\n" + label63 + "x.de\n" +
	label63 + ".de\nthe-name-of-a-host-that-is-rather-long.example.com\nHTTPS://The-Name-Of-A-Host-That-Is-Rather-Long.Example.com/\nlast.de"

const mixedRows = "1,a.com\n2,B.com\r\n3,c.com,more\n04,d.com\n0,e.com\n,f.com\nx,g.com\n5,\"h.com\"\n\"6\",i.com\n7 ,j.com\n8, k.com\n999999999999999999,l.com\n" +
	"1000000000000000000,m.com\n9,n.test\n10,\n11\n12,o@p.com\n1000001,q.com\n13;r.com\n# 14,s.com\n15,t.com"

// The short way of plain lines gives what the long way gives, whatever the lines.
func FuzzPlainLines(f *testing.F) {
	f.Add(mixedLines, uint8(0), uint8(0), false)
	f.Add(mixedLines, uint8(List), uint8(3), true)
	f.Add(mixedRows, uint8(0), uint8(0), false)
	f.Add(mixedRows, uint8(Ranked), uint8(7), true)
	f.Add(strings.ReplaceAll(mixedRows, ",", ";"), uint8(Ranked), uint8(0), false)
	f.Add("domain,rank\n"+mixedRows, uint8(0), uint8(0), false)
	f.Add("rank,domain\n"+mixedRows, uint8(0), uint8(0), false)
	f.Fuzz(func(t *testing.T, content string, format, window uint8, special bool) {
		cfg := Config{Format: Format(format % uint8(Columns)), Window: int(window) + 1, Seed: 1, AllowSpecialUse: special}
		targets, rejects, in := readEach(t, content, cfg, false)
		slowTargets, slowRejects, slowIn := readEach(t, content, cfg, true)
		if diff := cmp.Diff(slowTargets, targets) + cmp.Diff(slowRejects, rejects) + cmp.Diff(slowIn, in); diff != "" {
			t.Error(diff)
		}
	})
}

// Most lines of most lists must go the short way: otherwise it would be correct and useless.
func TestPlainLinesAreTaken(t *testing.T) {
	for content, want := range map[string]int{
		"x\na.com\nb.co.uk\r\nlast.de\n":         3,
		"1,x\n2,a.com\n3,b.co.uk\r\n4,last.de\n": 3,
		"1;x\n2;a.com\n":                         1,
		"x\nA.com\nb.com.\n":                     0,
		"domain\na.com\n":                        0, // a column that may be followed by others
	} {
		r, err := Open([]string{"-"}, Config{Stdin: strings.NewReader(content), Window: 1})
		if err != nil {
			t.Fatal(err)
		}
		if batch, err := r.Next(context.Background()); err != nil || len(batch) == 0 {
			t.Fatal(err)
		}
		r.Close()
		r, _ = Open([]string{"-"}, Config{Stdin: strings.NewReader(content), Window: 1})
		var slot held
		if err := r.nextStream(); err != nil {
			t.Fatal(err)
		}
		taken := 0
		for {
			if r.takePlain(&slot) {
				taken++
				continue
			}
			line, err := r.readLine(context.Background())
			if err != nil {
				break
			}
			r.take(&slot, line)
		}
		r.Close()
		if taken != want {
			t.Errorf("%q: %d lines went the short way, want %d", content, taken, want)
		}
	}
}

// Texts that do not fit into their slot come out as they went in, and their places are used again.
func TestLongNamesInTheWindow(t *testing.T) {
	var list strings.Builder
	want := make(map[string]string)
	for i := range 3000 {
		label := strings.Repeat(string(rune('a'+i%26)), 1+i%63)
		name := label + "." + strings.Repeat("x", 1+i/48) + ".example.com"
		input := ""
		if i%3 == 0 {
			input = strings.ToUpper(name)
		}
		want[name] = input
		if input == "" {
			input = name
		}
		list.WriteString(input + "\n")
	}
	r, err := Open([]string{"-"}, Config{Stdin: strings.NewReader(list.String()), Window: 100, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		batch, err := r.Next(context.Background())
		if err != nil {
			break
		}
		for _, target := range batch {
			input, there := want[target.Name]
			if !there || input != target.Input || target.Registrable != "example.com" || target.Suffix != "com" {
				t.Fatalf("%+v, want input %q", target, input)
			}
			delete(want, target.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d names did not come out", len(want))
	}
	if len(r.window.long) > 100 || len(r.window.free) != len(r.window.long) {
		t.Errorf("%d places for long texts, %d of them free, in a window of 100", len(r.window.long), len(r.window.free))
	}
}
