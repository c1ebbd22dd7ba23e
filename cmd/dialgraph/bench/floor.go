package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
)

// The floor is the least that a controller in Go can do: it splits the stream
// into frames and answers with commands that were prepared beforehand. It looks
// at no header but Content-Length, knows no menu and no call, and relies on the
// load sending as many frames for each step as expected. Whatever does more
// than this costs more than this.

// A floorStep is what the floor writes, and how many frames it then waits for.
type floorStep struct {
	write  string
	frames int
}

// floorSteps is the call of scenario a, with the commands that our controller
// sends, write by write.
var floorSteps = []floorStep{
	{"connect\n\n", 1},
	{
		"linger 5\n\n" + "filter Unique-ID " + someUUID + "\n\n" + "event plain " + eventNames + "\n\n" +
			"api uuid_setvar_multi " + someUUID + " " + callVariables + "\n\n" +
			"api sched_hangup +14400 " + someUUID + " ALLOTTED_TIMEOUT\n\n", 5,
	},
	{floorExecute("answer", "", 1), 3}, // reply, CHANNEL_ANSWER, completion
	{"api uuid_setvar " + someUUID + " playback_terminators any\n\n" + floorExecute("playback", greetingFile, 2), 3},
	{floorExecute("play_and_get_digits", choiceArgument, 3), 3},   // reply, a digit, completion
	{floorExecute("play_and_get_digits", numberArgument, 4), 8},   // reply, six digits, completion
	{floorExecute("playback", thanksFile, 5), 2},                  // reply, completion
	{"api uuid_kill " + someUUID + " NORMAL_CLEARING\n\n", 1 + 3}, // reply, hangup, completion of socket, end
}

func floorExecute(app, arg string, n int) string {
	c := "sendmsg\ncall-command: execute\nexecute-app-name: " + app + "\n"
	if arg != "" {
		c += "execute-app-arg: " + arg + "\n"
	}
	return c + "event-lock: true\nEvent-UUID: 00000000-" + strconv.Itoa(n) + "\n\n"
}

// A place is where a server listens.
type place struct{ Addr string }

// listenFloor starts the floor; it serves until the process ends.
func listenFloor(_ context.Context, _ struct{}) (place, error) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return place{}, err
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go floorCall(nc)
		}
	}()
	return place{l.Addr().String()}, nil
}

func floorCall(nc net.Conn) {
	defer func() { _ = nc.Close() }()
	r := bufio.NewReaderSize(nc, 16<<10) // a frame in one read: the fastest size tried
	for _, step := range floorSteps {
		if _, err := io.WriteString(nc, step.write); err != nil {
			return
		}
		for range step.frames {
			if err := skipFrame(r); err != nil {
				return
			}
		}
	}
}

var (
	contentLength = []byte("Content-Length: ")
	errNoLength   = errors.New("frame without a usable length")
)

// skipFrame reads one frame: lines up to a blank one, and the body they announce.
func skipFrame(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 1 {
			break
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[len(contentLength):]))); err != nil || length < 0 {
				return errNoLength
			}
		}
	}
	_, err := r.Discard(length)
	return err
}
