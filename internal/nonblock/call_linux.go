//go:build amd64 || arm64

package nonblock

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// direct tells that there are calls without a word to the scheduler.
const direct = true

// Read reads what has come; EAGAIN when that is nothing. b must not be empty.
func Read(fd uintptr, b []byte) (int, error) { return now(syscall.SYS_READ, fd, b) }

// Write writes what is taken at once; EAGAIN when that is nothing. b must not be empty.
func Write(fd uintptr, b []byte) (int, error) { return now(syscall.SYS_WRITE, fd, b) }

func now(call, fd uintptr, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// setOptions sets what all connections of a listening socket have.
func setOptions(fd uintptr, keep net.KeepAliveConfig) error {
	options := []struct{ level, name, value int }{{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1}}
	if keep.Enable {
		options = append(options, []struct{ level, name, value int }{
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, int(keep.Idle.Seconds())},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, int(keep.Interval.Seconds())},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, keep.Count},
		}...)
	}
	for _, o := range options {
		if err := syscall.SetsockoptInt(int(fd), o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// accept takes a connection that has come; EAGAIN when there is none. Its file does not block and is not inherited.
func accept(fd uintptr) (file uintptr, from net.Addr, err error) {
	var address syscall.RawSockaddrAny
	size := uint32(syscall.SizeofSockaddrAny)
	file, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, fd, uintptr(unsafe.Pointer(&address)),
		uintptr(unsafe.Pointer(&size)), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return 0, nil, errno
	}
	return file, tcpAddr(&address), nil
}

// tcpAddr is the address of a peer; its zone is a number.
func tcpAddr(address *syscall.RawSockaddrAny) net.Addr {
	switch address.Addr.Family {
	case syscall.AF_INET:
		from := (*syscall.RawSockaddrInet4)(unsafe.Pointer(address))
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(from.Addr), port(&from.Port)))
	case syscall.AF_INET6:
		from := (*syscall.RawSockaddrInet6)(unsafe.Pointer(address))
		ip := netip.AddrFrom16(from.Addr).Unmap()
		if from.Scope_id != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(from.Scope_id), 10))
		}
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port(&from.Port)))
	}
	return &net.TCPAddr{}
}

// port is in the order of the network.
func port(p *uint16) uint16 { return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:]) }

// shutdown ends a connection in both directions; its file is closed later.
func shutdown(fd uintptr) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_SHUTDOWN, fd, syscall.SHUT_RDWR, 0) // fails on one that has ended
}

// silent tells that a socket lives and has nothing to read.
func silent(fd uintptr) bool {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno == syscall.EAGAIN
}

// A pollfd is that of ppoll(2).
type pollfd struct {
	fd              int32
	events, revents int16
}

const pollOut = 4 // POLLOUT

// takes tells that a file takes a page, 4096 bytes at least, without blocking: pipe(7) for pipes, a quarter of the
// buffer for sockets, always for others.
func takes(fd uintptr) bool {
	p := pollfd{fd: int32(fd), events: pollOut}
	var now syscall.Timespec
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && n == 1 && p.revents == pollOut
}
