package shows_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// charged is a performance with tiers, concessions, a sales window, fees and tax.
func charged() document {
	body := newPerformance()
	eur := func(amount float64) document { return document{"amount": amount, "currency": "EUR"} }
	category := body["seatMap"].(document)["priceCategories"].([]any)[0].(document)
	category["tiers"] = []any{
		document{"id": "early", "name": "Early bird", "price": eur(3000), "until": "2027-02-01T00:00:00.000Z"},
		document{"id": "advance", "name": "Advance sale", "price": eur(3600), "until": "2027-05-01T00:00:00.000Z", "quantity": 100.0},
		document{"id": "later", "name": "Later", "price": eur(3900), "until": "2027-05-01T00:00:00.000Z"},
	}
	category["concessions"] = []any{
		document{"id": "child", "name": "Children", "price": eur(1000)}, document{"id": "student", "name": "Students", "percentOff": "12.5"},
	}
	category["salesOpenAt"], category["salesCloseAt"] = "1970-01-01T00:00:00.000Z", "2027-05-20T22:00:00.000Z"
	body["pricing"] = document{
		"fees": []any{
			document{"id": "service", "name": "Service charge", "per": "ticket", "amount": eur(150), "refundable": true},
			document{"id": "card", "name": "Card", "per": "order", "percent": "1.5", "refundable": false},
		},
		"tax": document{"name": "VAT", "percent": "13", "included": true}, "rounding": "half_up",
	}
	return body
}

func TestPricesFeesAndTaxAreToldAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	made := m.do(organizer, "POST", show+"/performances", charged()).want(201)
	want := charged()
	if !reflect.DeepEqual(made.body["pricing"], want["pricing"]) || !reflect.DeepEqual(made.body["seatMap"], want["seatMap"]) {
		t.Errorf("pricing %v, seat map %v", made.body["pricing"], made.body["seatMap"])
	}
	for _, e := range m.told() {
		if e.Type != showsevents.TypePerformanceScheduled {
			continue
		}
		var told document
		if err := json.Unmarshal(e.Data, &told); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(told["pricing"], want["pricing"]) || !reflect.DeepEqual(told["priceCategories"], want["seatMap"].(document)["priceCategories"]) {
			t.Errorf("told %v, %v", told["pricing"], told["priceCategories"])
		}
	}

	series := charged()
	series["rrule"] = "FREQ=DAILY;COUNT=2"
	m.do(organizer, "POST", show+"/series", series).want(201)
	for _, item := range m.do(nobody, "GET", show+"/performances", nil).want(200).items() {
		if !reflect.DeepEqual(item["pricing"], want["pricing"]) {
			t.Errorf("pricing %v", item["pricing"])
		}
	}
	plain := charged()
	delete(plain["pricing"].(document), "rounding")
	if got := m.do(organizer, "POST", show+"/performances", plain).want(201).body["pricing"].(document)["rounding"]; got != "half_even" {
		t.Errorf("rounding %v", got)
	}
	planned := priced(m.do(organizer, "POST", "/shows/seatplans", newSeatPlan()).want(201).string("planId"))
	inPlan := planned["seatPlan"].(document)["priceCategories"].([]any)[0].(document)
	for _, member := range []string{"tiers", "concessions", "salesOpenAt", "salesCloseAt"} {
		inPlan[member] = want["seatMap"].(document)["priceCategories"].([]any)[0].(document)[member]
	}
	fromPlan := m.do(organizer, "POST", show+"/performances", planned).want(201).body["seatMap"].(document)["priceCategories"].([]any)[0].(document)
	for _, member := range []string{"tiers", "concessions", "salesOpenAt", "salesCloseAt"} {
		if !reflect.DeepEqual(fromPlan[member], inPlan[member]) {
			t.Errorf("%s %v", member, fromPlan[member])
		}
	}
}

func TestInvalidPricesAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	m := start(t)
	path := m.createShow() + "/performances"
	category := func(p document) document { return p["seatMap"].(document)["priceCategories"].([]any)[0].(document) }
	tier := func(p document, i int) document { return category(p)["tiers"].([]any)[i].(document) }
	concession := func(p document, i int) document { return category(p)["concessions"].([]any)[i].(document) }
	fee := func(p document, i int) document { return p["pricing"].(document)["fees"].([]any)[i].(document) }
	tests := []struct {
		name   string
		change func(p document)
		want   string
	}{
		{"a tier twice", func(p document) { tier(p, 1)["id"] = "early" }, "seatMap.priceCategories[0].tiers[1].id"},
		{"a tier that ends first", func(p document) { tier(p, 1)["until"] = "2027-01-31T23:59:59Z" }, "seatMap.priceCategories[0].tiers[1].until"},
		{"a tier in another currency", func(p document) { tier(p, 0)["price"].(document)["currency"] = "JPY" }, "seatMap.priceCategories[0].tiers[0].price.currency"},
		{"a tier below nothing", func(p document) { tier(p, 0)["price"].(document)["amount"] = -1 }, "seatMap.priceCategories[0].tiers[0].price.amount"},
		{"a sale that ends as it begins", func(p document) { category(p)["salesOpenAt"] = category(p)["salesCloseAt"] }, "seatMap.priceCategories[0].salesOpenAt"},
		{"a sale in times that nobody lives in", func(p document) { category(p)["salesCloseAt"] = "9999-01-01T00:00:00Z" }, "seatMap.priceCategories[0].salesCloseAt"},
		{"a tier that ends when one without a quantity does", func(p document) { tier(p, 1)["until"] = tier(p, 0)["until"] }, "seatMap.priceCategories[0].tiers[1].until"},
		{"a tier of no places", func(p document) { tier(p, 1)["quantity"] = 0 }, "seatMap.priceCategories[0].tiers[1].quantity"},
		{"a tier of more places than any house has", func(p document) { tier(p, 1)["quantity"] = 1_000_001 }, "seatMap.priceCategories[0].tiers[1].quantity"},
		{"a tier until then", func(p document) { tier(p, 1)["until"] = "9999-01-01T00:00:00Z" }, "seatMap.priceCategories[0].tiers[1].until"},
		{"a concession twice", func(p document) { concession(p, 1)["id"] = "child" }, "seatMap.priceCategories[0].concessions[1].id"},
		{"a concession of both kinds", func(p document) { concession(p, 0)["percentOff"] = "5" }, "seatMap.priceCategories[0].concessions[0]"},
		{"a concession of neither kind", func(p document) { delete(concession(p, 1), "percentOff") }, "seatMap.priceCategories[0].concessions[1]"},
		{"more than all off", func(p document) { concession(p, 1)["percentOff"] = "100.1" }, "seatMap.priceCategories[0].concessions[1].percentOff"},
		{"a fee twice", func(p document) { fee(p, 1)["id"] = "service" }, "pricing.fees[1].id"},
		{"a fee of both kinds", func(p document) { fee(p, 0)["percent"] = "5" }, "pricing.fees[0]"},
		{"a fee in another currency", func(p document) { fee(p, 0)["amount"].(document)["currency"] = "USD" }, "pricing.fees[0].amount.currency"},
		{"a fee for each seat", func(p document) { fee(p, 0)["per"] = "seat" }, "pricing.fees[0].per"},
		{"a tax that is no number", func(p document) { p["pricing"].(document)["tax"].(document)["percent"] = "ten" }, "pricing.tax.percent"},
		{"a tax without a name", func(p document) { p["pricing"].(document)["tax"].(document)["name"] = " " }, "pricing.tax.name"},
		{"a rounding that is none", func(p document) { p["pricing"].(document)["rounding"] = "down" }, "pricing.rounding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := charged()
			tt.change(body)
			a := m.do(organizer, "POST", path, body)
			a.t = t
			a.field(tt.want)
		})
	}
}
