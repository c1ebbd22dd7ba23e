package esl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// readBuffer is what an idle connection holds: room for replies and for the head of an event, whose body is read
	// straight to where it stays. Larger ones read no faster.
	readBuffer = 512
	// firstChunk is how much of a body is allocated on the word of its Content-Length; a longer one grows as it arrives.
	firstChunk = 16 << 10
)

// A reader splits the bytes of a peer into frames, within bounds.
type reader struct {
	src       source
	buf       *bufio.Reader
	maxHeader int
	maxBody   int
	head      []byte // header block of the current frame
}

func newReader(nc net.Conn, o Options) *reader {
	r := &reader{src: source{nc: nc, timeout: o.FrameTimeout}, maxHeader: o.MaxHeader, maxBody: o.MaxBody}
	r.buf = bufio.NewReaderSize(&r.src, readBuffer)
	return r
}

// next waits for a frame. The error is io.EOF when the peer closed between two frames, io.ErrUnexpectedEOF inside one,
// *ProtocolError for bytes that are no frame within the bounds.
func (r *reader) next() (*Event, error) {
	if _, err := r.buf.Peek(1); err != nil {
		return nil, err
	}
	r.src.inFrame = true
	defer func() { r.src.inFrame = false }()
	e, err := r.frame()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &ProtocolError{Reason: fmt.Sprintf("frame not complete within %v", r.src.timeout)}
	}
	return e, err
}

func (r *reader) frame() (*Event, error) {
	if err := r.readHead(); err != nil {
		return nil, err
	}
	contentType, length, err := parseHead(r.head)
	if err != nil {
		return nil, err
	}
	if length > r.maxBody {
		return nil, &ProtocolError{Reason: fmt.Sprintf("body of %d bytes", length)}
	}
	body, err := r.readBody(length)
	if err != nil {
		return nil, err
	}
	e := &Event{contentType: contentType}
	if contentType == TypeEvent {
		e.head, e.encoded = body, true
		return e, nil
	}
	e.head, e.body = bytes.Clone(r.head), body
	// The reply to `connect` is a whole event in the header block, encoded as events are.
	e.encoded = bytes.HasPrefix(e.head, []byte("Event-Name:"))
	if cap(r.head) > readBuffer {
		r.head = nil // the channel data: no later head is as large
	}
	return e, nil
}

// readHead reads a header block into r.head, without the blank line that ends it. Blank lines before it are skipped.
func (r *reader) readHead() error {
	r.head = r.head[:0]
	start := 0 // of the current line
	for {
		part, err := r.buf.ReadSlice('\n')
		if len(r.head)+len(part) > r.maxHeader {
			return &ProtocolError{Reason: fmt.Sprintf("header block over %d bytes", r.maxHeader)}
		}
		r.head = append(r.head, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // a line longer than the buffer
		}
		if err != nil {
			return err
		}
		line := bytes.TrimRight(r.head[start:], "\r\n")
		switch {
		case len(line) > 0 && bytes.IndexByte(line, ':') <= 0:
			return &ProtocolError{Reason: "header line without a name"}
		case len(line) > 0:
			start = len(r.head)
		case start > 0:
			r.head = r.head[:start]
			return nil
		default:
			r.head = r.head[:0]
		}
	}
}

// readBody reads n bytes, or as many as come: memory follows what has arrived, not what was announced.
func (r *reader) readBody(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	body := make([]byte, min(n, firstChunk))
	for done := 0; ; {
		if _, err := io.ReadFull(r.buf, body[done:]); err != nil {
			return nil, err
		}
		done = len(body)
		if done == n {
			return body, nil
		}
		more := min(n-done, done)
		body = slices.Grow(body, more)[:done+more]
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

// A source reads from the socket: without a bound between frames, because a call may be silent for hours, and within
// timeout from the first wait inside a frame to its end.
type source struct {
	nc      net.Conn
	timeout time.Duration
	inFrame bool
	armed   bool // a deadline is set
}

func (s *source) Read(p []byte) (int, error) {
	if s.armed != s.inFrame {
		var deadline time.Time
		if s.inFrame {
			deadline = time.Now().Add(s.timeout)
		}
		_ = s.nc.SetReadDeadline(deadline) // fails on a closed connection only, as Read then does
		s.armed = s.inFrame
	}
	return s.nc.Read(p)
}
