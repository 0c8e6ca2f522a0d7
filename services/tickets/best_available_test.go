package tickets_test

import (
	"fmt"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// seating is a performance of one seated area.
func seating(t *testing.T, rows ...showsevents.Row) *hall {
	t.Helper()
	h := &hall{house: newHouse(t)}
	h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas = []showsevents.Area{stalls(rows...)}
		h.told = *p
	})
	return h
}

// best returns the seats that are the best available.
func (h *hall) best(token string, n int, more ...any) []string {
	h.t.Helper()
	item := best("stalls", n)
	for i := 0; i < len(more); i += 2 {
		item[more[i].(string)] = more[i+1]
	}
	var all []string
	for _, held := range h.hold(token, h.told.PerformanceID, item).Items {
		all = append(all, held.Seats...)
	}
	return all
}

func (h *hall) noneFor(n int, more ...any) {
	h.t.Helper()
	item := best("stalls", n)
	for i := 0; i < len(more); i += 2 {
		item[more[i].(string)] = more[i+1]
	}
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "nora", holdBody(h.told.PerformanceID, item))
}

func TestTheBestAvailable(t *testing.T) {
	t.Parallel()
	aisle := func(r showsevents.Row, after ...string) showsevents.Row { r.AisleAfter = after; return r }
	wheels := func(r showsevents.Row, wheelchair, companion []string) showsevents.Row {
		r.Wheelchair, r.Companion = wheelchair, companion
		return r
	}
	tests := []struct {
		name  string
		rows  []showsevents.Row
		taken []string // before
		n     int
		more  []any
		want  []string // none: sold out
	}{
		{"the best row first", []showsevents.Row{row("A", "1-4"), row("B", "1-4")}, nil, 2, nil, []string{"A-1", "A-2"}},
		{"side by side", []showsevents.Row{row("A", "1-5"), row("B", "1-5")}, []string{"A-3"}, 3, nil, []string{"B-1", "B-2", "B-3"}},
		{"side by side as the row is, not as its numbers are", []showsevents.Row{row("A", "5,3,1,2,4")}, nil, 3, nil, []string{"A-5", "A-3", "A-1"}},
		{"never in two rows", []showsevents.Row{row("A", "1-2"), row("B", "1-2")}, nil, 3, nil, nil},
		{"never across an aisle", []showsevents.Row{aisle(row("A", "1-4"), "2"), row("B", "1-3")}, nil, 3, nil, []string{"B-1", "B-2", "B-3"}},
		{"never across a seat that is missing", []showsevents.Row{aisle(row("A", "1-2,4-5"), "2"), row("B", "1-3")}, nil, 3, nil, []string{"B-1", "B-2", "B-3"}},
		{"no single seat is left in a row", []showsevents.Row{row("A", "1-3"), row("B", "1-4")}, nil, 2, nil, []string{"B-1", "B-2"}},
		{"nor of the places far away", []showsevents.Row{row("A", "1-63"), row("B", "1-64")}, []string{"A-4", "A-8", "A-12", "A-16", "A-20", "A-24", "A-28", "A-32", "A-36", "A-40", "A-44", "A-48", "A-52", "A-56", "A-60"}, 2, nil, []string{"B-1", "B-2"}},
		{"unless it cannot be avoided", []showsevents.Row{row("A", "1-3"), row("B", "1-3")}, nil, 2, nil, []string{"A-1", "A-2"}},
		{"a single seat that nobody else could take", []showsevents.Row{row("A", "1-3"), row("B", "1-2")}, []string{"A-2"}, 1, nil, []string{"A-1"}},
		{"no wheelchair place and no companion's", []showsevents.Row{wheels(row("A", "1-4"), []string{"1"}, []string{"2"}), row("B", "1-3")}, nil, 3, nil, []string{"B-1", "B-2", "B-3"}},
		{"not even when nothing else is left", []showsevents.Row{wheels(row("A", "1-2"), []string{"1"}, []string{"2"})}, nil, 1, nil, nil},
		{"a wheelchair place when it is asked for", []showsevents.Row{row("A", "1-4"), wheels(row("B", "1-4"), []string{"3"}, []string{"4"})}, nil, 1, []any{"wheelchair", 1}, []string{"B-3"}},
		{"with who comes along beside it", []showsevents.Row{row("A", "1-4"), wheels(row("B", "1-4"), []string{"3"}, []string{"4"})}, nil, 2, []any{"wheelchair", 1}, []string{"B-3", "B-4"}},
		{"no more of them than are asked for", []showsevents.Row{wheels(row("A", "1-4"), []string{"1", "2"}, nil), wheels(row("B", "1-2"), []string{"1"}, []string{"2"})}, nil, 3, []any{"wheelchair", 1}, []string{"A-2", "A-3", "A-4"}},
		{"two of them", []showsevents.Row{wheels(row("A", "1-4"), []string{"1", "4"}, nil), wheels(row("B", "1-4"), []string{"2", "3"}, nil)}, nil, 2, []any{"wheelchair", 2}, []string{"B-2", "B-3"}},
		{"not without the seat beside it", []showsevents.Row{aisle(wheels(row("A", "1-2"), []string{"1"}, nil), "1")}, nil, 2, []any{"wheelchair", 1}, nil},
		{"apart only when that is asked for", []showsevents.Row{row("A", "1-3"), row("B", "1-2")}, nil, 4, nil, nil},
		{"in groups as large as can be", []showsevents.Row{row("A", "1-2"), row("B", "1-3"), row("C", "1")}, nil, 4, []any{"split", true}, []string{"B-1", "B-2", "B-3", "C-1"}},
		{"together when they can be, though they may be apart", []showsevents.Row{row("A", "1-3"), row("B", "1-4")}, nil, 4, []any{"split", true}, []string{"B-1", "B-2", "B-3", "B-4"}},
		{"apart and still too many", []showsevents.Row{row("A", "1-3")}, nil, 4, []any{"split", true}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := seating(t, tt.rows...)
			if len(tt.taken) > 0 {
				h.hold("ben", h.told.PerformanceID, seats("stalls", tt.taken...))
			}
			if tt.want == nil {
				h.noneFor(tt.n, tt.more...)
				return
			}
			if got := h.best("anna", tt.n, tt.more...); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhatGoesWithTheBestAvailable(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, item := range []map[string]any{
		{"areaId": "stalls", "seats": []string{"A-1"}, "wheelchair": 1},
		{"areaId": "stalls", "seats": []string{"A-1"}, "split": true},
		{"areaId": "stalls", "bestAvailable": 1, "wheelchair": 2},
		{"areaId": "stalls", "bestAvailable": 2, "wheelchair": 1, "split": true},
		{"areaId": "floor", "bestAvailable": 2, "wheelchair": 1},
		{"areaId": "stalls", "bestAvailable": 1, "wheelchair": 0},
	} {
		h.refuses(400, "invalid_request", "POST", "/tickets/holds", "anna", holdBody(h.told.PerformanceID, item))
	}
}

// TestGroupsOfAHouseThatSellsOut sells a hall by the best available, apart where
// there is no other way: every seat is sold.
func TestGroupsOfAHouseThatSellsOut(t *testing.T) {
	t.Parallel()
	var rows []showsevents.Row
	for i := range 12 {
		rows = append(rows, row(fmt.Sprint("R", i), "1-17"))
	}
	h := seating(t, rows...)
	sold := map[string]bool{}
	for left, buyer := 12*17, 0; left > 0; buyer++ {
		n := min(left, 1+buyer*7%5)
		for _, seat := range h.best(fmt.Sprint("buyer", buyer), n, "split", true) {
			if sold[seat] {
				t.Fatalf("%s is held twice", seat)
			}
			sold[seat] = true
			left--
		}
	}
	h.noneFor(1, "split", true)
}
