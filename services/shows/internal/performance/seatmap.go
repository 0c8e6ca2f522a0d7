package performance

import "ticketmesh.dev/services/shows/internal/seatmap"

// ChangeSeatMap gives the performance another seat map, the next version of it. It
// does not know what is sold: who calls it asks the sale. It fails with a
// *CancelledError or, for another currency than before, a
// *seatmap.MixedCurrenciesError.
func (p Performance) ChangeSeatMap(m seatmap.Map, from SeatPlan) (Performance, error) {
	if p.state.Status == Cancelled {
		return p, &CancelledError{p.state.ID}
	}
	if m.Currency() != p.state.Currency {
		return p, &seatmap.MixedCurrenciesError{Currencies: []string{p.state.Currency, m.Currency()}}
	}
	next := p.state
	next.SeatPlan, next.Capacities = from, m.Capacities()
	next.SeatMapVersion++
	next.Version++
	return Performance{next}, nil
}
