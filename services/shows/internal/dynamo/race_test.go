package dynamo_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/series"
	"ticketmesh.dev/services/shows/internal/show"
)

// meddle has somebody else do something just before the first transaction is sent.
func (f *fixture) meddle(do func()) {
	var once sync.Once
	f.use(f.at.Client(f.T, func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meddle", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				if middleware.GetOperationName(ctx) == "TransactWriteItems" {
					once.Do(do)
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
		})
	}))
}

// change is what somebody is about to do with a show.
type change struct {
	of     show.Show
	stored performance.Performance
}

// TestNothingIsAddedToAShowThatChangesMeanwhile has the show be cancelled between the
// look at it and the commit.
func TestNothingIsAddedToAShowThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := house(1)
	for _, tt := range []struct {
		name string
		do   func(c change) error
	}{
		{"a performance is added", func(c change) error {
			_, err := f.store.InsertPerformance(t.Context(), f.performed(c.of, m, true), m, c.of.Version())
			return err
		}},
		{"a performance is changed", func(c change) error {
			return f.store.SavePerformance(t.Context(), c.stored.Announced(), c.stored, c.of.Version())
		}},
		{"a series is added", func(c change) error {
			made, err := series.New(id.New(), c.of.ID(), "FREQ=DAILY", []string{"2027-06-01T20:00"}, series.Template{TimeZone: "Europe/Vienna", SeatMap: m})
			f.ok(err)
			_, err = f.store.InsertSeries(t.Context(), made, c.of.Version())
			return err
		}},
	} {
		f.use(f.at.Client(t))
		others := f.store
		c := change{of: f.show("opera")}
		c.stored = f.performed(c.of, m, false)
		_, err := others.InsertPerformance(t.Context(), c.stored, m, c.of.Version())
		f.ok(err)
		f.meddle(func() {
			cancelled, _, err := c.of.Cancel("")
			f.ok(err)
			f.ok(others.SaveShow(t.Context(), cancelled, c.of.Version(), true))
		})
		if err := tt.do(c); !errors.Is(err, app.ErrConflict) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
