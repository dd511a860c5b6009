package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/cmd/command"
)

// Manual pages are made from the definitions of the commands: their flags, help and examples, and the texts of manual.go
// for what these do not say. There is one page for the program and one for each command.

// manCmd is the command man.
type manCmd struct {
	Dir string `arg:"" optional:"" placeholder:"DIR" help:"Directory to write caascan.1 and a page for each command into (default: caascan.1 to stdout)."`
}

// Example implements command.Exampler.
func (*manCmd) Example() string {
	return "caascan man /usr/local/share/man/man1\n  caascan man | man -l -"
}

// Run writes the pages.
func (c *manCmd) Run(env *environ, ctx *kong.Context) error {
	if c.Dir == "" {
		_, err := io.WriteString(env.stdout, manualPage(ctx.Model.Node))
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return command.Usage(err)
	}
	for _, node := range append([]*kong.Node{ctx.Model.Node}, commandsOf(ctx.Model.Node)...) {
		if err := os.WriteFile(filepath.Join(c.Dir, pageName(node)+".1"), []byte(manualPage(node)), 0o644); err != nil {
			return command.Usage(err)
		}
	}
	return nil
}

// commandsOf returns the commands below node that can be seen, those of commands too.
func commandsOf(node *kong.Node) (all []*kong.Node) {
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			all = append(append(all, child), commandsOf(child)...)
		}
	}
	return all
}

// pageName is the name of a command's page: caascan-scan.
func pageName(node *kong.Node) string { return strings.ReplaceAll(commandPath(node), " ", "-") }

// commandPath is the command as it is typed: caascan scan.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandPath(node.Parent) + " " + node.Name
}

// manualPage makes the page of the program or of one command.
func manualPage(node *kong.Node) string {
	var r roff
	about := manualOf(node)
	r.header(pageName(node), pageDate(), "caascan "+release, "caascan manual")
	r.section("NAME")
	r.text(pageName(node) + " - " + brief(node.Help))
	r.section("SYNOPSIS")
	writeSynopsis(&r, node)
	r.section("DESCRIPTION")
	r.paragraphs(about.text)
	if e, ok := node.Target.Addr().Interface().(command.Exampler); ok {
		r.section("EXAMPLES")
		r.example(strings.ReplaceAll(e.Example(), "\n  ", "\n"))
	}
	writeCommands(&r, node)
	r.section("OPTIONS")
	writeOptions(&r, node)
	r.section("ENVIRONMENT")
	r.paragraphs(environmentText)
	writeTerms(&r, "", environmentTerms)
	r.section("CONFIGURATION FILE")
	r.paragraphs(configurationText)
	r.WriteString(".PP\n")
	r.example(configurationExample)
	writeTerms(&r, "SIGNALS", about.signals)
	writeTerms(&r, "FILES", about.files)
	writeTerms(&r, "EXIT STATUS", exitTerms)
	r.section("SEE ALSO")
	r.text(seeAlso(node))
	return r.String()
}

// brief is the help of a command as the line under NAME has it.
func brief(help string) string {
	help = strings.TrimSuffix(help, ".")
	if len(help) > 1 && 'a' <= help[1] && help[1] <= 'z' { // no acronym
		help = strings.ToLower(help[:1]) + help[1:]
	}
	return help
}

// pageDate is the day of what the page describes: of the commit, or the one that a reproducible build gives, or today.
func pageDate() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" && len(s.Value) >= len(time.DateOnly) {
				return s.Value[:len(time.DateOnly)]
			}
		}
	}
	return time.Now().UTC().Format(time.DateOnly)
}

// writeSynopsis writes how the command is called: options that must be there, and arguments.
func writeSynopsis(r *roff, node *kong.Node) {
	fmt.Fprintf(r, "\\fB%s\\fR", inline(commandPath(node)))
	for _, f := range node.Flags {
		if f.Required {
			fmt.Fprintf(r, " \\fB%s\\fR\\fI%s\\fR", inline("--"+f.Name+"="), inline(placeholder(f)))
		}
	}
	r.WriteString(" [\\fIOPTION\\fR\\ ...]")
	if len(commandsOf(node)) > 0 {
		r.WriteString(" \\fICOMMAND\\fR ...")
	}
	for _, p := range node.Positional {
		word := `\fI` + inline(argumentName(p)) + `\fR`
		if p.IsCumulative() {
			word += "\\ ..."
		}
		if !p.Required {
			word = "[" + word + "]"
		}
		r.WriteString(" " + word)
	}
	r.WriteString("\n")
}

func argumentName(p *kong.Positional) string {
	return cmp.Or(p.Tag.PlaceHolder, strings.ToUpper(p.Name))
}

// writeCommands lists the commands below node.
func writeCommands(r *roff, node *kong.Node) {
	var terms []manTerm
	for _, c := range commandsOf(node) {
		terms = append(terms, manTerm{strings.TrimPrefix(commandPath(c), commandPath(node)+" "), c.Help})
	}
	writeTerms(r, "COMMANDS", terms)
}

// writeOptions writes the arguments, then the options in the groups that help shows, those of the commands above last.
func writeOptions(r *roff, node *kong.Node) {
	for _, p := range node.Positional {
		r.term("", argumentName(p), p.Help)
	}
	grouped := map[string][]*kong.Flag{}
	var titles []string
	for _, f := range node.Flags {
		title := groupTitle(f)
		if grouped[title] == nil {
			titles = append(titles, title)
		}
		grouped[title] = append(grouped[title], f)
	}
	if node.Parent != nil {
		const common = "Options of every command"
		titles = append(titles, common)
		for n := node.Parent; n != nil; n = n.Parent {
			grouped[common] = append(grouped[common], n.Flags...)
		}
	}
	slices.SortStableFunc(titles, func(a, b string) int { return cmp.Compare(min(len(a), 1), min(len(b), 1)) }) // what is in no group goes first
	for _, title := range titles {
		if title != "" {
			r.subsection(title)
		}
		for _, f := range grouped[title] {
			if !f.Hidden {
				writeOption(r, f)
			}
		}
	}
}

func groupTitle(f *kong.Flag) string {
	if f.Group == nil {
		return ""
	}
	return f.Group.Title
}

func writeOption(r *roff, f *kong.Flag) {
	name, argument := "--"+f.Name, ""
	if f.Short != 0 {
		name = "-" + string(f.Short) + ", " + name
	}
	switch {
	case f.Tag.Negatable != "":
		name = "--[no-]" + f.Name
	case !f.IsBool() && !f.IsCounter():
		name += "="
		argument = placeholder(f)
	}
	r.term(name, argument, optionHelp(f))
}

// placeholder stands for the value of a flag.
func placeholder(f *kong.Flag) string {
	switch kind := f.Target.Type(); {
	case f.PlaceHolder != "":
		return f.PlaceHolder
	case f.Enum != "":
		return strings.Join(enumValues(f.Value), "|")
	case kind == reflect.TypeFor[time.Duration]():
		return "DURATION"
	case kind.Kind() >= reflect.Int && kind.Kind() <= reflect.Float64:
		return "N"
	default:
		return strings.ToUpper(f.Name)
	}
}

// enumValues returns the values that v may have, in the order of their definition; nil if it may have any.
func enumValues(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	values := strings.Split(v.Enum, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// optionHelp is the help of a flag with its default, where that says something and the help does not.
func optionHelp(f *kong.Flag) string {
	if !f.HasDefault || f.Default == "" || f.IsBool() || strings.Contains(f.Help, "(default") {
		return f.Help
	}
	return f.Help + " Default: " + f.Default + "."
}

func writeTerms(r *roff, title string, terms []manTerm) {
	if len(terms) > 0 && title != "" {
		r.section(title)
	}
	for _, t := range terms {
		r.term(t.name, "", t.text)
	}
}

// seeAlso names the other pages: from the program all commands, from a command the program and its neighbours.
func seeAlso(node *kong.Node) string {
	root := node
	for root.Parent != nil {
		root = root.Parent
	}
	var pages []string
	for _, n := range append([]*kong.Node{root}, commandsOf(root)...) {
		if n != node {
			pages = append(pages, pageName(n)+"(1)")
		}
	}
	return strings.Join(pages, ", ") + "; RFC 8659 (CAA), RFC 9495 (issuemail), RFC 8657 (accounturi, validationmethods); docs/operations.md"
}
