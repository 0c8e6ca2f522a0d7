package app

import (
	"time"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// seller is how a hold is sold, and by what rules.
type seller struct {
	sale    performance.Sale
	limits  performance.Limits
	presale performance.Presale
	code    string // its digest; empty without one
}

// sellerOf says how a hold is sold. Errors: ErrForbidden,
// performance.ErrUnknownChannel, performance.ErrInvalidPresaleCode.
func sellerOf(show *performance.Performance, caller Caller, request HoldRequest) (seller, error) {
	by := seller{limits: show.Limits}
	if request.PresaleCode != "" {
		var err error
		by.code = performance.CodeDigest(request.PresaleCode)
		if by.presale, err = show.PresaleOf(by.code); err != nil {
			return seller{}, err
		}
		by.sale = performance.Sale{Channel: by.presale.Channel, PresaleID: by.presale.ID}
	}
	if request.Channel != "" {
		if !caller.organizes(show.OrganizerID) {
			return seller{}, ErrForbidden
		}
		if err := show.CheckChannel(request.Channel); err != nil {
			return seller{}, err
		}
		// They are somebody who sells, not a customer.
		by.sale.Channel, by.limits = request.Channel, performance.Limits{}
	}
	return by, nil
}

// check returns performance.ErrSalesClosed, or performance.ErrInvalidPresaleCode
// for a code that is not for the category.
func (s seller) check(show *performance.Performance, categoryID string, now time.Time) error {
	if s.code != "" && !s.presale.Sells(categoryID) {
		return performance.ErrInvalidPresaleCode
	}
	return show.CheckSalesBy(s.sale, categoryID, now)
}

// useCode counts each of the places as a use of the code.
func (t *taker) useCode(held hold.Item) (hold.Item, error) {
	if t.seller.code == "" {
		return held, nil
	}
	use := hold.Use{QuotaID: performance.CodeQuota(t.seller.code)}
	var err error
	if use.Places, err = t.upTo(t.performance.Layout.Quota(use.QuotaID), held.Quantity()); err != nil {
		return held, err
	}
	if len(use.Places) < held.Quantity() {
		return held, ErrPresaleCodeExhausted
	}
	held.Uses = append(held.Uses, use)
	return held, nil
}
