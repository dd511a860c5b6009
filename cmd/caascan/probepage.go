package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner"
)

// Who sees queries of a scan wants to know who sends them, why, how many there will be, and how to have them stopped.
// probe-page says it on a page of the web server at the scanner's own addresses, and in the form of RFC 9511, where
// anybody finds it from the address of a packet alone. It takes the flags of the scan, so that what it states is what the
// scan does.

// probePageCmd is the command probe-page.
type probePageCmd struct {
	Organisation string    `required:"" placeholder:"NAME" help:"Who scans."`
	Contact      string    `required:"" placeholder:"MAIL" help:"Mail address of those who answer for the scan: of a group, not of a person."`
	URL          string    `name:"url" required:"" placeholder:"URL" help:"Where the page will be found; its host is the name that the PTR records of the source addresses have."`
	Purpose      string    `placeholder:"TEXT" help:"What the data are for, in full sentences."`
	Frequency    string    `placeholder:"TEXT" help:"How often a name is asked about, such as \"once a month\"."`
	OptOut       string    `placeholder:"MAIL" help:"Mail address for those who want no queries (default: that of --contact)."`
	Expires      time.Time `placeholder:"TIME" help:"Until when what the page says holds, RFC 3339 (default: 360 days from now)."`
	Text         bool      `xor:"form" help:"Plain text instead of HTML."`
	ProbingTxt   bool      `xor:"form" help:"Print the probe description of RFC 9511 instead, the file /.well-known/probing.txt."`
	With         []string  `default:"mx" placeholder:"LIST" help:"What is looked up besides CAA: as of caascan scan."`

	networkFlags
}

// Example implements command.Exampler.
func (*probePageCmd) Example() string {
	return "caascan --config scan.yaml probe-page --organisation 'Example University' --contact dns-measurement@example.edu \\\n" +
		"      --url https://caa-scan.example.edu/ --source 192.0.2.10 --source 2001:db8::10 > index.html"
}

// validFor is how long a probe description holds unless told otherwise: RFC 9116 2.5.5 recommends less than a year.
const validFor = 360 * 24 * time.Hour

// Run prints the page.
func (c *probePageCmd) Run(env *environ) error {
	page, err := c.page(time.Now())
	if err != nil {
		return command.Usage(err)
	}
	switch {
	case c.ProbingTxt:
		return page.printDescription(env)
	case c.Text:
		return probeText.Execute(env.stdout, page)
	default:
		return probeHTML.Execute(env.stdout, page)
	}
}

//go:embed probepage.html
var probeHTMLSource string

//go:embed probepage.txt
var probeTextSource string

var (
	probeHTML = htmltemplate.Must(htmltemplate.New("probepage.html").Parse(probeHTMLSource))
	probeText = texttemplate.Must(texttemplate.New("probepage.txt").Funcs(texttemplate.FuncMap{"wrap": wrap, "underline": underline}).Parse(probeTextSource))
)

// probePage is what the page says.
type probePage struct {
	Organisation, Purpose, Frequency string
	Contact, OptOut                  string // mail addresses
	URL, Description                 string // of the page, and of the probe description
	Sources                          []netip.Addr
	Questions                        []string // what is asked, one sentence each
	Limits                           []string // how much of it at most
	Port                             uint16
	MaxQueries                       int
	Updated, Expires                 time.Time
}

const usualPurpose = "We measure which certification authorities the owners of domains allow to issue certificates, for web servers, for e-mail and for " +
	"brand marks. They publish it in CAA records (RFC 8659, RFC 9495), which certification authorities must respect."

// page checks the flags and gathers what they say.
func (c *probePageCmd) page(now time.Time) (*probePage, error) {
	where, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--url: %w", err)
	case where.Scheme != "https" && where.Scheme != "http" || where.Hostname() == "" || where.User != nil:
		return nil, fmt.Errorf("--url %s: want https://HOST/", c.URL)
	case len(c.Source) == 0:
		return nil, errors.New("--source: the page has to say which addresses the queries come from")
	case len(c.Resolver) > 0:
		return nil, errors.New("--resolver: the page is about scans that ask the name servers themselves")
	case c.RateShare <= 0:
		return nil, fmt.Errorf("--rate-share %v: want more than 0 and at most 1", c.RateShare)
	case !c.Expires.IsZero() && !c.Expires.After(now):
		return nil, fmt.Errorf("--expires %s: has passed", c.Expires.Format(time.RFC3339))
	}
	p := &probePage{
		Organisation: oneLine(c.Organisation), Purpose: oneLine(cmp.Or(c.Purpose, usualPurpose)), Frequency: oneLine(c.Frequency),
		URL: where.String(), Description: (&url.URL{Scheme: where.Scheme, Host: where.Host, Path: "/.well-known/probing.txt"}).String(),
		Sources: c.Source, Port: c.ServerPort, MaxQueries: c.MaxQueriesPerName, Updated: now.UTC(), Expires: c.Expires.UTC(),
	}
	if c.Expires.IsZero() {
		p.Expires = now.UTC().Add(validFor).Truncate(24 * time.Hour)
	}
	if p.Organisation == "" {
		return nil, errors.New("--organisation: nothing in it")
	}
	if p.Contact, err = mailAddress("--contact", c.Contact); err != nil {
		return nil, err
	}
	if p.OptOut, err = mailAddress("--opt-out", cmp.Or(c.OptOut, c.Contact)); err != nil {
		return nil, err
	}
	limits := c.limits()
	if _, err := ratelimit.New(limits); err != nil {
		return nil, err
	}
	p.Limits = limitsInWords(limits)
	p.Questions, err = c.questions()
	return p, err
}

// oneLine puts text on one line, as the fields of a probe description want it.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func mailAddress(flag, text string) (string, error) {
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return "", fmt.Errorf("%s %s: want a mail address alone, such as dns-measurement@example.edu", flag, text)
	}
	return text, nil
}

// questions says in words what is asked about a name.
func (c *probePageCmd) questions() ([]string, error) {
	beside, err := (&scanFlags{With: c.With}).accompaniment(&scanner.Network{})
	if err != nil {
		return nil, err
	}
	all := []string{"CAA at the name and, where there is none, at each of its parents (RFC 8659 section 3)"}
	for _, companion := range companions {
		if beside.with.Has(companion.is) {
			all = append(all, companionQuestions[companion.word])
		}
	}
	for _, selector := range beside.selectors {
		all = append(all, "TXT at "+selector+"._domainkey (DKIM keys)")
	}
	all = append(all, "NS, A and AAAA where they are needed to find the name servers")
	if dnssecModes[c.DNSSEC] != scanner.Off {
		all = append(all, "DS and DNSKEY, to validate the answers")
	}
	return all, nil
}

// companionQuestions are the questions behind each word of --with.
var companionQuestions = map[string]string{
	"mx":          "MX at the name, or A and AAAA where there is none (does it take mail?)",
	"spf":         "TXT at the name (SPF)",
	"dmarc":       "TXT at _dmarc, and where there is none at that of the registrable domain (DMARC)",
	"mta-sts":     "TXT at _mta-sts, and CAA of the host mta-sts where the policy is announced (MTA-STS)",
	"tls-rpt":     "TXT at _smtp._tls (TLS reporting)",
	"bimi":        "TXT at default._bimi (BIMI)",
	"mx-hosts":    "CAA of the names of the mail servers",
	"all-servers": "CAA at every name server of the zone (do they agree?)",
}

// limitsInWords says what the limits are, of this machine where several share them.
func limitsInWords(l ratelimit.Limits) []string {
	share := cmp.Or(l.Share, 1)
	rate := func(r float64) string { return strconv.FormatFloat(r*share, 'g', 4, 64) + " queries a second" }
	var all []string
	limit := func(r float64, to string) {
		if r > 0 {
			all = append(all, "at most "+rate(r)+" to "+to)
		}
	}
	limit(l.PerServer, "one server address")
	limit(l.PerOperator, "all servers of one operator together")
	limit(l.PerTopLevel, "one server of a top-level domain")
	limit(l.PerRoot, "one root server")
	if l.Total > 0 {
		all = append(all, "at most "+strconv.FormatFloat(l.Total, 'g', 4, 64)+" queries a second in all")
	}
	if l.Start > 0 && (l.PerServer == 0 || l.Start < l.PerServer) {
		all = append(all, "a server that has not been asked before begins with "+rate(l.Start))
	}
	return append(all,
		"queries are spaced evenly, not sent in bursts",
		"a server that drops, refuses or truncates, or fails, gets fewer at once, down to what it answers")
}

// printDescription prints the probe description (RFC 9511 section 2.2): the form of RFC 9116 section 4 with the field
// Description.
func (p *probePage) printDescription(env *environ) error {
	_, err := fmt.Fprintf(env.stdout, `# Probe description, RFC 9511. It is found from the address of a packet:
# at the name of its PTR record, or at the address itself.
Canonical: %s
Contact: %s
Contact: %s
Expires: %s
Preferred-Languages: en
Description: DNS queries of %s from %s. %s To get none: %s
`, p.Description, mailto(p.Contact), p.URL, p.Expires.Format(time.RFC3339), p.Organisation, joined(p.Sources), p.Purpose, p.OptOut)
	return err
}

// mailto is the URI of a mail address (RFC 6068).
func mailto(address string) string {
	at := strings.LastIndexByte(address, '@')
	return "mailto:" + url.PathEscape(address[:at]) + address[at:]
}

func joined(addrs []netip.Addr) string {
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

// pageWidth is how long the lines of the plain text become, in characters.
const pageWidth = 76

// wrap breaks text into lines, those behind the first indented.
func wrap(indent int, text string) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > pageWidth-indent {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(slices.Concat(lines, []string{line}), "\n"+strings.Repeat(" ", indent))
}

func underline(text string) string { return text + "\n" + strings.Repeat("=", len([]rune(text))) }
