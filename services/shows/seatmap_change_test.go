package shows_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// smaller is a seat map of which newPerformance's stalls lose seats.
func smaller() document {
	return document{"seatMap": document{
		"areas": []any{document{
			"id": "stalls", "kind": "seated", "priceCategory": "I", "rows": []any{document{"row": "A", "seats": "1-9", "outOfSale": []any{"5"}}},
		}},
		"priceCategories": []any{document{"id": "I", "name": "First", "price": document{"amount": 4300, "currency": "EUR"}}},
	}}
}

func problem(status int, code string, more ...string) string {
	return fmt.Sprintf(`{"type":"https://ticketmesh.dev/problems/%s","title":"x","status":%d,"code":%q%s}`, code, status, code, strings.Join(more, ""))
}

func TestTheSeatMapOfADraftsPerformanceIsChangedWithoutTheSale(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.sale.answers(503, problem(503, "unavailable"))
	show := m.createShow()
	path := m.schedule(show)
	changed := m.do(organizer, "PATCH", path, smaller()).want(200)
	if changed.body["seatMapVersion"] != 2.0 || changed.body["version"] != 2.0 || changed.header.Get("ETag") != `"2"` {
		t.Errorf("changed = %s", changed.text)
	}
	m.reopen()
	if read := m.do(organizer, "GET", path, nil).want(200); !reflect.DeepEqual(read.body, changed.body) {
		t.Errorf("read = %s", read.text)
	}
	m.do(organizer, "POST", show+"/publish", nil).want(200)
	if got, want := m.facts(), []string{"show.published@2", "performance.scheduled@2"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	if asked := m.sale.requests(); len(asked) != 0 {
		t.Errorf("the sale was asked: %v", asked)
	}
}

func TestTheSaleIsAskedBeforeASeatMapChanges(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	_, performanceID, _ := strings.Cut(path, "/performances/")
	m.do(organizer, "PATCH", path, smaller(), header("Content-Type", "application/merge-patch+json")).want(200)
	want := document{
		"path": "POST /tickets/performances/" + performanceID + "/seatmap-changes", "seatMapVersion": 2.0,
		// An aisle stands where a seat is out of sale, which is nothing to the sale.
		"areas": []any{document{"id": "stalls", "kind": "seated", "rows": []any{document{"row": "A", "seats": "1-4,6-9"}}}},
	}
	if asked := m.sale.requests(); len(asked) != 1 || !reflect.DeepEqual(asked[0], want) || m.sale.tokens[0] != "Bearer "+organizer {
		t.Errorf("asked %v as %v", asked, m.sale.tokens)
	}
	events := m.told()
	var told showsevents.Performance
	if err := told.UnmarshalJSON(events[len(events)-1].Data); err != nil {
		t.Fatal(err)
	}
	if events[len(events)-1].Type != showsevents.TypePerformanceRescheduled || told.SeatMapVersion != 2 || told.Version != 2 ||
		!told.PreviousStartsAtUtc.Value.Equal(told.StartsAtUtc) || told.SeatMap.Value.Areas[0].Rows[0].Seats != "1-4,6-9" || told.ReturnsUntil.Set {
		t.Errorf("told %s", events[len(events)-1].Data)
	}
	// The same again changes nothing, and both versions can be read.
	if again := m.do(organizer, "PATCH", path, smaller()).want(200); again.body["version"] != 2.0 || len(m.told()) != len(events) {
		t.Errorf("again = %s", again.text)
	}
	for version, areas := range map[string]int{"1": 2, "2": 1} {
		if read := m.do(nobody, "GET", path+"/seatmaps/"+version, nil).want(200); len(read.body["areas"].([]any)) != areas {
			t.Errorf("version %s = %s", version, read.text)
		}
	}
	if left := m.do(nobody, "GET", path+"/availability", nil).want(200); fmt.Sprint(left.body["areas"]) != "[map[areaId:stalls available:8 capacity:8]]" {
		t.Errorf("availability = %s", left.text)
	}
}

func TestWhatTheSaleRefusesIsNotChanged(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	before := m.do(organizer, "GET", path, nil).want(200)
	const ticketID = "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7c"
	tests := []struct {
		saleStatus int
		sale       string
		status     int
		code       string
		named      string
	}{
		{409, problem(409, "seats_sold", `,"tickets":[{"ticketId":"`+ticketID+`","areaId":"stalls","seat":"A-5"},{"ticketId":"`+ticketID+`","areaId":"standing"}],"seats":["stalls/A-11"]`), 409, "seats_sold", `{"seats":["stalls/A-11"],"tickets":[{"ticketId":"` + ticketID + `","areaId":"stalls","seat":"A-5"},{"ticketId":"` + ticketID + `","areaId":"standing"}]}`},
		{409, problem(409, "seats_held", `,"seats":["stalls/A-11"]`), 409, "seats_held", `{"seats":["stalls/A-11"]}`},
		{409, problem(409, "seat_map_changing"), 409, "seat_map_changing", `{}`},
		{404, problem(404, "not_found"), 409, "seat_map_changing", `{}`},
		{422, problem(422, "area_kind_changed"), 422, "area_kind_changed", `{}`},
		{403, problem(403, "forbidden"), 403, "forbidden", `{}`},
		{503, problem(503, "unavailable"), 503, "unavailable", `{}`},
	}
	for _, tt := range tests {
		m.sale.answers(tt.saleStatus, tt.sale)
		refused := m.do(organizer, "PATCH", path, smaller()).want(tt.status, tt.code)
		var named struct {
			Seats   []string          `json:"seats,omitempty"`
			Tickets []json.RawMessage `json:"tickets,omitempty"`
		}
		if err := json.Unmarshal(refused.text, &named); err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(named); string(text) != tt.named {
			t.Errorf("%s names %s, want %s", tt.code, text, tt.named)
		}
	}
	m.sale.server.Close()
	m.do(organizer, "PATCH", path, smaller()).want(503, "unavailable")
	if after := m.do(organizer, "GET", path, nil).want(200); !reflect.DeepEqual(after.body, before.body) || len(m.told()) != 2 {
		t.Errorf("changed to %s", after.text)
	}
}

func TestWhoMayChangeASeatMapAndToWhat(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	path := m.schedule(show)
	m.do(nobody, "PATCH", path, smaller()).want(401, "unauthenticated")
	m.do(other, "PATCH", path, smaller()).want(403, "forbidden")
	m.do(former, "PATCH", path, smaller()).want(403, "forbidden")
	m.do(organizer, "PATCH", path, `{}`).want(400, "invalid_request")
	m.do(organizer, "PATCH", show+"/performances/"+strings.TrimPrefix(show, "/shows/"), smaller()).want(404, "not_found")
	m.do(organizer, "PATCH", path, smaller(), header("If-Match", `"2"`)).want(412, "version_conflict")
	elsewhere := smaller()
	elsewhere["seatMap"].(document)["priceCategories"].([]any)[0].(document)["price"].(document)["currency"] = "CHF"
	m.do(organizer, "PATCH", path, elsewhere).want(422, "mixed_currencies")
	plan := m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId")
	use := document{"seatPlan": document{"planId": plan, "priceCategories": []any{
		document{"id": "I", "price": document{"amount": 4200, "currency": "EUR"}}, document{"id": "II", "price": document{"amount": 1200, "currency": "EUR"}},
	}}}
	m.do(other, "PATCH", path, use).want(403, "forbidden")
	changed := m.do(admin, "PATCH", path, use, header("If-Match", `"1"`)).want(200)
	if got := fmt.Sprint(changed.body["seatPlan"]); got != "map[planId:"+plan+" version:1]" {
		t.Errorf("seat plan = %s", got)
	}
	m.do(organizer, "POST", path+"/cancel", nil).want(200)
	m.do(organizer, "PATCH", path, smaller()).want(409, "performance_cancelled")
	m.do(organizer, "POST", show+"/cancel", nil).want(200)
	m.do(organizer, "PATCH", path, smaller()).want(409, "show_cancelled")
	if asked := m.sale.requests(); len(asked) != 1 {
		t.Errorf("the sale was asked %d times, want once", len(asked))
	}
}

// newPerformanceMap is a patch to the seat map of newPerformance.
func newPerformanceMap() document { return document{"seatMap": newPerformance()["seatMap"]} }
