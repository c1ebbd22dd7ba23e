package nonblock

import (
	"io"
	"os"
	"syscall"
)

// page is what a file that takes anything takes without blocking, in bytes.
const page = 4096

// A lines writes lines of a log.
type lines struct {
	f    *os.File
	disk bool // takes anything at once
	raw  syscall.RawConn
	b    []byte
	n    int
	take func(fd uintptr) bool // made once
}

// Lines returns a writer for lines of a log: a file that takes one at once is written without a word to the scheduler,
// any other as always. One goroutine writes at a time.
func Lines(w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok || !direct {
		return w
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return w
	}
	l := &lines{f: f, raw: raw}
	if info, err := f.Stat(); err == nil {
		l.disk = info.Mode().IsRegular()
	}
	l.take = l.now
	return l
}

// Write writes a line.
func (l *lines) Write(b []byte) (int, error) {
	if len(b) == 0 || len(b) > page {
		return l.f.Write(b)
	}
	l.b, l.n = b, 0
	err := l.raw.Write(l.take)
	l.b = nil
	if err != nil || l.n == len(b) {
		return l.n, err
	}
	n, err := l.f.Write(b[l.n:]) // and what is wrong is told
	return l.n + n, err
}

// now writes what is taken at once.
func (l *lines) now(fd uintptr) bool {
	if l.disk || takes(fd) {
		if n, err := Write(fd, l.b); err == nil {
			l.n = n
		}
	}
	return true
}
