package bench

import (
	"bufio"
	"bytes"
	"errors"
)

// A request is a command of a controller, as far as the load has to know it.
type request struct {
	line string // first line
	app  string // execute-app-name
	arg  string // execute-app-arg
	id   string // Event-UUID
	size int    // bytes
}

// errLong says that a controller sent a line that no command has.
var errLong = errors.New("line of a command is too long")

// readRequest waits for a command: a line and headers, up to a blank line.
// Builders that end their lines with CR LF are understood, too.
func readRequest(r *bufio.Reader) (request, error) {
	var c request
	for {
		raw, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return c, errLong
		}
		if err != nil {
			return c, err
		}
		c.size += len(raw)
		line := bytes.TrimRight(raw, "\r\n")
		switch {
		case len(line) == 0 && c.line == "": // blank lines between commands
		case len(line) == 0:
			return c, nil
		case c.line == "":
			c.line = string(line)
		default:
			c.header(line)
		}
	}
}

func (c *request) header(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	for header, to := range map[string]*string{"execute-app-name": &c.app, "execute-app-arg": &c.arg, "event-uuid": &c.id} {
		if len(name) == len(header) && bytes.EqualFold(name, []byte(header)) {
			*to = string(bytes.TrimSpace(value))
		}
	}
}
