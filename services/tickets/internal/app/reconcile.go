package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// Reconcile finishes what a crash or a silent provider left half done: orders
// whose provider has not been heard and refunds that are not done. It asks with
// the stored requests, so a provider that did its part does it once. Only what
// is older than grace is looked at: the rest is being worked on.
func (s *Selling) Reconcile(ctx context.Context, grace time.Duration) error {
	const batch = 100
	before := s.clock.Now().Add(-grace)
	open, err := s.store.OpenOrders(ctx, before, batch)
	if err != nil {
		return err
	}
	var failures []error
	for _, orderID := range open {
		current, _, err := s.store.Order(ctx, orderID)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if _, _, err := s.charge(ctx, current); err != nil && !isDeclined(err) {
			failures = append(failures, err)
		}
	}
	refunds, err := s.store.OpenRefunds(ctx, before, batch)
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	for _, refundID := range refunds {
		if _, _, err := s.sendRefund(ctx, refundID); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func isDeclined(err error) bool {
	declined := (*order.DeclinedError)(nil)
	return errors.As(err, &declined)
}

func paymentRefund(refund order.Refund, current order.Order) payment.RefundRequest {
	return payment.RefundRequest{RefundID: refund.ID, OrderID: current.ID, Reference: current.Payment.Reference, Amount: refund.Amount}
}

// CancelOrders cancels every order of performances that do not take place. Each
// order is cancelled by itself and once; after a crash the rest follows.
func (s *Selling) CancelOrders(ctx context.Context) error {
	cancelled, err := s.store.CancelledPerformances(ctx)
	if err != nil {
		return err
	}
	for _, performanceID := range cancelled {
		if err := s.cancelOrdersOf(ctx, performanceID); err != nil {
			return err
		}
		if err := s.store.CancellationDone(ctx, performanceID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Selling) cancelOrdersOf(ctx context.Context, performanceID id.ID) error {
	const batch = 100
	for page := (Page{Limit: batch}); ; {
		orders, err := s.store.OrdersByPerformance(ctx, performanceID, page)
		if err != nil {
			return err
		}
		for _, current := range orders {
			_, _, err := s.cancel(ctx, current.ID, func(Tx, order.Order) (order.CancelReason, error) {
				return order.PerformanceCancelled, nil
			})
			if err != nil && !errors.Is(err, order.ErrNotCancellable) && !isDeclined(err) {
				return err
			}
		}
		if len(orders) < batch {
			return nil
		}
		page.After = orders[len(orders)-1].ID
	}
}

// UpdatePerformance takes over a performance as an event tells it, unless a
// newer version is known. Handling the same event again changes nothing.
func (s *Selling) UpdatePerformance(ctx context.Context, consumer string, eventID id.ID, told *performance.Performance) error {
	return s.store.Update(ctx, func(tx Tx) error {
		first, err := tx.FirstTime(consumer, eventID)
		if err != nil || !first {
			return err
		}
		known, err := tx.Performance(told.ID)
		if err != nil && !errors.Is(err, performance.ErrNotFound) {
			return err
		}
		if err == nil && known.Version >= told.Version {
			return nil
		}
		return tx.PutPerformance(told)
	})
}
