package dynamo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
)

// throttled has every request be refused for the moment.
func throttled(o *sdk.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("throttled", func(
			context.Context, middleware.InitializeInput, middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return middleware.InitializeOutput{}, middleware.Metadata{}, &types.ProvisionedThroughputExceededException{}
		}), middleware.After)
	})
}

func TestReadsOfATableWithoutCapacityAreBusy(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.use(s.at.Client(t, throttled))
	for _, tt := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"an item", func(ctx context.Context) error {
			_, err := s.store.Hold(ctx, id.New())
			return err
		}},
		{"items", func(ctx context.Context) error {
			_, _, err := s.store.Order(ctx, id.New())
			return err
		}},
		{"a query", func(ctx context.Context) error {
			_, err := s.store.Partitions(ctx, id.New())
			return err
		}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := tt.do(ctx); !errors.Is(err, app.ErrBusy) {
			t.Errorf("%s: %v", tt.name, err)
		}
		cancel()
	}
}
