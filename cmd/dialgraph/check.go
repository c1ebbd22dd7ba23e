package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/dialgraph/dialgraph/dialplan"
)

// A checkCmd is `dialgraph check`.
type checkCmd struct {
	Files []string `arg:"" name:"file" help:"Menus, YAML or JSON."`
}

// Run reports every fault of every file. A file that cannot be read keeps
// nobody from hearing of the others.
func (c *checkCmd) Run(r *run) error {
	var unread []error
	found := false
	for _, file := range c.Files {
		m, err := loadFile(file)
		var problems dialplan.Problems
		switch {
		case errors.As(err, &problems):
			found = true
			for _, p := range problems {
				_, _ = fmt.Fprintf(r.out, "%s:%s\n", file, p)
			}
		case err != nil:
			unread = append(unread, err)
		default:
			_, _ = fmt.Fprintf(r.out, "%s: menu %s is valid: %d nodes, version %s\n", file, m.ID(), m.Len(), m.Version())
		}
	}
	if found && unread == nil {
		return errFound
	}
	return errors.Join(unread...)
}

// loadFile reads a menu. The error is dialplan.Problems when the menu was
// read and is not valid.
func loadFile(file string) (*dialplan.Menu, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > dialplan.MaxDocument {
		return nil, fmt.Errorf("%s: %d bytes are more than a menu may have (%d)", file, info.Size(), dialplan.MaxDocument)
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m, err := dialplan.Load(document, dialplan.Options{})
	var problems dialplan.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, err
}
