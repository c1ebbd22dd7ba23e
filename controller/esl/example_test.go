package esl_test

import (
	"context"
	"log"
	"net/netip"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
)

// A server that answers every call, plays one file and hangs up.
func ExampleServer() {
	server := &esl.Server{
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Handler: func(call *esl.Session) {
			_, err := call.Pipeline(
				esl.Linger(5*time.Second),
				esl.Filter("Unique-ID", call.UUID()),
				esl.EventPlain("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP"),
				esl.Execute("answer", "", esl.ExecuteOptions{Lock: true}),
				esl.Execute("playback", "welcome.wav", esl.ExecuteOptions{Lock: true, UUID: "welcome"}),
			)
			if err != nil {
				log.Print(err)
				return
			}
			for {
				event, err := call.Next(context.Background(), time.Time{})
				switch {
				case err != nil:
					log.Print(err) // the connection is gone, the call may live on
					return
				case event.Name() == "CHANNEL_HANGUP":
					return
				case event.Get("Application-UUID") == "welcome":
					_, _ = call.API("uuid_kill " + call.UUID())
				}
			}
		},
	}
	l, err := esl.Listen("10.0.0.1:8084")
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(l))
}

// A subscription to the end of every call of a node.
func ExampleDial() {
	ctx := context.Background()
	conn, err := esl.Dial(ctx, "10.0.0.5:8021", "secret", esl.Options{EventQueue: 4096})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Pipeline(ctx, esl.EventPlain("CHANNEL_HANGUP_COMPLETE")); err != nil {
		log.Print(err)
		return
	}
	for event := range conn.Events(ctx) {
		log.Print(event.Get("Unique-ID"), " ", event.Get("Hangup-Cause"))
	}
	log.Print(conn.Err())
}
