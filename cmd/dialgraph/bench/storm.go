package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/dialgraph/dialgraph/store"
)

// stormRate is how many calls begin each second.
const stormRate = 1000

// stormMenu is the call of somebody whose street is dark.
const stormMenu = `
menu: bench
languages: [en]
start: outage
prompts:
  notice: {file: greeting.wav}
nodes:
  outage: {outage: caller.address, found: notice, none: end}
  notice: {play: notice, next: end}
  end:    {hangup: {}}
`

// A stormy is what a storm of calls takes.
type stormy struct {
	ours *server
	load *child
}

// startStorm puts the storm's menu and its callers there, each at an address
// that is imported, and starts the controller and the load.
func (b *bench) startStorm(ctx context.Context) (s stormy, err error) {
	if err := b.line(ctx, stormMenu); err != nil {
		return s, err
	}
	customers := b.store().Customers()
	for n := range int64(callers) {
		c := store.Customer{
			Customer: fmt.Sprint("c", n), Numbers: []string{callerNumber(n)},
			Address: address(int(n) * b.size.addresses / callers),
		}
		if _, err := customers.Put(ctx, c, nil); err != nil {
			return s, err
		}
	}
	if s.ours, err = b.startController(ctx); err != nil {
		return s, err
	}
	s.load, err = b.startPart(ctx, partLoad)
	return s, err
}

// end ends what startStorm has started.
func (s stormy) end() {
	s.load.end()
	s.ours.end()
}

// calls lets calls of flagged addresses come at a steady rate, and returns what
// their lookups took by the controller's own metrics.
func (s stormy) calls(ctx context.Context, seconds float64) (*dto.Histogram, report, error) {
	var got report
	before, err := s.lookups(ctx)
	if err != nil {
		return nil, got, err
	}
	o := order{Do: "calls", Addr: s.ours.esl, Seconds: seconds, Slots: 2 * stormRate, Rate: stormRate}
	if err := s.load.ask(o, &got); err != nil {
		return nil, got, err
	}
	after, err := s.lookups(ctx)
	if err == nil {
		err = got.fault()
	}
	if err != nil {
		return nil, got, err
	}
	return since(after, before), got, nil
}

// lookups reads how long lookups have taken so far.
func (s stormy) lookups(ctx context.Context) (*dto.Histogram, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.ours.http+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return nil, err
	}
	all := families["dialgraph_outage_lookup_seconds"].GetMetric()
	if len(all) == 0 {
		return nil, errors.New("the controller does not tell how long lookups take")
	}
	return all[0].GetHistogram(), nil
}

// since is what has been added to an earlier histogram.
func since(now, before *dto.Histogram) *dto.Histogram {
	n := now.GetSampleCount() - before.GetSampleCount()
	h := &dto.Histogram{SampleCount: &n}
	for i, bucket := range now.GetBucket() {
		count := bucket.GetCumulativeCount() - before.GetBucket()[i].GetCumulativeCount()
		h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: &count, UpperBound: bucket.UpperBound})
	}
	return h
}

// quantile is below which a share of the values lie, in ms: between the bounds
// of a bucket in proportion, the largest bound beyond it.
func quantile(h *dto.Histogram, share float64) float64 {
	rank := share * float64(h.GetSampleCount())
	var low, below float64
	for _, bucket := range h.GetBucket() {
		high, count := bucket.GetUpperBound(), float64(bucket.GetCumulativeCount())
		if math.IsInf(high, 1) {
			break
		}
		if count >= rank && count > below {
			return 1000 * (low + (high-low)*(rank-below)/(count-below))
		}
		low, below = high, count
	}
	return 1000 * low
}
