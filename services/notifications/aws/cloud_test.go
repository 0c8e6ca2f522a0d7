package aws_test

import (
	"bytes"
	"context"
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
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
)

const clientID = "shop"

// cloud is what the template makes for the functions, and an issuer of tokens.
type cloud struct {
	*testing.T
	variables map[string]string
	config    sdk.Config
	stage     string
	table     *dynamotest.Table
	read      int // of the stream's records
	bus       *awstest.Bus
	issuer    *awstest.Issuer

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
	c.bus = awstest.NewBus(t, c.config, c.stage, "ticketmesh.notifications")
	c.issuer = awstest.NewIssuer(t)
	c.variables["TICKETMESH_ISSUER"] = c.issuer.URL
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

// announced takes what is on the bus, each event held to its contract.
func (c *cloud) announced(want ...string) {
	c.Helper()
	published := contracttest.Published(c.T, "notifications")
	var got []string
	for _, detail := range c.bus.Take(c.T) {
		published.Check(c.T, detail)
		e, err := event.ParseCloudEvent(detail)
		c.ok(err)
		var data struct{ Version int }
		c.ok(json.Unmarshal(e.Data, &data))
		got = append(got, fmt.Sprint(e.Type, " ", data.Version))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.Errorf("announced %v, want %v", got, want)
	}
}

// token is a customer's.
func (c *cloud) token(customer string) string {
	c.Helper()
	return c.issuer.Token(c.T, customer, clientID, nil)
}

// example is an event of the contracts, as EventBridge delivers it to a queue.
func (c *cloud) example(file string) string {
	c.Helper()
	detail, err := contracts.Files.ReadFile("events/" + file)
	c.ok(err)
	return awstest.Delivered(detail)
}

// records are what the mapping of a queue of the service passes on.
func (c *cloud) records(queue string, bodies ...string) events.SQSEvent {
	return awstest.Messages(awstest.QueueARN(c.config, c.queueName(queue)), bodies...)
}

func (c *cloud) queueName(queue string) string { return "ticketmesh-" + c.stage + "-" + queue }

// stream returns what the mapping of the table's stream passes on since the last call, and how many of the records are
// for the sender, whose mapping filters them.
func (c *cloud) stream() (batch events.DynamoDBEvent, woken int) {
	c.Helper()
	all, err := c.table.Records(c.Context())
	c.ok(err)
	batch.Records = awstest.Records(c.T, all[c.read:])
	for _, record := range batch.Records {
		if wake, has := record.Change.NewImage["wake"]; has && wake.String() == "1" {
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
