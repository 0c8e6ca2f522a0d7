package hold_test

import (
	"reflect"
	"testing"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
)

func TestUsesFollowThePlacesOfAnItem(t *testing.T) {
	t.Parallel()
	at := func(slots ...int) []inventory.Place {
		var places []inventory.Place
		for _, slot := range slots {
			places = append(places, inventory.Place{Slot: slot})
		}
		return places
	}
	item := hold.Item{Places: at(1, 2, 3), Uses: []hold.Use{{QuotaID: "a", Places: at(11, 12, 13)}, {QuotaID: "b", Places: at(21, 22, 23)}}}
	first, rest := item.Split(1)
	if want := []hold.Use{{"a", at(11)}, {"b", at(21)}}; !reflect.DeepEqual(first.Uses, want) || !reflect.DeepEqual(item.UsesOf(0), want) {
		t.Errorf("the first uses %v, %v", first.Uses, item.UsesOf(0))
	}
	if want := []hold.Use{{"a", at(12, 13)}, {"b", at(22, 23)}}; !reflect.DeepEqual(rest.Uses, want) {
		t.Errorf("the rest uses %v", rest.Uses)
	}
	if want := []hold.Use{{"a", at(13)}, {"b", at(23)}}; !reflect.DeepEqual(item.UsesOf(2), want) {
		t.Errorf("the last uses %v", item.UsesOf(2))
	}
	if got := (hold.Item{Places: at(1)}).UsesOf(0); got != nil {
		t.Errorf("a place without a quota uses %v", got)
	}
	if got, want := item.Uses[1].Claims(), (map[int]inventory.Slots{0: 1<<21 | 1<<22 | 1<<23}); !reflect.DeepEqual(got, want) {
		t.Errorf("claims %v, want %v", got, want)
	}
}
