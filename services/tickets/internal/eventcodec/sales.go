package eventcodec

import (
	"ticketmesh.dev/contracts/showsevents"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func channels(told []showsevents.Channel) []performance.Channel {
	var all []performance.Channel
	for _, channel := range told {
		all = append(all, performance.Channel{
			ID: channel.ID, SalesOpenAt: channel.SalesOpenAt.Value.UTC(), SalesCloseAt: channel.SalesCloseAt.Value.UTC(),
		})
	}
	return all
}

func presales(told []showsevents.Presale) []performance.Presale {
	var all []performance.Presale
	for _, presale := range told {
		all = append(all, performance.Presale{
			ID: presale.ID, OpensAt: presale.OpensAt.UTC(), ClosesAt: presale.ClosesAt.Value.UTC(), Categories: presale.PriceCategories,
			Channel: presale.Channel.Value, Uses: presale.Uses, Codes: presale.Codes,
		})
	}
	return all
}

// Allocations reads what channels have of a seat map.
func Allocations(data showsevents.SeatMap) []seatmap.Allocation {
	var all []seatmap.Allocation
	for _, told := range data.Allocations {
		allocation := seatmap.Allocation{ID: told.ID, Channel: told.Channel, AreaID: told.AreaID, Quantity: told.Quantity.Value}
		for _, row := range told.Rows {
			allocation.Rows = append(allocation.Rows, seatmap.Row{Label: row.Row, Seats: row.Seats})
		}
		all = append(all, allocation)
	}
	return all
}
