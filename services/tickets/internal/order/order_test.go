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

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/pricing"
)

const (
	price    = 4200 // what is given back for a ticket
	handling = 300  // and with the last
	fees     = 250  // what is kept
	total    = 3*price + handling + fees
)

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

// state is an order's state as docs/orders.md names it.
func state(o order.Order) string { return string(o.Status) + "/" + string(o.Payment.Status) }

// newOrder returns an order of three tickets that waits for its provider.
func newOrder() order.Order {
	return order.Order{
		ID: id.New(), HoldID: id.New(), Status: order.PendingPayment, Total: eur(total), Refunded: eur(0),
		Items: []hold.Item{
			{Places: make([]inventory.Place, 2), UnitPrice: eur(price - 150), Refund: eur(price)}, {Places: make([]inventory.Place, 1), UnitPrice: eur(price), Refund: eur(price)},
		},
		Extras:  pricing.Extras{Returnable: eur(handling)},
		Payment: payment.Payment{Provider: "test", Token: "tok_ok", Status: payment.Requested}, Version: 1,
		CreatedAt: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

// machine drives an order and counts what a store would know beside it.
type machine struct {
	order order.Order
	left  int         // tickets that are not void
	terms order.Terms // of the next event
	kept  int64       // of an order that has none left
}

// ends says that no ticket is left, and what is kept then.
func (m *machine) ends(kept int64) {
	m.left, m.kept = 0, kept
	if m.terms == order.InFull {
		m.kept = 0
	}
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
		if !m.order.CaptureTooLate("ref") {
			return false
		}
		m.ends(0)
		return true
	case "decline":
		return m.order.Decline("card_declined")
	case "refund some":
		left := max(1, m.left-1) // from one ticket the last cannot go here
		amount := eur(int64(m.left-left) * price)
		if due, err := m.order.Refund(amount, left, m.terms); err != nil || due != amount {
			return false
		}
		m.left = left
		return true
	case "refund last":
		if _, err := m.order.Refund(eur(int64(m.left)*price), 0, m.terms); err != nil {
			return false
		}
		m.ends(fees)
		return true
	case "cancel":
		_, changed, err := m.order.Cancel(m.terms)
		if err == nil && changed {
			m.ends(fees)
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
			m.terms = rapid.SampledFrom([]order.Terms{order.FeesKept, order.InFull}).Draw(t, "terms")
			changed := m.apply(event)
			if next, documented := to[edge{model, event}]; documented {
				model = next
			}
			if state(m.order) != model || changed != (m.order.Version == version+1) || !changed && m.order.Version != version {
				t.Fatalf("%s led to %s, version %d to %d, want %s", event, state(m.order), version, m.order.Version, model)
			}
			captured, want := int64(0), int64(0)
			if m.order.Payment.Status == payment.Captured {
				captured = m.order.Total.Amount
				if want = m.kept; m.left > 0 {
					want = int64(m.left)*price + handling + fees
				}
			}
			if kept := captured - m.order.Refunded.Amount; kept != want {
				t.Fatalf("after %s the order keeps %d for %d tickets, want %d", event, kept, m.left, want)
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
		terms  order.Terms
		give   []money.Money
		wantOK []bool
		want   int64
	}{
		{"all but the fees that are kept", order.FeesKept, []money.Money{eur(total - fees)}, []bool{true}, total - fees},
		{"one more", order.FeesKept, []money.Money{eur(total - fees + 1)}, []bool{false}, 0},
		{"all that was paid", order.InFull, []money.Money{eur(total)}, []bool{true}, total},
		{"one more than was paid", order.InFull, []money.Money{eur(total + 1)}, []bool{false}, 0},
		{"more in the end", order.FeesKept, []money.Money{eur(2 * price), eur(2 * price), eur(price)}, []bool{true, false, true}, 3 * price},
		{"another currency", order.FeesKept, []money.Money{{Amount: 1, Currency: "JPY"}}, []bool{false}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOrder()
			o.Confirm("ref", []id.ID{id.New()})
			for i, amount := range tt.give {
				_, err := o.Refund(amount, 1, tt.terms)
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
		terms   order.Terms
		want    int64
		wantErr error
	}{
		{"unpaid", nil, order.InFull, 0, nil},
		{"paid", []string{"capture"}, order.FeesKept, 3*price + handling, nil},
		{"paid, in full", []string{"capture"}, order.InFull, total, nil},
		{"a part was refunded", []string{"capture", "refund some"}, order.FeesKept, 2*price + handling, nil},
		{"a part was refunded, the rest in full", []string{"capture", "refund some"}, order.InFull, total - price, nil},
		{"declined", []string{"decline"}, order.InFull, 0, order.ErrNotCancellable},
		{"refunded", []string{"capture", "refund last"}, order.InFull, 0, order.ErrNotCancellable},
		{"cancelled", []string{"capture", "cancel"}, order.InFull, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := machine{order: newOrder()}
			for _, event := range tt.give {
				m.apply(event)
			}
			due, _, err := m.order.Cancel(tt.terms)
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
