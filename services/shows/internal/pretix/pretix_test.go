package pretix_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/pretix"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/seatplan"
	"ticketmesh.dev/services/shows/internal/violation"
)

func TestARealHallIsImported(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("testdata/hall-1500.pretix.json")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := pretix.Format{}.Import(document)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seatplan.New(id.New(), "ada", got); err != nil {
		t.Error(err)
	}
	var ids []string
	seats := 0
	for _, area := range got.Areas {
		ids = append(ids, area.ID)
		for _, row := range area.Rows {
			labels, err := seatmap.ParseSeats(row.Seats)
			if err != nil {
				t.Fatal(err)
			}
			seats += len(labels)
		}
	}
	want := []string{"block-d", "block-e", "block-f", "block-a-fan", "block-a-iii", "block-b-vip", "block-b-i", "block-c-c-unten", "block-c-ii"}
	if !slices.Equal(ids, want) {
		t.Errorf("areas %v, want %v", ids, want)
	}
	if inFile := strings.Count(string(document), `"seat_guid"`); seats != inFile {
		t.Errorf("%d seats, the document has %d", seats, inFile)
	}
	if row := got.Areas[0].Rows[8]; row.Label != "6" || row.Seats != "1-11,13,15,17,19" {
		t.Errorf("the row with the odd numbers is %+v", row)
	}
	if got.Name != "Sports hall, 6 blocks" || !slices.Equal(got.Categories, categories("I", "II", "III", "fan", "c-unten", "vip")) {
		t.Errorf("name %q, categories %v", got.Name, got.Categories)
	}
}

func categories(names ...string) []seatplan.Category {
	var list []seatplan.Category
	for _, name := range names {
		list = append(list, seatplan.Category{ID: name, Name: name})
	}
	return list
}

// document makes one with a zone whose rows are as given.
func document(rows string) []byte {
	return []byte(`{"name":"Hall","categories":[{"name":"I"},{"name":"II"}],"zones":[{"name":"Saal Süd","position":{"x":0,"y":0},"rows":[` + rows + `]}]}`)
}

// seatsAt is a row of seats, each given as number@x or number@x@category.
func seatsAt(row string, seats ...string) string {
	var list []string
	for _, s := range seats {
		parts := append(strings.Split(s, "@"), "I")
		list = append(list, fmt.Sprintf(`{"seat_guid":"","seat_number":%q,"position":{"x":%s,"y":0},"category":%q}`, parts[0], parts[1], parts[2]))
	}
	return fmt.Sprintf(`{"row_number":%q,"position":{"x":0,"y":0},"seats":[%s]}`, row, strings.Join(list, ","))
}

func TestRowsAreReadAsTheyStand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		give    string
		want    map[string][]seatmap.Row // by area
		finding string
	}{
		{
			"in a line", seatsAt("A", "1@0", "2@25", "3@50"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1-3"}}},
			"only their order",
		},
		{
			"numbered from the right", seatsAt("A", "3@50", "2@25", "1@0"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "3-1"}}},
			"only their order",
		},
		{
			"listed in another order than they stand", seatsAt("A", "1@0", "3@50", "2@25"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1-3"}}},
			"from where they stand",
		},
		{
			"with a gap", seatsAt("A", "1@0", "2@25", "3@75", "4@100"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1-4", AisleAfter: []string{"2"}}}},
			"an aisle is where",
		},
		{
			"of one name, side by side", seatsAt("A", "3@100", "4@125") + "," + seatsAt("A", "1@0", "2@25"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1-4", AisleAfter: []string{"2"}}}},
			"one row with an aisle between",
		},
		{
			"of one name and with the same numbers", seatsAt("A", "1@0") + "," + seatsAt("A", "1@0") + "," + seatsAt("A", "1@0"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1"}, {Label: "A/2", Seats: "1"}, {Label: "A/3", Seats: "1"}}},
			"is renamed",
		},
		{
			"without names", seatsAt("", "1@0") + "," + seatsAt(" ", "1@0"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "1", Seats: "1"}, {Label: "2", Seats: "1"}}},
			"named by its number",
		},
		{
			"with numbers that are none", seatsAt("A", "1 links@0", "1-links@25", "@50", "Seat number nine@75"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1links,1linksx2,3,Seatnumb"}}},
			"is changed",
		},
		{
			"of two categories", seatsAt("A", "1@0@I", "2@25@II", "3@50@I"),
			map[string][]seatmap.Row{
				"saal-sud-i":  {{Label: "A", Seats: "1,3", AisleAfter: []string{"1"}}},
				"saal-sud-ii": {{Label: "A", Seats: "2"}},
			},
			"is cut",
		},
		{
			"without seats", `{"row_number":"X","seats":[]},` + seatsAt("A", "1@0"),
			map[string][]seatmap.Row{"saal-sud": {{Label: "A", Seats: "1"}}},
			"left out",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			imported, findings, err := pretix.Format{}.Import(document(tt.give))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]seatmap.Row{}
			for _, area := range imported.Areas {
				got[area.ID] = area.Rows
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
			if !slices.ContainsFunc(findings, func(f seatplan.Finding) bool { return strings.Contains(f.Message, tt.finding) }) {
				t.Errorf("no finding says %q: %+v", tt.finding, findings)
			}
		})
	}
}

func TestWhatIsNotKeptIsReported(t *testing.T) {
	t.Parallel()
	const give = `{"name":"Hall","size":{"width":1,"height":1},"version":3,"categories":[{"name":"I","color":"#fff"}],
		"zones":[{"displayed":true,"uuid":"u","position":{"x":0,"y":0},
			"rows":[{"row_number":"A","row_number_position":"both","seats":[
				{"seat_guid":"g1","seat_number":"1","position":{"x":0,"y":0},"category":"I","radius":9},
				{"seat_guid":"g2","seat_number":"2","position":{"x":25,"y":0},"category":"I","radius":9}]}],
			"areas":[{"width":1,"height":1,"position":{"x":0,"y":0},"text":"Stage"},{"width":1,"height":1,"position":{"x":0,"y":0}}]}]}`
	_, findings, err := pretix.Format{}.Import([]byte(give))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{ // the pointer of the first, and how many
		"/size": 1, "/version": 1, "/categories/0/color": 1, "/zones/0/displayed": 1, "/zones/0/uuid": 1, "/zones/0/name": 1,
		"/zones/0/areas/0": 1, "/zones/0/areas/1": 1, "/zones/0/rows/0/row_number_position": 1,
		"/zones/0/rows/0/seats/0/seat_guid": 2, "/zones/0/rows/0/seats/0/radius": 2, "/zones/0/rows/0": 1,
	}
	got := map[string]int{}
	for _, f := range findings {
		got[f.Where] += f.Count
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestWhatIsNoPlanIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give, field string
	}{
		{"nothing", ``, "document"},
		{"no JSON", `{`, "document"},
		{"two values", `{} {}`, "document"},
		{"a number for a name", `{"name":1}`, "document"},
		{"no seats", `{"name":"x","categories":[],"zones":[]}`, "document.zones"},
		{"a category twice", `{"categories":[{"name":"I"},{"name":"I"}]}`, "document.categories[1].name"},
		{"a category without a name", `{"categories":[{"name":" "}]}`, "document.categories[0].name"},
		{"a seat of no category", string(document(seatsAt("A", "1@0", "2@25@III"))), "document.zones[0].rows[0].seats[1].category"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := pretix.Format{}.Import([]byte(tt.give))
			var invalid *violation.Error
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want a *violation.Error", err)
			}
			if invalid.Fields[0].Field != tt.field {
				t.Errorf("fields %+v, want %s", invalid.Fields, tt.field)
			}
		})
	}
}

// TestWhatIsExportedComesBack exports seats, rows, aisles and categories of any
// seated area and imports them again.
func TestWhatIsExportedComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var areas []seatmap.Area
		for a := range rapid.IntRange(1, 3).Draw(t, "areas") {
			area := seatmap.Area{ID: fmt.Sprintf("area-%d", a), Name: fmt.Sprintf("Area %d", a), Kind: seatmap.Seated, PriceCategory: rapid.SampledFrom([]string{"I", "II"}).Draw(t, "category")}
			for r := range rapid.IntRange(1, 4).Draw(t, "rows") {
				labels := rapid.SliceOfNDistinct(rapid.StringMatching(`[1-9][0-9]?|[A-Z][0-9]`), 1, 12, rapid.ID).Draw(t, "seats")
				row := seatmap.Row{Label: fmt.Sprintf("R%d", r), Seats: seatmap.FormatSeats(labels)}
				// Three neighbours at the usual distance tell it from an aisle.
				if len(labels) > 6 && rapid.Bool().Draw(t, "aisle") {
					row.AisleAfter = []string{labels[2]}
				}
				area.Rows = append(area.Rows, row)
			}
			areas = append(areas, area)
		}
		document, _, err := pretix.Format{}.Export(seatplan.Details{Name: "House", Areas: areas, Categories: categories("I", "II")})
		if err != nil {
			t.Fatal(err)
		}
		imported, _, err := pretix.Format{}.Import(document)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(imported.Areas, areas) {
			t.Errorf("\n got %+v\nwant %+v", imported.Areas, areas)
		}
	})
}

func TestAnExportSaysWhatTheFormatCannot(t *testing.T) {
	t.Parallel()
	document, found, err := pretix.Format{}.Export(seatplan.Details{Name: "House", Areas: []seatmap.Area{
		{ID: "stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "A", Seats: "1-4", AisleAfter: []string{"2"}, Wheelchair: []string{"4"}, Companion: []string{"3"}, OutOfSale: []string{"1"}},
		}},
		{ID: "floor", Name: "Floor", Kind: seatmap.General, Capacity: 40, PriceCategory: "II"},
		{ID: "circle", Name: "Dress circle", Kind: seatmap.Seated, PriceCategory: "III", Rows: []seatmap.Row{{Label: "A", Seats: "1-4"}}},
	}, Categories: append(categories("I", "II"), seatplan.Category{ID: "III", Name: "Cheap"}), Allocations: []seatmap.Allocation{
		{ID: "sponsor", Channel: "sponsor", AreaID: "stalls", Rows: []seatmap.AllocatedRow{{Label: "A", Seats: "2"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	says := []string{"aisles", "wheelchair", "companion", "out of sale", "40 places", "ids of areas: circle", `"Cheap" is lost`, "allocations"}
	for _, want := range says {
		if !slices.ContainsFunc(found, func(f seatplan.Finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("no finding says %q: %+v", want, found)
		}
	}
	if len(found) != len(says) {
		t.Errorf("%d findings, want one for each of %q: %+v", len(found), says, found)
	}
	var back struct {
		Zones []struct {
			Name string
			Rows []struct {
				Seats []struct {
					GUID     string `json:"seat_guid"`
					Position struct{ X, Y int }
				}
			}
			Areas []struct{ Text string }
		}
	}
	if err := json.Unmarshal(document, &back); err != nil {
		t.Fatal(err)
	}
	seats := back.Zones[0].Rows[0].Seats
	if len(seats) != 4 || seats[0].GUID != "stalls-A-1" || seats[2].Position.X-seats[1].Position.X != 2*(seats[1].Position.X-seats[0].Position.X) {
		t.Errorf("seats %+v", seats)
	}
	if len(back.Zones[1].Areas) != 1 || back.Zones[1].Areas[0].Text != "Floor" {
		t.Errorf("standing room %+v", back.Zones[1])
	}
}

func FuzzImport(f *testing.F) {
	f.Add(document(seatsAt("A", "1@0", "2@25@II")))
	f.Add([]byte(`{"zones":[{"rows":[{"seats":[{}]}]}]}`))
	f.Fuzz(func(t *testing.T, give []byte) {
		imported, _, err := pretix.Format{}.Import(give)
		if err != nil {
			return
		}
		for _, area := range imported.Areas {
			for _, row := range area.Rows {
				if _, err := seatmap.ParseSeats(row.Seats); err != nil {
					t.Errorf("row %+v: %v", row, err)
				}
			}
		}
		if _, _, err := (pretix.Format{}).Export(imported); err != nil {
			t.Error(err)
		}
	})
}
