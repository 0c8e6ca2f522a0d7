// Package dynamo keeps the state of selling in one DynamoDB table. It decides
// nothing: what may happen to an entity, the entity says.
//
// Items, by their partition key, and where there is one their sort key:
//
//	performance#<id>               a performance
//	performance#<id> map#<digest>  its seat map, in pieces
//	show#<id>                      how a show is called now
//	inv#<performance>#<shard> <area>#<number>
//	                               a partition of up to 64 places
//	quota#<performance>#<shard> <quota>#<number>
//	                               a partition of a quota
//	buyer#<performance>#<customer> what a customer holds and owns
//	hold#<id>, order#<id>, refund#<id>, entry#<id>
//	tickets#<id without its end>   the tickets whose ids begin so: those of an order
//	captures#<provider>            until when captures were compared
//
// The indexes have keys alone, and only of items that have the index's
// attributes: byOwner orders of a customer and refunds of an order, byPerformance
// orders and tickets, byDue what somebody has to come back to, byRoom partitions
// that are not sold out. They lag behind by moments; whatever they say is looked
// up in the table before anything is done about it. Nothing that all buyers touch
// is written by all: what grows with sales is spread over shards.
package dynamo

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/eventcodec"
)

const (
	// shards spreads writes over partitions of the table, each of which takes 1,000
	// units a second. It must never change: what was written is found by it.
	shards = 8
	// maxCalls bounds the requests of one call that are under way at once.
	maxCalls = 16
	// alone is the sort key of an item that has its partition key for itself.
	alone = "-"

	// Attributes that indexes are keyed by, see the template.
	attrOwner = "owner"
	attrShow  = "show"
	attrQueue = "queue"
	attrDue   = "due"
	attrRoom  = "room"
)

var (
	byOwner       = dynamo.Index{Name: "byOwner", PK: attrOwner, SK: "pk"}
	byPerformance = dynamo.Index{Name: "byPerformance", PK: attrShow, SK: "pk"}
	byDue         = dynamo.Index{Name: "byDue", PK: attrQueue, SK: attrDue}
	byRoom        = dynamo.Index{Name: "byRoom", PK: attrRoom, SK: "sk"}
)

// Store implements app.Store. Safe for concurrent use.
type Store struct {
	table table
	clock clock.Clock

	known struct {
		sync.Mutex
		performances map[id.ID]knownPerformance
	}
}

var _ app.Store = (*Store)(nil)

// New returns a store in a table as the service's template declares it.
func New(t *dynamo.Table, c clock.Clock) *Store {
	s := &Store{table: table{t}, clock: c}
	s.known.performances = map[id.ID]knownPerformance{}
	return s
}

// Ready fails when the table can't be read.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.table.Get(ctx, dynamo.Key{PK: "ready", SK: alone})
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil
	}
	return err
}

// Update implements app.Store. fn may write 100 items in all; a ticket is not one
// of its own, and a fact is none.
func (s *Store) Update(ctx context.Context, fn func(app.Tx) error) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		t := &transaction{Tx: tx, ctx: ctx, store: s, groups: map[dynamo.Key]*group{}}
		if err := fn(t); err != nil {
			return err
		}
		if err := t.putGroups(); err != nil {
			return err
		}
		return t.makePartitions()
	})
}

// transaction implements app.Tx.
type transaction struct {
	*dynamo.Tx
	ctx   context.Context
	store *Store

	groups map[dynamo.Key]*group
	fresh  []dynamo.Item // partitions to be there before the performance is
}

var _ app.Tx = (*transaction)(nil)

// Record implements app.Tx.
func (t *transaction) Record(facts ...any) error {
	now := t.store.clock.Now()
	for _, fact := range facts {
		encoded, err := eventcodec.Encode(t.ctx, fact, now)
		if err != nil {
			return err
		}
		if err := t.Publish(encoded); err != nil {
			return err
		}
	}
	return nil
}

// Kinds of items that have their partition key for themselves, before their id.
const (
	performanceKind = "performance#"
	holdKind        = "hold#"
	orderKind       = "order#"
	refundKind      = "refund#"
	entryKind       = "entry#"
)

func keyOf(kind string, v id.ID) dynamo.Key {
	return dynamo.Key{PK: kind + v.String(), SK: alone}
}

// idLength is the length of an id as text.
const idLength = 36

// idAtEnd returns the id that a text ends with.
func idAtEnd(text string) (id.ID, error) {
	return id.Parse(text[max(0, len(text)-idLength):])
}

// shardOf uses an id's end, which is random, or a digest.
func shardOf(v id.ID) int { return int(v[len(v)-1]) % shards }

// sharded is the value of an index's attribute that is spread over shards.
func sharded(of string, shard int) string { return of + "#" + strconv.Itoa(shard) }
