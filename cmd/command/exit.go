package command

// Exit codes of all commands.
const (
	Done    = 0
	No      = 1 // done, but the answer is no, or something is missing
	Wrong   = 2 // wrong usage or unreadable input
	Stopped = 3 // early; what was written is valid
)

// Exit is an error that carries the exit code. Without Err there is nothing to say.
type Exit struct {
	Code int
	Err  error
}

// Error implements error.
func (e Exit) Error() string { return e.Err.Error() }

// Unwrap returns what is to be said.
func (e Exit) Unwrap() error { return e.Err }

// Usage marks an error as one of usage or input.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return Exit{Wrong, err}
}
