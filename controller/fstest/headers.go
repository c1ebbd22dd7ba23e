package fstest

import "strings"

// What follows are headers that a real FreeSWITCH sends with every event and
// no controller decides by. They make frames as long as real ones.

const codecHeaders = "Channel-Read-Codec-Name: PCMU\nChannel-Read-Codec-Rate: 8000\n" +
	"Channel-Read-Codec-Bit-Rate: 64000\nChannel-Write-Codec-Name: PCMU\n" +
	"Channel-Write-Codec-Rate: 8000\nChannel-Write-Codec-Bit-Rate: 64000\n"

// idleTimes are the moments of a caller profile that a plain call leaves at zero.
var idleTimes = []string{
	"Channel-Progress-Time", "Channel-Progress-Media-Time", "Channel-Transfer-Time",
	"Channel-Resurrect-Time", "Channel-Bridged-Time", "Channel-Last-Hold", "Channel-Hold-Accum",
}

// mediaVariables are set once media flows.
var mediaVariables = []string{
	"read_codec", "PCMU", "read_rate", "8000", "write_codec", "PCMU", "write_rate", "8000",
}

const offer = "v=0\r\no=- 265709764 1 IN IP4 $net\r\ns=-\r\nc=IN IP4 $net\r\nt=0 0\r\nm=audio 34000 RTP/AVP 0 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"

// sipVariables are the variables of a call that came in by SIP. $from, $name,
// $to, $net and $uuid stand for what belongs to the call.
var sipVariables = strings.Split(`direction=inbound
uuid=$uuid
session_id=1
sip_from_user=$from
sip_from_port=5070
sip_from_uri=$from@$net:5070
sip_from_host=$net
channel_name=sofia/internal/$from@$net:5070
sip_call_id=$uuid@$net
sip_local_network_addr=127.0.0.1
sip_network_ip=$net
sip_network_port=5070
sip_received_ip=$net
sip_received_port=5070
sip_via_protocol=udp
sip_from_user_stripped=$from
sofia_profile_name=internal
sip_from_display=$name
sip_req_user=$to
sip_req_uri=$to@127.0.0.1:5062
sip_to_user=$to
sip_to_uri=$to@127.0.0.1:5062
sip_contact_user=$from
sip_contact_uri=$from@$net:5070
call_uuid=$uuid
endpoint_disposition=DELAYED NEGOTIATION`, "\n")

var bulkVariables = strings.Split(`video_media_flow=disabled
audio_media_flow=disabled
text_media_flow=disabled
sip_invite_stamp=1795293557488591
sip_from_tag=43e1cf46
sofia_profile_url=sip:mod_sofia@127.0.0.1:5062
recovery_profile_name=internal
sip_full_via=SIP/2.0/UDP $net:5070;branch=z9hG4bKb4b523f4d104;rport=5070
sip_full_from="$name" <sip:$from@$net:5070>;tag=43e1cf46
sip_full_to=<sip:$to@127.0.0.1:5062>
sip_allow=INVITE, ACK, CANCEL, BYE, OPTIONS
sip_req_port=5062
sip_req_host=127.0.0.1
sip_to_port=5062
sip_to_host=127.0.0.1
sip_contact_port=5070
sip_contact_host=$net
rtp_use_codec_string=PCMU,PCMA
sip_user_agent=Softphone/1.0
sip_via_host=$net
sip_via_port=5070
sip_via_rport=5070
max_forwards=70
ep_codec_string=CORE_PCM_MODULE.PCMU@8000h@20i@64000b
DP_MATCH=ARRAY::$to|:$to`, "\n")

// bulkMedia is set, beside mediaVariables, once media flows.
var bulkMedia = strings.Split(`rtp_use_codec_name=PCMU
rtp_use_codec_rate=8000
rtp_use_codec_ptime=20
rtp_use_codec_channels=1
rtp_last_audio_codec_string=PCMU@8000h@20i@1c
original_read_codec=PCMU
original_read_rate=8000
dtmf_type=rfc2833
local_media_ip=127.0.0.1
local_media_port=21036
advertised_media_ip=127.0.0.1
rtp_use_timer_name=soft
rtp_use_pt=0
rtp_use_ssrc=1406935721
rtp_2833_send_payload=101
rtp_2833_recv_payload=101
remote_media_ip=$net
remote_media_port=34000
rtp_audio_recv_pt=0
switch_m_sdp=`+strings.ReplaceAll(offer, "\r\n", "\u0001"), "\n")

// callVariables are the variables a call begins with.
func (c *Call) callVariables() []string {
	lists := [][]string{sipVariables}
	if !c.sw.config.Bare {
		lists = append(lists, bulkVariables)
	}
	fill := c.filler()
	var pairs []string
	for _, list := range lists {
		for _, line := range list {
			name, value, _ := strings.Cut(line, "=")
			pairs = append(pairs, name, fill.Replace(value))
		}
	}
	if !c.sw.config.Bare {
		pairs = append(pairs, "switch_r_sdp", fill.Replace(offer))
	}
	for name, value := range c.caller.Variables {
		pairs = append(pairs, name, value)
	}
	return pairs
}

// earlyVariables are set when media begins.
func (c *Call) earlyVariables() []string {
	pairs := append([]string(nil), mediaVariables...)
	if c.sw.config.Bare {
		return pairs
	}
	fill := c.filler()
	for _, line := range bulkMedia {
		name, value, _ := strings.Cut(line, "=")
		pairs = append(pairs, name, strings.ReplaceAll(fill.Replace(value), "\u0001", "\r\n"))
	}
	return pairs
}

func (c *Call) filler() *strings.Replacer {
	return strings.NewReplacer("$from", c.callerNum, "$name", c.callerNam, "$to", c.caller.To,
		"$net", c.network, "$uuid", c.uuid)
}
