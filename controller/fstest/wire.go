package fstest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Bounds of what a peer may send, and how long a peer that does not read is
// borne, in wall time.
const (
	maxCommand = 64 << 10
	maxBody    = 1 << 20
	patience   = 5 * time.Second
)

// A command is what a peer sends: a line, headers, perhaps a body.
type command struct {
	line    string
	headers []header
	body    string
}

type header struct{ name, value string }

// get is the value of a header, found without regard to case.
func (c command) get(name string) string {
	for _, h := range c.headers {
		if strings.EqualFold(h.name, name) {
			return h.value
		}
	}
	return ""
}

// readCommand reads up to the empty line that ends a command, and its body.
func readCommand(r *bufio.Reader) (command, error) {
	var c command
	left := maxCommand
	for {
		line, err := readLine(r, &left)
		if err != nil {
			return command{}, err
		}
		switch {
		case line != "" && c.line == "":
			c.line = line
			continue
		case line != "":
			name, value, _ := strings.Cut(line, ":")
			c.headers = append(c.headers, header{name, strings.TrimLeft(value, " ")})
			continue
		case c.line == "": // an empty line before a command
			continue
		}
		return c, c.readBody(r)
	}
}

// readLine reads a line of no more than left bytes, and takes them off left.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if *left -= len(part); *left < 0 {
			return "", errors.New("command is too long")
		}
		if err == nil {
			return strings.TrimRight(string(line), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}

func (c *command) readBody(r *bufio.Reader) error {
	length := c.get("Content-Length")
	if length == "" {
		return nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > maxBody {
		return fmt.Errorf("content length %q", length)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	c.body = string(body)
	return nil
}

// reply answers a command.
func (l *listener) reply(text string) {
	l.write([]byte("Content-Type: command/reply\nReply-Text: " + text + "\n\n"))
}

// answerAPI answers an api command.
func (l *listener) answerAPI(body string) {
	l.write([]byte("Content-Type: api/response\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n" + body))
}

// sendEvent wraps an event.
func (l *listener) sendEvent(body []byte) {
	head := make([]byte, 0, 64)
	head = append(head, "Content-Length: "...)
	head = strconv.AppendInt(head, int64(len(body)), 10)
	head = append(head, "\nContent-Type: text/event-plain\n\n"...)
	l.post(head, body)
}

// post sends what the peer has not asked for. While the peer waits for the
// reply to a command that waits, too: FreeSWITCH has one thread for both.
func (l *listener) post(pieces ...[]byte) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.busy {
		l.held = append(l.held, pieces...)
		return
	}
	l.put(pieces...)
}

// setBusy begins and ends the handling of a command.
func (l *listener) setBusy(busy bool) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.busy = busy
	if !busy && len(l.held) > 0 {
		l.put(l.held...)
		l.held = nil
	}
}

// write sends a reply.
func (l *listener) write(frame []byte) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.put(frame)
}

// put sends pieces of frames at once. A peer that does not read for long is
// cut off. l.writing is held.
func (l *listener) put(pieces ...[]byte) {
	if err := l.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return // closed meanwhile
	}
	buffers := net.Buffers(pieces)
	if _, err := buffers.WriteTo(l.conn); err != nil {
		l.close()
	}
}
