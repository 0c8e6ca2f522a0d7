package seatmap_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func seated(areaID string, rows ...seatmap.Row) seatmap.Area {
	return seatmap.Area{ID: areaID, Kind: seatmap.Seated, Rows: rows, PriceCategory: "I"}
}

func general(areaID string, capacity int) seatmap.Area {
	return seatmap.Area{ID: areaID, Kind: seatmap.General, Capacity: capacity, PriceCategory: "I"}
}

func changed(t testing.TB, from *seatmap.Layout, areas ...seatmap.Area) *seatmap.Layout {
	t.Helper()
	layout, err := from.Change(areas)
	if err != nil {
		t.Fatal(err)
	}
	return layout
}

func TestSeatsAreSideBySideAsTheNewSeatMapSays(t *testing.T) {
	t.Parallel()
	first, err := seatmap.New([]seatmap.Area{seated("stalls", seatmap.Row{Label: "A", Seats: "1-6", AisleAfter: []string{"3"}, Wheelchair: []string{"6"}})})
	if err != nil {
		t.Fatal(err)
	}
	next := changed(t, first, seated("stalls", seatmap.Row{Label: "A", Seats: "1-2,4-8", Wheelchair: []string{"1"}, AisleAfter: []string{"5"}}))
	area := next.Area("stalls")
	// Slots 0 to 5 are 1 to 6, 6 and 7 are 7 and 8. 2 and 4 are neighbours now, and
	// have not been, nor have 6 and 7 that were laid at different times.
	if got, want := area.Adjacent(0), inventory.Slots(0b0110_1001); got != want {
		t.Errorf("adjacent = %b, want %b", got, want)
	}
	if got, want := area.Ordinary(0), inventory.Slots(0b1111_1010); got != want {
		t.Errorf("ordinary = %b, want %b", got, want)
	}
	if got, want := area.Gone(0), inventory.Slots(0b100); got != want || area.Places() != 7 || area.PartitionCapacity(0) != 8 {
		t.Errorf("gone = %b, %d places in %d slots", got, area.Places(), area.PartitionCapacity(0))
	}
	if _, found := area.Locate("A-3"); found {
		t.Error("A-3 is found")
	}
}

func TestAnAreaKeepsItsKind(t *testing.T) {
	t.Parallel()
	rows := seatmap.Row{Label: "A", Seats: "1-6"}
	first, err := seatmap.New([]seatmap.Area{seated("x", rows), general("y", 3)})
	if err != nil {
		t.Fatal(err)
	}
	without := changed(t, first, general("z", 1))
	for _, from := range []*seatmap.Layout{first, without} {
		if _, err := from.Change([]seatmap.Area{general("x", 6)}); !errors.Is(err, seatmap.ErrKindChanged) {
			t.Errorf("Change() = %v", err)
		}
		if _, err := from.Change([]seatmap.Area{seated("y", rows)}); !errors.Is(err, seatmap.ErrKindChanged) {
			t.Errorf("Change() = %v", err)
		}
	}
	if without.Area("x") != nil || without.Laid("x") == nil || without.Laid("nowhere") != nil {
		t.Error("an area that is gone is for sale, or not laid out")
	}
	again := changed(t, without, seated("x", rows))
	if again.Area("x").Gone(0) != 0 || again.Area("x").Places() != 6 {
		t.Error("an area that comes back is not for sale")
	}
}

// everything is what can be read of a layout.
func everything(l *seatmap.Layout) string {
	var text strings.Builder
	areas := l.LaidAreas()
	slices.SortFunc(areas, func(a, b *seatmap.AreaLayout) int { return strings.Compare(a.ID, b.ID) })
	for _, a := range areas {
		fmt.Fprintln(&text, a.ID, a.Places(), a.Missing())
		for n := range a.Partitions() {
			fmt.Fprintln(&text, a.PartitionCapacity(n), a.PartitionSeats(n), a.Adjacent(n), a.Ordinary(n), a.Gone(n))
		}
	}
	return text.String()
}

// TestPlacesStayWhereTheyAre changes a seat map many times: a seat that was there
// once keeps its partition and slot, no two share one, and what is stored of a
// layout gives the same again.
func TestPlacesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func() []seatmap.Area {
			var areas []seatmap.Area
			for _, areaID := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 1, 3, rapid.ID).Draw(t, "areas") {
				if areaID == "z" {
					areas = append(areas, general("z", rapid.IntRange(1, 200).Draw(t, "capacity")))
					continue
				}
				var rows []seatmap.Row
				for _, label := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C"}), 1, 3, rapid.ID).Draw(t, "rows") {
					from := rapid.IntRange(1, 60).Draw(t, "from")
					rows = append(rows, seatmap.Row{Label: label, Seats: fmt.Sprintf("%d-%d", from, from+rapid.IntRange(0, 80).Draw(t, "more"))})
				}
				areas = append(areas, seated(areaID, rows...))
			}
			return areas
		}
		layout, err := seatmap.New(draw())
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]inventory.Place{}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			areas := draw()
			if layout, err = layout.Change(areas); err != nil {
				t.Fatal(err)
			}
			restored, err := seatmap.Restore(areas, layout.Ground())
			if err != nil || everything(restored) != everything(layout) || !reflect.DeepEqual(restored.Ground(), layout.Ground()) {
				t.Fatalf("restored is not the same: %v", err)
			}
			total := 0
			for _, area := range layout.LaidAreas() {
				used := map[inventory.Place]bool{}
				for n := range area.Partitions() {
					for _, seat := range area.PartitionSeats(n) {
						name := area.ID + "/" + seat.ID
						if was, known := places[name]; known && was != seat.Place || used[seat.Place] {
							t.Fatalf("%s was at %v and is at %v", name, was, seat.Place)
						}
						places[name], used[seat.Place] = seat.Place, true
						if found, sold := area.Locate(seat.ID); sold == seat.Gone || sold && found.Place != seat.Place {
							t.Fatalf("%s: found %t, gone %t", name, sold, seat.Gone)
						}
					}
				}
				if a := layout.Area(area.ID); a != nil {
					total += a.Places()
				}
			}
			if fresh, err := seatmap.New(areas); err != nil || fresh.Places() != total || layout.Places() != total {
				t.Fatalf("%d places, want %d", layout.Places(), fresh.Places())
			}
		}
	})
}
