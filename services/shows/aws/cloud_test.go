package aws_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/testserver"
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
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	moto := testserver.Moto(t)
	c := &cloud{T: t, stage: "t" + strings.ReplaceAll(id.New().String(), "-", "")}
	c.table = dynamotest.New(t, moto, "../template.yaml")
	c.variables = map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": moto,
		"TICKETMESH_STAGE": c.stage, "TICKETMESH_TABLE": c.table.Name, "TICKETMESH_BUS": c.stage, "TICKETMESH_AUDIENCE": clientID + ",other",
		"TICKETMESH_CORS_ORIGINS": "https://example.com", "TICKETMESH_PARAMETERS": "/ticketmesh/" + c.stage,
	}
	var err error
	c.config, err = awsconfig.New(c.getenv)
	c.ok(err)
	c.bus = awstest.NewBus(t, c.config, c.stage, "ticketmesh.shows")
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

// announced takes what is on the bus, each event held to its contract.
func (c *cloud) announced(want ...string) (all []event.Event) {
	c.Helper()
	published := contracttest.Published(c.T, "shows")
	got := []string{}
	for _, detail := range c.bus.Take(c.T) {
		published.Check(c.T, detail)
		e, err := event.ParseCloudEvent(detail)
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

// token is an organizer's.
func (c *cloud) token(organizer string) string {
	c.Helper()
	return c.issuer.Token(c.T, organizer, clientID, map[string]any{"cognito:groups": []string{"organizer"}})
}

// records are what the mapping of a queue of the service passes on.
func (c *cloud) records(queue string, bodies ...string) events.SQSEvent {
	return awstest.Messages(awstest.QueueARN(c.config, c.queueName(queue)), bodies...)
}

func (c *cloud) queueName(queue string) string { return "ticketmesh-" + c.stage + "-" + queue }

// stream returns what the mapping of the table's stream passes on since the last call:
// its filter lets through what has an outbox.
func (c *cloud) stream() (batch events.DynamoDBEvent) {
	c.Helper()
	all, err := c.table.Records(c.Context())
	c.ok(err)
	for _, record := range awstest.Records(c.T, all[c.read:]) {
		if _, has := record.Change.NewImage["outbox"]; has {
			batch.Records = append(batch.Records, record)
		}
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
