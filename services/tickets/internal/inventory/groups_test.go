package inventory_test

import (
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

func TestSeatsLeftAlone(t *testing.T) {
	t.Parallel()
	row := ^inventory.Slots(0)
	tests := []struct {
		name                   string
		free, adjacent, chosen inventory.Slots
		want                   bool
	}{
		{"none is left", 0b11, row, 0b11, false},
		{"one of three", 0b111, row, 0b11, true},
		{"the one between", 0b11111, row, 0b11011, true},
		{"two of four", 0b1111, row, 0b11, false},
		{"it was alone before", 0b1011, row, 0b11, false},
		{"it was beside an aisle before", 0b111, 0b001, 0b011, false},
		{"the last slot", 1<<63 | 1<<62, row, 1 << 62, true},
		{"the first slot", 0b11, row, 0b10, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := inventory.LeavesSingle(tt.free, tt.adjacent, tt.chosen); got != tt.want {
				t.Errorf("LeavesSingle() = %t", got)
			}
		})
	}
}

// TestARunWithSoManyOfASet compares with looking at every run by itself.
func TestARunWithSoManyOfASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slots := func(label string) inventory.Slots { return inventory.Slots(rapid.Uint64().Draw(t, label)) }
		free, adjacent, set := slots("free")|slots("more"), slots("adjacent")|slots("beside"), slots("set")
		n, so := rapid.IntRange(0, 6).Draw(t, "n"), rapid.IntRange(0, 3).Draw(t, "so")
		fits := func(start int) (inventory.Slots, bool) {
			var chosen inventory.Slots
			for slot := start; slot < start+n; slot++ {
				if slot > 63 || free>>slot&1 == 0 || slot+1 < start+n && adjacent>>slot&1 == 0 {
					return 0, false
				}
				chosen |= 1 << slot
			}
			return chosen, n > 0 && (chosen&set).Count() == so
		}
		got, ok := inventory.BestRunWith(free, adjacent, set, n, so)
		var want inventory.Slots
		for start := range 64 {
			if chosen, fit := fits(start); fit && (want == 0 || inventory.LeavesSingle(free, adjacent, want) && !inventory.LeavesSingle(free, adjacent, chosen)) {
				want = chosen
			}
		}
		if got != want || ok != (want != 0) {
			t.Fatalf("BestRunWith() = %b, %t, want %b", got, ok, want)
		}
	})
}
