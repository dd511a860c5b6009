// Package command is what the command lines of caascan and caareport have in common: flags from YAML files, and help that begins with
// an example.
package command

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// Exampler is a command with an example for its help.
type Exampler interface{ Example() string }

// Help prints the help of a command behind an example of its use; the one given where no command was chosen.
func Help(example string) kong.HelpPrinter {
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		if node := ctx.Selected(); node != nil {
			if e, ok := node.Target.Addr().Interface().(Exampler); ok {
				example = e.Example()
			}
		}
		if _, err := fmt.Fprintf(ctx.Stdout, "Example:\n  %s\n\n", example); err != nil {
			return err
		}
		return kong.DefaultHelpPrinter(options, ctx)
	}
}
