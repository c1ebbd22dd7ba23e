package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
)

type requestKey struct{}

// requestID is the id of the request, which its answer and its log lines carry.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// identify gives each request an id. What a client sends as one is ignored:
// it would let anybody write into the log.
func (a *API) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.Must(uuid.NewV7()).String()
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

// log writes one line when a request has been answered: its route, never its
// query, its key or its body. Reading is at Debug, changing at Info.
func (a *API) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, start := middleware.NewWrapResponseWriter(w, r.ProtoMajor), time.Now()
		defer func() {
			level := slog.LevelInfo
			route := chi.RouteContext(r.Context()).RoutePattern()
			if r.Method == http.MethodGet {
				level = slog.LevelDebug
			}
			a.cfg.Log.Log(r.Context(), level, "api request",
				"request", requestID(r.Context()), "method", r.Method, "route", route,
				"status", seen.Status(), "bytes", seen.BytesWritten(),
				"took", time.Since(start), "from", clientAddress(r))
		}()
		next.ServeHTTP(seen, r)
	})
}

// recover turns a panic into a 500 and an error in the log; other requests go
// on.
func (a *API) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault) // net/http's own way to drop a connection
			}
			a.cfg.Log.ErrorContext(r.Context(), "api request panicked",
				"request", requestID(r.Context()), "fault", fault, "stack", string(debug.Stack()))
			a.write(w, r, newProblem(http.StatusInternalServerError, unexplained))
		}()
		next.ServeHTTP(w, r)
	})
}
