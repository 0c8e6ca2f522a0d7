package availability_test

import (
	"slices"
	"testing"

	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

func TestSumCountsWhatWasReportedAndWhatWasNot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give map[string]availability.Reported
		want []availability.Area
	}{
		{"nothing reported", nil, []availability.Area{{"a", 100, 100}, {"b", 10, 10}}},
		{"all of an area", map[string]availability.Reported{"a": {100, 40}}, []availability.Area{{"a", 100, 40}, {"b", 10, 10}}},
		{"part of an area", map[string]availability.Reported{"a": {64, 4}}, []availability.Area{{"a", 100, 40}, {"b", 10, 10}}},
		{"sold out", map[string]availability.Reported{"a": {100, 0}, "b": {10, 0}}, []availability.Area{{"a", 100, 0}, {"b", 10, 0}}},
		{"an area the map does not have", map[string]availability.Reported{"c": {5, 5}}, []availability.Area{{"a", 100, 100}, {"b", 10, 10}}},
		{"never more than there is", map[string]availability.Reported{"a": {200, 150}}, []availability.Area{{"a", 100, 100}, {"b", 10, 10}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := availability.Sum([]seatmap.Capacity{{AreaID: "a", Places: 100}, {AreaID: "b", Places: 10}}, tt.give)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
