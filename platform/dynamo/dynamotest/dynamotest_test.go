package dynamotest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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
	if want := fmt.Sprint("pk", "sk", 4, 1, "byOwner", "owner", "place", "KEYS_ONLY", "PAY_PER_REQUEST", "NEW_IMAGE", true); got != want {
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
