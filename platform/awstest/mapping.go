package awstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Delivered is a CloudEvent as EventBridge puts it into a queue.
func Delivered(cloudEvent []byte) string {
	return `{"version":"0","id":"5b9b8b2c-0000-4000-8000-000000000000","detail-type":"t","source":"s","account":"` + account + `",` +
		`"time":"2026-11-25T10:00:00Z","region":"eu-central-1","resources":[],"detail":` + string(cloudEvent) + `}`
}

// Messages are what the mapping of a queue passes on. Their ids are "0", "1" and so on.
func Messages(queueARN string, bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint(i), Body: body, EventSourceARN: queueARN, EventSource: "aws:sqs",
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1764000001000"},
		})
	}
	return e
}

// Records are what the mapping of a table's stream passes on, by way of the JSON that
// Lambda sends.
func Records(tb testing.TB, records []types.Record) []events.DynamoDBEventRecord {
	tb.Helper()
	passed := make([]events.DynamoDBEventRecord, len(records))
	for i, r := range records {
		encoded, err := json.Marshal(map[string]any{
			"eventID": r.EventID, "eventName": r.EventName, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
			"dynamodb": map[string]any{
				"SequenceNumber": r.Dynamodb.SequenceNumber, "Keys": image(tb, r.Dynamodb.Keys), "NewImage": image(tb, r.Dynamodb.NewImage),
			},
		})
		if err != nil {
			tb.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &passed[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return passed
}

func image(tb testing.TB, attributes map[string]types.AttributeValue) map[string]map[string]string {
	tb.Helper()
	if attributes == nil {
		return nil // of an item that was removed
	}
	encoded := map[string]map[string]string{}
	for name, value := range attributes {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			encoded[name] = map[string]string{"S": v.Value}
		case *types.AttributeValueMemberN:
			encoded[name] = map[string]string{"N": v.Value}
		case *types.AttributeValueMemberB:
			encoded[name] = map[string]string{"B": base64.StdEncoding.EncodeToString(v.Value)}
		default:
			tb.Fatalf("attribute %s is %T", name, v)
		}
	}
	return encoded
}
