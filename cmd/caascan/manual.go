package main

import "github.com/alecthomas/kong"

// What manual pages say beyond flags, help and examples.

// manual is what a command's page says besides.
type manual struct {
	text    []string // paragraphs
	signals []manTerm
	files   []manTerm
}

// manTerm is an item of a list.
type manTerm struct{ name, text string }

// manuals are the commands' texts by their paths; a command without one is described by its help.
var manuals = map[string]manual{
	"caascan": {text: []string{
		"caascan measures, for any number of names, which certification authorities may issue for them: for web servers (CAA issue and issuewild), " +
			"for e-mail (issuemail, RFC 9495) and for brand marks (issuevmc). It asks the authoritative name servers itself, never faster than each " +
			"can bear, validates with DNSSEC, and keeps the evidence, so that verdicts can be made again under any rule.",
		"A failed look-up is a failure in the data, never the absence of CAA. Results go to stdout or into a directory, everything else to stderr.",
		"docs/operations.md of the source tells an operator what to do in which order before a scan of the Internet.",
	}},
	"caascan scan": {
		text: []string{
			"Reads names, asks for CAA at each and at its parents (RFC 8659), for MX and what else --with names, and writes one row for each line of the " +
				"input; lines that are no names go to rejects.csv with their number and the reason.",
			"A server address gets --rate-per-server queries a second at most, an operator --rate-per-operator, and less where it shows that it bears less. " +
				"A query that has to wait is delayed, never failed. What --exclude lists gets no packet.",
			"A scan that was stopped, or whose machine was, goes on when the same command is run again: what is in finished parts stays, the rest is asked, and " +
				"in the end each line of the input has exactly one row. Input and options that decide what rows say must be the same; limits may change.",
			"On a terminal stderr shows a progress bar, elsewhere a line of JSON every five seconds.",
		},
		signals: []manTerm{
			{"SIGINT, SIGTERM", "Stop early: nothing more is asked, what is finished is written, exit status 3. A second one ends the process at once."},
			{"SIGHUP", "Read the file of --exclude again. A file that cannot be understood changes nothing. Without --exclude it is as SIGTERM."},
			{"SIGUSR1", "Print a snapshot of the scan on stderr: what is under way, what waits for whom, what was counted so far."},
		},
		files: []manTerm{
			{"manifest.json", "What was scanned, how and when; which parts hold the result, with their rows and SHA-256; state running or complete."},
			{"domains/, caa_records/, nameservers/, queries/", "Parts in Parquet (or JSONL): one row for each name, each CAA record, each name server, and on " +
				"request (--tables) each packet. A part under its final name is complete."},
			{"journal/", "What is finished, an entry for each part, each written before the manifest: from it the same command goes on."},
			{"rejects.csv", "Lines of the input that are no names: source, line number, reason, text."},
		},
	},
	"caascan lookup": {text: []string{
		"Asks for everything that a scan asks for about one name, and shows for a person what it found, who may issue and where that is published. " +
			"With --type it asks for one record type, as a resolver would answer; --trace explains every exchange and every signature.",
	}},
	"caascan check": {text: []string{
		"Says whether a CA that goes by the identifiers of --issuer may issue for each name now, under the rule in force at --at or that of --profile. " +
			"Wildcard names (*.example.org) and mail addresses choose the kind of certificate, unless --for does.",
		"Exit status 0 is yes for all names, 1 is no for one of them, 4 that it cannot be told.",
	}},
	"caascan serve": {
		text: []string{
			"Answers check and lookup over HTTP, as JSON; /openapi.json describes it. It listens on loopback unless --token-file gives a token that callers must show.",
		},
		signals: []manTerm{{"SIGINT, SIGTERM", "Take no more calls, finish those under way within --grace, and end."}},
	},
	"caascan lists": {text: []string{
		"Knows the public lists of names, with their licences and how to cite them, and fetches one into a dated file with its checksum. " +
			"Without a command it shows them all, or the one that is named.",
	}},
	"caascan verify": {text: []string{
		"Reads a scan again: every file against its size and SHA-256, every row against the schema, the rows against the lines of the inputs, where these are still there. " +
			"With --repair what is damaged is taken out, and only the names whose rows were lost are scanned again, with the options of the scan.",
		"Exit status 0 is that nothing is wrong, 1 that something is.",
	}},
	"caascan demo": {text: []string{
		"Makes a small signed Internet on loopback, with faults and with the truth known, scans it and scores the result. No packet leaves the machine. " +
			"With --serve it only runs the servers, and writes what a scan of them needs.",
	}},
	"caascan probe-page": {text: []string{
		"Prints a page for the web server at the scanner's own addresses: who asks, why, what is asked about a name, how often and how fast at most, and " +
			"how to get no queries. Its figures come from the options of the scan, so give it the same ones, best in a file (--config). No packet is sent.",
		"With --probing-txt it prints the probe description of RFC 9511, which belongs to https://NAME/.well-known/probing.txt, where NAME is what the PTR " +
			"records of the source addresses have; and where the server has a certificate for its addresses, there too.",
	}},
	"caascan completion": {text: []string{
		"Prints a script that lets the shell complete commands, options, files and the values of options. The shell reads it once; caascan is not run to complete.",
	}},
	"caascan man": {text: []string{
		"Writes the manual pages, made from the definitions of the commands, as roff for man(1).",
	}},
}

// manualOf returns the texts of a command.
func manualOf(node *kong.Node) manual {
	m := manuals[commandPath(node)]
	if len(m.text) == 0 {
		m.text = []string{node.Help}
	}
	return m
}

// What the pages of all commands say.
var (
	environmentText = []string{
		"Every option can be set by a variable: " + envPrefix + "_ and its name in capitals, with _ for -, as in " + envPrefix + "_RATE_PER_SERVER=20. " +
			"Values of options that may be repeated are separated by commas; those without a value take true or false.",
	}
	environmentTerms = []manTerm{
		{"GOMEMLIMIT, GOGC", "Memory limit and pace of the garbage collector, which caascan otherwise sets by the memory that is free."},
	}
	configurationText = []string{
		"--config names a YAML file with one key for each option, under its name without the dashes; lists may be YAML lists. Keys that are no option of " +
			"any command are refused. The command line goes before the environment, that before the file, and that before the default.",
	}
	configurationExample = "rate-per-server: 20\nexclude: /etc/caascan/exclude.txt\nsource: [192.0.2.10, '2001:db8::10']"
	exitTerms            = []manTerm{
		{"0", "Done."},
		{"1", "Done, but rows are missing, or the answer of check is no."},
		{"2", "Wrong usage, unreadable input or unwritable output, before any packet."},
		{"3", "Stopped early, by a signal or an error of this machine such as a full disk; everything written is valid."},
		{"4", "Undetermined (check)."},
	}
)
