package aws_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/info/aws/api"
	"ticketmesh.dev/services/info/aws/migrate"
)

const clientID = "shop"

// cloud is what the template makes for the functions: a bus with a queue for all its
// events, a bucket, a database with its secret; and an issuer of tokens.
type cloud struct {
	variables map[string]string
	config    sdk.Config
	queue     *string
	secret    *string
	user      string
	admin     *postgres.DB
	keys      jose.Signer
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	name := "info-" + id.New().String()
	c := &cloud{variables: map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": testserver.Moto(t),
		"TICKETMESH_AUDIENCE": clientID + ", other", "TICKETMESH_BUS": name, "TICKETMESH_BUCKET": name, "TICKETMESH_DATABASE_SECRET": name,
		"TICKETMESH_DATABASE_TLS": "false",
	}}
	var err error
	if c.config, err = awsconfig.New(c.getenv); err != nil {
		t.Fatal(err)
	}
	c.makeBus(t, name)
	if _, err := c.files().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	c.makeDatabase(t, name)
	c.makeIssuer(t)
	return c
}

func (c *cloud) getenv(name string) string { return c.variables[name] }

func (c *cloud) runtime() lambda.Runtime {
	return lambda.Runtime{Getenv: c.getenv, Logger: slog.New(slog.DiscardHandler)}
}

// without is the environment of a function without some of the variables, with others.
func (c *cloud) without(names ...string) lambda.Runtime {
	variables := maps.Clone(c.variables)
	for _, name := range names {
		name, value, _ := strings.Cut(name, "=")
		variables[name] = value
	}
	return lambda.Runtime{Getenv: func(name string) string { return variables[name] }, Logger: slog.New(slog.DiscardHandler)}
}

func (c *cloud) files() *s3.Client {
	return s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })
}

func (c *cloud) makeBus(t *testing.T, name string) {
	t.Helper()
	bridge, queues := eventbridge.NewFromConfig(c.config), sqs.NewFromConfig(c.config)
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	c.queue = made.QueueUrl
	if _, err := bridge.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &name, EventPattern: sdk.String(`{"source": ["ticketmesh.info"]}`)}); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:sqs:us-east-1:123456789012:" + name
	if _, err := bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &name, Targets: []types.Target{{Id: &name, Arn: &arn}}}); err != nil {
		t.Fatal(err)
	}
}

// received takes what has arrived in the queue, each held to its contract.
func (c *cloud) received(t *testing.T) (events []event.Event) {
	t.Helper()
	published := contracttest.Published(t, "info")
	queues := sqs.NewFromConfig(c.config)
	for {
		got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: c.queue, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return events
		}
		for _, m := range got.Messages {
			var delivered struct{ Detail json.RawMessage }
			if err := json.Unmarshal([]byte(*m.Body), &delivered); err != nil {
				t.Fatal(err)
			}
			published.Check(t, delivered.Detail)
			e, err := event.ParseCloudEvent(delivered.Detail)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
			if _, err := queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: c.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// makeDatabase makes a database whose owner has a password.
func (c *cloud) makeDatabase(t *testing.T, name string) {
	t.Helper()
	source, err := postgres.FromURL(testserver.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.admin, err = postgres.Open(postgres.Config{Source: source}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.admin.Close)
	c.user = "role_" + strings.ReplaceAll(id.New().String(), "-", "")
	c.sql(t, `CREATE ROLE `+c.user+` LOGIN PASSWORD 'first'`)
	c.sql(t, `ALTER SCHEMA public OWNER TO `+c.user)
	t.Cleanup(func() { c.sql(t, `DROP OWNED BY `+c.user+` CASCADE; DROP ROLE `+c.user) })
	text := c.secretText(t, source, "first")
	if _, err := secretsmanager.NewFromConfig(c.config).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text}); err != nil {
		t.Fatal(err)
	}
	c.secret = &name
	c.variables["TICKETMESH_DATABASE_HOST"], c.variables["TICKETMESH_DATABASE_NAME"] = source.Host, source.Database
}

// secretText is as Secrets Manager's rotation keeps it, without what is in the other variables.
func (c *cloud) secretText(t *testing.T, source postgres.Fixed, password string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"engine": "postgres", "username": c.user, "password": password, "port": source.Port})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rotate gives the user another password and ends its connections.
func (c *cloud) rotate(t *testing.T, password string) {
	t.Helper()
	secrets := secretsmanager.NewFromConfig(c.config)
	old, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: c.secret})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(*old.SecretString, `"first"`, `"`+password+`"`, 1)
	if _, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: c.secret, SecretString: &text}); err != nil {
		t.Fatal(err)
	}
	c.sql(t, `ALTER ROLE `+c.user+` PASSWORD '`+password+`'`)
	c.sql(t, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '`+c.user+`'`)
}

// sql runs a statement as the superuser.
func (c *cloud) sql(t *testing.T, statement string) {
	t.Helper()
	if _, err := c.admin.Pool().Exec(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatal(err)
	}
}

// makeIssuer serves the documents of an issuer.
func (c *cloud) makeIssuer(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if c.keys, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(path string, document any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(document) })
	}
	answer("/.well-known/openid-configuration", map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys"})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	c.variables["TICKETMESH_ISSUER"] = server.URL
}

// token is an organizer's.
func (c *cloud) token(t *testing.T) string {
	t.Helper()
	now := time.Now()
	token, err := jwt.Signed(c.keys).Claims(map[string]any{
		"iss": c.variables["TICKETMESH_ISSUER"], "sub": "user-1", "client_id": clientID, "token_use": "access",
		"cognito:groups": []string{"organizer"}, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// migrated is a cloud whose database has its tables.
func migrated(t *testing.T) *cloud {
	t.Helper()
	c := newCloud(t)
	handle, err := migrate.Open(t.Context(), c.runtime())
	if err != nil {
		t.Fatal(err)
	}
	if done, err := handle(t.Context(), fromHand); err != nil || done.Applied != 2 {
		t.Fatalf("applied %d migrations, %v, want 2", done.Applied, err)
	}
	return c
}

// function is the API function.
type function struct {
	http.Handler
	token string
}

func (c *cloud) open(t *testing.T, rt lambda.Runtime) *function {
	t.Helper()
	handler, err := api.Open(t.Context(), rt)
	if err != nil {
		t.Fatal(err)
	}
	// As the gateway does, which gives functions what comes after the stage.
	return &function{contracttest.Document(t, "info").Check(t, http.StripPrefix("/info", handler)), c.token(t)}
}

// do makes a request, with names and values of headers in turn, and returns the decoded
// answer.
func (a *function) do(t *testing.T, status int, method, path string, body any, header ...string) (http.Header, map[string]any) {
	t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // as Lambda does
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, content)
	r.Header.Set("Authorization", "Bearer "+a.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s answers %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	var decoded map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &decoded)
	return w.Header(), decoded
}
