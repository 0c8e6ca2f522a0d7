package dynamo

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/dynamo"

	"ticketmesh.dev/services/tickets/internal/app"
)

// table says app.ErrBusy of whatever the table had no time for.
type table struct{ *dynamo.Table }

func (t table) Get(ctx context.Context, key dynamo.Key) (dynamo.Item, error) {
	item, err := t.Table.Get(ctx, key)
	return item, busy(err)
}

func (t table) GetAll(ctx context.Context, keys []dynamo.Key) (map[dynamo.Key]dynamo.Item, error) {
	items, err := t.Table.GetAll(ctx, keys)
	return items, busy(err)
}

func (t table) Query(ctx context.Context, q dynamo.Query) ([]dynamo.Item, error) {
	items, err := t.Table.Query(ctx, q)
	return items, busy(err)
}

func (t table) Update(ctx context.Context, fn func(*dynamo.Tx) error) error {
	return busy(t.Table.Update(ctx, fn))
}

func busy(err error) error {
	if errors.Is(err, dynamo.ErrBusy) {
		return fmt.Errorf("%w: %w", app.ErrBusy, err)
	}
	return err
}
