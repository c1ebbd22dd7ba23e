package bench

// What our controller sends in the call of scenario a, for those who send the
// same without it.
const (
	someUUID   = "00000000-0000-4000-8000-000000000000"
	eventNames = "CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE DTMF"

	callVariables = "dialgraph_seen=" + someUUID + ";dialgraph_owner=" + someUUID + ";dialgraph_transfer=;socket_resume=true;" +
		"playback_delimiter=!;playback_sleep_val=0;tts_engine=flite;tts_voice=slt"

	greetingFile = "/sounds/greeting.wav!silence_stream://20"
	thanksFile   = "/sounds/thanks.wav!silence_stream://20"

	choiceArgument = "1 1 1 5000 F '/sounds/choose.wav!silence_stream://20' '' dialgraph_digits '' 3000"
	numberArgument = "6 6 1 5000 #F '/sounds/number.wav!silence_stream://20' '' dialgraph_digits '' 3000"
)
