package ratelimit

// Link is what the loss seen across many servers at once says of our own link.
type Link struct {
	Congested bool    // our own link or router loses packets
	Loss      float64 // share of packets lost lately across servers
	Limit     float64 // packets a second in all that it is given; 0 if it needs no limit
}

// Link returns what is thought of our own link.
func (t *Table) Link() Link { return Link{} }
