package shows_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
)

func TestAShowIsCreatedAsADraft(t *testing.T) {
	t.Parallel()
	m := start(t)
	body := newShow()
	body["venueId"], body["artistIds"] = id.New().String(), []any{id.New().String()}
	created := m.do(organizer, "POST", "/shows", body).want(201)
	want := document{"showId": created.string("showId"), "status": "draft", "version": 1.0}
	for k, v := range body {
		want[k] = v
	}
	if !reflect.DeepEqual(created.body, want) {
		t.Errorf("got %v, want %v", created.body, want)
	}
	path := "/shows/" + created.string("showId")
	if created.header.Get("Location") != path || created.header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", created.header)
	}
	read := m.do(organizer, "GET", path, nil).want(200)
	if !reflect.DeepEqual(read.body, want) || read.header.Get("ETag") != `"1"` {
		t.Errorf("read %v with %v", read.body, read.header)
	}
	if facts := m.facts(); len(facts) != 0 {
		t.Errorf("a draft was told: %v", facts)
	}
}

func TestInvalidShowsAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	set := func(name string, value any) document {
		body := newShow()
		body[name] = value
		return body
	}
	without := func(name string) document {
		body := newShow()
		delete(body, name)
		return body
	}
	tests := []struct {
		name string
		give any
		want string
	}{
		{"no title", without("title"), "title"},
		{"no description", without("description"), "description"},
		{"no category", without("category"), "category"},
		{"an empty title", set("title", ""), "title"},
		{"a blank title", set("title", "  "), "title"},
		{"a long title", set("title", strings.Repeat("é", 201)), "title"},
		{"a title of another type", set("title", 7), "title"},
		{"no title but null", set("title", nil), "title"},
		{"an unknown field", set("color", "red"), "color"},
		{"a field that is not for callers", set("status", "published"), "status"},
		{"a venue that is no id", set("venueId", "hall"), "venueId"},
		{"an artist that is no id", set("artistIds", []any{id.New().String(), "x"}), "artistIds[1]"},
		{"a category that is too long", set("category", strings.Repeat("x", 65)), "category"},
		{"no object", "[]", "body"},
		{"no JSON", "{", "body"},
		{"nothing", "", "body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := m.do(organizer, "POST", "/shows", tt.give)
			a.t = t
			a.field(tt.want)
		})
	}
	longest := document{"title": strings.Repeat("歌", 200), "description": strings.Repeat("🎭", 10_000), "category": strings.Repeat("é", 64)}
	path := "/shows/" + m.do(organizer, "POST", "/shows", longest).want(201).string("showId")
	m.do(organizer, "POST", path+"/publish", nil).want(200)
	m.told()
}

func TestWhoMayDoWhatWithAShow(t *testing.T) {
	t.Parallel()
	m := start(t)
	draft, public := m.createShow(), m.publishedShow()
	unpublished := m.createShow()
	m.do(organizer, "POST", unpublished+"/cancel", nil).want(200)
	cancelled := m.publishedShow()
	m.do(organizer, "POST", cancelled+"/cancel", nil).want(200)
	nowhere := "/shows/" + id.New().String()
	patch := document{"category": "drama"}
	tests := []struct {
		method, path string
		body         any
		want         map[string]int // by caller
	}{
		{"POST", "/shows", newShow(), map[string]int{nobody: 401, customer: 403, other: 201, admin: 201}},
		{"GET", draft, nil, map[string]int{nobody: 404, former: 200, customer: 404, other: 404, organizer: 200, admin: 200}},
		{"GET", public, nil, map[string]int{nobody: 200, customer: 200, other: 200, organizer: 200, admin: 200}},
		{"GET", unpublished, nil, map[string]int{nobody: 404, customer: 404, other: 404, organizer: 200, admin: 200}},
		{"GET", cancelled, nil, map[string]int{nobody: 200, other: 200, organizer: 200}},
		{"GET", nowhere, nil, map[string]int{nobody: 404, organizer: 404, admin: 404}},
		{"GET", "/shows/hamlet", nil, map[string]int{nobody: 404}},
		{"PATCH", draft, patch, map[string]int{nobody: 401, customer: 404, other: 404, organizer: 200, admin: 200}},
		{"PATCH", public, patch, map[string]int{nobody: 401, customer: 403, former: 403, other: 403, organizer: 200, admin: 200}},
		{"POST", draft + "/publish", nil, map[string]int{nobody: 401, customer: 404, other: 404}},
		{"POST", public + "/publish", nil, map[string]int{nobody: 401, customer: 403, other: 403, organizer: 200, admin: 200}},
		{"POST", public + "/cancel", nil, map[string]int{nobody: 401, customer: 403, other: 403}},
		{"POST", draft + "/performances", newPerformance(), map[string]int{nobody: 401, customer: 404, other: 404, organizer: 201, admin: 201}},
		{"POST", public + "/performances", newPerformance(), map[string]int{nobody: 401, customer: 403, other: 403, organizer: 201, admin: 201}},
		{"GET", draft + "/performances", nil, map[string]int{nobody: 404, customer: 404, other: 404, organizer: 200, admin: 200}},
		{"GET", public + "/performances", nil, map[string]int{nobody: 200, customer: 200}},
		{"GET", "/shows", nil, map[string]int{nobody: 200, "mallory": 401}},
		{"GET", public, nil, map[string]int{"mallory": 401}},
		{"GET", "/shows/healthz", nil, map[string]int{nobody: 200, organizer: 200}},
	}
	codes := map[int]string{401: "unauthenticated", 403: "forbidden", 404: "not_found"}
	for _, tt := range tests {
		for caller, want := range tt.want {
			t.Run(fmt.Sprintf("%s %s by %q", tt.method, tt.path, caller), func(t *testing.T) {
				a := m.do(caller, tt.method, tt.path, tt.body)
				a.t = t
				a.want(want)
				if want >= 400 {
					a.want(want, codes[want])
				}
				if want == 401 && a.header.Get("WWW-Authenticate") == "" {
					t.Error("no WWW-Authenticate")
				}
			})
		}
	}
}

func TestWhoMayDoWhatWithAPerformance(t *testing.T) {
	t.Parallel()
	m := start(t)
	draft, public := m.schedule(m.createShow()), m.schedule(m.publishedShow())
	reschedule := document{"startsAt": "2027-06-02T20:00"}
	elsewhere := m.publishedShow() + "/performances/" + public[strings.LastIndex(public, "/")+1:]
	for _, read := range []string{"", "/availability", "/seatmaps/1"} {
		m.do(nobody, "GET", draft+read, nil).want(404, "not_found")
		m.do(other, "GET", draft+read, nil).want(404, "not_found")
		m.do(organizer, "GET", draft+read, nil).want(200)
		m.do(nobody, "GET", public+read, nil).want(200)
		m.do(nobody, "GET", elsewhere+read, nil).want(404, "not_found") // of another show
	}
	for action, body := range map[string]any{"/reschedule": reschedule, "/cancel": nil} {
		m.do(nobody, "POST", public+action, body).want(401, "unauthenticated")
		m.do(customer, "POST", public+action, body).want(403, "forbidden")
		m.do(other, "POST", public+action, body).want(403, "forbidden")
		m.do(other, "POST", draft+action, body).want(404, "not_found")
		m.do(organizer, "POST", elsewhere+action, body).want(404, "not_found")
	}
	m.do(admin, "POST", public+"/reschedule", reschedule).want(200)
	m.do(nobody, "GET", public+"/seatmaps/2", nil).want(404, "not_found")
	m.do(nobody, "GET", public+"/seatmaps/0", nil).want(404, "not_found")
}

func TestAPatchMergesAndChecksTheVersion(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.publishedShow()
	venue := id.New().String()
	updated := m.do(organizer, "PATCH", path, document{"title": "Macbeth", "venueId": venue, "artistIds": []any{venue}},
		header("Content-Type", "application/merge-patch+json"), header("If-Match", `"2"`)).want(200)
	if updated.body["title"] != "Macbeth" || updated.body["description"] != "A prince." || updated.body["venueId"] != venue || updated.body["version"] != 3.0 {
		t.Errorf("got %s", updated.text)
	}
	if updated.header.Get("ETag") != `"3"` {
		t.Errorf("ETag %s", updated.header.Get("ETag"))
	}
	m.do(organizer, "PATCH", path, document{"title": "Lear"}, header("If-Match", `"2"`)).want(412, "version_conflict")
	unquoted := m.do(organizer, "PATCH", path, document{"title": "Lear"}, header("If-Match", `3`))
	unquoted.field("If-Match")
	if !strings.Contains(string(unquoted.text), "must be a version in quotes") {
		t.Errorf("If-Match without quotes: %s", unquoted.text)
	}
	m.do(organizer, "PATCH", path, document{"title": "Macbeth"}, header("If-Match", `"3"`)).want(200) // says the same
	m.do(organizer, "PATCH", path, document{"venueId": nil, "artistIds": nil}, header("If-Match", "*")).want(200)
	m.do(organizer, "PATCH", path, document{"title": nil}).field("title")
	m.do(organizer, "PATCH", path, document{"status": "draft"}).field("status")
	m.do(organizer, "PATCH", path, document{"title": " "}).field("title")
	m.do(organizer, "PATCH", path, "{}").want(200)
	final := m.do(nobody, "GET", path, nil).want(200)
	if want := (document{"showId": path[len("/shows/"):], "title": "Macbeth", "description": "A prince.", "category": "theatre", "status": "published", "version": 4.0}); !reflect.DeepEqual(final.body, want) {
		t.Errorf("got %v, want %v", final.body, want)
	}
	if got, want := m.facts(), []string{"show.published@2", "show.updated@3", "show.updated@4"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestPublishAndCancelMayBeRepeated(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	performance := m.schedule(show)
	for range 2 {
		if a := m.do(organizer, "POST", show+"/publish", nil).want(200); a.body["status"] != "published" || a.body["version"] != 2.0 || a.header.Get("ETag") != `"2"` {
			t.Errorf("published: %s", a.text)
		}
	}
	for range 2 {
		if a := m.do(organizer, "POST", show+"/cancel", document{"reason": "flood"}).want(200); a.body["status"] != "cancelled" || a.body["version"] != 3.0 || a.body["reason"] != "flood" {
			t.Errorf("cancelled: %s", a.text)
		}
	}
	if a := m.do(nobody, "GET", performance, nil).want(200); a.body["status"] != "cancelled" || a.body["version"] != 2.0 || a.body["reason"] != "flood" {
		t.Errorf("the performance: %s", a.text)
	}
	m.do(organizer, "POST", show+"/publish", nil).want(409, "show_cancelled")
	m.do(organizer, "PATCH", show, document{"title": "x"}).want(409, "show_cancelled")
	m.do(organizer, "POST", show+"/performances", newPerformance()).want(409, "show_cancelled")
	m.do(organizer, "POST", performance+"/reschedule", document{"startsAt": "2027-06-02T20:00"}).want(409, "show_cancelled")
	want := []string{"show.published@2", "performance.scheduled@1", "show.cancelled@3", "performance.cancelled@2"}
	if got := m.facts(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestCancelTakesNoBodyOrAReason(t *testing.T) {
	t.Parallel()
	m := start(t)
	for name, give := range map[string]any{"none": nil, "empty": "", "an object": document{}, "a reason": document{"reason": ""}} {
		t.Run(name, func(t *testing.T) {
			m.do(organizer, "POST", m.publishedShow()+"/cancel", give).want(200)
		})
	}
	m.do(organizer, "POST", m.createShow()+"/cancel", document{"reason": strings.Repeat("x", 1001)}).field("reason")
	m.do(organizer, "POST", m.createShow()+"/cancel", document{"why": "x"}).field("why")
	m.do(organizer, "POST", m.createShow()+"/cancel", "reason", header("Content-Type", "text/plain")).want(415, "unsupported_media_type")
}

func TestListsShowWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	m := start(t)
	create := func(caller, title, status string) {
		body := newShow()
		body["title"] = title
		path := "/shows/" + m.do(caller, "POST", "/shows", body).want(201).string("showId")
		if status != "draft" {
			m.do(caller, "POST", path+"/publish", nil).want(200)
		}
		if status == "cancelled" {
			m.do(caller, "POST", path+"/cancel", nil).want(200)
		}
	}
	for _, status := range []string{"draft", "published", "cancelled"} {
		create(organizer, "ada's "+status, status)
		create(other, "bob's "+status, status)
	}
	public := []string{"bob's published", "ada's published"}
	tests := map[string][]string{
		nobody: public, customer: public, admin: public,
		organizer: {"ada's cancelled", "bob's published", "ada's published", "ada's draft"},
	}
	for caller, want := range tests {
		var got []string
		for _, item := range m.do(caller, "GET", "/shows", nil).want(200).items() {
			got = append(got, item["title"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q sees %q, want %q", caller, got, want)
		}
	}
}

func TestListsPageAndFilter(t *testing.T) {
	t.Parallel()
	m := start(t)
	var want []string
	for i := range 7 {
		body := newShow()
		body["title"] = fmt.Sprintf("Ödipus %d", i)
		path := "/shows/" + m.do(organizer, "POST", "/shows", body).want(201).string("showId")
		m.do(organizer, "POST", path+"/publish", nil).want(200)
		want = append(want, body["title"].(string))
	}
	slices.Reverse(want)
	m.publishedShow() // Hamlet
	var got []string
	path := "/shows?limit=3&category=theatre&q=%C3%B6DIPUS"
	for next := ""; ; {
		page := m.do(nobody, "GET", path+next, nil).want(200)
		for _, item := range page.items() {
			got = append(got, item["title"].(string))
		}
		if page.body["nextCursor"] == nil {
			break
		}
		if len(page.items()) != 3 {
			t.Errorf("a page of %d", len(page.items()))
		}
		next = "&cursor=" + page.string("nextCursor")
		m.publishedShow()
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if items := m.do(nobody, "GET", "/shows?category=opera", nil).want(200).items(); len(items) != 0 {
		t.Errorf("operas: %v", items)
	}
}

func TestListsFilterByTime(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.schedule(m.publishedShow()) // 2027-06-01T18:00Z
	tests := map[string]int{
		"from=2027-06-01": 1, "from=2027-06-02": 0, "to=2027-06-01": 0, "to=2027-06-02": 1,
		"from=2027-06-01T18:00:00Z": 1, "from=2027-06-01T18:00:00.001Z": 0,
		"from=2027-06-01T20:00:00%2B02:00&to=2027-06-01T18:00:00.001Z": 1, "to=2027-06-01T18:00:00Z": 0,
	}
	for query, want := range tests {
		if got := len(m.do(nobody, "GET", "/shows?"+query, nil).want(200).items()); got != want {
			t.Errorf("%s: %d shows, want %d", query, got, want)
		}
	}
}

func TestMalformedListParametersNameTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	long := strings.Repeat("x", 600)
	tests := []struct{ path, want string }{
		{"/shows?limit=0", "limit"},
		{"/shows?limit=101", "limit"},
		{"/shows?limit=x", "limit"},
		{"/shows?limit=-1", "limit"},
		{"/shows?from=yesterday1", "from"},
		{"/shows?from=2027-06-31", "from"},
		{"/shows?to=2027-06-01T20:00", "to"},
		{"/shows?to=x", "to"},
		{"/shows?q=", "q"},
		{"/shows?q=" + long, "q"},
		{"/shows?category=" + long, "category"},
		{"/shows?cursor=x", "cursor"},
		{"/shows?cursor=" + long, "cursor"},
		{"/shows?cursor=eyJ4IjoxfQ", "cursor"},
		{show + "/performances?limit=0", "limit"},
		{show + "/performances?cursor=e30", "cursor"},
		{show + "/performances?cursor=!", "cursor"},
	}
	for _, tt := range tests {
		t.Run(tt.path[:min(40, len(tt.path))], func(t *testing.T) {
			a := m.do(nobody, "GET", tt.path, nil)
			a.t = t
			a.field(tt.want)
		})
	}
}

func TestTheEdgeAnswersWithProblems(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	if a := m.do(organizer, "PUT", show, newShow()).want(405, "method_not_allowed"); a.header.Get("Allow") == "" {
		t.Error("no Allow")
	}
	m.do(organizer, "DELETE", show, nil).want(405, "method_not_allowed")
	m.do(organizer, "GET", show+"/seats", nil).want(404, "not_found")
	m.do(organizer, "POST", "/shows", newShow(), header("Content-Type", "text/plain")).want(415, "unsupported_media_type")
	m.do(organizer, "POST", "/shows", `{"title":"`+strings.Repeat("x", 1<<20)+`"}`).want(413, "payload_too_large")
	preflight := m.do(nobody, "OPTIONS", "/shows", nil, header("Origin", "https://shop.example"), header("Access-Control-Request-Method", "POST"))
	if preflight.status != http.StatusNoContent || preflight.header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("preflight: %d %v", preflight.status, preflight.header)
	}
}

func TestCreatingIsIdempotentByKey(t *testing.T) {
	t.Parallel()
	m := start(t)
	key := header("Idempotency-Key", "import-17")
	first := m.do(organizer, "POST", "/shows", newShow(), key).want(201)
	again := m.do(organizer, "POST", "/shows", newShow(), key).want(201)
	if first.string("showId") != again.string("showId") || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("%s was answered %s", first.text, again.text)
	}
	m.do(organizer, "POST", "/shows", document{"title": "Macbeth", "description": "", "category": "theatre"}, key).want(422, "idempotency_key_reused")
	if foreign := m.do(other, "POST", "/shows", newShow(), key).want(201); foreign.string("showId") == first.string("showId") {
		t.Error("two callers share a key")
	}
	show := "/shows/" + first.string("showId")
	p1 := m.do(organizer, "POST", show+"/performances", newPerformance(), key).want(201)
	p2 := m.do(organizer, "POST", show+"/performances", newPerformance(), key).want(201)
	if p1.string("performanceId") != p2.string("performanceId") {
		t.Error("a performance was made twice")
	}
	if n := len(m.do(organizer, "GET", show+"/performances", nil).want(200).items()); n != 1 {
		t.Errorf("%d performances", n)
	}
}

func TestEverythingIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	m := start(t)
	key := header("Idempotency-Key", "k")
	created := m.do(organizer, "POST", "/shows", newShow(), key).want(201)
	show := "/shows/" + created.string("showId")
	performance := m.schedule(show)
	m.do(organizer, "POST", show+"/publish", nil).want(200)
	m.deliver(availabilityChanged(performance, "stalls", 0, 1, 13, 4))
	before, facts := m.do(nobody, "GET", performance, nil).want(200), m.facts()
	m.reopen()
	if after := m.do(nobody, "GET", performance, nil).want(200); !reflect.DeepEqual(after.body, before.body) {
		t.Errorf("before %s, after %s", before.text, after.text)
	}
	if after := m.facts(); !slices.Equal(after, facts) {
		t.Errorf("events before %v, after %v", facts, after)
	}
	if again := m.do(organizer, "POST", "/shows", newShow(), key).want(201); again.string("showId") != created.string("showId") {
		t.Error("the key was forgotten")
	}
	m.wantAvailable(performance, map[string]float64{"stalls": 4, "standing": 248})
}
