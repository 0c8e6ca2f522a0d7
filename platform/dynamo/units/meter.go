package units

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Count is how often an operation was requested and what that cost.
type Count struct {
	Requests int
	Read     float64
	Write    int // of the table and its indexes
	Index    int // what of it the indexes are charged
}

// Counts are counts by operation: "GetItem", "TransactWriteItems".
type Counts map[string]Count

// Total adds all operations up.
func (c Counts) Total() Count {
	var sum Count
	for _, each := range c {
		sum.add(each)
	}
	return sum
}

func (c *Count) add(o Count) {
	c.Requests += o.Requests
	c.Read += o.Read
	c.Write += o.Write
	c.Index += o.Index
}

// String lists the operations, for a test to log.
func (c Counts) String() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		each := c[name]
		lines = append(lines, fmt.Sprintf("%s %d: %v read, %d write (%d index)", name, each.Requests, each.Read, each.Write, each.Index))
	}
	return strings.Join(lines, "; ")
}

// Meter counts the requests of clients. It looks every item up before it is
// written and after it was read, so figures are exact while nobody else writes;
// it is for tests and not for races. Requests that the client repeats on its own
// count once. Safe for concurrent use.
type Meter struct {
	schema Schema
	peek   Peek

	mu     sync.Mutex
	counts Counts
}

// Peek returns items whole, consistently and uncounted, in the order of their
// keys; nil for one that does not exist. No two keys are the same.
type Peek func(ctx context.Context, keys []Item) ([]Item, error)

// NewMeter returns a meter of a table.
func NewMeter(schema Schema, peek Peek) *Meter {
	return &Meter{schema: schema, peek: peek, counts: Counts{}}
}

// Take returns what was counted since the last call.
func (m *Meter) Take() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.counts
	m.counts = Counts{}
	return taken
}

// Attach has the client's requests counted. A request that cannot be counted is
// refused: one with a filter, a count or a projection over an index, and every
// operation that the meter does not know, of which Scan is one.
func (m *Meter) Attach(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("request units", m.handle), middleware.After)
	})
}

// errUncountable reports a request that the meter has no rule for.
var errUncountable = errors.New("request units cannot be computed")

func (m *Meter) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	var out middleware.InitializeOutput
	var metadata middleware.Metadata
	_, err := m.observe(ctx, middleware.GetOperationName(ctx), in.Parameters, func(ctx context.Context) (_ any, failed error) {
		out, metadata, failed = next.HandleInitialize(ctx, in)
		return out.Result, failed
	})
	return out, metadata, err
}

// observe has a request sent and counts it. It returns what send does; its error is also
// that it could not be counted.
func (m *Meter) observe(ctx context.Context, operation string, parameters any, send func(context.Context) (any, error)) (any, error) {
	before, err := m.images(ctx, written(parameters, m.schema.Key))
	if err != nil {
		return nil, err
	}
	result, failed := send(ctx)
	count, err := m.count(ctx, parameters, result, before, failed)
	if err != nil {
		return result, errors.Join(err, failed)
	}
	count.Requests = 1
	m.mu.Lock()
	defer m.mu.Unlock()
	total := m.counts[operation]
	total.add(count)
	m.counts[operation] = total
	return result, failed
}

// write is an item that a request writes or checks.
type write struct {
	key           Item
	transactional bool
	check         bool
}

// written returns what a request writes, in its order.
func written(parameters any, key []string) []write {
	switch in := parameters.(type) {
	case *dynamodb.PutItemInput:
		return []write{{key: only(in.Item, key)}}
	case *dynamodb.UpdateItemInput:
		return []write{{key: in.Key}}
	case *dynamodb.DeleteItemInput:
		return []write{{key: in.Key}}
	case *dynamodb.TransactWriteItemsInput:
		writes := make([]write, len(in.TransactItems))
		for i, each := range in.TransactItems {
			writes[i].transactional = true
			switch {
			case each.Put != nil:
				writes[i].key = only(each.Put.Item, key)
			case each.Update != nil:
				writes[i].key = each.Update.Key
			case each.Delete != nil:
				writes[i].key = each.Delete.Key
			case each.ConditionCheck != nil:
				writes[i].key, writes[i].check = each.ConditionCheck.Key, true
			}
		}
		return writes
	}
	return nil
}

func (m *Meter) images(ctx context.Context, writes []write) ([]Item, error) {
	if len(writes) == 0 {
		return nil, nil
	}
	keys := make([]Item, len(writes))
	for i, each := range writes {
		keys[i] = each.key
	}
	return m.peek(ctx, keys)
}

func (m *Meter) count(ctx context.Context, parameters, result any, before []Item, failed error) (Count, error) {
	switch in := parameters.(type) {
	case *dynamodb.PutItemInput, *dynamodb.UpdateItemInput, *dynamodb.DeleteItemInput, *dynamodb.TransactWriteItemsInput:
		return m.countWrites(ctx, written(parameters, m.schema.Key), before)
	case *dynamodb.GetItemInput:
		return m.countGets(ctx, []Item{in.Key}, consistency(in.ConsistentRead), failed)
	case *dynamodb.BatchGetItemInput:
		var sum Count
		for _, asked := range in.RequestItems {
			count, err := m.countGets(ctx, asked.Keys, consistency(asked.ConsistentRead), failed)
			if err != nil {
				return Count{}, err
			}
			sum.add(count)
		}
		return sum, nil
	case *dynamodb.TransactGetItemsInput:
		keys := make([]Item, len(in.TransactItems))
		for i, each := range in.TransactItems {
			keys[i] = each.Get.Key
		}
		return m.countGets(ctx, keys, Transactional, failed)
	case *dynamodb.QueryInput:
		return m.countQuery(ctx, in, result, failed)
	}
	return Count{}, fmt.Errorf("%w: %T", errUncountable, parameters)
}

// countWrites compares items before and after. A write that failed is charged by
// what it found, and changed nothing.
func (m *Meter) countWrites(ctx context.Context, writes []write, before []Item) (Count, error) {
	after, err := m.images(ctx, writes)
	if err != nil {
		return Count{}, err
	}
	var sum Count
	for i, each := range writes {
		units := Write(max(ItemSize(before[i]), ItemSize(after[i])))
		if each.transactional {
			units *= 2
		}
		index := 0
		if !each.check {
			index = m.schema.Indexed(before[i], after[i])
		}
		sum.add(Count{Write: units + index, Index: index})
	}
	return sum, nil
}

func (m *Meter) countGets(ctx context.Context, keys []Item, c Consistency, failed error) (Count, error) {
	var sum Count
	if failed != nil {
		return sum, nil
	}
	items, err := m.peek(ctx, keys) // whole, whatever was asked for of them
	if err != nil {
		return Count{}, err
	}
	for _, item := range items {
		sum.Read += Read(ItemSize(item), c)
	}
	return sum, nil
}

// countQuery rounds what a page read up as a whole.
func (m *Meter) countQuery(ctx context.Context, in *dynamodb.QueryInput, result any, failed error) (Count, error) {
	if in.FilterExpression != nil || in.Select == types.SelectCount || in.IndexName != nil && in.ProjectionExpression != nil {
		return Count{}, fmt.Errorf("%w: a query that reads more than it returns", errUncountable)
	}
	out, ok := result.(*dynamodb.QueryOutput)
	if failed != nil || !ok {
		return Count{}, nil
	}
	items := out.Items
	if in.ProjectionExpression != nil && len(items) > 0 {
		keys := make([]Item, len(items))
		for i, item := range items {
			keys[i] = only(item, m.schema.Key)
		}
		var err error
		if items, err = m.peek(ctx, keys); err != nil {
			return Count{}, err
		}
	}
	size := 0
	for _, item := range items {
		size += ItemSize(item)
	}
	return Count{Read: Read(size, consistency(in.ConsistentRead))}, nil
}

func consistency(consistent *bool) Consistency {
	if aws.ToBool(consistent) {
		return Strong
	}
	return Eventual
}
