package esl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// firstChunk is how much of a body is allocated on the word of its Content-Length; a longer one grows as it arrives.
const firstChunk = 16 << 10

// A reader splits the bytes of a peer into frames, within bounds. A frame is found where it was read and copied once;
// while it waits between two frames it holds no memory.
type reader struct {
	source
	in        []byte // read, and not yet taken
	maxHeader int
	maxBody   int
	headers   *Selection // nil for all
}

func newReader(nc net.Conn, o Options) *reader {
	r := new(reader)
	r.init(nc, o)
	return r
}

func (r *reader) init(nc net.Conn, o Options) {
	r.source.init(nc, o.FrameTimeout)
	r.maxHeader, r.maxBody, r.headers = o.MaxHeader, o.MaxBody, o.Headers
}

// next waits for a frame. The error is io.EOF when the peer closed between two frames, io.ErrUnexpectedEOF inside one,
// *ProtocolError for bytes that are no frame within the bounds; os.ErrDeadlineExceeded or errNothing when the wait is
// over, and nothing is lost.
func (r *reader) next() (*Event, error) {
	if len(r.in) == 0 {
		if err := r.more(); err != nil {
			return nil, err
		}
	}
	r.inFrame = true
	e, err := r.frame()
	late := !r.frameEnd.IsZero() && !time.Now().Before(r.frameEnd)
	r.inFrame, r.frameEnd = false, time.Time{}
	if len(r.in) == 0 {
		r.giveBack()
	}
	switch {
	case err == nil:
		return e, nil
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case errors.Is(err, os.ErrDeadlineExceeded) && late:
		return nil, &ProtocolError{Reason: fmt.Sprintf("frame not complete within %v", r.timeout)}
	}
	return nil, err
}

// more reads on, once everything read has been taken.
func (r *reader) more() (err error) {
	r.giveBack()
	r.in, err = r.read()
	if len(r.in) > 0 {
		return nil // an error comes again
	}
	return err
}

// giveBack gives back what was lent, once it has been taken.
func (r *reader) giveBack() {
	r.in = nil
	r.release()
}

func (r *reader) frame() (*Event, error) {
	head, err := r.readHead()
	if err != nil {
		return nil, err
	}
	contentType, length, err := parseHead(head)
	if err != nil {
		return nil, err
	}
	if length > r.maxBody {
		return nil, &ProtocolError{Reason: fmt.Sprintf("body of %d bytes", length)}
	}
	e := &Event{contentType: contentType}
	if contentType == TypeEvent {
		e.encoded = true
		head, err = r.readBody(length)
		e.head = r.kept(head)
		return e, err
	}
	// The reply to `connect` is a whole event in the header block, encoded as events are.
	if e.encoded = bytes.HasPrefix(head, []byte("Event-Name:")); e.encoded {
		e.head = r.kept(head)
	} else {
		e.head = bytes.Clone(head)
	}
	body, err := r.readBody(length)
	e.body = bytes.Clone(body)
	return e, err
}

// kept is a copy of what is kept of an event, which is lost itself.
func (r *reader) kept(event []byte) []byte {
	if r.headers != nil {
		event = r.headers.keep(event)
	}
	return bytes.Clone(event)
}

// readHead returns a header block, without the blank line that ends it; it is valid until the next read. Blank lines
// before it are skipped.
func (r *reader) readHead() ([]byte, error) {
	h := headBlock{most: r.maxHeader}
	var before []byte // what came of it in earlier reads
	for {
		block := r.in
		if len(before) > 0 {
			before = append(before, r.in...)
			block = before
		}
		end, err := h.end(block)
		if err != nil {
			return nil, err
		}
		if end >= 0 {
			r.in = r.in[len(r.in)-len(block)+end:]
			return block[h.start:h.line], nil
		}
		before = append(before[:0], block[h.start:]...)
		h.line, h.start = h.line-h.start, 0
		if err := r.more(); err != nil {
			return nil, err
		}
	}
}

// A headBlock is a header block that is looked for in bytes as they come.
type headBlock struct {
	most  int // bytes
	start int // where it begins
	line  int // where its line begins that has not ended yet; at last the blank one
}

// end returns where the blank line ends that ends the block, -1 while the block goes on.
func (h *headBlock) end(b []byte) (int, error) {
	for {
		n := bytes.IndexByte(b[h.line:], '\n')
		next := h.line + n + 1
		if n < 0 {
			next = len(b)
		}
		if next-h.start > h.most {
			return 0, &ProtocolError{Reason: fmt.Sprintf("header block over %d bytes", h.most)}
		}
		if n < 0 {
			return -1, nil
		}
		line := bytes.TrimSuffix(b[h.line:next-1], []byte("\r"))
		switch {
		case len(line) > 0 && bytes.IndexByte(line, ':') <= 0:
			return 0, &ProtocolError{Reason: "header line without a name"}
		case len(line) > 0:
			h.line = next
		case h.line > h.start:
			return next, nil
		default:
			h.start, h.line = next, next
		}
	}
}

// readBody reads n bytes, which are valid until the next read. Memory follows what has arrived, not what was announced.
func (r *reader) readBody(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if len(r.in) >= n {
		body := r.in[:n]
		r.in = r.in[n:]
		return body, nil
	}
	body := make([]byte, 0, min(n, firstChunk))
	for {
		part := r.in[:min(len(r.in), n-len(body))]
		body = append(body, part...)
		if r.in = r.in[len(part):]; len(body) == n {
			return body, nil
		}
		if err := r.more(); err != nil {
			return nil, err
		}
	}
}

// parseHead finds the two headers that a frame's shape depends on.
func parseHead(head []byte) (contentType string, length int, err error) {
	haveLength := false
	for rest := head; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "Content-Type":
			if contentType != "" {
				return "", 0, &ProtocolError{Reason: "two content types"}
			}
			contentType = typeName(bytes.TrimSpace(value))
		case "Content-Length":
			if haveLength {
				return "", 0, &ProtocolError{Reason: "two content lengths"}
			}
			haveLength = true
			// 31 bits: whatever is larger is over every bound, and int may have 32.
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
			if err != nil {
				return "", 0, &ProtocolError{Reason: fmt.Sprintf("content length %.20q", value)}
			}
			length = int(n)
		}
	}
	if contentType == "" {
		return "", 0, &ProtocolError{Reason: "frame without a content type"}
	}
	return contentType, length, nil
}

// typeName returns the content type, without an allocation for the known ones.
func typeName(b []byte) string {
	switch string(b) {
	case TypeEvent:
		return TypeEvent
	case TypeReply:
		return TypeReply
	case TypeAPI:
		return TypeAPI
	}
	return string(b)
}
