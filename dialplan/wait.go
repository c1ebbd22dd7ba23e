package dialplan

import "context"

// A Wait is what a caller waits for with music. It begins it and returns. done
// is called once it is over, at most once, by any goroutine and for a moment
// only. stop is called in any case, and once it has returned done is not called
// any more.
type Wait func(done func(error)) (stop func())

// WaitFor is the wait for f, which runs on a goroutine of its own. The context
// of f ends with the wait, and f has returned when the wait has stopped.
func WaitFor(ctx context.Context, f func(context.Context) error) Wait {
	return func(done func(error)) (stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		var fault any // belongs to the call, where it ends that call only
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer func() {
				if fault = recover(); fault != nil {
					done(nil)
				}
			}()
			done(f(ctx))
		}()
		return func() {
			cancel()
			<-ended
			if fault != nil {
				panic(fault)
			}
		}
	}
}
