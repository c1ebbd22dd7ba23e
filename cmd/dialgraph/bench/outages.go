package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/store"
)

const (
	postRate = 100 // flags set one by one, per second
	source   = "crm"
)

// outages is scenario e: an import with the machine to itself; then a storm of
// calls, first with nothing beside it, then while their controller takes another
// import and flags that are set one by one.
func (b *bench) outages(ctx context.Context) error {
	pings, err := b.startInstance(ctx, "pings")
	if err != nil {
		return err
	}
	for range b.cfg.Runs {
		if err := b.empty(ctx); err != nil {
			return err
		}
		if err := b.calm(ctx); err != nil {
			return err
		}
		perSecond, err := b.importAddresses(ctx)
		if err != nil {
			return err
		}
		b.figures.aim("e_import_per_s", perSecond).Note = fmt.Sprintf("%d addresses", b.size.addresses)
		if err := b.storm(ctx, pings); err != nil {
			return err
		}
	}
	return nil
}

// calm waits until nobody asks Redis for much: a controller goes on for a while
// with what it has already received of an import that was broken off.
func (b *bench) calm(ctx context.Context) error {
	var last int64
	var looked time.Time
	return eventually(ctx, "redis is calm", func() error {
		if time.Since(looked) < 500*time.Millisecond {
			return errBusy
		}
		info, err := b.rdb.InfoMap(ctx, "stats").Result()
		if err != nil {
			return err
		}
		count, err := strconv.ParseInt(info["Stats"]["total_commands_processed"], 10, 64)
		if err != nil {
			return err
		}
		others := count - last
		last, looked = count, time.Now()
		if others > 50 {
			return errBusy
		}
		return nil
	})
}

var errBusy = errors.New("redis is busy")

// importAddresses replaces all flags of the source, and returns how many it
// wrote in a second.
func (b *bench) importAddresses(ctx context.Context) (perSecond float64, err error) {
	o := b.store().Outages()
	start := time.Now()
	i, err := o.Import(ctx, store.DefaultSite, source)
	if err != nil {
		return 0, err
	}
	until := start.Add(4 * time.Hour)
	for n := range b.size.addresses {
		if err := i.Add(ctx, store.Outage{Address: address(n), Message: "planned work", Until: until}); err != nil {
			return 0, err
		}
	}
	if err := i.Commit(ctx); err != nil {
		return 0, err
	}
	return float64(b.size.addresses) / time.Since(start).Seconds(), nil
}

// address is one of the flats of a town: 40 in a house, 50 houses in a street.
func address(n int) string { return fmt.Sprintf("kyiv/street-%d/%d/%d", n/2000, n/40%50, n%40) }

// storm measures the lookups of calls, and then, as calls go on, how long a PING
// takes: no lookup can take less.
func (b *bench) storm(ctx context.Context, pings *child) error {
	s, err := b.startStorm(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	if _, _, err := s.calls(ctx, b.size.window/4); err != nil { // warm
		return err
	}
	alone, _, err := s.calls(ctx, b.size.window)
	if err != nil {
		return err
	}
	b.figures.add("e_lookup_alone_p99_ms", "(e) lookup of calls with nothing beside them, p99", "ms", quantile(alone, 0.99)).Note =
		fmt.Sprintf("median %.2f ms", quantile(alone, 0.5))
	return b.beside(ctx, s.ours, func() error {
		during, got, err := s.calls(ctx, b.size.window)
		if err != nil {
			return err
		}
		ping, err := b.pinged(pings, func() error { // and once more
			_, _, err := s.calls(ctx, b.size.window)
			return err
		})
		if err != nil {
			return err
		}
		b.figures.aim("e_lookup_p99_ms", quantile(during, 0.99)).Note = fmt.Sprintf("%.0f calls/s, median %.2f ms, %d late",
			float64(got.Calls)/got.Seconds, quantile(during, 0.5), got.Late)
		b.figures.add("e_ping_p99_ms", "(e) yardstick: PING during the storm, p99", "ms", ping)
		return nil
	})
}

// beside does something while a controller takes imports and flags.
func (b *bench) beside(ctx context.Context, rest *server, do func() error) error {
	_, secret, err := b.store().APIKeys().Create(ctx, "bench", []string{"crm"})
	if err != nil {
		return err
	}
	busy, stop := context.WithCancel(ctx)
	worked := make(chan error, 2)
	go func() { worked <- b.importOn(busy, rest.http, secret) }()
	go func() { worked <- b.post(busy, rest.http, secret) }()
	err = do()
	stop()
	return errors.Join(err, <-worked, <-worked)
}

// importOn imports over REST until ctx ends.
func (b *bench) importOn(ctx context.Context, rest, secret string) error {
	url := "http://" + rest + "/v1/outages:import?source=" + source
	for ctx.Err() == nil {
		lines, into := io.Pipe()
		go func() { into.CloseWithError(b.lines(into)) }() // ends with the request, which closes the pipe
		err := send(ctx, http.MethodPost, url, secret, "application/x-ndjson", lines, http.StatusOK)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// lines writes what is imported.
func (b *bench) lines(to io.Writer) error {
	w := bufio.NewWriterSize(to, 64<<10)
	until := time.Now().Add(4 * time.Hour).Format(time.RFC3339)
	for n := range b.size.addresses {
		if _, err := fmt.Fprintf(w, `{"address":%q,"message":"planned work","until":%q}`+"\n", address(n), until); err != nil {
			return err
		}
	}
	return w.Flush()
}

// post sets flags one by one, of another source, until ctx ends.
func (b *bench) post(ctx context.Context, rest, secret string) error {
	for n := 0; pause(ctx, time.Second/postRate) == nil; n++ {
		url := "http://" + rest + "/v1/outages/" + address(n%b.size.addresses)
		err := send(ctx, http.MethodPut, url, secret, "application/json", strings.NewReader(`{"source":"monitoring","message":"cable cut"}`), http.StatusNoContent)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// send makes one request of the REST API.
func send(ctx context.Context, method, url, secret, kind string, body io.Reader, want int) error {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != want {
		return fmt.Errorf("%s %s: %s: %.200s", method, url, answer.Status, said)
	}
	return nil
}
