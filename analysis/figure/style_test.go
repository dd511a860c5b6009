package figure

import (
	"math"
	"testing"
)

// TestContrast: marks can be seen (3:1, WCAG 2.2, 1.4.11), text can be read (4.5:1, 1.4.3), on the paper and on marks.
func TestContrast(t *testing.T) {
	check := func(what, a, b string, least float64) {
		if got := contrast(a, b); got < least {
			t.Errorf("%s, %s on %s: %.2f, want %v", what, a, b, got, least)
		}
	}
	each(func(name string, tone tone) {
		switch name {
		case "ink", "faint":
			check(name, tone.Light, Paper.Light, 4.5)
			check(name, tone.Dark, Paper.Dark, 4.5)
			return
		case "grid", "axis":
			return
		}
		check("on "+name, on(tone.Light), tone.Light, 4.5)
		check("on "+name, on(tone.Dark), tone.Dark, 4.5)
		if name[0] != 'h' {
			check(name, tone.Light, Paper.Light, 3)
			check(name, tone.Dark, Paper.Dark, 3)
		}
	})
}

// sight are the matrices of Machado, Oliveira and Fernandes (2009) for what people see who lack one kind of cones, on linear sRGB.
var sight = map[string][3][3]float64{
	"all cones":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// seen is a colour in the space Oklab, for one kind of sight.
func seen(colour string, m [3][3]float64) [3]float64 {
	r, g, b := linear(colour)
	var c [3]float64
	for i := range c {
		c[i] = math.Min(1, math.Max(0, m[i][0]*r+m[i][1]*g+m[i][2]*b))
	}
	l := math.Cbrt(0.4122214708*c[0] + 0.5363325363*c[1] + 0.0514459929*c[2])
	n := math.Cbrt(0.2119034982*c[0] + 0.6806995451*c[1] + 0.1073969566*c[2])
	s := math.Cbrt(0.0883024619*c[0] + 0.2817188376*c[1] + 0.6299787005*c[2])
	return [3]float64{0.2104542553*l + 0.7936177850*n - 0.0040720468*s, 1.9779984951*l - 2.4285922050*n + 0.4505937099*s, 0.0259040371*l + 0.7827717662*n - 0.8086757660*s}
}

// TestSeriesCanBeToldApart: any two of the eight colours differ by several just noticeable differences (0.02 in Oklab) for everybody.
func TestSeriesCanBeToldApart(t *testing.T) {
	const least = 0.08
	distance := func(a, b [3]float64) float64 {
		return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
	}
	for who, m := range sight {
		for i := range Series {
			for j := range i {
				a, b := tones[seriesClass(i)], tones[seriesClass(j)]
				for scheme, pair := range map[string][2]string{"light": {a.Light, b.Light}, "dark": {a.Dark, b.Dark}} {
					if d := distance(seen(pair[0], m), seen(pair[1], m)); d < least {
						t.Errorf("%s, %s: c%d and c%d are %.3f apart", who, scheme, i+1, j+1, d)
					}
				}
			}
		}
	}
}

// TestShadesGoOneWay: more is darker on light paper, lighter on dark.
func TestShadesGoOneWay(t *testing.T) {
	for i := 1; i < Shades; i++ {
		if luminance(shades[i].Light) >= luminance(shades[i-1].Light) || luminance(shades[i].Dark) <= luminance(shades[i-1].Dark) {
			t.Errorf("shade %d does not go on from %d", i, i-1)
		}
	}
}
