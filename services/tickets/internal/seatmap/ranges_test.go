package seatmap_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// rowOf lays out one row and returns its seats in their order.
func rowOf(row seatmap.Row) ([]seatmap.Seat, error) {
	layout, err := seatmap.New([]seatmap.Area{{ID: "a", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{row}}})
	if err != nil {
		return nil, err
	}
	return allSeats(layout.Area("a")), nil
}

func allSeats(area *seatmap.AreaLayout) []seatmap.Seat {
	var seats []seatmap.Seat
	for number := range area.Partitions() {
		seats = append(seats, area.PartitionSeats(number)...)
	}
	return seats
}

func TestRangesNameSeatsInTheirPhysicalOrder(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give, want string }{
		{"one seat", "7", "7"},
		{"ascending", "1-4", "1 2 3 4"},
		{"descending", "4-1", "4 3 2 1"},
		{"twenty to one", "20-1", "20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1"},
		{"skipped numbers", "1-11,13,15", "1 2 3 4 5 6 7 8 9 10 11 13 15"},
		{"ranges out of order", "11-15,1-10", "11 12 13 14 15 1 2 3 4 5 6 7 8 9 10"},
		{"a range of one", "3-3", "3"},
		{"to zero", "2-0", "2 1 0"},
		{"spaces around parts", " 1-2 , 4 ", "1 2 4"},
		{"numbers that are none", "1a,1b,Loge", "1a 1b Loge"},
		{"leading zeros stay in single numbers", "007", "007"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seats, err := rowOf(seatmap.Row{Label: "A", Seats: tt.give})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, seat := range seats {
				got = append(got, strings.TrimPrefix(seat.ID, "A-"))
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("%q names %v, want %v", tt.give, got, want)
			}
		})
	}
}

func TestMalformedRangesAreRefused(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		"", ",", "1,", ",1", "1,,2", "-", "1-", "-1", "1-2-3", "a-b", "1-b", "1- 2", "0x1-3", "1e3-2", "+1-2",
		"1,1", "1-3,2", "3-1,2", "1-10001", "1-999999999", "2147483648-1", "1-99999999999999999999",
	} {
		t.Run(give, func(t *testing.T) {
			t.Parallel()
			if seats, err := rowOf(seatmap.Row{Label: "A", Seats: give}); !errors.Is(err, seatmap.ErrMalformed) {
				t.Errorf("%q gives %d seats and %v, want ErrMalformed", give, len(seats), err)
			}
		})
	}
}

// TestRangesAgreeWithTheirExpansion writes any sequence of numbers in ranges and
// reads it back.
func TestRangesAgreeWithTheirExpansion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 300), 1, 120, rapid.ID).Draw(t, "numbers")
		if rapid.Bool().Draw(t, "sorted") {
			slices.Sort(numbers)
		}
		var parts []string
		for i := 0; i < len(numbers); {
			j := i
			step := 0
			for j+1 < len(numbers) {
				d := numbers[j+1] - numbers[j]
				if d != 1 && d != -1 || step != 0 && d != step {
					break
				}
				step = d
				j++
			}
			if i == j {
				parts = append(parts, fmt.Sprint(numbers[i]))
			} else {
				parts = append(parts, fmt.Sprintf("%d-%d", numbers[i], numbers[j]))
			}
			i = j + 1
		}
		seats, err := rowOf(seatmap.Row{Label: "A", Seats: strings.Join(parts, ",")})
		if err != nil {
			t.Fatal(err)
		}
		for i, seat := range seats {
			if want := fmt.Sprintf("A-%d", numbers[i]); seat.ID != want {
				t.Fatalf("seat %d of %v is %s, want %s", i, parts, seat.ID, want)
			}
		}
		if len(seats) != len(numbers) {
			t.Fatalf("%d seats, want %d", len(seats), len(numbers))
		}
	})
}

func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"1-11,13,15", "20-1", "11-15,1-10", "1-999999999", "", "a,b", "1-2-3", "4294967295-4294967290"} {
		f.Add(seed, "7")
	}
	f.Fuzz(func(t *testing.T, compact, mark string) {
		seats, err := rowOf(seatmap.Row{Label: "A", Seats: compact, AisleAfter: []string{mark}})
		if err != nil {
			if !errors.Is(err, seatmap.ErrMalformed) {
				t.Errorf("%q: %v is not ErrMalformed", compact, err)
			}
			return
		}
		ids := map[string]bool{}
		for _, seat := range seats {
			if ids[seat.ID] {
				t.Errorf("%q names seat %s twice", compact, seat.ID)
			}
			ids[seat.ID] = true
		}
	})
}
