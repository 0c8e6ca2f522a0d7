package storetest

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
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

func holds(f *fixture) {
	if _, err := f.store().Hold(f.Context(), id.New()); !errors.Is(err, hold.ErrNotFound) {
		f.Errorf("Hold() = %v, want ErrNotFound", err)
	}
	h := newHold(id.New())
	put := func(what string) {
		f.Helper()
		f.update(func(tx app.Tx) error { return tx.PutHold(h) })
		got, err := f.store().Hold(f.Context(), h.ID)
		f.ok(err)
		f.same(what, got, h)
	}
	put("placed")
	h.EntryID = id.New() // the waiting list puts a new hold twice
	put("of an entry")
	f.ok(h.Extend(start.Add(time.Minute)))
	put("extended")
	orderID := id.New()
	f.ok(h.Use(orderID, start))
	put("used")
	h.Reopen(orderID)
	put("reopened")
	_, err := h.Release()
	f.ok(err)
	put("released")
	h = newHold(id.New())
	h.Version, h.Status = 7, hold.Expired
	put("new at a later version")
}

func dueHolds(f *fixture) {
	due := func(now time.Time, limit int) []id.ID {
		f.Helper()
		found, err := f.store().DueHolds(f.Context(), now, limit)
		f.ok(err)
		slices.SortFunc(found, byID)
		return found
	}
	var all []id.ID
	for i := range 6 {
		h := newHold(id.New())
		h.ExpiresAt = start.Add(time.Duration(i) * time.Minute)
		f.update(func(tx app.Tx) error { return tx.PutHold(h) })
		all = append(all, h.ID)
	}
	f.same("before", due(start.Add(-time.Millisecond), 10), []id.ID{})
	f.same("the first is due at its expiry", due(start, 10), all[:1])
	f.same("three", due(start.Add(2*time.Minute), 10), all[:3])
	f.same("all", due(start.Add(time.Hour), 10), all)
	f.same("limited", len(due(start.Add(time.Hour), 2)), 2)
	changes := []func(*hold.Hold) error{
		func(h *hold.Hold) error { return h.Extend(start.Add(-time.Minute)) },
		func(h *hold.Hold) error { return h.Use(id.New(), start) },
		func(h *hold.Hold) error { _, err := h.Release(); return err },
		func(h *hold.Hold) error { h.Expire(start.Add(time.Hour)); return nil },
		func(h *hold.Hold) error {
			orderID := id.New()
			err := h.Use(orderID, start)
			h.Await(orderID)
			return err
		},
	}
	for i, change := range changes {
		f.update(func(tx app.Tx) error {
			h, err := tx.Hold(all[i])
			return errors.Join(err, change(&h), tx.PutHold(h))
		})
	}
	f.same("extended, used, released and expired ones are not due, one that awaits its payment is", due(start.Add(8*time.Minute), 10), all[4:])
	f.same("the extended one is due later", due(start.Add(9*time.Minute), 10), []id.ID{all[0], all[4], all[5]})
}

func byID(a, b id.ID) int { return cmp.Compare(a.String(), b.String()) }

func orders(f *fixture) {
	if _, _, err := f.store().Order(f.Context(), id.New()); !errors.Is(err, order.ErrNotFound) {
		f.Errorf("Order() = %v, want ErrNotFound", err)
	}
	if _, err := f.store().TicketsByOrder(f.Context(), id.New()); !errors.Is(err, order.ErrNotFound) {
		f.Errorf("TicketsByOrder() = %v, want ErrNotFound", err)
	}
	o := newOrder(id.New(), "anna")
	var issued []ticket.Ticket
	put := func(what string) {
		f.Helper()
		f.update(func(tx app.Tx) error { return tx.PutOrder(o) })
		got, tickets, err := f.store().Order(f.Context(), o.ID)
		f.ok(err)
		f.same(what, got, o)
		f.same("tickets of "+what, tickets, issued)
		tickets, err = f.store().TicketsByOrder(f.Context(), o.ID)
		f.ok(err)
		f.same("tickets by "+what, tickets, issued)
		f.update(func(tx app.Tx) error {
			got, err := tx.Order(o.ID)
			f.ok(err)
			f.same(what+" in an update", got, o)
			return nil
		})
	}
	put("placed")
	o.Pend("ref_1", "pi_1_secret_2", start.Add(time.Hour))
	put("pending")
	o.Decline("card_declined")
	put("declined")
	for range 3 {
		issued = append(issued, newTicket(o))
	}
	slices.Reverse(issued) // they come back in the order's order, not in that of their ids
	f.update(func(tx app.Tx) error {
		return errors.Join(tx.PutTicket(issued[0]), tx.PutTicket(issued[1]), tx.PutTicket(issued[2]))
	})
	o.Confirm("ref_2", []id.ID{issued[0].ID, issued[1].ID, issued[2].ID})
	put("confirmed")
	_, err := o.Refund(eur(3750), 2, order.FeesKept)
	f.ok(err)
	put("partially refunded")
	_, _, err = o.Cancel(order.FeesKept)
	f.ok(err)
	put("cancelled")
}

// page reads a whole list in pages.
func page[T any](f *fixture, limit int, idOf func(T) id.ID, read func(app.Page) ([]T, error)) []T {
	f.Helper()
	var all []T
	for p := (app.Page{Limit: limit}); ; {
		items, err := read(p)
		f.ok(err)
		if len(items) > limit {
			f.Fatalf("a page of %d, want at most %d", len(items), limit)
		}
		all = append(all, items...)
		if len(items) < limit {
			return all
		}
		p.After = idOf(items[len(items)-1])
	}
}

func orderLists(f *fixture) {
	performanceID := id.New()
	var annas, bens, all []id.ID
	add := func(customerID string, list *[]id.ID) {
		o := newOrder(performanceID, customerID)
		f.update(func(tx app.Tx) error { return tx.PutOrder(o) })
		*list, all = append([]id.ID{o.ID}, *list...), append([]id.ID{o.ID}, all...)
	}
	for i := range 7 {
		if i%3 == 2 {
			add("ben", &bens)
		} else {
			add("anna", &annas)
		}
	}
	other := newOrder(id.New(), "anna")
	f.update(func(tx app.Tx) error { return tx.PutOrder(other) })
	annas = append([]id.ID{other.ID}, annas...)
	ids := func(limit int, read func(app.Page) ([]order.Order, error)) []id.ID {
		f.Helper()
		var found []id.ID
		for _, o := range page(f, limit, func(o order.Order) id.ID { return o.ID }, read) {
			found = append(found, o.ID)
		}
		return found
	}
	byCustomer := func(customerID string) func(app.Page) ([]order.Order, error) {
		return func(p app.Page) ([]order.Order, error) { return f.store().OrdersByCustomer(f.Context(), customerID, p) }
	}
	byPerformance := func(p app.Page) ([]order.Order, error) {
		return f.store().OrdersByPerformance(f.Context(), performanceID, p)
	}
	for _, limit := range []int{1, 2, 3, 100} {
		f.same("of anna", ids(limit, byCustomer("anna")), annas)
		f.same("of ben", ids(limit, byCustomer("ben")), bens)
		f.same("of nobody", ids(limit, byCustomer("nobody")), []id.ID{})
		f.same("of the performance", ids(limit, byPerformance), all)
	}
	// What is added while somebody turns the pages does not move them.
	first, err := byPerformance(app.Page{Limit: 3})
	f.ok(err)
	before := slices.Clone(all)
	add("ben", &bens)
	rest, err := byPerformance(app.Page{After: first[2].ID, Limit: 100})
	f.ok(err)
	var read []id.ID
	for _, o := range append(first, rest...) {
		read = append(read, o.ID)
	}
	f.same("pages around an insert", read, before)
}

func openOrders(f *fixture) {
	open := func(due time.Time, limit int) []id.ID {
		f.Helper()
		return page(f, limit, func(orderID id.ID) id.ID { return orderID }, func(p app.Page) ([]id.ID, error) {
			return f.store().OpenOrders(f.Context(), due, p)
		})
	}
	var all []id.ID
	for i := range 7 {
		o := newOrder(id.New(), "anna")
		o.Payment.CheckAt = start.Add(time.Duration(i) * time.Second)
		f.update(func(tx app.Tx) error { return tx.PutOrder(o) })
		all = append(all, o.ID)
	}
	f.same("before the first", open(start.Add(-time.Millisecond), 10), []id.ID{})
	f.same("three", open(start.Add(2500*time.Millisecond), 10), all[:3])
	f.same("in pages", open(start.Add(time.Hour), 2), all)
	changes := []func(*order.Order){
		func(o *order.Order) { o.Pend("ref", "", start.Add(2*time.Hour)) },
		func(o *order.Order) { o.Decline("card_declined") },
		func(o *order.Order) { o.Confirm("ref", nil) },
		func(o *order.Order) { o.CaptureTooLate("ref") },
		func(o *order.Order) { _, _, _ = o.Cancel(order.FeesKept) },
		func(o *order.Order) { o.Pend("ref", "", start); o.Recheck(start.Add(3 * time.Hour)) },
	}
	for i, change := range changes {
		f.update(func(tx app.Tx) error {
			o, err := tx.Order(all[i])
			change(&o)
			return errors.Join(err, tx.PutOrder(o))
		})
	}
	f.same("a cancelled one is still to be asked for", open(start.Add(time.Hour), 10), []id.ID{all[4], all[6]})
	f.same("a pending one is later", open(start.Add(2*time.Hour), 10), []id.ID{all[0], all[4], all[6]})
	f.same("and one that was asked for again", open(start.Add(3*time.Hour), 10), []id.ID{all[0], all[4], all[5], all[6]})
	f.update(func(tx app.Tx) error {
		o, err := tx.Order(all[4])
		o.Decline("card_declined")
		return errors.Join(err, tx.PutOrder(o))
	})
	f.same("until the provider has answered", open(start.Add(time.Hour), 10), all[6:])
}

func refunds(f *fixture) {
	open := func(due time.Time, limit int) []id.ID {
		f.Helper()
		return page(f, limit, func(refundID id.ID) id.ID { return refundID }, func(p app.Page) ([]id.ID, error) {
			return f.store().OpenRefunds(f.Context(), due, p)
		})
	}
	get := func(refundID id.ID) (r order.Refund, notFound error) {
		f.Helper()
		f.update(func(tx app.Tx) error {
			r, notFound = tx.Refund(refundID)
			return nil
		})
		return r, notFound
	}
	if _, err := get(id.New()); !errors.Is(err, order.ErrNotFound) {
		f.Errorf("Refund() = %v, want ErrNotFound", err)
	}
	o := newOrder(id.New(), "anna")
	o.Payment.Reference = "pi_1"
	var all []order.Refund
	put := func(what string, r order.Refund) {
		f.Helper()
		f.update(func(tx app.Tx) error { return tx.PutRefund(r) })
		got, err := get(r.ID)
		f.ok(err)
		f.same(what, got, r)
	}
	for i := range 3 {
		r := order.NewRefund(id.New(), o, eur(int64(i)*4200), eur(4200), "Übelkeit", start.Add(time.Duration(i)*time.Second))
		for range i {
			r.TicketIDs = append(r.TicketIDs, id.New())
		}
		r.Surplus = i == 2
		put("refund", r)
		all = append(all, r)
	}
	f.same("before the first", open(start.Add(-time.Millisecond), 10), []id.ID{})
	f.same("two", open(start.Add(1500*time.Millisecond), 10), []id.ID{all[0].ID, all[1].ID})
	f.same("in pages", open(start.Add(time.Hour), 2), []id.ID{all[0].ID, all[1].ID, all[2].ID})
	all[0].Answer(1, payment.RefundResult{Status: payment.RefundDone, Reference: "re_1"}, start)
	put("done", all[0])
	all[1].Answer(1, payment.RefundResult{Status: payment.RefundFailed, Reference: "re_2", Reason: "lost_card"}, start)
	put("failed and tried again", all[1])
	f.same("due", open(start.Add(time.Minute), 10), []id.ID{all[2].ID})
	all[2].Answer(1, payment.RefundResult{Status: payment.RefundPending, Reference: "re_3"}, start)
	put("accepted", all[2])
	f.same("due later", open(start.Add(24*time.Hour), 10), []id.ID{all[1].ID, all[2].ID})
	of, err := f.store().RefundsByOrder(f.Context(), o.ID)
	f.ok(err)
	f.same("of the order", of, all)
	none, err := f.store().RefundsByOrder(f.Context(), id.New())
	f.ok(err)
	f.same("of another", none, []order.Refund{})
}

func capturesSeen(f *fixture) {
	seen := func(provider string) time.Time {
		f.Helper()
		until, err := f.store().CapturesSeen(f.Context(), provider)
		f.ok(err)
		return until
	}
	f.same("never", seen("test"), time.Time{})
	for i := range 2 {
		until := start.Add(time.Duration(i) * time.Minute)
		f.ok(f.store().SetCapturesSeen(f.Context(), "test", until))
		f.same("until", seen("test"), until)
	}
	f.same("of another provider", seen("stripe"), time.Time{})
}

func tickets(f *fixture) {
	if _, err := f.store().Ticket(f.Context(), id.New()); !errors.Is(err, ticket.ErrNotFound) {
		f.Errorf("Ticket() = %v, want ErrNotFound", err)
	}
	k := newTicket(newOrder(id.New(), "anna"))
	put := func(what string) {
		f.Helper()
		f.update(func(tx app.Tx) error { return tx.PutTicket(k) })
		got, err := f.store().Ticket(f.Context(), k.ID)
		f.ok(err)
		f.same(what, got, k)
	}
	put("issued")
	f.ok(k.Transfer(ticket.Holder{Email: "Ben@example.com", Language: "en"}))
	put("transferred")
	_, err := k.Admit(2, ticket.Admission{At: start.Add(time.Millisecond), Gate: "門", ScanID: "s1"})
	f.ok(err)
	put("admitted")
	k.ForceVoid()
	put("void")
	k = newTicket(newOrder(id.New(), "ben"))
	k.Seat, k.AreaID, k.Tier, k.Concession, k.Price, k.Refund = "", "floor", "", "", eur(0), eur(0)
	put("without a seat")
}

func ticketLists(f *fixture) {
	o := newOrder(id.New(), "anna")
	var want []id.ID
	for i := range 7 {
		k := newTicket(o)
		k.Seat = fmt.Sprintf("A-%d", i)
		f.update(func(tx app.Tx) error { return tx.PutTicket(k) })
		want = append(want, k.ID)
	}
	f.update(func(tx app.Tx) error { return tx.PutTicket(newTicket(newOrder(id.New(), "anna"))) })
	slices.SortFunc(want, byID)
	for _, limit := range []int{1, 3, 7, 100} {
		var got []id.ID
		for _, k := range page(f, limit, func(k ticket.Ticket) id.ID { return k.ID }, func(p app.Page) ([]ticket.Ticket, error) {
			return f.store().TicketsByPerformance(f.Context(), o.PerformanceID, p)
		}) {
			got = append(got, k.ID)
		}
		slices.SortFunc(got, byID)
		f.same(fmt.Sprintf("in pages of %d", limit), got, want)
	}
}

// largestOrder commits in one update all that the largest order changes, its
// places spread as far as they may be.
func largestOrder(f *fixture) {
	p := newPerformance(f)
	p.Allocations = nil
	f.ok(p.LayOut([]seatmap.Area{{ID: "floor", Kind: seatmap.General, PriceCategory: "II", Capacity: hold.MaxPartitions * inventory.MaxPlaces}}))
	f.update(func(tx app.Tx) error { return tx.PutPerformance(p) })
	area := p.Layout.Area("floor")
	h, o := newHold(p.ID), newOrder(p.ID, "anna")
	item := hold.Item{AreaID: "floor", PriceCategory: "II", UnitPrice: eur(1500), Refund: eur(1500)}
	var ids []id.ID
	var issued []ticket.Ticket
	for n := range buyer.MostPerOrder {
		place := inventory.Place{Partition: n % area.Partitions(), Slot: n / area.Partitions()}
		item.Places = append(item.Places, place)
		k := newTicket(o)
		k.ID, k.AreaID, k.Seat, k.Place = ticket.NewID(o.ID, n), "floor", "", place
		issued, ids = append(issued, k), append(ids, k.ID)
	}
	h.Items, o.Items = []hold.Item{item}, []hold.Item{item}
	o.Confirm("ref", ids)
	entry, refund := newEntry(p.ID, "II"), order.NewRefund(id.New(), o, eur(0), eur(1500), "late", start)
	f.update(func(tx app.Tx) error {
		for number, slots := range item.Claims() {
			partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: "floor", Number: number})
			f.ok(err)
			f.ok(partition.Sell(h.ID, slots, start))
			if err := tx.PutPartition(area, partition); err != nil {
				return err
			}
		}
		fact := order.ConfirmedFact{Order: o}
		for _, k := range issued {
			if err := tx.PutTicket(k); err != nil {
				return err
			}
			fact.Tickets = append(fact.Tickets, order.IssuedTicket{Ticket: k, Code: longCode()})
		}
		return errors.Join(tx.PutHold(h), tx.PutOrder(o), tx.PutBuyer(buyer.Buyer{PerformanceID: p.ID, CustomerID: "anna", Owned: len(ids), Version: 1}),
			tx.PutEntry(entry), tx.PutRefund(refund), tx.Record(fact))
	})
	got, found, err := f.store().Order(f.Context(), o.ID)
	f.ok(err)
	f.same("order", got, o)
	f.same("tickets", found, issued)
	told := f.events()
	f.same("events", len(told), 1)
	const most = 256 << 10 // of an entry on EventBridge
	if size := len(told[0].Data) + 1024; size > most {
		f.Errorf("the order's event has %d bytes, more than the %d that a bus takes", size, most)
	}
	// And all of them void in one update.
	f.update(func(tx app.Tx) error {
		for _, k := range issued {
			k.ForceVoid()
			if err := errors.Join(tx.PutTicket(k), tx.Record(ticket.VoidedFact{Ticket: k, Reason: ticket.ReasonPerformanceCancelled})); err != nil {
				return err
			}
		}
		return nil
	})
	f.same("events", len(f.events()), 1+buyer.MostPerOrder)
}

// longCode is as long as a signed code and as hard to pack.
func longCode() string {
	var b strings.Builder
	for b.Len() < 220 {
		v := id.New()
		b.WriteString(base64.RawURLEncoding.EncodeToString(v[8:]))
	}
	return b.String()
}

func buyers(f *fixture) {
	performanceID := id.New()
	get := func(customerID string) (b buyer.Buyer) {
		f.Helper()
		f.update(func(tx app.Tx) (err error) {
			b, err = tx.Buyer(performanceID, customerID)
			return err
		})
		return b
	}
	f.same("one who never bought", get("anna"), buyer.Buyer{PerformanceID: performanceID, CustomerID: "anna"})
	b := get("anna")
	for i := range 3 {
		f.ok(b.Claim(buyer.Claim{HoldID: id.New(), Quantity: i + 1, Until: start.Add(time.Duration(i+1) * time.Minute)}, performance.Limits{}, start))
		f.update(func(tx app.Tx) error { return tx.PutBuyer(b) })
		f.same("claimed", get("anna"), b)
	}
	f.ok(b.Own(b.Claims[0].HoldID, 1, performance.Limits{}, start))
	f.update(func(tx app.Tx) error { return tx.PutBuyer(b) })
	f.same("owned", get("anna"), b)
	f.same("somebody else", get("ben"), buyer.Buyer{PerformanceID: performanceID, CustomerID: "ben"})
}

func waitingList(f *fixture) {
	if _, err := f.store().Entry(f.Context(), id.New()); !errors.Is(err, waitlist.ErrNotFound) {
		f.Errorf("Entry() = %v, want ErrNotFound", err)
	}
	performanceID := id.New()
	var entries []waitlist.Entry
	for range 3 {
		entries = append(entries, newEntry(performanceID, "I"))
	}
	other := newEntry(performanceID, "II")
	elsewhere := newEntry(id.New(), "I")
	for _, e := range append(slices.Clone(entries), other, elsewhere) {
		f.update(func(tx app.Tx) error { return tx.PutEntry(e) })
		got, err := f.store().Entry(f.Context(), e.ID)
		f.ok(err)
		f.same("entry", got, e)
	}
	first := func(after id.ID) (e waitlist.Entry, notFound error) {
		f.Helper()
		f.update(func(tx app.Tx) error {
			e, notFound = tx.FirstWaiting(performanceID, "I", after)
			return nil
		})
		return e, notFound
	}
	after := id.Nil
	for i, want := range entries {
		got, err := first(after)
		f.ok(err)
		f.same(fmt.Sprintf("waiting %d", i), got, want)
		after = got.ID
	}
	if got, err := first(after); !errors.Is(err, waitlist.ErrNotFound) {
		f.Errorf("after the last: %+v, %v, want ErrNotFound", got, err)
	}
	waiting := func() map[app.WaitingFor]int {
		f.Helper()
		found, err := f.store().Waiting(f.Context())
		f.ok(err)
		counted := map[app.WaitingFor]int{}
		for _, w := range found {
			counted[w]++
		}
		return counted
	}
	f.same("waited for", waiting(), map[app.WaitingFor]int{
		{PerformanceID: performanceID, PriceCategory: "I"}: 1, {PerformanceID: performanceID, PriceCategory: "II"}: 1,
		{PerformanceID: elsewhere.PerformanceID, PriceCategory: "I"}: 1,
	})
	entries[0].Offer(id.New(), start.Add(time.Hour))
	entries[1].Leave()
	other.Leave()
	f.update(func(tx app.Tx) error {
		return errors.Join(tx.PutEntry(entries[0]), tx.PutEntry(entries[1]), tx.PutEntry(other))
	})
	got, err := f.store().Entry(f.Context(), entries[0].ID)
	f.ok(err)
	f.same("offered", got, entries[0])
	next, err := first(id.Nil)
	f.ok(err)
	f.same("the first who still waits", next, entries[2])
	f.same("still waited for", waiting(), map[app.WaitingFor]int{
		{PerformanceID: performanceID, PriceCategory: "I"}: 1, {PerformanceID: elsewhere.PerformanceID, PriceCategory: "I"}: 1,
	})
}

func cancelledPerformances(f *fixture) {
	pending := func() []id.ID {
		f.Helper()
		found, err := f.store().CancelledPerformances(f.Context())
		f.ok(err)
		slices.SortFunc(found, byID)
		return found
	}
	first, second := f.put(), f.put()
	f.same("none", pending(), []id.ID{})
	for _, p := range []*performance.Performance{first, second} {
		cancelled := *p
		cancelled.Version, cancelled.Cancelled = 2, true
		f.update(func(tx app.Tx) error { return tx.PutPerformance(&cancelled) })
	}
	f.same("both", pending(), []id.ID{first.ID, second.ID})
	for range 2 { // it may be repeated
		f.ok(f.store().CancellationDone(f.Context(), first.ID))
		f.same("one is done", pending(), []id.ID{second.ID})
	}
	f.ok(f.store().CancellationDone(f.Context(), id.New()))
}

func restart(f *fixture) {
	if f.opened.Reopen == nil {
		return
	}
	p := f.put()
	h, o, e := newHold(p.ID), newOrder(p.ID, "anna"), newEntry(p.ID, "I")
	k := newTicket(o)
	o.Confirm("ref", []id.ID{k.ID})
	eventID := id.New()
	f.update(func(tx app.Tx) error {
		_, err := tx.FirstTime("consumer", eventID)
		return errors.Join(err, tx.PutHold(h), tx.PutOrder(o), tx.PutTicket(k), tx.PutEntry(e), tx.Record(hold.PlacedFact{Hold: h}),
			tx.PutBuyer(buyer.Buyer{PerformanceID: p.ID, CustomerID: "anna", Owned: 1, Version: 1}))
	})
	partition := f.touch(p, "floor", 0, func(partition *inventory.Partition) {
		f.ok(partition.Take(h.ID, 0b101, start, h.ExpiresAt))
	})
	f.opened.Store = f.opened.Reopen(f.T)
	f.update(func(tx app.Tx) error {
		gotPerformance, errPerformance := tx.Performance(p.ID)
		gotHold, errHold := tx.Hold(h.ID)
		gotEntry, errEntry := tx.Entry(e.ID)
		gotPartition, errPartition := tx.Partition(partition.Key)
		gotBuyer, errBuyer := tx.Buyer(p.ID, "anna")
		first, errFirst := tx.FirstTime("consumer", eventID)
		f.ok(errors.Join(errPerformance, errHold, errEntry, errPartition, errBuyer, errFirst))
		f.same("performance", plain(gotPerformance), plain(p))
		f.same("hold", gotHold, h)
		f.same("entry", gotEntry, e)
		f.same("partition", gotPartition, partition)
		f.same("owned", gotBuyer.Owned, 1)
		f.same("new event", first, false)
		return nil
	})
	gotOrder, gotTickets, err := f.store().Order(f.Context(), o.ID)
	f.ok(err)
	f.same("order", gotOrder, o)
	f.same("tickets", gotTickets, []ticket.Ticket{k})
	f.same("events", len(f.events()), 1)
}
