package resolve

import (
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// checkSurvey checks what holds for every survey.
func (w *world) checkSurvey(sv *record.Survey) {
	w.t.Helper()
	if len(sv.Answers) > maxSurveyed || len(sv.Answers) > sv.Addresses {
		w.t.Fatalf("%v: %d answers of %d addresses", sv.Name, len(sv.Answers), sv.Addresses)
	}
	if (len(sv.Answers) < sv.Addresses || sv.Addresses == 0) && sv.Cause == "" {
		w.t.Fatalf("%v: %d answers of %d addresses, and no cause", sv.Name, len(sv.Answers), sv.Addresses)
	}
	if sv.Zone != "" && !sv.Name.In(sv.Zone) || sv.Consistency != record.Classify(sv.Answers) {
		w.t.Fatalf("%v in %v: %v", sv.Name, sv.Zone, sv.Consistency)
	}
	for i := range sv.Answers {
		a := &sv.Answers[i]
		if i > 0 && !sv.Answers[i-1].Server.Addr.Less(a.Server.Addr) {
			w.t.Fatalf("%v: address %v is not in order, or there twice", sv.Name, a.Server.Addr)
		}
		if a.Server.Name == "" || a.Outcome == record.Skipped || a.Answered() && a.Attempts == 0 {
			w.t.Fatalf("%v: answer %+v", sv.Name, a)
		}
		if len(a.Set) > 0 && a.Outcome != record.Found || a.Outcome == record.Found && len(a.Set)+len(a.Aliases) == 0 {
			w.t.Fatalf("%v: %v with %d records, %d aliases", sv.Name, a.Outcome, len(a.Set), len(a.Aliases))
		}
		for k, rr := range a.Set {
			if rr.Type != sv.Type || k > 0 && string(a.Set[k-1].Data) >= string(rr.Data) {
				w.t.Fatalf("%v: records %v", sv.Name, a.Set)
			}
		}
	}
}

// outcomes lists what the servers said, in the order of their addresses.
func outcomes(sv *record.Survey) string {
	var words []string
	for i := range sv.Answers {
		words = append(words, sv.Answers[i].Outcome.String())
	}
	return strings.Join(words, " ")
}

func wantSurvey(t *testing.T, sv *record.Survey, c record.Consistency, said, cause string) {
	t.Helper()
	if sv.Consistency != c || outcomes(sv) != said || sv.Cause != cause {
		t.Errorf("%v: %v, %q, cause %q; want %v, %q, cause %q", sv.Name, sv.Consistency, outcomes(sv), sv.Cause, c, said, cause)
	}
}

const ns3Addr = "192.0.2.3"

// twoViews has example.com on two servers with a zone each.
func twoViews(t testing.TB, one, other string, change ...func(*Config)) *world {
	w := exampleWorld(t, one, change...)
	w.hosts[addrOf(ns2Addr)].zones = nil
	w.serve(ns2Addr, soaOf("example.com")+"example.com. NS ns1.example.com.\nexample.com. NS ns2.example.com.\n"+other)
	return w
}

// Each class of disagreement as servers show it, and what is none.
func TestSurveyClasses(t *testing.T) {
	const (
		caa   = "www.example.com. CAA 0 issue \"ca.test\"\n"
		other = "www.example.com. CAA 0 issue \"other.test\"\n"
		exist = "www.example.com. A 192.0.2.77\n"
		out   = "www.example.com. CNAME www.example.org.\n"
		away  = "www.example.com. CNAME elsewhere.example.org.\n"
		in    = "www.example.com. CNAME x.example.com.\n"
		x     = "x.example.com. CAA 0 issue \"ca.test\"\n"
	)
	for _, test := range []struct {
		name       string
		one, other string
		want       record.Consistency
		said       string
	}{
		{"same set", caa, caa, record.Same, "found found"},
		{"another order, another TTL", caa + other, "www.example.com. 60 CAA 0 issue \"other.test\"\n" + "www.example.com. 60 CAA 0 issue \"ca.test\"\n",
			record.Same, "found found"},
		{"no set", exist, exist, record.Same, "nodata nodata"},
		{"no name", "", "", record.Same, "nxdomain nxdomain"},
		{"no name, no set", "", exist, record.Same, "nxdomain nodata"},
		{"same alias out of the zone", out, out, record.Same, "found found"},
		{"same alias in the zone", in + x, in + x, record.Same, "found found"},

		{"NODATA/CAA", exist, caa, record.NoDataVsCAA, "nodata found"},
		{"NODATA/CAA at the target", in + x, in + "x.example.com. A 192.0.2.77\n", record.NoDataVsCAA, "found nodata"},
		{"NXDOMAIN/CAA", caa, "", record.NXDomainVsCAA, "found nxdomain"},
		{"NXDOMAIN/CAA at the target", in + x, in, record.NXDomainVsCAA, "found nxdomain"},
		{"CAA", caa, other, record.CAADiffers, "found found"},
		{"one record more", caa, caa + other, record.CAADiffers, "found found"},
		{"CAA at the target", in + x, in + "x.example.com. CAA 128 issue \"ca.test\"\n", record.CAADiffers, "found found"},
		{"CNAME to another name", out, away, record.CNAMEDiffers, "found found"},
		{"CNAME on one only", out, exist, record.CNAMEDiffers, "found nodata"},
		{"CNAME and CAA", out, caa, record.CNAMEDiffers, "found found"},
		{"CNAME and no name", "", out, record.CNAMEDiffers, "nxdomain found"},
		{"CNAME and DNAME", "www.example.com. CNAME www.t.example.org.\n", "", record.CNAMEDiffers, "found nxdomain"},
		{"a loop on one", "www.example.com. CNAME www.example.com.\n", exist, record.CNAMEDiffers, "loop nodata"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(4) {
				w := twoViews(t, test.one, test.other, seeded(seed))
				before := len(w.log)
				c := &Client{}
				w.survey(c, "www.example.com", wire.TypeCAA) // with nothing known: by way of root and TLD
				w.run()
				wantSurvey(t, w.surveys[c][0], test.want, test.said, "")
				wantPackets(t, w.log[before:], 4)

				sv, _ := w.surveyOf("www.example.com")
				wantSurvey(t, sv, test.want, test.said, "")
				if sv.Zone != wire.MustName("example.com") || len(sv.NS) != 2 || sv.Addresses != 2 {
					t.Errorf("zone %v, servers %v, %d addresses", sv.Zone, sv.NS, sv.Addresses)
				}
			}
		})
	}
}
