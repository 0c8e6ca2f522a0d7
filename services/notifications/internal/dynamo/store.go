// Package dynamo is the store of notifications in one DynamoDB table: the ports Chronicle, Notices, Outgoing, Returns
// and Customers of the use cases. It keeps what it is told and decides nothing.
//
// Items, by their partition key, and where there is one their sort key:
//
//	show#<id>, venue#<id>, performance#<id>   what is known of the shows world
//	purchases#<performance>#<shard> <order>   who holds what
//	message#<id>                              a message
//	waiting#<performance> <message>           that a message waits
//	notices <event>                           what all holders of tickets are to be told
//	customer#<id>                             preferences and tokens
//	token#<token>                             what a token stands for
//	block#<address>                           an address that gets no mails
//
// Two indexes have messages: byCustomer all of them, byDue those that are queued. Nothing that all buyers touch is
// written by all: purchases of a performance and what is due are spread over shards by a hash.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
)

// consumerName is what processed events are recorded under. All queues of the service share it: an event goes to one
// of them.
const consumerName = "notifications"

const (
	// shards spreads writes over partitions, each of which takes 1,000 a second. It must never change: what was written
	// is found by it.
	shards = 8
	// maxCalls bounds the requests of one call that are under way at once.
	maxCalls = 16
	// alone is the sort key of an item that has its partition key for itself.
	alone = "-"
	// messagePrefix is before a message's id in its partition key.
	messagePrefix = "message#"
	// noticesPK is the partition key of notices, which are few.
	noticesPK = "notices"

	// Attributes of messages, see the template.
	attrCustomer = "customer"
	attrQueue    = "queue" // the shard; like attrDue it is there while the message is queued
	attrDue      = "due"   // from when on it may be claimed

	// attrWake is on what somebody has to be woken for, when it is written: messages that become queued, new notices. The
	// table's stream invokes the sender for items that have it. Whoever writes the item next removes it.
	attrWake = "wake"
)

var (
	byCustomer = dynamo.Index{Name: "byCustomer", PK: attrCustomer, SK: "pk"}
	byDue      = dynamo.Index{Name: "byDue", PK: attrQueue, SK: attrDue}
)

// Store keeps notifications. Its methods may be called concurrently.
type Store struct {
	table         *dynamo.Table
	codec         *eventcodec.Codec
	messagesAdded chan struct{}
	noticesAdded  chan struct{}
}

var (
	_ app.Chronicle = (*Store)(nil)
	_ app.Notices   = (*Store)(nil)
	_ app.Outgoing  = (*Store)(nil)
	_ app.Returns   = (*Store)(nil)
	_ app.Customers = (*Store)(nil)
)

// New returns a Store in a table as the service's template declares it. The codec makes the events that go with final
// messages.
func New(table *dynamo.Table, codec *eventcodec.Codec) *Store {
	return &Store{table: table, codec: codec, messagesAdded: make(chan struct{}, 1), noticesAdded: make(chan struct{}, 1)}
}

// MessagesAdded implements app.Outgoing. It tells of this process alone.
func (s *Store) MessagesAdded() <-chan struct{} { return s.messagesAdded }

// NoticesAdded implements app.Notices. It tells of this process alone.
func (s *Store) NoticesAdded() <-chan struct{} { return s.noticesAdded }

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Ready fails when the table can't be read.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.table.Get(ctx, dynamo.Key{PK: "ready", SK: alone})
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil
	}
	return err
}

// keyOf is the key of an item that has its partition key for itself.
func keyOf(kind string, v id.ID) dynamo.Key {
	return dynamo.Key{PK: kind + v.String(), SK: alone}
}

func showKey(v id.ID) dynamo.Key        { return keyOf("show#", v) }
func venueKey(v id.ID) dynamo.Key       { return keyOf("venue#", v) }
func performanceKey(v id.ID) dynamo.Key { return keyOf("performance#", v) }
func messageKey(v id.ID) dynamo.Key     { return keyOf(messagePrefix, v) }
func noticeKey(event id.ID) dynamo.Key  { return dynamo.Key{PK: noticesPK, SK: event.String()} }

func waitingKey(performanceID, messageID id.ID) dynamo.Key {
	return dynamo.Key{PK: "waiting#" + performanceID.String(), SK: messageID.String()}
}

func purchaseKey(performanceID, orderID id.ID) dynamo.Key {
	return dynamo.Key{PK: purchasesPK(performanceID, shardOf(orderID)), SK: orderID.String()}
}

func purchasesPK(performanceID id.ID, shard int) string {
	return "purchases#" + performanceID.String() + "#" + strconv.Itoa(shard)
}

// shardOf uses an id's end, which is random, or a digest.
func shardOf(v id.ID) int { return int(v[len(v)-1]) % shards }

// dueAt is a time as text that sorts as times do, in milliseconds since 1970.
func dueAt(t time.Time) string { return fmt.Sprintf("%013d", t.UnixMilli()) }
