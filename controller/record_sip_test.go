package controller

import "testing"

func TestSIPCode(t *testing.T) {
	const answered = "Caller-Channel-Answered-Time: 1795726360287338"
	for _, tt := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"answered, the caller hangs up", []string{answered, "Hangup-Cause: NORMAL_CLEARING", "variable_sip_hangup_disposition: recv_bye", "variable_proto_specific_hangup_cause: sip%3A200"}, 0},
		{"answered, busy for the menu", []string{answered, "Hangup-Cause: USER_BUSY"}, 0},
		{"the caller cancels", []string{"Hangup-Cause: ORIGINATOR_CANCEL", "variable_sip_hangup_disposition: recv_cancel", "variable_proto_specific_hangup_cause: sip%3A487"}, 487},
		{"the caller cancels, and the stack does not say", []string{"Hangup-Cause: ORIGINATOR_CANCEL", "variable_sip_hangup_disposition: recv_cancel"}, 487},
		{"a BYE before the answer", []string{"Hangup-Cause: NORMAL_CLEARING", "variable_sip_hangup_disposition: recv_bye", "variable_proto_specific_hangup_cause: sip%3A200"}, 487},
		{"refused, and the stack says with what", []string{"Hangup-Cause: NORMAL_TEMPORARY_FAILURE", "variable_proto_specific_hangup_cause: sip%3A500"}, 500},
		{"refused", []string{"Hangup-Cause: NORMAL_TEMPORARY_FAILURE"}, 503},
		{"a cause that is not listed", []string{"Hangup-Cause: MEDIA_TIMEOUT"}, 480},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := channel(t, tt.headers...)
			if got := sipCode(e, hangupCause(e)); got != tt.want {
				t.Errorf("sipCode = %d, want %d", got, tt.want)
			}
		})
	}
}
