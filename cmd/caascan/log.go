package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
)

// logFlags say what commands tell on stderr besides their results, bars and status lines.
type logFlags struct {
	LogLevel  string `default:"info" enum:"error,warn,info,debug" help:"What is worth a line on stderr: error, warn, info, debug. --quiet leaves errors only."`
	LogFormat string `default:"auto" enum:"auto,text,json" help:"Form of these lines: text, json, or auto: text on a terminal, otherwise json."`
}

// newLog returns the log of a command with these flags.
func newLog(to *console, flags map[string]any) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText(fmt.Append(nil, flags["log-level"])); err != nil {
		panic("internal error: " + err.Error())
	}
	if flags["quiet"] == true {
		level = slog.LevelError
	}
	if format := flags["log-format"]; format == "json" || format == "auto" && !to.terminal {
		return newJSONLog(to, level)
	}
	return slog.New(&textLog{to: to, level: level})
}

// newJSONLog writes a JSON object a line.
func newJSONLog(to io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(escaped(a.Value.String()))
		case slog.KindAny: // errors, addresses, names
			a.Value = slog.StringValue(escaped(fmt.Sprint(a.Value.Any())))
		case slog.KindDuration: // as in status lines: seconds
			a.Value = slog.Float64Value(a.Value.Duration().Seconds())
		}
		return a
	}}))
}

// escaped replaces what could steer a terminal or hide in a text: names, errors and files may come from strangers.
func escaped(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			out.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return out.String()
}

// textLog is a slog.Handler for people: time, level if it is not information, message, attributes.
type textLog struct {
	to    io.Writer // takes whole lines, from any goroutine
	level slog.Level
	attrs string // of WithAttrs, as they are written
	group string // of WithGroup, with its dot
}

// Enabled implements slog.Handler.
func (h *textLog) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h *textLog) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	if !r.Time.IsZero() {
		line.WriteString(r.Time.Format("15:04:05 "))
	}
	line.WriteString("caascan: ")
	switch {
	case r.Level >= slog.LevelError:
		line.WriteString("error: ")
	case r.Level >= slog.LevelWarn:
		line.WriteString("warning: ")
	case r.Level < slog.LevelInfo:
		line.WriteString("debug: ")
	}
	line.WriteString(escaped(r.Message))
	line.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&line, h.group, a)
		return true
	})
	line.WriteByte('\n')
	_, err := io.WriteString(h.to, line.String())
	return err
}

// WithAttrs implements slog.Handler.
func (h *textLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&text, h.group, a)
	}
	with := *h
	with.attrs = text.String()
	return &with
}

// WithGroup implements slog.Handler.
func (h *textLog) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.group += name + "."
	return &with
}

// appendAttr appends " key=value"; a value that is no plain word is quoted.
func appendAttr(to *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return
	case value.Kind() == slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			appendAttr(to, group, member)
		}
		return
	}
	text := value.String()
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }) {
		text = strconv.Quote(text)
	}
	fmt.Fprintf(to, " %s%s=%s", group, a.Key, text)
}
