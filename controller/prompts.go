package controller

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/dialgraph/dialgraph/controller/esl"
	"github.com/dialgraph/dialgraph/dialplan"
)

const (
	// between separates the sounds of one argument, and is the channel's
	// playback_delimiter (switch_ivr_play_say.c, switch_ivr_play_file): unlike
	// file_string:// it adds no quarter of a second before the first.
	between = "!"
	// tail ends every prompt: one frame of silence that is always there.
	// play_and_get_digits does not collect a single digit when the last of its
	// sounds cannot be opened.
	tail = "silence_stream://20"
	// maxSounds is how many sounds one argument may have, the tail included.
	maxSounds = 128
	// knownFor is how long a file that was there is taken to be there still.
	knownFor = time.Minute
	// maxKnown bounds the files remembered.
	maxKnown = 20_000
)

var (
	errNoFile  = errors.New("nothing there to play")
	errTooMany = errors.New("too many sounds in a row")
)

// presence remembers which prompt files stand on which FreeSWITCH node.
type presence struct {
	mu    sync.Mutex
	files map[string]time.Time // node and path, when it was seen
}

// fresh tells whether the file was there a moment ago.
func (p *presence) fresh(node, path string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen, ok := p.files[node+path]
	return ok && now.Sub(seen) < knownFor
}

func (p *presence) saw(node, path string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil || len(p.files) >= maxKnown {
		p.files = make(map[string]time.Time)
	}
	p.files[node+path] = now
}

// playable turns sounds into one argument of `playback`, "" for nothing to
// play. A sound that cannot be had is logged, counted and left out.
func (l *line) playable(ctx context.Context, sounds []dialplan.Sound) string {
	var files []string
	for _, s := range sounds {
		file, err := l.file(ctx, s)
		if err == nil && len(files) == maxSounds-1 {
			err = errTooMany
		}
		if err != nil {
			l.missing(s.Name, err)
			continue
		}
		files = append(files, file)
	}
	if files = l.present(ctx, files); len(files) == 0 {
		return ""
	}
	return strings.Join(append(files, tail), between)
}

// file is one sound as FreeSWITCH can play it.
func (l *line) file(ctx context.Context, s dialplan.Sound) (string, error) {
	if s.Tone != "" {
		return argument("tone", "tone_stream://"+s.Tone, fileSigns)
	}
	file, err := l.cfg.Prompts.File(ctx, s)
	if err != nil {
		return "", err
	}
	if text, ok := strings.CutPrefix(file, "say:"); ok {
		return argument("text", "say:"+words(text), fileSigns)
	}
	return argument("file name", file, fileSigns)
}

// present leaves out the files that do not stand on the node, asked in one
// round trip, and only for those not heard of lately.
func (l *line) present(ctx context.Context, files []string) []string {
	node, now := l.sess.Channel().Get("FreeSWITCH-Switchname"), l.cfg.Clock()
	var asked []string
	var questions []esl.Command
	for _, file := range files {
		if strings.HasPrefix(file, "/") && !l.files.fresh(node, file, now) {
			asked = append(asked, file)
			questions = append(questions, esl.Command{Line: "api file_exists " + file})
		}
	}
	if len(asked) == 0 {
		return files
	}
	replies, _ := l.send(ctx, questions...) // whoever plays next sees the error
	gone := make(map[string]bool)
	for i, reply := range replies {
		if reply.ReplyText() == "false" {
			gone[asked[i]] = true
			l.missing(asked[i], errNoFile)
			continue
		}
		l.files.saw(node, asked[i], now)
	}
	kept := files[:0]
	for _, file := range files {
		if !gone[file] {
			kept = append(kept, file)
		}
	}
	return kept
}

// missing counts a prompt that cannot be heard.
func (l *line) missing(name string, err error) {
	l.notes.add(func(n *notes) { n.missing++ })
	l.stats.missingPrompts.Add(1)
	l.log.Warn("prompt missing", "prompt", name, "error", err)
}
