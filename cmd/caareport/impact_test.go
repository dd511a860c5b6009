package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// mailScan is a scan of three names, of which one names another CA for mail, and one has data that do not validate.
func mailScan(t *testing.T, state output.State) string {
	t.Helper()
	found := output.Level{Outcome: "found", Security: "insecure", Attempts: 1}
	with := func(name, tag, value string) output.Domain {
		d := domain(name, tag, value)
		d.Labels, d.Climb, d.CAARRsetHash = 2, []output.Level{found}, tag+value // which stands for the hash of the records
		return d
	}
	bogus := output.Domain{
		QueryName: "bogus.org", TLD: "org", Labels: 2, Exists: "unresolved", Status: "bogus", CAAStatus: "error", DNSSECStatus: "bogus",
		Climb: []output.Level{{Outcome: "bogus", Security: "bogus", Reason: "expired", Attempts: 1}},
	}
	scan := scantest.Scan{
		Manifest: output.Manifest{State: state},
		Domains:  []output.Domain{with("mail.org", "issuemail", "other.example"), with("tls.org", "issue", "other.example"), bogus},
	}
	return scan.Write(t, t.TempDir())
}

func TestImpactCommand(t *testing.T) {
	dir, out := mailScan(t, output.Complete), t.TempDir()
	list := filepath.Join(out, "list.csv")
	code, text, errs := call(t, "impact", dir, "--case", "smime-mandatory", "--owner", "digicert", "--list", list)
	if code != exitDone || !strings.Contains(text, "What \"before\" means.") || !strings.Contains(text, "DigiCert") {
		t.Errorf("exit code %d\n%s%s", code, text, errs)
	}
	file, err := os.Open(list)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "mail.org" {
		t.Errorf("%v, %v", rows, err)
	}
	for _, form := range []string{"text", "csv", "json", "parquet"} {
		tables := filepath.Join(out, form)
		code, text, errs := call(t, "impact", dir, "--from", "tls-2025-07", "--to", "tls-2026-03", "--format", form, "--out", tables)
		if code != exitDone || text != "" {
			t.Errorf("%s: exit code %d, %s%s", form, code, text, errs)
		}
		if files, err := os.ReadDir(tables); err != nil || len(files) < 6 {
			t.Errorf("%s: %v, %v", form, files, err)
		}
	}
	names := filepath.Join(out, "names.txt")
	if err := os.WriteFile(names, []byte("bogus.org\nnever-scanned.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, text, errs = call(t, "impact", dir, "--case", "dnssec-mandatory", "--issuer", "ca.example", "--names", names)
	if code != exitDone || !strings.Contains(text, "1 of the 2 names of the list are not in the scan") || !strings.Contains(text, "never-scanned.org") {
		t.Errorf("exit code %d\n%s%s", code, text, errs)
	}
	if code, _, errs := call(t, "impact", mailScan(t, output.Running), "--case", "dnssec-mandatory"); code != exitIncomplete || !strings.Contains(errs, "not complete") {
		t.Errorf("of a scan that is not complete: exit code %d, %s", code, errs)
	}
}

func TestImpactUsage(t *testing.T) {
	dir := mailScan(t, output.Complete)
	rules := []string{"--from", "strict", "--to", "tls-2026-06"}
	for want, args := range map[string][]string{
		"say which change of rules":             {},
		"no such rule; there are rfc8659":       {"--from", "strictly", "--to", "strict"},
		"about different kinds":                 {"--from", "tls-2026-06", "--to", "smime-2026-03"},
		"not both rules say anything":           {"--from", "strict", "--to", "tls-2026-06", "--for", "smime"},
		"the case smime-mandatory is not about": {"--case", "smime-mandatory", "--for", "tls"},
		"--case says the rules":                 {"--case", "smime-mandatory", "--to", "strict"},
		"did you mean":                          append(rules, "--owner", "Lets Encrypt"),
		"no such CA; there are":                 append(rules, "--owner", "zzz"),
		"no issuer identifier":                  append(rules, "--issuer", "https://ca.example"),
		"one or the other":                      append(rules, "--issuer", "ca.example", "--all"),
		"say where, by --out DIR":               append(rules, "--format", "csv"),
		"say where, by --list FILE":             append(rules, "--list-all"),
		"want a name that ends in .csv":         append(rules, "--list", "x.xlsx"),
		"must be one of":                        {"--case", "all-mandatory"},
		"no such file":                          append(rules, "--names", filepath.Join(dir, "nothing.txt")),
		"--profiles: open":                      append(rules, "--profiles", filepath.Join(dir, "nothing.yaml")),
		"unknown flag --issuers":                append(rules, "--issuers", "x"),
		"--for must be one of \"tls\",\"tls-wi": append(rules, "--for", "ssh"),
	} {
		code, out, errs := call(t, append([]string{"impact", dir}, args...)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d, %s%s; want %q", args, code, out, errs, want)
		}
	}
	if code, _, errs := call(t, "impact", t.TempDir(), "--case", "dnssec-mandatory"); code != exitUsage || !strings.Contains(errs, "no scan") {
		t.Errorf("an empty directory: exit code %d, %s", code, errs)
	}
}
