package dynamo_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/idempotency/idempotencytest"
)

func TestEventsLeaveWithTheCommit(t *testing.T) {
	t.Parallel()
	f := open(t)
	publish := func(subjects ...string) func(*dynamo.Tx) {
		return func(tx *dynamo.Tx) {
			for _, subject := range subjects {
				f.ok(tx.Publish(told(subject)))
			}
		}
	}
	steps := []func(*dynamo.Tx){
		publish("alone", "and another"),
		func(tx *dynamo.Tx) { publish("with one")(tx); tx.Put(item("p", "1", "x")) },
		func(tx *dynamo.Tx) { tx.Put(item("p", "1", "y")) }, // the events are gone
		func(tx *dynamo.Tx) { publish("with two")(tx); tx.Put(item("p", "1", "x")); tx.Put(item("p", "2", "x")) },
		func(tx *dynamo.Tx) { publish("with a removal")(tx); tx.Delete(key("p", "2")) },
		func(tx *dynamo.Tx) {
			publish("with a check")(tx)
			if _, err := tx.Get(key("p", "1")); err != nil {
				t.Error(err)
			}
			tx.Check(key("p", "1"))
		},
		func(tx *dynamo.Tx) { publish("with many")(tx); tx.Put(dynamo.Item{Key: key("p", "3"), Bulk: true}) },
	}
	for _, step := range steps {
		f.update(func(tx *dynamo.Tx) error { step(tx); return nil })
	}
	f.told("alone", "and another", "with one", "with two", "with a removal", "with a check", "with many")
	records, err := f.at.Records(t.Context())
	f.ok(err)
	for _, record := range records {
		if _, carries := record.Dynamodb.NewImage["outbox"]; carries && strings.Contains(document(record.Dynamodb.NewImage["sk"]), "3") {
			t.Error("an item that is read with many others carries events")
		}
	}
}

// document is an attribute as text, whatever it is.
func document(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// TestEventsTravelWhereTheyCostLeast has a full item and one with room.
func TestEventsTravelWhereTheyCostLeast(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	table := dynamo.New(client, f.at.Name, f.clock)
	f.ok(table.Update(t.Context(), func(tx *dynamo.Tx) error {
		tx.Put(item("p", "1", strings.Repeat("x", 1000)))
		tx.Put(item("p", "2", "x"))
		tx.Put(item("p", "3", strings.Repeat("x", 990)))
		return tx.Publish(told("x"))
	}))
	if got := meter.Take().Total().Write; got != 2*3 {
		t.Errorf("%d units, want 6: the event has room in the second item", got)
	}
	f.told("x")
}

func TestAnEventContinuesTheTrace(t *testing.T) {
	t.Parallel()
	f := open(t)
	trace := event.Trace{CorrelationID: "c", CausationID: "d"}
	bare := told("x")
	bare.CorrelationID = ""
	f.ok(f.table.Update(event.WithTrace(t.Context(), trace), func(tx *dynamo.Tx) error { return tx.Publish(bare) }))
	events, err := f.at.Events(t.Context())
	f.ok(err)
	if len(events) != 1 || events[0].CorrelationID != "c" || events[0].CausationID != "d" {
		t.Errorf("told %+v", events)
	}
	bare.Subject = ""
	if err := f.table.Update(t.Context(), func(tx *dynamo.Tx) error { return tx.Publish(bare) }); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("Publish() of an event without a subject = %v", err)
	}
}

func TestAnEventIsNewOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	eventID := id.New()
	first := func(consumer string) bool {
		var is bool
		f.update(func(tx *dynamo.Tx) (err error) { is, err = tx.FirstTime(consumer, eventID); return err })
		return is
	}
	if !first("a") || first("a") || !first("b") || first("b") {
		t.Error("an event is not new once to each consumer")
	}
	f.clock.Advance(60*24*time.Hour + time.Second)
	if !first("a") {
		t.Error("after 60 days an event is still remembered")
	}
	other := id.New()
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			err := f.table.Update(t.Context(), func(tx *dynamo.Tx) error {
				is, err := tx.FirstTime("a", other)
				if is && err == nil {
					tx.Put(dynamo.Item{Key: key("effect", id.New().String())})
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	effects, err := f.table.Query(t.Context(), dynamo.Query{PK: "effect"})
	f.ok(err)
	if len(effects) != 1 {
		t.Errorf("of 8 at once %d had an effect, want 1", len(effects))
	}
}

func TestIdempotencyConforms(t *testing.T) {
	t.Parallel()
	idempotencytest.Run(t, func(t *testing.T) (idempotency.Store, *clock.Manual) {
		f := open(t)
		return f.table.Idempotency(), f.clock
	})
}

func TestAKeyCostsTwoWrites(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	keys := dynamo.New(client, f.at.Name, f.clock).Idempotency()
	k := idempotency.Key{Caller: "anna", Method: "POST", Path: "/x", Key: "1"}
	_, err := keys.Claim(t.Context(), k, [32]byte{}, time.Minute)
	f.ok(err)
	answer := strings.Repeat(`{"id":1}`, 256) // of 2 KB
	f.ok(keys.Finish(t.Context(), k, idempotency.Response{Status: 201, Body: []byte(answer)}))
	if got, want := meter.Take().String(), "PutItem 1: 0 read, 1 write (0 index); UpdateItem 1: 0 read, 1 write (0 index)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
