package units

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Handler counts, as Attach does, requests that pass on their way to an emulator's
// API behind next: those of functions, whose clients are their own. What cannot be
// counted is answered with 501, and what is no request to DynamoDB passes.
func (m *Meter) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, found := strings.Cut(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
		if !found {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		parameters, err := decodeRequest(operation, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := answer{header: http.Header{}, status: http.StatusOK}
		_, err = m.observe(r.Context(), operation, parameters, func(context.Context) (any, error) {
			next.ServeHTTP(&answer, r)
			return answer.result(operation)
		})
		if err != nil && answer.status < http.StatusBadRequest {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		for name, values := range answer.header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes()) // the function does not wait for it any more
	})
}

// answer keeps what the emulator says.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// result is what the meter looks at in an answer.
func (a *answer) result(operation string) (any, error) {
	if a.status >= http.StatusBadRequest {
		return nil, fmt.Errorf("answered %d", a.status)
	}
	if operation != "Query" {
		return nil, nil
	}
	var out struct{ Items []wireItem }
	if err := json.Unmarshal(a.body.Bytes(), &out); err != nil {
		return nil, err
	}
	return &dynamodb.QueryOutput{Items: items(out.Items)}, nil
}

// wireItem is an item as the protocol has it.
type wireItem map[string]events.DynamoDBAttributeValue

func (w wireItem) item() Item {
	if w == nil {
		return nil
	}
	item := make(Item, len(w))
	for name, value := range w {
		item[name] = attribute(value)
	}
	return item
}

func items(wire []wireItem) []Item {
	all := make([]Item, len(wire))
	for i, w := range wire {
		all[i] = w.item()
	}
	return all
}

func attribute(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeBinary:
		return &types.AttributeValueMemberB{Value: v.Binary()}
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case events.DataTypeBinarySet:
		return &types.AttributeValueMemberBS{Value: v.BinarySet()}
	case events.DataTypeList:
		list := make([]types.AttributeValue, len(v.List()))
		for i, each := range v.List() {
			list[i] = attribute(each)
		}
		return &types.AttributeValueMemberL{Value: list}
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: wireItem(v.Map()).item()}
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeNumberSet:
		return &types.AttributeValueMemberNS{Value: v.NumberSet()}
	case events.DataTypeStringSet:
		return &types.AttributeValueMemberSS{Value: v.StringSet()}
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}
	default:
		return &types.AttributeValueMemberNULL{Value: true}
	}
}

// wireRequest is what of all requests the meter looks at.
type wireRequest struct {
	wireKeyed
	ConsistentRead       *bool
	FilterExpression     *string
	IndexName            *string
	ProjectionExpression *string
	Select               types.Select
	TransactItems        []struct{ Put, Update, Delete, ConditionCheck, Get *wireKeyed }
	RequestItems         map[string]struct {
		Keys           []wireItem
		ConsistentRead *bool
	}
}

type wireKeyed struct{ Key, Item wireItem }

// decodeRequest returns the SDK's parameters of a request, as far as the meter looks
// at them.
func decodeRequest(operation string, body []byte) (any, error) {
	var r wireRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	switch operation {
	case "PutItem":
		return &dynamodb.PutItemInput{Item: r.Item.item()}, nil
	case "UpdateItem":
		return &dynamodb.UpdateItemInput{Key: r.Key.item()}, nil
	case "DeleteItem":
		return &dynamodb.DeleteItemInput{Key: r.Key.item()}, nil
	case "GetItem":
		return &dynamodb.GetItemInput{Key: r.Key.item(), ConsistentRead: r.ConsistentRead}, nil
	case "BatchGetItem":
		in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{}}
		for table, asked := range r.RequestItems {
			in.RequestItems[table] = types.KeysAndAttributes{Keys: items(asked.Keys), ConsistentRead: asked.ConsistentRead}
		}
		return in, nil
	case "Query":
		return &dynamodb.QueryInput{
			ConsistentRead: r.ConsistentRead, FilterExpression: r.FilterExpression, IndexName: r.IndexName,
			ProjectionExpression: r.ProjectionExpression, Select: r.Select,
		}, nil
	case "TransactWriteItems":
		in := &dynamodb.TransactWriteItemsInput{}
		for _, each := range r.TransactItems {
			var w types.TransactWriteItem
			switch {
			case each.Put != nil:
				w.Put = &types.Put{Item: each.Put.Item.item()}
			case each.Update != nil:
				w.Update = &types.Update{Key: each.Update.Key.item()}
			case each.Delete != nil:
				w.Delete = &types.Delete{Key: each.Delete.Key.item()}
			case each.ConditionCheck != nil:
				w.ConditionCheck = &types.ConditionCheck{Key: each.ConditionCheck.Key.item()}
			}
			in.TransactItems = append(in.TransactItems, w)
		}
		return in, nil
	case "TransactGetItems":
		in := &dynamodb.TransactGetItemsInput{}
		for _, each := range r.TransactItems {
			if each.Get == nil {
				return nil, fmt.Errorf("%w: a read of nothing", errUncountable)
			}
			in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{Key: each.Get.Key.item()}})
		}
		return in, nil
	default:
		return nil, fmt.Errorf("%w: %s", errUncountable, operation)
	}
}
