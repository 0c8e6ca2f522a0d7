package shows_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

func newSeatPlan() document {
	return document{
		"name": "Great Hall",
		"areas": []any{
			document{"id": "stalls", "name": "Parkett", "kind": "seated", "priceCategory": "I", "rows": []any{
				document{"row": "A", "seats": "1-8", "aisleAfter": []any{"3"}, "wheelchair": []any{"8"}, "companion": []any{"7"}, "outOfSale": []any{"5"}},
				document{"row": "B", "seats": "1-2", "outOfSale": []any{"1", "2"}},
			}},
			document{"id": "standing", "kind": "general", "capacity": 20.0, "priceCategory": "II"},
		},
		"priceCategories": []any{document{"id": "I", "name": "First"}, document{"id": "II", "name": "Standing"}},
	}
}

// priced is a performance from a seat plan.
func priced(planID string, more ...string) document {
	categories := []any{
		document{"id": "I", "price": document{"amount": 4200.0, "currency": "EUR"}},
		document{"id": "II", "name": "Arena", "price": document{"amount": 1200.0, "currency": "EUR"}},
	}
	for _, categoryID := range more {
		categories = append(categories, document{"id": categoryID, "price": document{"amount": 1.0, "currency": "EUR"}})
	}
	return document{"startsAt": "2027-06-01T20:00", "timeZone": "Europe/Vienna", "seatPlan": document{"planId": planID, "priceCategories": categories}}
}

func TestASeatPlanIsKeptInVersions(t *testing.T) {
	t.Parallel()
	m := start(t)
	created := m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201)
	path := "/shows/seatplans/" + created.string("planId")
	if created.header.Get("Location") != path || created.header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", created.header)
	}
	first := newSeatPlan()
	first["planId"], first["version"], first["places"] = created.string("planId"), 1.0, 27.0
	if !reflect.DeepEqual(created.body, first) {
		t.Errorf("\n got %v\nwant %v", created.body, first)
	}

	renamed := newSeatPlan()
	renamed["name"] = "Small Hall"
	m.do(organizer, "PUT", path, newSeatPlan(), header("If-Match", `"1"`)).want(200) // the same makes no version
	m.do(organizer, "PUT", path, renamed, header("If-Match", `"1"`)).want(200)
	m.do(organizer, "PUT", path, renamed, header("If-Match", `"1"`)).want(412, "version_conflict")
	if got := m.do(organizer, "GET", path+"?version=1", nil).want(200); !reflect.DeepEqual(got.body, first) {
		t.Errorf("version 1 is %v", got.body)
	}
	if got := m.do(organizer, "GET", path, nil).want(200); got.body["name"] != "Small Hall" || got.body["version"] != 2.0 {
		t.Errorf("the newest is %v", got.body)
	}
	m.do(organizer, "GET", path+"?version=3", nil).want(404, "not_found")
	if listed := m.do(organizer, "GET", "/shows/seatplans", nil).want(200).items(); len(listed) != 1 || listed[0]["name"] != "Small Hall" || listed[0]["places"] != 27.0 {
		t.Errorf("listed %v", listed)
	}

	// A performance keeps what it was set up from.
	show := m.publishedShow()
	use := priced(created.string("planId"))
	use["seatPlan"].(document)["version"] = 1
	scheduled := m.do(organizer, "POST", show+"/performances", use).want(201)
	if want := (document{"planId": created.string("planId"), "version": 1.0}); !reflect.DeepEqual(scheduled.body["seatPlan"], want) {
		t.Errorf("made from %v, want %v", scheduled.body["seatPlan"], want)
	}
	m.do(organizer, "DELETE", path, nil, header("If-Match", `"1"`)).want(412, "version_conflict")
	m.do(organizer, "DELETE", path, nil, header("If-Match", `"2"`)).want(204)
	m.do(organizer, "GET", path, nil).want(404, "not_found")
	m.do(organizer, "GET", path+"?version=1", nil).want(404, "not_found")
	read := m.do(nobody, "GET", show+"/performances/"+scheduled.string("performanceId"), nil).want(200)
	if !reflect.DeepEqual(read.body["seatMap"].(document)["areas"], newSeatPlan()["areas"]) {
		t.Errorf("seat map %v", read.body["seatMap"])
	}
}

func TestWhatIsOutOfSaleIsNotAnnounced(t *testing.T) {
	t.Parallel()
	m := start(t)
	planID := m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId")
	show := m.publishedShow()
	performance := show + "/performances/" + m.do(organizer, "POST", show+"/performances", priced(planID)).want(201).string("performanceId")

	want := []any{
		document{"id": "stalls", "name": "Parkett", "kind": "seated", "priceCategory": "I", "rows": []any{
			document{"row": "A", "seats": "1-4,6-8", "aisleAfter": []any{"3", "4"}, "wheelchair": []any{"8"}, "companion": []any{"7"}},
		}},
		document{"id": "standing", "kind": "general", "capacity": 20.0, "priceCategory": "II"},
	}
	if got := m.do(nobody, "GET", performance+"/seatmaps/1", nil).want(200); !reflect.DeepEqual(got.body["areas"], want) {
		t.Errorf("by reference\n got %v\nwant %v", got.body["areas"], want)
	}
	var told showsevents.Performance
	for _, e := range m.told() {
		if e.Type == showsevents.TypePerformanceScheduled {
			if err := told.UnmarshalJSON(e.Data); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := told.SeatMap.Value.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var announced document
	if err := json.Unmarshal(text, &announced); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(announced["areas"], want) {
		t.Errorf("announced\n got %v\nwant %v", announced["areas"], want)
	}
	free := m.do(nobody, "GET", performance+"/availability", nil).want(200)
	if want := []any{document{"areaId": "stalls", "capacity": 7.0, "available": 7.0}, document{"areaId": "standing", "capacity": 20.0, "available": 20.0}}; !reflect.DeepEqual(free.body["areas"], want) {
		t.Errorf("free %v", free.body)
	}
}

func TestAPerformanceNeedsPricesForItsPlan(t *testing.T) {
	t.Parallel()
	m := start(t)
	planID := m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId")
	foreign := m.do(other, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId")
	path := m.createShow() + "/performances"

	both := priced(planID)
	both["seatMap"] = newPerformance()["seatMap"]
	m.do(organizer, "POST", path, both).field("seatMap")
	m.do(organizer, "POST", path, document{"startsAt": "2027-06-01T20:00", "timeZone": "Europe/Vienna"}).field("seatMap")
	m.do(organizer, "POST", path, priced(planID, "III")).field("seatPlan.priceCategories[2].id")
	m.do(organizer, "POST", path, priced(planID, "I")).field("seatPlan.priceCategories[2].id")
	missing := priced(planID)
	missing["seatPlan"].(document)["priceCategories"] = missing["seatPlan"].(document)["priceCategories"].([]any)[:1]
	m.do(organizer, "POST", path, missing).field("seatPlan.priceCategories")
	m.do(organizer, "POST", path, priced(foreign)).want(422, "unknown_seat_plan")
	later := priced(planID)
	later["seatPlan"].(document)["version"] = 2
	m.do(organizer, "POST", path, later).want(422, "unknown_seat_plan")

	made := m.do(organizer, "POST", path, priced(planID)).want(201)
	categories := made.body["seatMap"].(document)["priceCategories"].([]any)
	if categories[0].(document)["name"] != "First" || categories[1].(document)["name"] != "Arena" {
		t.Errorf("categories %v", categories)
	}
}

func TestSeatPlansAreTheirOrganizersAlone(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := "/shows/seatplans/" + m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId")
	m.do(nobody, "GET", path, nil).want(401, "unauthenticated")
	for _, caller := range []string{customer, other, former} {
		m.do(caller, "GET", path, nil).want(404, "not_found")
		m.do(caller, "PUT", path, newSeatPlan()).want(404, "not_found")
		m.do(caller, "DELETE", path, nil).want(404, "not_found")
		m.do(caller, "GET", path+"/export?format=pretix", nil).want(404, "not_found")
	}
	for _, caller := range []string{customer, former} {
		m.do(caller, "POST", "/shows/seatplans", newSeatPlan()).want(403, "forbidden")
		m.do(caller, "POST", "/shows/seatplans/import", document{"format": "pretix", "document": document{}}).want(403, "forbidden")
		m.do(caller, "GET", "/shows/seatplans", nil).want(403, "forbidden")
	}
	m.do(admin, "GET", path, nil).want(200)
	if listed := m.do(other, "GET", "/shows/seatplans", nil).want(200).items(); len(listed) != 0 {
		t.Errorf("listed %v", listed)
	}
}

func TestAPlanOfPretixMovesInAndOut(t *testing.T) {
	t.Parallel()
	m := start(t)
	text, err := os.ReadFile("internal/pretix/testdata/hall-1500.pretix.json")
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"format":"pretix","name":"Sports hall","document":%s}`, text)
	imported := m.do(organizer, "POST", "/shows/seatplans/import", body, header("Idempotency-Key", "k")).want(201)
	plan := imported.body["plan"].(document)
	if plan["name"] != "Sports hall" || plan["places"] != 1252.0 || len(plan["areas"].([]any)) != 9 || len(imported.body["findings"].([]any)) == 0 {
		t.Errorf("plan %v of %v places, findings %v", plan["name"], plan["places"], imported.body["findings"])
	}
	again := m.do(organizer, "POST", "/shows/seatplans/import", body, header("Idempotency-Key", "k")).want(201)
	if again.body["plan"].(document)["planId"] != plan["planId"] {
		t.Error("the same request made another plan")
	}
	exported := m.do(organizer, "GET", "/shows/seatplans/"+plan["planId"].(string)+"/export?format=pretix", nil).want(200)
	back := m.do(organizer, "POST", "/shows/seatplans/import", document{"format": "pretix", "document": exported.body["document"]}).want(201)
	if !reflect.DeepEqual(back.body["plan"].(document)["areas"], plan["areas"]) {
		t.Error("an export imported again has other areas")
	}

	m.do(organizer, "POST", "/shows/seatplans/import", document{"format": "svg", "document": document{}}).field("format")
	m.do(organizer, "POST", "/shows/seatplans/import", document{"format": "pretix", "document": "x"}).field("document")
	m.do(organizer, "POST", "/shows/seatplans/import", document{"format": "pretix", "document": document{}}).field("document.zones")
	m.do(organizer, "GET", "/shows/seatplans/"+plan["planId"].(string)+"/export?format=svg", nil).field("format")
}

func TestInvalidSeatPlansAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	stalls := func(p document) document { return p["areas"].([]any)[0].(document) }
	tests := []struct {
		name   string
		change func(p document)
		want   string
	}{
		{"no name", func(p document) { p["name"] = " " }, "name"},
		{"a category twice", func(p document) { p["priceCategories"].([]any)[1].(document)["id"] = "I" }, "priceCategories[1].id"},
		{"an unknown category", func(p document) { stalls(p)["priceCategory"] = "X" }, "areas[0].priceCategory"},
		{"a companion of nobody", func(p document) { stalls(p)["rows"].([]any)[0].(document)["companion"] = []any{"99"} }, "areas[0].rows[0].companion[0]"},
		{"a seat out of sale that is none", func(p document) { stalls(p)["rows"].([]any)[0].(document)["outOfSale"] = []any{"99"} }, "areas[0].rows[0].outOfSale[0]"},
		{"a price", func(p document) { p["priceCategories"].([]any)[0].(document)["price"] = 1 }, "priceCategories[0].price"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := newSeatPlan()
			tt.change(body)
			a := m.do(organizer, "POST", "/shows/seatplans", body)
			a.t = t
			a.field(tt.want)
		})
	}
}

func TestAPerformanceNeedsAPlaceForSale(t *testing.T) {
	t.Parallel()
	m := start(t)
	body := newPerformance()
	body["seatMap"].(document)["areas"] = body["seatMap"].(document)["areas"].([]any)[:1]
	row(body)["seats"], row(body)["outOfSale"] = "1-2", []any{"1", "2"}
	row(body)["aisleAfter"], row(body)["wheelchair"] = []any{}, []any{}
	m.do(organizer, "POST", m.createShow()+"/performances", body).field("seatMap.areas")
}
