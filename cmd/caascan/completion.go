package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/scanner/caa"
)

// Completion is a script made from the definitions of the commands. Once the shell has read it, it completes without
// running caascan; so it costs a start of caascan nothing, and nothing is ever taken for a request to complete.

// completionCmd is the command completion.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Example implements command.Exampler.
func (*completionCmd) Example() string {
	return "source <(caascan completion bash)                                            # this shell; for all:\n" +
		"  caascan completion bash > /usr/share/bash-completion/completions/caascan\n" +
		"  caascan completion zsh > /usr/local/share/zsh/site-functions/_caascan\n" +
		"  caascan completion fish > ~/.config/fish/completions/caascan.fish"
}

// Run prints the script.
func (c *completionCmd) Run(env *environ, ctx *kong.Context) error {
	script := map[string]func(*kong.Node) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	_, err := io.WriteString(env.stdout, script(ctx.Model.Node))
	return err
}

// candidates are what can stand for a value.
type candidates struct {
	files, directories bool
	words              []string
	list               bool // words may follow each other after commas
}

// candidatesOf says what can stand for a value, by its enumeration, its name, or the placeholder that its help shows.
func candidatesOf(v *kong.Value, placeholder string) candidates {
	switch {
	case v.Enum != "":
		return candidates{words: enumValues(v)}
	case v.Flag != nil && v.Flag.Name == "profile":
		return candidates{words: caa.BuiltIn().Names()}
	case v.Flag != nil && v.Flag.Name == "with":
		c := candidates{words: []string{noCompanions}, list: true}
		for _, companion := range companions {
			c.words = append(c.words, companion.word)
		}
		return c
	case placeholder == "DIR":
		return candidates{directories: true}
	case placeholder == "FILE" || placeholder == "INPUT":
		return candidates{files: true}
	default:
		return candidates{}
	}
}

// visibleFlags are the flags of a command and of those above it that completion shows, as they are typed: a flag that can
// be negated is there twice.
func visibleFlags(node *kong.Node) (all []typedFlag) {
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			if f.Hidden {
				continue
			}
			all = append(all, typedFlag{f, f.Name})
			if f.Tag.Negatable != "" {
				all = append(all, typedFlag{f, "no-" + f.Name})
			}
		}
	}
	return all
}

type typedFlag struct {
	*kong.Flag
	typed string // without dashes
}

func (f typedFlag) takesValue() bool { return !f.IsBool() && !f.IsCounter() }

func (f typedFlag) candidates() candidates { return candidatesOf(f.Value, f.PlaceHolder) }

// argument returns what can stand for an argument of a command; the last, where there are several.
func argument(node *kong.Node) candidates {
	if len(node.Positional) == 0 {
		return candidates{}
	}
	p := node.Positional[len(node.Positional)-1]
	return candidatesOf(p, argumentName(p))
}

// commandWords are the names of the commands right below node.
func commandWords(node *kong.Node) (words []string) {
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			words = append(words, child.Name)
		}
	}
	return words
}

// nodes are the program and its commands.
func nodes(root *kong.Node) []*kong.Node { return append([]*kong.Node{root}, commandsOf(root)...) }

// bashCompletion makes the script for bash 4 and later.
func bashCompletion(root *kong.Node) string {
	var b, commands, values, options strings.Builder
	for _, node := range nodes(root) {
		path := commandPath(node)
		if node != root {
			fmt.Fprintf(&commands, "        '%s') path+=\" $word\" ;;\n", path)
		}
		words := commandWords(node)
		var flags []string
		for _, f := range visibleFlags(node) {
			flags = append(flags, "--"+f.typed)
			if f.Short != 0 {
				flags = append(flags, "-"+string(f.Short))
			}
			if !f.takesValue() {
				continue
			}
			fmt.Fprintf(&values, "    '%s --%s') %s; return ;;\n", path, f.typed, bashCandidates(f.candidates()))
			if len(words) > 0 { // the word after it is no command
				fmt.Fprintf(&commands, "        '%s --%s') ((i++)); [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n", path, f.typed)
			}
		}
		rest := candidates{words: words}
		if len(words) == 0 {
			rest = argument(node)
		}
		fmt.Fprintf(&options, "    '%s')\n        if [[ $cur == -* ]]; then %s\n        else %s; fi ;;\n",
			path, bashCandidates(candidates{words: flags}), bashCandidates(rest))
	}
	fmt.Fprintf(&b, `# bash completion of caascan, made by: caascan completion bash

# What begins like the word under the cursor; nothing else.
_caascan_words() {
    compopt +o default
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# The same for the last item of a list with commas.
_caascan_list() {
    local before=
    [[ $cur == *,* ]] && before=${cur%%,*},
    compopt +o default -o nospace
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

_caascan() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path=caascan word i
    COMPREPLY=()
    # --flag=value comes as three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $previous == = ]] && ((COMP_CWORD > 1)); then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case "$path $word" in
%s        esac
    done
    case "$path $previous" in
%s    esac
    case $path in
%s    esac
}
complete -o default -F _caascan caascan
`, commands.String(), values.String(), options.String())
	return b.String()
}

// bashCandidates is the command that offers c. Files are left to the shell itself, which is best at quoting them.
func bashCandidates(c candidates) string {
	switch {
	case c.files:
		return ":"
	case c.directories:
		return "compopt +o default -o dirnames"
	case c.list:
		return "_caascan_list " + singleQuoted(strings.Join(c.words, " "))
	default:
		return "_caascan_words " + singleQuoted(strings.Join(c.words, " "))
	}
}

// zshCompletion makes the script for zsh, which is also a file for fpath.
func zshCompletion(root *kong.Node) string {
	var b strings.Builder
	b.WriteString("#compdef caascan\n# zsh completion of caascan, made by: caascan completion zsh\n")
	for _, node := range slices.Backward(nodes(root)) { // the program last
		fmt.Fprintf(&b, "\n_%s() {\n", zshName(node))
		words := commandWords(node)
		if len(words) > 0 {
			b.WriteString("    local line state context\n    local -a commands\n")
		}
		b.WriteString("    _arguments -C -s")
		for _, f := range visibleFlags(node) {
			b.WriteString(" \\\n        " + zshFlag(f))
		}
		if len(words) == 0 {
			for _, p := range node.Positional {
				where := ""
				if p.IsCumulative() {
					where = "*"
				}
				fmt.Fprintf(&b, " \\\n        %s", singleQuoted(where+":"+zshText(argumentName(p))+":"+zshCandidates(candidatesOf(p, argumentName(p)))))
			}
			b.WriteString("\n}\n")
			continue
		}
		b.WriteString(" \\\n        '1:command:->command' \\\n        '*::argument:->argument'\n    case $state in\n    command)\n        commands=(\n")
		for _, child := range node.Children {
			if slices.Contains(words, child.Name) {
				fmt.Fprintf(&b, "            %s\n", singleQuoted(child.Name+":"+child.Help))
			}
		}
		b.WriteString("        )\n        _describe command commands ;;\n    argument)\n        case $line[1] in\n")
		for _, child := range node.Children {
			if slices.Contains(words, child.Name) {
				fmt.Fprintf(&b, "        %s) _%s ;;\n", child.Name, zshName(child))
			}
		}
		b.WriteString("        esac ;;\n    esac\n}\n")
	}
	b.WriteString("\nif [[ $funcstack[1] == _caascan ]]; then\n    _caascan \"$@\"\nelse\n    compdef _caascan caascan\nfi\n")
	return b.String()
}

func zshName(node *kong.Node) string { return strings.ReplaceAll(pageName(node), "-", "_") }

// zshFlag is a flag as _arguments wants it: '*--flag=[help]:placeholder:candidates'.
func zshFlag(f typedFlag) string {
	var b strings.Builder
	if f.IsCumulative() {
		b.WriteString("*")
	}
	b.WriteString("--" + f.typed)
	if f.takesValue() {
		b.WriteString("=")
	}
	fmt.Fprintf(&b, "[%s]", zshText(f.Help))
	if f.takesValue() {
		fmt.Fprintf(&b, ":%s:%s", zshText(placeholder(f.Flag)), zshCandidates(f.candidates()))
	}
	return singleQuoted(b.String())
}

func zshCandidates(c candidates) string {
	switch {
	case c.files:
		return "_files"
	case c.directories:
		return "_files -/"
	case c.list:
		return "_values -s , item " + strings.Join(c.words, " ")
	case len(c.words) > 0:
		return "(" + strings.Join(c.words, " ") + ")"
	default:
		return " "
	}
}

// zshText escapes what ends a part of a specification of _arguments.
func zshText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
}

// fishCompletion makes the script for fish.
func fishCompletion(root *kong.Node) string {
	var b strings.Builder
	b.WriteString("# fish completion of caascan, made by: caascan completion fish\ncomplete -c caascan -e\ncomplete -c caascan -f\n")
	for _, node := range nodes(root) {
		here := fishCondition(node)
		for _, child := range node.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				fmt.Fprintf(&b, "complete -c caascan -n %s -a %s -d %s\n", here, child.Name, singleQuoted(child.Help))
			}
		}
		if c := argument(node); c.files || c.directories || len(c.words) > 0 {
			fmt.Fprintf(&b, "complete -c caascan -n %s%s\n", here, fishCandidates(c))
		}
		for _, f := range visibleFlags(node) {
			fmt.Fprintf(&b, "complete -c caascan -n %s -l %s", here, f.typed)
			if f.Short != 0 {
				fmt.Fprintf(&b, " -s %c", f.Short)
			}
			if f.takesValue() {
				b.WriteString(" -r" + fishCandidates(f.candidates()))
			}
			fmt.Fprintf(&b, " -d %s\n", singleQuoted(f.Help))
		}
	}
	return b.String()
}

// fishCondition holds where the command is node, with no command below it yet.
func fishCondition(node *kong.Node) string {
	var terms []string
	for n := node; n.Parent != nil; n = n.Parent {
		terms = append([]string{"__fish_seen_subcommand_from " + n.Name}, terms...)
	}
	if words := commandWords(node); len(words) > 0 {
		terms = append(terms, "not __fish_seen_subcommand_from "+strings.Join(words, " "))
	}
	return singleQuoted(strings.Join(terms, "; and "))
}

func fishCandidates(c candidates) string {
	switch {
	case c.files:
		return " -F"
	case c.directories:
		return " -f -a '(__fish_complete_directories)'"
	case c.list:
		return " -f -a '(__fish_append , " + strings.Join(c.words, " ") + ")'"
	case len(c.words) > 0:
		return " -f -a " + singleQuoted(strings.Join(c.words, " "))
	default:
		return " -f"
	}
}

// singleQuoted is s as one word of a shell; bash, zsh and fish agree on it, as no help has a backslash.
func singleQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
