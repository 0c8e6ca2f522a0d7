package app

import (
	"context"
	"crypto/sha256"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

const (
	// reasonSurplus and reasonUnknownOrder are why money goes back that no ticket
	// was asked for with.
	reasonSurplus      = "paid_twice"
	reasonUnknownOrder = "unknown_order"
)

// HandleReport applies what a provider's webhook says. order.ErrNotFound for an
// order or a refund that is not known here.
func (s *Selling) HandleReport(ctx context.Context, providerName string, report payment.Report) error {
	switch {
	case report.Notice != nil:
		return s.HandleNotice(ctx, providerName, *report.Notice)
	case report.Refund != nil:
		return s.HandleRefund(ctx, providerName, *report.Refund)
	}
	return nil
}

// HandleNotice applies what a provider reports of a payment, any number of times
// and in any order: captured money is the truth whatever was said before. Money
// of an order that is not known goes back when a request of this service took
// it; all else that is not known is order.ErrNotFound.
func (s *Selling) HandleNotice(ctx context.Context, providerName string, notice payment.Notice) error {
	current, _, err := s.store.Order(ctx, notice.OrderID)
	if errors.Is(err, order.ErrNotFound) && notice.Status == payment.Captured && notice.Marked {
		return s.returnUnknown(ctx, providerName, notice)
	}
	if err != nil {
		return err
	}
	if current.Payment.Provider != providerName {
		return order.ErrNotFound
	}
	switch notice.Status {
	case payment.Captured:
		if !current.TakesCapture() && !current.IsSurplus(notice.Reference) {
			return nil
		}
		_, _, err = s.capture(ctx, current, notice)
	case payment.Declined:
		_, _, err = s.decline(ctx, notice.OrderID, notice.Reference, notice.Reason)
	case payment.Requested, payment.Pending:
		return nil
	}
	if isDeclined(err) {
		return nil
	}
	return err
}

// HandleRefund applies what a provider reports of a refund, any number of times
// and in any order. It is matched by our id, its attempt and, once that is known,
// the provider's id.
func (s *Selling) HandleRefund(ctx context.Context, providerName string, notice payment.RefundNotice) error {
	_, _, err := s.refunded(ctx, notice.RefundID, func(refund order.Refund) bool {
		return refund.Provider == providerName && refund.Attempt == notice.Attempt &&
			(refund.Reference == "" || refund.Reference == notice.Result.Reference)
	}, notice.Result)
	return err
}

// returnSurplus stores the refund of a payment too many, once. Nothing of the
// order changes by it.
func (s *Selling) returnSurplus(tx Tx, paid order.Order, surplus payment.Notice) (id.ID, error) {
	refund := order.NewRefund(foundMoneyID(paid.Payment.Provider, surplus.Reference), paid, money.Money{}, surplus.Amount, reasonSurplus, s.clock.Now())
	if refund.Amount.IsZero() {
		refund.Amount = paid.Total
	}
	refund.Charge, refund.Surplus = surplus.Reference, true
	_, err := tx.Refund(refund.ID)
	if !errors.Is(err, order.ErrNotFound) {
		return id.Nil, err // it is known, and on its way
	}
	return refund.ID, tx.PutRefund(refund)
}

// returnUnknown gives back money that a request of this service took for an
// order that is not in the store, as after an older store was put in its place.
func (s *Selling) returnUnknown(ctx context.Context, providerName string, notice payment.Notice) error {
	refund := order.NewRefund(foundMoneyID(providerName, notice.Reference), order.Order{
		ID: notice.OrderID, Payment: payment.Payment{Provider: providerName, Reference: notice.Reference},
	}, money.Money{}, notice.Amount, reasonUnknownOrder, s.clock.Now())
	refund.Surplus = true
	var known bool
	err := s.store.Update(ctx, func(tx Tx) error {
		_, err := tx.Refund(refund.ID)
		if known = err == nil; known || !errors.Is(err, order.ErrNotFound) {
			return err
		}
		return tx.PutRefund(refund)
	})
	if err != nil || known {
		return err
	}
	s.logger.ErrorContext(ctx, "captured payment of an order that does not exist is refunded", "provider", providerName,
		"order", notice.OrderID, "payment", notice.Reference, "refund", refund.ID)
	_, _, err = s.sendRefund(ctx, refund.ID)
	return err
}

// foundMoneyID is the id of the refund of a payment that was not asked for: one
// for each payment, so that money that is found twice goes back once.
func foundMoneyID(providerName, reference string) id.ID {
	digest := sha256.Sum256([]byte(providerName + "/" + reference))
	made := id.ID(digest[:16])
	made[6] = made[6]&0x0f | 0x80 // version 8: of the maker's own design
	made[8] = made[8]&0x3f | 0x80
	return made
}
