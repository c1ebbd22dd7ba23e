package esl

import (
	"syscall"
	"unsafe"
)

// readNow and writeNow read and write a socket that does not block, without a word to Go's scheduler. It is told of
// calls that may block, so that another thread can go on meanwhile; these take some microseconds, and being ready to
// take over costs more than that. b must not be empty.
func readNow(fd uintptr, b []byte) (int, error) {
	return now(syscall.SYS_READ, fd, b)
}

func writeNow(fd uintptr, b []byte) (int, error) {
	return now(syscall.SYS_WRITE, fd, b)
}

func now(call, fd uintptr, b []byte) (int, error) {
	n, _, err := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}
