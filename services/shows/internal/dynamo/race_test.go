package dynamo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/series"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

// before has do be called before each request of an operation is sent, which fails with
// do's error.
func (f *fixture) before(operation string, do func() error) {
	f.use(f.at.Client(f.T, func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("before", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				if middleware.GetOperationName(ctx) == operation {
					if err := do(); err != nil {
						return middleware.InitializeOutput{}, middleware.Metadata{}, err
					}
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
		cancel := sync.OnceValue(func() error {
			cancelled, _, err := c.of.Cancel("")
			f.ok(err)
			return others.SaveShow(t.Context(), cancelled, c.of.Version(), true)
		})
		f.before("TransactWriteItems", cancel)
		if err := tt.do(c); !errors.Is(err, app.ErrConflict) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestATableWithoutCapacityIsBusy has each kind of request be throttled until the
// caller's time is up.
func TestATableWithoutCapacityIsBusy(t *testing.T) {
	t.Parallel()
	f := open(t)
	p := availability.Partition{PerformanceID: id.New(), AreaID: "stalls", Version: 1, Capacity: 64, Available: 60}
	for _, tt := range []struct {
		name, throttled string
		do              func(context.Context) error
	}{
		{"a partition is reported", "PutItem", func(ctx context.Context) error { return f.store.ApplyPartition(ctx, p) }},
		{"a venue is told", "PutItem", func(ctx context.Context) error { return f.store.ApplyVenue(ctx, venue.Venue{ID: id.New(), Version: 1}) }},
		{"a show is read", "GetItem", func(ctx context.Context) error {
			_, err := f.store.Show(ctx, id.New())
			return err
		}},
		{"availability is read", "Query", func(ctx context.Context) error {
			_, err := f.store.Reported(ctx, p.PerformanceID)
			return err
		}},
	} {
		f.before(tt.throttled, func() error { return &types.ProvisionedThroughputExceededException{} })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := tt.do(ctx); !errors.Is(err, app.ErrBusy) {
			t.Errorf("%s: %v", tt.name, err)
		}
		cancel()
	}
}
