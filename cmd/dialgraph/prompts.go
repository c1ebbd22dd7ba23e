package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/controller/tts"
	"github.com/dialgraph/dialgraph/dialplan"
	"github.com/dialgraph/dialgraph/dialplan/spoken"
	"github.com/dialgraph/dialgraph/store"
)

// prompts are controller.Prompts: where FreeSWITCH finds what a menu says.
type prompts struct {
	recordings string        // folder or URL of recordings, as FreeSWITCH sees it; "" for none
	engine     *tts.Renderer // nil: FreeSWITCH's own engine speaks
	rendered   string        // folder or URL of rendered prompts, as FreeSWITCH sees it
}

// errNoRecordings is the answer to a menu with recordings on a controller
// that was not told where they are.
var errNoRecordings = errors.New("the menu plays a recording, and --recordings does not say where recordings are")

// pauseStream is what spoken.Pause sounds like.
const pauseStream = "silence_stream://300"

// File returns what FreeSWITCH is to play.
func (p *prompts) File(ctx context.Context, s dialplan.Sound) (string, error) {
	switch {
	case s.File != "":
		if p.recordings == "" {
			return "", errNoRecordings
		}
		return below(p.recordings, s.File), nil
	case s.Tone != "":
		return "tone_stream://" + s.Tone, nil
	case s.Text == spoken.Pause:
		return pauseStream, nil
	case p.engine == nil:
		return "say:" + s.Text, nil
	}
	name, err := p.engine.Render(ctx, tts.Words{Text: s.Text, Lang: s.Lang, Voice: s.Voice, Rate: s.Rate})
	if err != nil {
		return "", fmt.Errorf("prompt %q: %w", s.Name, err)
	}
	return below(p.rendered, name), nil
}

// below is a file below a folder or a URL. FreeSWITCH fetches from a URL
// through mod_http_cache, and keeps what it has fetched.
func below(base, name string) string {
	if strings.HasPrefix(base, "http://") || strings.HasPrefix(base, "https://") {
		return "http_cache://" + strings.TrimSuffix(base, "/") + "/" + name
	}
	return path.Join(base, name)
}

// renderEvery is how often active menus are looked at for prompts that have
// not been rendered.
const renderEvery = time.Second

// renderAhead renders the prompts of active menus before a caller waits for
// them, until ctx ends.
func (p *prompts) renderAhead(ctx context.Context, live *store.Live, log *slog.Logger) error {
	if p.engine == nil {
		return nil
	}
	done := make(map[string]bool) // versions
	return every(ctx, renderEvery, func(ctx context.Context) {
		for _, m := range live.Menus() {
			if done[m.Version()] {
				continue
			}
			done[m.Version()] = true
			for _, s := range m.Sounds() {
				if _, err := p.File(ctx, s); err != nil && s.Text != "" && ctx.Err() == nil {
					log.Warn("prompt not rendered", "menu", m.ID(), "prompt", s.Name, "language", s.Lang, "error", err)
				}
			}
		}
	})
}
