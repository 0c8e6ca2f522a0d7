package seatmap_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/shows/internal/seatmap"
)

func TestSeatsAreListedInTheirPhysicalOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give string
		want []string
	}{
		{"one", "7", []string{"7"}},
		{"a range", "1-4", []string{"1", "2", "3", "4"}},
		{"a range of one", "5-5", []string{"5"}},
		{"descending", "4-1", []string{"4", "3", "2", "1"}},
		{"from zero", "0-2", []string{"0", "1", "2"}},
		{"down to zero", "2-0", []string{"2", "1", "0"}},
		{"numbers that skip", "1-3,13,15", []string{"1", "2", "3", "13", "15"}},
		{"ranges out of order", "11-12,1-2", []string{"11", "12", "1", "2"}},
		{"labels", "A,101B,7a", []string{"A", "101B", "7a"}},
		{"a padded number is a label", "07,8", []string{"07", "8"}},
		{"eight characters", "12345678", []string{"12345678"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := seatmap.ParseSeats(tt.give)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("ParseSeats(%q) = %q, %v; want %q", tt.give, got, err, tt.want)
			}
		})
	}
}

func TestMalformedSeatsAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give, want string
	}{
		{"nothing", "", "is not a seat"},
		{"an empty part", "1,,2", "is not a seat"},
		{"a comma at the end", "1,", "is not a seat"},
		{"a space", "1, 2", "is not a seat"},
		{"half a range", "1-", "is not a range"},
		{"three ends", "1-2-3", "is not a range"},
		{"a range of labels", "A-C", "is not a range"},
		{"a padded range", "01-10", "is not a range"},
		{"a sign", "+1", "is not a seat"},
		{"digits of another script", "١", "is not a seat"},
		{"a long label", "123456789", "is not a seat"},
		{"a seat twice", "1-3,2", "seat 2 is there twice"},
		{"a label twice", "A,B,A", "seat A is there twice"},
		{"a huge range", "1-99999999", "more than 10000 seats"},
		{"a huge descending range", "99999999-1", "more than 10000 seats"},
		{"many ranges", "1-10000,10001", "more than 10000 seats"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := seatmap.ParseSeats(tt.give)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseSeats(%q) = %q, %v; want an error with %q", tt.give, got, err, tt.want)
			}
		})
	}
}

func TestSeatsAreFormattedCompactly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give []string
		want string
	}{
		{"ascending and skipping", []string{"1", "2", "3", "13", "15"}, "1-3,13,15"},
		{"both directions", []string{"3", "2", "1", "4", "5"}, "3-1,4-5"},
		{"labels", []string{"A", "1", "2", "07", "08"}, "A,1-2,07,08"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := seatmap.FormatSeats(tt.give); got != tt.want {
				t.Errorf("FormatSeats(%q) = %q, want %q", tt.give, got, tt.want)
			}
		})
	}
}

func TestFormattedSeatsReadBackTheSame(t *testing.T) {
	t.Parallel()
	label := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 40), strconv.Itoa),
		rapid.StringMatching(`[A-Za-z0-9]{1,8}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.SliceOfNDistinct(label, 1, 60, rapid.ID[string]).Draw(t, "seats")
		text := seatmap.FormatSeats(seats)
		got, err := seatmap.ParseSeats(text)
		if err != nil || !slices.Equal(got, seats) {
			t.Fatalf("%q became %q, which reads as %q, %v", seats, text, got, err)
		}
	})
}

func FuzzParseSeats(f *testing.F) {
	for _, seed := range []string{"1-11,13,15", "12-1,101A", "0", "1-99999999", "1,,2", "A-C", "07", "١", "1-2-3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seats, err := seatmap.ParseSeats(text)
		if err != nil {
			return
		}
		if len(seats) == 0 || len(seats) > 10_000 {
			t.Fatalf("%q has %d seats", text, len(seats))
		}
		again, err := seatmap.ParseSeats(seatmap.FormatSeats(seats))
		if err != nil || !slices.Equal(again, seats) {
			t.Fatalf("%q lists %q, and formatted %q, %v", text, seats, again, err)
		}
	})
}
