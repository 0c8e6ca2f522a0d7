package shows_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
)

// busy is a store that has no time.
type busy struct{ app.Store }

// Show implements app.Store.
func (busy) Show(context.Context, id.ID) (show.Show, error) { return show.Show{}, app.ErrBusy }

func TestABusyStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	handler, err := shows.NewAPI(shows.API{Store: busy{}, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler), Verifier: callers})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/shows/"+id.New().String(), nil))
	if w.Code != 503 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("answered is %d %s", w.Code, w.Body)
	}
}
