package nonblock

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A dialed is a connection to a server of requests, such as Redis.
type dialed struct {
	net.Conn
	raw           syscall.RawConn
	reads, writes sync.Mutex
	in, out       *transfer
	used          atomic.Int64 // when it was last read, since begin
}

// begin is what times are counted from.
var begin = time.Now()

// A connection that was used just now lives.
const justNow = 10 * time.Millisecond

// Conn returns the connection, so that it is read and written without a word to the scheduler where that can be.
func Conn(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok || !direct {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc
	}
	return &dialed{Conn: nc, raw: raw, in: reading(), out: writing()}
}

// Read reads what has come. There is one read at a time, and one write.
func (d *dialed) Read(b []byte) (int, error) {
	d.reads.Lock()
	defer d.reads.Unlock()
	n, err := d.in.run(d.Conn, "read", b, d.raw.Read)
	if err == nil {
		d.used.Store(int64(time.Since(begin)))
	}
	return n, err
}

// Write writes all of b.
func (d *dialed) Write(b []byte) (int, error) {
	d.writes.Lock()
	defer d.writes.Unlock()
	return d.out.run(d.Conn, "write", b, d.raw.Write)
}

// SyscallConn is for whoever wants to see whether a connection that has rested still lives, as the pool of a client does.
func (d *dialed) SyscallConn() (syscall.RawConn, error) { return resting{d.raw, &d.used}, nil }

// A resting is a raw connection in which there is something to see or not.
type resting struct {
	syscall.RawConn
	used *atomic.Int64
}

// Read lets look at what has come. Nobody needs to look at a connection that is as it should be: it lives, and nothing
// has come. One that was used just now is taken to be so.
func (r resting) Read(look func(fd uintptr) bool) error {
	if time.Since(begin)-time.Duration(r.used.Load()) < justNow {
		return nil
	}
	return r.RawConn.Read(func(fd uintptr) bool { return silent(fd) || look(fd) })
}
