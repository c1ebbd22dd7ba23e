//go:build !linux || !(amd64 || arm64)

package nonblock

import (
	"net"
	"syscall"
)

// direct tells that there are calls without a word to the scheduler.
const direct = false

// Read reads what has come; EAGAIN when that is nothing. b must not be empty.
func Read(fd uintptr, b []byte) (int, error) { return syscall.Read(int(fd), b) }

// Write writes what is taken at once; EAGAIN when that is nothing. b must not be empty.
func Write(fd uintptr, b []byte) (int, error) { return syscall.Write(int(fd), b) }

// Of the others there are none.

func setOptions(uintptr, net.KeepAliveConfig) error { return nil }

func accept(uintptr) (uintptr, net.Addr, error) { return 0, nil, syscall.ENOSYS }

func shutdown(uintptr) {}

func silent(uintptr) bool { return false }

func takes(uintptr) bool { return false }
