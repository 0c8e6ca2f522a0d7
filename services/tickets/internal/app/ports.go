// Package app holds the use cases of selling and admission, and the ports they
// need. It knows neither HTTP nor events' encoding nor any database.
package app

import (
	"context"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// Tx is one atomic change. Gets see a consistent state, and the entities they
// return are the caller's to change; puts replace an entity whole. A store may
// run the function that was given a Tx again when somebody else was faster, so
// it must have no effect but through the Tx. Every access is by key or to a
// bounded few items: a store of conditional writes to single items can serve it.
//
// Gets return the ErrNotFound of the entity's package; for partitions and
// buyers, which exist as soon as their performance does, a fresh one.
type Tx interface {
	Performance(performanceID id.ID) (*performance.Performance, error)
	PutPerformance(p *performance.Performance) error

	Partition(key inventory.Key) (inventory.Partition, error)
	// FreePartitions returns up to limit partitions of the area, in order from
	// the given number and then from the first, that may have run free places
	// side by side. It may return one that has not, never leave out one that has.
	FreePartitions(area *seatmap.AreaLayout, performanceID id.ID, run, from, limit int, now time.Time) ([]inventory.Partition, error)
	PutPartition(area *seatmap.AreaLayout, p inventory.Partition) error

	Hold(holdID id.ID) (hold.Hold, error)
	PutHold(h hold.Hold) error
	Order(orderID id.ID) (order.Order, error)
	PutOrder(o order.Order) error
	Refund(refundID id.ID) (order.Refund, error)
	PutRefund(r order.Refund) error
	Ticket(ticketID id.ID) (ticket.Ticket, error)
	PutTicket(t ticket.Ticket) error
	Buyer(performanceID id.ID, customerID string) (buyer.Buyer, error)
	PutBuyer(b buyer.Buyer) error
	Entry(entryID id.ID) (waitlist.Entry, error)
	PutEntry(e waitlist.Entry) error
	// FirstWaiting returns the longest waiting entry of the category after the
	// given one, or waitlist.ErrNotFound.
	FirstWaiting(performanceID id.ID, priceCategory string, after id.ID) (waitlist.Entry, error)

	// Record commits facts together with the state: they will be published.
	Record(facts ...any) error
	// FirstTime remembers that the consumer handled the event and reports false
	// when it had before.
	FirstTime(consumer string, eventID id.ID) (bool, error)
}

// Page asks for at most Limit items after the one the cursor names; the zero
// After is the beginning.
type Page struct {
	After id.ID
	Limit int
}

// Store keeps the state of selling.
type Store interface {
	// Update runs fn atomically. When it returns nil the change is durable, its
	// facts with it.
	Update(ctx context.Context, fn func(Tx) error) error

	Performance(ctx context.Context, performanceID id.ID) (*performance.Performance, error)
	// Partitions returns every partition of the performance as one consistent
	// state; those that nobody ever touched may be left out.
	Partitions(ctx context.Context, performanceID id.ID) ([]inventory.Partition, error)
	Hold(ctx context.Context, holdID id.ID) (hold.Hold, error)
	Order(ctx context.Context, orderID id.ID) (order.Order, []ticket.Ticket, error)
	OrdersByCustomer(ctx context.Context, customerID string, page Page) ([]order.Order, error)
	OrdersByPerformance(ctx context.Context, performanceID id.ID, page Page) ([]order.Order, error)
	TicketsByOrder(ctx context.Context, orderID id.ID) ([]ticket.Ticket, error)
	TicketsByPerformance(ctx context.Context, performanceID id.ID, page Page) ([]ticket.Ticket, error)
	Ticket(ctx context.Context, ticketID id.ID) (ticket.Ticket, error)
	Entry(ctx context.Context, entryID id.ID) (waitlist.Entry, error)

	// DueHolds returns active and awaiting holds whose expiry is not after now.
	DueHolds(ctx context.Context, now time.Time, limit int) ([]id.ID, error)
	// OpenOrders returns orders whose payment is still requested, cancelled ones
	// too, and that were placed before.
	OpenOrders(ctx context.Context, before time.Time, limit int) ([]id.ID, error)
	// OpenRefunds returns refunds that were placed before and are not done.
	OpenRefunds(ctx context.Context, before time.Time, limit int) ([]id.ID, error)
	// Waiting returns the performances and price categories somebody waits for.
	Waiting(ctx context.Context) ([]WaitingFor, error)
	// CancelledPerformances returns cancelled performances whose orders have not
	// all been cancelled yet.
	CancelledPerformances(ctx context.Context) ([]id.ID, error)
	// CancellationDone records that they have.
	CancellationDone(ctx context.Context, performanceID id.ID) error
}

// WaitingFor is what somebody in the waiting list waits for.
type WaitingFor struct {
	PerformanceID id.ID
	PriceCategory string
}

// Provider collects money and gives it back. Both calls may be repeated with the
// same request and then have one effect.
type Provider interface {
	Charge(ctx context.Context, r payment.ChargeRequest) (payment.ChargeResult, error)
	Refund(ctx context.Context, r payment.RefundRequest) error
}

// Codes signs admission codes and reads them.
type Codes interface {
	// Sign returns the same text for the same code every time.
	Sign(code ticket.Code) (string, error)
	// Verify returns ticket.ErrInvalidCode for what was not signed here.
	Verify(text string) (ticket.Code, error)
}

// Selling is the use cases. Safe for concurrent use.
type Selling struct {
	store     Store
	codes     Codes
	providers map[string]Provider
	clock     clock.Clock
	logger    *slog.Logger
	freed     chan struct{}
}

// New returns the use cases over the ports. Providers are by name.
func New(store Store, codes Codes, providers map[string]Provider, c clock.Clock, logger *slog.Logger) *Selling {
	return &Selling{store: store, codes: codes, providers: providers, clock: c, logger: logger, freed: make(chan struct{}, 1)}
}

func (s *Selling) provider(name string) (Provider, error) {
	provider, known := s.providers[name]
	if !known {
		return nil, payment.ErrUnknownProvider
	}
	return provider, nil
}

// Freed receives when places may have come free that somebody waits for.
func (s *Selling) Freed() <-chan struct{} { return s.freed }

// placesFreed wakes the waiting list.
func (s *Selling) placesFreed() {
	select {
	case s.freed <- struct{}{}:
	default: // it is awake already
	}
}
