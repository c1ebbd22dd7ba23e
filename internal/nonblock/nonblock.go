// Package nonblock makes system calls on sockets that do not block, without a word to Go's scheduler.
//
// The scheduler is told of calls that may block, so that another thread can go on meanwhile. Calls on a socket that does
// not block take some microseconds; being ready to take over costs more than that: each one that finds the process idle
// wakes the runtime's monitor (sysmon in runtime/proc.go), which then looks about every 20 µs for a millisecond or more.
// On a virtual machine a tenth of the processor time of a controller with a thousand calls a second went there. So the
// sockets of calls, Redis and the log are used by the calls of this package, and what must tell the scheduler, as
// closing a file does, is done together, some times a second.
package nonblock
