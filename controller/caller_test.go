package controller

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

// channel makes channel data as a switch would send it.
func channel(t *testing.T, headers ...string) *esl.Event {
	t.Helper()
	data := "Event-Name: CHANNEL_DATA\nUnique-ID: u\n" + strings.Join(headers, "\n") + "\nContent-Type: command/reply\nReply-Text: +OK\n\n"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *esl.Event, 1)
	server := &esl.Server{Options: esl.Options{Headers: selected}, Handler: func(s *esl.Session) { got <- s.Channel() }}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Close()
		_ = server.Shutdown(t.Context())
		if err := <-served; !errors.Is(err, esl.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	}()
	if _, err := io.ReadFull(conn, make([]byte, len("connect\n\n"))); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	return <-got
}

func TestIdentify(t *testing.T) {
	const from, asserted = "variable_sip_from_user: 0671234567", "variable_sip_P-Asserted-Identity: %22A%22%20%3Csip%3A%2B380441112233%40trunk%3E"
	sip := "variable_sip_call_id: x"
	tests := []struct {
		name    string
		trust   Trust
		headers []string
		want    dialplan.Caller
	}{
		{"From", TrustFrom, []string{sip, from}, dialplan.Caller{Number: "+380671234567"}},
		{"P-Asserted-Identity of a trunk that is not trusted", TrustFrom, []string{sip, from, asserted}, dialplan.Caller{Number: "+380671234567"}},
		{"P-Asserted-Identity of a trusted trunk", TrustAsserted, []string{sip, from, asserted}, dialplan.Caller{Number: "+380441112233"}},
		{"trusted trunk without it", TrustAsserted, []string{sip, from}, dialplan.Caller{Number: "+380671234567"}},
		{"hidden, though the switch knows", TrustAsserted, []string{sip, from, asserted, "Caller-Privacy-Hide-Number: true"}, dialplan.Caller{Withheld: true}},
		{"anonymous", TrustFrom, []string{sip, "variable_sip_from_user: anonymous"}, dialplan.Caller{}},
		{"zeros", TrustFrom, []string{sip, "variable_sip_from_user: 0000000000"}, dialplan.Caller{}},
		{"an extension is nobody's key", TrustFrom, []string{sip, "variable_sip_from_user: 101"}, dialplan.Caller{}},
		{"nothing is trusted", TrustNothing, []string{sip, from}, dialplan.Caller{}},
		{"SIP without From does not fall back to Caller-ID", TrustFrom, []string{sip, "Caller-Caller-ID-Number: 0671234567"}, dialplan.Caller{}},
		{"not SIP", TrustFrom, []string{"Caller-Caller-ID-Number: 0671234567"}, dialplan.Caller{Number: "+380671234567"}},
		{"code instead of a number", TrustFrom, []string{sip, "variable_sip_from_user: %24%7Bsystem(id)%7D"}, dialplan.Caller{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := identify(channel(t, tt.headers...), tt.trust, "UA")
			if got.Number != tt.want.Number || got.Withheld != tt.want.Withheld {
				t.Errorf("identify = %+v, want %+v", got, tt.want)
			}
		})
	}
}
