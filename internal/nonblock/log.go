package nonblock

import (
	"bytes"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	page      = 4096                  // bytes that a file which takes anything takes without blocking
	gatherFor = 20 * time.Millisecond // that lines for a disk gather
	waitMost  = 1 << 20               // bytes that wait for a log that does not take them
	keepMost  = 64 << 10              // bytes of a buffer that is used again
)

// A Log writes lines into a file, and nobody who has one to write waits for it. A pipe or a socket that takes a line
// at once is written at once. Other lines wait and are written by a goroutine: in turn where the reader does not keep
// up, and all that have come within 20 ms where it is a disk, which may be busy for seconds. Beyond 1 MiB that wait,
// lines are lost, and counted.
type Log struct {
	// Lost is told how many lines are lost, once the file takes some again. It may log that. It may be nil.
	Lost func(lines int)

	w     io.Writer // what is no file, nil for one
	f     *os.File
	disk  bool
	raw   syscall.RawConn
	hurry chan struct{} // closed by Flush: lines gather no more
	once  sync.Once

	mu      sync.Mutex
	waiting []byte
	spare   []byte
	idle    chan struct{} // closed when nothing waits any more; nil when nothing does
	fault   error         // of the last write
	lost    int
}

// NewLog returns a log that writes into w. What is not a file is written as it is.
func NewLog(w io.Writer) *Log {
	l := &Log{hurry: make(chan struct{})}
	f, ok := w.(*os.File)
	if !ok {
		l.w = w
		return l
	}
	l.f = f
	if info, err := f.Stat(); err == nil {
		l.disk = info.Mode().IsRegular()
	}
	if raw, err := f.SyscallConn(); err == nil && direct {
		l.raw = raw
	}
	return l
}

// Write takes a line. An error is that of an earlier one.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w != nil {
		return l.w.Write(line)
	}
	fault := l.fault
	l.fault = nil
	rest := line
	if l.idle == nil {
		rest = rest[l.now(rest):]
	}
	switch {
	case len(rest) == 0:
	case len(l.waiting)+len(rest) > waitMost:
		l.lost++
	default:
		l.waiting = append(l.waiting, rest...)
		if l.idle == nil {
			l.idle = make(chan struct{})
			go l.write()
		}
	}
	return len(line), fault
}

// now writes what is taken at once, and returns how much that was.
func (l *Log) now(line []byte) (n int) {
	if l.disk || l.raw == nil || len(line) == 0 || len(line) > page {
		return 0
	}
	_ = l.raw.Write(func(fd uintptr) bool { // what is wrong shows again
		if takes(fd) {
			n, _ = Write(fd, line)
		}
		return true
	})
	return n
}

// write writes until nothing waits.
func (l *Log) write() {
	for {
		if l.disk {
			select {
			case <-time.After(gatherFor):
			case <-l.hurry:
			}
		}
		out := l.take()
		if out == nil {
			return
		}
		n, err := l.f.Write(out)
		if lost := l.wrote(out, n, err); lost > 0 && l.Lost != nil {
			l.Lost(lost)
		}
	}
}

// take is what waits; nil when nothing does.
func (l *Log) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		close(l.idle)
		l.idle = nil
		return nil
	}
	out := l.waiting
	l.waiting, l.spare = l.spare, nil
	return out
}

// wrote notes what came of it, and returns how many lines are to be told as lost.
func (l *Log) wrote(out []byte, n int, err error) (lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cap(out) <= keepMost {
		l.spare = out[:0]
	}
	if err != nil {
		l.fault = err
		l.lost += bytes.Count(out[n:], []byte("\n"))
		return 0
	}
	lost, l.lost = l.lost, 0
	return lost
}

// Flush writes what waits, as long as the file allows that within the time. From then on lines gather no more.
func (l *Log) Flush(within time.Duration) {
	l.once.Do(func() { close(l.hurry) })
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(within):
	}
}
