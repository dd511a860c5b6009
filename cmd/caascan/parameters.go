package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// asked is what a call asks, by its parameters: those of the query string, or the members of the JSON object in the body.
type asked struct {
	names       []string
	issuers     []string
	kind        string
	profile     string
	accountURIs []string
	methods     []string
	honours8657 bool
	dnsOperator bool
	onFailure   string
}

// fields are the parameters of a call by their names; each value is a *[]string, *string or *bool.
type fields map[string]any

func (q *asked) ofCheck() fields {
	return fields{
		"name": &q.names, "issuer": &q.issuers, "for": &q.kind, "profile": &q.profile, "account_uri": &q.accountURIs, "method": &q.methods,
		"honours_8657": &q.honours8657, "dns_operator": &q.dnsOperator, "on_failure": &q.onFailure,
	}
}

func (q *asked) ofLookup() fields { return fields{"name": &q.names} }

// parameters reads what a call asks into to: those of GET from the query string, those of POST from the body alone.
func parameters(r *http.Request, body []byte, to fields) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("query string: %v", err)
	}
	if r.Method != http.MethodPost {
		return to.fromQuery(query)
	}
	if len(query) > 0 {
		return badRequest("the parameters of a POST are in its body, not in the query string")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return problem{http.StatusUnsupportedMediaType, "want a body of type application/json"}
	}
	return to.fromJSON(body)
}

func (f fields) fromQuery(query url.Values) error {
	for key, given := range query {
		for _, text := range given {
			if !utf8.ValidString(text) {
				return badRequest("%s: not UTF-8", printable(key))
			}
		}
		field, known := f[key]
		if list, is := field.(*[]string); is {
			*list = given
			continue
		}
		if known && len(given) > 1 {
			return badRequest("%s: given more than once", key)
		}
		switch field := field.(type) {
		case *string:
			*field = given[0]
		case *bool:
			on, err := strconv.ParseBool(given[0])
			if err != nil {
				return badRequest("%s: want true or false", key)
			}
			*field = on
		default:
			return badRequest("%s: no such parameter", printable(key))
		}
	}
	return nil
}

// fromJSON reads one object. It is stricter than package json, which takes members under names of another case, several
// of one name, null for anything, and what is not UTF-8.
func (f fields) fromJSON(body []byte) error {
	if !utf8.Valid(body) {
		return badRequest("body: not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return badRequest("body: want a JSON object")
	}
	given := map[string]bool{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return badRequest("body: %v", err)
		}
		name := key.(string) // of an object, where a key is due
		field, known := f[name]
		if !known {
			return badRequest("%s: no such parameter", printable(name))
		}
		if given[name] {
			return badRequest("%s: given more than once", name)
		}
		given[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return badRequest("body: %v", err)
		}
		if want := set(field, value); want != "" {
			return badRequest("%s: want %s", name, want)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return badRequest("body: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return badRequest("body: more than one JSON value")
	}
	return nil
}

// set sets a field to a JSON value. If that is of another type it returns what is wanted.
func set(field any, value json.RawMessage) (want string) {
	switch field := field.(type) {
	case *[]string:
		var list []*string // nil for null
		if json.Unmarshal(value, &list) != nil || list == nil {
			return "an array of strings"
		}
		for _, text := range list {
			if text == nil {
				return "an array of strings"
			}
			*field = append(*field, *text)
		}
	case *string:
		if json.Unmarshal(value, field) != nil || value[0] == 'n' {
			return "a string"
		}
	case *bool:
		if json.Unmarshal(value, field) != nil || value[0] == 'n' {
			return "true or false"
		}
	}
	return ""
}

// printable is a foreign name of a parameter as an error tells it.
func printable(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most]
	}
	return fmt.Sprintf("%q", name)
}
