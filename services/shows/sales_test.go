package shows_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// allocated is a performance whose sponsors have four seats, whose box office has
// 20 places and is open before all others.
func allocated() document {
	body := newPerformance()
	body["seatMap"].(document)["allocations"] = []any{
		document{"id": "sponsors", "name": "Sponsoren", "channel": "sponsor", "areaId": "stalls", "rows": []any{document{"row": "A", "seats": "5-7,13"}}},
		document{"id": "door", "channel": "box_office", "areaId": "standing", "quantity": 20.0},
	}
	body["channels"] = []any{
		document{"id": "box_office", "salesOpenAt": "2027-01-10T09:00:00.000Z"}, document{"id": "sponsor", "salesCloseAt": "2027-05-01T00:00:00.000Z"},
	}
	return body
}

func newPresale() document {
	return document{
		"name": "Freunde", "opensAt": "2027-01-10T09:00:00.000Z", "closesAt": "2027-01-15T09:00:00.000Z", "priceCategories": []any{"I"},
		"channel": "sponsor", "uses": 2.0, "codes": []any{"SPONSOR-2027", "MEMBERS-ONLY-1"}, "generate": 3.0,
	}
}

// lastTold returns the newest event of performances, as it was told.
func (m *mesh) lastTold() (eventType string, data document, text string) {
	m.t.Helper()
	events := m.told()
	last := events[len(events)-1]
	if err := json.Unmarshal(last.Data, &data); err != nil {
		m.t.Fatal(err)
	}
	return last.Type, data, string(last.Data)
}

func TestAllocationsAndChannelsAreToldAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	want := allocated()
	made := m.do(organizer, "POST", show+"/performances", allocated()).want(201)
	if !reflect.DeepEqual(made.body["seatMap"], want["seatMap"]) || !reflect.DeepEqual(made.body["channels"], want["channels"]) || made.body["releasedAllocations"] != nil {
		t.Errorf("made %s", made.text)
	}
	_, told, _ := m.lastTold()
	if got := told["seatMap"].(document)["allocations"]; !reflect.DeepEqual(got, want["seatMap"].(document)["allocations"]) || !reflect.DeepEqual(told["channels"], want["channels"]) {
		t.Errorf("told %v, %v", got, told["channels"])
	}
	path := show + "/performances/" + made.string("performanceId")
	if got := m.do(nobody, "GET", path+"/seatmaps/1", nil).want(200).body["allocations"]; !reflect.DeepEqual(got, want["seatMap"].(document)["allocations"]) {
		t.Errorf("seat map %v", got)
	}

	series := allocated()
	series["rrule"] = "FREQ=DAILY;COUNT=2"
	m.do(organizer, "POST", show+"/series", series).want(201)
	listed := m.do(nobody, "GET", show+"/performances", nil).want(200).items()
	if len(listed) != 3 {
		t.Fatalf("%d performances", len(listed))
	}
	for _, item := range listed {
		if !reflect.DeepEqual(item["channels"], want["channels"]) || !reflect.DeepEqual(item["seatMap"], want["seatMap"]) {
			t.Errorf("of the series: %v", item)
		}
	}

	plan := newSeatPlan()
	plan["allocations"] = []any{document{"id": "crew", "channel": "crew", "areaId": "stalls", "rows": []any{document{"row": "A", "seats": "6,4"}}}}
	planned := m.do(organizer, "POST", "/shows/seatplans", plan).want(201)
	if !reflect.DeepEqual(planned.body["allocations"], plan["allocations"]) {
		t.Errorf("plan %s", planned.text)
	}
	fromPlan := m.do(organizer, "POST", show+"/performances", priced(planned.string("planId"))).want(201).body["seatMap"].(document)
	if !reflect.DeepEqual(fromPlan["allocations"], plan["allocations"]) {
		t.Errorf("from the plan %v", fromPlan["allocations"])
	}
	exported := m.do(organizer, "GET", "/shows/seatplans/"+planned.string("planId")+"/export?format=pretix", nil).want(200)
	if !slices.ContainsFunc(exported.body["findings"].([]any), func(f any) bool { return f.(document)["where"] == "allocations/crew" }) {
		t.Errorf("an export drops allocations in silence: %v", exported.body["findings"])
	}
}

func TestAnAllocationIsReleasedAndTakenBack(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.publishedShow() + "/performances"
	path += "/" + m.do(organizer, "POST", path, allocated()).want(201).string("performanceId")
	say := func(allocationID string, released bool, version int, want ...any) {
		t.Helper()
		got := m.do(organizer, "PATCH", path+"/allocations/"+allocationID, document{"released": released}).want(200)
		list, _ := got.body["releasedAllocations"].([]any)
		if !slices.Equal(list, want) || got.body["version"] != float64(version) || got.body["seatMapVersion"] != 1.0 {
			t.Errorf("%s released %t: %s, want %v in version %d", allocationID, released, got.text, want, version)
		}
	}
	say("sponsors", false, 1)
	say("sponsors", true, 2, "sponsors")
	say("sponsors", true, 2, "sponsors")
	eventType, told, _ := m.lastTold()
	if eventType != showsevents.TypePerformanceRescheduled || told["version"] != 2.0 || told["previousStartsAtUtc"] != told["startsAtUtc"] ||
		!reflect.DeepEqual(told["releasedAllocations"], []any{"sponsors"}) || len(told["seatMap"].(document)["allocations"].([]any)) != 2 {
		t.Errorf("told %s %v", eventType, told)
	}
	say("door", true, 3, "sponsors", "door")
	say("sponsors", false, 4, "door")
	m.do(organizer, "PATCH", path+"/allocations/nobody", document{"released": true}).want(404, "not_found")
	m.do(other, "PATCH", path+"/allocations/door", document{"released": true}).want(403, "forbidden")
	if got := m.do(nobody, "GET", path, nil).want(200).body["releasedAllocations"]; !reflect.DeepEqual(got, []any{"door"}) {
		t.Errorf("released %v", got)
	}
}

func TestAPresaleIsItsOrganizersAndToldByDigests(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.publishedShow() + "/performances"
	path += "/" + m.do(organizer, "POST", path, allocated()).want(201).string("performanceId")
	made := m.do(organizer, "PUT", path+"/presales/friends", newPresale()).want(200)
	codes, _ := made.body["codes"].([]any)
	if len(codes) != 5 || codes[0] != "SPONSOR-2027" || codes[1] != "MEMBERS-ONLY-1" {
		t.Fatalf("codes %v", codes)
	}
	seen := map[any]bool{}
	for _, code := range codes[2:] {
		if seen[code] || !regexp.MustCompile(`^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$`).MatchString(code.(string)) {
			t.Errorf("made the code %v", code)
		}
		seen[code] = true
	}
	eventType, told, text := m.lastTold()
	presales, _ := told["presales"].([]any)
	if eventType != showsevents.TypePerformanceRescheduled || len(presales) != 1 {
		t.Fatalf("told %s %v", eventType, presales)
	}
	presale := presales[0].(document)
	for _, member := range []string{"name", "opensAt", "closesAt", "priceCategories", "channel", "uses"} {
		if !reflect.DeepEqual(presale[member], newPresale()[member]) || !reflect.DeepEqual(made.body[member], newPresale()[member]) {
			t.Errorf("%s: made %v, told %v", member, made.body[member], presale[member])
		}
	}
	if digests := presale["codes"].([]any); len(digests) != 5 || digests[0] != "ANcYQ4e87_bcvn56ZcKPeNZqC_5gaBmSmtitv1wos8M" {
		t.Errorf("told codes %v", digests)
	}
	for _, code := range codes {
		if regexp.MustCompile(regexp.QuoteMeta(code.(string))).MatchString(text) {
			t.Errorf("the event tells the code %v", code)
		}
	}
	public := string(m.do(nobody, "GET", path, nil).want(200).text)
	if regexp.MustCompile(`SPONSOR-2027|Freunde`).MatchString(public) {
		t.Errorf("everybody is told %s", public)
	}

	// What is repeated is there; made codes stay; uses cannot change.
	version := func() any { return m.do(nobody, "GET", path, nil).want(200).body["version"] }
	if again := m.do(organizer, "PUT", path+"/presales/friends", newPresale()).want(200); !reflect.DeepEqual(again.body, made.body) || version() != 2.0 {
		t.Errorf("again %s in version %v", again.text, version())
	}
	change := newPresale()
	delete(change, "closesAt")
	change["generate"], change["codes"] = 4, []any{"SPONSOR-2027"}
	changed := m.do(organizer, "PUT", path+"/presales/friends", change).want(200)
	if got := changed.body["codes"].([]any); len(got) != 5 || !reflect.DeepEqual(got[1:4], codes[2:5]) || changed.body["closesAt"] != nil || version() != 3.0 {
		t.Errorf("changed to %s", changed.text)
	}
	change["uses"] = 3
	m.do(organizer, "PUT", path+"/presales/friends", change).field("uses")

	for method, target := range map[string]string{"GET": path + "/presales", "PUT": path + "/presales/x", "DELETE": path + "/presales/friends"} {
		body := any(nil)
		if method == "PUT" {
			body = newPresale()
		}
		m.do(other, method, target, body).want(403, "forbidden")
		m.do(nobody, method, target, body).want(401, "unauthenticated")
	}
	if listed := m.do(organizer, "GET", path+"/presales", nil).want(200).items(); len(listed) != 1 || !reflect.DeepEqual(listed[0], changed.body) {
		t.Errorf("listed %v", listed)
	}
	for range 2 {
		m.do(organizer, "DELETE", path+"/presales/friends", nil).want(204)
	}
	if _, told, _ := m.lastTold(); told["presales"] != nil || told["version"] != 4.0 {
		t.Errorf("after its end told %v in version %v", told["presales"], told["version"])
	}
}

func TestInvalidSalesAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	path := show + "/performances"
	allocation := func(p document, i int) document { return p["seatMap"].(document)["allocations"].([]any)[i].(document) }
	channel := func(p document, i int) document { return p["channels"].([]any)[i].(document) }
	for _, tt := range []struct {
		name   string
		change func(p document)
		want   string
	}{
		{"an allocation twice", func(p document) { allocation(p, 1)["id"] = "sponsors" }, "seatMap.allocations[1].id"},
		{"in no area", func(p document) { allocation(p, 1)["areaId"] = "moon" }, "seatMap.allocations[1].areaId"},
		{"for the public", func(p document) { allocation(p, 1)["channel"] = "Public!" }, "seatMap.allocations[1].channel"},
		{"of more than there is", func(p document) { allocation(p, 1)["quantity"] = 249 }, "seatMap.allocations[1].quantity"},
		{"of a quantity of seats", func(p document) {
			delete(allocation(p, 0), "rows")
			allocation(p, 0)["quantity"] = 2
		}, "seatMap.allocations[0].quantity"},
		{"of rows of standing room", func(p document) {
			delete(allocation(p, 1), "quantity")
			allocation(p, 1)["rows"] = []any{document{"row": "A", "seats": "1"}}
		}, "seatMap.allocations[1].rows"},
		{"of no such row", func(p document) { allocation(p, 0)["rows"].([]any)[0].(document)["row"] = "Z" }, "seatMap.allocations[0].rows[0].row"},
		{"of no such seat", func(p document) { allocation(p, 0)["rows"].([]any)[0].(document)["seats"] = "11-13" }, "seatMap.allocations[0].rows[0].seats"},
		{"of a seat that is out of sale", func(p document) {
			p["seatMap"].(document)["areas"].([]any)[0].(document)["rows"].([]any)[0].(document)["outOfSale"] = []any{"6"}
		}, "seatMap.allocations[0].rows[0].seats"},
		{"of somebody else's seat", func(p document) {
			p["seatMap"].(document)["allocations"] = append(p["seatMap"].(document)["allocations"].([]any),
				document{"id": "x", "channel": "x", "areaId": "stalls", "rows": []any{document{"row": "A", "seats": "8,7"}}})
		}, "seatMap.allocations[2].rows[0].seats"},
		{"of somebody else's places", func(p document) {
			p["seatMap"].(document)["allocations"] = append(p["seatMap"].(document)["allocations"].([]any),
				document{"id": "x", "channel": "x", "areaId": "standing", "quantity": 229})
		}, "seatMap.allocations[2].quantity"},
		{"a channel twice", func(p document) { channel(p, 1)["id"] = "box_office" }, "channels[1].id"},
		{"a channel that closes first", func(p document) { channel(p, 0)["salesCloseAt"] = "2027-01-10T09:00:00Z" }, "channels[0].salesOpenAt"},
		{"a channel in times that nobody lives in", func(p document) { channel(p, 0)["salesOpenAt"] = "9999-01-01T00:00:00Z" }, "channels[0].salesOpenAt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := allocated()
			tt.change(body)
			a := m.do(organizer, "POST", path, body)
			a.t = t
			a.field(tt.want)
		})
	}

	path += "/" + m.do(organizer, "POST", path, allocated()).want(201).string("performanceId") + "/presales/"
	m.do(organizer, "PUT", path+"other", newPresale()).want(200)
	for _, tt := range []struct {
		name   string
		change func(p document)
		want   string
	}{
		{"codes of another", func(document) {}, "codes[0]"},
		{"a category that is not there", func(p document) { p["priceCategories"] = []any{"IX"} }, "priceCategories[0]"},
		{"a code twice", func(p document) { p["codes"] = []any{"ABCDEFGHIJKL", "ABCDEFGHIJKL"} }, "codes"},
		{"a short code", func(p document) { p["codes"] = []any{"SECRET"} }, "codes[0]"},
		{"a code in small letters", func(p document) { p["codes"] = []any{"abcdefghijkl"} }, "codes[0]"},
		{"neither codes nor how many", func(p document) { delete(p, "codes"); delete(p, "generate") }, "codes"},
		{"more codes than a performance has", func(p document) { p["codes"], p["generate"] = []any{"ABCDEFGHIJKL"}, 1000 }, "codes"},
		{"codes for nothing", func(p document) { p["uses"] = 0 }, "uses"},
		{"codes for more than anybody buys", func(p document) { p["uses"] = 10_001 }, "uses"},
		{"a sale that ends as it begins", func(p document) { p["closesAt"] = p["opensAt"] }, "opensAt"},
		{"a blank name", func(p document) { p["name"] = " " }, "name"},
		{"a channel of no kind", func(p document) { p["channel"] = "Box Office" }, "channel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := newPresale()
			tt.change(body)
			a := m.do(organizer, "PUT", path+"friends", body)
			a.t = t
			a.field(tt.want)
		})
	}
	for i := range 20 {
		body := newPresale()
		delete(body, "codes")
		a := m.do(organizer, "PUT", path+fmt.Sprint("p", i), body)
		if i < 19 {
			a.want(200)
			continue
		}
		a.field("presaleId")
	}
}
