// Package storetest is the conformance suite of app.Store. Every adapter runs
// it over the real thing; what it does not check no adapter need promise.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// Opened is an empty store of a test.
type Opened struct {
	Store app.Store
	// Events returns what was recorded, oldest first.
	Events func(ctx context.Context) ([]event.Event, error)
	// Reopen returns the store after a restart on the same data; nil for a store
	// that lives elsewhere and is not restarted with the process.
	Reopen func(t *testing.T) app.Store
}

// start is when the clock of a test begins.
var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// Run checks the contract of app.Store and app.Tx. open returns an empty store
// that goes by the clock; it is called once for each test, and tests run at the
// same time.
func Run(t *testing.T, open func(t *testing.T, c clock.Clock) Opened) {
	for _, suite := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an update that fails leaves nothing", updateFails},
		{"an update sees what it put", updateSeesItself},
		{"updates at the same time lose nothing", updatesRace},
		{"one of many gets the last place", lastPlace},
		{"an update of a cancelled context does not run", updateCancelled},
		{"facts are recorded in order with the state", facts},
		{"an event is new once for each consumer", firstTime},
		{"performances", performances},
		{"shows", shows},
		{"partitions", partitions},
		{"a seat map that changed", changedSeatMap},
		{"each partition is consistent", partitionsConsistent},
		{"partitions that may have room are found", freePartitions},
		{"partitions of a large house that may have room are found", freeInLargeHouse},
		{"partitions whose holds expired are found", freeAfterExpiry},
		{"quotas are no places", quotas},
		{"what is kept for channels", kept},
		{"holds", holds},
		{"holds that are due", dueHolds},
		{"orders", orders},
		{"orders are listed newest first", orderLists},
		{"orders whose payment is open", openOrders},
		{"refunds", refunds},
		{"captures that were seen", capturesSeen},
		{"tickets", tickets},
		{"tickets of a performance", ticketLists},
		{"the largest order", largestOrder},
		{"buyers", buyers},
		{"the waiting list", waitingList},
		{"cancelled performances", cancelledPerformances},
		{"a restart loses nothing", restart},
	} {
		t.Run(suite.name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(start)
			suite.run(&fixture{T: t, clock: c, opened: open(t, c)})
		})
	}
}

// fixture is one test and its store.
type fixture struct {
	*testing.T
	clock  *clock.Manual
	opened Opened
}

func (f *fixture) store() app.Store { return f.opened.Store }

// update commits what fn does.
func (f *fixture) update(fn func(tx app.Tx) error) {
	f.Helper()
	if err := f.store().Update(f.Context(), fn); err != nil {
		f.Fatal(err)
	}
}

// events returns the types of what was recorded.
func (f *fixture) events() []event.Event {
	f.Helper()
	recorded, err := f.opened.Events(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return recorded
}

// same compares what a store returned with what was put: an absent list and an
// empty one are the same.
func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		f.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// ok stops the test at an error.
func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

// newPerformance is a performance of 70 seats in two partitions, 69 of them at a
// price of their own, and a floor for 300 in five.
func newPerformance(t testing.TB) *performance.Performance {
	t.Helper()
	p := &performance.Performance{
		ID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "olga", Title: "Les Misérables 歌舞伎", StartsAtLocal: "2027-06-01T20:00",
		TimeZone: "Europe/Vienna", StartsAt: start.Add(90 * 24 * time.Hour), SalesOpenAt: start.Add(-time.Hour), Currency: "EUR",
		Categories: []performance.PriceCategory{
			{
				ID: "I", Name: "First", Price: eur(4200), Tiers: []performance.Tier{{ID: "früh", Price: eur(3600), Until: start.Add(time.Hour), Quantity: 69}},
				Concessions: []performance.Concession{{ID: "child", Price: money.Money{Currency: "EUR"}}, {ID: "student", Off: 125_000}},
				SalesOpenAt: start, SalesCloseAt: start.Add(24 * time.Hour),
			},
			{ID: "II", Name: "Floor", Price: eur(0)},
		},
		Pricing: pricing.Rules{
			Fees: []pricing.Fee{
				{ID: "service", Name: "Gebühr", Per: pricing.PerTicket, Amount: eur(150), Refundable: true}, {ID: "card", Name: "Card", Per: pricing.PerOrder, Percent: 15_000},
			},
			Tax: pricing.Tax{Name: "VAT", Percent: 130_000, Included: true}, Rounding: pricing.HalfUp,
		},
		Limits:   performance.Limits{PerOrder: 8, PerCustomer: 16},
		Channels: []performance.Channel{{ID: "box_office", SalesOpenAt: start}, {ID: "sponsor", SalesCloseAt: start.Add(time.Hour)}},
		Presales: []performance.Presale{{
			ID: "members", OpensAt: start, ClosesAt: start.Add(time.Hour), Categories: []string{"I"}, Channel: "sponsor", Uses: 65,
			Codes: []string{performance.CodeDigest("MEMBERS-2027")},
		}},
		SeatMapVersion: 3,
		Allocations: []seatmap.Allocation{
			{ID: "sponsors", Channel: "sponsor", AreaID: "stalls", Rows: []seatmap.Row{{Label: "A", Seats: "1-4"}, {Label: "B", Seats: "30"}}},
			{ID: "door", Channel: "box_office", AreaID: "floor", Quantity: 65},
			{ID: "crew", Channel: "crew", AreaID: "floor", Quantity: 5},
		},
		Released: []string{"crew"},
	}
	err := p.LayOut([]seatmap.Area{
		{ID: "stalls", Name: "Stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "A", Seats: "1-40", AisleAfter: []string{"20"}}, {Label: "B", Seats: "30-1", Wheelchair: []string{"1", "2"}},
		}},
		{ID: "floor", Kind: seatmap.General, PriceCategory: "II", Capacity: 300},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put stores a new performance.
func (f *fixture) put() *performance.Performance {
	f.Helper()
	p := newPerformance(f)
	f.update(func(tx app.Tx) error { return tx.PutPerformance(p) })
	return p
}

func newHold(performanceID id.ID) hold.Hold {
	return hold.Hold{
		ID: id.New(), PerformanceID: performanceID, CustomerID: "anna", Status: hold.Active, Total: eur(9850), PlacedAt: start,
		ExpiresAt: start.Add(hold.Period), Sale: performance.Sale{Channel: "sponsor", PresaleID: "members"}, Version: 1,
		Items: []hold.Item{
			{
				AreaID: "stalls", Seats: []string{"A-1", "B-30"}, Places: []inventory.Place{{Slot: 0}, {Partition: 1, Slot: 0}}, PriceCategory: "I",
				Tier: "früh", Concession: "student", UnitPrice: eur(3600), Refund: eur(3750),
				Uses: []hold.Use{
					{QuotaID: performance.CodeQuota(performance.CodeDigest("MEMBERS-2027")), Places: []inventory.Place{{}, {Slot: 1}}},
					{QuotaID: performance.TierQuota("I", "früh"), Places: []inventory.Place{{Partition: 1, Slot: 4}, {Slot: 63}}},
				},
			},
			{AreaID: "floor", Places: []inventory.Place{{Partition: 4, Slot: 43}}, PriceCategory: "II", UnitPrice: eur(1500), Refund: eur(1500)},
		},
		Extras: pricing.Extras{
			Fees: []pricing.ChargedFee{{ID: "service", Name: "Gebühr", Amount: eur(450)}, {ID: "handling", Name: "Handling", Amount: eur(700)}},
			Tax:  pricing.ChargedTax{Name: "VAT", Percent: 130_000, Included: true, Amount: eur(1133)}, Returnable: eur(500),
		},
	}
}

func newOrder(performanceID id.ID, customerID string) order.Order {
	h := newHold(performanceID)
	return order.Order{
		ID: id.New(), Code: "7KQ2M9XWDR", HoldID: h.ID, PerformanceID: performanceID, ShowID: id.New(), OrganizerID: "olga",
		CustomerID: customerID, Email: "anna@example.com", Language: "de-AT", Status: order.PendingPayment, Items: h.Items,
		Extras: h.Extras, Total: h.Total, Refunded: eur(0),
		Payment:   payment.Payment{Provider: "test", Token: "tok_ok", Status: payment.Requested, RequestedAt: start, CheckAt: start},
		CreatedAt: start, Version: 1,
	}
}

func newTicket(o order.Order) ticket.Ticket {
	return ticket.Ticket{
		ID: id.New(), OrderID: o.ID, PerformanceID: o.PerformanceID, AreaID: "stalls", Seat: "A-1", Place: inventory.Place{Partition: 1, Slot: 63},
		PriceCategory: "I", Tier: "früh", Concession: "student", Price: eur(3600), Refund: eur(3750), Status: ticket.Valid, Holder: ticket.Holder{CustomerID: "anna", Email: "anna@example.com", Language: "de-AT"},
		Issue: 1, Version: 1,
	}
}

func newEntry(performanceID id.ID, category string) waitlist.Entry {
	return waitlist.Entry{
		ID: id.New(), PerformanceID: performanceID, PriceCategory: category, Quantity: 2, CustomerID: "carla", Email: "carla@example.com",
		Language: "it", Status: waitlist.Waiting, CreatedAt: start, Version: 1,
	}
}
