package fstest

import (
	"bytes"
	"slices"
	"sync"
)

// An exchange brings events to the connections that asked for them. Those that
// filter by the UUID of a channel, as controllers do, are found without
// asking all the others.
type exchange struct {
	mu    sync.RWMutex
	exact map[filter][]*listener // connections all of whose filters are on headers in exactly
	broad []*listener            // the others that asked for any event
}

// A filter lets events pass whose header has that value. Several filters of a
// connection let an event pass when one of them does.
type filter struct{ header, value string }

// exactly are the headers whose filters are indexed.
var exactly = []string{"Unique-ID", "Job-Owner-UUID"}

// subscription is what a connection asked for. The exchange's lock guards it.
type subscription struct {
	events  []string // names; "ALL" for every one
	filters []filter
}

func (s *subscription) wants(name string) bool {
	return slices.Contains(s.events, name) || slices.Contains(s.events, "ALL")
}

func (s *subscription) broad() bool {
	return len(s.filters) == 0 ||
		slices.ContainsFunc(s.filters, func(f filter) bool { return !slices.Contains(exactly, f.header) })
}

// change alters the subscription of a connection.
func (x *exchange) change(l *listener, alter func(*subscription)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(l)
	alter(&l.subscription)
	if len(l.events) == 0 {
		return
	}
	if l.broad() {
		x.broad = append(x.broad, l)
		return
	}
	if x.exact == nil {
		x.exact = make(map[filter][]*listener)
	}
	for _, f := range l.filters {
		x.exact[f] = append(x.exact[f], l)
	}
}

func (x *exchange) remove(l *listener) {
	x.broad = slices.DeleteFunc(x.broad, func(o *listener) bool { return o == l })
	for _, f := range l.filters {
		rest := slices.DeleteFunc(x.exact[f], func(o *listener) bool { return o == l })
		if len(rest) == 0 {
			delete(x.exact, f)
		} else {
			x.exact[f] = rest
		}
	}
}

// leave ends the subscription of a connection.
func (x *exchange) leave(l *listener) {
	x.change(l, func(s *subscription) { *s = subscription{} })
}

// interested are the connections that may want an event with that header.
func (x *exchange) interested(event, header, value string) []*listener {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []*listener
	for _, l := range x.exact[filter{header, value}] {
		if l.wants(event) {
			out = append(out, l)
		}
	}
	for _, l := range x.broad {
		if l.wants(event) {
			out = append(out, l)
		}
	}
	return out
}

// deliver sends an event to those whose filters it passes.
func (x *exchange) deliver(listeners []*listener, body []byte) {
	for _, l := range listeners {
		if x.passes(l, body) {
			l.sendEvent(body)
		}
	}
}

func (x *exchange) passes(l *listener, body []byte) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if len(l.filters) == 0 {
		return true
	}
	for _, f := range l.filters {
		line := appendHeader(nil, f.header, f.value)
		if bytes.HasPrefix(body, line) || bytes.Contains(body, append([]byte{'\n'}, line...)) {
			return true
		}
	}
	return false
}
