package performance

import "ticketmesh.dev/services/shows/internal/sales"

// ChangeSales has the performance sold by other rules. The change says what they
// become and whether that is news; otherwise the performance is as it was. It
// fails with what the change does, or a *CancelledError.
func (p Performance) ChangeSales(change func(sales.Rules) (sales.Rules, bool, error)) (after Performance, changed bool, err error) {
	if p.state.Status == Cancelled {
		return p, false, &CancelledError{p.state.ID}
	}
	rules, changed, err := change(p.state.Sales)
	if err != nil || !changed {
		return p, false, err
	}
	next := p.state
	next.Sales = rules
	next.Version++
	return Performance{next}, true, nil
}
