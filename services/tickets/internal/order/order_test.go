package order_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

const price = 4200

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

// state is an order's state as docs/orders.md names it.
func state(o order.Order) string { return string(o.Status) + "/" + string(o.Payment.Status) }

// newOrder returns an order of three tickets that waits for its provider.
func newOrder() order.Order {
	return order.Order{
		ID: id.New(), HoldID: id.New(), Status: order.PendingPayment, Total: eur(3 * price), Refunded: eur(0),
		Payment: payment.Payment{Provider: "test", Token: "tok_ok", Status: payment.Requested}, Version: 1,
		CreatedAt: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

// machine drives an order and counts what a store would know beside it.
type machine struct {
	order order.Order
	left  int // tickets that are not void
}

// apply lets an event happen and reports whether the order says that it changed.
func (m *machine) apply(event string) bool {
	switch event {
	case "pend":
		return m.order.Pend("ref", "secret", m.order.CreatedAt.Add(time.Hour))
	case "capture":
		if !m.order.Confirm("ref", []id.ID{id.New(), id.New(), id.New()}) {
			return false
		}
		m.left = 3
		return true
	case "capture too late":
		return m.order.CaptureTooLate("ref")
	case "decline":
		return m.order.Decline("card_declined")
	case "refund some":
		left := max(1, m.left-1) // from one ticket the last cannot go here
		amount := eur(int64(m.left-left) * price)
		if m.order.Refund(amount, left) != nil {
			return false
		}
		m.left = left
		return true
	case "refund last":
		if m.order.Refund(eur(int64(m.left)*price), 0) != nil {
			return false
		}
		m.left = 0
		return true
	case "cancel":
		_, changed, err := m.order.Cancel()
		if err == nil && changed {
			m.left = 0
		}
		return changed
	}
	panic("no event " + event)
}

type edge struct{ from, event string }

// documented reads the table of the document.
func documented(t testing.TB) (to map[edge]string, states, events []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/orders.md")
	if err != nil {
		t.Fatal(err)
	}
	to = map[edge]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+/[a-z]+)` \\| `([a-z ]+)` \\| `([a-z_]+/[a-z]+)` \\|")
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		from := edge{found[1], found[2]}
		if to[from] != "" {
			t.Errorf("%v stands in the table twice", from)
		}
		to[from] = found[3]
		states = append(states, found[1], found[3])
		events = append(events, found[2])
	}
	slices.Sort(states)
	slices.Sort(events)
	return to, slices.Compact(states), slices.Compact(events)
}

// paths finds for every state a way to it, by the table.
func paths(to map[edge]string) map[string][]string {
	const begin = "pending_payment/requested"
	way := map[string][]string{begin: {}}
	for grown := true; grown; {
		grown = false
		for e, target := range to {
			before, reached := way[e.from]
			if _, known := way[target]; reached && !known {
				way[target], grown = append(slices.Clone(before), e.event), true
			}
		}
	}
	return way
}

func TestOrdersMoveAsDocumented(t *testing.T) {
	t.Parallel()
	to, states, events := documented(t)
	if len(states) != 10 || len(events) != 7 || len(to) != 23 {
		t.Fatalf("read %d states, %d events and %d lines of the table", len(states), len(events), len(to))
	}
	way := paths(to)
	for _, from := range states {
		steps, reachable := way[from]
		if !reachable {
			t.Errorf("nothing leads to %s", from)
			continue
		}
		for _, event := range events {
			m := machine{order: newOrder()}
			for _, step := range steps {
				m.apply(step)
			}
			if got := state(m.order); got != from {
				t.Fatalf("%v led to %s, want %s", steps, got, from)
			}
			before := m.order
			changed := m.apply(event)
			want, documented := to[edge{from, event}]
			switch {
			case documented && (!changed || state(m.order) != want || m.order.Version != before.Version+1):
				t.Errorf("%s in %s: changed %t to %s with version %d, want %s with %d", event, from, changed, state(m.order), m.order.Version, want, before.Version+1)
			case !documented && (changed || state(m.order) != from || m.order.Version != before.Version || m.order.Refunded != before.Refunded):
				t.Errorf("%s in %s: changed %t to %s, and no line says so", event, from, changed, state(m.order))
			}
		}
	}
}

// TestMoneyAddsUp lets anything happen in any order and compares with the books.
func TestMoneyAddsUp(t *testing.T) {
	t.Parallel()
	to, _, events := documented(t)
	rapid.Check(t, func(t *rapid.T) {
		m := machine{order: newOrder()}
		m.order.Refunded = money.Money{} // as long as nothing was refunded it may have no currency
		model := state(m.order)
		for _, event := range rapid.SliceOfN(rapid.SampledFrom(events), 1, 12).Draw(t, "events") {
			version := m.order.Version
			changed := m.apply(event)
			if next, documented := to[edge{model, event}]; documented {
				model = next
			}
			if state(m.order) != model || changed != (m.order.Version == version+1) || !changed && m.order.Version != version {
				t.Fatalf("%s led to %s, version %d to %d, want %s", event, state(m.order), version, m.order.Version, model)
			}
			captured := int64(0)
			if m.order.Payment.Status == payment.Captured {
				captured = m.order.Total.Amount
			}
			if kept := captured - m.order.Refunded.Amount; kept != int64(m.left)*price {
				t.Fatalf("after %s the order keeps %d for %d tickets", event, kept, m.left)
			}
			if open := m.order.AwaitsPayment(); open != strings.HasPrefix(model, "pending_payment/") {
				t.Fatalf("in %s the order awaits its payment: %t", model, open)
			}
			if news := m.order.TakesCapture(); news == (m.order.Payment.Status == payment.Captured) {
				t.Fatalf("in %s captured money would be news: %t", model, news)
			}
		}
	})
}

func TestRefundNeverExceedsWhatWasPaid(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		give   []money.Money
		wantOK []bool
		want   int64
	}{
		{"all at once", []money.Money{eur(3 * price)}, []bool{true}, 3 * price},
		{"one more than was paid", []money.Money{eur(3*price + 1)}, []bool{false}, 0},
		{"more in the end", []money.Money{eur(2 * price), eur(2 * price), eur(price)}, []bool{true, false, true}, 3 * price},
		{"another currency", []money.Money{{Amount: 1, Currency: "JPY"}}, []bool{false}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOrder()
			o.Confirm("ref", []id.ID{id.New()})
			for i, amount := range tt.give {
				err := o.Refund(amount, 1)
				if (err == nil) != tt.wantOK[i] || err != nil && !errors.Is(err, order.ErrNotRefundable) {
					t.Errorf("Refund(%v) = %v, want success %t", amount, err, tt.wantOK[i])
				}
			}
			if o.Refunded.Amount != tt.want {
				t.Errorf("refunded %d, want %d", o.Refunded.Amount, tt.want)
			}
		})
	}
}

func TestCancelGivesBackWhatIsLeft(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		give    []string
		want    int64
		wantErr error
	}{
		{"unpaid", nil, 0, nil},
		{"paid", []string{"capture"}, 3 * price, nil},
		{"a part was refunded", []string{"capture", "refund some"}, 2 * price, nil},
		{"declined", []string{"decline"}, 0, order.ErrNotCancellable},
		{"refunded", []string{"capture", "refund last"}, 0, order.ErrNotCancellable},
		{"cancelled", []string{"capture", "cancel"}, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := machine{order: newOrder()}
			for _, event := range tt.give {
				m.apply(event)
			}
			due, _, err := m.order.Cancel()
			if due.Amount != tt.want || !errors.Is(err, tt.wantErr) {
				t.Errorf("Cancel() = %v, %v, want %d, %v", due, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestALateCaptureForgetsWhyItWasDeclined(t *testing.T) {
	t.Parallel()
	o := newOrder()
	o.Decline("card_declined")
	if o.Payment.Reason != "card_declined" {
		t.Errorf("reason %q", o.Payment.Reason)
	}
	o.Confirm("ref-2", nil)
	if o.Payment.Reason != "" || o.Payment.Reference != "ref-2" {
		t.Errorf("payment = %+v", o.Payment)
	}
	if got := (&order.DeclinedError{Reason: "card_declined"}).Error(); !strings.Contains(got, "card_declined") {
		t.Errorf("Error() = %q", got)
	}
}
