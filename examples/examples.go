// Package examples holds the line that ships with dialgraph: a menu, its
// numbers, customers and agents, as the requests that set it up.
package examples

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed provider
var files embed.FS

// A Request is one request to the API.
type Request struct {
	Method string
	Path   string
	Type   string // of the body
	Body   []byte
}

// Provider returns the requests that set up the provider's line, in order.
// Repeating them changes nothing.
func Provider() ([]Request, error) {
	steps, err := files.ReadFile("provider/setup")
	if err != nil {
		return nil, fmt.Errorf("read the example: %w", err)
	}
	var all []Request
	for n, line := range strings.Split(string(steps), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("example, step %d: want METHOD PATH FILE", n+1)
		}
		body, err := files.ReadFile("provider/" + fields[2])
		if err != nil {
			return nil, fmt.Errorf("example, step %d: %w", n+1, err)
		}
		all = append(all, Request{Method: fields[0], Path: fields[1], Type: typeOf(fields[2]), Body: body})
	}
	return all, nil
}

func typeOf(file string) string {
	switch file[strings.LastIndexByte(file, '.')+1:] {
	case "yaml":
		return "application/yaml"
	case "ndjson":
		return "application/x-ndjson"
	default:
		return "application/json"
	}
}
