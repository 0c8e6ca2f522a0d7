package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// OrderRequest turns a hold into an order. OrderID is the id of the order to be:
// a Repeatable request with the id of an order goes on with that order.
type OrderRequest struct {
	OrderID    id.ID
	Repeatable bool
	HoldID     id.ID
	Provider   string
	Token      string
	Email      string // where the tickets go; the caller's own when empty
	Language   string
}

// PlaceOrder orders what is on hold and asks for the payment. The order comes
// back confirmed, with its tickets, or waiting for the provider's report.
// Errors: hold.ErrNotFound, hold.ErrExpired, hold.ErrUsed,
// performance.ErrSalesClosed, payment.ErrUnknownProvider, *order.DeclinedError
// (the hold lives on).
//
// The order and the request to the provider are durable before the provider is
// asked. After a crash in between Reconcile asks again with the same request.
func (s *Selling) PlaceOrder(ctx context.Context, caller Caller, request OrderRequest) (order.Order, []ticket.Ticket, error) {
	if !slices.Contains(s.payments.Offered, request.Provider) {
		return order.Order{}, nil, payment.ErrUnknownProvider
	}
	var placed order.Order
	err := s.store.Update(ctx, func(tx Tx) error {
		if request.Repeatable {
			existing, err := tx.Order(request.OrderID)
			if err == nil && existing.CustomerID != caller.CustomerID {
				return order.ErrNotFound
			}
			if !errors.Is(err, order.ErrNotFound) {
				placed = existing
				return err
			}
		}
		var err error
		placed, err = s.place(tx, caller, request)
		return err
	})
	if err != nil {
		return order.Order{}, nil, err
	}
	return s.charge(ctx, placed)
}

func (s *Selling) place(tx Tx, caller Caller, request OrderRequest) (order.Order, error) {
	held, err := ownHold(tx, caller, request.HoldID)
	if err != nil {
		return order.Order{}, err
	}
	now := s.clock.Now()
	if err := held.Use(request.OrderID, now); err != nil {
		return order.Order{}, err
	}
	show, err := tx.Performance(held.PerformanceID)
	if err != nil {
		return order.Order{}, err
	}
	if err := checkSales(show, held, now); err != nil {
		return order.Order{}, err
	}
	placed := order.Order{
		ID: request.OrderID, Code: orderCode(), HoldID: held.ID, PerformanceID: show.ID, ShowID: show.ShowID,
		OrganizerID: show.OrganizerID, CustomerID: caller.CustomerID, Email: request.Email, Language: request.Language,
		Status: order.PendingPayment, Items: held.Items, Extras: held.Extras, Total: held.Total,
		Payment:   payment.Payment{Provider: request.Provider, Token: request.Token, Status: payment.Requested, RequestedAt: now, CheckAt: now},
		CreatedAt: now, Version: 1,
	}
	placed.Refunded.Currency = placed.Total.Currency
	if placed.Email == "" {
		placed.Email = caller.Email
	}
	if placed.Language == "" {
		placed.Language = "en"
	}
	if held.EntryID != id.Nil {
		if err := closeOffer(tx, held.EntryID, waitlist.Taken); err != nil {
			return order.Order{}, err
		}
	}
	return placed, errors.Join(tx.PutHold(held), tx.PutOrder(placed), tx.Record(order.PlacedFact{Order: placed}))
}

// charge asks the provider for an order's payment and records the answer. An
// order that was cancelled is never charged, and one that costs nothing is paid.
func (s *Selling) charge(ctx context.Context, placed order.Order) (order.Order, []ticket.Ticket, error) {
	if placed.Payment.Status != payment.Requested || placed.Status == order.Cancelled {
		return s.settled(ctx, placed)
	}
	if placed.Total.IsZero() {
		return s.answered(ctx, placed, payment.ChargeResult{Status: payment.Captured})
	}
	provider, err := s.provider(placed.Payment.Provider)
	if err != nil {
		return order.Order{}, nil, err
	}
	// A client that hangs up does not cut off what is under way.
	ctx = context.WithoutCancel(ctx)
	result, err := provider.Charge(ctx, payment.ChargeRequest{OrderID: placed.ID, Amount: placed.Total, Token: placed.Payment.Token})
	if err != nil {
		// Nobody knows whether the money moved: the order waits for Reconcile.
		s.logger.WarnContext(ctx, "payment provider did not answer", "provider", placed.Payment.Provider, "order", placed.ID, "error", err)
		return s.await(ctx, placed.ID, func(*order.Order) bool { return false })
	}
	return s.answered(ctx, placed, result)
}

// answered records what the provider says about an order's charge.
func (s *Selling) answered(ctx context.Context, placed order.Order, result payment.ChargeResult) (order.Order, []ticket.Ticket, error) {
	switch result.Status {
	case payment.Captured:
		return s.capture(ctx, placed, payment.Notice{OrderID: placed.ID, Status: payment.Captured, Reference: result.Reference})
	case payment.Declined:
		return s.decline(ctx, placed.ID, result.Reference, result.Reason)
	case payment.Pending, payment.Requested:
		checkAt := s.clock.Now().Add(s.payments.Patience)
		return s.await(ctx, placed.ID, func(current *order.Order) bool {
			return current.Pend(result.Reference, result.ClientSecret, checkAt)
		})
	}
	return order.Order{}, nil, fmt.Errorf("payment provider answered %q", result.Status)
}

// await records that the payment of an order is outstanding; its places go back
// on sale when the time of its hold is up.
func (s *Selling) await(ctx context.Context, orderID id.ID, pend func(*order.Order) bool) (order.Order, []ticket.Ticket, error) {
	var current order.Order
	err := s.store.Update(ctx, func(tx Tx) (err error) {
		if current, err = tx.Order(orderID); err != nil {
			return err
		}
		held, err := tx.Hold(current.HoldID)
		if err != nil {
			return err
		}
		// A report that was faster than the answer may have settled it already.
		if current.AwaitsPayment() && held.Await(current.ID) {
			err = tx.PutHold(held)
		}
		if pend(&current) {
			err = errors.Join(err, tx.PutOrder(current))
		}
		return err
	})
	if err != nil {
		return order.Order{}, nil, err
	}
	return s.settled(ctx, current)
}

// settled answers for an order as it stands, with its tickets.
func (s *Selling) settled(ctx context.Context, placed order.Order) (order.Order, []ticket.Ticket, error) {
	if placed.Status == order.Declined {
		return placed, nil, &order.DeclinedError{OrderID: placed.ID, Reason: placed.Payment.Reason}
	}
	if len(placed.TicketIDs) == 0 {
		return placed, nil, nil
	}
	tickets, err := s.store.TicketsByOrder(ctx, placed.ID)
	return placed, tickets, err
}

// capture records that the money of an order arrived: its tickets are issued
// while its places are its own or still free, else all of it goes back. It may
// be repeated: only money under another reference is a surplus, which goes back.
func (s *Selling) capture(ctx context.Context, placed order.Order, paid payment.Notice) (order.Order, []ticket.Ticket, error) {
	// What an order has never changes, so its tickets are made, and their codes
	// signed, before the store is kept waiting.
	tickets, err := s.issue(ctx, placed)
	if err != nil {
		return order.Order{}, nil, err
	}
	var (
		captured  order.Order
		confirmed bool
		refund    id.ID
	)
	err = s.store.Update(ctx, func(tx Tx) error {
		confirmed, refund = false, id.Nil
		current, err := tx.Order(placed.ID)
		if err != nil {
			return err
		}
		if !current.TakesCapture() {
			captured = current
			if current.IsSurplus(paid.Reference) {
				refund, err = s.returnSurplus(tx, current, paid)
			}
			return err
		}
		now := s.clock.Now()
		err = claimAndSell(tx, current, now)
		if errors.Is(err, inventory.ErrTaken) {
			if refund, err = s.returnLate(tx, &current, paid.Reference, now); err != nil {
				return err
			}
			captured = current
			return tx.PutOrder(current)
		}
		if err != nil {
			return err
		}
		ids := make([]id.ID, len(tickets))
		for i, issued := range tickets {
			ids[i] = issued.Ticket.ID
			if err := tx.PutTicket(issued.Ticket); err != nil {
				return err
			}
		}
		current.Confirm(paid.Reference, ids)
		captured, confirmed = current, true
		return errors.Join(tx.PutOrder(current), tx.Record(order.ConfirmedFact{Order: current, Tickets: tickets}))
	})
	if err != nil {
		return order.Order{}, nil, err
	}
	if refund != id.Nil {
		if _, _, err := s.sendRefund(ctx, refund); err != nil {
			s.logger.WarnContext(ctx, "refund is stored and will be sent again", "refund", refund, "error", err)
		}
	}
	if !confirmed {
		return s.settled(ctx, captured)
	}
	valid := make([]ticket.Ticket, len(tickets))
	for i, issued := range tickets {
		valid[i] = issued.Ticket
	}
	return captured, valid, nil
}

// claimAndSell sells the places of an order that is still wanted. One that was
// cancelled is inventory.ErrTaken: its money goes back. Its hold is its own for
// good then, also when it was awaiting or the customer had got it back.
func claimAndSell(tx Tx, current order.Order, now time.Time) error {
	if current.Status == order.Cancelled {
		return inventory.ErrTaken
	}
	held, err := tx.Hold(current.HoldID)
	if err != nil {
		return err
	}
	if err := sell(tx, current, held.Sale, now); err != nil || !held.Settle(current.ID) {
		return err
	}
	return tx.PutHold(held)
}

// sell makes the places of an order sold ones, or changes nothing with
// inventory.ErrTaken when one of them is somebody else's by now, or they came free
// and are more than the customer may have by now.
func sell(tx Tx, placed order.Order, by performance.Sale, now time.Time) error {
	show, err := tx.Performance(placed.PerformanceID)
	if err != nil {
		return err
	}
	if show.Cancelled {
		return inventory.ErrTaken
	}
	partitions, err := partitionsOf(tx, show, placed.Items)
	if err != nil {
		return err
	}
	// All are sold before the first is stored: one that is taken leaves no trace.
	for i := range partitions {
		if err := partitions[i].state.Sell(placed.HoldID, partitions[i].slots, now); err != nil {
			return err
		}
	}
	customer, err := tx.Buyer(show.ID, placed.CustomerID)
	if err != nil {
		return err
	}
	quantity := 0
	for _, item := range placed.Items {
		quantity += item.Quantity()
	}
	if customer.Own(placed.HoldID, quantity, show.LimitsOf(by), now) != nil {
		return inventory.ErrTaken
	}
	for _, sold := range partitions {
		if err := tx.PutPartition(sold.area, sold.state); err != nil {
			return err
		}
	}
	return tx.PutBuyer(customer)
}

// issue makes the tickets of an order with their codes. They count once they are
// stored.
func (s *Selling) issue(ctx context.Context, placed order.Order) ([]order.IssuedTicket, error) {
	var tickets []order.IssuedTicket
	holder := ticket.Holder{CustomerID: placed.CustomerID, Email: placed.Email, Language: placed.Language}
	for _, item := range placed.Items {
		for i, place := range item.Places {
			issued := ticket.Ticket{
				ID: ticket.NewID(placed.ID, len(tickets)), OrderID: placed.ID, PerformanceID: placed.PerformanceID, AreaID: item.AreaID, Place: place,
				PriceCategory: item.PriceCategory, Tier: item.Tier, Concession: item.Concession, Price: item.UnitPrice, Refund: item.Refund,
				Status: ticket.Valid, Holder: holder, Issue: 1, Version: 1,
			}
			if len(item.Seats) > 0 {
				issued.Seat = item.Seats[i]
			}
			code, err := s.codes.Sign(ctx, ticket.CodeOf(&issued))
			if err != nil {
				return nil, err
			}
			tickets = append(tickets, order.IssuedTicket{Ticket: issued, Code: code})
		}
	}
	return tickets, nil
}

// returnLate cancels an order whose money came when its places were gone.
func (s *Selling) returnLate(tx Tx, current *order.Order, reference string, now time.Time) (id.ID, error) {
	cancelledBefore := current.Status == order.Cancelled
	before := current.Refunded
	current.CaptureTooLate(reference)
	refund := order.NewRefund(id.New(), *current, before, current.Total, string(order.PaymentTooLate), now)
	if err := tx.PutRefund(refund); err != nil || cancelledBefore {
		return refund.ID, err
	}
	// Of a performance that was cancelled the places may still be the order's own.
	held, err := tx.Hold(current.HoldID)
	if err == nil && held.OrderID == current.ID {
		err = s.freeUnpaid(tx, *current, hold.ReasonReleased, now)
	}
	return refund.ID, errors.Join(err, tx.Record(order.CancelledFact{Order: *current, Reason: order.PaymentTooLate}))
}

// decline records that the provider refused a payment and gives the hold back to
// the customer. A refusal of another payment than the order's is none of it.
func (s *Selling) decline(ctx context.Context, orderID id.ID, reference, reason string) (order.Order, []ticket.Ticket, error) {
	var declined order.Order
	err := s.store.Update(ctx, func(tx Tx) error {
		current, err := tx.Order(orderID)
		if err != nil {
			return err
		}
		declined = current
		another := reference != "" && current.Payment.Reference != "" && reference != current.Payment.Reference
		if another || !current.Decline(reason) {
			return nil
		}
		if current.Status != order.Declined {
			declined = current
			return tx.PutOrder(current) // it was cancelled meanwhile, and that was told
		}
		held, err := tx.Hold(current.HoldID)
		if err != nil {
			return err
		}
		held.Reopen(current.ID)
		declined = current
		return errors.Join(tx.PutHold(held), tx.PutOrder(current), tx.Record(order.DeclinedFact{Order: current}))
	})
	if err != nil {
		return order.Order{}, nil, err
	}
	return s.settled(ctx, declined)
}

// codeAlphabet has no letters or digits that people confuse.
const codeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// orderCode returns ten random characters, 50 bits: with a thousand million
// orders two share one with a probability of 1 in 2,000 million per new order.
func orderCode() string {
	var random [10]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // rand.Read never fails since Go 1.24
	}
	for i, b := range random {
		random[i] = codeAlphabet[int(b)%len(codeAlphabet)]
	}
	return string(random[:])
}
