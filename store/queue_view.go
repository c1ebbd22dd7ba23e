package store

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"
)

// A QueueView is a queue at this moment and since the day began.
type QueueView struct {
	Queue   string             `json:"queue"`
	Waiting int                `json:"waiting"` // tickets, with those an agent rings for
	Longest time.Duration      `json:"longest"` // the caller at the front has waited so long
	Agents  map[AgentState]int `json:"agents"`  // of those logged in
	Today   QueueDay           `json:"today"`
}

// A QueueDay counts what happened in the hours of one day.
type QueueDay struct {
	Joined    int `json:"joined"`
	Answered  int `json:"answered"`
	Within    int `json:"within"`    // answered within the service level
	Abandoned int `json:"abandoned"` // hung up while waiting or ringing
	Left      int `json:"left"`      // for another reason: a key, the longest wait
	Lost      int `json:"lost"`      // with their instance or their offers
	Missed    int `json:"missed"`    // offers that came to nothing, for any reason
	Expired   int `json:"expired"`   // offers that nobody reported

	Waited time.Duration `json:"waited"` // by those answered, altogether
	Talked time.Duration `json:"talked"` // altogether
}

// counters are the names of the script's counters, in the order in which
// QueueDay.add takes them.
var counters = []string{
	"joined", "answered", "within", "abandoned", "timeout", "key", "fault", "lost",
	"no-answer", "busy", "rejected", "not-registered", "unreachable", "expired", "waited", "talked",
}

func (q *QueueDay) add(n []int64) {
	q.Joined += int(n[0])
	q.Answered += int(n[1])
	q.Within += int(n[2])
	q.Abandoned += int(n[3])
	q.Left += int(n[4] + n[5] + n[6])
	q.Lost += int(n[7])
	q.Missed += int(n[8] + n[9] + n[10] + n[11] + n[12])
	q.Expired += int(n[13])
	q.Waited += time.Duration(n[14]) * time.Millisecond
	q.Talked += time.Duration(n[15]) * time.Millisecond
}

var (
	//go:embed queue_view.lua
	queueViewLua string
	queueView    = queueScript(queueViewLua)
)

// View returns a queue at this moment, and its counters since midnight at loc
// (to the whole hour, where loc differs from UTC by less). ErrNotFound.
func (n Queues) View(ctx context.Context, id string, loc *time.Location) (QueueView, error) {
	args := []any{id}
	local := n.d.s.localNow().In(loc)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, loc)
	for hour := midnight.Unix() / 3600; hour <= local.Unix()/3600; hour++ {
		for _, name := range counters {
			args = append(args, strconv.FormatInt(hour, 10)+"|"+id+"|"+name)
		}
	}
	r := readReply(n.d.s.runQueue(ctx, queueView, n.d.site, args...))
	if r.number() == 0 {
		if r.err == nil {
			r.err = ErrNotFound
		}
		return QueueView{}, fmt.Errorf("view queue %.80q: %w", id, r.err)
	}
	v := QueueView{Queue: id, Waiting: int(r.number()), Longest: r.millis(), Agents: make(map[AgentState]int)}
	r.each(func(state *reply) { v.Agents[AgentState(state.text())] = int(state.number()) })
	r.each(func(hour *reply) {
		sums := make([]int64, len(counters))
		for i := range sums {
			sums[i] = hour.number()
		}
		v.Today.add(sums)
	})
	if r.err != nil {
		return QueueView{}, fmt.Errorf("view queue %q: %w", id, r.err)
	}
	return v, nil
}
