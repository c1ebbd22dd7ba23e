package bench

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
)

// Frames are as large as those of a real FreeSWITCH, and are frames.
func TestFrameSizes(t *testing.T) {
	v := &values{
		uuid: someUUID, caller: callerNumber(7), called: "0800", started: "1700000000000000",
		app: "00000000-7", leg: "1",
	}
	tests := []struct {
		name  string
		frame *frame
		size  int
	}{
		{"channel data", channelData, sizeChannelData},
		{"answer", answered, sizeAnswer},
		{"answer's completion", answerDone, sizeAnswer},
		{"playback's completion", playDone, sizeCompletion},
		{"completion of a question", askDone, sizeCompletion},
		{"digit", digit, sizeDigit},
		{"bridge", bridged, sizeBridge},
		{"unbridge", unbridged, sizeUnbridge},
		{"bridge's completion", bridgeDone, sizeBridgeDone},
		{"hangup", hangup, sizeHangup},
		{"socket's completion", socketDone, sizeSocketDone},
		{"end of the call", gone, sizeGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.frame.append(nil, v)
			if got := len(b); got < tt.size*97/100 || got > tt.size*103/100 {
				t.Errorf("%d bytes, want %d within 3 %%", got, tt.size)
			}
			if strings.Contains(string(b), "\x00") {
				t.Error("a gap was not filled")
			}
			r := bufio.NewReader(bytes.NewReader(append(b, notice...)))
			for range 2 {
				if err := skipFrame(r); err != nil {
					t.Fatalf("not read as a frame: %v", err)
				}
			}
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
				t.Errorf("%d bytes left, %v, want all used up", len(rest), err)
			}
		})
	}
}
