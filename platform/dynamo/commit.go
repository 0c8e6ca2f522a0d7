package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/dynamo/units"
	"ticketmesh.dev/platform/id"
)

// absent is the condition of an item that does not exist.
var absent = Condition{Expression: "attribute_not_exists(#pk)", Names: map[string]string{"#pk": attrPK}}

// outboxFor is how long DynamoDB keeps an item that is nothing but events. The
// stream has them for a day.
const outboxFor = 7 * 24 * time.Hour

// commit is what one attempt sends.
type commit struct {
	table   *Table
	token   types.AttributeValue // written into every item, by which the commit is known again
	request string               // its id as a request: DynamoDB takes it once, however often it is sent
	actions []*action
	items   []attributes // of puts, in step with actions
}

// commit sends what tx collected. again says that the function has to run again,
// because of err.
func (t *Table) commit(ctx context.Context, tx *Tx, b *backoff) (again bool, err error) {
	if len(tx.actions) == 0 && len(tx.events) == 0 {
		return false, nil
	}
	c, err := tx.prepare()
	if err != nil {
		return false, err
	}
	for unheard := 0; ; {
		err := c.send(ctx)
		if err == nil {
			return false, nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		v, at := c.judge(err)
		if unheard > 0 && c.single() && (v == outdated || v == refused) {
			// Either the attempt before did it and somebody has been there since, or
			// somebody was faster. Running the function again could do it twice.
			return false, fmt.Errorf("%w: %w", ErrInDoubt, err)
		}
		switch v {
		case committed:
			return false, nil
		case outdated:
			return true, err
		case refused:
			return false, &ConditionError{Key: c.actions[at].item.Key}
		case lost:
			if unheard++; unheard == attempts {
				return false, fmt.Errorf("%w: %w", ErrInDoubt, err)
			}
			fallthrough
		case repeat:
			if waited := b.wait(ctx, err); errors.Is(waited, ErrBusy) && unheard > 0 {
				return false, fmt.Errorf("%w: %w", ErrInDoubt, err) // busy would say that nothing was written
			} else if waited != nil {
				return false, waited
			}
		case final:
			return false, err
		}
	}
}

// attempts is how often a commit is sent whose answers are not heard.
const attempts = 4

// single reports whether the commit is one item, which needs no transaction: that
// would cost twice. DynamoDB takes a transaction once, however often it is sent,
// but not so a single item.
func (c *commit) single() bool { return len(c.actions) == 1 && c.actions[0].kind != check }

// once has the client send a request once: whether it may be sent again, commit
// has to know.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

func (tx *Tx) prepare() (*commit, error) {
	c := &commit{table: tx.table, token: newToken(), request: id.New().String()}
	for _, key := range tx.order {
		a := *tx.actions[key]
		if !a.own {
			a.condition = tx.unchanged(key)
		}
		c.add(&a)
	}
	if len(tx.events) > 0 {
		if err := c.carry(tx.events); err != nil {
			return nil, err
		}
	}
	return c, c.checkSize()
}

func (c *commit) add(a *action) {
	c.actions = append(c.actions, a)
	var encoded attributes
	if a.kind == put {
		encoded = a.item.encode()
		encoded[attrCommit] = c.token
	}
	c.items = append(c.items, encoded)
}

// unchanged is the condition that the item is what the unit read; none when it
// did not read it.
func (tx *Tx) unchanged(key Key) Condition {
	item, known := tx.seen[key]
	switch {
	case !known:
		return Condition{}
	case item == nil:
		return absent
	case len(item.commit) == 0: // it was put there by other means
		return Condition{Expression: "attribute_exists(#pk) AND attribute_not_exists(#v)", Names: map[string]string{"#pk": attrPK, "#v": attrCommit}}
	}
	return Condition{
		Expression: "#v = :v",
		Names:      map[string]string{"#v": attrCommit},
		Values:     attributes{":v": blob(item.commit)},
	}
}

// carry puts the events into the item that becomes dearer by the least, or into
// an item of their own when the commit writes none that may have them. Every
// later write of the item drops them: the relay reads them from the stream.
func (c *commit) carry(events [][]byte) error {
	packed, err := envelope.Pack(events)
	if err != nil {
		return err
	}
	best, least := -1, 0
	for i, encoded := range c.items {
		if encoded == nil || c.actions[i].item.Bulk {
			continue
		}
		size := units.ItemSize(encoded)
		more := units.Write(size+len(attrOutbox)+len(packed)) - units.Write(size)
		if best < 0 || more < least {
			best, least = i, more
		}
	}
	if best < 0 {
		best = len(c.actions)
		c.add(&action{kind: put, item: Item{
			Key:     Key{PK: "outbox#" + id.New().String(), SK: "-"},
			Expires: c.table.clock.Now().Add(outboxFor),
		}})
	}
	c.items[best][attrOutbox] = blob(packed)
	return nil
}

func (c *commit) checkSize() error {
	total := 0
	for i, encoded := range c.items {
		size := units.ItemSize(encoded)
		if size > MaxItemBytes {
			return &LimitError{Actions: len(c.actions), Bytes: size, Item: c.actions[i].item.Key}
		}
		total += size
	}
	if len(c.actions) > MaxActions || total > MaxBytes {
		return &LimitError{Actions: len(c.actions), Bytes: total}
	}
	return nil
}

// send sends the commit, once.
func (c *commit) send(ctx context.Context) error {
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	if c.single() {
		a := c.actions[0]
		expression, names, values := a.condition.parts()
		if a.kind == put {
			_, err := c.table.client.PutItem(ctx, &dynamodb.PutItemInput{
				TableName: &c.table.name, Item: c.items[0], ConditionExpression: expression, ExpressionAttributeNames: names,
				ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old,
			}, once)
			return err
		}
		_, err := c.table.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &c.table.name, Key: a.item.Key.attributes(), ConditionExpression: expression, ExpressionAttributeNames: names,
			ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old,
		}, once)
		return err
	}
	requests := make([]types.TransactWriteItem, len(c.actions))
	for i, a := range c.actions {
		expression, names, values := a.condition.parts()
		switch a.kind {
		case put:
			requests[i].Put = &types.Put{
				TableName: &c.table.name, Item: c.items[i], ConditionExpression: expression, ExpressionAttributeNames: names,
				ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old,
			}
		case remove:
			requests[i].Delete = &types.Delete{
				TableName: &c.table.name, Key: a.item.Key.attributes(), ConditionExpression: expression, ExpressionAttributeNames: names,
				ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old,
			}
		case check:
			requests[i].ConditionCheck = &types.ConditionCheck{
				TableName: &c.table.name, Key: a.item.Key.attributes(), ConditionExpression: expression, ExpressionAttributeNames: names,
				ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old,
			}
		}
	}
	_, err := c.table.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: requests, ClientRequestToken: &c.request}, once)
	return err
}

// parts returns the condition as requests take it; nothing at all for none.
func (c Condition) parts() (expression *string, names map[string]string, values attributes) {
	if c.Expression == "" {
		return nil, nil, nil
	}
	return &c.Expression, maps.Clone(c.Names), c.Values
}
