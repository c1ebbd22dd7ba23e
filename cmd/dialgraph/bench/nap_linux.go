package bench

import (
	"syscall"
	"time"
)

// nap sleeps in the kernel, which wakes up a tenth of a millisecond late: the
// timers of Go's runtime are up to a whole one late in a process that has nothing
// else to do. It may end early.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // interrupted: ended early
}
