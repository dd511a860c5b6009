package datasets

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each list says what somebody needs who fetches, reads and cites it; and the file of an edition is called by what makes
// its source_list.
func TestPublicLists(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+$`)
	seen := map[string]bool{}
	for _, l := range PublicLists() {
		if !name.MatchString(l.Name) || seen[l.Name] || l.Name == "fetch" || l.Name == "show" {
			t.Errorf("%q is no good name of a list", l.Name)
		}
		seen[l.Name] = true
		for what, text := range map[string]string{"title": l.Title, "publisher": l.Publisher, "about": l.About, "rhythm": l.Rhythm,
			"page": l.Page, "licence": l.Licence, "licence URL": l.LicenceURL, "citation": l.Cite, "form of dates": l.DateForm} {
			if text == "" {
				t.Errorf("%s has no %s", l.Name, what)
			}
		}
		if l.Names == 0 || l.Format == Auto {
			t.Errorf("%s: %d names of the format %s", l.Name, l.Names, l.Format)
		}
		places := append([]string{l.Latest, l.Dated, l.IDOfDate, l.DateOfID, l.Page, l.LicenceURL}, l.ByID...)
		for _, text := range places {
			u, err := url.Parse(strings.NewReplacer("{date}", "2026-11-01", "{id}", "K25XW").Replace(text))
			if err != nil || text != "" && (u.Scheme != "https" || u.Host == "" || strings.ContainsAny(u.String(), "{}")) {
				t.Errorf("%s: %q, %v", l.Name, text, err)
			}
		}
		if l.Latest == "" && l.Dated == "" && len(l.ByID) == 0 || strings.Contains(l.Latest, "{") ||
			l.Dated != "" && !strings.Contains(l.Dated, "{date}") || (len(l.ByID) > 0) != (l.IDOfDate != "" && l.DateOfID != "") {
			t.Errorf("%s: its places do not fit together", l.Name)
		}
		date := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		for _, id := range []string{"K25XW", "12345"} {
			if len(l.ByID) == 0 {
				id = ""
			}
			want := l.Name + ":" + date.Format(l.DateForm)
			if id != "" {
				want += ":" + id
			}
			for _, ending := range []string{".csv", ".csv.gz", ".csv.zip", ".csv.zst"} {
				base := l.Base(date, id)
				if got := sourceOf(sourceName(filepath.Join("some", base+ending)), l.Format); got != want {
					t.Errorf("%s%s is called %q, want %q", base, ending, got, want)
				}
			}
		}
		found, err := FindPublicList(l.Name)
		if err != nil || found.Title != l.Title {
			t.Errorf("%s is not found: %v", l.Name, err)
		}
		if _, err := json.Marshal(l); err != nil {
			t.Error(err)
		}
	}
	if _, err := FindPublicList("alexa"); err == nil || !strings.Contains(err.Error(), "tranco, crux") {
		t.Errorf("a list that is not there: %v", err)
	}
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct{ list, text, want string }{
		{"tranco", "2026-11-01", "2026-11-01"}, {"tranco", "2026-11", ""}, {"tranco", "20261101", ""}, {"tranco", "2026-02-30", ""},
		{"tranco", "", ""}, {"tranco", "latest", ""}, {"tranco", "2026-11-01/..", ""},
		{"crux", "2026-11", "202611"}, {"crux", "202611", "202611"}, {"crux", "2026-11-15", "202611"}, {"crux", "2026-13", ""}, {"crux", "current", ""},
	} {
		l, err := FindPublicList(c.list)
		if err != nil {
			t.Fatal(err)
		}
		date, err := l.ParseDate(c.text)
		got := ""
		if err == nil {
			got = date.Format(l.DateForm)
		}
		if got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.list, c.text, got, c.want)
		}
	}
}

// trancoAnswer has the form of https://tranco-list.eu/api_documentation.
const trancoAnswer = `{"list_id": "V348N", "available": true, "failed": false, "download": "https://tranco-list.eu/download/V348N/1000000",
 "created_on": "2026-10-07T22:00:02.014599", "configuration": {"startDate": "2026-09-08", "providers": ["crux", "farsight", "majestic",
 "radar", "umbrella"], "endDate": "2026-10-07", "combinationMethod": "dowdall", "isDailyList": true, "filterPLD": "on"}}`

func TestParseTrancoEdition(t *testing.T) {
	for _, c := range []struct{ what, answer, id, date, message string }{
		{"as documented", trancoAnswer, "V348N", "2026-10-07", ""},
		{"without configuration", `{"list_id":"AB12","available":true,"created_on":"2020-01-02T00:00:00"}`, "AB12", "2020-01-02", ""},
		{"not there", `{"available": false}`, "", "", ErrNoEdition.Error()},
		{"under way", `{"list_id":"V348N","available":false,"failed":false,"jobs_ahead":3}`, "", "", ErrNoEdition.Error()},
		{"failed", `{"list_id":"V348N","available":true,"failed":true}`, "", "", ErrNoEdition.Error()},
		{"no date", `{"list_id":"V348N","available":true,"created_on":"soon"}`, "", "", "no date"},
		{"a date of nobody's", `{"list_id":"V348N","available":true,"created_on":"0001-01-01T00:00:00"}`, "", "", "no date"},
		{"no ID", `{"available":true,"created_on":"2026-10-07"}`, "", "", "no ID"},
		{"an ID that leads elsewhere", `{"list_id":"../../x","available":true,"created_on":"2026-10-07"}`, "", "", "no ID"},
		{"an ID in lower case", `{"list_id":"v348n","available":true,"created_on":"2026-10-07"}`, "", "", "no ID"},
		{"an ID that is a number", `{"list_id":12345,"available":true,"created_on":"2026-10-07"}`, "", "", "no answer"},
		{"HTML", `<!DOCTYPE html><title>Log in</title>`, "", "", "no answer"},
		{"nothing", ``, "", "", "no answer"},
		{"cut off", trancoAnswer[:len(trancoAnswer)/2], "", "", "no answer"},
	} {
		got, err := ParseTrancoEdition([]byte(c.answer))
		switch {
		case c.message != "":
			if err == nil || !strings.Contains(err.Error(), c.message) || got != (TrancoEdition{}) {
				t.Errorf("%s: %+v, %v; want %q", c.what, got, err, c.message)
			}
		case err != nil || got.ID != c.id || got.Date.Format(day) != c.date:
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

// Whatever the answer: an edition that may stand in a URL and in the name of a file, or an error.
func FuzzParseTrancoEdition(f *testing.F) {
	f.Add([]byte(trancoAnswer))
	f.Add([]byte(`{"available": false}`))
	f.Add([]byte(`{"list_id":"K25XW","available":true,"created_on":"2026-10-07T22:00:02.014599","configuration":{"endDate":"x"}}`))
	f.Add([]byte(`{"list_id":"\u0000/","available":true,"created_on":"\u0000"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := ParseTrancoEdition(answer)
		if err != nil {
			if got != (TrancoEdition{}) {
				t.Fatalf("%+v with %v", got, err)
			}
			return
		}
		l, err := FindPublicList("tranco")
		if err != nil {
			t.Fatal(err)
		}
		base := l.Base(got.Date, got.ID)
		if filepath.Base(base) != base || sourceName(base) != "tranco:"+got.Date.Format(day)+":"+got.ID {
			t.Fatalf("a file called %q", base)
		}
		if err := ParseTrancoID(got.ID); err != nil {
			t.Fatalf("ID %q", got.ID)
		}
	})
}
