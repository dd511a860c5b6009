package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// document is what the tests read of openapi.json.
type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Schemas, Responses map[string]any }
	whole      any
}

type operation struct {
	Description string
	Parameters  []struct {
		Name     string
		Required bool
		Schema   map[string]any
	}
	RequestBody struct {
		Content map[string]struct{ Schema map[string]any }
	}
	Responses map[string]any
}

func readDocument(t *testing.T) *document {
	t.Helper()
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(openAPI, &d.whole); err != nil {
		t.Fatal(err)
	}
	return &d
}

// follow returns what a reference leads to, or the value itself.
func (d *document) follow(value any) map[string]any {
	object, _ := value.(map[string]any)
	path, is := object["$ref"].(string)
	if !is {
		return object
	}
	value = d.whole
	for key := range strings.SplitSeq(strings.TrimPrefix(path, "#/"), "/") {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return d.follow(value)
}

// answer returns the schema of what an operation answers with a status code.
func (d *document) answer(path, method, code string) any {
	response := d.follow(d.Paths[path][method].Responses[code])
	content, _ := response["content"].(map[string]any)
	media, _ := content["application/json"].(map[string]any)
	return media["schema"]
}

// breaches lists where a JSON value is not as a schema says, for the words of JSON Schema that the document uses. A word
// that is not known is a breach too.
func (d *document) breaches(at string, value, schema any) (list []string) {
	breach := func(format string, args ...any) { list = append(list, at+": "+fmt.Sprintf(format, args...)) }
	object := d.follow(schema)
	if object == nil {
		return []string{at + ": no schema"}
	}
	members, _ := value.(map[string]any)
	items, _ := value.([]any)
	properties, _ := object["properties"].(map[string]any)
	for word, says := range object {
		switch word {
		case "description", "properties":
		case "type":
			if got := jsonType(value); got != says && !(got == "integer" && says == "number") {
				breach("%s, want %s", got, says)
			}
		case "enum":
			if !slices.Contains(says.([]any), value) {
				breach("%v is none of %v", value, says)
			}
		case "required":
			for _, name := range says.([]any) {
				if _, there := members[name.(string)]; !there {
					breach("no member %s", name)
				}
			}
		case "additionalProperties":
			for name := range members {
				if _, told := properties[name]; !told && says == false {
					breach("member %s", name)
				}
			}
		case "items":
			for i, item := range items {
				list = append(list, d.breaches(fmt.Sprintf("%s[%d]", at, i), item, says)...)
			}
		case "minItems":
			if float64(len(items)) < says.(float64) {
				breach("%d items", len(items))
			}
		case "maxItems":
			if float64(len(items)) > says.(float64) {
				breach("%d items", len(items))
			}
		default:
			breach("the schema says %s, which the test does not know", word)
		}
	}
	for name, schema := range properties {
		if member, there := members[name]; there {
			list = append(list, d.breaches(at+"."+name, member, schema)...)
		}
	}
	return list
}

func jsonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

// TestBreaches: the validator sees what it is there for.
func TestBreaches(t *testing.T) {
	d := readDocument(t)
	schema := map[string]any{
		"type": "object", "required": []any{"a"}, "additionalProperties": false,
		"properties": map[string]any{
			"a": map[string]any{"type": "array", "minItems": 1.0, "maxItems": 2.0, "items": map[string]any{"type": "integer"}},
			"b": map[string]any{"enum": []any{true, "unknown"}},
			"e": map[string]any{"$ref": "#/components/schemas/Error"},
		},
	}
	for text, good := range map[string]bool{
		`{"a": [1]}`: true, `{"a": [1, 2], "b": true, "e": {"error": "x"}}`: true, `{"a": [1], "b": "unknown"}`: true,
		`{}`: false, `[]`: false, `{"a": []}`: false, `{"a": [1, 2, 3]}`: false, `{"a": [1.5]}`: false, `{"a": 1}`: false, `{"a": null}`: false,
		`{"a": [1], "b": false}`: false, `{"a": [1], "c": 1}`: false, `{"a": [1], "e": {}}`: false, `{"a": [1], "e": {"error": 1}}`: false,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if breaches := d.breaches("$", value, schema); (len(breaches) == 0) != good {
			t.Errorf("%s: %v", text, breaches)
		}
	}
	if d.breaches("$", 1.0, map[string]any{"minimum": 1.0}) == nil || d.breaches("$", 1.0, map[string]any{"$ref": "#/no/such"}) == nil {
		t.Error("a word or a reference that is not known is no breach")
	}
}

// TestDescribedPaths: the document and the service have the same paths, methods and parameters.
func TestDescribedPaths(t *testing.T) {
	a, d := newTestAPI(t, 1000, ""), readDocument(t)
	described := map[string][]string{}
	for path, methods := range d.Paths {
		for method := range methods {
			described[path] = append(described[path], strings.ToUpper(method))
		}
	}
	if len(described) != len(a.routes) {
		t.Errorf("%d paths are described, there are %d", len(described), len(a.routes))
	}
	for path, methods := range a.routes {
		slices.Sort(described[path])
		if served := slices.Sorted(maps.Keys(methods)); !slices.Equal(served, described[path]) {
			t.Errorf("%s: methods %v, described are %v", path, served, described[path])
		}
		for method := range methods {
			for _, code := range []string{"401", "403", "405", "408", "413", "421", "500"} {
				if schema := d.answer(path, strings.ToLower(method), code); d.follow(schema)["required"] == nil {
					t.Errorf("%s %s: %s is not described", method, path, code)
				}
			}
		}
	}
	var q asked
	for path, fields := range map[string]fields{"/v1/check": q.ofCheck(), "/v1/lookup": q.ofLookup()} {
		inQuery := map[string]map[string]any{}
		for _, p := range d.Paths[path]["get"].Parameters {
			inQuery[p.Name] = p.Schema
			if must := p.Name == "name" || p.Name == "issuer"; p.Required != must {
				t.Errorf("%s: %s is described as required: %v", path, p.Name, p.Required)
			}
		}
		body := d.Paths[path]["post"].RequestBody.Content["application/json"].Schema
		inBody := body["properties"].(map[string]any)
		if len(inQuery) != len(fields) || len(inBody) != len(fields) || body["additionalProperties"] != false {
			t.Errorf("%s: %d parameters, %d and %d are described", path, len(fields), len(inQuery), len(inBody))
		}
		for name, field := range fields {
			want := map[reflect.Type]string{reflect.TypeFor[*[]string](): "array", reflect.TypeFor[*string](): "string", reflect.TypeFor[*bool](): "boolean"}[reflect.TypeOf(field)]
			member, _ := inBody[name].(map[string]any)
			if inQuery[name]["type"] != want || member["type"] != want || member["description"] == "" {
				t.Errorf("%s: %s is a %s, described as %v and %v", path, name, want, inQuery[name]["type"], member["type"])
			}
			for word, most := range map[string]any{"maxItems": float64(maxNames), "enum": enumOf(name)} {
				if got := member[word]; (want == "array" || word == "enum") && !reflect.DeepEqual(got, most) {
					t.Errorf("%s: %s of %s: %v, want %v", path, word, name, got, most)
				}
			}
		}
	}
}

// enumOf returns the values of a parameter that has only some; nil for others.
func enumOf(parameter string) any {
	words := map[string][]any{"for": {}, "on_failure": {"unknown", "permit", "deny"}}[parameter]
	if parameter == "for" {
		for kind := range caa.Kinds {
			words = append(words, caa.Kind(kind).String())
		}
	}
	if words == nil {
		return nil
	}
	return words
}

// TestDescribedAnswers: the schemas have exactly the members that the types have, and all their words.
func TestDescribedAnswers(t *testing.T) {
	d := readDocument(t)
	for name, of := range map[string]reflect.Type{"Verdict": reflect.TypeFor[verdict](), "Level": reflect.TypeFor[output.Level]()} {
		schema := d.follow(d.Components.Schemas[name])
		properties := schema["properties"].(map[string]any)
		var members, required []string
		for i := range of.NumField() {
			member, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			members = append(members, member)
			if options == "" {
				required = append(required, member)
			}
			if text, _ := properties[member].(map[string]any)["description"].(string); text == "" {
				t.Errorf("%s.%s is not described", name, member)
			}
		}
		slices.Sort(members)
		if told := slices.Sorted(maps.Keys(properties)); !slices.Equal(told, members) || schema["additionalProperties"] != false {
			t.Errorf("%s has %v, described are %v", name, members, told)
		}
		var told []string
		for _, member := range schema["required"].([]any) {
			told = append(told, member.(string))
		}
		slices.Sort(told)
		slices.Sort(required)
		if !slices.Equal(told, required) {
			t.Errorf("%s always has %v, described are %v", name, required, told)
		}
	}
	member := func(schema, name string) map[string]any {
		return d.follow(d.Components.Schemas[schema])["properties"].(map[string]any)[name].(map[string]any)
	}
	tell := func(schema, name string, words []string) {
		t.Helper()
		description := strings.FieldsFunc(member(schema, name)["description"].(string), func(r rune) bool { return strings.ContainsRune(" ,:.", r) })
		for _, word := range words {
			if !slices.Contains(description, word) {
				t.Errorf("%s.%s: the word %s is not described", schema, name, word)
			}
		}
	}
	var reasons, outcomes []string
	for r := range caa.Reasons {
		if word := caa.Reason(r).String(); !strings.HasPrefix(word, "mpic-") { // of several perspectives
			reasons = append(reasons, word)
		}
	}
	for o := range record.Outcomes {
		outcomes = append(outcomes, record.Outcome(o).String())
	}
	tell("Verdict", "reason", reasons)
	tell("Level", "outcome", outcomes)
	for _, of := range []string{"posture", "issuers"} {
		if n := len(member("Verdict", of)["properties"].(map[string]any)); n != caa.Kinds {
			t.Errorf("%s: %d kinds are described", of, n)
		}
	}
	var postures []any
	for p := caa.NotApplicable; p <= caa.Error; p++ {
		postures = append(postures, p.String())
	}
	for kind, schema := range member("Verdict", "posture")["properties"].(map[string]any) {
		for _, p := range postures {
			if !slices.Contains(schema.(map[string]any)["enum"].([]any), p) {
				t.Errorf("posture %s: %s is not described", kind, p)
			}
		}
	}
}
