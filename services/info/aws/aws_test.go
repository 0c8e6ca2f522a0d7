package aws_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"ticketmesh.dev/services/info/aws/api"
	"ticketmesh.dev/services/info/aws/migrate"
	"ticketmesh.dev/services/info/aws/relay"
)

type object = map[string]any

var hall = object{"name": "Hall", "city": "Graz", "country": "AT", "timeZone": "Europe/Vienna"}

// fromHand is the event of who migrates by hand.
var fromHand = cfn.Event{}

func TestEachFunctionNamesAllThatItLacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	database := []string{"TICKETMESH_DATABASE_HOST", "TICKETMESH_DATABASE_NAME", "TICKETMESH_DATABASE_USER"}
	for _, tt := range []struct {
		name string
		open func(names ...string) error
		want []string
	}{
		{
			"api", func(names ...string) error { _, err := api.Open(t.Context(), c.without(names...)); return err },
			append([]string{"TICKETMESH_ISSUER", "TICKETMESH_AUDIENCE", "TICKETMESH_BUS", "TICKETMESH_BUCKET"}, database...),
		},
		{
			"relay", func(names ...string) error { _, err := relay.Open(t.Context(), c.without(names...)); return err },
			append([]string{"TICKETMESH_BUS"}, database...),
		},
		{"migrate", func(names ...string) error { _, err := migrate.Open(t.Context(), c.without(names...)); return err }, database},
	} {
		err := tt.open(append(tt.want, "TICKETMESH_DATABASE_SECRET", "TICKETMESH_DATABASE_PORT=x", "TICKETMESH_DATABASE_TLS=perhaps")...)
		for _, name := range append(tt.want, "TICKETMESH_DATABASE_PORT", "TICKETMESH_DATABASE_TLS") {
			if err == nil || !strings.Contains(err.Error(), name+" ") && !strings.Contains(err.Error(), name+":") {
				t.Errorf("%s does not miss %s: %v", tt.name, name, err)
			}
		}
		if err := tt.open(); err != nil {
			t.Errorf("%s with all of it: %v", tt.name, err)
		}
		// What the others need.
		if err := tt.open("AWS_REGION"); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
			t.Errorf("%s does not miss AWS_REGION: %v", tt.name, err)
		}
	}
}

func TestWhatARequestCommitsIsOnTheBusWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	a := c.open(t, c.runtime())
	_, venue := a.do(t, 201, "POST", "/info/venues", hall)
	got := c.received(t)
	if len(got) != 1 || got[0].Type != "ticketmesh.info.venue.updated.v1" || got[0].Subject != venue["venueId"] {
		t.Errorf("the bus has %+v, want the venue", got)
	}
	_, found := a.do(t, 200, "GET", "/info/search?q=hal", nil)
	if items, _ := found["items"].([]any); len(items) != 1 {
		t.Errorf("found %v, want the venue", found)
	}
	a.do(t, 201, "PUT", "/info/pages/about", object{"language": "en", "title": "About", "markdown": "*Hi.*"})
	a.do(t, 200, "GET", "/info/healthz", nil)
	if got := c.received(t); len(got) != 1 || got[0].Subject != "about/en" {
		t.Errorf("the bus has %+v, want the page", got)
	}
}

func TestWhatTheBusDidNotTakeTheSweepPublishes(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer down.Close()
	a := c.open(t, c.without("AWS_ENDPOINT_URL_EVENTBRIDGE="+down.URL))
	a.do(t, 201, "POST", "/info/venues", hall)
	a.do(t, 201, "POST", "/info/venues", hall)
	if got := c.received(t); len(got) != 0 {
		t.Fatalf("the bus has %+v", got)
	}
	sweep, err := relay.Open(t.Context(), c.runtime())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		done, err := sweep(t.Context(), json.RawMessage(`{"source": "aws.events"}`))
		if err != nil || done.Published != want {
			t.Errorf("published %d, %v, want %d", done.Published, err, want)
		}
	}
	if got := c.received(t); len(got) != 2 {
		t.Errorf("the bus has %+v, want two venues", got)
	}
	broken, err := relay.Open(t.Context(), c.without("AWS_ENDPOINT_URL_EVENTBRIDGE="+down.URL))
	if err != nil {
		t.Fatal(err)
	}
	a.do(t, 201, "POST", "/info/venues", hall)
	if _, err := broken(t.Context(), nil); err == nil {
		t.Error("a sweep that publishes nothing does not fail")
	}
}

func TestAFileIsUploadedPastTheFunctionAndReadThroughIt(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	a := c.open(t, c.runtime())
	for _, tt := range []struct {
		name   string
		size   int
		status int
	}{{"small", 1000, 200}, {"large", 10 << 20, 307}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := bytes.Repeat([]byte("x"), tt.size)
			_, upload := a.do(t, 201, "POST", "/info/assets", object{"name": "Plan.pdf", "contentType": "application/pdf", "size": tt.size})
			target, _ := upload["uploadUrl"].(string)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target, bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/pdf")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != 200 {
				t.Fatalf("the upload answers %s", answer.Status)
			}
			key, _ := upload["key"].(string)
			header, _ := a.do(t, tt.status, "GET", "/info/assets/"+key, nil)
			if tt.status == 200 {
				return
			}
			answer, err = http.Get(header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if got, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(got, file) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		})
	}
	a.do(t, 404, "GET", "/info/assets/018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f.png", nil)
}

func TestASecretThatWasRotatedIsReadAgain(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	a := c.open(t, c.runtime())
	a.do(t, 201, "POST", "/info/venues", hall)
	c.rotate(t, "second")
	a.do(t, 201, "POST", "/info/venues", hall)
}

func TestARepeatedRequestIsAnsweredAsBeforeAndForgottenInTime(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	a := c.open(t, c.runtime())
	_, first := a.do(t, 201, "POST", "/info/venues", hall, "Idempotency-Key", "k")
	header, again := a.do(t, 201, "POST", "/info/venues", hall, "Idempotency-Key", "k")
	if again["venueId"] != first["venueId"] || header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("answered %v with %v, want %v again", again, header, first)
	}
	c.sql(t, `UPDATE idempotency SET expires_at = 'epoch'`)
	sweep, err := relay.Open(t.Context(), c.runtime())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sweep(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := c.admin.Pool().QueryRow(t.Context(), `SELECT count(*) FROM idempotency`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d keys are left, %v", left, err)
	}
}

func TestAPreflightIsAnsweredForTheOriginsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	a := c.open(t, c.without("TICKETMESH_CORS_ORIGINS=https://shop.example,https://other.example"))
	header, _ := a.do(t, 204, "OPTIONS", "/info/venues", nil, "Origin", "https://other.example", "Access-Control-Request-Method", "POST")
	if got := header.Get("Access-Control-Allow-Origin"); got != "https://other.example" {
		t.Errorf("allowed is %q", got)
	}
}

func TestATokenOfAnotherClientIsRefused(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	a := c.open(t, c.without("TICKETMESH_AUDIENCE=another"))
	a.do(t, 401, "POST", "/info/venues", hall)
}

func TestCloudFormationIsToldHowTheMigrationWent(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	told := make(chan cfn.Response, 1)
	cloudFormation := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var response cfn.Response
		if err := json.NewDecoder(r.Body).Decode(&response); err != nil {
			t.Error(err)
		}
		told <- response
	}))
	defer cloudFormation.Close()
	handle, err := migrate.Open(t.Context(), c.runtime())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(kind cfn.RequestType) cfn.Response {
		t.Helper()
		_, err := handle(t.Context(), cfn.Event{RequestType: kind, RequestID: "r", ResponseURL: cloudFormation.URL, StackID: "s", LogicalResourceID: "Schema"})
		if err != nil {
			t.Fatal(err)
		}
		return <-told
	}

	// As somebody who took the schema away.
	c.sql(t, `ALTER SCHEMA public OWNER TO postgres`)
	failed := ask(cfn.RequestCreate)
	if failed.Status != cfn.StatusFailed || failed.Reason == "" || strings.Contains(failed.Reason, "public") {
		t.Errorf("told %+v, want a failure without its inside", failed)
	}
	c.sql(t, `ALTER SCHEMA public OWNER TO `+c.user)
	for _, tt := range []struct {
		kind    cfn.RequestType
		applied float64
	}{{cfn.RequestCreate, 2}, {cfn.RequestUpdate, 0}} {
		got := ask(tt.kind)
		if got.Status != cfn.StatusSuccess || got.PhysicalResourceID != failed.PhysicalResourceID || got.Data["Applied"] != tt.applied {
			t.Errorf("%s: told %+v, want success with %v applied", tt.kind, got, tt.applied)
		}
	}
	// The tables stay, and the stack can be deleted when they cannot be reached any more.
	c.sql(t, `ALTER SCHEMA public OWNER TO postgres; DROP TABLE goose_db_version`)
	if got := ask(cfn.RequestDelete); got.Status != cfn.StatusSuccess {
		t.Errorf("told %+v", got)
	}
	c.sql(t, `SELECT FROM venue`)
	if _, err := handle(t.Context(), fromHand); err == nil {
		t.Error("by hand a failure is none")
	}
}
