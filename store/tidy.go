package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How often one of the instances does a job.
const (
	tidyRecords = time.Minute
	tidyOutages = 10 * time.Minute
)

// Tidy removes what nobody sees any more: records beyond their age, flags that
// have expired or were replaced. Every instance calls it about once a minute;
// whoever comes first in a while does the work.
func (s *Store) Tidy(ctx context.Context) error {
	return errors.Join(
		s.inTurn(ctx, "records", tidyRecords, s.Records().tidy),
		s.inTurn(ctx, "outages", tidyOutages, s.Outages().tidy),
	)
}

// inTurn does a job unless it was done less than every ago. A key's expiry is
// enough here: a job done twice does no harm.
func (s *Store) inTurn(ctx context.Context, job string, every time.Duration, do func(context.Context) error) error {
	mine, err := s.rdb.SetNX(ctx, s.keys.turn(job), 1, every-time.Second).Result()
	if err != nil {
		return fmt.Errorf("tidy %s: %w", job, err)
	}
	if !mine {
		return nil
	}
	return do(ctx)
}
