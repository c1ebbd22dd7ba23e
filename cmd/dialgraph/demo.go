package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"github.com/dialgraph/dialgraph/api"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/examples"
)

// A demoCmd is `dialgraph demo`: the example line, and a telephone to call it.
type demoCmd struct {
	ESL  string `default:"127.0.0.1:8084" help:"Where the telephone hands over its calls."`
	HTTP string `default:"127.0.0.1:8080" help:"Where the API is."`
	Data string `help:"Folder for what is changed meanwhile. Default: a temporary one."`
	From string `default:"+380671234567" help:"The caller's number."`
	To   string `default:"0800" help:"The number called."`
}

const (
	demoKeys     = "3,1" // technical support; the light is on
	demoSpeed    = 20    // of the scripted call
	demoPatience = 10 * time.Second
)

// Run serves the example line. With a terminal it is the telephone until the
// caller has hung up; without one it plays one call. Then it goes on serving.
func (c *demoCmd) Run(r *run) error {
	data := c.Data
	if data == "" {
		dir, err := os.MkdirTemp("", "dialgraph-demo-")
		if err != nil {
			return fmt.Errorf("folder for the demo: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		data = dir
	}
	log := logger(r.errOut, "warn", false)
	s, err := newServer(r.ctx, &serveCmd{
		ESL: c.ESL, HTTP: c.HTTP, Data: data, Prompts: filepath.Join(data, "prompts"),
		MaxCalls: 100, Longest: time.Hour, Trust: "from", Grace: time.Second,
	}, log)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.run(ctx) })
	g.Go(func() error {
		if err := c.show(ctx, r, s); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
	return g.Wait()
}

// show sets up the example, says where everything is, and telephones.
func (c *demoCmd) show(ctx context.Context, r *run, s *server) error {
	key, err := keys{s.store.APIKeys()}.Create(ctx, "demo", []api.Scope{api.ScopeAdmin})
	if err != nil {
		return err
	}
	base := "http://" + s.web.Addr().String()
	if err := setUp(ctx, base, key.Secret); err != nil {
		return fmt.Errorf("set up the example line: %w", err)
	}
	if err := s.live.Refresh(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(r.out, "API          %s   (reference: %s/docs)\nAPI key      %s\nevent socket %s\n\n", base, base, key.Secret, s.esl.Addr())
	err = c.telephone(ctx, r, s.esl.Addr().String())
	if err == nil && ctx.Err() == nil {
		_, _ = fmt.Fprintf(r.out, "\nstill serving; call again with: dialgraph phone --controller %s --to %s --from %s\nCtrl-C ends it\n", s.esl.Addr(), c.To, c.From)
	}
	return err
}

// telephone places one call: interactive on a terminal, scripted without.
func (c *demoCmd) telephone(ctx context.Context, r *run, controller string) error {
	in, ok := r.in.(*os.File)
	interactive := ok && term.IsTerminal(int(in.Fd()))
	speed := 1.0
	if !interactive {
		speed = demoSpeed
	}
	sw, err := newSwitch(controller, speed)
	if err != nil {
		return err
	}
	defer func() { _ = sw.Close() }()
	caller := fstest.Caller{Number: c.From, To: c.To}
	if interactive {
		return converse(&run{ctx: ctx, in: r.in, out: r.out, errOut: r.errOut}, sw.Call(caller))
	}
	if caller.Script, err = keyScript(demoKeys); err != nil {
		return err
	}
	return show(ctx, sw.Call(caller), r.out, "\n")
}

// setUp sends the example's requests to the API, as a CRM would.
func setUp(ctx context.Context, base, key string) error {
	requests, err := examples.Provider()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	for _, q := range requests {
		if err := send(ctx, base, key, q); err != nil {
			return fmt.Errorf("%s %s: %w", q.Method, q.Path, err)
		}
	}
	return nil
}

func send(ctx context.Context, base, key string, q examples.Request) error {
	request, err := http.NewRequestWithContext(ctx, q.Method, base+q.Path, bytes.NewReader(q.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", q.Type)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest || bytes.Contains(answer, []byte(`"errors"`)) {
		return errors.New(string(answer))
	}
	return nil
}
