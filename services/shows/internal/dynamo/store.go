// Package dynamo is app.Store in one DynamoDB table. It keeps what it is told
// and decides nothing.
//
// Items, by their partition key, and where there is one their sort key:
//
//	show#<id>                                  a show
//	performance#<id>                           a performance
//	performance#<id> map#<version>#<part>      a version of its seat map, packed
//	dates#<show> <start>#<performance>         when a show is performed, and what is pending
//	plan#<id>                                  the newest version of a seat plan, without its areas
//	plan#<id> version#<version>#<part>         a version of the plan, packed
//	series#<id>                                a series
//	series#<id> body#<part>                    what there is to it, packed
//	availability#<performance>#<shard> <area>/<number>   a partition, for display
//
// Two indexes are sparse. byList has shows and plans, each in one list: the
// published shows, the other shows of an organizer, the plans of an organizer.
// byOpen has what is left to do: shows that are not settled, series that are not
// finished.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/eventcodec"
)

const (
	// alone is the sort key of an item that sorts before all others of its
	// partition key.
	alone = "-"
	// maxCalls bounds the requests of one call that are under way at once.
	maxCalls = 16

	// Attributes that items are indexed by, see the template.
	attrList = "list"
	attrOpen = "open"
	// attrVersion is the version of what others tell, as text that sorts as versions do.
	attrVersion = "version"
)

var (
	byList = dynamo.Index{Name: "byList", PK: attrList, SK: "pk"}
	byOpen = dynamo.Index{Name: "byOpen", PK: attrOpen, SK: "pk"}
)

// Store is app.Store. Its methods may be called concurrently.
type Store struct {
	table table
	codec *eventcodec.Codec
}

var _ app.Store = (*Store)(nil)

// New returns a Store in a table as the service's template declares it. Events
// that break the validator's contracts fail the writes that would tell them.
func New(t *dynamo.Table, v event.Validator) *Store {
	return &Store{table: table{t}, codec: eventcodec.New(v)}
}

// Ready implements app.Store.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.table.Get(ctx, dynamo.Key{PK: "ready", SK: alone})
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil
	}
	return err
}

// write runs fn and publishes the events of the facts in one unit of work. The
// events are made first: a unit may run several times.
func (s *Store) write(ctx context.Context, facts []app.Fact, fn func(tx *dynamo.Tx) (done bool, err error)) error {
	events, err := s.codec.Encode(ctx, facts...)
	if err != nil {
		return err
	}
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		if done, err := fn(tx); err != nil || !done {
			return err
		}
		return tx.Publish(events...)
	})
}

// putNewer writes the item unless what is there has the version or a newer one: one
// conditional write and no read.
func (s *Store) putNewer(ctx context.Context, item dynamo.Item, version int) error {
	written := fmt.Sprintf("%019d", version)
	item.Keys = map[string]string{attrVersion: written}
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		tx.PutIf(item, dynamo.Condition{
			Expression: "attribute_not_exists(#version) OR #version < :version",
			Names:      map[string]string{"#version": attrVersion},
			Values:     map[string]types.AttributeValue{":version": &types.AttributeValueMemberS{Value: written}},
		})
		return nil
	})
	if stale := (*dynamo.ConditionError)(nil); errors.As(err, &stale) {
		return nil
	}
	return err
}

func keyOf(kind string, v id.ID) dynamo.Key { return dynamo.Key{PK: kind + v.String(), SK: alone} }

// idOf is the id in a key of keyOf.
func idOf(kind string, key dynamo.Key) (id.ID, error) {
	if len(key.PK) < len(kind) {
		return id.Nil, fmt.Errorf("item %q is no %s", key.PK, kind)
	}
	return id.Parse(key.PK[len(kind):])
}

// listed asks for the items of a list in descending order, from the one after the
// item of the id on, which is Nil for the first page.
func listed(list, kind string, after id.ID, limit int) dynamo.Query {
	q := dynamo.Query{Index: byList, PK: list, Descending: true, Limit: limit}
	if after != id.Nil {
		q.After = keyOf(kind, after).PK
	}
	return q
}

// notFound turns the absence of an item into app.ErrNotFound.
func notFound(err error, what string, args ...any) error {
	if errors.Is(err, dynamo.ErrNotFound) {
		return fmt.Errorf("%s: %w", fmt.Sprintf(what, args...), app.ErrNotFound)
	}
	return err
}

const sortableLayout = "2006-01-02T15:04:05.000Z"

// sortable is an instant as text that sorts as instants do.
func sortable(t time.Time) string {
	if t.UTC().Year() > 9999 {
		return ":" // comes after every digit
	}
	return t.UTC().Format(sortableLayout)
}
