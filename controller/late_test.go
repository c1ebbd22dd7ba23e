package controller_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dialgraph/dialgraph/controller"
	"github.com/dialgraph/dialgraph/controller/fstest"
	"github.com/dialgraph/dialgraph/dialplan"
)

// The queue is out of reach at first, and the music that is to bridge the time
// is not there: both go on record, though they are seen by two goroutines.
func TestQueueIsJoinedLate(t *testing.T) {
	m := newMemory()
	m.use(t, strings.Replace(line, "music: {file: music.wav}", "music: {text: {en: None}}", 1))
	_, sw := one(t, m, func(c *controller.Config) {
		c.World, c.Prompts = &awayQueue{memory: m}, noMusic{}
	})
	call := sw.Call(fstest.Caller{Number: "0671234567", To: "0800111222", Script: fstest.Keys("2")})
	await(t, "the queue to be on record", func() bool {
		r, _ := records{m}.Load(t.Context(), call.UUID())
		return r != nil && r.Queue == "services" && !r.Queued.IsZero()
	})
	call.Hangup()
	if r := m.ended(t, call.UUID()); r.Missing == 0 || r.Queue != "services" {
		t.Errorf("record %+v, want the missing music and the queue", r)
	}
}

// awayQueue cannot be joined at first.
type awayQueue struct {
	*memory
	asked atomic.Int32
}

func (q *awayQueue) Join(ctx context.Context, j dialplan.Join) (dialplan.Ticket, error) {
	if q.asked.Add(1) < 3 {
		return dialplan.Ticket{}, errors.New("the store is away")
	}
	return q.memory.Join(ctx, j)
}

// noMusic has every prompt but that.
type noMusic struct{ files }

func (n noMusic) File(ctx context.Context, s dialplan.Sound) (string, error) {
	if s.Name == "music" {
		return "", errors.New("not rendered")
	}
	return n.files.File(ctx, s)
}
