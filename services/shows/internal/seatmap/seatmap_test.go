package seatmap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

func areas(change ...func([]seatmap.Area)) []seatmap.Area {
	all := []seatmap.Area{
		{ID: "stalls", Name: "Parkett", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "A", Seats: "1-11,13,15", AisleAfter: []string{"7"}, Wheelchair: []string{"15"}},
			{Label: "B", Seats: "12-1"},
		}},
		{ID: "standing", Kind: seatmap.General, Capacity: 248, PriceCategory: "II"},
	}
	for _, c := range change {
		c(all)
	}
	return all
}

func categories(change ...func([]seatmap.PriceCategory)) []seatmap.PriceCategory {
	all := []seatmap.PriceCategory{
		{ID: "I", Name: "First", Price: money.Money{Amount: 4200, Currency: "EUR"}},
		{ID: "II", Name: "Standing", Price: money.Money{Amount: 0, Currency: "EUR"}},
	}
	for _, c := range change {
		c(all)
	}
	return all
}

func TestASeatMapKnowsItsCapacities(t *testing.T) {
	t.Parallel()
	m, err := seatmap.New("", areas(), categories())
	if err != nil {
		t.Fatal(err)
	}
	want := []seatmap.Capacity{{AreaID: "stalls", Places: 25}, {AreaID: "standing", Places: 248}}
	if got := m.Capacities(); !slices.Equal(got, want) {
		t.Errorf("capacities %v, want %v", got, want)
	}
	if m.Currency() != "EUR" {
		t.Errorf("currency %q, want EUR", m.Currency())
	}
}

func TestInvalidSeatMapsNameTheField(t *testing.T) {
	t.Parallel()
	in := func(change func(a []seatmap.Area)) ([]seatmap.Area, []seatmap.PriceCategory) {
		return areas(change), categories()
	}
	prices := func(change func(c []seatmap.PriceCategory)) ([]seatmap.Area, []seatmap.PriceCategory) {
		return areas(), categories(change)
	}
	type give func() ([]seatmap.Area, []seatmap.PriceCategory)
	area := func(change func(a []seatmap.Area)) give {
		return func() ([]seatmap.Area, []seatmap.PriceCategory) { return in(change) }
	}
	price := func(change func(c []seatmap.PriceCategory)) give {
		return func() ([]seatmap.Area, []seatmap.PriceCategory) { return prices(change) }
	}
	tests := []struct {
		name string
		give give
		want string
	}{
		{"no areas", func() ([]seatmap.Area, []seatmap.PriceCategory) { return nil, categories() }, "seatMap.areas"},
		{"no price categories", func() ([]seatmap.Area, []seatmap.PriceCategory) { return areas(), nil }, "seatMap.priceCategories"},
		{"an area twice", area(func(a []seatmap.Area) { a[1].ID = "stalls" }), "seatMap.areas[1].id"},
		{"an area's id with a slash", area(func(a []seatmap.Area) { a[0].ID = "a/b" }), "seatMap.areas[0].id"},
		{"an area without an id", area(func(a []seatmap.Area) { a[0].ID = "" }), "seatMap.areas[0].id"},
		{"an unknown kind", area(func(a []seatmap.Area) { a[0].Kind = "sofa" }), "seatMap.areas[0].kind"},
		{"seated without rows", area(func(a []seatmap.Area) { a[0].Rows = nil }), "seatMap.areas[0].rows"},
		{"seated with a capacity", area(func(a []seatmap.Area) { a[0].Capacity = 5 }), "seatMap.areas[0].capacity"},
		{"general with rows", area(func(a []seatmap.Area) { a[1].Rows = a[0].Rows }), "seatMap.areas[1].rows"},
		{"general without a capacity", area(func(a []seatmap.Area) { a[1].Capacity = 0 }), "seatMap.areas[1].capacity"},
		{"general above a million", area(func(a []seatmap.Area) { a[1].Capacity = 1_000_001 }), "seatMap.areas[1].capacity"},
		{"general above a million together", func() ([]seatmap.Area, []seatmap.PriceCategory) {
			more := areas()[1]
			more.ID, more.Capacity = "more", 1_000_000
			return append(areas(), more), categories()
		}, "seatMap.areas"},
		{"an unknown price category", area(func(a []seatmap.Area) { a[0].PriceCategory = "III" }), "seatMap.areas[0].priceCategory"},
		{"a row twice", area(func(a []seatmap.Area) { a[0].Rows[1].Label = "A" }), "seatMap.areas[0].rows[1].row"},
		{"a row without a label", area(func(a []seatmap.Area) { a[0].Rows[1].Label = "" }), "seatMap.areas[0].rows[1].row"},
		{"a row with a line break", area(func(a []seatmap.Area) { a[0].Rows[1].Label = "A\nB" }), "seatMap.areas[0].rows[1].row"},
		{"a malformed range", area(func(a []seatmap.Area) { a[0].Rows[1].Seats = "1-" }), "seatMap.areas[0].rows[1].seats"},
		{"an aisle after no seat", area(func(a []seatmap.Area) { a[0].Rows[0].AisleAfter = []string{"7", "12"} }), "seatMap.areas[0].rows[0].aisleAfter[1]"},
		{"a wheelchair place nowhere", area(func(a []seatmap.Area) { a[0].Rows[0].Wheelchair = []string{"99"} }), "seatMap.areas[0].rows[0].wheelchair[0]"},
		{"a price category twice", price(func(c []seatmap.PriceCategory) { c[1].ID = "I" }), "seatMap.priceCategories[1].id"},
		{"a blank price category", price(func(c []seatmap.PriceCategory) { c[1].ID = " " }), "seatMap.priceCategories[1].id"},
		{"an unknown currency", price(func(c []seatmap.PriceCategory) { c[0].Price.Currency = "EUX" }), "seatMap.priceCategories[0].price.currency"},
		{"a negative price", price(func(c []seatmap.PriceCategory) { c[0].Price.Amount = -1 }), "seatMap.priceCategories[0].price.amount"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, c := tt.give()
			_, err := seatmap.New("seatMap.", a, c)
			var invalid *violation.Error
			if !errors.As(err, &invalid) || invalid.Fields[0].Field != tt.want {
				if invalid == nil || !slices.ContainsFunc(invalid.Fields, func(f violation.Field) bool { return f.Field == tt.want }) {
					t.Errorf("New() = %v, want a violation of %s", err, tt.want)
				}
			}
		})
	}
}

func TestSeveralCurrenciesAreAnErrorOfTheirOwn(t *testing.T) {
	t.Parallel()
	_, err := seatmap.New("", areas(), categories(func(c []seatmap.PriceCategory) { c[1].Price.Currency = "JPY" }))
	var mixed *seatmap.MixedCurrenciesError
	if !errors.As(err, &mixed) || !slices.Equal(mixed.Currencies, []string{"EUR", "JPY"}) {
		t.Errorf("New() = %v, want the two currencies", err)
	}
}

func TestAHouseHasAtMost200000Seats(t *testing.T) {
	t.Parallel()
	house := func(rows int) []seatmap.Area {
		a := areas()[:1]
		a[0].Rows = nil
		for i := range rows {
			a[0].Rows = append(a[0].Rows, seatmap.Row{Label: fmt.Sprint(i), Seats: "1-10000"})
		}
		return a
	}
	if _, err := seatmap.New("", house(20), categories()); err != nil {
		t.Errorf("200,000 seats: %v", err)
	}
	if _, err := seatmap.New("", house(21), categories()); err == nil {
		t.Error("210,000 seats are accepted")
	}
}

func TestWhatIsWrongAllOverIsToldInBounds(t *testing.T) {
	t.Parallel()
	a := areas()[:1]
	a[0].Rows = nil
	for range 2000 {
		a[0].Rows = append(a[0].Rows, seatmap.Row{Label: "A", Seats: "x-y"})
	}
	_, err := seatmap.New("", a, categories())
	var invalid *violation.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) != 50 {
		t.Errorf("got %v, want 50 fields", err)
	}
}

func TestARealHallIsAccepted(t *testing.T) {
	t.Parallel()
	m := hall(t)
	seats, standing := 0, 0
	for i, c := range m.Capacities() {
		if m.Areas()[i].Kind == seatmap.Seated {
			seats += c.Places
		} else {
			standing += c.Places
		}
	}
	if seats != 1252 || standing != 248 {
		t.Errorf("%d seats and %d standing, want 1252 and 248", seats, standing)
	}
	for _, area := range m.Areas() {
		for _, row := range area.Rows {
			list, err := seatmap.ParseSeats(row.Seats)
			if err != nil {
				t.Fatal(err)
			}
			again, err := seatmap.ParseSeats(seatmap.FormatSeats(list))
			if err != nil || !slices.Equal(again, list) {
				t.Errorf("%s/%s: %q became %q, %v", area.ID, row.Label, row.Seats, again, err)
			}
		}
	}
}

func hall(t testing.TB) seatmap.Map {
	t.Helper()
	text, err := os.ReadFile("testdata/hall-1500.seatmap.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Areas []struct {
			ID, Name, Kind, PriceCategory string
			Capacity                      int
			Rows                          []struct {
				Row, Seats             string
				AisleAfter, Wheelchair []string
			}
		}
		PriceCategories []struct {
			ID, Name string
			Price    money.Money
		}
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var a []seatmap.Area
	for _, area := range file.Areas {
		next := seatmap.Area{ID: area.ID, Name: area.Name, Kind: seatmap.Kind(area.Kind), Capacity: area.Capacity, PriceCategory: area.PriceCategory}
		for _, row := range area.Rows {
			next.Rows = append(next.Rows, seatmap.Row{Label: row.Row, Seats: row.Seats, AisleAfter: row.AisleAfter, Wheelchair: row.Wheelchair})
		}
		a = append(a, next)
	}
	var c []seatmap.PriceCategory
	for _, category := range file.PriceCategories {
		c = append(c, seatmap.PriceCategory{ID: category.ID, Name: category.Name, Price: category.Price})
	}
	m, err := seatmap.New("seatMap.", a, c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
