package esl

import "testing"

// What is selected reads as it was sent, the rest as if it had not been, wherever frames are cut.
func TestSelection(t *testing.T) {
	headers := Select("Caller-Caller-ID-Name", "variable_empty", "DTMF-Digit", "Ab").Less("CHANNEL_ANSWER", "Ab")
	stream := channelData("a") + reply("+OK") +
		event("DTMF", "Unique-ID: a", "DTMF-Digit: 5", "Ab: %41", "variable_sip_req_user: 0800", "DTMF-Digits: 55", "no colon") +
		event("CHANNEL_ANSWER", "Ab: 1", "DTMF-Digit: 5", "Caller-Caller-ID-Name: B") +
		event("BACKGROUND_JOB", "Content-Length: 3") + "Content-Length: 27\nContent-Type: text/event-plain\n\nEvent-Name: X\n\nDTMF-Digit: " +
		apiResult("true\n")
	for step := range 200 {
		r := newReader(&script{data: []byte(stream), step: step}, Options{Headers: headers}.withDefaults())
		next := func() *Event {
			e, err := r.next()
			if err != nil {
				t.Fatalf("%d bytes at a time: %v", step, err)
			}
			return e
		}
		check := func(what, got, want string) {
			if got != want {
				t.Fatalf("%d bytes at a time: %s is %q, want %q", step, what, got, want)
			}
		}
		channel := next()
		check("kept header", channel.Get("Caller-Caller-ID-Name"), "Anna Koval")
		check("what is always kept", channel.Get("Unique-ID")+channel.Name()+channel.ReplyText(), "aCHANNEL_DATA+OK")
		check("dropped header", channel.Get("Control")+channel.Var("sip_req_user"), "")
		if !channel.HasVar("empty") {
			t.Fatal("empty variable was dropped")
		}
		check("reply", next().ReplyText(), "+OK")
		digit := next()
		check("digit", digit.Get("DTMF-Digit")+digit.Get("Ab"), "5A")
		check("dropped variable", digit.Var("sip_req_user")+digit.Get("DTMF-Digits"), "")
		answer := next()
		check("what is always kept of every event", answer.Name(), "CHANNEL_ANSWER")
		check("kept of this event", answer.Get("Ab"), "1")
		check("dropped of this event", answer.Get("DTMF-Digit")+answer.Get("Caller-Caller-ID-Name"), "")
		check("name of an event", next().Name(), "BACKGROUND_JOB")
		check("body of an event", string(next().Body()), "DTMF-Digit: ")
		check("result", next().ReplyText(), "true")
	}
}
