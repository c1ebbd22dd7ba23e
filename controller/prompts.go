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
	// lead begins every file string: one frame of silence that is always
	// there. play_and_get_digits does not collect a single digit when nothing
	// of its prompt can be opened, and flushes those that wait.
	lead = "file_string://silence_stream://20"
	// knownFor is how long a file that was there is taken to be there still.
	knownFor = time.Minute
	// maxKnown bounds the files remembered.
	maxKnown = 20_000
)

var errNoFile = errors.New("nothing there to play")

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

// playable turns sounds into what `playback` takes: as few arguments as
// possible, each of which can be opened whatever happens. A sound that cannot
// be had is logged, counted and left out.
func (l *line) playable(ctx context.Context, sounds []dialplan.Sound) []string {
	var files []string
	for _, s := range sounds {
		file, err := l.file(ctx, s)
		if err != nil {
			l.missing(s.Name, err)
			continue
		}
		files = append(files, file)
	}
	files = l.present(ctx, files)
	var args []string
	open := false // the last argument is a file string that may grow
	for _, file := range files {
		switch {
		case strings.HasPrefix(file, "say:"): // an engine's words: not a file, stands alone
			args, open = append(args, file), false
		case open:
			args[len(args)-1] += "!" + file
		default:
			args, open = append(args, lead+"!"+file), true
		}
	}
	return args
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

// heard looks whether anything was played but the silence in front.
func (l *line) heard(e *esl.Event, file string) {
	if e == nil || !strings.HasPrefix(file, lead) || e.Var("playback_ms") != "20" || l.typed.Len() > 0 {
		return
	}
	l.missing(strings.TrimPrefix(file, lead+"!"), errNoFile)
}

// missing counts a prompt that cannot be heard.
func (l *line) missing(name string, err error) {
	l.notes.missing++
	l.stats.missingPrompts.Add(1)
	l.log.Warn("prompt missing", "prompt", name, "error", err)
}
