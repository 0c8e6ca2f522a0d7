package dynamotest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/testserver"
)

const template = "../testdata/template.yaml"

func TestTheTableIsAsTheTemplateDeclaresIt(t *testing.T) {
	t.Parallel()
	declared, err := dynamotest.Declared(template)
	if err != nil {
		t.Fatal(err)
	}
	index := declared.GlobalSecondaryIndexes[0]
	got := fmt.Sprint(*declared.KeySchema[0].AttributeName, *declared.KeySchema[1].AttributeName, len(declared.AttributeDefinitions), len(declared.GlobalSecondaryIndexes),
		*index.IndexName, *index.KeySchema[0].AttributeName, *index.KeySchema[1].AttributeName, index.Projection.ProjectionType,
		declared.BillingMode, declared.StreamSpecification.StreamViewType, *declared.StreamSpecification.StreamEnabled)
	if want := fmt.Sprint("pk", "sk", 6, 3, "byOwner", "owner", "place", "KEYS_ONLY", "PAY_PER_REQUEST", "NEW_IMAGE", true); got != want {
		t.Errorf("declared %s, want %s", got, want)
	}
}

func TestATableThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to, want string }{
		{"other keys", "{AttributeName: pk, KeyType: HASH}", "{AttributeName: id, KeyType: HASH}", "keys"},
		{"a key that is a number", "{AttributeName: place, AttributeType: S}", "{AttributeName: place, AttributeType: N}", "place"},
		{"provisioned", "PAY_PER_REQUEST", "PROVISIONED", "billing mode"},
		{"a stream without images", "NEW_IMAGE", "KEYS_ONLY", "stream"},
		{"no time to live", "AttributeName: ttl, Enabled: true", "AttributeName: ttl, Enabled: false", "ttl"},
		{"no table", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "0 tables"},
		{"no template", "Resources:", "Resources: [", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "template.yaml")
			changed := strings.Replace(string(source), tt.from, tt.to, 1)
			if changed == string(source) {
				t.Fatal("nothing was changed")
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := dynamotest.Declared(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Declared() = %v, want it to name %q", err, tt.want)
			}
		})
	}
}

// TestTransactionsAreAtomic has transactions that are cancelled beside puts: what
// was put stays, and nothing of a cancelled transaction is ever seen.
func TestTransactionsAreAtomic(t *testing.T) {
	t.Parallel()
	table := dynamotest.New(t, testserver.Moto(t), template)
	client := table.Client(t)
	const workers, each = 4, 4
	if err := table.Write(t.Context(), map[string]string{"pk": "taken", "sk": "-"}); err != nil {
		t.Fatal(err)
	}
	never := dynamotest.Attributes(map[string]string{"pk": "never", "sk": "0"})
	condition := "attribute_not_exists(pk)"
	// Many, so that it takes long.
	var actions []types.TransactWriteItem
	for i := range 99 {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: &table.Name, Item: dynamotest.Attributes(map[string]string{"pk": "never", "sk": fmt.Sprint(i)}),
		}})
	}
	actions = append(actions, types.TransactWriteItem{Put: &types.Put{
		TableName: &table.Name, ConditionExpression: &condition, Item: dynamotest.Attributes(map[string]string{"pk": "taken", "sk": "-"}),
	}})
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			for i := range each {
				if err := table.Write(t.Context(), map[string]string{"pk": fmt.Sprintf("put%d", worker), "sk": fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
				if out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table.Name, Key: never}); err != nil || out.Item != nil {
					t.Errorf("a cancelled transaction was seen: %v, %v", out, err)
				}
			}
		})
		running.Go(func() {
			for range each {
				_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: actions})
				var cancelled *types.TransactionCanceledException
				if !errors.As(err, &cancelled) {
					t.Errorf("the transaction: %v, want it cancelled", err)
				}
			}
		})
	}
	running.Wait()
	for worker := range workers {
		for i := range each {
			key := dynamotest.Attributes(map[string]string{"pk": fmt.Sprintf("put%d", worker), "sk": fmt.Sprint(i)})
			out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table.Name, Key: key})
			if err != nil || out.Item == nil {
				t.Errorf("put %d of %d is lost: %v", i, worker, err)
			}
		}
	}
}

// TestWhatIsCountedOnTheWireIsWhatClientsCount has one client's requests counted twice.
func TestWhatIsCountedOnTheWireIsWhatClientsCount(t *testing.T) {
	t.Parallel()
	endpoint := testserver.Moto(t)
	table := dynamotest.New(t, endpoint, template)
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	wire := table.Meter()
	server := httptest.NewServer(wire.Handler(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}))
	t.Cleanup(server.Close)
	attached := table.Meter()
	client := table.Client(t, attached.Attach, func(o *dynamodb.Options) { o.BaseEndpoint, o.HTTPClient = &server.URL, server.Client() })
	item := func(sk string, size int) map[string]types.AttributeValue {
		i := dynamotest.Attributes(map[string]string{"pk": "p", "sk": sk, "owner": "o", "place": sk, "text": strings.Repeat("x", size)})
		i["n"], i["b"], i["yes"] = &types.AttributeValueMemberN{Value: "-12.5"}, &types.AttributeValueMemberB{Value: make([]byte, 700)}, &types.AttributeValueMemberBOOL{Value: true}
		i["l"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"null": &types.AttributeValueMemberNULL{Value: true}}}}}
		i["sets"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"s": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "n": &types.AttributeValueMemberNS{Value: []string{"1", "2"}}, "b": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
		}}
		return i
	}
	key := func(sk string) map[string]types.AttributeValue {
		return dynamotest.Attributes(map[string]string{"pk": "p", "sk": sk})
	}
	absent, here, changed := "attribute_not_exists(pk)", "attribute_exists(pk)", "SET #t = :t"
	names := map[string]string{"#t": "text"}
	values := dynamotest.Attributes(map[string]string{":t": strings.Repeat("y", 3000)})
	steps := []struct {
		name string
		do   func() error
	}{
		{"put", func() error {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table.Name, Item: item("1", 1500)})
			return err
		}},
		{"put what is there", func() error {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table.Name, Item: item("1", 10), ConditionExpression: &absent})
			if err == nil {
				t.Error("the condition held")
			}
			return nil
		}},
		{"update", func() error {
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: &table.Name, Key: key("1"), UpdateExpression: &changed, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			})
			return err
		}},
		{"write in a transaction", func() error {
			_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: &table.Name, Item: item("2", 5000)}},
				{Put: &types.Put{TableName: &table.Name, Item: item("3", 1)}},
				{ConditionCheck: &types.ConditionCheck{TableName: &table.Name, Key: key("1"), ConditionExpression: &here}},
			}})
			return err
		}},
		{"update and delete in a transaction", func() error {
			_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Update: &types.Update{TableName: &table.Name, Key: key("2"), UpdateExpression: &changed, ExpressionAttributeNames: names, ExpressionAttributeValues: values}},
				{Delete: &types.Delete{TableName: &table.Name, Key: key("3")}},
			}})
			return err
		}},
		{"get", func() error {
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table.Name, Key: key("1"), ConsistentRead: aws.Bool(true)})
			return err
		}},
		{"get several", func() error {
			_, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				table.Name: {Keys: []map[string]types.AttributeValue{key("1"), key("2"), key("4")}},
			}})
			return err
		}},
		{"get in a transaction", func() error {
			_, err := client.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: &table.Name, Key: key("1")}}}})
			return err
		}},
		{"query", func() error {
			where, only := "pk = :p", "pk, sk"
			_, err := client.Query(t.Context(), &dynamodb.QueryInput{
				TableName: &table.Name, KeyConditionExpression: &where, ProjectionExpression: &only, ExpressionAttributeValues: dynamotest.Attributes(map[string]string{":p": "p"}),
			})
			return err
		}},
		{"query an index", func() error {
			where, index := "#o = :o", "byOwner"
			_, err := client.Query(t.Context(), &dynamodb.QueryInput{
				TableName: &table.Name, IndexName: &index, KeyConditionExpression: &where, ExpressionAttributeNames: map[string]string{"#o": "owner"},
				ExpressionAttributeValues: dynamotest.Attributes(map[string]string{":o": "o"}),
			})
			return err
		}},
		{"delete", func() error {
			_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table.Name, Key: key("1")})
			return err
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		want, got := attached.Take(), wire.Take()
		if got.String() != want.String() || len(got) != 1 || got.Total().Read+float64(got.Total().Write) == 0 {
			t.Errorf("%s: on the wire %s, at the client %s", step.name, got, want)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(`{"TableName":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
	refused, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	refused.Body.Close()
	if refused.StatusCode != http.StatusNotImplemented || len(wire.Take()) != 0 {
		t.Errorf("a scan is answered %d", refused.StatusCode)
	}
}
