package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
)

// listsCmd is the command lists.
type listsCmd struct {
	Show  listsShowCmd  `cmd:"" default:"withargs" help:"Show the public lists of names, or one with its terms."`
	Fetch listsFetchCmd `cmd:"" help:"Fetch a public list into a dated file and print where it is."`
}

// Example implements command.Exampler.
func (*listsCmd) Example() string {
	return "caascan lists tranco\n  caascan scan $(caascan lists fetch tranco)"
}

// listsShowCmd is the command lists without more, and lists NAME.
type listsShowCmd struct {
	Name string `arg:"" optional:"" help:"Name of one list."`
	JSON bool   `name:"json" help:"As JSON."`
}

// Example implements command.Exampler.
func (*listsShowCmd) Example() string { return "caascan lists\n  caascan lists tranco" }

// Run shows what is known of the lists.
func (c *listsShowCmd) Run(env *environ) error {
	lists := datasets.PublicLists()
	if c.Name != "" {
		list, err := datasets.FindPublicList(c.Name)
		if err != nil {
			return command.Usage(err)
		}
		lists = []datasets.PublicList{list}
	}
	switch {
	case c.JSON:
		to := json.NewEncoder(env.stdout)
		to.SetIndent("", "  ")
		to.SetEscapeHTML(false)
		if c.Name != "" {
			return to.Encode(lists[0])
		}
		return to.Encode(lists)
	case c.Name != "":
		return showList(env.stdout, &lists[0])
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tnew\tformat\ttitle\tlicence")
	for _, l := range lists {
		licence, _, _ := strings.Cut(l.Licence, ";")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Rhythm, l.Format, l.Title, licence)
	}
	return w.Flush()
}

// showList shows one list.
func showList(to io.Writer, l *datasets.PublicList) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"name", l.Name}, {"title", l.Title}, {"publisher", l.Publisher}, {"what", l.About}, {"names", fmt.Sprint(l.Names)},
		{"format", l.Format.String()}, {"new", l.Rhythm}, {"page", l.Page}, {"licence", l.Licence}, {"", l.LicenceURL}, {"cite", l.Cite},
		{"newest", cmp.Or(l.Latest, l.IDOfDate)}, {"of a date", cmp.Or(l.Dated, l.IDOfDate)}, {"of an ID", strings.Join(l.ByID, ", ")},
		{"token", l.Token},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	return w.Flush()
}

// listsFetchCmd is the command lists fetch.
type listsFetchCmd struct {
	Name  string `arg:"" help:"Name of the list, see caascan lists."`
	Date  string `placeholder:"DATE" help:"The edition of a day (2026-11-01) or of a month (2026-11), where the publisher keeps old ones."`
	ID    string `name:"id" env:"CAASCAN_ID" placeholder:"ID" help:"The edition with an ID (tranco)."`
	Cache string `placeholder:"DIR" help:"Where fetched lists are kept (default: caascan/lists in $XDG_CACHE_HOME or ~/.cache)."`
	URL   string `name:"url" env:"CAASCAN_URL" placeholder:"URL" help:"Fetch it from here instead, https only: a mirror, or an edition that is elsewhere."`
	Force bool   `help:"Fetch it even if it is there already."`
}

// Example implements command.Exampler.
func (*listsFetchCmd) Example() string {
	return "caascan scan $(caascan lists fetch tranco)\n  caascan lists fetch crux --date 2026-10"
}

// Help says what is not the matter of a flag.
func (*listsFetchCmd) Help() string {
	return "The path of the file is all that stdout gets. Beside it are FILE.sha256, for sha256sum -c, and FILE.json with the URL, times, ETag, size and licence. " +
		"What was fetched today, or has a date or an ID, is not fetched again. Proxies are taken from HTTPS_PROXY and NO_PROXY. " +
		"radar needs a token in CLOUDFLARE_API_TOKEN."
}

// Run fetches a list, if it is not there, and prints its path.
func (c *listsFetchCmd) Run(env *environ) error {
	list, err := datasets.FindPublicList(c.Name)
	if err != nil {
		return command.Usage(err)
	}
	want, err := c.edition(&list)
	if err != nil {
		return command.Usage(err)
	}
	if c.Cache == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return command.Usage(fmt.Errorf("%w: say by --cache where lists are to be kept", err))
		}
		c.Cache = filepath.Join(cache, "caascan", "lists")
	}
	store := listStore{dir: c.Cache, now: time.Now}
	if !c.Force {
		if path, found := store.find(&list, want); found {
			_, err := fmt.Fprintln(env.stdout, path)
			return err
		}
	}
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	path, err := newFetcher(env.stderr).fetch(ctx, &list, want, &store)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, path)
	return err
}

// edition says which edition is asked for.
func (c *listsFetchCmd) edition(l *datasets.PublicList) (want edition, err error) {
	if c.Date != "" {
		if want.date, err = l.ParseDate(c.Date); err != nil {
			return want, fmt.Errorf("--date: %w", err)
		}
	}
	if c.ID != "" {
		if len(l.ByID) == 0 {
			return want, fmt.Errorf("--id: editions of %s have none", l.Name)
		}
		if err := datasets.ParseTrancoID(c.ID); err != nil {
			return want, fmt.Errorf("--id: %w", err)
		}
		want.id = c.ID
	}
	switch {
	case c.URL != "":
		want.from, err = parseSecureURL(c.URL)
		return want, err
	case c.ID != "" && c.Date != "":
		return want, errors.New("--id and --date: an ID is of one date")
	case c.Date != "" && l.Dated == "" && l.IDOfDate == "":
		return want, fmt.Errorf("--date: the publisher of %s keeps only the newest edition: if you know of a copy, use --url", l.Name)
	case l.Token != "" && os.Getenv(l.Token) == "":
		return want, fmt.Errorf("%s is fetched with a token of its publisher's (see %s): put it into the environment variable %s", l.Name, l.Page, l.Token)
	}
	return want, nil
}
