// Package providertest is the conformance suite of app.Provider. Every adapter
// runs it; what it does not check no adapter need promise.
package providertest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/payment"
)

// Opened is a provider without payments, and what the outside does with it.
type Opened struct {
	Provider app.Provider
	// Now is the provider's clock, which Advance moves.
	Now     func() time.Time
	Advance func(time.Duration)
	// Tokens of means of payment that are captured, refused and reported later.
	Approved, Refused, Pending string
	// RefusedReason is the reason of Refused.
	RefusedReason string
	// LoseAnswer returns a token whose next charge is captured and not answered,
	// LoseRequest one whose next charge does not happen and is captured when it is
	// asked for again.
	LoseAnswer, LoseRequest func() string
	// Finish ends a pending payment as the buyer or the bank does.
	Finish func(orderID id.ID, reference string, paid bool)
}

// Run checks the contract of app.Provider. open is called once for each test, and
// tests run at the same time.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	for _, suite := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a charge is captured, and found", captured},
		{"charging twice is one charge", chargedTwice},
		{"charging at the same time is one charge", chargedAtOnce},
		{"a refusal has its reason, also when it is looked up", refused},
		{"a pending charge is captured later", pendingCaptured},
		{"a pending charge is refused later", pendingRefused},
		{"a charge whose answer was lost is found", answerLost},
		{"a charge that never happened is not found, and can be asked for again", requestLost},
		{"what was never asked for is not found", neverAsked},
		{"cancelling a pending charge ends it", cancelled},
		{"cancelling a captured charge is too late", cancelledTooLate},
		{"refunding twice is one refund", refundedTwice},
		{"refunds in parts add up to what was captured and no further", refundedInParts},
		{"refunds at the same time never give back more than was captured", refundedAtOnce},
		{"what was not captured is not refunded", refundedUncaptured},
		{"captures are listed since a time", listed},
	} {
		t.Run(suite.name, func(t *testing.T) {
			t.Parallel()
			suite.run(&fixture{t, open(t)})
		})
	}
}

type fixture struct {
	*testing.T
	Opened
}

const price = 4200

func request(token string) payment.ChargeRequest {
	return payment.ChargeRequest{OrderID: id.New(), Amount: money.Money{Amount: price, Currency: "EUR"}, Token: token}
}

func (f *fixture) query(r payment.ChargeRequest) payment.ChargeQuery {
	return payment.ChargeQuery{OrderID: r.OrderID, Since: f.Now()}
}

// charge asks for a payment and wants it to have come so far.
func (f *fixture) charge(r payment.ChargeRequest, want payment.Status) payment.ChargeResult {
	f.Helper()
	result, err := f.Provider.Charge(f.Context(), r)
	if err != nil || result.Status != want || result.Reference == "" {
		f.Fatalf("Charge() = %+v, %v, want %s", result, err, want)
	}
	return result
}

// finds wants a look-up to say so, with and without the reference.
func (f *fixture) finds(r payment.ChargeRequest, reference string, want payment.Status) payment.ChargeResult {
	f.Helper()
	var found payment.ChargeResult
	for _, known := range []string{reference, ""} {
		query := f.query(r)
		query.Reference = known
		result, err := f.Provider.Find(f.Context(), query)
		if err != nil || result.Status != want || reference != "" && result.Reference != reference {
			f.Fatalf("Find(%q) = %+v, %v, want %s of %s", known, result, err, want, reference)
		}
		found = result
	}
	return found
}

// captures returns how often an order was captured.
func (f *fixture) captures(r payment.ChargeRequest) int {
	f.Helper()
	all, err := f.Provider.Captures(f.Context(), f.Now().Add(-time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	for _, notice := range all {
		if notice.OrderID == r.OrderID {
			n++
		}
	}
	return n
}

func captured(f *fixture) {
	r := request(f.Approved)
	result := f.charge(r, payment.Captured)
	f.finds(r, result.Reference, payment.Captured)
}

func chargedTwice(f *fixture) {
	r := request(f.Approved)
	first := f.charge(r, payment.Captured)
	if again := f.charge(r, payment.Captured); again != first {
		f.Errorf("charged again: %+v, want %+v", again, first)
	}
	if got := f.captures(r); got != 1 {
		f.Errorf("captured %d times", got)
	}
}

func chargedAtOnce(f *fixture) {
	r := request(f.Approved)
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if result, err := f.Provider.Charge(f.Context(), r); err != nil || result.Status != payment.Captured {
				f.Errorf("Charge() = %+v, %v", result, err)
			}
		})
	}
	running.Wait()
	if got := f.captures(r); got != 1 {
		f.Errorf("captured %d times", got)
	}
}

func refused(f *fixture) {
	r := request(f.Refused)
	result := f.charge(r, payment.Declined)
	found := f.finds(r, result.Reference, payment.Declined)
	if result.Reason != f.RefusedReason || found.Reason != f.RefusedReason {
		f.Errorf("reasons %q and %q, want %q", result.Reason, found.Reason, f.RefusedReason)
	}
	if got := f.captures(r); got != 0 {
		f.Errorf("captured %d times", got)
	}
}

func pendingCaptured(f *fixture) {
	r := request(f.Pending)
	result := f.charge(r, payment.Pending)
	f.finds(r, result.Reference, payment.Pending)
	f.Finish(r.OrderID, result.Reference, true)
	f.finds(r, result.Reference, payment.Captured)
	if got := f.captures(r); got != 1 {
		f.Errorf("captured %d times", got)
	}
}

func pendingRefused(f *fixture) {
	r := request(f.Pending)
	result := f.charge(r, payment.Pending)
	f.Finish(r.OrderID, result.Reference, false)
	if found := f.finds(r, result.Reference, payment.Declined); found.Reason == "" {
		f.Errorf("found %+v, want a reason", found)
	}
}

func answerLost(f *fixture) {
	r := request(f.LoseAnswer())
	if result, err := f.Provider.Charge(f.Context(), r); err == nil {
		f.Fatalf("Charge() = %+v, want an error", result)
	}
	f.finds(r, "", payment.Captured)
	f.charge(r, payment.Captured)
	if got := f.captures(r); got != 1 {
		f.Errorf("captured %d times", got)
	}
}

func requestLost(f *fixture) {
	r := request(f.LoseRequest())
	if result, err := f.Provider.Charge(f.Context(), r); err == nil {
		f.Fatalf("Charge() = %+v, want an error", result)
	}
	if result, err := f.Provider.Find(f.Context(), f.query(r)); !errors.Is(err, payment.ErrNoCharge) {
		f.Fatalf("Find() = %+v, %v, want ErrNoCharge", result, err)
	}
	result := f.charge(r, payment.Captured)
	f.finds(r, result.Reference, payment.Captured)
}

func neverAsked(f *fixture) {
	f.charge(request(f.Approved), payment.Captured)
	query := f.query(request(f.Approved))
	if result, err := f.Provider.Find(f.Context(), query); !errors.Is(err, payment.ErrNoCharge) {
		f.Errorf("Find() = %+v, %v, want ErrNoCharge", result, err)
	}
	if result, err := f.Provider.Cancel(f.Context(), query); !errors.Is(err, payment.ErrNoCharge) {
		f.Errorf("Cancel() = %+v, %v, want ErrNoCharge", result, err)
	}
	query.Reference = "unheard_of"
	if result, err := f.Provider.Find(f.Context(), query); !errors.Is(err, payment.ErrNoCharge) {
		f.Errorf("Find() of a reference = %+v, %v, want ErrNoCharge", result, err)
	}
}

func cancelled(f *fixture) {
	for _, known := range []bool{true, false} {
		r := request(f.Pending)
		result := f.charge(r, payment.Pending)
		query := f.query(r)
		if known {
			query.Reference = result.Reference
		}
		for range 2 {
			if ended, err := f.Provider.Cancel(f.Context(), query); err != nil || ended.Status != payment.Declined || ended.Reason == "" {
				f.Fatalf("Cancel() = %+v, %v, want Declined", ended, err)
			}
		}
		f.finds(r, result.Reference, payment.Declined)
	}
}

func cancelledTooLate(f *fixture) {
	r := request(f.Pending)
	result := f.charge(r, payment.Pending)
	f.Finish(r.OrderID, result.Reference, true)
	if late, err := f.Provider.Cancel(f.Context(), f.query(r)); err != nil || late.Status != payment.Captured || late.Reference != result.Reference {
		f.Errorf("Cancel() = %+v, %v, want Captured", late, err)
	}
	f.finds(r, result.Reference, payment.Captured)
}

// refund asks for some of a charge back.
func (f *fixture) refund(r payment.ChargeRequest, charge string, before, amount int64) payment.RefundRequest {
	eur := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }
	return payment.RefundRequest{RefundID: id.New(), Attempt: 1, OrderID: r.OrderID, Charge: charge, Amount: eur(amount), Before: eur(before)}
}

func (f *fixture) refunds(r payment.RefundRequest, want payment.RefundStatus) payment.RefundResult {
	f.Helper()
	result, err := f.Provider.Refund(f.Context(), r)
	if err != nil || result.Status != want || want == payment.RefundDone && result.Reference == "" || want == payment.RefundFailed && result.Reason == "" {
		f.Errorf("Refund() = %+v, %v, want %s", result, err, want)
	}
	return result
}

func refundedTwice(f *fixture) {
	r := request(f.Approved)
	charge := f.charge(r, payment.Captured).Reference
	half := f.refund(r, charge, 0, price/2)
	first := f.refunds(half, payment.RefundDone)
	if again := f.refunds(half, payment.RefundDone); again != first {
		f.Errorf("refunded again: %+v, want %+v", again, first)
	}
	f.refunds(f.refund(r, charge, price/2, price/2), payment.RefundDone) // which would not be there had it been two
}

func refundedInParts(f *fixture) {
	r := request(f.Approved)
	charge := f.charge(r, payment.Captured).Reference
	f.refunds(f.refund(r, charge, 0, price+1), payment.RefundFailed)
	for part := range int64(3) {
		f.refunds(f.refund(r, charge, part*price/3, price/3), payment.RefundDone)
	}
	f.refunds(f.refund(r, charge, price, 1), payment.RefundFailed)
	f.finds(r, charge, payment.Captured)
}

func refundedAtOnce(f *fixture) {
	r := request(f.Approved)
	charge := f.charge(r, payment.Captured).Reference
	var running sync.WaitGroup
	results := make(chan payment.RefundResult, 16)
	for range cap(results) {
		running.Go(func() {
			result, err := f.Provider.Refund(f.Context(), f.refund(r, charge, 0, price/4))
			if err != nil {
				f.Error(err)
			}
			results <- result
		})
	}
	running.Wait()
	close(results)
	done := 0
	for result := range results {
		if result.Status == payment.RefundDone {
			done++
		}
	}
	if done != 4 {
		f.Errorf("%d quarters were refunded", done)
	}
}

func refundedUncaptured(f *fixture) {
	r := request(f.Pending)
	charge := f.charge(r, payment.Pending).Reference
	f.refunds(f.refund(r, charge, 0, price), payment.RefundFailed)
}

func listed(f *fixture) {
	before := request(f.Approved)
	f.charge(before, payment.Captured)
	waiting := request(f.Pending)
	pending := f.charge(waiting, payment.Pending)
	f.charge(request(f.Refused), payment.Declined)
	f.Advance(time.Minute)
	since := f.Now()
	f.Finish(waiting.OrderID, pending.Reference, true) // begun before, captured since
	want := []id.ID{waiting.OrderID}
	for range 7 {
		r := request(f.Approved)
		f.charge(r, payment.Captured)
		f.Advance(time.Second)
		want = append(want, r.OrderID)
	}
	got, err := f.Provider.Captures(f.Context(), since)
	if err != nil || len(got) != len(want) {
		f.Fatalf("Captures() = %d, %v, want %d", len(got), err, len(want))
	}
	for i, notice := range got {
		if notice.OrderID != want[i] || notice.Status != payment.Captured || notice.Reference == "" || notice.At.Before(since.Truncate(time.Second)) {
			f.Errorf("capture %d = %+v, want of %s", i, notice, want[i])
		}
		if notice.Amount != (money.Money{Amount: price, Currency: "EUR"}) {
			f.Errorf("capture %d is of %v", i, notice.Amount)
		}
	}
	if all, err := f.Provider.Captures(f.Context(), since.Add(-time.Hour)); err != nil || len(all) != len(want)+1 {
		f.Errorf("Captures() of an hour = %d, %v, want %d", len(all), err, len(want)+1)
	}
}
