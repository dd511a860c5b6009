package command

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// YAML reads flags from YAML: one key for each, under the flag's name, as in "rate-per-server: 20". It is a
// kong.ConfigurationLoader.
func YAML(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("configuration: %s", yaml.FormatError(err, false, true))
	}
	return flagValues(values), nil
}

// flagValues is a kong.Resolver.
type flagValues map[string]any

// Validate refuses keys that are no flag of any command.
func (f flagValues) Validate(app *kong.Application) error {
	known := map[string]bool{}
	var collect func(*kong.Node)
	collect = func(n *kong.Node) {
		for _, flag := range n.Flags {
			known[flag.Name] = true
		}
		for _, child := range n.Children {
			collect(child)
		}
	}
	collect(app.Node)
	for _, key := range slices.Sorted(maps.Keys(f)) {
		if !known[key] {
			return fmt.Errorf("configuration: no flag is called %q", key)
		}
	}
	return nil
}

// Resolve returns the value of a flag, nil if the file has none or the environment has one, which goes before the file.
// Lists may be YAML lists.
func (f flagValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	switch value := f[flag.Name].(type) {
	case nil:
		return nil, nil
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = fmt.Sprint(item)
		}
		return items, nil
	default:
		return fmt.Sprint(value), nil
	}
}
