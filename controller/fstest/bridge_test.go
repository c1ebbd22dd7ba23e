package fstest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// answered runs a node with one call, taken by a peer and answered.
func answered(t *testing.T, config Config, caller Caller) (*Switch, *Call, *peer) {
	t.Helper()
	port := listen(t)
	config.Hosts = []string{port.Addr().String()}
	sw := start(t, config)
	if caller.To == "" {
		caller.To = "0800"
	}
	call := sw.Call(caller)
	p := accept(t, port)
	p.take()
	p.run("answer", "")
	return sw, call, p
}

func TestBridgeOutcomes(t *testing.T) {
	tests := []struct {
		name  string
		dial  string
		want  string // originate_disposition
		rings int
	}{
		{"answered", "user/ready", "SUCCESS", 1},
		{"busy", "user/busy", "USER_BUSY", 0},
		{"declined", "user/no", "CALL_REJECTED", 1},
		{"no answer", "[leg_timeout=2]user/mute", "NO_ANSWER", 1},
		{"480", "sofia/internal/away@10.0.0.1:5060", "NO_USER_RESPONSE", 0},
		{"404", "sofia/gateway/trunk/nobody", "UNALLOCATED_NUMBER", 0},
		{"dead host", "sofia/gateway/trunk/dead", "NORMAL_TEMPORARY_FAILURE", 0},
		{"not registered", "user/absent", "USER_NOT_REGISTERED", 0},
		{"unknown user", "user/nosuch", "SUBSCRIBER_ABSENT", 0},
		{"accept key pressed", "{group_confirm_key=1,group_confirm_file=accept.wav}user/accepts", "SUCCESS", 1},
		{"accept key not pressed", "{group_confirm_key=1,call_timeout=3}user/ready", "NO_ANSWER", 1},
		{"second of two in order", "{ignore_early_media=true}[leg_timeout=1]user/mute|user/ready", "SUCCESS", 2},
		{"first of two at once", "user/mute,user/ready", "SUCCESS", 2},
		{"error endpoint", "error/user_busy", "USER_BUSY", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sw, call, p := answered(t, Config{}, Caller{Number: "+380671234567"})
			sw.Agent("ready", Behaviour{Reaction: Answers, After: time.Second, Talk: time.Second})
			sw.Agent("accepts", Behaviour{Reaction: Answers, Accept: "1", Think: time.Second, Talk: time.Second})
			sw.Agent("busy", Behaviour{Reaction: Busy})
			sw.Agent("no", Behaviour{Reaction: Rejects, After: time.Second})
			sw.Agent("mute", Behaviour{Reaction: Rings})
			sw.Agent("away", Behaviour{Reaction: Unavailable})
			sw.Agent("dead", Behaviour{Reaction: Unreachable})
			sw.Agent("absent", Behaviour{Reaction: NotRegistered})
			p.run("multiset", "continue_on_fail=true hangup_after_bridge=false")
			done := p.run("bridge", tt.dial)
			if got := done["variable_originate_disposition"]; got != tt.want {
				t.Errorf("originate_disposition = %q, want %q\n%s", got, tt.want, call.Transcript())
			}
			if done["Answer-State"] != "answered" {
				t.Errorf("the caller is %s", done["Answer-State"])
			}
			if heard := sw.Agent("accepts", Behaviour{}).Heard(); (tt.name == "accept key pressed") != slices.Equal(heard, []string{"accept.wav"}) {
				t.Errorf("the agent heard %q", heard)
			}
			rings := 0
			for _, a := range sw.Phones().all() {
				rings += a.Rings()
			}
			if rings != tt.rings {
				t.Errorf("%d telephones rang, want %d", rings, tt.rings)
			}
			if f := sw.Faults(); len(f) > 0 {
				t.Errorf("faults: %q", f)
			}
		})
	}
}

func TestCancelKey(t *testing.T) {
	sw, call, p := answered(t, Config{}, Caller{Script: Script{Await(Calling), Press("5*")}})
	a := sw.Agent("1001", Behaviour{Reaction: Rings})
	p.run("multiset", "continue_on_fail=true origination_cancel_key=*")
	id := p.start("bridge", "user/1001")
	var keys []string
	done := p.until(func(f frameRead) bool {
		if f["Event-Name"] == "DTMF" {
			keys = append(keys, f["DTMF-Digit"])
		}
		return f["Application-UUID"] == id
	})
	if done["variable_originate_disposition"] != "NO_ANSWER" || !slices.Equal(keys, []string{"5", "*"}) {
		t.Errorf("disposition %q, keys %q", done["variable_originate_disposition"], keys)
	}
	if err := a.WaitIdle(patient(t)); err != nil {
		t.Error(err)
	}
	if call.MostRinging() != 1 {
		t.Errorf("MostRinging = %d", call.MostRinging())
	}
}

func TestAgentByHand(t *testing.T) {
	sw, call, p := answered(t, Config{}, Caller{Number: "+380671234567"})
	a := sw.Agent("1001", Behaviour{})
	leg := "0b8f1a52-0000-4000-8000-000000000001"
	p.ask("filter Unique-ID " + leg)
	p.run("set", "continue_on_fail=true")
	id := p.start("bridge", "{origination_uuid="+leg+",origination_caller_id_number=0800}user/1001")
	if shown, err := a.WaitRinging(patient(t)); err != nil || shown != "0800" {
		t.Fatalf("shown %q, %v", shown, err)
	}
	if got := p.ask("api uuid_exists " + leg)["body"]; got != "true" {
		t.Errorf("uuid_exists of the leg = %q", got)
	}
	a.Answer()
	p.until(func(f frameRead) bool { return f["Event-Name"] == "CHANNEL_ANSWER" && f["Unique-ID"] == leg })
	if f := p.event("CHANNEL_BRIDGE"); f["Bridge-B-Unique-ID"] != leg || f["Other-Leg-Unique-ID"] != leg {
		t.Errorf("bridge with %q", f["Bridge-B-Unique-ID"])
	}
	a.Press("7")
	if f := p.event("DTMF"); f["Unique-ID"] != leg || f["DTMF-Digit"] != "7" {
		t.Errorf("digit %q of %q", f["DTMF-Digit"], f["Unique-ID"])
	}
	a.Hangup()
	done := p.until(func(f frameRead) bool { return f["Application-UUID"] == id })
	if done["variable_bridge_hangup_cause"] != "NORMAL_CLEARING" || a.Talks() != 1 {
		t.Errorf("ended by %q after %d talks", done["variable_bridge_hangup_cause"], a.Talks())
	}
	checkOrder(t, call, call.Transcript(), []string{"calling 1001", "connected 1001", "parted 1001"})
}

// A blind transfer by the agent's telephone takes the caller out of the socket.
// The dialplan brings the call back with what the agent keyed.
func TestAgentTransfersTheCaller(t *testing.T) {
	port := listen(t)
	sw := start(t, Config{Hosts: []string{port.Addr().String()}})
	a := sw.Agent("1001", Behaviour{Reaction: Answers})
	call := sw.Call(Caller{To: "0800"})
	p := accept(t, port)
	p.take()
	p.run("answer", "")
	p.start("bridge", "user/1001")
	if _, err := call.WaitFor(patient(t), nth(Connected, 1)); err != nil {
		t.Fatal(err)
	}
	a.Transfer("2000")
	p.event("CHANNEL_UNBRIDGE")
	if f := p.event("CHANNEL_EXECUTE_COMPLETE"); f["Application"] != "bridge" {
		t.Errorf("completion of %s", f["Application"])
	}
	if f := p.event("CHANNEL_EXECUTE_COMPLETE"); f["Application"] != "socket" || f["Answer-State"] != "answered" {
		t.Errorf("completion of %s, %s", f["Application"], f["Answer-State"])
	}
	data := accept(t, port).take()
	if data["Unique-ID"] != call.UUID() || data["Caller-Destination-Number"] != "0800" || data["variable_dialgraph_transfer"] != "2000" {
		t.Errorf("came back to %q, transferred to %q", data["Caller-Destination-Number"], data["variable_dialgraph_transfer"])
	}
}

func TestTwoTelephonesAtOnce(t *testing.T) {
	sw, call, p := answered(t, Config{}, Caller{})
	sw.Agent("1001", Behaviour{})
	sw.Agent("1002", Behaviour{})
	p.start("bridge", "user/1001,user/1002")
	if _, err := call.WaitFor(patient(t), nth(Calling, 2)); err != nil {
		t.Fatal(err)
	}
	if call.MostRinging() != 2 || len(sw.Faults()) != 0 {
		t.Errorf("MostRinging = %d, faults %q; two at once in one bridge is no fault", call.MostRinging(), sw.Faults())
	}
	call.rings(&hunt{}, &leg{contact: "1003"})
	if f := sw.Faults(); len(f) != 1 || !strings.Contains(f[0], "1003 rings while another") {
		t.Errorf("faults of a second bridge: %q", f)
	}
}

func TestDialStrings(t *testing.T) {
	groups := parseDialString(`{a=1,b='x,y',api_on_answer='uuid_setvar u v w'}[leg_timeout=5]user/1001,sofia/internal/1002@h:5060;fs_path=sip:10.0.0.1|sofia/gateway/gw/+380441112233`)
	var got []string
	for _, g := range groups {
		for _, d := range g {
			b, _ := d.vars.lookup("b")
			limit, _ := d.vars.lookup("leg_timeout")
			got = append(got, strings.Join([]string{d.endpoint, d.contact, b, limit}, " "))
		}
		got = append(got, "|")
	}
	want := []string{"user 1001 x,y 5", "sofia 1002 x,y ", "|", "sofia +380441112233 x,y ", "|"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
