package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

const (
	reconcileBatch = 100
	// recheck is how often a provider is asked about a payment that it can neither
	// finish nor cancel.
	recheck = 10 * time.Minute
	// overlap is how far captures are looked at again, as a provider may list one
	// later than another that came after it.
	overlap = 2 * time.Minute
)

// Reconcile finishes what a crash or a silent provider left half done: payments
// that the provider has to be asked about and refunds that are not done. What is
// stored is asked for again as it was, so a provider that did its part does it
// once. Only what is due for longer than grace is looked at: the rest is being
// worked on.
func (s *Selling) Reconcile(ctx context.Context, grace time.Duration) error {
	due := s.clock.Now().Add(-grace)
	orders := inPages(ctx, func(page Page) ([]id.ID, error) { return s.store.OpenOrders(ctx, due, page) }, func(orderID id.ID) error {
		current, _, err := s.store.Order(ctx, orderID)
		if err != nil {
			return err
		}
		if _, _, err = s.settle(ctx, current); isDeclined(err) {
			return nil
		}
		return err
	})
	refunds := inPages(ctx, func(page Page) ([]id.ID, error) { return s.store.OpenRefunds(ctx, due, page) }, func(refundID id.ID) error {
		_, _, err := s.sendRefund(ctx, refundID)
		return err
	})
	return errors.Join(orders, refunds)
}

// inPages does the work for each id of a list until ctx ends; one that fails stops
// no other.
func inPages(ctx context.Context, list func(Page) ([]id.ID, error), work func(id.ID) error) error {
	var failures []error
	for page := (Page{Limit: reconcileBatch}); ; {
		ids, err := list(page)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for _, one := range ids {
			if err := ctx.Err(); err != nil {
				return errors.Join(append(failures, err)...)
			}
			if err := work(one); err != nil {
				failures = append(failures, err)
			}
		}
		if len(ids) < page.Limit {
			return errors.Join(failures...)
		}
		page.After = ids[len(ids)-1]
	}
}

// settle asks the provider what became of an open payment. One that was never
// asked for is asked for now, unless nobody wants it any more.
func (s *Selling) settle(ctx context.Context, current order.Order) (order.Order, []ticket.Ticket, error) {
	if current.Status == order.Cancelled || !s.clock.Now().Before(current.Payment.RequestedAt.Add(s.payments.Patience)) {
		return s.abandon(ctx, current)
	}
	provider, err := s.provider(current.Payment.Provider)
	if err != nil {
		return order.Order{}, nil, err
	}
	result, err := provider.Find(ctx, chargeOf(current))
	switch {
	case errors.Is(err, payment.ErrNoCharge):
		// It may have been cancelled while the provider was looking.
		if current, _, err = s.store.Order(ctx, current.ID); err != nil {
			return order.Order{}, nil, err
		}
		return s.charge(ctx, current)
	case err != nil:
		s.logger.WarnContext(ctx, "payment provider did not answer", "provider", current.Payment.Provider, "order", current.ID, "error", err)
		return s.await(ctx, current.ID, func(*order.Order) bool { return false })
	}
	return s.answered(ctx, current, result)
}

// abandon ends the payment of an order that was cancelled, or that nothing was
// heard of for too long. What is captured all the same is the truth.
func (s *Selling) abandon(ctx context.Context, current order.Order) (order.Order, []ticket.Ticket, error) {
	provider, err := s.provider(current.Payment.Provider)
	if err != nil {
		return order.Order{}, nil, err
	}
	result, err := provider.Cancel(ctx, chargeOf(current))
	if errors.Is(err, payment.ErrNoCharge) {
		result, err = payment.ChargeResult{Status: payment.Declined}, nil
	}
	if err != nil {
		s.logger.WarnContext(ctx, "payment provider did not answer", "provider", current.Payment.Provider, "order", current.ID, "error", err)
		return s.settled(ctx, current)
	}
	switch {
	case result.Status == payment.Declined && current.Status == order.Cancelled:
		result.Reason = payment.ReasonCancelled
	case result.Status == payment.Declined:
		result.Reason = payment.ReasonExpired
	case result.Status == payment.Pending && current.Payment.Status == payment.Pending:
		checkAt := s.clock.Now().Add(recheck)
		return s.await(ctx, current.ID, func(current *order.Order) bool { return current.Recheck(checkAt) })
	}
	return s.answered(ctx, current, result)
}

func chargeOf(o order.Order) payment.ChargeQuery {
	return payment.ChargeQuery{OrderID: o.ID, Reference: o.Payment.Reference, Since: o.Payment.RequestedAt}
}

// ReconcileCaptures asks every provider what money it has taken since the last
// time and compares it with the orders: money without tickets becomes tickets or
// goes back. It depends on nothing that was remembered about a payment.
func (s *Selling) ReconcileCaptures(ctx context.Context) error {
	var failures []error
	for name, provider := range s.payments.Providers {
		failures = append(failures, s.compareCaptures(ctx, name, provider))
	}
	return errors.Join(failures...)
}

func (s *Selling) compareCaptures(ctx context.Context, name string, provider Provider) error {
	seen, err := s.store.CapturesSeen(ctx, name)
	if err != nil {
		return err
	}
	if seen.IsZero() {
		// What an account took before there was a shop is not the shop's.
		return s.store.SetCapturesSeen(ctx, name, s.clock.Now())
	}
	captures, err := provider.Captures(ctx, seen.Add(-overlap))
	if err != nil {
		s.logger.WarnContext(ctx, "payment provider did not list its captures", "provider", name, "error", err)
		return nil
	}
	until := seen
	var failures []error
	for _, captured := range captures {
		err := s.HandleNotice(ctx, name, captured)
		switch {
		case errors.Is(err, order.ErrNotFound) && captured.At.After(seen):
			s.logger.ErrorContext(ctx, "captured payment of an unknown order", "provider", name, "payment", captured.Reference)
		case err != nil && !errors.Is(err, order.ErrNotFound):
			failures = append(failures, err)
		}
		if captured.At.After(until) {
			until = captured.At
		}
	}
	if len(failures) > 0 || until.Equal(seen) {
		return errors.Join(failures...) // all are looked at again
	}
	return s.store.SetCapturesSeen(ctx, name, until)
}

func isDeclined(err error) bool {
	declined := (*order.DeclinedError)(nil)
	return errors.As(err, &declined)
}

// CancelOrders releases every hold and cancels every order of performances that do
// not take place, each by itself and once; after a crash the rest follows. One that
// cannot be cancelled stops no other, and is tried again next time.
func (s *Selling) CancelOrders(ctx context.Context) error {
	cancelled, err := s.store.CancelledPerformances(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, performanceID := range cancelled {
		err := errors.Join(s.releaseHoldsOf(ctx, performanceID), s.cancelOrdersOf(ctx, performanceID))
		if err == nil {
			err = s.store.CancellationDone(ctx, performanceID)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (s *Selling) cancelOrdersOf(ctx context.Context, performanceID id.ID) error {
	const batch = 100
	var failures []error
	for page := (Page{Limit: batch}); ; {
		orders, err := s.store.OrdersByPerformance(ctx, performanceID, page)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for _, current := range orders {
			if err := ctx.Err(); err != nil {
				return errors.Join(append(failures, err)...)
			}
			// What is over already costs no transaction, or a pass with little time
			// would never get past what the last ones did.
			if current.Over() {
				continue
			}
			_, _, err := s.cancel(ctx, current.ID, func(Tx, order.Order) (order.CancelReason, error) {
				return order.PerformanceCancelled, nil
			})
			if err != nil && !errors.Is(err, order.ErrNotCancellable) && !isDeclined(err) {
				failures = append(failures, err)
			}
		}
		if len(orders) < batch {
			return errors.Join(failures...)
		}
		page.After = orders[len(orders)-1].ID
	}
}
