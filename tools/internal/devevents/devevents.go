// Package devevents streams what travels on the embedded bus to a developer:
// GET /dev/events as server-sent events, sensitive values masked.
package devevents

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/platform/sqlitebus"
)

// keepAlive is how often a silent stream says that it lives, so that proxies
// keep it open.
const keepAlive = 15 * time.Second

// Handler answers GET with the stream: the events of the query parameters
// "type" (all when there is none), from now on, or after the one that
// Last-Event-ID or the query parameter "after" names by its position. A stream has
// no end by itself: it ends with its client, or with ctx.
func Handler(ctx context.Context, bus *sqlitebus.Bus) http.Handler {
	masker := contracts.NewMasker()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			problem.Write(w, r, problem.MethodNotAllowed(http.MethodGet))
			return
		}
		after, err := position(r, bus)
		if err != nil {
			problem.Write(w, r, problem.InvalidRequest(problem.Field{Field: "after", Message: "is no position in the stream"}))
			return
		}
		header := w.Header()
		header.Set("Content-Type", "text/event-stream")
		header.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		streaming, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		stream(w, r.WithContext(streaming), bus, masker, after)
	})
}

func position(r *http.Request, bus *sqlitebus.Bus) (int64, error) {
	given := r.Header.Get("Last-Event-ID")
	if given == "" {
		given = r.URL.Query().Get("after")
	}
	if given != "" {
		return strconv.ParseInt(given, 10, 64)
	}
	return bus.LastSeq(r.Context())
}

func stream(w http.ResponseWriter, r *http.Request, bus *sqlitebus.Bus, masker *contracts.Masker, after int64) {
	controller := http.NewResponseController(w)
	ctx := r.Context()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for message, err := range bus.Tail(ctx, after, r.URL.Query()["type"]) {
			if err != nil {
				return
			}
			masked, err := masker.MaskEvent(message.Envelope)
			if err != nil {
				continue
			}
			select {
			case lines <- fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", message.Seq, message.Type, masked):
			case <-ctx.Done():
				return
			}
		}
	}()
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	text, open := ": events follow\n\n", true
	for {
		if _, err := w.Write([]byte(text)); err != nil {
			return
		}
		if err := controller.Flush(); err != nil {
			return
		}
		select {
		case text, open = <-lines:
			if !open {
				return
			}
		case <-alive.C:
			text = ": alive\n\n"
		}
	}
}
