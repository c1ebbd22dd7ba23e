package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/dialgraph/dialgraph/store"
)

const (
	lookupRate = 1000 // per second
	postRate   = 100  // flags set one by one, per second
	source     = "crm"
)

// outages is scenario e: an import with the machine to itself; then callers'
// lookups while another import runs and flags are set one by one.
func (b *bench) outages(ctx context.Context) error {
	lookups, err := b.startPart(ctx, partLookup)
	if err != nil {
		return err
	}
	rest, err := b.startController(ctx)
	if err != nil {
		return err
	}
	for range b.cfg.Runs {
		if err := b.empty(ctx); err != nil {
			return err
		}
		perSecond, err := b.importAddresses(ctx)
		if err != nil {
			return err
		}
		b.figures.aim("e_import_per_s", perSecond).Note = fmt.Sprintf("%d addresses", b.size.addresses)
		if err := b.storm(ctx, lookups, rest); err != nil {
			return err
		}
	}
	return nil
}

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

// storm measures lookups while this process imports again and again and posts
// flags one by one to a controller.
func (b *bench) storm(ctx context.Context, lookups *child, rest *server) error {
	_, secret, err := b.store().APIKeys().Create(ctx, "bench", []string{"crm"})
	if err != nil {
		return err
	}
	busy, stop := context.WithCancel(ctx)
	worked := make(chan error, 2)
	go func() { worked <- b.importOn(busy) }()
	go func() { worked <- b.post(busy, rest.http, secret) }()
	var r lookupReport
	err = lookups.ask(lookupOrder{Redis: b.url, Seconds: b.size.window, Rate: lookupRate, Addresses: b.size.addresses}, &r)
	stop()
	err = errors.Join(err, <-worked, <-worked)
	if err != nil {
		return err
	}
	b.figures.aim("e_lookup_p99_ms", r.P99).Note = fmt.Sprintf("%.0f lookups/s, median %.2f ms, %.0f %% found a flag", r.PerSecond, r.P50, r.Found*100)
	return nil
}

// importOn imports until ctx ends.
func (b *bench) importOn(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := b.importAddresses(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// post sets flags one by one, of another source, until ctx ends.
func (b *bench) post(ctx context.Context, rest, secret string) error {
	for n := 0; pause(ctx, time.Second/postRate) == nil; n++ {
		url := "http://" + rest + "/v1/outages/" + address(n%b.size.addresses)
		err := put(ctx, url, secret, `{"source":"monitoring","message":"cable cut"}`)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// put makes one request of the REST API that answers without a body.
func put(ctx context.Context, url, secret, document string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(document))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("PUT %s: %s", url, answer.Status)
	}
	return nil
}
