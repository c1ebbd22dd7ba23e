package fstest

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The clock's speed in this test, and in a second attempt.
const (
	quick = 10
	slow  = 2
)

// A scene is who is at the telephones in a capture.
type scene struct {
	capture string
	next    string        // the capture of the connection that follows on the same call
	closes  time.Duration // the controller closes the socket so long after its last line; 0: it does not
	talk    time.Duration // agents hang up after so long
	gap     time.Duration // between two keys
	to      string        // number dialled; "" is 9000
	resume  bool          // the dialplan sets socket_resume and tries twice
	script  Script
}

var scenes = []scene{
	{capture: "01_pagd_barge_in", script: Script{Hear("menu"), after(1300), Press("2")}},
	{capture: "02_pagd_six_digits_and_hash", gap: 260 * time.Millisecond, script: Script{Hear("enter_number"), after(2700), Press("123456#")}},
	{capture: "03_pagd_no_input_three_tries"},
	{capture: "04_pagd_regexp_mismatch", script: Script{Hear("menu"), after(1100), Press("7"), Hear("menu"), after(2400), Press("8")}},
	{capture: "04b_pagd_mismatch_then_good", script: Script{Hear("menu"), after(1100), Press("7"), Hear("menu"), after(2400), Press("1")}},
	{capture: "04c_pagd_partial_digits_timeout", script: Script{Hear("enter_number"), after(1100), Press("12")}},
	{capture: "05_pagd_missing_prompt_file"},
	{capture: "06_caller_hangup_during_prompt", script: Script{Hear("menu"), after(1200), HangUp()}},
	{capture: "07_caller_hangup_partial_digits", script: Script{HearOut("enter_number"), Press("12"), after(1100), HangUp()}},
	{capture: "08_playback_full"},
	{capture: "08b_playback_missing_file"},
	{capture: "08c_playback_terminated_by_digit", script: Script{Hear("long"), after(1100), Press("5"), after(1000), Press("#")}},
	{capture: "09_bridge_agent_hangs_up_post_prompt", talk: 3 * time.Second},
	{capture: "10_bridge_caller_hangs_up", script: Script{Await(Connected), after(3000), HangUp()}},
	{capture: "10b_bridge_controller_hangs_up"},
	{capture: "10c_bridge_sendmsg_hangup_waits_for_bridge_end", talk: 3 * time.Second},
	{capture: "10d_bridge_controller_ends_agent_leg"},
	{capture: "11_bridge_busy"},
	{capture: "11b_bridge_busy_without_continue_on_fail"},
	{capture: "12_bridge_rejected_603"},
	{capture: "13_bridge_no_answer_call_timeout_3"},
	{capture: "14_bridge_unregistered_user"},
	{capture: "14b_bridge_known_user_not_registered"},
	{capture: "15_caller_hangup_while_agent_rings", script: Script{Await(Calling), after(2000), HangUp()}},
	{capture: "15b_caller_cancels_before_answer", script: Script{Await(Calling), after(2000), HangUp()}},
	{capture: "16_record_ended_by_hash", script: Script{HearOut("tone"), Speak(time.Minute), after(4000), Press("#")}},
	{capture: "16b_record_ended_by_hangup", script: Script{HearOut("tone"), Speak(time.Minute), after(4000), HangUp()}},
	{capture: "16c_record_ended_by_silence", script: Script{HearOut("tone"), Speak(3 * time.Second)}},
	{capture: "16d_record_ended_by_time_limit", script: Script{Await(Answered), Speak(time.Minute)}},
	{capture: "17_linger_caller_hangup_while_parked", script: Script{Await(Answered), after(3000), HangUp()}},
	{capture: "17b_linger_timeout_closes_socket", script: Script{Await(Answered), after(1000), HangUp()}},
	{capture: "17c_no_linger_caller_hangup_while_parked", script: Script{Await(Answered), after(1000), HangUp()}},
	{capture: "18_controller_hangup_cause"},
	{capture: "18b_controller_hangup_before_answer"},
	{capture: "18c_uuid_kill_during_prompt"},
	{capture: "19_dtmf_while_parked_type_ahead", script: Script{Await(Answered), after(600), Press("12"), HearOut("welcome"), after(450), Press("3")}},
	{capture: "19b_more_digits_than_pagd_takes", script: Script{Hear("menu"), after(1100), Press("1234")}},
	{capture: "19c_dtmf_while_agent_rings_and_in_bridge", talk: 4 * time.Second,
		script: Script{Await(Calling), after(700), Press("12"), Await(Connected), after(1100), Press("34")}},
	{capture: "19d_dtmf_injected_by_uuid_recv_dtmf"},
	{capture: "20_unknown_application"},
	{capture: "21_say_digits_and_number"},
	{capture: "22_queue_music_break_bridge", talk: 2 * time.Second},
	{capture: "22b_queue_pagd_music_break_bridge", talk: 2 * time.Second},
	{capture: "22c_queue_music_nested_bridge_without_lock", talk: 2 * time.Second},
	{capture: "22d_uuid_break_all_drops_queued_app"},
	{capture: "22e_queue_ringback_music_while_agent_rings", talk: time.Second},
	{capture: "22f_bridge_two_agents_first_busy", talk: time.Second},
	{capture: "24_unanswered_early_media_prompt"},
	{capture: "25_two_apps_sent_at_once_event_lock"},
	{capture: "26_getvar_and_api_replies", script: Script{Hear("menu"), after(600), Press("42#")}},
	{capture: "27_two_calls_at_the_same_time", script: Script{Hear("menu"), after(1700), Press("1")}},
	{capture: "27b_two_calls_second_call", to: "9001", script: Script{Hear("menu"), after(1100), Press("3")}},
	{capture: "28_transfer_by_another_connection", next: "28b_transfer_new_connection", script: Script{Hear("long"), after(1000), transfer("9001")}},
	{capture: "29_controller_lost_in_prompt_resume_true", next: "29b_second_connection", closes: 1500 * time.Millisecond,
		to: "4000", resume: true, script: Script{Hear("menu"), Hear("menu"), after(1100), Press("2")}},
	{capture: "30_controller_lost_in_bridge_resume_false", next: "30b_second_connection", closes: time.Second,
		to: "4000", resume: true, talk: 6 * time.Second},
}

// after is Pause in milliseconds, the unit of the captures.
func after(ms int) Step { return Pause(millis(ms)) }

func transfer(to string) Step {
	return func(_ context.Context, c *Call) error {
		c.sw.api("uuid_transfer " + c.UUID() + " " + to + " XML public")
		return nil
	}
}

func captureConfig(speed float64) Config {
	return Config{Speed: speed, Phones: NewPhones(), Sounds: Files(map[string]time.Duration{
		"ivr/menu.wav": 5020 * time.Millisecond, "ivr/invalid.wav": 1510 * time.Millisecond,
		"ivr/enter_number.wav": 2800 * time.Millisecond, "ivr/welcome.wav": 1510 * time.Millisecond,
		"ivr/goodbye.wav": 1510 * time.Millisecond, "ivr/long.wav": 14330 * time.Millisecond,
		"ivr/callback_offer.wav": 2540 * time.Millisecond,
	})}
}

func captureAgents(p *Phones, talk time.Duration) {
	p.Agent("1001", Behaviour{Reaction: Answers, After: 500 * time.Millisecond, Talk: talk})
	p.Agent("1002", Behaviour{Reaction: Answers, After: 3 * time.Second, Talk: talk})
	p.Agent("1003", Behaviour{Reaction: Busy})
	p.Agent("1004", Behaviour{Reaction: Rejects})
	p.Agent("1005", Behaviour{Reaction: Rings})
	p.Agent("1009", Behaviour{Reaction: NotRegistered})
}

// TestCaptures plays the people of each recorded dialogue and the controller's
// side of it against the fake, and compares what the fake says with what the
// real one said: kinds and order of frames and every decisive header. On a fast
// clock a machine that stands still for a moment changes what happens: a scene
// that fails is played once more, alone and slowly, and that counts.
func TestCaptures(t *testing.T) {
	var all sync.WaitGroup
	var alone sync.Mutex
	for _, s := range scenes { // at once: they mostly wait
		all.Go(func() {
			t.Run(s.capture, func(t *testing.T) {
				faults := attempt(t, func(t testing.TB) { s.perform(t, quick) })
				if len(faults) == 0 {
					return
				}
				t.Logf("played again, because of: %s", strings.Join(faults, "\n"))
				alone.Lock()
				defer alone.Unlock()
				s.perform(t, slow)
			})
		})
	}
	all.Wait()
}

func (s scene) perform(t testing.TB, speed float64) {
	port := listen(t)
	host := port.Addr().String()
	nobody := refusing(t)
	config := captureConfig(speed)
	captureAgents(config.Phones, s.talk)
	config.Dialplan = func(string) []Action {
		if s.resume {
			socket := Action{"socket", nobody + "|" + host + " async full"}
			return []Action{{"set", "socket_resume=true"}, socket, socket}
		}
		return []Action{{"socket", host + " async full"}}
	}
	sw := start(t, config)
	to := s.to
	if to == "" {
		to = "9000"
	}
	call := sw.Call(Caller{Number: "15550100", Name: "Alice", To: to, Script: s.script, KeyGap: s.gap})
	first := actor{peer: accept(t, port), call: call.UUID(), speed: speed,
		names: strings.NewReplacer(call.UUID(), "<call>", nobody, "127.0.0.1:8083", host, "127.0.0.1:8084")}
	lines := readCapture(t, s.capture)
	if s.next == "" {
		first.play(lines)
	} else {
		followed(t, s, port, first, lines)
	}
	if _, err := call.Wait(patient(t)); err != nil {
		t.Error(err)
	}
	if faults := sw.Faults(); len(faults) > 0 {
		t.Errorf("faults: %q", faults)
	}
}

// followed plays a capture and that of the connection after it.
func followed(t testing.TB, s scene, port net.Listener, first actor, lines []captured) {
	if s.closes > 0 {
		first.play(lines)
		first.idle(s.closes)
		first.peer.conn.Close()
		second := actor{peer: accept(t, port), call: first.call, names: first.names, speed: first.speed}
		second.play(readCapture(t, s.next))
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.play(lines)
	}()
	second := actor{peer: accept(t, port), call: first.call, names: first.names, speed: first.speed}
	second.play(readCapture(t, s.next))
	<-done
}

// TestOriginateCapture is the recorded dialogue of an inbound connection.
func TestOriginateCapture(t *testing.T) {
	t.Parallel()
	if faults := attempt(t, func(t testing.TB) { originateScene(t, quick) }); len(faults) > 0 {
		t.Logf("played again, because of: %s", strings.Join(faults, "\n"))
		originateScene(t, slow)
	}
}

func originateScene(t testing.TB, speed float64) {
	port := listen(t)
	config := captureConfig(speed)
	captureAgents(config.Phones, 0)
	sw := start(t, config)
	conn, err := net.Dial("tcp", sw.Addr())
	if err != nil {
		t.Fatal(err)
	}
	host := port.Addr().String()
	first := actor{peer: newPeer(t, conn), names: strings.NewReplacer(host, "127.0.0.1:8084"), host: host, speed: speed}
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.play(readCapture(t, "23_inbound_bgapi_originate"))
	}()
	id := "c1b23745-bcb0-4ba4-8a0f-6a822ebfa89e"
	second := actor{peer: accept(t, port), call: id, speed: speed,
		names: strings.NewReplacer(host, "127.0.0.1:8084", id, "<call>")}
	second.play(readCapture(t, "23b_outbound_socket_of_originated_call"))
	<-done
}

// refusing is an address that nobody listens at.
func refusing(t testing.TB) string {
	l := listen(t)
	l.Close()
	return l.Addr().String()
}

// TestEveryCaptureIsPlayed guards against a capture that nobody plays.
func TestEveryCaptureIsPlayed(t *testing.T) {
	played := []string{"23_inbound_bgapi_originate", "23b_outbound_socket_of_originated_call"}
	for _, s := range scenes {
		played = append(played, s.capture)
		if s.next != "" {
			played = append(played, s.next)
		}
	}
	files, err := filepath.Glob("testdata/captures/*.txt")
	if err != nil || len(files) != len(played) {
		t.Fatalf("%d captures, %d played (%v)", len(files), len(played), err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".txt"); !slices.Contains(played, name) {
			t.Errorf("%s is not played", name)
		}
	}
}
