package tickets_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// bank is a payment provider with books of its own, which loses answers, fails
// and is slow.
type bank struct {
	clock    clock.Clock
	payments []*banked
	asked    map[id.ID]payment.ChargeRequest
	refunds  []*returned
	problems []string
	// unwanted reports an order that must not be charged any more.
	unwanted func(orderID id.ID) bool
	// meanwhile happens before the answer of the bank is heard, or before the bank
	// hears the request.
	meanwhile func()
	early     bool
}

// banked is a payment in the books.
type banked struct {
	orderID   id.ID
	reference string
	amount    int64
	status    payment.Status
	at        time.Time
	marked    bool
	slow      bool // it can't be cancelled
	silent    bool // its next answer is lost
}

// returned is a refund in the books.
type returned struct {
	request payment.RefundRequest
	result  payment.RefundResult
}

func newBank(c clock.Clock) *bank {
	return &bank{clock: c, asked: map[id.ID]payment.ChargeRequest{}, meanwhile: func() {}, unwanted: func(id.ID) bool { return false }}
}

var (
	errNoRoute = errors.New("no route to the bank")
	errTimeout = errors.New("timeout")
)

// hear lets happen what happens while a request is under way.
func (b *bank) hear() (answer func()) {
	if b.early {
		b.meanwhile()
		return func() {}
	}
	return func() { b.meanwhile() }
}

func (b *bank) find(reference string) *banked {
	for _, p := range b.payments {
		if p.reference == reference {
			return p
		}
	}
	return nil
}

// own is the reference of the payment that an order asked for.
func own(orderID id.ID) string { return "ref-" + orderID.String() }

func (b *bank) capture(p *banked) { p.status, p.at = payment.Captured, b.clock.Now() }

// take enters a payment that is captured without being asked for.
func (b *bank) take(orderID id.ID, reference string, amount int64, marked bool) payment.Notice {
	p := &banked{orderID: orderID, reference: reference, amount: amount, marked: marked}
	b.payments = append(b.payments, p)
	b.capture(p)
	return p.notice()
}

func (p *banked) notice() payment.Notice {
	return payment.Notice{
		ID: "n", OrderID: p.orderID, Status: p.status, Reference: p.reference, Reason: "declined_by_provider", Amount: money.Money{Amount: p.amount, Currency: "EUR"},
		At: p.at, Marked: p.marked,
	}
}

// Charge implements app.Provider. tok_lost captures the money and the answer is
// lost once, tok_down fails once before anything happens, tok_slow is reported
// some day and cannot be cancelled.
func (b *bank) Charge(_ context.Context, r payment.ChargeRequest) (payment.ChargeResult, error) {
	before, again := b.asked[r.OrderID]
	if again && before != r {
		b.problems = append(b.problems, fmt.Sprintf("order %s is asked for as %+v and as %+v", r.OrderID, before, r))
	}
	if b.find(own(r.OrderID)) == nil && b.unwanted(r.OrderID) {
		b.problems = append(b.problems, fmt.Sprintf("order %s is cancelled and charged", r.OrderID))
	}
	b.asked[r.OrderID] = r
	defer b.hear()()
	if r.Token == "tok_down" && !again {
		return payment.ChargeResult{}, errNoRoute
	}
	p := b.find(own(r.OrderID))
	if p == nil {
		p = &banked{orderID: r.OrderID, reference: own(r.OrderID), amount: r.Amount.Amount, status: payment.Pending, marked: true}
		b.payments = append(b.payments, p)
		switch r.Token {
		case "tok_declined":
			p.status = payment.Declined
		case "tok_slow":
			p.slow = true
		case "tok_pending":
		default:
			p.silent = r.Token == "tok_lost"
			b.capture(p)
		}
	}
	if p.silent {
		p.silent = false
		return payment.ChargeResult{}, errTimeout
	}
	return p.result(), nil
}

func (p *banked) result() payment.ChargeResult {
	result := payment.ChargeResult{Status: p.status, Reference: p.reference}
	if p.status == payment.Declined {
		result.Reason = "card_declined"
	}
	return result
}

// Find implements app.Provider.
func (b *bank) Find(_ context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	defer b.hear()()
	if p := b.of(q); p != nil {
		return p.result(), nil
	}
	return payment.ChargeResult{}, payment.ErrNoCharge
}

func (b *bank) of(q payment.ChargeQuery) *banked {
	if q.Reference != "" {
		return b.find(q.Reference)
	}
	return b.find(own(q.OrderID))
}

// Cancel implements app.Provider.
func (b *bank) Cancel(_ context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	defer b.hear()()
	p := b.of(q)
	if p == nil {
		return payment.ChargeResult{}, payment.ErrNoCharge
	}
	if p.status == payment.Pending && !p.slow {
		p.status = payment.Declined
	}
	return p.result(), nil
}

// Refund implements app.Provider. By their number in the books some answers are
// lost once, some refunds fail at the first attempt, some take their time.
func (b *bank) Refund(_ context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	defer b.hear()()
	for _, known := range b.refunds {
		if known.request.RefundID != r.RefundID || known.request.Attempt != r.Attempt {
			continue
		}
		if before := known.request; before.Amount != r.Amount || before.Charge != r.Charge || before.Before != r.Before {
			b.problems = append(b.problems, fmt.Sprintf("refund %s is asked for as %+v and as %+v", r.RefundID, before, r))
		}
		if known.result.Status == payment.RefundPending && r.Reference != "" {
			known.result.Status = payment.RefundDone // it has been asked about
		}
		return known.result, nil
	}
	p := b.find(r.Charge)
	if p == nil || p.status != payment.Captured || b.left(p) < r.Amount.Amount {
		b.problems = append(b.problems, fmt.Sprintf("refund of %d from %+v", r.Amount.Amount, p))
		return payment.RefundResult{Status: payment.RefundFailed, Reason: "refused"}, nil
	}
	n := len(b.refunds)
	made := &returned{request: r, result: payment.RefundResult{Status: payment.RefundDone, Reference: fmt.Sprint("re-", n)}}
	switch {
	case r.Attempt == 1 && n%4 == 1:
		made.result = payment.RefundResult{Status: payment.RefundFailed, Reference: made.result.Reference, Reason: "lost_card"}
	case n%5 == 2:
		made.result.Status = payment.RefundPending
	}
	b.refunds = append(b.refunds, made)
	if n%2 == 0 {
		return payment.RefundResult{}, errTimeout
	}
	return made.result, nil
}

// Captures implements app.Provider.
func (b *bank) Captures(_ context.Context, since time.Time) ([]payment.Notice, error) {
	var found []payment.Notice
	for _, p := range b.payments {
		if p.status == payment.Captured && !p.at.Before(since) {
			found = append(found, p.notice())
		}
	}
	slices.SortStableFunc(found, func(a, b payment.Notice) int { return a.At.Compare(b.At) })
	return found, nil
}

// left is what the bank has of a payment.
func (b *bank) left(p *banked) int64 {
	left := p.amount
	for _, made := range b.refunds {
		if made.request.Charge == p.reference && made.result.Status != payment.RefundFailed {
			left -= made.request.Amount.Amount
		}
	}
	return left
}

// kept is what the bank has of an order, of all its payments.
func (b *bank) kept(orderID id.ID) int64 {
	var kept int64
	for _, p := range b.payments {
		if p.orderID == orderID && p.status == payment.Captured {
			kept += b.left(p)
		}
	}
	return kept
}

// outstanding lists the payments that the bank has still to decide.
func (b *bank) outstanding() []*banked {
	var found []*banked
	for _, p := range b.payments {
		if p.status == payment.Pending {
			found = append(found, p)
		}
	}
	return found
}

// strangers are the payments of orders that do not exist.
func (b *bank) strangers() []*banked {
	var found []*banked
	for _, p := range b.payments {
		if strings.HasPrefix(p.reference, "stranger-") {
			found = append(found, p)
		}
	}
	return found
}
