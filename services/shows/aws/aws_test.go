package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/shows/aws/api"
	"ticketmesh.dev/services/shows/aws/consumer"
	"ticketmesh.dev/services/shows/aws/jobs"
	"ticketmesh.dev/services/shows/aws/relay"
	"ticketmesh.dev/services/shows/aws/state"
	"ticketmesh.dev/services/shows/internal/app"
)

type object = map[string]any

func TestEachFunctionNamesAllThatItLacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tt := range []struct {
		name string
		open func(rt lambda.Runtime) error
		want []string
	}{
		{"api", func(rt lambda.Runtime) error { _, err := api.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE", "TICKETMESH_ISSUER", "TICKETMESH_AUDIENCE", "TICKETMESH_PARAMETERS"}},
		{"consumer", func(rt lambda.Runtime) error { _, err := consumer.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE", "TICKETMESH_STAGE"}},
		{"relay", func(rt lambda.Runtime) error { _, err := relay.Open(t.Context(), rt); return err }, []string{"TICKETMESH_BUS"}},
		{"jobs", func(rt lambda.Runtime) error { _, err := jobs.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE"}},
	} {
		err := tt.open(c.with(append(tt.want, "TICKETMESH_CACHE_TLS=perhaps")...))
		for _, name := range append(tt.want, "TICKETMESH_CACHE_TLS") {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s does not miss %s: %v", tt.name, name, err)
			}
		}
		var others []string // the function does without
		for name := range c.variables {
			if strings.HasPrefix(name, "TICKETMESH_") && !slices.Contains(tt.want, name) {
				others = append(others, name)
			}
		}
		if err := tt.open(c.with(others...)); err != nil {
			t.Errorf("%s with all that it needs: %v", tt.name, err)
		}
		if err := tt.open(c.with("AWS_REGION")); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
			t.Errorf("%s does not miss AWS_REGION: %v", tt.name, err)
		}
	}
}

// functions are all functions of the service.
type functions struct {
	*cloud
	api http.Handler
}

func open(t *testing.T) functions {
	t.Helper()
	c := newCloud(t)
	return functions{c, c.serve(c.runtime())}
}

// serve has a new instance of the api behind the gateway, its answers held to the API's
// document.
func (c *cloud) serve(rt lambda.Runtime) http.Handler {
	c.Helper()
	handler, err := api.Open(c.Context(), rt)
	c.ok(err)
	return contracttest.Document(c.T, "shows").Check(c.T, awstest.REST("shows", apigateway.Handler(handler)))
}

// do sends a request of ada's, who is an organizer, or of nobody.
func (f functions) do(status int, by, method, path string, body any, headers ...string) (*httptest.ResponseRecorder, object) {
	f.Helper()
	var text bytes.Buffer
	if body != nil {
		f.ok(json.NewEncoder(&text).Encode(body))
	}
	r := httptest.NewRequestWithContext(f.within(20*time.Second), method, path, &text)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if by != "" {
		r.Header.Set("Authorization", "Bearer "+f.token(by))
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	if w.Code != status {
		f.Fatalf("%s %s answers %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	answer := object{}
	if w.Body.Len() > 0 {
		f.ok(json.Unmarshal(w.Body.Bytes(), &answer))
	}
	return w, answer
}

var hamlet = object{"title": "Hamlet", "description": "A prince.", "category": "theatre"}

func performanceIn(areas ...any) object {
	return object{
		"startsAt": "2027-06-01T20:00", "timeZone": "Europe/Vienna",
		"seatMap": object{"areas": areas, "priceCategories": []any{object{"id": "I", "name": "First", "price": object{"amount": 4200, "currency": "EUR"}}}},
	}
}

var stalls = object{"id": "stalls", "kind": "seated", "priceCategory": "I", "rows": []any{object{"row": "A", "seats": "1-40"}}}

// draft is a show of ada's with performances.
func (f functions) draft(performances int) (path string, performanceIDs []string) {
	f.Helper()
	_, s := f.do(201, "ada", "POST", "/shows", hamlet)
	path = "/shows/" + s["showId"].(string)
	for range performances {
		_, p := f.do(201, "ada", "POST", path+"/performances", performanceIn(stalls))
		performanceIDs = append(performanceIDs, p["performanceId"].(string))
	}
	return path, performanceIDs
}

// flow has the relay publish what the table's stream has.
func (f functions) flow() {
	f.Helper()
	publish, err := relay.Open(f.Context(), f.runtime())
	f.ok(err)
	response, err := publish(f.within(30*time.Second), f.stream())
	if err != nil || len(response.BatchItemFailures) != 0 {
		f.Fatal(response, err)
	}
}

// consume has the consumer take messages and returns those that failed.
func (f functions) consume(rt lambda.Runtime, bodies ...string) (failed []string) {
	f.Helper()
	handle, err := consumer.Open(f.Context(), rt)
	f.ok(err)
	response, err := handle(f.within(30*time.Second), f.records("shows-availability", bodies...))
	f.ok(err)
	for _, failure := range response.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// report is what the sale tells of a partition, as EventBridge delivers it to a queue.
func (f functions) report(performanceID string, version, available int) string {
	f.Helper()
	data := fmt.Sprintf(`{"performanceId":%q,"areaId":"stalls","partition":0,"version":%d,"capacity":40,"available":%d,"held":0,"sold":%d}`,
		performanceID, version, available, 40-available)
	e := event.New(f.Context(), "/ticketmesh/tickets", "ticketmesh.tickets.availability.changed.v1", performanceID+"/stalls/0",
		"https://ticketmesh.dev/schemas/events/tickets/availability.changed.v1.schema.json", time.Now(), json.RawMessage(data))
	detail, err := e.MarshalCloudEvent()
	f.ok(err)
	return awstest.Delivered(detail)
}

func (f functions) available(path, performanceID string) float64 {
	f.Helper()
	_, answer := f.do(200, "", "GET", path+"/performances/"+performanceID+"/availability", nil)
	return answer["areas"].([]any)[0].(object)["available"].(float64)
}

func TestAShowIsPublishedToldAndItsSaleIsHeardOf(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.do(200, "", "GET", "/shows/healthz", nil)
	path, performances := f.draft(3)
	f.flow()
	f.announced() // nobody hears of a draft
	f.do(404, "", "GET", path, nil)
	f.do(200, "ada", "POST", path+"/publish", nil)
	f.flow()
	f.announced("performance.scheduled", "performance.scheduled", "performance.scheduled", "show.published")
	_, list := f.do(200, "", "GET", "/shows?category=theatre&from=2027-06-01T00:00:00Z&q=PRINCE", nil)
	if items := list["items"].([]any); len(items) != 1 {
		t.Errorf("listed are %v", items)
	}
	_, list = f.do(200, "", "GET", path+"/performances?limit=2", nil)
	if items := list["items"].([]any); len(items) != 2 || list["nextCursor"] == nil {
		t.Errorf("performances are %v", list)
	}
	f.do(200, "ada", "POST", path+"/performances/"+performances[0]+"/reschedule", object{"startsAt": "2027-06-02T20:00"})
	f.do(200, "ada", "POST", path+"/performances/"+performances[1]+"/cancel", object{"reason": "ill"})
	f.do(200, "ada", "PATCH", path, object{"title": "Macbeth"}, "Content-Type", "application/merge-patch+json")
	f.flow()
	f.announced("performance.cancelled", "performance.rescheduled", "show.updated")

	// The sale reports in any order, and more than once.
	if got := f.available(path, performances[2]); got != 40 {
		t.Errorf("%v are available before anything is sold", got)
	}
	newest := f.report(performances[2], 3, 31)
	if failed := f.consume(f.runtime(), f.report(performances[2], 2, 36), newest, newest); len(failed) != 0 {
		t.Errorf("failed are %v", failed)
	}
	if failed := f.consume(f.runtime(), f.report(performances[2], 1, 38)); len(failed) != 0 {
		t.Errorf("failed are %v", failed)
	}
	if got := f.available(path, performances[2]); got != 31 {
		t.Errorf("%v are available, want 31", got)
	}
	f.flow()
	f.announced()
}

func TestARequestThatIsRepeatedIsDoneOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	_, first := f.do(201, "ada", "POST", "/shows", hamlet, "Idempotency-Key", "k")
	_, again := f.do(201, "ada", "POST", "/shows", hamlet, "Idempotency-Key", "k")
	if !maps.Equal(first, again) {
		t.Errorf("answered %v, then %v", first, again)
	}
	f.do(422, "ada", "POST", "/shows", object{"title": "Lear", "category": "theatre"}, "Idempotency-Key", "k")
	_, list := f.do(200, "ada", "GET", "/shows", nil)
	if items := list["items"].([]any); len(items) != 1 {
		t.Errorf("listed are %v", items)
	}
}

// TestWhatTheGatewayLeavesToTheFunction: preflights, and methods that there are not.
func TestWhatTheGatewayLeavesToTheFunction(t *testing.T) {
	t.Parallel()
	f := open(t)
	w, _ := f.do(405, "", "DELETE", "/shows", nil)
	if w.Header().Get("Allow") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("headers are %v", w.Header())
	}
	f.do(401, "", "POST", "/shows", hamlet)
	w, _ = f.do(204, "", "OPTIONS", "/shows", nil, "Origin", "https://example.com", "Access-Control-Request-Method", "POST")
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "https://example.com" {
		t.Errorf("a preflight allows %q", got)
	}
}

// TestALargeSeatMapGoesByReference: EventBridge takes 256 KB.
func TestALargeSeatMapGoesByReference(t *testing.T) {
	t.Parallel()
	f := open(t)
	var rows []any
	for i := range 300 {
		labels := make([]string, 100)
		for j := range labels {
			v := id.New()
			labels[j] = fmt.Sprintf("%x", v[12:])
		}
		rows = append(rows, object{"row": fmt.Sprint(i), "seats": strings.Join(labels, ",")})
	}
	path, _ := f.draft(0)
	_, p := f.do(201, "ada", "POST", path+"/performances", performanceIn(object{"id": "stalls", "kind": "seated", "priceCategory": "I", "rows": rows}))
	f.do(200, "ada", "POST", path+"/publish", nil)
	f.flow()
	var told struct{ SeatMapRef string }
	for _, e := range f.announced("performance.scheduled", "show.published") {
		if e.Subject == p["performanceId"] {
			f.ok(json.Unmarshal(e.Data, &told))
		}
	}
	_, m := f.do(200, "", "GET", told.SeatMapRef, nil)
	area := m["areas"].([]any)[0].(object)
	if got := area["rows"].([]any); len(got) != 300 || got[7].(object)["seats"] != rows[7].(object)["seats"] {
		t.Errorf("at %q is a seat map of %d rows", told.SeatMapRef, len(got))
	}
}

// TestTheSaleIsWhereAParameterSaysThatComesLater: the stack of tickets puts it there, after that of shows.
func TestTheSaleIsWhereAParameterSaysThatComesLater(t *testing.T) {
	t.Parallel()
	var asked []string
	tickets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(tickets.Close)
	parameters := map[string]string{}
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Name string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" || parameters[in.Name] == "" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type": "ParameterNotFound"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(object{"Parameter": object{"Value": parameters[in.Name]}})
	}))
	t.Cleanup(store.Close)
	c := newCloud(t)
	f := functions{c, c.serve(c.with("AWS_ENDPOINT_URL_SSM=" + store.URL))}
	path, performances := f.draft(1)
	f.do(200, "ada", "POST", path+"/publish", nil)
	more := object{"id": "stalls", "kind": "seated", "priceCategory": "I", "rows": []any{object{"row": "A", "seats": "1-41"}}}
	change, performance := object{"seatMap": performanceIn(more)["seatMap"]}, path+"/performances/"+performances[0]

	f.do(503, "ada", "PATCH", performance, change)
	parameters["/ticketmesh/"+f.stage+"/tickets/url"] = tickets.URL
	f.do(200, "ada", "PATCH", performance, change)
	if want := []string{"POST /tickets/performances/" + performances[0] + "/seatmap-changes"}; !slices.Equal(asked, want) {
		t.Errorf("tickets was asked %q, want %q", asked, want)
	}
}

func TestJobsFinishWhatACrashLeft(t *testing.T) {
	t.Parallel()
	f := open(t)
	path, performances := f.draft(2)
	// The api published the show, and ended before its performances followed.
	showID, err := id.Parse(strings.TrimPrefix(path, "/shows/"))
	f.ok(err)
	s, err := state.Open(f.runtime())
	f.ok(err)
	draft, err := s.Store.Show(t.Context(), showID)
	f.ok(err)
	published, _, err := draft.Publish(time.Now())
	f.ok(err)
	f.ok(s.Store.SaveShow(t.Context(), published, 1, true, app.ShowFact{Change: app.ShowPublished, At: time.Now(), Show: published}))
	f.flow()
	f.announced("show.published")

	do, err := jobs.Open(t.Context(), f.runtime())
	f.ok(err)
	for _, request := range []jobs.Request{{}, {Job: "shows-settle"}} {
		done, err := do(f.within(30*time.Second), request)
		if err != nil || !slices.Equal(done.Jobs, []string{"shows-settle"}) {
			t.Errorf("%+v: done %v, %v", request, done, err)
		}
	}
	f.flow()
	f.announced("performance.scheduled", "performance.scheduled")
	if _, err := do(f.within(30*time.Second), jobs.Request{Job: "other"}); err == nil {
		t.Error("a job that there is not was done")
	}
	_, answer := f.do(200, "", "GET", path+"/performances/"+performances[0], nil)
	if answer["status"] != "scheduled" {
		t.Errorf("a performance is %v", answer)
	}

	broken, err := jobs.Open(t.Context(), f.with("TICKETMESH_TABLE=missing"))
	f.ok(err)
	if _, err := broken(f.within(30*time.Second), jobs.Request{}); err == nil {
		t.Error("a pass that could not read does not fail")
	}
}

func TestASeriesIsScheduled(t *testing.T) {
	t.Parallel()
	f := open(t)
	path, _ := f.draft(0)
	f.do(200, "ada", "POST", path+"/publish", nil)
	body := performanceIn(stalls)
	body["rrule"] = "FREQ=WEEKLY;COUNT=5"
	_, made := f.do(201, "ada", "POST", path+"/series", body)
	f.flow()
	f.announced("performance.scheduled", "performance.scheduled", "performance.scheduled", "performance.scheduled", "performance.scheduled", "show.published")
	_, found := f.do(200, "", "GET", path+"/series/"+made["seriesId"].(string), nil)
	if got := found["performances"].([]any); len(got) != 5 {
		t.Errorf("the series has %v", found)
	}
}

func TestAMessageFailsAlone(t *testing.T) {
	t.Parallel()
	f := open(t)
	letters := awstest.NewQueueWithLetters(t, f.config, f.queueName("shows-availability"))
	path, performances := f.draft(1)
	f.do(200, "ada", "POST", path+"/publish", nil)
	poison := strings.Replace(f.report(performances[0], 1, 30), `"capacity":40`, `"capacity":"40"`, 1)
	if failed := f.consume(f.runtime(), poison, f.report(performances[0], 1, 39)); len(failed) != 0 {
		t.Errorf("failed are %v", failed)
	}
	if got := awstest.Take(t, f.config, letters); len(got) != 1 || got[0] != poison {
		t.Errorf("dead letters are %v", got)
	}
	if got := f.available(path, performances[0]); got != 39 {
		t.Errorf("%v are available, want 39", got)
	}
	// What may go better next time stays in the queue.
	body := f.report(performances[0], 2, 38)
	if failed := f.consume(f.with("TICKETMESH_TABLE=missing"), body, body); !slices.Equal(failed, []string{"0", "1"}) {
		t.Errorf("failed are %v", failed)
	}
}

func TestARecordThatCannotBeReadHoldsUpWhatFollows(t *testing.T) {
	t.Parallel()
	f := open(t)
	path, _ := f.draft(0)
	f.do(200, "ada", "POST", path+"/publish", nil)
	batch := f.stream()
	unreadable := batch.Records[0]
	unreadable.Change.SequenceNumber = "1"
	unreadable.Change.NewImage = map[string]events.DynamoDBAttributeValue{"outbox": events.NewBinaryAttribute([]byte("?"))}
	batch.Records = append(batch.Records, unreadable)
	publish, err := relay.Open(t.Context(), f.runtime())
	f.ok(err)
	response, err := publish(f.within(30*time.Second), batch)
	if err != nil || len(response.BatchItemFailures) != 1 || response.BatchItemFailures[0].ItemIdentifier != "1" {
		t.Errorf("%+v, %v", response, err)
	}
	f.announced("show.published")
}

// TestTheCacheIsWhatEverybodySees has an instance whose table is out of reach.
func TestTheCacheIsWhatEverybodySees(t *testing.T) {
	t.Parallel()
	f := open(t)
	path, _ := f.draft(0)
	f.do(200, "ada", "POST", path+"/publish", nil)
	with := func(changes ...string) functions { return functions{f.cloud, f.serve(f.with(changes...))} }
	cache := "TICKETMESH_CACHE=" + testserver.Redis(t)
	with(cache).do(200, "", "GET", path, nil)
	_, found := with(cache, "TICKETMESH_TABLE=missing").do(200, "", "GET", path, nil)
	if found["title"] != "Hamlet" {
		t.Errorf("found is %v", found)
	}
	// Without one, or when it is out of reach, the table is asked.
	with("TICKETMESH_TABLE=missing").do(500, "", "GET", path, nil)
	with("TICKETMESH_CACHE=127.0.0.1:1", "TICKETMESH_CACHE_TLS=true").do(200, "", "GET", path, nil)
}
