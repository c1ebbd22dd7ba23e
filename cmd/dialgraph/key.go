package main

import (
	"fmt"

	"github.com/dialgraph/dialgraph/store"
)

// A keyCmd is `dialgraph key`: it makes a key for the API, the first one above
// all, since the API makes keys only for who has one.
type keyCmd struct {
	Name  string   `arg:"" help:"What the key is for, for people."`
	Scope []string `default:"admin" enum:"read,crm,agent,admin" help:"What it may be used for: ${enum}."`
	Redis string   `required:"" help:"As for serve."`
}

// Run prints the key. It is told once.
func (c *keyCmd) Run(r *run) error {
	rdb, err := store.Open(c.Redis)
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	_, secret, err := store.New(rdb, store.Options{}).APIKeys().Create(r.ctx, c.Name, c.Scope)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(r.out, secret)
	return err
}
