package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks is Linux' USER_HZ, in which /proc counts processor time on every
// architecture that Go runs on.
const ticks = 100

// cpu is the processor time that a process has used (proc_pid_stat(5), utime
// and stime), to 10 ms.
func cpu(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: /proc says %q", pid, stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("process %d: /proc says %q", pid, stat)
	}
	return time.Duration(user+system) * time.Second / ticks, nil
}

// resident is the memory of a process that is in RAM, in bytes.
func resident(pid int) (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, fmt.Errorf("process %d: /proc says %q", pid, statm)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// A meter tells what processes have used since it was started.
type meter struct {
	children []*child
	before   []time.Duration
	start    time.Time
}

func startMeter(children ...*child) (*meter, error) {
	m := &meter{children: children, start: time.Now()}
	for _, c := range children {
		used, err := cpu(c.pid)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		m.before = append(m.before, used)
	}
	return m, nil
}

// read returns the processor time of each, in seconds, and the time passed.
func (m *meter) read() (used []float64, elapsed float64, err error) {
	elapsed = time.Since(m.start).Seconds()
	for i, c := range m.children {
		now, err := cpu(c.pid)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", c.name, err)
		}
		used = append(used, (now - m.before[i]).Seconds())
	}
	return used, elapsed, nil
}
