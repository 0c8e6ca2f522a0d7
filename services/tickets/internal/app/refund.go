package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// RefundRequest gives money back for tickets. RefundID is the id of the refund
// to be: repeating the request with it returns the refund that it made.
type RefundRequest struct {
	RefundID  id.ID
	OrderID   id.ID
	TicketIDs []id.ID
	Reason    string
}

// RefundOrder voids tickets, puts their places back on sale in the same commit,
// and has the provider give the money back. The buyer may ask for it while tickets
// of the performance may be returned. Errors: order.ErrNotFound, ErrForbidden,
// performance.ErrReturnsClosed, order.ErrUnknownTicket, order.ErrAlreadyRefunded,
// order.ErrNotRefundable, ticket.ErrAdmitted.
func (s *Selling) RefundOrder(ctx context.Context, caller Caller, request RefundRequest) (order.Refund, order.Order, error) {
	err := s.store.Update(ctx, func(tx Tx) error {
		current, err := tx.Order(request.OrderID)
		if err != nil {
			return err
		}
		if !caller.organizes(current.OrganizerID) {
			if current.CustomerID != caller.CustomerID {
				return order.ErrNotFound
			}
			if err := s.checkReturns(tx, current); err != nil {
				return err
			}
		}
		existing, err := tx.Refund(request.RefundID)
		switch {
		case err == nil && existing.OrderID == current.ID:
			return nil
		case err == nil:
			return order.ErrNotFound
		case !errors.Is(err, order.ErrNotFound):
			return err
		}
		return s.refundTickets(tx, current, request)
	})
	if err != nil {
		return order.Refund{}, order.Order{}, err
	}
	s.placesFreed()
	return s.sendRefund(ctx, request.RefundID)
}

// checkReturns returns ErrForbidden or performance.ErrReturnsClosed unless the
// buyer may return tickets of the order.
func (s *Selling) checkReturns(tx Tx, current order.Order) error {
	show, err := tx.Performance(current.PerformanceID)
	if err != nil {
		return err
	}
	if err := show.CheckReturns(current.CreatedAt, s.clock.Now()); errors.Is(err, performance.ErrNoReturns) {
		return ErrForbidden
	} else if err != nil {
		return err
	}
	return nil
}

func (s *Selling) refundTickets(tx Tx, current order.Order, request RefundRequest) error {
	if current.Status != order.Confirmed && current.Status != order.PartiallyRefunded {
		return order.ErrNotRefundable
	}
	var (
		voided []ticket.Ticket
		amount money.Money
		left   int
	)
	for _, ticketID := range request.TicketIDs {
		if !slices.Contains(current.TicketIDs, ticketID) {
			return order.ErrUnknownTicket
		}
	}
	for _, ticketID := range current.TicketIDs {
		t, err := tx.Ticket(ticketID)
		if err != nil {
			return err
		}
		if !slices.Contains(request.TicketIDs, ticketID) {
			if t.Status != ticket.Void {
				left++
			}
			continue
		}
		if err := t.Void(); errors.Is(err, ticket.ErrVoid) {
			return order.ErrAlreadyRefunded
		} else if err != nil {
			return err
		}
		if amount, err = amount.Add(t.Refund); err != nil {
			return err
		}
		voided = append(voided, t)
	}
	terms, err := s.termsFor(tx, current)
	if err != nil {
		return err
	}
	if terms == order.InFull {
		kept, err := current.KeptOf(len(voided))
		if err != nil {
			return err
		}
		if amount, err = amount.Add(kept); err != nil {
			return err
		}
	}
	before := current.Refunded
	due, err := current.Refund(amount, left, terms)
	if err != nil {
		return err
	}
	refund := order.NewRefund(request.RefundID, current, before, due, request.Reason, s.clock.Now())
	refund.TicketIDs = request.TicketIDs
	if err := s.voidTickets(tx, current, voided, ticket.ReasonRefunded); err != nil {
		return err
	}
	return errors.Join(tx.PutOrder(current), tx.PutRefund(refund))
}

// termsFor gives everything back when the performance does not take place, or not
// then, whoever asks for it.
func (s *Selling) termsFor(tx Tx, current order.Order) (order.Terms, error) {
	show, err := tx.Performance(current.PerformanceID)
	if err != nil {
		return order.FeesKept, err
	}
	if show.Cancelled || show.CheckReturns(current.CreatedAt, s.clock.Now()) == nil {
		return order.InFull, nil
	}
	return order.FeesKept, nil
}

// voidTickets stores tickets that became void, puts their places back on sale
// and tells the world.
func (s *Selling) voidTickets(tx Tx, current order.Order, voided []ticket.Ticket, reason ticket.VoidReason) error {
	show, err := tx.Performance(current.PerformanceID)
	if err != nil {
		return err
	}
	items := make([]hold.Item, len(voided))
	for i, t := range voided {
		items[i] = hold.Item{AreaID: t.AreaID, Places: []inventory.Place{t.Place}, Uses: current.Uses(t.ID)}
		if err := errors.Join(tx.PutTicket(t), tx.Record(ticket.VoidedFact{Ticket: t, Reason: reason})); err != nil {
			return err
		}
	}
	if err := returnPlaces(tx, show, items); err != nil {
		return err
	}
	customer, err := tx.Buyer(current.PerformanceID, current.CustomerID)
	if err != nil {
		return err
	}
	customer.Disown(len(voided))
	return tx.PutBuyer(customer)
}

func returnPlaces(tx Tx, show *performance.Performance, items []hold.Item) error {
	return eachPartition(tx, show, items, func(partition *inventory.Partition, slots inventory.Slots) error {
		partition.Return(slots)
		return nil
	})
}

// CancelOrder ends an order: tickets become void, places go back on sale, and
// what was paid is given back but for the fees that are kept. A customer may until
// the performance starts.
// Errors: order.ErrNotFound, order.ErrNotCancellable, ticket.ErrAdmitted,
// performance.ErrSalesClosed.
func (s *Selling) CancelOrder(ctx context.Context, caller Caller, orderID id.ID) (order.Order, []ticket.Ticket, error) {
	return s.cancel(ctx, orderID, func(tx Tx, current order.Order) (order.CancelReason, error) {
		organizes := caller.organizes(current.OrganizerID)
		if current.CustomerID != caller.CustomerID && !organizes {
			return "", order.ErrNotFound
		}
		if organizes {
			return order.ByOrganizer, nil
		}
		show, err := tx.Performance(current.PerformanceID)
		if err != nil {
			return "", err
		}
		if !s.clock.Now().Before(show.StartsAt) && current.Status != order.Cancelled {
			return "", performance.ErrSalesClosed
		}
		return order.ByCustomer, nil
	})
}

// cancel ends an order for the reason that the rule gives. It may be repeated.
func (s *Selling) cancel(ctx context.Context, orderID id.ID, rule func(Tx, order.Order) (order.CancelReason, error)) (order.Order, []ticket.Ticket, error) {
	var (
		cancelled order.Order
		refundID  id.ID
	)
	err := s.store.Update(ctx, func(tx Tx) error {
		refundID = id.Nil
		current, err := tx.Order(orderID)
		if err != nil {
			return err
		}
		reason, err := rule(tx, current)
		if err != nil {
			return err
		}
		terms, err := s.termsFor(tx, current)
		if err != nil {
			return err
		}
		before := current.Refunded
		due, changed, err := current.Cancel(terms)
		cancelled = current
		if err != nil || !changed {
			return err
		}
		now := s.clock.Now()
		voided, err := s.voidAll(tx, current, reason)
		if err != nil {
			return err
		}
		if current.HoldID != id.Nil && len(current.TicketIDs) == 0 {
			if err := s.freeUnpaid(tx, current, releaseReason(reason), now); err != nil {
				return err
			}
		}
		if !due.IsZero() {
			refundID = id.New()
			refund := order.NewRefund(refundID, current, before, due, string(reason), now)
			for _, t := range voided {
				refund.TicketIDs = append(refund.TicketIDs, t.ID)
			}
			if err := tx.PutRefund(refund); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutOrder(current), tx.Record(order.CancelledFact{Order: current, Reason: reason, Tickets: voided}))
	})
	if err != nil {
		return order.Order{}, nil, err
	}
	s.placesFreed()
	if refundID != id.Nil {
		if _, _, err := s.sendRefund(ctx, refundID); err != nil {
			return order.Order{}, nil, err
		}
	}
	if cancelled.Payment.Status == payment.Pending {
		return s.abandon(ctx, cancelled)
	}
	return s.settled(ctx, cancelled)
}

// voidAll voids what is left of an order's tickets. Only a performance that does
// not take place takes back tickets that were used.
func (s *Selling) voidAll(tx Tx, current order.Order, reason order.CancelReason) ([]ticket.Ticket, error) {
	var voided []ticket.Ticket
	void := ticket.ReasonCancelled
	if reason == order.PerformanceCancelled {
		void = ticket.ReasonPerformanceCancelled
	}
	for _, ticketID := range current.TicketIDs {
		t, err := tx.Ticket(ticketID)
		if err != nil {
			return nil, err
		}
		if reason == order.PerformanceCancelled {
			if t.ForceVoid() {
				voided = append(voided, t)
			}
			continue
		}
		if err := t.Void(); errors.Is(err, ticket.ErrVoid) {
			continue
		} else if err != nil {
			return nil, err
		}
		voided = append(voided, t)
	}
	if len(voided) == 0 {
		return nil, nil
	}
	return voided, s.voidTickets(tx, current, voided, void)
}

// freeUnpaid gives back the places of an order that was cancelled before it was paid.
func (s *Selling) freeUnpaid(tx Tx, current order.Order, reason hold.ReleaseReason, now time.Time) error {
	held, err := tx.Hold(current.HoldID)
	if err != nil {
		return err
	}
	held.Reopen(current.ID)
	return release(tx, held, reason, now)
}

// releaseReason is why the hold of an order is released that is cancelled.
func releaseReason(reason order.CancelReason) hold.ReleaseReason {
	if reason == order.PerformanceCancelled {
		return hold.ReasonPerformanceCancelled
	}
	return hold.ReasonReleased
}

// sendRefund asks the provider for a refund that is stored, unless it is of
// nothing, and records the answer. When the provider does not answer, Reconcile
// asks again. The order is the zero one when the refund is of an order that does
// not exist.
func (s *Selling) sendRefund(ctx context.Context, refundID id.ID) (order.Refund, order.Order, error) {
	var (
		refund  order.Refund
		current order.Order
	)
	err := s.store.Update(ctx, func(tx Tx) (err error) {
		refund, current, err = refundAndOrder(tx, refundID)
		return err
	})
	if err != nil || refund.Status != payment.RefundPending {
		return refund, current, err
	}
	asked := refund.Attempt
	sameAttempt := func(now order.Refund) bool { return now.Attempt == asked }
	if refund.Amount.IsZero() {
		return s.refunded(ctx, refundID, sameAttempt, payment.RefundResult{Status: payment.RefundDone})
	}
	provider, err := s.provider(refund.Provider)
	if err != nil {
		return order.Refund{}, order.Order{}, err
	}
	result, err := provider.Refund(ctx, payment.RefundRequest{
		RefundID: refund.ID, Attempt: refund.Attempt, OrderID: refund.OrderID, Charge: refund.Charge, Reference: refund.Reference,
		Amount: refund.Amount, Before: refund.Before,
	})
	if err != nil {
		s.logger.WarnContext(ctx, "payment provider did not refund yet", "provider", refund.Provider, "refund", refund.ID, "error", err)
		return refund, current, nil
	}
	return s.refunded(ctx, refundID, sameAttempt, result)
}

func refundAndOrder(tx Tx, refundID id.ID) (order.Refund, order.Order, error) {
	refund, err := tx.Refund(refundID)
	if err != nil {
		return refund, order.Order{}, err
	}
	current, err := tx.Order(refund.OrderID)
	if errors.Is(err, order.ErrNotFound) {
		return refund, order.Order{}, nil
	}
	return refund, current, err
}

// refunded records what the provider said about a refund, if the answer belongs
// to it as it is now.
func (s *Selling) refunded(ctx context.Context, refundID id.ID, belongs func(order.Refund) bool, result payment.RefundResult) (order.Refund, order.Order, error) {
	var (
		refund  order.Refund
		current order.Order
		news    bool
	)
	err := s.store.Update(ctx, func(tx Tx) (err error) {
		news = false
		if refund, current, err = refundAndOrder(tx, refundID); err != nil || !belongs(refund) {
			return err
		}
		if news = refund.Answer(refund.Attempt, result, s.clock.Now()); !news {
			return nil
		}
		if err := tx.PutRefund(refund); err != nil || refund.Status != payment.RefundDone || refund.Surplus {
			return err // a surplus was never the order's money
		}
		fact := order.RefundedFact{Order: current, Refund: refund}
		for _, ticketID := range refund.TicketIDs {
			t, err := tx.Ticket(ticketID)
			if err != nil {
				return err
			}
			fact.Tickets = append(fact.Tickets, t)
		}
		// The order's version counts what buyers see; that the money has arrived is one.
		current.Version++
		fact.Order = current
		return errors.Join(tx.PutOrder(current), tx.Record(fact))
	})
	if err == nil && news && refund.Failure != "" {
		s.logger.ErrorContext(ctx, "payment provider could not refund", "provider", refund.Provider, "refund", refund.ID, "order", refund.OrderID,
			"reason", refund.Failure, "gives_up", refund.Status == payment.RefundFailed)
	}
	return refund, current, err
}
