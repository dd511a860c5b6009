package main

// explanation is a kind of disagreement that is known, and why neither side is wrong, or why it is not caascan.
type explanation struct {
	name    string
	why     string
	applies func(d *disagreement) bool
}

// explanations are all that is known. Each is as narrow as can be: what it does not match stays unexplained.
var explanations = []explanation{}

// explain finds the explanation of a disagreement; nil if there is none.
func explain(d *disagreement) *explanation {
	for i := range explanations {
		if explanations[i].applies(d) {
			return &explanations[i]
		}
	}
	return nil
}
