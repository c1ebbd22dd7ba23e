package main

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store"
)

// A keyCmd is `dialgraph key`: it makes a key for the API, the first one above
// all, since the API makes keys only for who has one.
type keyCmd struct {
	Name  string   `arg:"" help:"What the key is for, for people."`
	Scope []string `default:"admin" enum:"read,crm,agent,admin" help:"What it may be used for: ${enum}."`
	Redis string   `help:"As for serve." xor:"redis"`
	Data  string   `help:"As for serve, which must not be running." xor:"redis"`
}

// Run prints the key. It is told once.
func (c *keyCmd) Run(r *run) (err error) {
	rdb, shut, err := c.open(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	_, secret, err := store.New(rdb, store.Options{}).APIKeys().Create(r.ctx, c.Name, c.Scope)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(r.out, secret)
	return err
}

// open opens the store; shut it afterwards.
func (c *keyCmd) open(r *run) (rdb redis.UniversalClient, shut func() error, err error) {
	log := logger(r.errOut, "error", false)
	redis.SetLogger(redisLog{log})
	switch {
	case c.Redis != "":
		if rdb, err = store.Open(c.Redis); err != nil {
			return nil, nil, err
		}
		return rdb, rdb.Close, nil
	case c.Data != "":
		e, err := store.OpenEmbedded(store.EmbeddedOptions{Dir: c.Data, Log: log})
		if err != nil {
			return nil, nil, err
		}
		return e.Client(), e.Close, nil
	default:
		return nil, nil, errNoStore
	}
}
