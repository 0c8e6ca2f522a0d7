package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/rest"
)

// failing is a store whose updates end with an error of its own.
type failing struct {
	app.Store
	err error
}

func (f failing) Update(context.Context, func(app.Tx) error) error { return f.err }

type anybody struct{}

func (anybody) Verify(context.Context, string) (auth.Caller, error) {
	return auth.Caller{Sub: "anna"}, nil
}

// TestAStoresFailureIsNoConflict: a client that is told of a conflict gives up what it
// may well have got.
func TestAStoresFailureIsNoConflict(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		give      error
		want      int
		wantRetry string
	}{
		{"busy", fmt.Errorf("%w: %w", app.ErrBusy, dynamo.ErrBusy), http.StatusServiceUnavailable, "1"},
		{"in doubt", fmt.Errorf("%w: %w", dynamo.ErrInDoubt, errors.New("reset")), http.StatusInternalServerError, ""},
		{"too large", &dynamo.LimitError{Actions: 101}, http.StatusInternalServerError, ""},
		{"a condition", &dynamo.ConditionError{}, http.StatusInternalServerError, ""},
		{"out of time", context.DeadlineExceeded, http.StatusServiceUnavailable, ""},
		{"the domain's own", hold.ErrExpired, http.StatusConflict, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
			logger := slog.New(slog.NewTextHandler(t.Output(), nil))
			routes, err := rest.New(rest.Deps{Selling: app.New(failing{err: tt.give}, nil, app.Payments{}, c, logger), Clock: c, Logger: logger})
			if err != nil {
				t.Fatal(err)
			}
			handler := kit.Wrap(routes, kit.Options{Verifier: anybody{}, Logger: logger, Clock: c})
			request := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/tickets/holds/"+id.New().String(), strings.NewReader(""))
			request.Header.Set("Authorization", "Bearer x")
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != tt.want || answer.Header().Get("Retry-After") != tt.wantRetry {
				t.Errorf("%d, Retry-After %q, want %d, %q: %s", answer.Code, answer.Header().Get("Retry-After"), tt.want, tt.wantRetry, answer.Body)
			}
		})
	}
}
