package fstest

import "testing"

// A node that ends in good order has told of a call's end, also when the
// controller's last command is still being answered, and others wait.
func TestCloseTellsOfTheEnd(t *testing.T) {
	for range 100 {
		sw, call, p := answered(t, Config{Speed: 1000}, Caller{})
		p.send("api uuid_kill " + call.UUID())
		for range 20 {
			p.send("api status")
		}
		<-call.Done()
		closed := make(chan error, 1)
		go func() { closed <- sw.Close() }()
		p.event("CHANNEL_HANGUP_COMPLETE")
		p.conn.Close()
		if err := <-closed; err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
}
