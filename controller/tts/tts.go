// Package tts turns written prompts into sound files with espeak-ng, each
// sentence once.
package tts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// MaxText is the longest text that is rendered, in characters: about three
// minutes of speech.
const MaxText = 2000

// ErrNoEngine says that espeak-ng is not installed. FreeSWITCH's own engine
// can speak instead.
var ErrNoEngine = errors.New("espeak-ng is not installed")

// ErrWords says that a text, voice or rate cannot be rendered.
var ErrWords = errors.New("cannot be spoken")

// ErrUnknown says that no file of that name was rendered here.
var ErrUnknown = errors.New("no such rendered file")

// Config says where and how prompts are rendered.
type Config struct {
	Dir      string        // where the files are kept, created when missing
	Command  string        // the engine; default "espeak-ng" from the PATH
	Rate     int           // words per minute, 80 to 450; default 150
	Parallel int           // engines running at once; default 2
	Timeout  time.Duration // for one text; default 10 s
	MaxBytes int64         // size of the folder; the oldest files go first; default 1 GiB
	Logger   *slog.Logger  // default slog.Default()
}

// Words is a text to be heard.
type Words struct {
	Text  string
	Lang  string // BCP 47, as espeak-ng names its voices: uk, en, en-us
	Voice string // a voice of the engine; "" is the language's own
	Rate  int    // words per minute; 0 is Config.Rate
}

// ErrClosed says that nothing is rendered any more.
var ErrClosed = errors.New("renderer is closed")

// A Renderer renders texts and keeps the files. It is safe for concurrent use.
// Close it.
type Renderer struct {
	cfg     Config
	command string
	running *semaphore.Weighted
	flight  singleflight.Group
	pruner  *pruner

	mu       sync.Mutex
	closed   bool
	underWay sync.WaitGroup // renderings, some of which nobody waits for any more
}

// New returns a Renderer, or ErrNoEngine when the engine cannot be found.
func New(cfg Config) (*Renderer, error) {
	if cfg.Command == "" {
		cfg.Command = "espeak-ng"
	}
	if cfg.Rate == 0 {
		cfg.Rate = 150
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 2
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 1 << 30
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	command, err := exec.LookPath(cfg.Command)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("create prompts folder: %w", err)
	}
	return &Renderer{
		cfg:     cfg,
		command: command,
		running: semaphore.NewWeighted(int64(cfg.Parallel)),
		pruner:  &pruner{dir: cfg.Dir, max: cfg.MaxBytes},
	}, nil
}

// Render returns the file's name, NAME.wav below the folder, and renders it
// first unless it is there. NAME.txt has the words. Callers who want the same
// words wait for one engine. ErrWords says what is wrong with the words.
func (r *Renderer) Render(ctx context.Context, w Words) (name string, err error) {
	w, err = r.normal(w)
	if err != nil {
		return "", err
	}
	name = w.name()
	path := filepath.Join(r.cfg.Dir, name)
	if _, err := os.Stat(path); err == nil {
		return name, nil
	}
	if r.isClosed() {
		return "", ErrClosed // not the end of a rendering that was under way
	}
	// The rendering outlives a caller who hangs up: somebody else may wait
	// for the same words.
	done := r.flight.DoChan(name, func() (any, error) {
		if !r.begin() {
			return nil, ErrClosed
		}
		defer r.underWay.Done()
		return nil, r.render(context.WithoutCancel(ctx), w, path)
	})
	select {
	case res := <-done:
		return name, res.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// begin counts a rendering that is under way; false when there shall be none.
func (r *Renderer) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.underWay.Add(1)
	}
	return !r.closed
}

func (r *Renderer) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close waits for the renderings under way, Config.Timeout at most, and lets
// no more begin.
func (r *Renderer) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.underWay.Wait()
}

// Path is where a rendered file stands. ErrUnknown for anything that Render
// has not returned, so that a name from outside never reaches the file system.
func (r *Renderer) Path(name string) (string, error) {
	if !fileName.MatchString(name) {
		return "", ErrUnknown
	}
	path := filepath.Join(r.cfg.Dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", ErrUnknown
	}
	return path, nil
}

var (
	fileName  = regexp.MustCompile(`^[0-9a-f]{32}\.wav$`)
	voiceName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9+_-]{0,39}$`)
)

// normal checks the words and gives equal ones equal form.
func (r *Renderer) normal(w Words) (Words, error) {
	w.Text = strings.Join(strings.FieldsFunc(w.Text, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	}), " ")
	if w.Voice == "" {
		w.Voice = w.Lang
	}
	if w.Rate == 0 {
		w.Rate = r.cfg.Rate
	}
	switch {
	case w.Text == "":
		return w, fmt.Errorf("%w: the text is empty", ErrWords)
	case !utf8.ValidString(w.Text):
		return w, fmt.Errorf("%w: the text is not UTF-8", ErrWords)
	case utf8.RuneCountInString(w.Text) > MaxText:
		return w, fmt.Errorf("%w: the text is longer than %d characters", ErrWords, MaxText)
	case !voiceName.MatchString(w.Voice):
		return w, fmt.Errorf("%w: voice %q is not a name of letters, digits, + _ -", ErrWords, w.Voice)
	case w.Rate < 80 || w.Rate > 450:
		return w, fmt.Errorf("%w: rate %d is not between 80 and 450 words per minute", ErrWords, w.Rate)
	}
	return w, nil
}

// name is the hash of all that decides how the words sound.
func (w Words) name() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"espeak-ng", w.Voice, strconv.Itoa(w.Rate), w.Text}, "\x00")))
	return hex.EncodeToString(sum[:16]) + ".wav"
}

// render runs the engine. The text goes through its standard input: nothing a
// caller or a CRM said becomes an argument.
func (r *Renderer) render(ctx context.Context, w Words, path string) error {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	if err := r.running.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("render prompt: engines are busy: %w", err)
	}
	defer r.running.Release(1)

	tmp, err := os.CreateTemp(r.cfg.Dir, ".render-*")
	if err != nil {
		return fmt.Errorf("render prompt: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("render prompt: %w", err)
	}
	sound, err := r.speak(ctx, w, tmp.Name())
	if err != nil {
		return fmt.Errorf("render prompt with voice %q: %w", w.Voice, err)
	}
	if err := os.WriteFile(tmp.Name(), sound, 0o600); err != nil {
		return fmt.Errorf("render prompt: %w", err)
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil { // FreeSWITCH may run as another user
		return fmt.Errorf("render prompt: %w", err)
	}
	// The words stand beside the sound, for people.
	if err := os.WriteFile(strings.TrimSuffix(path, ".wav")+".txt", []byte(w.Text), 0o644); err != nil {
		return fmt.Errorf("render prompt: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("render prompt: %w", err)
	}
	// The prompt is there; a folder that cannot be tidied must not silence it.
	if err := r.pruner.added(); err != nil {
		r.cfg.Logger.Error("prompts folder not tidied", "error", err)
	}
	return nil
}

// speak has the engine write the words to a file and returns its sound.
func (r *Renderer) speak(ctx context.Context, w Words, file string) ([]byte, error) {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, r.command, "-v", w.Voice, "-s", strconv.Itoa(w.Rate), "-b", "1", "--stdin", "-w", file)
	cmd.Stdin = strings.NewReader(w.Text)
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	sound, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sound, err = trim(sound)
	if err == nil && len(sound) == wavHeader {
		err = errors.New("no sound in it") // an engine that lacks the voice may end well
	}
	if err != nil {
		return nil, fmt.Errorf("the engine's file: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return sound, nil
}
