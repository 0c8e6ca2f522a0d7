package aws_test

import (
	"bytes"
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
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/testserver"
)

const (
	clientID = "shop"
	account  = "arn:aws:sqs:eu-central-1:123456789012:"

	firstKey  = "0101010101010101010101010101010101010101010101010101010101010101"
	secondKey = "0202020202020202020202020202020202020202020202020202020202020202"
	hookKey   = "the secret of the test provider's webhooks"
)

// cloud is what the template makes for the functions, and an issuer of tokens.
type cloud struct {
	*testing.T
	variables map[string]string
	config    sdk.Config
	stage     string
	table     *dynamotest.Table
	read      int     // of the stream's records
	queue     *string // of a rule that takes all that tickets tells
	letters   *string // of tickets-performances
	keys      jose.Signer
	measured  *lines
}

// lines are what a function logs. Safe for concurrent use.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	moto := testserver.Moto(t)
	c := &cloud{T: t, stage: "t" + strings.ReplaceAll(id.New().String(), "-", ""), measured: &lines{}}
	c.table = dynamotest.New(t, moto, "../template.yaml")
	c.variables = map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": serial(t, moto),
		"TICKETMESH_STAGE": c.stage, "TICKETMESH_TABLE": c.table.Name, "TICKETMESH_BUS": c.stage, "TICKETMESH_AUDIENCE": clientID + ",other",
		"TICKETMESH_CORS_ORIGINS": "https://example.com", "TICKETMESH_SHOWS_URL": "http://127.0.0.1:9", "TICKETMESH_PAYMENTS": "test",
		"TICKETMESH_CODE_KEY_SECRET": c.stage + "-code-key", "TICKETMESH_PAYMENTS_SECRET": c.stage + "-payments",
	}
	var err error
	c.config, err = awsconfig.New(c.getenv)
	c.ok(err)
	c.keep(c.variables["TICKETMESH_CODE_KEY_SECRET"], firstKey)
	c.keep(c.variables["TICKETMESH_PAYMENTS_SECRET"], `{"testWebhookSecret": "`+hookKey+`"}`)
	c.makeBus()
	c.makeQueues()
	c.makeIssuer()
	return c
}

// serial passes on to the emulator, one transaction at a time: its own are not atomic.
func serial(t *testing.T, moto string) string {
	t.Helper()
	target, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: &dynamotest.SerialTransactions{},
	})
	t.Cleanup(server.Close)
	return server.URL
}

func (c *cloud) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cloud) getenv(name string) string { return c.variables[name] }

func (c *cloud) runtime() lambda.Runtime { return c.with() }

// with is what a function gets whose environment is changed, "NAME=value".
func (c *cloud) with(changes ...string) lambda.Runtime {
	variables := maps.Clone(c.variables)
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		variables[name] = value
	}
	return lambda.Runtime{
		Getenv: func(name string) string { return variables[name] }, Logger: slog.New(slog.DiscardHandler),
		Metrics: metrics.New(c.measured, clock.System{}, c.stage),
	}
}

// keep makes or changes a secret.
func (c *cloud) keep(name, value string) {
	c.Helper()
	secrets := secretsmanager.NewFromConfig(c.config)
	if _, err := secrets.PutSecretValue(c.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value}); err == nil {
		return
	}
	_, err := secrets.CreateSecret(c.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	c.ok(err)
}

func (c *cloud) makeBus() {
	c.Helper()
	bridge, queues := eventbridge.NewFromConfig(c.config), sqs.NewFromConfig(c.config)
	made, err := queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: &c.stage})
	c.ok(err)
	c.queue = made.QueueUrl
	_, err = bridge.CreateEventBus(c.Context(), &eventbridge.CreateEventBusInput{Name: &c.stage})
	c.ok(err)
	_, err = bridge.PutRule(c.Context(), &eventbridge.PutRuleInput{Name: &c.stage, EventBusName: &c.stage, EventPattern: sdk.String(`{"source": ["ticketmesh.tickets"]}`)})
	c.ok(err)
	_, err = bridge.PutTargets(c.Context(), &eventbridge.PutTargetsInput{
		Rule: &c.stage, EventBusName: &c.stage, Targets: []types.Target{{Id: &c.stage, Arn: sdk.String(account + c.stage)}},
	})
	c.ok(err)
}

// makeQueues makes the queue tickets-performances and that of its dead letters.
func (c *cloud) makeQueues() {
	c.Helper()
	queues := sqs.NewFromConfig(c.config)
	name := "ticketmesh-" + c.stage + "-tickets-performances"
	letters, err := queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: sdk.String(name + "-dlq")})
	c.ok(err)
	c.letters = letters.QueueUrl
	_, err = queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + account + name + `-dlq","maxReceiveCount":8}`,
	}})
	c.ok(err)
}

// announced takes what is on the bus, each event held to its contract.
func (c *cloud) announced() (all []event.Event) {
	c.Helper()
	published := contracttest.Published(c.T, "tickets")
	for _, body := range c.take(c.queue) {
		var delivered struct{ Detail json.RawMessage }
		c.ok(json.Unmarshal([]byte(body), &delivered))
		published.Check(c.T, delivered.Detail)
		e, err := event.ParseCloudEvent(delivered.Detail)
		c.ok(err)
		all = append(all, e)
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

// token is a caller's, "<sub>" or "<sub>,<group>".
func (c *cloud) token(caller string) string {
	c.Helper()
	sub, group, _ := strings.Cut(caller, ",")
	now := time.Now()
	token, err := jwt.Signed(c.keys).Claims(map[string]any{
		"iss": c.variables["TICKETMESH_ISSUER"], "sub": sub, "client_id": clientID, "token_use": "access", "email": sub + "@example.com",
		"cognito:groups": slices.DeleteFunc([]string{group}, func(g string) bool { return g == "" }),
		"iat":            now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
	c.ok(err)
	return token
}

// records are what the mapping of a queue passes on: each message the event as EventBridge has it.
func (c *cloud) records(queue string, told ...[]byte) events.SQSEvent {
	var e events.SQSEvent
	for i, detail := range told {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint(i), Body: `{"version":"0","detail-type":"t","source":"s","detail":` + string(detail) + `}`,
			EventSourceARN: account + "ticketmesh-" + c.stage + "-" + queue,
			Attributes:     map[string]string{"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1764000001000"},
		})
	}
	return e
}

// stream returns what the mapping of the table's stream passes on since the last call.
func (c *cloud) stream() (batch events.DynamoDBEvent) {
	c.Helper()
	all, err := c.table.Records(c.Context())
	c.ok(err)
	for _, r := range all[c.read:] {
		encoded, err := json.Marshal(map[string]any{"eventName": r.EventName, "dynamodb": map[string]any{
			"SequenceNumber": r.Dynamodb.SequenceNumber, "Keys": c.image(r.Dynamodb.Keys), "NewImage": c.image(r.Dynamodb.NewImage),
		}})
		c.ok(err)
		var record events.DynamoDBEventRecord
		c.ok(json.Unmarshal(encoded, &record))
		batch.Records = append(batch.Records, record)
	}
	c.read = len(all)
	return batch
}

func (c *cloud) image(attributes map[string]streamtypes.AttributeValue) map[string]map[string]string {
	image := map[string]map[string]string{}
	for name, value := range attributes {
		switch v := value.(type) {
		case *streamtypes.AttributeValueMemberS:
			image[name] = map[string]string{"S": v.Value}
		case *streamtypes.AttributeValueMemberN:
			image[name] = map[string]string{"N": v.Value}
		case *streamtypes.AttributeValueMemberB:
			image[name] = map[string]string{"B": base64.StdEncoding.EncodeToString(v.Value)}
		default:
			c.Fatalf("attribute %s is %T", name, v)
		}
	}
	return image
}

// within is the context of an invocation that has so much time.
func (c *cloud) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(c.Context(), d)
	c.Cleanup(cancel)
	return ctx
}

// gateway has requests answered as a REST API does that passes them on to the function: its event has the path without
// the stage's name.
func (c *cloud) gateway(function func(context.Context, []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.Error(err)
		}
		payload, err := json.Marshal(map[string]any{
			"resource": "/{proxy+}", "path": strings.TrimPrefix(r.URL.Path, "/tickets"), "httpMethod": r.Method,
			"multiValueHeaders": r.Header, "multiValueQueryStringParameters": r.URL.Query(),
			"requestContext": map[string]any{"stage": "tickets", "path": r.URL.Path, "requestId": id.New().String()},
			"body":           string(body), "isBase64Encoded": false,
		})
		if err != nil {
			c.Error(err)
		}
		answered, err := function(c.within(29*time.Second), payload)
		if err != nil {
			c.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		var answer struct {
			StatusCode        int
			MultiValueHeaders http.Header
			Body              string
			IsBase64Encoded   bool
		}
		if err := json.Unmarshal(answered, &answer); err != nil {
			c.Error(err)
		}
		content := []byte(answer.Body)
		if answer.IsBase64Encoded {
			if content, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
				c.Error(err)
			}
		}
		maps.Copy(w.Header(), answer.MultiValueHeaders)
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(content)
	})
}
