package figure

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// role is a colour that the page decides: a class of the style sheet.
type role string

// RGBA implements color.Color for what asks.
func (role) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// The roles. Of series there are also c1 to c8 (Series), of cells h0 to h9.
const (
	ink    role = "ink"    // text
	faint  role = "faint"  // text that is not so important
	halo   role = "halo"   // text that may stand on a line
	axis   role = "axis"   // thin lines
	grid   role = "grid"   // thinner ones
	single role = "single" // marks where there is one series
	accent role = "accent" // what is drawn over them
	rest   role = "rest"   // what is left over
)

// canvas is a vg.Canvas that writes SVG with classes. Its origin is the lower left corner, as all of gonum's.
type canvas struct {
	b             bytes.Buffer
	width, height vg.Length
	colour        color.Color
	line          vg.Length
	dash          []vg.Length
}

func newCanvas(width, height vg.Length) *canvas {
	return &canvas{width: width, height: height, colour: ink}
}

// head begins the drawing.
func (c *canvas) head(title, description string) {
	fmt.Fprintf(&c.b, `<svg class="figure" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" xmlns="http://www.w3.org/2000/svg">`, length(c.width), length(c.height))
	fmt.Fprintf(&c.b, "<title>%s</title><desc>%s</desc>\n", escape(title), escape(description))
}

func (c *canvas) end() string {
	c.b.WriteString("</svg>")
	return c.b.String()
}

// rect draws a mark from one corner to another.
func (c *canvas) rect(class string, r vg.Rectangle, title string) {
	size := r.Size()
	fmt.Fprintf(&c.b, `<rect class="mark %s" x="%s" y="%s" width="%s" height="%s">%s</rect>`+"\n",
		class, length(r.Min.X), length(c.height-r.Max.Y), length(size.X), length(size.Y), titleOf(title))
}

// dot draws a mark at a point.
func (c *canvas) dot(class string, at vg.Point, radius vg.Length, title string) {
	fmt.Fprintf(&c.b, `<circle class="mark %s" cx="%s" cy="%s" r="%s">%s</circle>`+"\n",
		class, length(at.X), length(c.height-at.Y), length(radius), titleOf(title))
}

// write sets a line of text so that its anchor (start, middle or end) is at a point of its baseline.
func (c *canvas) write(class, anchor string, at vg.Point, rotation float64, said, title string) {
	x, y := length(at.X), length(c.height-at.Y)
	turn := ""
	if rotation != 0 {
		turn = fmt.Sprintf(` transform="rotate(%s %s %s)"`, length(vg.Length(-rotation*180/math.Pi)), x, y)
	}
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(&c.b, `<text class="%s" x="%s" y="%s"%s%s>%s%s</text>`+"\n", class, x, y, anchor, turn, titleOf(title), escape(said))
}

func titleOf(title string) string {
	if title == "" {
		return ""
	}
	return "<title>" + escape(title) + "</title>"
}

// escape makes foreign text content of an element.
func escape(said string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(said)); err != nil {
		panic("internal error: " + err.Error()) // a Builder takes everything
	}
	return b.String()
}

// length writes a coordinate to a hundredth, which is less than can be seen.
func length(l vg.Length) string {
	return strconv.FormatFloat(math.Round(float64(l)*100)/100, 'f', -1, 64)
}

// SetLineWidth implements vg.Canvas.
func (c *canvas) SetLineWidth(w vg.Length) { c.line = w }

// SetLineDash implements vg.Canvas.
func (c *canvas) SetLineDash(pattern []vg.Length, _ vg.Length) { c.dash = pattern }

// SetColor implements vg.Canvas.
func (c *canvas) SetColor(colour color.Color) { c.colour = colour }

// Rotate, Translate and Scale implement vg.Canvas. What is drawn here is where it belongs: gonum turns the canvas for text only, which
// the handler writes.
func (c *canvas) Rotate(float64)     { panic("internal error: a figure is not turned") }
func (c *canvas) Translate(vg.Point) { panic("internal error: a figure is not moved") }
func (c *canvas) Scale(_, _ float64) { panic("internal error: a figure is not scaled") }
func (c *canvas) Push()              {}
func (c *canvas) Pop()               {}
func (c *canvas) class() string      { return fmt.Sprint(c.colour) }
func (c *canvas) Fill(path vg.Path)  { c.path(path, "fill-"+c.class(), "") }

// Stroke implements vg.Canvas.
func (c *canvas) Stroke(path vg.Path) {
	if c.line <= 0 {
		return
	}
	dash := ""
	if len(c.dash) > 0 {
		var parts []string
		for _, l := range c.dash {
			parts = append(parts, length(l))
		}
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, strings.Join(parts, " "))
	}
	c.path(path, "line-"+c.class(), fmt.Sprintf(` stroke-width="%s"`, length(c.line))+dash)
}

func (c *canvas) path(path vg.Path, class, attributes string) {
	fmt.Fprintf(&c.b, `<path class="%s" d="`, class)
	for _, p := range path {
		switch p.Type {
		case vg.MoveComp:
			fmt.Fprintf(&c.b, "M%s %s", length(p.Pos.X), length(c.height-p.Pos.Y))
		case vg.LineComp:
			fmt.Fprintf(&c.b, "L%s %s", length(p.Pos.X), length(c.height-p.Pos.Y))
		case vg.CloseComp:
			c.b.WriteByte('Z')
		default:
			panic("internal error: a figure has straight lines only")
		}
	}
	fmt.Fprintf(&c.b, `"%s/>`+"\n", attributes)
}

// FillString implements vg.Canvas for text that did not come by a handler.
func (c *canvas) FillString(_ font.Face, at vg.Point, said string) {
	c.write(c.class(), "", at, 0, said, "")
}

// DrawImage implements vg.Canvas.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) {
	panic("internal error: a figure has no images")
}

// handler is a text.Handler that leaves the alignment of text to whoever sets it, since only that one knows the font. What is longer than the
// limit is cut, and stands whole in the title.
type handler struct {
	text.Plain
	limit vg.Length // 0: none
}

// below is the space between a horizontal axis and its labels.
const below = 4

// room is by how much fonts are wider than the one whose measures are known (Liberation Sans, as Helvetica and Arial); DejaVu Sans and
// Verdana are among the widest that people have.
const room = 1.14

// canvasOf is the canvas under a draw.Canvas.
func canvasOf(c vg.Canvas) *canvas {
	for {
		switch under := c.(type) {
		case *canvas:
			return under
		case draw.Canvas:
			c = under.Canvas
		case *draw.Canvas:
			c = under.Canvas
		default:
			panic(fmt.Sprintf("internal error: a figure on a %T", c))
		}
	}
}

// Lines implements text.Handler: labels have one.
func (h handler) Lines(said string) []string { return []string{oneLine(said)} }

// Box implements text.Handler.
func (h handler) Box(said string, f font.Font) (width, height, depth vg.Length) {
	_, height, depth = h.Plain.Box("", f)
	return h.measure(h.cut(oneLine(said), f), f), height, depth
}

func (h handler) measure(said string, f font.Font) vg.Length {
	width, _, _ := h.Plain.Box(said, f)
	return width * room
}

// cut shortens text to the limit.
func (h handler) cut(said string, f font.Font) string {
	if h.limit <= 0 || h.measure(said, f) <= h.limit {
		return said
	}
	runes := []rune(said)
	few, many := 0, len(runes) // as many fit, as many do not
	for many-few > 1 {
		if middle := (few + many) / 2; h.measure(string(runes[:middle])+"…", f) <= h.limit {
			few = middle
		} else {
			many = middle
		}
	}
	return string(runes[:few]) + "…"
}

// Draw implements text.Handler.
func (h handler) Draw(to vg.Canvas, said string, style text.Style, at vg.Point) {
	c := canvasOf(to)
	said = oneLine(said)
	shown, title := h.cut(said, style.Font), ""
	if shown != said {
		title = said
	}
	anchor := ""
	switch style.XAlign {
	case draw.XCenter:
		anchor = "middle"
	case draw.XRight:
		anchor = "end"
	}
	up := style.Height(shown)*vg.Length(style.YAlign) - h.Extents(style.Font).Ascent + style.Font.Size
	if style.Rotation != 0 || style.YAlign == draw.YTop { // below an axis, which gonum has begin right there
		at.Y -= below
	}
	sin, cos := math.Sincos(style.Rotation)
	at.X -= up * vg.Length(sin)
	at.Y += up * vg.Length(cos)
	c.write(fmt.Sprint(style.Color), anchor, at, style.Rotation, shown, title)
}

func oneLine(said string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, said)
}

// swatch draws the sample of a legend.
func (c *canvas) swatch(class string, r vg.Rectangle) {
	size := r.Size()
	fmt.Fprintf(&c.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`+"\n",
		class, length(r.Min.X), length(c.height-r.Max.Y), length(size.X), length(size.Y))
}
