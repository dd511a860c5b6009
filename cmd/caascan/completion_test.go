package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// completionCases are lines up to the cursor, what must be offered to go on, and what must not.
var completionCases = []struct {
	line   string
	offers []string
	never  []string
}{
	{"caascan ", []string{"scan", "lookup", "check", "serve", "demo", "man", "completion"}, []string{"names.txt", "--help"}},
	{"caascan sc", []string{"scan"}, []string{"serve", "names.txt"}},
	{"caascan --config names.txt lo", []string{"lookup"}, []string{"scan"}},
	{"caascan scan --dns", []string{"--dnssec"}, []string{"--out"}},
	{"caascan scan --c", []string{"--config", "--ccadb"}, []string{"--profile"}}, // of the program, of the command, of another command
	{"caascan demo --no", []string{"--no-polite"}, nil},
	{"caascan scan --dnssec ", []string{"off", "lazy", "full"}, []string{"names.txt", "scan"}},
	{"caascan scan --dnssec=", []string{"off", "lazy", "full"}, []string{"names.txt"}},
	{"caascan scan --quiet --dnssec=l", []string{"lazy"}, []string{"full"}},
	{"caascan scan --format p", []string{"parquet"}, []string{"jsonl"}},
	{"caascan scan --with=mx,sp", []string{"mx,spf"}, []string{"dmarc"}},
	{"caascan check --profile w-8", []string{"w-8657-mail"}, []string{"w-no-sha1"}},
	{"caascan scan ", []string{"names.txt", "below"}, []string{"lookup"}},
	{"caascan scan --out=data --exclude na", []string{"names.txt"}, []string{"below"}},
	{"caascan scan --plan-from ", []string{"below"}, []string{"names.txt"}},
	{"caascan man ", []string{"below"}, []string{"names.txt"}},
	{"caascan lookup --timeout ", nil, []string{"names.txt", "below", "scan"}},
	{"caascan completion ", []string{"bash", "zsh", "fish"}, []string{"names.txt"}},
}

// TestCompletion asks the shells themselves what they offer.
func TestCompletion(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "names.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	for shell, offered := range map[string]func(t *testing.T, dir, script string, lines []string) [][]string{
		"bash": bashOffers, "zsh": zshOffers, "fish": fishOffers,
	} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed", shell)
			}
			script := filepath.Join(t.TempDir(), "_caascan")
			if err := os.WriteFile(script, []byte(mustCaascan(t, "", "completion", shell)), 0o644); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, c := range completionCases {
				lines = append(lines, c.line)
			}
			answers := offered(t, dir, script, lines)
			for i, c := range completionCases {
				for _, want := range c.offers {
					if !slices.Contains(answers[i], want) {
						t.Errorf("%q: %q is not offered, but %q", c.line, want, answers[i])
					}
				}
				for _, not := range c.never {
					if slices.Contains(answers[i], not) {
						t.Errorf("%q: %q is offered: %q", c.line, not, answers[i])
					}
				}
			}
		})
	}
	if code, stdout, stderr := caascan(t, "", "completion", "tcsh"); code != exitUsage || stdout != "" || !strings.Contains(stderr, "tcsh") {
		t.Errorf("completion tcsh: exit code %d, %q, %q", code, stdout, stderr)
	}
}

// shellOutput runs a script of a shell in dir.
func shellOutput(t *testing.T, dir, shell string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C", "TERM=dumb", "XDG_DATA_HOME="+dir+"/.data", "XDG_CONFIG_HOME="+dir+"/.config")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, out)
	}
	return string(out)
}

// bare are the words of a shell's answer, without the slash of directories, the comma that zsh adds to items of a list, and
// the option before its value.
func bare(answer string) (words []string) {
	for word := range strings.FieldsSeq(answer) {
		_, value, found := strings.Cut(word, "=")
		if !found || value == "" {
			value = strings.TrimSuffix(word, "=")
		}
		words = append(words, strings.TrimRight(value, "/,"))
	}
	return words
}

// bashOffers calls the function as readline does, and does what the options say that readline shall do then.
func bashOffers(t *testing.T, dir, script string, lines []string) (answers [][]string) {
	const driver = `
source "$1"; shift
complete -p caascan | grep -q -- '-o default' && files=yes
compopt() { while (($#)); do case "$1 $2" in "+o default") files= ;; "-o dirnames") directories=yes ;; esac; shift 2; done; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _caascan caascan "${@: -1}" "${@: -2:1}"
if ((${#COMPREPLY[@]})); then printf '%s\n' "${COMPREPLY[@]}"
elif [[ $directories ]]; then compgen -d -- "${@: -1}"
elif [[ $files ]]; then compgen -f -- "${@: -1}"; fi; true`
	for _, line := range lines {
		words := strings.Split(strings.ReplaceAll(line, "=", " = "), " ")
		if strings.HasSuffix(line, "=") {
			words = words[:len(words)-1] // the cursor stands at the sign
		}
		answers = append(answers, bare(shellOutput(t, dir, "bash", append([]string{"--norc", "-c", driver, "bash", script}, words...)...)))
	}
	return answers
}

func fishOffers(t *testing.T, dir, script string, lines []string) (answers [][]string) {
	const driver = `source $argv[1]; for line in $argv[2..]; complete -C $line | string replace -r '\t.*' ''; echo =====; end`
	out := shellOutput(t, dir, "fish", append([]string{"--no-config", "-c", driver, script}, lines...)...)
	for answer := range strings.SplitSeq(out, "=====\n") {
		answers = append(answers, bare(answer))
	}
	return answers
}

// zshOffers types into an interactive zsh and presses the tab key.
func zshOffers(t *testing.T, dir, script string, lines []string) (answers [][]string) {
	const driver = `
zmodload zsh/zpty
zpty shell "COLUMNS=300 zsh -f -i"
zpty -w shell "PS1='PROM''PT'; unsetopt zle_bracketed_paste list_ambiguous auto_menu; LISTMAX=10000; autoload -Uz compinit; compinit -u -D; source ${(q)1}; zstyle ':completion:*' verbose no"
zpty -r shell out '*PROMPT*'
shift
for line; do
    zpty -w -n shell "$line"$'\t'$'\C-u'
    zpty -w shell "print EN''D"
    zpty -r shell out '*END*PROMPT*'
    print -r -- "$out"
    print "====="
done
zpty -d shell`
	escapes := regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]|\a")
	out := escapes.ReplaceAllString(shellOutput(t, dir, "zsh", append([]string{"-f", "-c", driver, "zsh", script}, lines...)...), "")
	for answer := range strings.SplitSeq(out, "=====\n") {
		answer, _, _ = strings.Cut(answer, "END")
		line, list, _ := strings.Cut(answer, "\r")
		list, _, isList := strings.Cut(list, "PROMPT")
		if !isList { // the only candidate was put into the line
			words := strings.Fields(line)
			list = strings.Join(words[max(len(words)-1, 0):], "")
		}
		answers = append(answers, bare(list))
	}
	return answers
}
