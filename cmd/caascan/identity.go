package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
)

// conduct are the flags that may be others when a scan is continued: they say how it goes about its work, not what its rows mean.
// A scan that is slowed down because somebody complained is still the same. What was changed stands in the manifest.
var conduct = map[string]bool{
	"out": true, "restart": true, "config": true, "quiet": true, "dry-run": true, "plan-from": true,
	"in-flight": true, "loops": true, "source": true, "exclude": true, "metrics": true, "log-level": true, "log-format": true,
	"rate-per-server": true, "rate-per-operator": true, "rate-per-tld": true, "rate-per-root": true, "rate-start": true,
	"rate-total": true, "rate-bits": true, "rate-share": true, "part-rows": true, "part-age": true,
}

// contents are the flags that name files: it is what is in them that counts, not where they lie.
var contents = map[string]bool{"root-hints": true, "trust-anchor": true, "ccadb": true}

// identity is what a scan and one that continues it must have in common: the inputs, and the flags that decide what the rows
// say. The public suffix list is part of it.
func identity(flags map[string]any, inputs []output.Input) (map[string]string, error) {
	same := map[string]string{"public suffix list": datasets.DefaultSuffixes().Version()}
	for name, value := range flags {
		if conduct[name] {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		same["--"+name] = strings.Trim(string(text), `"`)
		if path, ok := value.(string); ok && contents[name] && path != "" {
			sum, err := sumOf(path)
			if err != nil {
				return nil, err
			}
			same["--"+name] = "a file with SHA-256 " + sum
		}
	}
	for i, in := range inputs {
		is := "SHA-256 " + in.SHA256
		if in.SHA256 == "" {
			is = fmt.Sprintf("a stream that begins with what makes the seed %v", flags["seed"])
		}
		same[fmt.Sprintf("input %d", i+1)] = filepath.Base(in.Path) + ", " + is // which may have moved
	}
	return same, nil
}

// sumInputs notes the SHA-256 of each input that is a file. It is known of streams only when they have been read.
func sumInputs(paths []string, inputs []output.Input) error {
	for i, path := range paths {
		if path == "-" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if inputs[i].SHA256, err = sumOf(path); err != nil {
			return err
		}
	}
	return nil
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
