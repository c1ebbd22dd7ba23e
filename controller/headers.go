package controller

import "github.com/dialgraph/dialgraph/controller/esl"

// selected is what is read of events and of the channel as it was handed over:
// a fifth of what FreeSWITCH sends, and less of the events of every step. A test
// holds the list against the code.
var selected = esl.Select(
	"FreeSWITCH-Switchname", "Core-UUID", "Event-Date-Timestamp", "Answer-State",
	"Caller-Destination-Number", "Caller-Caller-ID-Number", "Caller-Privacy-Hide-Number", "Caller-Network-Addr", "Caller-Context",
	"Caller-Channel-Created-Time", "Caller-Channel-Answered-Time", "Caller-Channel-Bridged-Time", "Caller-Channel-Hangup-Time",
	"Application", "Application-UUID", "Application-Response", "DTMF-Digit", "DTMF-Source",
	"Bridge-B-Unique-ID", "Other-Leg-Unique-ID", "Hangup-Cause", "Channel-Read-Codec-Name", "Channel-Read-Codec-Rate",

	"variable_dialgraph_owner", "variable_dialgraph_trunk", "variable_dialgraph_number", "variable_dialgraph_media_timeout",
	"variable_"+talkingSince, "variable_"+talkedUntil,
	"variable_sip_call_id", "variable_sip_gateway_name", "variable_sip_network_ip", "variable_sip_from_user",
	"variable_sip_P-Asserted-Identity", "variable_sip_h_Diversion", "variable_sip_hangup_disposition",
	"variable_proto_specific_hangup_cause", "variable_hangup_cause_q850",
	"variable_last_bridge_to", "variable_bridge_hangup_cause", "variable_originate_disposition",
	"variable_read_result", "variable_playback_ms",
	"variable_rtp_audio_in_media_packet_count", "variable_rtp_audio_out_media_packet_count",
	"variable_rtp_audio_in_jitter_loss_rate", "variable_rtp_audio_in_mos",
).
	Less("DTMF", "DTMF-Digit", "DTMF-Source").
	Less("CHANNEL_ANSWER", "Event-Date-Timestamp").
	Less("CHANNEL_EXECUTE_COMPLETE", "Application", "Application-UUID", "Application-Response", "Answer-State",
		"variable_read_result", "variable_playback_ms", "variable_originate_disposition", "variable_bridge_hangup_cause")
