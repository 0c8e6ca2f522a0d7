package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/event"
)

// Condition is what the caller demands of an item as it is stored, in DynamoDB's
// expression language.
type Condition struct {
	Expression string
	Names      map[string]string
	Values     map[string]types.AttributeValue
}

// kind is what an action does to its item.
type kind int

const (
	put kind = iota
	remove
	check
)

// action is one item of a commit.
type action struct {
	kind      kind
	item      Item // of remove and check the key alone
	condition Condition
	own       bool // the condition is the caller's own
}

func (a *action) checks() bool { return a.kind == check }

// Tx is one run of a unit of work: what it read, and what it is about to write.
// It is valid until the function returns, and is for one goroutine.
//
// An item that the unit read and writes must at the commit still be what was
// read, else the function runs again. An item that it only read may have changed
// meanwhile, unless it is given to Check. An item that is written without having
// been read is replaced, whatever it is.
type Tx struct {
	ctx     context.Context
	table   *Table
	seen    map[Key]*Item // nil: there was none
	actions map[Key]*action
	order   []Key // in which actions came, so that a commit is the same every time
	events  [][]byte
}

func (t *Table) begin(ctx context.Context) *Tx {
	return &Tx{ctx: ctx, table: t, seen: map[Key]*Item{}, actions: map[Key]*action{}}
}

// Get returns the item as this unit left it, or else as it read it first, or
// ErrNotFound.
func (tx *Tx) Get(key Key) (Item, error) {
	if a := tx.actions[key]; a != nil && !a.checks() {
		if a.kind == remove {
			return Item{}, ErrNotFound
		}
		return a.item, nil
	}
	if _, known := tx.seen[key]; !known {
		item, err := tx.table.Get(tx.ctx, key)
		switch {
		case err == nil:
			tx.seen[key] = &item
		case errors.Is(err, ErrNotFound):
			tx.seen[key] = nil
		default:
			return Item{}, err
		}
	}
	if tx.seen[key] == nil {
		return Item{}, ErrNotFound
	}
	return *tx.seen[key], nil
}

// Load reads items in one go, as Get would one after the other.
func (tx *Tx) Load(keys ...Key) error {
	var unknown []Key
	for _, key := range keys {
		if _, known := tx.seen[key]; !known {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	found, err := tx.table.GetAll(tx.ctx, unknown)
	if err != nil {
		return err
	}
	for _, key := range unknown {
		tx.seen[key] = nil
		if item, exists := found[key]; exists {
			tx.seen[key] = &item
		}
	}
	return nil
}

// Query returns items as Get would. Of an index it returns what the index has,
// which lags behind and knows nothing of this unit.
func (tx *Tx) Query(q Query) ([]Item, error) {
	if q.Index.Name != "" {
		return tx.table.Query(tx.ctx, q)
	}
	wider := q
	if q.Limit > 0 {
		for key := range tx.actions {
			if q.matches(key) {
				wider.Limit++ // it may be one that this unit removed
			}
		}
	}
	items, err := tx.table.Query(tx.ctx, wider)
	if err != nil {
		return nil, err
	}
	kept := items[:0]
	for _, item := range items {
		first, known := tx.seen[item.Key]
		if !known {
			first = &item
			tx.seen[item.Key] = first
		}
		if first != nil { // what was not there at first is not there for this unit
			kept = append(kept, *first)
		}
	}
	return q.overlay(kept, tx.actions), nil
}

// Put writes the item.
func (tx *Tx) Put(item Item) { tx.act(action{kind: put, item: item}) }

// PutIf writes the item if the condition holds for what is stored; else the unit
// is a *ConditionError. It takes the place of the condition that what was read
// is unchanged.
func (tx *Tx) PutIf(item Item, condition Condition) {
	tx.act(action{kind: put, item: item, condition: condition, own: true})
}

// Create writes an item that must not exist; else the unit is a *ConditionError.
func (tx *Tx) Create(item Item) { tx.PutIf(item, absent) }

// Delete removes the item, if there is one.
func (tx *Tx) Delete(key Key) { tx.act(action{kind: remove, item: Item{Key: key}}) }

// Check has the commit fail, and the function run again, when an item that this
// unit read has changed since. It costs as much as writing the item: it is for
// decisions that would be wrong on another's change.
func (tx *Tx) Check(key Key) { tx.guard(action{kind: check, item: Item{Key: key}}) }

// CheckIf has the unit fail with a *ConditionError when the condition does not
// hold for what is stored.
func (tx *Tx) CheckIf(key Key, condition Condition) {
	tx.guard(action{kind: check, item: Item{Key: key}, condition: condition, own: true})
}

// guard adds a check of an item that the unit does not write.
func (tx *Tx) guard(a action) {
	if written := tx.actions[a.item.Key]; written == nil || written.checks() {
		tx.act(a)
	}
}

func (tx *Tx) act(a action) {
	earlier := tx.actions[a.item.Key]
	if earlier == nil {
		tx.order = append(tx.order, a.item.Key)
	} else if earlier.own && !a.own {
		// What the caller once demanded of the stored item it demands still.
		a.condition, a.own = earlier.condition, true
	}
	tx.actions[a.item.Key] = &a
}

// Publish commits events with the unit: they go out when, and only when, it
// commits. An event without any trace continues the one in the unit's context.
// An event that is not valid fails the call with event.ErrInvalid, and must fail
// the unit.
func (tx *Tx) Publish(events ...event.Event) error {
	for _, e := range events {
		if e.CorrelationID == "" && e.CausationID == "" && e.TraceParent == "" {
			trace := event.TraceFrom(tx.ctx)
			e.CorrelationID, e.CausationID, e.TraceParent = trace.CorrelationID, trace.CausationID, trace.TraceParent
		}
		encoded, err := e.MarshalCloudEvent()
		if err != nil {
			return fmt.Errorf("publish %s: %w", e.Type, err)
		}
		tx.events = append(tx.events, encoded)
	}
	return nil
}

// Update runs fn as one unit of work and commits what it wrote: all of it, in
// one request, or nothing. It runs fn again when something that fn read and
// wrote was changed meanwhile, so fn must have no effect but through its Tx. An
// error of fn is returned as it is, and nothing is written. Other errors:
// *ConditionError, *LimitError, ErrBusy when ctx's time (or ten seconds, when it
// has no deadline) was up, ErrInDoubt, and DynamoDB's, which wrote nothing. After
// ctx's own error the unit may have committed all the same.
func (t *Table) Update(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	for b := (backoff{}); ; {
		tx := t.begin(ctx)
		if err := fn(tx); err != nil {
			return err
		}
		again, err := t.commit(ctx, tx, &b)
		if !again {
			return err
		}
		if err := b.wait(ctx, err); err != nil {
			return err
		}
	}
}
