package aws_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/testserver"
)

const (
	clientID = "shop"
	account  = "arn:aws:sqs:eu-central-1:123456789012:"
)

// cloud is what the template makes for the functions, and an issuer of tokens.
type cloud struct {
	*testing.T
	variables map[string]string
	config    sdk.Config
	stage     string
	table     *dynamotest.Table
	read      int // of the stream's records
	queue     *string
	keys      jose.Signer
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	moto := testserver.Moto(t)
	c := &cloud{T: t, stage: "t" + strings.ReplaceAll(id.New().String(), "-", "")}
	c.table = dynamotest.New(t, moto, "../template.yaml")
	c.variables = map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": moto,
		"TICKETMESH_STAGE": c.stage, "TICKETMESH_TABLE": c.table.Name, "TICKETMESH_BUS": c.stage, "TICKETMESH_AUDIENCE": clientID + ",other",
		"TICKETMESH_CORS_ORIGINS": "https://example.com",
	}
	var err error
	c.config, err = awsconfig.New(c.getenv)
	c.ok(err)
	c.makeBus()
	c.makeIssuer()
	return c
}

func (c *cloud) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cloud) getenv(name string) string { return c.variables[name] }

func (c *cloud) runtime() lambda.Runtime {
	return lambda.Runtime{Getenv: c.getenv, Logger: slog.New(slog.DiscardHandler)}
}

// with is the environment of a function in which variables are changed, "NAME=value".
func (c *cloud) with(changes ...string) lambda.Runtime {
	variables := maps.Clone(c.variables)
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		variables[name] = value
	}
	return lambda.Runtime{Getenv: func(name string) string { return variables[name] }, Logger: slog.New(slog.DiscardHandler)}
}

func (c *cloud) makeBus() {
	c.Helper()
	bridge, queues := eventbridge.NewFromConfig(c.config), sqs.NewFromConfig(c.config)
	made, err := queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: &c.stage})
	c.ok(err)
	c.queue = made.QueueUrl
	_, err = bridge.CreateEventBus(c.Context(), &eventbridge.CreateEventBusInput{Name: &c.stage})
	c.ok(err)
	_, err = bridge.PutRule(c.Context(), &eventbridge.PutRuleInput{Name: &c.stage, EventBusName: &c.stage, EventPattern: sdk.String(`{"source": ["ticketmesh.shows"]}`)})
	c.ok(err)
	_, err = bridge.PutTargets(c.Context(), &eventbridge.PutTargetsInput{
		Rule: &c.stage, EventBusName: &c.stage, Targets: []types.Target{{Id: &c.stage, Arn: sdk.String(account + c.stage)}},
	})
	c.ok(err)
}

// announced takes what is on the bus, each event held to its contract.
func (c *cloud) announced(want ...string) (all []event.Event) {
	c.Helper()
	published := contracttest.Published(c.T, "shows")
	got := []string{}
	for _, body := range c.take(c.queue) {
		var delivered struct{ Detail json.RawMessage }
		c.ok(json.Unmarshal([]byte(body), &delivered))
		published.Check(c.T, delivered.Detail)
		e, err := event.ParseCloudEvent(delivered.Detail)
		c.ok(err)
		all = append(all, e)
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(e.Type, "ticketmesh.shows."), ".v1"))
	}
	slices.Sort(got)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.Errorf("announced %v, want %v", got, want)
	}
	return all
}

// take empties a queue.
func (c *cloud) take(queue *string) (bodies []string) {
	c.Helper()
	queues := sqs.NewFromConfig(c.config)
	for {
		got, err := queues.ReceiveMessage(c.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10})
		c.ok(err)
		if len(got.Messages) == 0 {
			return bodies
		}
		for _, m := range got.Messages {
			bodies = append(bodies, *m.Body)
			_, err := queues.DeleteMessage(c.Context(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle})
			c.ok(err)
		}
	}
}

// makeIssuer serves the documents of an issuer.
func (c *cloud) makeIssuer() {
	c.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.ok(err)
	c.keys, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	c.ok(err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	c.Cleanup(server.Close)
	answer := func(path string, document any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(document) })
	}
	answer("/.well-known/openid-configuration", map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys"})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	c.variables["TICKETMESH_ISSUER"] = server.URL
}

// token is an organizer's.
func (c *cloud) token(organizer string) string {
	c.Helper()
	now := time.Now()
	token, err := jwt.Signed(c.keys).Claims(map[string]any{
		"iss": c.variables["TICKETMESH_ISSUER"], "sub": organizer, "client_id": clientID, "token_use": "access", "cognito:groups": []string{"organizer"},
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
	c.ok(err)
	return token
}

// records are what the mapping of a queue passes on.
func (c *cloud) records(queue string, bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint(i), Body: body, EventSourceARN: account + "ticketmesh-" + c.stage + "-" + queue,
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1764000001000"},
		})
	}
	return e
}

// stream returns what the mapping of the table's stream passes on since the last call:
// its filter lets through what has an outbox.
func (c *cloud) stream() (batch events.DynamoDBEvent) {
	c.Helper()
	all, err := c.table.Records(c.Context())
	c.ok(err)
	for _, r := range all[c.read:] {
		outbox, has := r.Dynamodb.NewImage["outbox"].(*streamtypes.AttributeValueMemberB)
		if !has {
			continue
		}
		encoded, err := json.Marshal(map[string]any{
			"eventID": sdk.ToString(r.EventID), "eventName": r.EventName, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
			"dynamodb": map[string]any{
				"SequenceNumber": r.Dynamodb.SequenceNumber, "StreamViewType": "NEW_IMAGE",
				"NewImage": map[string]any{"outbox": map[string]string{"B": base64.StdEncoding.EncodeToString(outbox.Value)}},
			},
		})
		c.ok(err)
		var record events.DynamoDBEventRecord
		c.ok(json.Unmarshal(encoded, &record))
		batch.Records = append(batch.Records, record)
	}
	c.read = len(all)
	return batch
}

// within is the context of an invocation that has so much time.
func (c *cloud) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(c.Context(), d)
	c.Cleanup(cancel)
	return ctx
}

// gateway plays the REST API: it passes requests on to a function as payloads of
// format 1.0, and what the function answers back.
func gateway(invoke func(ctx context.Context, payload []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		path := strings.TrimPrefix(r.URL.Path, "/shows")
		if path == "" {
			path = "/"
		}
		single := func(values map[string][]string) map[string]string {
			last := map[string]string{}
			for name, all := range values {
				last[name] = all[len(all)-1]
			}
			return last
		}
		query := map[string][]string(r.URL.Query())
		payload, err := json.Marshal(map[string]any{
			"resource": variable.ReplaceAllString(path, "{variable}"), "path": path, "httpMethod": r.Method,
			"headers": single(r.Header), "multiValueHeaders": r.Header, "queryStringParameters": single(query), "multiValueQueryStringParameters": query,
			"requestContext": map[string]any{
				"stage": "shows", "path": r.URL.Path, "domainName": "x1.execute-api.eu-central-1.amazonaws.com",
				"identity": map[string]string{"sourceIp": "203.0.113.7"},
			},
			// All types are binary to the gateway, see api.yaml.
			"body": base64.StdEncoding.EncodeToString(body), "isBase64Encoded": true,
		})
		if err != nil {
			panic(err)
		}
		answer, err := invoke(r.Context(), payload)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		var told events.APIGatewayProxyResponse
		if err := json.Unmarshal(answer, &told); err != nil {
			panic(err)
		}
		text := []byte(told.Body)
		if told.IsBase64Encoded {
			if text, err = base64.StdEncoding.DecodeString(told.Body); err != nil {
				panic(err)
			}
		}
		for name, values := range told.MultiValueHeaders {
			w.Header()[name] = values
		}
		w.WriteHeader(told.StatusCode)
		_, _ = w.Write(text)
	})
}

// variable is what in a path is none of the route.
var variable = regexp.MustCompile(`[0-9a-f-]{36}|\b[0-9]+\b`)
