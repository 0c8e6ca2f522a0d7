package dynamotest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"ticketmesh.dev/platform/dynamo/units"
	"ticketmesh.dev/platform/id"
)

// Table is a table of a test's own. It goes with the test.
type Table struct {
	Name string

	endpoint  string
	schema    units.Schema
	transport *SerialTransactions
	client    *dynamodb.Client
}

// New makes the table that the template declares at the endpoint of an emulator.
func New(t testing.TB, endpoint, template string, options ...func(*dynamodb.CreateTableInput)) *Table {
	t.Helper()
	input, err := Declared(template)
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range options {
		option(input)
	}
	table := &Table{
		Name: "test-" + id.New().String(), endpoint: endpoint, schema: units.SchemaOf(input),
		// Moto serves one request at a time, so that more connections only wait, and some
		// are refused.
		transport: &SerialTransactions{Transport: &http.Transport{MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64}},
	}
	table.client = dynamodb.NewFromConfig(table.Config())
	input.TableName = &table.Name
	// Nobody else has the name: a table that exists is of a request that the client
	// repeated because it did not hear the answer.
	var exists *types.ResourceInUseException
	if _, err := table.client.CreateTable(t.Context(), input); err != nil && !errors.As(err, &exists) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := table.client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table.Name}); err != nil {
			t.Error(err)
		}
		table.transport.Transport.(*http.Transport).CloseIdleConnections()
	})
	return table
}

// WithoutStream is an option of New, for tests of many transactions: moto copies
// the table once for each item of a transaction, and its stream with all that was
// ever written.
func WithoutStream(table *dynamodb.CreateTableInput) { table.StreamSpecification = nil }

// Config returns how to reach the emulator. Whoever uses the table has to send
// by its HTTPClient, so that transactions are atomic.
func (t *Table) Config() aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: &t.endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		HTTPClient: &http.Client{Transport: t.transport, Timeout: time.Minute},
	}
}

// Client returns a client that refuses to scan, which fails the test.
func (t *Table) Client(tb testing.TB, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(t.Config(), append(options, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("no scan", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				if refuse(in.Parameters) {
					tb.Errorf("%T reads a whole table", in.Parameters)
					return middleware.InitializeOutput{}, middleware.Metadata{}, errScan
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	})...)
}

var errScan = errors.New("scans are not allowed")

// refuse reports whether a request may read a whole table. PartiQL does so in
// silence when its condition has no key.
func refuse(parameters any) bool {
	switch parameters.(type) {
	case *dynamodb.ScanInput, *dynamodb.ExecuteStatementInput, *dynamodb.BatchExecuteStatementInput, *dynamodb.ExecuteTransactionInput:
		return true
	}
	return false
}

// Metered returns a client as Client does, and the meter of its requests.
func (t *Table) Metered(tb testing.TB) (*dynamodb.Client, *units.Meter) {
	meter := t.Meter()
	return t.Client(tb, meter.Attach), meter
}

// Meter returns a meter of requests to the table; nothing is attached to it. It looks at
// items by the table's own HTTPClient, which a client behind its Handler must not use: the
// one would wait for the other's transaction.
func (t *Table) Meter() *units.Meter { return units.NewMeter(t.schema, t.items) }

// items implements units.Peek.
func (t *Table) items(ctx context.Context, keys []units.Item) ([]units.Item, error) {
	found := make(map[string]units.Item, len(keys))
	name := func(item units.Item) string {
		pk, sk := item["pk"].(*types.AttributeValueMemberS), item["sk"].(*types.AttributeValueMemberS)
		return pk.Value + "\x00" + sk.Value
	}
	for chunk := range slices.Chunk(keys, 100) { // the most that DynamoDB reads at once
		for len(chunk) > 0 {
			out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				t.Name: {Keys: chunk, ConsistentRead: aws.Bool(true)},
			}})
			if err != nil {
				return nil, fmt.Errorf("look at items: %w", err)
			}
			for _, item := range out.Responses[t.Name] {
				found[name(item)] = item
			}
			chunk = out.UnprocessedKeys[t.Name].Keys
		}
	}
	items := make([]units.Item, len(keys))
	for i, key := range keys {
		items[i] = found[name(key)]
	}
	return items, nil
}

// Attributes returns attributes of strings.
func Attributes(values map[string]string) units.Item {
	item := make(units.Item, len(values))
	for name, value := range values {
		item[name] = &types.AttributeValueMemberS{Value: value}
	}
	return item
}

// Write puts an item of strings by the emulator's own means, as somebody does in
// the console.
func (t *Table) Write(ctx context.Context, values map[string]string) error {
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.Name, Item: Attributes(values)})
	return err
}
