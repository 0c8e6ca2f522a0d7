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
// Puts of what was not read before replace whatever is there.
//
// A Tx may put hold.MaxPartitions partitions, one order with its tickets and a few
// entities more; what it only reads may have changed by the time it commits.
//
// Gets return the ErrNotFound of the entity's package; for partitions and
// buyers, which exist as soon as their performance does, a fresh one.
type Tx interface {
	Performance(performanceID id.ID) (*performance.Performance, error)
	PutPerformance(p *performance.Performance) error

	// Show returns performance.ErrShowNotFound until PutShow.
	Show(showID id.ID) (performance.Show, error)
	PutShow(s performance.Show) error

	// Partitions are those of areas and, alike, of quotas (inventory.IsQuota).
	Partition(key inventory.Key) (inventory.Partition, error)
	// FreePartitions returns up to limit partitions of the area, in order from
	// the given number and then from the first, that may have run free places
	// side by side. It leaves out those that have not, and none that has, but for one
	// that was sold out and has come back on sale within moments.
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
	// given one, or waitlist.ErrNotFound. One that joined within moments may be
	// missing.
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

// Store keeps the state of selling. What is asked for by its own id is as the last
// update left it. Lists may be behind by moments: they may lack what was added, or
// have what has changed since, so that whoever acts on one looks at each entity in
// its update. Any method may fail with ErrBusy.
type Store interface {
	// Update runs fn atomically. When it returns nil the change is durable, its
	// facts with it. An error of fn is returned as it is, and nothing is stored; nor
	// is after ErrBusy. After any other error the change may be stored or not.
	Update(ctx context.Context, fn func(Tx) error) error

	Performance(ctx context.Context, performanceID id.ID) (*performance.Performance, error)
	Show(ctx context.Context, showID id.ID) (performance.Show, error)
	// Partitions returns every partition of the performance's areas, those of earlier
	// seat maps too, each as an update left it, though not all as of one instant;
	// those that nobody ever touched may be left out. Quotas' are no places, and are
	// not among them.
	Partitions(ctx context.Context, performanceID id.ID) ([]inventory.Partition, error)
	Hold(ctx context.Context, holdID id.ID) (hold.Hold, error)
	// Order returns an order and its tickets.
	Order(ctx context.Context, orderID id.ID) (order.Order, []ticket.Ticket, error)
	OrdersByCustomer(ctx context.Context, customerID string, page Page) ([]order.Order, error)
	OrdersByPerformance(ctx context.Context, performanceID id.ID, page Page) ([]order.Order, error)
	TicketsByOrder(ctx context.Context, orderID id.ID) ([]ticket.Ticket, error)
	TicketsByPerformance(ctx context.Context, performanceID id.ID, page Page) ([]ticket.Ticket, error)
	Ticket(ctx context.Context, ticketID id.ID) (ticket.Ticket, error)
	Entry(ctx context.Context, entryID id.ID) (waitlist.Entry, error)

	// DueHolds returns active and awaiting holds whose expiry is not after now.
	DueHolds(ctx context.Context, now time.Time, limit int) ([]id.ID, error)
	// OpenOrders returns orders, cancelled ones too, whose payment is requested or
	// pending and whose CheckAt is not after due, by ascending id.
	OpenOrders(ctx context.Context, due time.Time, page Page) ([]id.ID, error)
	// OpenRefunds returns pending refunds whose DueAt is not after due, by
	// ascending id.
	OpenRefunds(ctx context.Context, due time.Time, page Page) ([]id.ID, error)
	// RefundsByOrder returns all refunds of an order, by ascending id.
	RefundsByOrder(ctx context.Context, orderID id.ID) ([]order.Refund, error)
	// CapturesSeen returns until when a provider's captures have been compared with
	// the orders; zero before the first time. SetCapturesSeen records it.
	CapturesSeen(ctx context.Context, provider string) (time.Time, error)
	SetCapturesSeen(ctx context.Context, provider string, until time.Time) error
	// Waiting returns the performances and price categories somebody waits for.
	Waiting(ctx context.Context) ([]WaitingFor, error)
	// CancelledPerformances returns cancelled performances whose orders have not
	// all been cancelled yet. A store whose lists lag may return one again, once,
	// after CancellationDone.
	CancelledPerformances(ctx context.Context) ([]id.ID, error)
	// CancellationDone records that they have.
	CancellationDone(ctx context.Context, performanceID id.ID) error
}

// WaitingFor is what somebody in the waiting list waits for.
type WaitingFor struct {
	PerformanceID id.ID
	PriceCategory string
}

// Provider collects money and gives it back. Every call may be repeated with the
// same request and then has one effect. An error says that nobody knows what
// happened: the call is repeated later. Safe for concurrent use.
type Provider interface {
	// Charge asks for the payment of an order. What the provider will never do,
	// now or later, is Declined.
	Charge(ctx context.Context, r payment.ChargeRequest) (payment.ChargeResult, error)
	// Find tells what became of a charge, also when the answer to it was lost;
	// payment.ErrNoCharge when the provider was never asked for it.
	Find(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error)
	// Cancel ends a payment so that it cannot be captured any more: Declined. It is
	// Captured when that is too late, Pending when the provider cannot say yet, and
	// payment.ErrNoCharge when there is nothing to end.
	Cancel(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error)
	// Refund gives money of a captured payment back, never more than was captured.
	Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error)
	// Captures lists the payments captured since, earliest first.
	Captures(ctx context.Context, since time.Time) ([]payment.Notice, error)
}

// DefaultPatience is how long a payment may be outstanding. Holds end after half
// an hour at most: until then the places are the buyer's, and for as long again
// they may well be free.
const DefaultPatience = time.Hour

// Payments says who collects money and how long they may take.
type Payments struct {
	Providers map[string]Provider // by name
	Offered   []string            // those that new orders may name
	// Patience is how long a payment may be outstanding until it is cancelled.
	Patience time.Duration
}

// Codes signs admission codes and reads them.
type Codes interface {
	// Sign returns the same text for the same code every time, while the key that
	// signs is the same.
	Sign(ctx context.Context, code ticket.Code) (string, error)
	// Texts returns all that Verify takes for the code: what Sign returns, and what
	// it returned with earlier keys that are still good.
	Texts(ctx context.Context, code ticket.Code) ([]string, error)
	// Verify returns ticket.ErrInvalidCode for what was not signed here.
	Verify(ctx context.Context, text string) (ticket.Code, error)
}

// Selling is the use cases. Safe for concurrent use.
type Selling struct {
	store    Store
	codes    Codes
	payments Payments
	clock    clock.Clock
	logger   *slog.Logger
	freed    chan struct{}
}

// New returns the use cases over the ports.
func New(store Store, codes Codes, payments Payments, c clock.Clock, logger *slog.Logger) *Selling {
	return &Selling{store: store, codes: codes, payments: payments, clock: c, logger: logger, freed: make(chan struct{}, 1)}
}

func (s *Selling) provider(name string) (Provider, error) {
	provider, known := s.payments.Providers[name]
	if !known {
		return nil, payment.ErrUnknownProvider
	}
	return provider, nil
}

// Offered returns the names of the providers that new orders may name.
func (s *Selling) Offered() []string { return s.payments.Offered }

// Freed receives when places may have come free that somebody waits for.
func (s *Selling) Freed() <-chan struct{} { return s.freed }

// placesFreed wakes the waiting list.
func (s *Selling) placesFreed() {
	select {
	case s.freed <- struct{}{}:
	default: // it is awake already
	}
}
