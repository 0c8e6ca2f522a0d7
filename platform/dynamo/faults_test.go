package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo"
)

// double answers as DynamoDB does where the emulator cannot: with conflicts,
// throttles and reasons, in its JSON. It answers from the script, in order, and
// everything with success when that is over.
type double struct {
	script []func(body map[string]any) (status int, answer string)
	bodies []map[string]any
	tokens []string
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	d.bodies = append(d.bodies, body)
	if token, ok := body["ClientRequestToken"].(string); ok {
		d.tokens = append(d.tokens, token)
	}
	status, answer := http.StatusOK, "{}"
	if len(d.script) > 0 {
		status, answer = d.script[0](body)
		d.script = d.script[1:]
	}
	if status == 0 {
		return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(answer)),
	}, nil
}

func (d *double) table() *dynamo.Table {
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", HTTPClient: &http.Client{Transport: d}, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "x", SecretAccessKey: "x"}, nil
		}),
	})
	return dynamo.New(client, "things", clock.NewManual(start))
}

func answer(status int, body string) func(map[string]any) (int, string) {
	return func(map[string]any) (int, string) { return status, body }
}

// fails answers with an error of the API.
func fails(code, more string) func(map[string]any) (int, string) {
	return answer(http.StatusBadRequest, fmt.Sprintf(`{"__type": "com.amazonaws.dynamodb.v20120810#%s", "message": "m"%s}`, code, more))
}

// cancelled answers with the reasons of a cancelled transaction.
func cancelled(codes ...string) func(map[string]any) (int, string) {
	reasons := make([]string, len(codes))
	for i, code := range codes {
		reasons[i] = fmt.Sprintf(`{"Code": %q}`, code)
	}
	return fails("TransactionCanceledException", `, "CancellationReasons": [`+strings.Join(reasons, ",")+`]`)
}

// done is a commit whose answer the client did not hear: the item is its own.
func done(code string, reasons bool) func(map[string]any) (int, string) {
	return func(body map[string]any) (int, string) {
		put := body
		if reasons {
			put = body["TransactItems"].([]any)[1].(map[string]any)["Put"].(map[string]any)
		}
		stored, err := json.Marshal(put["Item"])
		if err != nil {
			return http.StatusInternalServerError, err.Error()
		}
		more := `, "Item": ` + string(stored)
		if reasons {
			more = `, "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ` + string(stored) + `}]`
		}
		return fails(code, more)(nil)
	}
}

// defect is a failure of the service.
var defect = answer(http.StatusInternalServerError, `{"__type": "InternalServerError"}`)

// unheard is an answer that got lost with its connection.
var unheard = answer(0, "")

type script = []func(map[string]any) (int, string)

// nothing is a read of an item that does not exist.
var nothing = answer(http.StatusOK, "{}")

func TestFaultsOfACommit(t *testing.T) {
	t.Parallel()
	two := func(tx *dynamo.Tx) error {
		if _, err := tx.Get(key("p", "1")); !errors.Is(err, dynamo.ErrNotFound) {
			return err
		}
		tx.Put(item("p", "1", "x"))
		tx.Create(item("p", "2", "x"))
		return nil
	}
	one := func(tx *dynamo.Tx) error { tx.Create(item("p", "1", "x")); return nil }
	var (
		refused *dynamo.ConditionError
		invalid *types.TransactionCanceledException
	)
	tests := []struct {
		name     string
		unit     func(*dynamo.Tx) error
		script   script
		wantRuns int
		want     func(error) bool // nil: it committed
	}{
		{"a conflict is sent again", two, script{nothing, cancelled("TransactionConflict", "None"), cancelled("None", "ThrottlingError")}, 1, nil},
		{"throttled requests are sent again", two, script{
			fails("ProvisionedThroughputExceededException", ""), nothing, fails("ThrottlingException", ""), fails("TransactionInProgressException", ""),
		}, 1, nil},
		{"a single item in another's transaction is sent again", one, script{fails("TransactionConflictException", "")}, 1, nil},
		{"a change since it was read runs the unit again", two, script{nothing, cancelled("ConditionalCheckFailed", "None")}, 2, nil},
		{"a change counts more than a conflict", two, script{nothing, cancelled("ConditionalCheckFailed", "TransactionConflict")}, 2, nil},
		{"a change counts more than a condition", two, script{nothing, cancelled("ConditionalCheckFailed", "ConditionalCheckFailed")}, 2, nil},
		{
			"a condition of the caller's is told by its item", two,
			script{nothing, cancelled("None", "ConditionalCheckFailed")},
			1,
			func(err error) bool { return errors.As(err, &refused) && refused.Key == key("p", "2") },
		},
		{
			"a condition counts more than a conflict", two,
			script{nothing, cancelled("TransactionConflict", "ConditionalCheckFailed")},
			1,
			func(err error) bool { return errors.As(err, &refused) && refused.Key == key("p", "2") },
		},
		{
			"a condition of a single item", one,
			script{fails("ConditionalCheckFailedException", "")},
			1,
			func(err error) bool { return errors.As(err, &refused) && refused.Key == key("p", "1") },
		},
		{
			"a mistake of the request is not repeated", two,
			script{nothing, cancelled("ValidationError", "TransactionConflict")},
			1,
			func(err error) bool { return errors.As(err, &invalid) },
		},
		{"a broken connection is no answer", one, script{unheard, unheard, unheard}, 1, nil},
		{
			"nor is a defect of the service, and it is told in the end", two,
			script{nothing, defect, unheard, defect, defect},
			1,
			func(err error) bool {
				var fault *types.InternalServerError
				return errors.Is(err, dynamo.ErrInDoubt) && errors.As(err, &fault)
			},
		},
		{
			"a single item may have been written before somebody changed it", one,
			script{unheard, fails("ConditionalCheckFailedException", "")},
			1,
			func(err error) bool { return errors.Is(err, dynamo.ErrInDoubt) },
		},
		{"a transaction was not, or it would say so", two, script{nothing, unheard, cancelled("ConditionalCheckFailed", "None")}, 2, nil},
		{"the answer to a transaction was lost", two, script{nothing, done("TransactionCanceledException", true)}, 1, nil},
		{"the answer to a single put was lost", one, script{done("ConditionalCheckFailedException", false)}, 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, runs := &double{script: tt.script}, 0
			err := d.table().Update(t.Context(), func(tx *dynamo.Tx) error { runs++; return tt.unit(tx) })
			if tt.want == nil && err != nil || tt.want != nil && !tt.want(err) {
				t.Errorf("Update() = %v", err)
			}
			if runs != tt.wantRuns || len(d.script) > 0 {
				t.Errorf("it ran %d times, want %d; %d answers were not asked for", runs, tt.wantRuns, len(d.script))
			}
		})
	}
}

func TestWhatIsSentAgainIsOneRequest(t *testing.T) {
	t.Parallel()
	d := &double{script: script{cancelled("TransactionConflict", "None"), cancelled("ConditionalCheckFailed", "None")}}
	err := d.table().Update(t.Context(), func(tx *dynamo.Tx) error {
		tx.Put(item("p", "1", "x"))
		tx.Put(item("p", "2", "x"))
		return nil
	})
	if err != nil || len(d.tokens) != 3 || d.tokens[0] == "" || d.tokens[0] != d.tokens[1] || d.tokens[1] == d.tokens[2] {
		t.Errorf("Update() = %v with tokens %q, want the third alone to differ", err, d.tokens)
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(map[string]any) (int, string)
		limit  time.Duration // of the caller; 0: none
		unit   func(*dynamo.Tx) error
	}{
		{"of conflicts", cancelled("TransactionConflict", "None"), time.Second, nil},
		{"of changes", cancelled("ConditionalCheckFailed", "None"), time.Second, nil},
		{"of those without a deadline", cancelled("TransactionConflict", "None"), 0, nil},
		{"of reads", fails("ThrottlingException", ""), time.Second, func(tx *dynamo.Tx) error { _, err := tx.Get(key("p", "1")); return err }},
		{
			"of many reads", answer(http.StatusOK, `{"Responses": {}, "UnprocessedKeys": {"things": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "1"}}]}}}`), time.Second,
			func(tx *dynamo.Tx) error { return tx.Load(key("p", "1"), key("p", "2")) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &double{}
				for range 10_000 {
					d.script = append(d.script, tt.answer)
				}
				ctx := t.Context()
				if tt.limit > 0 {
					limited, cancel := context.WithTimeout(ctx, tt.limit)
					defer cancel()
					ctx = limited
				}
				unit := tt.unit
				if unit == nil {
					unit = func(tx *dynamo.Tx) error { tx.Put(item("p", "1", "x")); tx.Put(item("p", "2", "x")); return nil }
				}
				began := time.Now()
				err := d.table().Update(ctx, unit)
				if took, most := time.Since(began), max(tt.limit, 10*time.Second); !errors.Is(err, dynamo.ErrBusy) || took > most || took == 0 {
					t.Errorf("after %v: %v, want ErrBusy within %v", took, err, most)
				}
				if len(d.bodies) < 5 || len(d.bodies) > 1000 {
					t.Errorf("it was tried %d times", len(d.bodies))
				}
			})
		})
	}
}

// A commit that was perhaps done is not reported as one that was not.
func TestPatienceThatEndsAfterALostAnswerIsDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &double{script: script{unheard}}
		for range 10_000 {
			d.script = append(d.script, cancelled("TransactionConflict", "None"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := d.table().Update(ctx, func(tx *dynamo.Tx) error {
			tx.Put(item("p", "1", "x"))
			tx.Put(item("p", "2", "x"))
			return nil
		})
		if !errors.Is(err, dynamo.ErrInDoubt) || errors.Is(err, dynamo.ErrBusy) {
			t.Errorf("%v, want ErrInDoubt alone", err)
		}
	})
}

func TestWhatWasNotReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	d := &double{script: script{
		answer(http.StatusOK, `{"Responses": {"things": [{"pk": {"S": "p"}, "sk": {"S": "1"}, "doc": {"S": "one"}}]},
			"UnprocessedKeys": {"things": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "2"}}], "ConsistentRead": true}}}`),
		answer(http.StatusOK, `{"Responses": {"things": [{"pk": {"S": "p"}, "sk": {"S": "2"}, "doc": {"S": "two"}}]}, "UnprocessedKeys": {}}`),
	}}
	found, err := d.table().GetAll(t.Context(), []dynamo.Key{key("p", "1"), key("p", "2")})
	if err != nil || len(found) != 2 || string(found[key("p", "2")].Document) != "two" || len(d.bodies) != 2 {
		t.Errorf("GetAll() = %v, %v after %d requests", found, err, len(d.bodies))
	}
}

func TestAnUnreadableItemIsAnError(t *testing.T) {
	t.Parallel()
	d := &double{script: script{answer(http.StatusOK, `{"Item": {"pk": {"S": "p"}, "sk": {"S": "1"}, "ttl": {"N": "1.5"}}}`)}}
	if _, err := d.table().Get(t.Context(), key("p", "1")); err == nil {
		t.Error("a fraction of a second was read")
	}
}
