package order_test

import (
	"testing"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
)

func TestATicketUsesWhatItsPlaceDid(t *testing.T) {
	t.Parallel()
	places := make([]inventory.Place, 2)
	use := func(quotaID string, partitions ...int) []hold.Use {
		used := hold.Use{QuotaID: quotaID}
		for _, number := range partitions {
			used.Places = append(used.Places, inventory.Place{Partition: number})
		}
		return []hold.Use{used}
	}
	bought := order.Order{
		Items:     []hold.Item{{Places: places, Uses: use("a", 1, 2)}, {Places: places}, {Places: places, Uses: use("b", 3, 4)}},
		TicketIDs: []id.ID{id.New(), id.New(), id.New(), id.New(), id.New(), id.New()},
	}
	for n, want := range []struct {
		quotaID   string
		partition int
	}{{"a", 1}, {"a", 2}, {}, {}, {"b", 3}, {"b", 4}} {
		got := bought.Uses(bought.TicketIDs[n])
		if want.quotaID == "" {
			if len(got) != 0 {
				t.Errorf("ticket %d uses %v", n, got)
			}
			continue
		}
		if len(got) != 1 || got[0].QuotaID != want.quotaID || len(got[0].Places) != 1 || got[0].Places[0].Partition != want.partition {
			t.Errorf("ticket %d uses %v, want %v", n, got, want)
		}
	}
	if got := bought.Uses(id.New()); got != nil {
		t.Errorf("a ticket of another order uses %v", got)
	}
}
