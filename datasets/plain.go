package datasets

// takePlain is readLine and take for the lines that most lists are made of: a name in canonical form and nothing else,
// or its rank and a separator before it. Such a line is known in one look at its octets. Anything else is left to the
// other two, as it was.
func (r *Reader) takePlain(slot *held) bool {
	if !r.laid || r.skip != nil {
		return false
	}
	block, _ := r.lines.Peek(r.lines.Buffered())
	rank, start := int64(0), 0
	switch {
	case r.layout.format == List:
	case r.layout.rank == 0 && r.layout.name == 1:
		if rank, start = rankBefore(block, r.layout.separator); start == 0 {
			return false
		}
	default:
		return false
	}
	name, end := plainName(block[start:])
	if end == 0 || scope(name, r.opt.AllowSpecialUse) != Accepted {
		return false
	}
	f := found{outline: outlineOf(name, r.opt.Suffixes), name: name}
	r.line++
	taken := r.accept(slot, &f, rank)
	r.lines.Discard(start + end)
	return taken
}

// rankBefore reads a rank and the separator behind it; end is 0 if that is not what line starts with.
func rankBefore(line []byte, separator byte) (rank int64, end int) {
	for i, c := range line[:min(len(line), maxRankDigits+1)] {
		if c == separator {
			if rank, ok := number(line[:i]); ok {
				return rank, i + 1
			}
			break
		}
	}
	return 0, 0
}

// plainName returns the canonical name that line starts with, if there is nothing else before the end of the line,
// which the result end includes. Otherwise end is 0.
func plainName(line []byte) (name []byte, end int) {
	label := 0 // octets of the current label
	for i, c := range line {
		switch class[c] {
		case classLower:
			label++
			continue
		case classDot:
			if checkLabel(label) != Accepted {
				return nil, 0
			}
			label = 0
			continue
		}
		if checkLabel(label) != Accepted || i > MaxName {
			break
		}
		if c == '\r' && i+1 < len(line) && line[i+1] == '\n' {
			return line[:i], i + 2
		}
		if c == '\n' {
			return line[:i], i + 1
		}
		break
	}
	return nil, 0
}
