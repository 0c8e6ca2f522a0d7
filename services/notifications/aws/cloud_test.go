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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
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

	mu    sync.Mutex
	mails []apptest.Delivered
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	moto := testserver.Moto(t)
	c := &cloud{T: t, stage: "t" + strings.ReplaceAll(id.New().String(), "-", "")}
	c.table = dynamotest.New(t, moto, "../template.yaml")
	c.variables = map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": moto,
		"AWS_ENDPOINT_URL_SESV2": c.postOffice(moto),
		"TICKETMESH_STAGE":       c.stage, "TICKETMESH_TABLE": c.table.Name, "TICKETMESH_BUS": c.stage, "TICKETMESH_AUDIENCE": clientID + ",other",
		"TICKETMESH_CORS_ORIGINS": "https://example.com", "TICKETMESH_NOTIFICATIONS_URL": "https://api.example.com",
		"TICKETMESH_MAIL_FROM": "Ticketmesh <tickets@ticketmesh.example>", "TICKETMESH_MAIL_SET": "ticketmesh-test", "TICKETMESH_MAIL_RATE": "100",
	}
	var err error
	c.config, err = awsconfig.New(c.getenv)
	c.ok(err)
	_, err = sesv2.NewFromConfig(c.config).CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: sdk.String("ticketmesh.example")})
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

// postOffice passes on what goes to SES, and keeps the mails that it takes.
func (c *cloud) postOffice(moto string) string {
	target, err := url.Parse(moto)
	c.ok(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.HasSuffix(r.URL.Path, "/outbound-emails") {
			var sent struct {
				Destination struct{ ToAddresses []string }
				Content     struct{ Raw struct{ Data []byte } }
			}
			if err := json.Unmarshal(body, &sent); err != nil {
				c.Error(err)
			}
			mail, _ := apptest.ParseMail(c.T, sent.Content.Raw.Data)
			mail.To = strings.Join(sent.Destination.ToAddresses, ",")
			c.mu.Lock()
			c.mails = append(c.mails, mail)
			c.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	}))
	c.Cleanup(server.Close)
	return server.URL
}

// sent takes what has been sent.
func (c *cloud) sent(want int) []apptest.Delivered {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.mails
	c.mails = nil
	if len(taken) != want {
		c.Fatalf("%d mails went out, want %d", len(taken), want)
	}
	return taken
}

func (c *cloud) makeBus() {
	c.Helper()
	bridge, queues := eventbridge.NewFromConfig(c.config), sqs.NewFromConfig(c.config)
	made, err := queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: &c.stage})
	c.ok(err)
	c.queue = made.QueueUrl
	_, err = bridge.CreateEventBus(c.Context(), &eventbridge.CreateEventBusInput{Name: &c.stage})
	c.ok(err)
	_, err = bridge.PutRule(c.Context(), &eventbridge.PutRuleInput{Name: &c.stage, EventBusName: &c.stage, EventPattern: sdk.String(`{"source": ["ticketmesh.notifications"]}`)})
	c.ok(err)
	_, err = bridge.PutTargets(c.Context(), &eventbridge.PutTargetsInput{
		Rule: &c.stage, EventBusName: &c.stage, Targets: []types.Target{{Id: &c.stage, Arn: sdk.String(account + c.stage)}},
	})
	c.ok(err)
}

// announced takes what is on the bus, each event held to its contract.
func (c *cloud) announced(want ...string) {
	c.Helper()
	published := contracttest.Published(c.T, "notifications")
	var got []string
	for _, body := range c.take(c.queue) {
		var delivered struct{ Detail json.RawMessage }
		c.ok(json.Unmarshal([]byte(body), &delivered))
		published.Check(c.T, delivered.Detail)
		e, err := event.ParseCloudEvent(delivered.Detail)
		c.ok(err)
		var data struct{ Version int }
		c.ok(json.Unmarshal(e.Data, &data))
		got = append(got, fmt.Sprint(e.Type, " ", data.Version))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.Errorf("announced %v, want %v", got, want)
	}
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

// token is a customer's.
func (c *cloud) token(customer string) string {
	c.Helper()
	now := time.Now()
	token, err := jwt.Signed(c.keys).Claims(map[string]any{
		"iss": c.variables["TICKETMESH_ISSUER"], "sub": customer, "client_id": clientID, "token_use": "access",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
	c.ok(err)
	return token
}

// example is an event of the contracts, as EventBridge delivers it to a queue.
func (c *cloud) example(file string) string {
	c.Helper()
	detail, err := contracts.Files.ReadFile("events/" + file)
	c.ok(err)
	return `{"version":"0","detail-type":"t","source":"s","detail":` + string(detail) + `}`
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

// stream returns what the mapping of the table's stream passes on since the last call, and how many of the records are
// for the sender, whose mapping filters them.
func (c *cloud) stream() (batch events.DynamoDBEvent, woken int) {
	c.Helper()
	all, err := c.table.Records(c.Context())
	c.ok(err)
	for _, r := range all[c.read:] {
		image := map[string]map[string]string{}
		for name, value := range r.Dynamodb.NewImage {
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
		encoded, err := json.Marshal(map[string]any{
			"eventName": r.EventName, "dynamodb": map[string]any{"SequenceNumber": r.Dynamodb.SequenceNumber, "NewImage": image},
		})
		c.ok(err)
		var record events.DynamoDBEventRecord
		c.ok(json.Unmarshal(encoded, &record))
		batch.Records = append(batch.Records, record)
		if image["wake"]["S"] == "1" {
			woken++
		}
	}
	c.read = len(all)
	return batch, woken
}

// within is the context of an invocation that has so much time.
func (c *cloud) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(c.Context(), d)
	c.Cleanup(cancel)
	return ctx
}
