package seatmap_test

import (
	"errors"
	"testing"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func house(t *testing.T) *seatmap.Layout {
	t.Helper()
	layout, err := seatmap.New([]seatmap.Area{
		{ID: "stalls", Kind: seatmap.Seated, Rows: []seatmap.Row{{Label: "A", Seats: "40-1"}, {Label: "B", Seats: "1-40"}}},
		{ID: "floor", Kind: seatmap.General, Capacity: 130},
	})
	if err != nil {
		t.Fatal(err)
	}
	return layout
}

func rows(label, seats string) []seatmap.Row { return []seatmap.Row{{Label: label, Seats: seats}} }

func TestChannelsHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	layout := house(t)
	err := layout.Allocate([]seatmap.Allocation{
		{ID: "a", Channel: "sponsor", AreaID: "stalls", Rows: rows("A", "40,38-39")},
		{ID: "b", Channel: "crew", AreaID: "stalls", Rows: append(rows("A", "37"), rows("B", "1")...)},
		{ID: "c", Channel: "sponsor", AreaID: "stalls", Rows: rows("A", "36")},
		{ID: "d", Channel: "sponsor", AreaID: "stalls", Rows: rows("A", "1")},
		{ID: "e", Channel: "crew", AreaID: "floor", Quantity: 63},
		{ID: "f", Channel: "sponsor", AreaID: "floor", Quantity: 2},
		{ID: "g", Channel: "crew", AreaID: "floor", Quantity: 1},
	}, []string{"d", "e", "nobody's"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		areaID              string
		partition           int
		kept, public, other inventory.Slots // kept from the public, and from the sponsor
	}{
		{"stalls", 0, 0b11111, 0b11111, 0b01000},
		{"stalls", 1, 1, 1, 1},
		{"floor", 0, 1 << 63, 1 << 63, 0},
		{"floor", 1, 0b11, 0b11, 0b10},
		{"floor", 2, 0, 0, 0},
	} {
		area := layout.Area(tt.areaID)
		kept, public, other := area.Kept(tt.partition), area.KeptFrom("", tt.partition), area.KeptFrom("sponsor", tt.partition)
		if kept != tt.kept || public != tt.public || other != tt.other {
			t.Errorf("partition %d of %s keeps %b, from the public %b, from the sponsor %b", tt.partition, tt.areaID, kept, public, other)
		}
	}
}

func TestPlacesThatAreNotThereAreNotAllocated(t *testing.T) {
	t.Parallel()
	for name, allocations := range map[string][]seatmap.Allocation{
		"no area":                  {{AreaID: "moon", Quantity: 1}},
		"no row":                   {{AreaID: "stalls", Rows: rows("C", "1")}},
		"no seat":                  {{AreaID: "stalls", Rows: rows("A", "40-41")}},
		"no range":                 {{AreaID: "stalls", Rows: rows("A", "x-y")}},
		"more than the area has":   {{AreaID: "floor", Quantity: 131}},
		"more than anything":       {{AreaID: "floor", Quantity: 1 << 40}},
		"more than there are left": {{ID: "a", AreaID: "floor", Quantity: 100}, {ID: "b", AreaID: "floor", Quantity: 31}},
		"a quantity of seats":      {{AreaID: "stalls", Quantity: 1}},
		"no quantity":              {{AreaID: "floor"}},
		"less than nothing":        {{AreaID: "floor", Quantity: -1}},
		"somebody else's seat":     {{ID: "a", Channel: "x", AreaID: "stalls", Rows: rows("A", "1")}, {ID: "b", Channel: "y", AreaID: "stalls", Rows: rows("A", "2,1")}},
	} {
		if err := house(t).Allocate(allocations, nil); !errors.Is(err, seatmap.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
