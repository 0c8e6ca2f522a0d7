package seatmap_test

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

//go:embed testdata/hall-1500.seatmap.json
var realHall []byte

// readAreas reads a seat map as the contract has it.
func readAreas(t testing.TB, text []byte) []seatmap.Area {
	t.Helper()
	var data struct{ Areas []seatmap.Area }
	// Row's label is called row in the contract.
	text = []byte(strings.ReplaceAll(string(text), `"row":`, `"label":`))
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	return data.Areas
}

func lay(t testing.TB, areas ...seatmap.Area) *seatmap.Layout {
	t.Helper()
	layout, err := seatmap.New(areas)
	if err != nil {
		t.Fatal(err)
	}
	return layout
}

func TestTheRealHall(t *testing.T) {
	t.Parallel()
	layout := lay(t, readAreas(t, realHall)...)
	seated, standing, wheelchairs := 0, 0, 0
	blocks := map[byte]bool{}
	for _, area := range layout.Areas() {
		checkArea(t, area)
		if area.Kind == seatmap.General {
			standing += area.Places()
			continue
		}
		seated += area.Places()
		blocks[area.ID[0]] = true
		for _, seat := range allSeats(area) {
			if seat.Reserved {
				wheelchairs++
			}
		}
	}
	if seated != 1252 || standing != 248 || layout.Places() != 1500 || len(blocks) != 6 || wheelchairs == 0 {
		t.Errorf("%d seats in %d blocks with %d wheelchair places and %d standing, want 1252 in 6 and 248", seated, len(blocks), wheelchairs, standing)
	}
	// Row 6 of block D is 1-11,13,15,17,19 with wheelchair places from 11 on.
	d := layout.Area("d")
	for seatID, want := range map[string]bool{"6-10": false, "6-11": true, "6-13": true, "6-19": true} {
		if seat, known := d.Locate(seatID); !known || seat.Reserved != want {
			t.Errorf("seat %s is there: %t, for wheelchairs: %t, want %t", seatID, known, seat.Reserved, want)
		}
	}
	for _, skipped := range []string{"6-12", "6-14", "6-16", "6-18", "6-20", "5-1"} {
		if seat, known := d.Locate(skipped); known {
			t.Errorf("seat %s does not exist, found %+v", skipped, seat)
		}
	}
	want := map[string]bool{"14-6": true, "14-7": false, "14-8": true, "14-21": false, "14-28": false, "6-1": true, "6-10": false, "6-11": false}
	for seatID, adjacent := range want {
		if seat, _ := d.Locate(seatID); seat.NextAdjacent != adjacent {
			t.Errorf("after seat %s the next is beside: %t, want %t", seatID, seat.NextAdjacent, adjacent)
		}
	}
}

func TestTwentyThousandSeats(t *testing.T) {
	t.Parallel()
	area := seatmap.Area{ID: "arena", Kind: seatmap.Seated, PriceCategory: "I"}
	for row := range 250 {
		area.Rows = append(area.Rows, seatmap.Row{Label: fmt.Sprint(row + 1), Seats: "1-80", AisleAfter: []string{"40"}})
	}
	layout := lay(t, area)
	if layout.Places() != 20_000 {
		t.Fatalf("%d places, want 20000", layout.Places())
	}
	checkArea(t, layout.Area("arena"))
	// Rows of 80 are cut at 64: a seat on either side of the cut is not beside.
	for seatID, want := range map[string]bool{"1-39": true, "1-40": false, "1-64": false, "1-65": true} {
		if seat, _ := layout.Area("arena").Locate(seatID); seat.NextAdjacent != want {
			t.Errorf("after %s the next is beside: %t, want %t", seatID, seat.NextAdjacent, want)
		}
	}
}

// checkArea checks what holds for every area, whatever it looks like.
func checkArea(t testing.TB, area *seatmap.AreaLayout) {
	t.Helper()
	places := 0
	for number := range area.Partitions() {
		capacity := area.PartitionCapacity(number)
		if capacity < 1 || capacity > inventory.MaxPlaces {
			t.Errorf("%s: partition %d has %d places", area.ID, number, capacity)
		}
		places += capacity
		seats := area.PartitionSeats(number)
		if area.Kind == seatmap.General {
			if seats != nil || area.Adjacent(number) != 0 || area.Ordinary(number) != ^inventory.Slots(0) {
				t.Errorf("%s: a general area has seats", area.ID)
			}
			continue
		}
		if len(seats) != capacity {
			t.Errorf("%s: partition %d has %d seats and a capacity of %d", area.ID, number, len(seats), capacity)
		}
		for slot, seat := range seats {
			if want := (inventory.Place{Partition: number, Slot: slot}); seat.Place != want {
				t.Errorf("%s: seat %s is at %+v, found at %+v", area.ID, seat.ID, seat.Place, want)
			}
			if found, known := area.Locate(seat.ID); !known || found != seat {
				t.Errorf("%s: Locate(%s) = %+v, %t, want %+v", area.ID, seat.ID, found, known, seat)
			}
			bit := inventory.Slots(1) << slot
			if area.Adjacent(number)&bit != 0 != seat.NextAdjacent || area.Ordinary(number)&bit == 0 != seat.Reserved {
				t.Errorf("%s: masks of partition %d are wrong about seat %s", area.ID, number, seat.ID)
			}
			if seat.NextAdjacent && (slot+1 == len(seats) || rowLabel(seats[slot+1].ID) != rowLabel(seat.ID)) {
				t.Errorf("%s: seat %s has nobody beside it in its partition and row", area.ID, seat.ID)
			}
		}
	}
	if places != area.Places() {
		t.Errorf("%s: partitions have %d places, the area %d", area.ID, places, area.Places())
	}
}

func rowLabel(seatID string) string { return seatID[:strings.LastIndexByte(seatID, '-')] }

// TestAdjacencyIsThatOfTheRow compares with the definition on any area.
func TestAdjacencyIsThatOfTheRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		area := seatmap.Area{ID: "a", Kind: seatmap.Seated, PriceCategory: "I"}
		beside := map[string]string{} // a seat and who follows it, with no aisle between
		for r := range rapid.IntRange(1, 12).Draw(rt, "rows") {
			label := fmt.Sprintf("%d-%c", r, 'A'+r) // labels may have hyphens
			seats := rapid.IntRange(1, 150).Draw(rt, "seats")
			row := seatmap.Row{Label: label, Seats: fmt.Sprintf("1-%d", seats)}
			aisles := map[int]bool{}
			for _, n := range rapid.SliceOfDistinct(rapid.IntRange(1, seats), rapid.ID).Draw(rt, "aisles") {
				aisles[n] = true
				row.AisleAfter = append(row.AisleAfter, fmt.Sprint(n))
			}
			for n := 1; n < seats; n++ {
				if !aisles[n] {
					beside[fmt.Sprintf("%s-%d", label, n)] = fmt.Sprintf("%s-%d", label, n+1)
				}
			}
			area.Rows = append(area.Rows, row)
		}
		layout, err := seatmap.New([]seatmap.Area{area})
		if err != nil {
			rt.Fatal(err)
		}
		laid := layout.Area("a")
		checkArea(t, laid)
		for number := range laid.Partitions() {
			seats := laid.PartitionSeats(number)
			for slot, seat := range seats {
				next := ""
				if slot+1 < len(seats) {
					next = seats[slot+1].ID
				}
				want := next != "" && beside[seat.ID] == next
				if seat.NextAdjacent != want {
					rt.Fatalf("seat %s: next adjacent %t, want %t", seat.ID, seat.NextAdjacent, want)
				}
			}
		}
	})
}

func TestOnlyRowsLongerThanAPartitionAreCut(t *testing.T) {
	t.Parallel()
	layout := lay(t, seatmap.Area{ID: "a", Kind: seatmap.Seated, Rows: []seatmap.Row{
		{Label: "A", Seats: "1-40"}, {Label: "B", Seats: "1-25"}, {Label: "C", Seats: "1-39"}, {Label: "D", Seats: "1-64"}, {Label: "E", Seats: "1-65"},
	}})
	a := layout.Area("a")
	want := map[string]int{"A-40": 0, "B-1": 1, "B-25": 1, "C-39": 1, "D-1": 2, "D-64": 2, "E-1": 3, "E-64": 3, "E-65": 4}
	for seatID, partition := range want {
		if seat, _ := a.Locate(seatID); seat.Place.Partition != partition {
			t.Errorf("seat %s is in partition %d, want %d", seatID, seat.Place.Partition, partition)
		}
	}
	if a.Partitions() != 5 {
		t.Errorf("%d partitions, want 5", a.Partitions())
	}
}

func TestGeneralAreasAreCutInPartitionsOf64(t *testing.T) {
	t.Parallel()
	tests := []struct{ capacity, partitions, last int }{{1, 1, 1}, {64, 1, 64}, {65, 2, 1}, {248, 4, 56}, {1_000_000, 15_625, 64}}
	for _, tt := range tests {
		area := lay(t, seatmap.Area{ID: "floor", Kind: seatmap.General, Capacity: tt.capacity}).Area("floor")
		if area.Partitions() != tt.partitions || area.PartitionCapacity(tt.partitions-1) != tt.last {
			t.Errorf("capacity %d: %d partitions, the last of %d; want %d and %d", tt.capacity, area.Partitions(), area.PartitionCapacity(area.Partitions()-1), tt.partitions, tt.last)
		}
		checkArea(t, area)
	}
}

func TestLocateFindsNothingWhereNothingIs(t *testing.T) {
	t.Parallel()
	layout := lay(t,
		seatmap.Area{ID: "a", Kind: seatmap.Seated, Rows: []seatmap.Row{{Label: "A-1", Seats: "2"}}},
		seatmap.Area{ID: "floor", Kind: seatmap.General, Capacity: 3})
	if _, known := layout.Area("a").Locate("A-1-2"); !known {
		t.Error("a row's label with a hyphen is not found")
	}
	for _, seatID := range []string{"", "-", "A", "A-1", "A-1-", "-2", "A-1-3", "a-1-2", "A-1-02", strings.Repeat("-", 1000)} {
		if seat, known := layout.Area("a").Locate(seatID); known {
			t.Errorf("Locate(%q) = %+v", seatID, seat)
		}
	}
	if _, known := layout.Area("floor").Locate("A-1"); known {
		t.Error("a general area has a seat")
	}
	if layout.Area("moon") != nil {
		t.Error("there is an area on the moon")
	}
}

func TestMalformedSeatMapsAreRefused(t *testing.T) {
	t.Parallel()
	seated := func(rows ...seatmap.Row) []seatmap.Area {
		return []seatmap.Area{{ID: "a", Kind: seatmap.Seated, Rows: rows}}
	}
	general := func(areaID string, capacity int) seatmap.Area {
		return seatmap.Area{ID: areaID, Kind: seatmap.General, Capacity: capacity}
	}
	endless := seatmap.Area{ID: "a", Kind: seatmap.Seated}
	for row := range 101 {
		endless.Rows = append(endless.Rows, seatmap.Row{Label: fmt.Sprint(row), Seats: "1-10000"})
	}
	half, otherHalf := endless, endless
	half.Rows, otherHalf.Rows, otherHalf.ID = endless.Rows[:51], endless.Rows[50:], "b"
	tests := []struct {
		name string
		give []seatmap.Area
	}{
		{"no areas", nil},
		{"more seats than any house has", []seatmap.Area{endless}},
		{"more seats than any house has, in two areas", []seatmap.Area{half, otherHalf}},
		{"an area without id", []seatmap.Area{general("", 1)}},
		{"an area twice", []seatmap.Area{general("a", 1), general("a", 1)}},
		{"unknown kind", []seatmap.Area{{ID: "a", Kind: "balcony", Capacity: 1}}},
		{"no capacity", []seatmap.Area{general("a", 0)}},
		{"negative capacity", []seatmap.Area{general("a", -1)}},
		{"no rows", seated()},
		{"a row without label", seated(seatmap.Row{Seats: "1"})},
		{"a row twice", seated(seatmap.Row{Label: "A", Seats: "1"}, seatmap.Row{Label: "A", Seats: "2"})},
		{"a row without seats", seated(seatmap.Row{Label: "A"})},
		{"an aisle after no seat", seated(seatmap.Row{Label: "A", Seats: "1-3", AisleAfter: []string{"4"}})},
		{"a wheelchair place that is no seat", seated(seatmap.Row{Label: "A", Seats: "1-3", Wheelchair: []string{"0"}})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if layout, err := seatmap.New(tt.give); !errors.Is(err, seatmap.ErrMalformed) || layout != nil {
				t.Errorf("New() = %v, %v, want ErrMalformed", layout, err)
			}
		})
	}
}

func BenchmarkNewTwentyThousandSeats(b *testing.B) {
	area := seatmap.Area{ID: "arena", Kind: seatmap.Seated}
	for row := range 400 {
		area.Rows = append(area.Rows, seatmap.Row{Label: fmt.Sprint(row), Seats: "1-50"})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seatmap.New([]seatmap.Area{area}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPlacesForWheelchairsAndCompanionsAreSoldByNameOnly(t *testing.T) {
	t.Parallel()
	layout := lay(t, seatmap.Area{ID: "a", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
		{Label: "A", Seats: "1-5", Wheelchair: []string{"5"}, Companion: []string{"4"}},
	}})
	area := layout.Areas()[0]
	if got := area.Ordinary(0); got != 0b00111 {
		t.Errorf("ordinary places %05b, want 00111", got)
	}
	if area.PartitionCapacity(0) != 5 {
		t.Errorf("capacity %d, want 5", area.PartitionCapacity(0))
	}
}
