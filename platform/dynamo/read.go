package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// read sends a request until DynamoDB has the capacity for it.
func read[Out any](ctx context.Context, send func(context.Context) (Out, error)) (Out, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for b := (backoff{}); ; {
		out, err := send(ctx)
		var fault smithy.APIError
		if err == nil || !errors.As(err, &fault) || !retryable(fault.ErrorCode()) {
			return out, err
		}
		if err := b.wait(ctx, err); err != nil {
			return out, err
		}
	}
}

// Get returns the item as the last commit left it, or ErrNotFound.
func (t *Table) Get(ctx context.Context, key Key) (Item, error) {
	out, err := read(ctx, func(ctx context.Context) (*dynamodb.GetItemOutput, error) {
		return t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: key.attributes(), ConsistentRead: aws.Bool(true)})
	})
	if err != nil {
		return Item{}, err
	}
	if len(out.Item) == 0 {
		return Item{}, ErrNotFound
	}
	return decode(out.Item)
}

// batchSize is how many items DynamoDB reads in one request.
const batchSize = 100

// GetAll returns those of the items that exist, each as the last commit left it;
// not all of them as of one instant.
func (t *Table) GetAll(ctx context.Context, keys []Key) (map[Key]Item, error) {
	found := make(map[Key]Item, len(keys))
	asked := make(map[Key]bool, len(keys))
	var wanted []attributes
	for _, key := range keys {
		if !asked[key] { // DynamoDB refuses a key that stands there twice
			asked[key] = true
			wanted = append(wanted, key.attributes())
		}
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	b := backoff{}
	for len(wanted) > 0 {
		n := min(len(wanted), batchSize)
		out, err := read(ctx, func(ctx context.Context) (*dynamodb.BatchGetItemOutput, error) {
			return t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				t.name: {Keys: wanted[:n], ConsistentRead: aws.Bool(true)},
			}})
		})
		if err != nil {
			return nil, err
		}
		for _, encoded := range out.Responses[t.name] {
			item, err := decode(encoded)
			if err != nil {
				return nil, err
			}
			found[item.Key] = item
		}
		left := out.UnprocessedKeys[t.name].Keys
		wanted = append(left, wanted[n:]...)
		if len(left) > 0 {
			if err := b.wait(ctx, errUnprocessed); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

var errUnprocessed = errors.New("not all items were read")
