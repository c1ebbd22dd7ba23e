package dialplan

import (
	"context"
	"errors"
	"time"
)

// ErrHangup is returned by a verb once the caller has gone. It is the normal
// end of a walk, not a fault.
var ErrHangup = errors.New("caller hung up")

// ErrTaken is returned by a verb once somebody else has taken the call out of
// our hands: another controller, or a transfer by the agent's telephone. The
// walk ends without a word and without a trace in the call.
var ErrTaken = errors.New("call taken over")

// A Line is one caller as the interpreter commands it: a channel in a real
// FreeSWITCH, or a call in text. Verbs block until they are done, return
// ErrHangup or ErrTaken when the call is no longer ours, and never outlive ctx.
type Line interface {
	Voice
	Talk
	Leaver
}

// Voice is what a caller hears and keys in.
type Voice interface {
	// Answer answers the call; answering twice does nothing.
	Answer(ctx context.Context) error
	// Play plays the sounds in order. A sound that is missing is logged,
	// counted and skipped.
	Play(ctx context.Context, p Playback) error
	// Collect plays a prompt and gathers digits, type-ahead first.
	Collect(ctx context.Context, c Collect) (Collected, error)
	// Typed is the type-ahead: digits pressed that no prompt has taken yet.
	// The interpreter saves it with the cursor.
	Typed() *TypeAhead
}

// Talk brings the caller together with somebody.
type Talk interface {
	// Hold plays music until the wait is over or one of h.Keys was pressed. It
	// returns the key pressed, "" when the wait was over first, and its error;
	// context.DeadlineExceeded when it took longer than h.AtMost.
	Hold(ctx context.Context, h Hold, wait Wait) (key string, err error)
	// Bridge rings the legs and, when one answers, lets the two talk until
	// either hangs up. Nobody answering is an Outcome, not an error. ErrHangup
	// is returned with the Bridged that was known when the caller left.
	Bridge(ctx context.Context, b Bridge) (Bridged, error)
	// Bridged tells, on a call that was resumed, what became of the bridge
	// with that id: ok is false when it never got as far as an answer.
	Bridged(ctx context.Context, id string) (b Bridged, ok bool, err error)
}

// Leaver ends the control of a call on purpose.
type Leaver interface {
	// Exit leaves the IVR: the number's own fallback, or the destination
	// named, takes the call.
	Exit(ctx context.Context, destination string) error
	// Hangup ends the call with a Q.850 cause as FreeSWITCH spells it, such
	// as NORMAL_CLEARING.
	Hangup(ctx context.Context, cause string) error
}

// A Sound is one thing to be heard: a recording, or words to be rendered.
// Exactly one of File, Text and Tone is set.
type Sound struct {
	Name  string `json:"name,omitempty"`  // its name in the document; "" for parts of a spoken value
	File  string `json:"file,omitempty"`  // path below the prompts folder, checked at load
	Text  string `json:"text,omitempty"`  // words to be rendered
	Tone  string `json:"tone,omitempty"`  // TGML of mod_tone_stream, checked at load
	Lang  string `json:"lang,omitempty"`  // language of Text, BCP 47 ("uk", "en")
	Voice string `json:"voice,omitempty"` // voice of the engine; "" is the language's own
	Rate  int    `json:"rate,omitempty"`  // words per minute, 80 to 450; 0 is the engine's own
}

// A Playback is sounds played in a row.
type Playback struct {
	Sounds []Sound
	// BargeIn lets a digit end the playback; the digit stays in the
	// type-ahead. With type-ahead waiting the playback is skipped. Without
	// it, digits pressed meanwhile are kept and not obeyed.
	BargeIn bool
}

// Collect says what digits are wanted.
type Collect struct {
	Prompt      []Sound
	Min, Max    int           // digits wanted, 0 <= Min <= Max, 1 <= Max <= 128
	First       time.Duration // from the end of the prompt to the first digit
	InterDigit  time.Duration // between digits once Min are there
	Terminators string        // keys that end the entry and are not part of it
	// BargeIn lets the first digit end the prompt. Without it the prompt
	// plays to its end, and digits pressed meanwhile count.
	BargeIn bool
}

// Collected is how a Collect ended.
type Collected struct {
	Digits     string // without the terminator
	Terminator string // the key that ended it, "" for a full entry or a timeout
}

// Hold says what a waiting caller hears, and for how long.
type Hold struct {
	Music  Sound
	Keys   string        // keys that end the hold; others stay in the type-ahead
	AtMost time.Duration // 0 for as long as it takes
	// Over is called with the wait's error once that is over, before the music
	// ends: what is to be done then need not wait for the music. It may be nil,
	// and must not block.
	Over func(error)
}

// A Bridge is one attempt to reach somebody for the caller.
type Bridge struct {
	ID   string // identifies the attempt across a resume; becomes the agent leg's UUID where one leg is rung
	Legs []Leg
	// Together rings all legs at once, the first to answer wins. Otherwise
	// they are rung in order, each for its own time.
	Together bool
	Ringback Sound   // what the caller hears until the answer
	Whisper  []Sound // what the answering side hears before it is connected
	// AcceptKey has to be pressed by who answers, "" for none. An answering
	// machine does not press it.
	AcceptKey string
	// CancelKey, pressed by the caller, ends the ringing; "" for none.
	CancelKey string
	// Presented is the number shown to who is called, E.164; "" for the caller's own.
	Presented string
	// Answered is called once, when the two are connected, before they have
	// talked; it must not block for long. It may be nil.
	Answered func(Bridged)
	// Ended is called once, when the two have parted, before it is known what
	// becomes of the call: who answered is free. It must not block for long. It
	// may be nil.
	Ended func(Bridged)
}

// A Leg is one telephone to ring.
type Leg struct {
	Target  Target
	Timeout time.Duration // how long it rings, 1 s to 5 min
}

// A Target is who is to be reached, before the site's dial-string templates
// have made it dialable. Exactly one field is set.
type Target struct {
	Contact   string `json:"contact,omitempty"`   // an agent's contact, as the CRM gave it
	Extension string `json:"extension,omitempty"` // an internal number, digits only
	Number    string `json:"number,omitempty"`    // an outside number, E.164, allowed by the site's list
}

// Bridged is what is known of a bridge.
type Bridged struct {
	Outcome  Outcome
	Leg      string    // UUID of the answering leg
	Index    int       // which of the legs answered
	Cause    string    // originate_disposition or hangup cause, as FreeSWITCH spells it
	Answered time.Time // zero when nobody answered
	Ended    time.Time
	ByCaller bool // the caller ended it
}

// An Outcome is how an attempt to reach somebody ended.
type Outcome string

// The outcomes of an attempt.
const (
	Answered      Outcome = "answered"
	Busy          Outcome = "busy"           // USER_BUSY
	Rejected      Outcome = "rejected"       // CALL_REJECTED
	NoAnswer      Outcome = "no-answer"      // NO_ANSWER, or the accept key was not pressed
	NotRegistered Outcome = "not-registered" // USER_NOT_REGISTERED, SUBSCRIBER_ABSENT
	Unreachable   Outcome = "unreachable"    // any other failure: no route, dead host, unallocated
	Cancelled     Outcome = "cancelled"      // the caller's key ended the ringing
	Refused       Outcome = "refused"        // the site's list does not allow the number; nothing was dialled
	Gone          Outcome = "gone"           // the caller hung up while it rang
	Lost          Outcome = "lost"           // the controller was lost while it rang; nobody is to blame
)
