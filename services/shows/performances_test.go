package shows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
)

func TestAPerformanceIsAnsweredAsItWasGiven(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	body := newPerformance()
	body["limits"] = document{"perOrder": 8.0}
	body["salesOpenAt"] = "2027-01-15T10:00:00+01:00"
	created := m.do(organizer, "POST", show+"/performances", body).want(201)
	want := document{
		"performanceId": created.string("performanceId"), "showId": show[len("/shows/"):], "startsAtUtc": "2027-06-01T18:00:00.000Z",
		"status": "scheduled", "version": 1.0, "seatMapVersion": 1.0,
	}
	for k, v := range body {
		want[k] = v
	}
	want["salesOpenAt"] = "2027-01-15T09:00:00.000Z"
	if !reflect.DeepEqual(created.body, want) {
		t.Errorf("\n got %v\nwant %v", created.body, want)
	}
	path := show + "/performances/" + created.string("performanceId")
	if created.header.Get("Location") != path || created.header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", created.header)
	}
	if read := m.do(nobody, "GET", path, nil).want(200); !reflect.DeepEqual(read.body, want) {
		t.Errorf("read %v", read.body)
	}
	if listed := m.do(nobody, "GET", show+"/performances", nil).want(200).items(); !reflect.DeepEqual(listed, []document{want}) {
		t.Errorf("listed %v", listed)
	}
	if plan := m.do(nobody, "GET", path+"/seatmaps/1", nil).want(200); !reflect.DeepEqual(plan.body, body["seatMap"]) {
		t.Errorf("seat map %v", plan.body)
	}
}

func TestInvalidPerformancesAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.createShow() + "/performances"
	tests := []struct {
		name   string
		change func(p document)
		want   string
	}{
		{"no start", func(p document) { delete(p, "startsAt") }, "startsAt"},
		{"a start with an offset", func(p document) { p["startsAt"] = "2027-06-01T20:00Z" }, "startsAt"},
		{"a day that is none", func(p document) { p["startsAt"] = "2027-02-29T20:00" }, "startsAt"},
		{"no zone", func(p document) { delete(p, "timeZone") }, "timeZone"},
		{"an unknown zone", func(p document) { p["timeZone"] = "Europe/Atlantis" }, "timeZone"},
		{"no seat map", func(p document) { delete(p, "seatMap") }, "seatMap"},
		{"an unknown field", func(p document) { p["price"] = 1 }, "price"},
		{"a limit of 0", func(p document) { p["limits"] = document{"perOrder": 0} }, "limits.perOrder"},
		{"an unknown limit", func(p document) { p["limits"] = document{"perDay": 1} }, "limits.perDay"},
		{"sales that close first", func(p document) {
			p["salesOpenAt"], p["salesCloseAt"] = "2027-02-01T00:00:00Z", "2027-01-01T00:00:00Z"
		}, "salesOpenAt"},
		{"sales times without a zone", func(p document) { p["salesOpenAt"] = "2027-02-01T00:00:00" }, "salesOpenAt"},
		{"no areas", func(p document) { p["seatMap"].(document)["areas"] = []any{} }, "seatMap.areas"},
		{"an unknown currency", func(p document) { price(p, 0)["currency"] = "EUX" }, "seatMap.priceCategories[0].price.currency"},
		{"a currency in lower case", func(p document) { price(p, 0)["currency"] = "eur" }, "seatMap.priceCategories[0].price.currency"},
		{"a negative price", func(p document) { price(p, 1)["amount"] = -1 }, "seatMap.priceCategories[1].price.amount"},
		{"a broken price", func(p document) { price(p, 1)["amount"] = 1.5 }, "seatMap.priceCategories[1].price.amount"},
		{"an unknown kind", func(p document) { area(p, 0)["kind"] = "sofa" }, "seatMap.areas[0].kind"},
		{"an unknown price category", func(p document) { area(p, 1)["priceCategory"] = "III" }, "seatMap.areas[1].priceCategory"},
		{"a seat twice", func(p document) { row(p)["seats"] = "1-3,2" }, "seatMap.areas[0].rows[0].seats"},
		{"an aisle nowhere", func(p document) { row(p)["aisleAfter"] = []any{"99"} }, "seatMap.areas[0].rows[0].aisleAfter[0]"},
		{"a general area with rows", func(p document) { area(p, 0)["kind"], area(p, 0)["capacity"] = "general", 5 }, "seatMap.areas[0].rows"},
		{"an area's unknown field", func(p document) { area(p, 0)["color"] = "red" }, "seatMap.areas[0].color"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := newPerformance()
			tt.change(body)
			a := m.do(organizer, "POST", path, body)
			a.t = t
			a.field(tt.want)
		})
	}
}

func area(p document, i int) document { return p["seatMap"].(document)["areas"].([]any)[i].(document) }
func row(p document) document         { return area(p, 0)["rows"].([]any)[0].(document) }
func price(p document, i int) document {
	return p["seatMap"].(document)["priceCategories"].([]any)[i].(document)["price"].(document)
}

func TestAPerformanceThatCannotBeIsUnprocessable(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.createShow() + "/performances"
	for _, startsAt := range []string{"2027-03-28T02:30", "2027-10-31T02:30:00"} {
		body := newPerformance()
		body["startsAt"] = startsAt
		m.do(organizer, "POST", path, body).want(422, "invalid_local_time")
	}
	body := newPerformance()
	price(body, 1)["currency"] = "JPY"
	m.do(organizer, "POST", path, body).want(422, "mixed_currencies")

	past := newPerformance()
	past["startsAt"] = "2001-01-01T20:00"
	m.do(organizer, "POST", path, past).want(201)
}

func TestAPerformanceIsRescheduled(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	moved := m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-06-08T19:30", "salesCloseAt": "2027-06-08T12:00:00Z"}).want(200)
	if moved.body["startsAtUtc"] != "2027-06-08T17:30:00.000Z" || moved.body["salesCloseAt"] != "2027-06-08T12:00:00.000Z" || moved.body["version"] != 2.0 || moved.body["seatMap"] == nil {
		t.Errorf("moved: %s", moved.text)
	}
	m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-06-08T19:30"}).want(200) // there already
	abroad := m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-06-08T19:30", "timeZone": "Asia/Tokyo", "salesCloseAt": nil}).want(200)
	if abroad.body["startsAtUtc"] != "2027-06-08T10:30:00.000Z" || abroad.body["salesCloseAt"] != nil || abroad.body["version"] != 3.0 {
		t.Errorf("abroad: %s", abroad.text)
	}
	m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-03-28T02:30", "timeZone": "Europe/Vienna"}).want(422, "invalid_local_time")
	m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-06-01T20:00", "timeZone": "X/Y"}).field("timeZone")
	m.do(organizer, "POST", path+"/reschedule", document{}).field("startsAt")
	m.do(organizer, "POST", path+"/reschedule", "").field("body")
	want := []string{"show.published@2", "performance.scheduled@1", "performance.rescheduled@2", "performance.rescheduled@3"}
	if got := m.facts(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	var data showsevents.Performance
	if err := data.UnmarshalJSON(m.told()[2].Data); err != nil || data.PreviousStartsAtUtc.Value.Format("2006-01-02T15:04Z") != "2027-06-01T18:00Z" || !data.SeatMap.Set {
		t.Errorf("rescheduled: %+v, %v", data, err)
	}
}

func TestAPerformanceIsCancelled(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	for range 2 {
		if a := m.do(organizer, "POST", path+"/cancel", document{"reason": "The tenor is ill."}).want(200); a.body["status"] != "cancelled" || a.body["version"] != 2.0 || a.body["reason"] != "The tenor is ill." {
			t.Errorf("cancelled: %s", a.text)
		}
	}
	m.do(organizer, "POST", path+"/reschedule", document{"startsAt": "2027-06-08T19:30"}).want(409, "performance_cancelled")
	m.wantAvailable(path, map[string]float64{"stalls": 0, "standing": 0})
	want := []string{"show.published@2", "performance.scheduled@1", "performance.cancelled@2"}
	if got := m.facts(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestPerformancesAreListedByTheirStart(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	for _, startsAt := range []string{"2027-06-03T20:00", "2027-06-01T20:00", "2027-06-02T20:00", "2027-06-01T20:00", "1999-06-01T20:00"} {
		body := newPerformance()
		body["startsAt"] = startsAt
		m.do(organizer, "POST", show+"/performances", body).want(201)
	}
	var got []string
	for next := ""; ; {
		page := m.do(nobody, "GET", show+"/performances?limit=2"+next, nil).want(200)
		for _, item := range page.items() {
			got = append(got, item["startsAt"].(string))
		}
		if page.body["nextCursor"] == nil {
			break
		}
		next = "&cursor=" + page.string("nextCursor")
	}
	want := []string{"1999-06-01T20:00", "2027-06-01T20:00", "2027-06-01T20:00", "2027-06-02T20:00", "2027-06-03T20:00"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARealHallIsScheduledAndTold(t *testing.T) {
	t.Parallel()
	m := start(t)
	text, err := os.ReadFile("internal/seatmap/testdata/hall-1500.seatmap.json")
	if err != nil {
		t.Fatal(err)
	}
	var hall document
	if err := json.Unmarshal(text, &hall); err != nil {
		t.Fatal(err)
	}
	show := m.publishedShow()
	created := m.do(organizer, "POST", show+"/performances", document{"startsAt": "2027-09-18T19:00", "timeZone": "Europe/Berlin", "seatMap": hall}).want(201)
	if !reflect.DeepEqual(created.body["seatMap"], hall) {
		t.Error("the seat map came back changed")
	}
	path := show + "/performances/" + created.string("performanceId")
	places := 0.0
	for _, a := range m.do(nobody, "GET", path+"/availability", nil).want(200).body["areas"].([]any) {
		if a.(document)["capacity"] != a.(document)["available"] {
			t.Errorf("before any sale: %v", a)
		}
		places += a.(document)["capacity"].(float64)
	}
	if places != 1500 {
		t.Errorf("%v places, want 1500", places)
	}
	told := m.told()
	var data document
	if err := json.Unmarshal(told[len(told)-1].Data, &data); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(data["seatMap"].(document)["areas"], hall["areas"]) || !reflect.DeepEqual(data["priceCategories"], hall["priceCategories"]) {
		t.Error("the event has another seat map")
	}
}

func TestALargeSeatMapIsToldByReference(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	var labels []string
	for i := range 600 {
		labels = append(labels, fmt.Sprintf("S%05d", i*2))
	}
	body := newPerformance()
	var rows []any
	for i := range 120 {
		rows = append(rows, document{"row": fmt.Sprint("R", i), "seats": strings.Join(labels, ",")[:2799]})
	}
	area(body, 0)["rows"] = rows
	created := m.do(organizer, "POST", show+"/performances", body).want(201)
	told := m.told()
	var data showsevents.Performance
	if err := data.UnmarshalJSON(told[len(told)-1].Data); err != nil {
		t.Fatal(err)
	}
	if data.SeatMap.Set || !data.SeatMapRef.Set {
		t.Fatalf("inline %t, by reference %t", data.SeatMap.Set, data.SeatMapRef.Set)
	}
	if want := show + "/performances/" + created.string("performanceId") + "/seatmaps/1"; data.SeatMapRef.Value != want {
		t.Errorf("reference %s, want %s", data.SeatMapRef.Value, want)
	}
	if plan := m.do(nobody, "GET", data.SeatMapRef.Value, nil).want(200); !reflect.DeepEqual(plan.body, created.body["seatMap"]) {
		t.Error("the reference leads to another seat map")
	}
}

// deliver hands an event to the consumer as the bus would.
func (m *mesh) deliver(e event.Event) {
	m.t.Helper()
	for _, s := range m.Subscriptions {
		if !slices.Contains(s.Types, e.Type) {
			continue
		}
		if err := s.Handle(context.Background(), e); err != nil {
			m.t.Fatal(err)
		}
	}
}

func availabilityChanged(performancePath, areaID string, partition, version, capacity, available int) event.Event {
	performanceID := performancePath[strings.LastIndex(performancePath, "/")+1:]
	return event.Event{
		ID: id.New(), Type: ticketsevents.TypeAvailabilityChanged, Source: ticketsevents.Source,
		Subject: fmt.Sprintf("%s/%s/%d", performanceID, areaID, partition),
		Data: json.RawMessage(fmt.Sprintf(`{"performanceId":%q,"areaId":%q,"partition":%d,"version":%d,"capacity":%d,"available":%d,"held":0,"sold":%d}`,
			performanceID, areaID, partition, version, capacity, available, capacity-available)),
	}
}

func (m *mesh) wantAvailable(performancePath string, want map[string]float64) {
	m.t.Helper()
	got := map[string]float64{}
	for _, a := range m.do(organizer, "GET", performancePath+"/availability", nil).want(http.StatusOK).body["areas"].([]any) {
		got[a.(document)["areaId"].(string)] = a.(document)["available"].(float64)
	}
	if !reflect.DeepEqual(got, want) {
		m.t.Fatalf("available %v, want %v", got, want)
	}
}

func TestAvailabilityFollowsTheSale(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	m.wantAvailable(path, map[string]float64{"stalls": 13, "standing": 248})

	newest := availabilityChanged(path, "stalls", 0, 3, 13, 5)
	m.deliver(newest)
	m.deliver(newest)                                             // a repetition
	m.deliver(availabilityChanged(path, "stalls", 0, 2, 13, 9))   // out of order
	m.deliver(availabilityChanged(path, "standing", 1, 1, 64, 0)) // one partition of several
	m.deliver(availabilityChanged(path, "standing", 0, 1, 64, 60))
	m.deliver(availabilityChanged(path, "balcony", 0, 1, 64, 60)) // not of this seat map
	m.wantAvailable(path, map[string]float64{"stalls": 5, "standing": 248 - 64 - 4})

	unknown := newest
	unknown.ID = id.New()
	unknown.Data = json.RawMessage(strings.Replace(strings.Replace(string(newest.Data), `"version":3`, `"version":4`, 1), `"available":5`, `"blocked":{"why":[1]},"available":0`, 1))
	m.deliver(unknown)
	m.wantAvailable(path, map[string]float64{"stalls": 0, "standing": 248 - 64 - 4})
}

func TestAMalformedAvailabilityIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	m := start(t)
	e := availabilityChanged("/x/"+id.New().String(), "stalls", 0, 1, 13, 5)
	e.Data = json.RawMessage(`{"areaId":"stalls"}`)
	if err := m.Subscriptions[0].Handle(t.Context(), e); !consumer.IsPermanent(err) {
		t.Errorf("Handle() = %v, want a permanent error", err)
	}
}

func TestPartitionsAreAppliedAtTheSameTime(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.schedule(m.publishedShow())
	var all sync.WaitGroup
	for version := range 50 {
		all.Go(func() {
			_ = m.Subscriptions[0].Handle(context.Background(), availabilityChanged(path, "stalls", 0, version+1, 13, version%13))
		})
	}
	all.Wait()
	m.wantAvailable(path, map[string]float64{"stalls": 49 % 13, "standing": 248})
}
