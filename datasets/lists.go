package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// PublicList is a list of names that somebody publishes for all to use: what it is, under which terms, and where it is.
// Nothing is fetched here; the URLs are for who does.
//
// In URLs {date} stands for a day or month in the form DateForm, and {id} for what names one edition of the list.
type PublicList struct {
	Name      string `json:"name"` // the word it goes by: on the command line, in names of files and in source_list
	Title     string `json:"title"`
	Publisher string `json:"publisher"`
	About     string `json:"about"`  // which names it has, and in which order
	Format    Format `json:"format"` // of the file
	Names     int    `json:"names"`  // that it has, about
	Rhythm    string `json:"rhythm"` // how often there is a new edition: daily, weekly, monthly
	Page      string `json:"page"`   // for people

	Licence    string `json:"licence"`
	LicenceURL string `json:"licence_url"` // where that is said
	Cite       string `json:"cite"`        // what to write where results are published

	Latest   string `json:"latest_url,omitempty"` // the newest edition; "" if its date must be known
	Dated    string `json:"dated_url,omitempty"`  // the edition of {date}; "" if old ones are not kept
	DateForm string `json:"-"`                    // as of package time; in file names too

	// Editions that have an ID: what answers with one for {date}, or for the word latest, and what says which date an {id}
	// is of, in the form of ParseTrancoEdition. ByID are the places of an edition, the better first.
	IDOfDate string   `json:"id_of_date_url,omitempty"`
	DateOfID string   `json:"date_of_id_url,omitempty"`
	ByID     []string `json:"by_id_urls,omitempty"`

	Token string `json:"token_env,omitempty"` // the environment variable with the token that the publisher wants; "" if anybody may fetch it
}

// day and month are forms of dates. The month is as CrUX has it.
const (
	day   = "2006-01-02"
	month = "200601"
)

// publicLists are in the order in which a study should think of them.
var publicLists = []PublicList{
	{
		Name: "tranco", Title: "Tranco", Publisher: "KU Leuven (imec-DistriNet), TU Delft, Université Grenoble Alpes",
		About:  "Registrable domains by an average of Umbrella, Majestic, Farsight, CrUX and Radar over 30 days, made to be hard to manipulate. Each edition has an ID for good.",
		Format: Ranked, Names: 1_000_000, Rhythm: "daily", Page: "https://tranco-list.eu/",
		Licence: "in part CC BY-NC 4.0: not for commercial use; it has no licence of its own and is made of Majestic (CC BY 3.0), CrUX (CC BY 4.0), Radar (CC BY-NC 4.0), Umbrella and Farsight", LicenceURL: "https://tranco-list.eu/",
		Cite:     "V. Le Pochat, T. Van Goethem, S. Tajalizadehkhoob, M. Korczyński, W. Joosen: Tranco: A Research-Oriented Top Sites Ranking Hardened Against Manipulation. NDSS 2019, doi:10.14722/ndss.2019.23386; with ID and date of the list",
		IDOfDate: "https://tranco-list.eu/api/lists/date/{date}", DateOfID: "https://tranco-list.eu/api/lists/id/{id}",
		ByID:     []string{"https://tranco-list.eu/download_daily/{id}", "https://tranco-list.eu/download/{id}/1000000"},
		DateForm: day,
	},
	{
		Name: "crux", Title: "Chrome UX Report (CrUX), top million", Publisher: "Google; CSV kept by Zakir Durumeric (Stanford)",
		About:  "Origins of web sites by visits of Chrome's users, in buckets (1000, 5000, 10000, ...) without an order inside. The best list of what people visit.",
		Format: CrUX, Names: 1_000_000, Rhythm: "monthly", Page: "https://github.com/zakird/crux-top-lists",
		Licence: "CC BY 4.0", LicenceURL: "https://developer.chrome.com/docs/crux/methodology#license",
		Cite:  "Chrome UX Report, Google, CC BY 4.0; K. Ruth, D. Kumar, B. Wang, L. Valenta, Z. Durumeric: Toppling Top Lists: Evaluating the Accuracy of Popular Website Lists. IMC 2022, doi:10.1145/3517745.3561444; with the month",
		Dated: "https://raw.githubusercontent.com/zakird/crux-top-lists/main/data/global/{date}.csv.gz", DateForm: month,
	},
	{
		Name: "umbrella", Title: "Cisco Umbrella popularity list", Publisher: "Cisco",
		About:  "Names of hosts, not only of web sites, by how many clients ask Cisco's resolvers for them; with top-level domains and names that do not exist.",
		Format: Ranked, Names: 1_000_000, Rhythm: "daily", Page: "https://s3-us-west-1.amazonaws.com/umbrella-static/index.html",
		Licence: "none stated; offered free of charge", LicenceURL: "https://s3-us-west-1.amazonaws.com/umbrella-static/index.html",
		Cite:   "Cisco Umbrella popularity list; with its date",
		Latest: "https://s3-us-west-1.amazonaws.com/umbrella-static/top-1m.csv.zip",
		Dated:  "https://s3-us-west-1.amazonaws.com/umbrella-static/top-1m-{date}.csv.zip", DateForm: day,
	},
	{
		Name: "majestic", Title: "Majestic Million", Publisher: "Majestic-12 Ltd",
		About:  "Domains by the number of subnets that link to them. Sites that many refer to, which need not be those that many visit.",
		Format: Majestic, Names: 1_000_000, Rhythm: "daily", Page: "https://majestic.com/reports/majestic-million",
		Licence: "CC BY 3.0", LicenceURL: "https://majestic.com/reports/majestic-million",
		Cite:   "The Majestic Million, majestic.com, CC BY 3.0; with its date",
		Latest: "https://downloads.majestic.com/majestic_million.csv", DateForm: day,
	},
	{
		Name: "radar", Title: "Cloudflare Radar domain ranking, top million", Publisher: "Cloudflare",
		About:  "Domains by what users of the resolver 1.1.1.1 ask for within a week. One bucket, without an order inside.",
		Format: Columns, Names: 1_000_000, Rhythm: "weekly", Page: "https://radar.cloudflare.com/domains",
		Licence: "CC BY-NC 4.0: not for commercial use", LicenceURL: "https://radar.cloudflare.com/about",
		Cite:   "Cloudflare Radar, radar.cloudflare.com, CC BY-NC 4.0; with its date",
		Latest: "https://api.cloudflare.com/client/v4/radar/datasets/ranking_top_1000000", DateForm: day,
		Token: "CLOUDFLARE_API_TOKEN",
	},
}

// PublicLists returns the lists that are known.
func PublicLists() []PublicList { return slices.Clone(publicLists) }

// FindPublicList returns the list that goes by a name. The error says which there are.
func FindPublicList(name string) (PublicList, error) {
	var names []string
	for _, l := range publicLists {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return PublicList{}, fmt.Errorf("no list is called %q: there are %s", name, strings.Join(names, ", "))
}

// MarshalText implements encoding.TextMarshaler: the word of the format.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseDate reads a date as people write one: 2026-11-01, or 2026-11 or 202611 where editions are monthly.
func (l *PublicList) ParseDate(text string) (time.Time, error) {
	forms := []string{day}
	if l.DateForm == month {
		forms = []string{"2006-01", month, day}
	}
	for _, form := range forms {
		if date, err := time.Parse(form, text); err == nil {
			return date, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date of the list %s: want %s", text, l.Name, strings.NewReplacer("2006", "YYYY", "01", "MM", "02", "DD").Replace(forms[0]))
}

// Base is what the file of an edition is called, without what says how it is packed; the Reader makes the source of it, as
// in "tranco:2026-11-01:K25XW".
func (l *PublicList) Base(date time.Time, id string) string {
	base := l.Name + "-" + date.Format(l.DateForm)
	if id != "" {
		base += "-" + id
	}
	return base
}

// TrancoEdition is what Tranco's interface says of an edition.
type TrancoEdition struct {
	ID   string
	Date time.Time // the last day of its data
}

// ErrNoEdition says that there is no such edition, not yet, or not any more.
var ErrNoEdition = errors.New("there is no such edition")

// trancoID is the form of an ID. It becomes part of URLs and of names of files.
var trancoID = regexp.MustCompile(`^[A-Z0-9]{4,6}$`)

// ParseTrancoID checks an ID.
func ParseTrancoID(id string) error {
	if !trancoID.MatchString(id) {
		return fmt.Errorf("%q is no ID of a list: want 4 to 6 capitals and digits", printable([]byte(id)))
	}
	return nil
}

// ParseTrancoEdition reads an answer of Tranco's interface (https://tranco-list.eu/api_documentation).
func ParseTrancoEdition(answer []byte) (TrancoEdition, error) {
	var a struct {
		ID            string `json:"list_id"`
		Available     bool   `json:"available"`
		Failed        bool   `json:"failed"`
		Created       string `json:"created_on"`
		Configuration struct {
			End string `json:"endDate"`
		} `json:"configuration"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return TrancoEdition{}, fmt.Errorf("no answer of Tranco's: %w", err)
	}
	if !a.Available || a.Failed {
		return TrancoEdition{}, ErrNoEdition
	}
	if err := ParseTrancoID(a.ID); err != nil {
		return TrancoEdition{}, err
	}
	for _, text := range []string{a.Configuration.End, a.Created[:min(len(a.Created), len(day))]} {
		if date, err := time.Parse(day, text); err == nil && date.Year() >= 2000 {
			return TrancoEdition{a.ID, date}, nil
		}
	}
	return TrancoEdition{}, fmt.Errorf("the edition %s has no date", a.ID)
}
