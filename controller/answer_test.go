package controller_test

import (
	"testing"
	"time"

	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// A caller may send no RTP before the answer; from then on FreeSWITCH ends the
// call that sends none for as long as the dialplan says.
func TestSilenceIsAllowedUntilTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer dialplan.AnswerPolicy
		before string // what is allowed while the caller waits
	}{
		{"answered at once", dialplan.AnswerAtOnce, "60000"},
		{"answered by an agent", dialplan.AnswerByAgent, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			m.use(t, line)
			m.route.Answer = tt.answer
			l := listen(t)
			start(t, "one", l, m, nil)
			sw := node(t, l.Addr().String())
			sw.Agent("1001", fstest.Behaviour{Reaction: fstest.Answers, Talk: time.Second})
			call := sw.Call(fstest.Caller{
				Number: "0671234567", To: "0800111222", Script: fstest.Keys("2"),
				Variables: map[string]string{"dialgraph_media_timeout": "60000"},
			})
			if _, err := call.WaitFor(soon(t), heard("music")); err != nil {
				t.Fatal(err)
			}
			if got := call.Variable("media_timeout"); got != tt.before {
				t.Errorf("media_timeout %q while the caller waits, want %q", got, tt.before)
			}
			m.offers <- dialplan.Offer{ID: "o1", Agent: "anna", Contact: "1001", Ring: 10 * time.Second}
			if _, err := call.Wait(soon(t)); err != nil {
				t.Fatal(err)
			}
			if got := call.Variable("media_timeout"); got != "60000" {
				t.Errorf("media_timeout %q after the answer, want 60000", got)
			}
		})
	}
}
