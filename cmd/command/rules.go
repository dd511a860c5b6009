package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
)

// Rules returns the built-in rules, and before them those of a file of the user's, "" for none.
func Rules(file string) (*caa.Rules, error) {
	rules := caa.BuiltIn()
	if file == "" {
		return rules, nil
	}
	text, err := os.ReadFile(file)
	if err == nil {
		rules, err = caa.ReadProfiles(file, text, rules)
	}
	if err != nil {
		return nil, fmt.Errorf("--profiles: %w", err)
	}
	return rules, nil
}

// Issuers returns the identifiers of a CA as they were given, for some rules compare their case (C6), without blanks around them.
func Issuers(given []string) ([]string, error) {
	var all []string
	for _, id := range given {
		id = strings.TrimSpace(id)
		if id == "" || !strings.EqualFold(caa.ParseIssuance(id).Issuer, id) {
			return nil, fmt.Errorf("--issuer %q: no issuer identifier (RFC 8659 4.2)", id)
		}
		all = append(all, id)
	}
	return all, nil
}

// OnFailure are the values of --on-failure.
var OnFailure = map[string]caa.OnFailure{"unknown": caa.NotChosen, "permit": caa.PermitOnFailure, "deny": caa.DenyOnFailure}
