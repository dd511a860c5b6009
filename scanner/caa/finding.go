package caa

// Finding is the stable word for something that a person should look at in a set (spec section 8,
// research/questions.md).
type Finding string
