package figure

import (
	"fmt"
	"math"
	"strings"
)

// tone is a colour in the light and in the dark scheme.
type tone struct{ Light, Dark string }

// Paper is what figures are made to be seen on.
var Paper = tone{"#ffffff", "#15181c"}

// tones are the colours of roles. Those of series have been searched for: people with any of the three forms of colour blindness can tell them
// apart, and all have a contrast of 3:1 to the paper (WCAG 2.2, 1.4.11).
var tones = map[string]tone{
	string(ink):    {"#1b1f24", "#e3e6ea"},
	string(faint):  {"#55606b", "#a3adb8"},
	string(axis):   {"#8a939d", "#77818c"},
	string(grid):   {"#e4e7ea", "#2b3138"},
	string(single): {"#33689c", "#6fa3d8"},
	string(accent): {"#9a3412", "#f4a373"},
	string(rest):   {"#767e87", "#8d96a0"},
	"c1":           {"#173179", "#5e9aee"},
	"c2":           {"#7f480e", "#a44d37"},
	"c3":           {"#3c866a", "#94f3d7"},
	"c4":           {"#c875c4", "#a87894"},
	"c5":           {"#90961f", "#f7d060"},
	"c6":           {"#6f59b4", "#695aaf"},
	"c7":           {"#650f13", "#f0957d"},
	"c8":           {"#225c6b", "#13c9d1"},
}

// shades go from almost the paper to the darkest blue, in the dark scheme to the lightest.
var shades = [Shades]tone{
	{"#eef3f8", "#1d242c"}, {"#dce8f2", "#203040"}, {"#c6daeb", "#233c54"}, {"#abc8e1", "#264a69"}, {"#8bb2d5", "#2a597f"},
	{"#6396c2", "#437aa8"}, {"#3f76a6", "#6396c4"}, {"#2f6394", "#84b0da"}, {"#204f7c", "#a8c9ea"}, {"#123a60", "#cfe2f5"},
}

// Style is the style sheet of figures. It takes part in the scheme of the page, by light-dark().
func Style() string {
	var b strings.Builder
	fmt.Fprintf(&b, ":root{--paper:light-dark(%s,%s);", Paper.Light, Paper.Dark)
	each(func(name string, t tone) { fmt.Fprintf(&b, "--%s:light-dark(%s,%s);", name, t.Light, t.Dark) })
	b.WriteString("}\n.figure{display:block;overflow:visible}\n")
	fmt.Fprintf(&b, ".figure text{font-size:%gpx;fill:var(--ink)}\n.figure .faint{fill:var(--faint)}\n", fontSize)
	b.WriteString(".figure .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}\n")
	b.WriteString(".figure path{fill:none}\n")
	each(func(name string, t tone) {
		fmt.Fprintf(&b, ".figure .%[1]s{fill:var(--%[1]s)}.figure .line-%[1]s{stroke:var(--%[1]s)}", name)
		light, dark := on(t.Light), on(t.Dark)
		fmt.Fprintf(&b, ".figure .on-%s{fill:light-dark(%s,%s)}\n", name, light, dark)
	})
	return b.String()
}

// each gives all tones to see, in an order that is always the same.
func each(see func(name string, t tone)) {
	for _, r := range []role{ink, faint, axis, grid, single, accent, rest} {
		see(string(r), tones[string(r)])
	}
	for i := range Series {
		see(seriesClass(i), tones[seriesClass(i)])
	}
	for i, t := range shades {
		see(fmt.Sprint("h", i), t)
	}
}

// on is black or white, whichever can be read better on a colour.
func on(colour string) string {
	const black, white = "#000000", "#ffffff"
	if contrast(colour, black) > contrast(colour, white) {
		return black
	}
	return white
}

// contrast is the ratio of WCAG 2.2 of two colours, from 1 to 21.
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance is the relative luminance of sRGB.
func luminance(colour string) float64 {
	r, g, b := linear(colour)
	return 0.2126*r + 0.7152*g + 0.0722*b
}

// linear are the components of a colour "#rrggbb" from 0 to 1, in proportion to light.
func linear(colour string) (r, g, b float64) {
	var octets [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &octets[0], &octets[1], &octets[2]); err != nil {
		panic("internal error: colour " + colour)
	}
	var light [3]float64
	for i, o := range octets {
		if v := float64(o) / 255; v <= 0.04045 {
			light[i] = v / 12.92
		} else {
			light[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return light[0], light[1], light[2]
}
