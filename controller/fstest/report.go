package fstest

import (
	"strconv"
	"strings"
	"time"
)

// q850 are the numbers of the hangup causes that the fake gives
// (switch_types.h); another one is 16, normal clearing.
var q850 = map[string]int{
	"UNALLOCATED_NUMBER": 1, "NORMAL_CLEARING": 16, "USER_BUSY": 17, "NO_USER_RESPONSE": 18, "NO_ANSWER": 19,
	"SUBSCRIBER_ABSENT": 20, "CALL_REJECTED": 21, "DESTINATION_OUT_OF_ORDER": 27, "NORMAL_TEMPORARY_FAILURE": 41,
	"CHAN_NOT_IMPLEMENTED": 66, "USER_NOT_REGISTERED": 20, "ORIGINATOR_CANCEL": 16, "LOSE_RACE": 16,
}

// reportVariables are what FreeSWITCH knows of a channel that is over: its
// moments, its durations, and how the media went. c.mu is held.
func (c *channel) reportVariables() []string {
	end := c.sw.clock.now()
	code, ok := q850[c.cause]
	if !ok {
		code = 16
	}
	app, _ := c.vars.lookup("current_application")
	arg, _ := c.vars.lookup("current_application_data")
	pairs := []string{"hangup_cause_q850", strconv.Itoa(code), "digits_dialed", "none", "last_app", app, "last_arg", arg,
		"caller_id", `"` + c.callerNam + `" <` + c.callerNum + ">"}
	for _, m := range []struct {
		name string
		at   time.Duration
	}{{"start", c.created}, {"profile_start", c.created}, {"answer", c.answered}, {"bridge", c.bridged}, {"end", end}} {
		pairs = append(pairs, c.sw.moment(m.name, m.at)...)
	}
	pairs = append(pairs, spans(end-c.created, "duration", "mduration", "uduration")...)
	pairs = append(pairs, spans(since(c.answered, end), "billsec", "billmsec", "billusec")...)
	pairs = append(pairs, spans(since(c.created, c.answered), "answersec", "answermsec", "answerusec")...)
	pairs = append(pairs, spans(since(c.created, c.bridged), "waitsec", "waitmsec", "waitusec")...)
	if c.sw.config.Bare {
		return pairs
	}
	pairs = append(pairs, spans(since(c.answered, end), "flow_billsec", "flow_billmsec", "flow_billusec")...)
	pairs = append(pairs, zeros...)
	if c.answered > 0 {
		pairs = append(pairs, media(end-c.answered)...)
	}
	return pairs
}

// since is how long it is from one moment to another, 0 when either has not come.
func since(from, to time.Duration) time.Duration {
	if from == 0 || to == 0 {
		return 0
	}
	return to - from
}

// moment is a point in time in the three ways FreeSWITCH writes one.
func (s *Switch) moment(name string, at time.Duration) []string {
	if at == 0 {
		return []string{name + "_epoch", "0", name + "_uepoch", "0"}
	}
	date := s.clock.date(at)
	return []string{name + "_stamp", date.Format(time.DateTime), name + "_epoch", strconv.FormatInt(date.Unix(), 10),
		name + "_uepoch", strconv.FormatInt(date.UnixMicro(), 10)}
}

// spans is a duration in seconds, milliseconds and microseconds.
func spans(d time.Duration, sec, msec, usec string) []string {
	return []string{sec, strconv.Itoa(int(d.Seconds())), msec, strconv.FormatInt(d.Milliseconds(), 10),
		usec, strconv.FormatInt(d.Microseconds(), 10)}
}

// zeros are the figures that a plain call leaves at nothing.
var zeros = func() (pairs []string) {
	for _, name := range strings.Fields(`last_hold_epoch last_hold_uepoch hold_accum_seconds hold_accum_usec hold_accum_ms
		resurrect_epoch resurrect_uepoch progress_epoch progress_uepoch progresssec progressmsec progressusec`) {
		pairs = append(pairs, name, "0")
	}
	return pairs
}()

// media are the figures of flawless PCMU in both directions, a packet every
// 20 ms.
func media(length time.Duration) []string {
	packets := int(length / (20 * time.Millisecond))
	var pairs []string
	for _, way := range []string{"in", "out"} {
		prefix := "rtp_audio_" + way + "_"
		pairs = append(pairs, prefix+"raw_bytes", strconv.Itoa(172*packets), prefix+"media_bytes", strconv.Itoa(172*packets),
			prefix+"packet_count", strconv.Itoa(packets), prefix+"media_packet_count", strconv.Itoa(packets),
			prefix+"skip_packet_count", "0", prefix+"dtmf_packet_count", "0", prefix+"cng_packet_count", "0")
	}
	return append(pairs, "rtp_audio_in_jitter_packet_count", "0", "rtp_audio_in_flush_packet_count", "0",
		"rtp_audio_in_largest_jb_size", "0", "rtp_audio_in_jitter_min_variance", "0.01",
		"rtp_audio_in_jitter_max_variance", "0.01", "rtp_audio_in_jitter_loss_rate", "0.00",
		"rtp_audio_in_jitter_burst_rate", "0.00", "rtp_audio_in_mean_interval", "20.00", "rtp_audio_in_flaw_total", "0",
		"rtp_audio_in_quality_percentage", "100.00", "rtp_audio_in_mos", "4.50",
		"rtp_audio_rtcp_packet_count", "0", "rtp_audio_rtcp_octet_count", "0")
}
