package nonblock

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// someLines are of all lengths around what is written at once.
func someLines() [][]byte {
	var all [][]byte
	for _, n := range []int{1, 80, page - 1, page, page + 1, 3 * page, 80} {
		all = append(all, []byte(strings.Repeat("x", n-1)+"\n"))
	}
	return all
}

// write writes lines, which are taken.
func write(t *testing.T, l *Log, lines ...[]byte) {
	t.Helper()
	for _, line := range lines {
		if n, err := l.Write(line); n != len(line) || err != nil {
			t.Fatalf("Write of %d bytes = %d, %v", len(line), n, err)
		}
	}
}

// pipe is a file that takes 64 KiB until it is read.
func pipe(t *testing.T) (in *bufio.Reader, f *os.File) {
	t.Helper()
	r, f, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = f.Close(), r.Close() })
	f.Fd() // a log blocks, as a rule
	return bufio.NewReaderSize(r, 8*page), f
}

func TestLogIntoWhatIsNoFile(t *testing.T) {
	var w bytes.Buffer
	l := NewLog(&w)
	write(t, l, someLines()...)
	if !bytes.Equal(w.Bytes(), bytes.Join(someLines(), nil)) {
		t.Errorf("%d bytes were written", w.Len())
	}
	l.Flush(patience)
}

func TestLogIntoAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog(f)
	has := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("the file has %d bytes, %v, want %d", len(got), err, len(want))
		}
	}
	write(t, l, someLines()...)
	l.Flush(patience)
	lines := string(bytes.Join(someLines(), nil))
	has(lines)
	write(t, l, []byte("after a flush\n"))
	l.Flush(patience)
	has(lines + "after a flush\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, _ = l.Write([]byte("x\n"))
	l.Flush(patience)
	if _, err := l.Write([]byte("x\n")); err == nil {
		t.Error("a line went into a file that is closed")
	}
	l.Flush(patience)
}

// Lines for a disk gather, and are there a moment later.
func TestLinesForADiskGather(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	l := NewLog(f)
	write(t, l, []byte("one\n"), []byte("two\n"))
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		t.Fatal("nobody writes them")
	}
	<-idle
	if got, err := os.ReadFile(f.Name()); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("the file has %q, %v", got, err)
	}
}

func TestLogIntoAPipe(t *testing.T) {
	in, f := pipe(t)
	const rounds = 20
	go func() {
		l := NewLog(f)
		for range rounds {
			for _, line := range someLines() {
				_, _ = l.Write(line)
			}
		}
	}()
	for n := range rounds {
		for _, line := range someLines() {
			if got, err := in.ReadBytes('\n'); err != nil || !bytes.Equal(got, line) {
				t.Fatalf("round %d: a line of %d bytes, %v, want %d", n, len(got), err, len(line))
			}
		}
	}
}

// Whoever has a line to write goes on though the reader does not; what is lost
// then is counted, the rest arrives in order.
func TestLogThatIsNotRead(t *testing.T) {
	in, f := pipe(t)
	l := NewLog(f)
	lost := make(chan int, 1)
	l.Lost = func(lines int) { lost <- lines }
	line := []byte(strings.Repeat("x", 999) + "\n")
	const lines = 2 * waitMost / 1000
	for range lines {
		write(t, l, line)
	}
	missing := -1
	for read := 0; missing < 0; {
		select {
		case missing = <-lost:
			for ; read < lines-missing; read++ {
				if got, err := in.ReadBytes('\n'); err != nil || !bytes.Equal(got, line) {
					t.Fatalf("line %d: %d bytes, %v", read, len(got), err)
				}
			}
		default:
			if read < waitMost/len(line) { // those are there
				if got, err := in.ReadBytes('\n'); err != nil || !bytes.Equal(got, line) {
					t.Fatalf("line %d: %d bytes, %v", read, len(got), err)
				}
				read++
			}
		}
	}
	if missing < lines/4 || missing > lines/2 {
		t.Errorf("%d of %d lines are lost", missing, lines)
	}
	write(t, l, []byte("and on\n"))
	if got, err := in.ReadString('\n'); err != nil || got != "and on\n" {
		t.Errorf("then %q, %v", got, err)
	}
	l.Flush(patience)
}

func TestLogThatNobodyReads(t *testing.T) {
	r, f, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	_ = r.Close()
	l := NewLog(f)
	_, _ = l.Write([]byte("x\n"))
	l.Flush(patience)
	if _, err := l.Write([]byte("x\n")); err == nil {
		t.Error("a line went into a pipe that nobody reads")
	}
	l.Flush(patience)
}

var _ io.Writer = (*Log)(nil)
