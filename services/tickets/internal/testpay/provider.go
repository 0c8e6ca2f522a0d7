// Package testpay is the payment provider for trying things out. No money moves:
// the token says what happens.
//
//	tok_ok                  captured
//	tok_declined            declined
//	tok_pending             waits for a webhook
//	tok_error               an error, and nothing happened; captured when asked again
//	tok_error_charged       an error, and the money was taken
//	tok_timeout             no answer, and the money was taken
//	tok_timeout_uncharged   no answer, and nothing happened; captured when asked again
//
// Any other token is declined. Its books are in memory, for the newest payments,
// and end with the process.
package testpay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// Name is how the provider is called in the API.
const Name = "test"

// remembered is how many payments the books have; the oldest are forgotten.
const remembered = 10_000

// errUnavailable is what the tokens of errors answer.
var errUnavailable = errors.New("the test provider is asked to fail")

// Provider implements app.Provider.
type Provider struct {
	clock clock.Clock

	mu     sync.Mutex
	books  map[string]*entry // by reference
	oldest []string          // their references, the oldest first
}

// entry is a payment. One that was reported and never asked for, or asked for
// before the process began, has no amount: all may be refunded of it.
type entry struct {
	orderID  id.ID
	result   payment.ChargeResult
	amount   money.Money
	at       time.Time // when it was captured
	refunded int64
	refunds  map[refund]payment.RefundResult
}

type refund struct {
	id      id.ID
	attempt int
}

// New returns a provider with empty books.
func New(c clock.Clock) *Provider {
	return &Provider{clock: c, books: map[string]*entry{}}
}

// reference is the provider's id of the payment that an order asks for.
func reference(orderID id.ID) string { return "test_" + orderID.String() }

// Charge implements app.Provider.
func (p *Provider) Charge(_ context.Context, r payment.ChargeRequest) (payment.ChargeResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	made, again := p.books[reference(r.OrderID)]
	if !again {
		made = p.enter(r.OrderID, reference(r.OrderID))
		made.amount = r.Amount
	}
	if made.result.Status != "" {
		return made.result, nil
	}
	switch r.Token {
	case "tok_ok":
		p.capture(made)
	case "tok_pending":
		made.result.Status = payment.Pending
	case "tok_declined":
		made.result.Status, made.result.Reason = payment.Declined, "card_declined"
	case "tok_error", "tok_timeout_uncharged":
		if !again {
			return payment.ChargeResult{}, failure(r.Token)
		}
		p.capture(made)
	case "tok_error_charged", "tok_timeout":
		p.capture(made)
		return payment.ChargeResult{}, failure(r.Token)
	default:
		made.result.Status, made.result.Reason = payment.Declined, "unknown_token"
	}
	return made.result, nil
}

func failure(token string) error {
	if token == "tok_error" || token == "tok_error_charged" {
		return errUnavailable
	}
	return fmt.Errorf("%w: %w", errUnavailable, context.DeadlineExceeded)
}

// enter makes room in the books and an entry without a state.
func (p *Provider) enter(orderID id.ID, reference string) *entry {
	if len(p.oldest) == remembered {
		delete(p.books, p.oldest[0])
		p.oldest = p.oldest[1:]
	}
	made := &entry{orderID: orderID, result: payment.ChargeResult{Reference: reference}, refunds: map[refund]payment.RefundResult{}}
	p.books[reference], p.oldest = made, append(p.oldest, reference)
	return made
}

func (p *Provider) capture(e *entry) {
	e.result = payment.ChargeResult{Status: payment.Captured, Reference: e.result.Reference}
	e.at = p.clock.Now()
}

// Find implements app.Provider.
func (p *Provider) Find(_ context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.find(q); found != nil {
		return found.result, nil
	}
	return payment.ChargeResult{}, payment.ErrNoCharge
}

// find returns a payment that something has become of.
func (p *Provider) find(q payment.ChargeQuery) *entry {
	wanted := q.Reference
	if wanted == "" {
		wanted = reference(q.OrderID)
	}
	if found := p.books[wanted]; found != nil && found.result.Status != "" {
		return found
	}
	return nil
}

// Cancel implements app.Provider.
func (p *Provider) Cancel(_ context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.find(q)
	if found == nil {
		return payment.ChargeResult{}, payment.ErrNoCharge
	}
	if found.result.Status == payment.Pending {
		found.result.Status, found.result.Reason = payment.Declined, payment.ReasonCancelled
	}
	return found.result, nil
}

// Refund implements app.Provider. What the books do not know is given back: no
// money moves.
func (p *Provider) Refund(_ context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.books[r.Charge]
	if of == nil {
		of = p.enter(r.OrderID, r.Charge)
		p.capture(of)
	}
	asked := refund{r.RefundID, r.Attempt}
	if before, known := of.refunds[asked]; known {
		return before, nil
	}
	result := payment.RefundResult{Status: payment.RefundDone, Reference: fmt.Sprintf("test_%s_%d", r.RefundID, r.Attempt)}
	switch {
	case of.result.Status != payment.Captured:
		result.Status, result.Reason = payment.RefundFailed, "not_captured"
	case of.amount.Currency != "" && of.refunded+r.Amount.Amount > of.amount.Amount:
		result.Status, result.Reason = payment.RefundFailed, "exceeds_payment"
	default:
		of.refunded += r.Amount.Amount
	}
	of.refunds[asked] = result
	return result, nil
}

// Captures implements app.Provider.
func (p *Provider) Captures(_ context.Context, since time.Time) ([]payment.Notice, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []payment.Notice
	for _, known := range p.oldest {
		e := p.books[known]
		if e.result.Status == payment.Captured && !e.at.Before(since) {
			found = append(found, payment.Notice{
				ID: known, OrderID: e.orderID, Status: payment.Captured, Reference: known, Amount: e.amount, At: e.at,
			})
		}
	}
	slices.SortStableFunc(found, func(a, b payment.Notice) int { return a.At.Compare(b.At) })
	return found, nil
}

// report enters what a webhook says, which is how the outside moves this money.
func (p *Provider) report(n payment.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.books[n.Reference]
	if of == nil {
		of = p.enter(n.OrderID, n.Reference)
	}
	switch {
	case of.result.Status == payment.Captured:
	case n.Status == payment.Captured:
		p.capture(of)
	default:
		of.result.Status, of.result.Reason = payment.Declined, n.Reason
	}
}
