package tickets_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// errCrash is what a use case meets when the process dies under it.
var errCrash = errors.New("the process died")

// mortal is a store whose process dies before or after its n-th update. From
// then on nothing gets through until it is alive again.
type mortal struct {
	app.Store
	updates int  // until death; 0: it lives
	after   bool // the last update is committed, and nobody hears of it
	dead    bool
}

func (m *mortal) Update(ctx context.Context, fn func(app.Tx) error) error {
	if m.dead {
		return errCrash
	}
	if m.updates > 0 {
		if m.updates--; m.updates == 0 {
			m.dead = true
			if m.after {
				_ = m.Store.Update(ctx, fn)
			}
			return errCrash
		}
	}
	return m.Store.Update(ctx, fn)
}

// world is everything that can be read of the service.
type world struct {
	orders  map[id.ID]order.Order
	tickets map[id.ID]ticket.Ticket
	holds   map[id.ID]hold.Hold
	entries map[id.ID]waitlist.Entry
	refunds map[id.ID]order.Refund
	seats   map[inventory.Key]inventory.Partition
	buyers  map[string]buyer.Buyer
}

// model drives the service and checks it from outside.
type model struct {
	*rapid.T
	ctx      context.Context
	db       *sqlite.DB
	store    *mortal
	bank     *bank
	clock    *clock.Manual
	selling  *app.Selling
	codes    *jose.Codes
	show     *performance.Performance
	holdIDs  []id.ID
	orderIDs []id.ID
	requests map[id.ID]app.OrderRequest
	owners   map[id.ID]string // of holds and orders
	entryIDs []id.ID
	refunds  map[id.ID]bool
	inFull   map[id.ID]bool // of orders without tickets: whether all of the money goes back
	notices  []payment.Notice
	scans    int
	released bool // the friends' seat was everybody's at some time
	pending  *change
	amid     bool // what was read before is stale: a step is under way
	before   world
	events   *contracttest.Events
}

var customers = []string{"anna", "ben", "carla"}

func customer(name string) app.Caller {
	return app.Caller{CustomerID: name, Email: name + "@example.com"}
}

var (
	organizer  = app.Caller{CustomerID: "olga", Groups: []string{"organizer"}}
	gatekeeper = app.Caller{CustomerID: "greta", Groups: []string{"gate"}}
)

// What places and fees cost. Everything is whole with the 10 % that the fee of
// each ticket is and the 20 % of tax on top.
const (
	serviceFee  = 150 // for each ticket, refundable
	handlingFee = 300 // for each order, refundable
	cardFee     = 100 // for each order, kept
)

var (
	fullPrices = map[string]int64{"I": 4200, "I early": 3600, "II": 1500, "II first": 1000}
	earlyUntil = start.Add(15 * time.Minute)
	firstUntil = start.Add(90 * time.Minute)
)

// firstPlaces is how many places of category II are sold at the price of its
// first tier.
const firstPlaces = 2

// friendsCode is good for so many places, and for the seat A-4, which is allocated
// to the friends' channel.
const (
	friendsCode = "FRIENDS-2027"
	friendsUses = 3
)

var friendsSeat = []seatmap.Allocation{{ID: "box", Channel: "friends", AreaID: "stalls", Rows: []seatmap.Row{{Label: "A", Seats: "4"}}}}

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

func share(price int64) int64 { return price / 10 }

func taxed(net int64) int64 { return net + net/5 }

func newModel(t *rapid.T, dir string) *model {
	m := &model{
		T: t, ctx: t.Context(), clock: clock.NewManual(start), requests: map[id.ID]app.OrderRequest{},
		owners: map[id.ID]string{}, refunds: map[id.ID]bool{}, inFull: map[id.ID]bool{}, events: contracttest.Published(t, "tickets"),
	}
	m.bank = newBank(m.clock)
	db, err := sqlite.Open(m.ctx, sqlite.Config{Path: filepath.Join(dir, "tickets.db"), Migrations: store.Migrations(), Clock: m.clock, Readers: 1})
	m.ok(err)
	m.db = db
	opened, err := store.New(m.ctx, db, m.clock)
	m.ok(err)
	m.store = &mortal{Store: opened}
	m.codes, err = jose.New([32]byte{1})
	m.ok(err)
	m.bank.unwanted = func(orderID id.ID) bool {
		o, _, err := opened.Order(m.ctx, orderID)
		return err == nil && o.Status == order.Cancelled
	}
	payments := app.Payments{Providers: map[string]app.Provider{"bank": m.bank}, Offered: []string{"bank"}, Patience: time.Hour}
	m.selling = app.New(m.store, m.codes, payments, m.clock, slog.New(slog.DiscardHandler))
	m.ok(m.selling.ReconcileCaptures(m.ctx))
	m.show = &performance.Performance{
		ID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "olga", Title: "x", StartsAt: start.Add(24 * time.Hour), Currency: "EUR",
		Categories: []performance.PriceCategory{
			{
				ID: "I", Price: eur(fullPrices["I"]), Tiers: []performance.Tier{{ID: "early", Price: eur(fullPrices["I early"]), Until: earlyUntil}},
				Concessions: []performance.Concession{{ID: "student", Off: 500_000}},
			},
			{
				ID: "II", Price: eur(fullPrices["II"]), Concessions: []performance.Concession{{ID: "child", Price: eur(0)}},
				Tiers:        []performance.Tier{{ID: "first", Price: eur(fullPrices["II first"]), Until: firstUntil, Quantity: firstPlaces}},
				SalesCloseAt: start.Add(3 * time.Hour),
			},
		},
		Pricing: pricing.Rules{
			Fees: []pricing.Fee{
				{ID: "service", Per: pricing.PerTicket, Name: "Service", Amount: eur(serviceFee), Refundable: true},
				{ID: "share", Per: pricing.PerTicket, Name: "Share", Percent: 100_000},
				{ID: "handling", Per: pricing.PerOrder, Name: "Handling", Amount: eur(handlingFee), Refundable: true},
				{ID: "card", Per: pricing.PerOrder, Name: "Card", Amount: eur(cardFee)},
			},
			Tax: pricing.Tax{Name: "VAT", Percent: 200_000},
		},
		Limits: performance.Limits{PerOrder: 4},
		Presales: []performance.Presale{{
			ID: "friends", OpensAt: start, Channel: "friends", Uses: friendsUses, Codes: []string{performance.CodeDigest(friendsCode)},
		}},
		Allocations: friendsSeat,
	}
	m.ok(m.show.LayOut([]seatmap.Area{
		{ID: "stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{{Label: "A", Seats: "1-4"}, {Label: "B", Seats: "1-2"}}},
		{ID: "floor", Kind: seatmap.General, PriceCategory: "II", Capacity: 3},
	}))
	m.ok(m.selling.UpdatePerformance(m.ctx, "model", id.New(), m.show))
	m.before = m.read()
	m.told()
	return m
}

func (m *model) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// expected are the refusals that a client may meet.
var expected = []error{
	errCrash, performance.ErrSalesClosed, hold.ErrNotFound, hold.ErrExpired, hold.ErrUsed, order.ErrNotCancellable, order.ErrNotRefundable,
	order.ErrAlreadyRefunded, ticket.ErrVoid, ticket.ErrAdmitted, app.ErrSoldOut, app.ErrPresaleCodeExhausted, buyer.ErrLimitExceeded, waitlist.ErrNotSoldOut,
}

// refusal fails at an error that no client should meet.
func (m *model) refusal(err error) error {
	m.Helper()
	var (
		unavailable *app.SeatsUnavailableError
		declined    *order.DeclinedError
		twice       *ticket.AlreadyAdmittedError
	)
	if err == nil || errors.As(err, &unavailable) || errors.As(err, &declined) || errors.As(err, &twice) ||
		slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
		return err
	}
	m.Fatalf("an error that nobody should meet: %v", err)
	return err
}

// read reads everything.
func (m *model) read() world {
	m.Helper()
	w := world{
		orders: map[id.ID]order.Order{}, tickets: map[id.ID]ticket.Ticket{}, holds: map[id.ID]hold.Hold{}, entries: map[id.ID]waitlist.Entry{},
		refunds: map[id.ID]order.Refund{}, seats: map[inventory.Key]inventory.Partition{}, buyers: map[string]buyer.Buyer{},
	}
	alive := m.store.Store
	orders, err := alive.OrdersByPerformance(m.ctx, m.show.ID, app.Page{Limit: 1000})
	m.ok(err)
	for _, o := range orders {
		w.orders[o.ID] = o
	}
	tickets, err := alive.TicketsByPerformance(m.ctx, m.show.ID, app.Page{Limit: 1000})
	m.ok(err)
	for _, k := range tickets {
		w.tickets[k.ID] = k
	}
	partitions, err := alive.Partitions(m.ctx, m.show.ID)
	m.ok(err)
	for _, p := range partitions {
		w.seats[p.Key] = p
	}
	open, err := alive.OpenRefunds(m.ctx, m.clock.Now().Add(24*time.Hour), app.Page{Limit: 1000})
	m.ok(err)
	for _, refundID := range open {
		m.refunds[refundID] = true
	}
	for _, made := range m.bank.refunds {
		m.refunds[made.request.RefundID] = true
	}
	m.ok(alive.Update(m.ctx, func(tx app.Tx) error {
		for _, name := range customers {
			b, err := tx.Buyer(m.show.ID, name)
			if err != nil {
				return err
			}
			w.buyers[name] = b
		}
		for _, quota := range m.show.Layout.Quotas() {
			for number := range quota.Partitions() {
				p, err := tx.Partition(inventory.Key{PerformanceID: m.show.ID, AreaID: quota.ID, Number: number})
				if err != nil {
					return err
				}
				w.seats[p.Key] = p
			}
		}
		for _, holdID := range m.holdIDs {
			switch h, err := tx.Hold(holdID); {
			case err == nil:
				w.holds[holdID] = h
			case !errors.Is(err, hold.ErrNotFound):
				return err
			}
		}
		for _, entryID := range m.entryIDs {
			switch e, err := tx.Entry(entryID); {
			case err == nil:
				w.entries[entryID] = e
				if e.HoldID != id.Nil && !slices.Contains(m.holdIDs, e.HoldID) {
					m.holdIDs = append(m.holdIDs, e.HoldID)
					m.owners[e.HoldID] = e.CustomerID
					if w.holds[e.HoldID], err = tx.Hold(e.HoldID); err != nil {
						return err
					}
				}
			case !errors.Is(err, waitlist.ErrNotFound):
				return err
			}
		}
		for refundID := range m.refunds {
			switch r, err := tx.Refund(refundID); {
			case err == nil:
				w.refunds[refundID] = r
			case !errors.Is(err, order.ErrNotFound):
				return err
			}
		}
		return nil
	}))
	return w
}

// told takes what was published since it was last called, as "type subject".
func (m *model) told() []string {
	m.Helper()
	records, err := m.db.Outbox().Pending(m.ctx, 1000)
	m.ok(err)
	m.ok(m.db.Outbox().Done(m.ctx, records))
	var told []string
	for _, record := range records {
		m.events.Check(m.T, record.Encoded)
		told = append(told, strings.TrimPrefix(record.Event.Type, "ticketmesh.tickets.")+" "+record.Event.Subject)
	}
	slices.Sort(told)
	return told
}

// transitions lists what has to be told about the way from one world to another.
func transitions(from, to world) []string {
	var want []string
	say := func(eventType string, subject id.ID) {
		want = append(want, strings.TrimPrefix(eventType, "ticketmesh.tickets.")+" "+subject.String())
	}
	for holdID, h := range to.holds {
		before, known := from.holds[holdID]
		if !known {
			say(ticketsevents.TypeHoldPlaced, holdID)
		}
		if h.Status != before.Status && (h.Status == hold.Released || h.Status == hold.Expired) {
			say(ticketsevents.TypeHoldReleased, holdID)
		}
	}
	for orderID, o := range to.orders {
		before, known := from.orders[orderID]
		if !known {
			say(ticketsevents.TypeOrderPlaced, orderID)
		}
		if o.Status == before.Status {
			continue
		}
		switch o.Status {
		case order.Confirmed:
			say(ticketsevents.TypeOrderConfirmed, orderID)
		case order.Declined:
			say(ticketsevents.TypeOrderDeclined, orderID)
		case order.Cancelled:
			say(ticketsevents.TypeOrderCancelled, orderID)
		}
	}
	for ticketID, k := range to.tickets {
		before, known := from.tickets[ticketID]
		if !known {
			before.Status, before.Issue = ticket.Valid, 1
		}
		if k.Issue != before.Issue {
			say(ticketsevents.TypeTicketTransferred, ticketID)
		}
		if k.Status != before.Status && k.Status == ticket.Void {
			say(ticketsevents.TypeTicketVoided, ticketID)
		}
		if k.Status != before.Status && k.Status == ticket.Admitted {
			say(ticketsevents.TypeTicketAdmitted, ticketID)
		}
	}
	for entryID, e := range to.entries {
		if e.HoldID != from.entries[entryID].HoldID {
			say(ticketsevents.TypeWaitlistOffered, entryID)
		}
	}
	for refundID, r := range to.refunds {
		if r.Status == payment.RefundDone && !r.Surplus && from.refunds[refundID].Status != payment.RefundDone {
			say(ticketsevents.TypeOrderRefunded, r.OrderID)
		}
	}
	slices.Sort(want)
	return want
}

// check looks at everything after a step.
func (m *model) check() {
	m.Helper()
	w := m.read()
	if got, want := m.told(), transitions(m.before, w); !slices.Equal(got, want) {
		m.Fatalf("told %q, want %q", got, want)
	}
	m.before = w
	now := m.clock.Now()
	first, friends, owned := 0, 0, map[string]int{}
	sold := map[inventory.Key]inventory.Slots{}
	for _, k := range w.tickets {
		if k.Status == ticket.Void {
			continue
		}
		key := inventory.Key{PerformanceID: m.show.ID, AreaID: k.AreaID, Number: k.Place.Partition}
		bit := inventory.Slots(1) << k.Place.Slot
		if sold[key]&bit != 0 {
			m.Fatalf("place %d of %s has two tickets", k.Place.Slot, k.AreaID)
		}
		sold[key] |= bit
		bought := w.orders[k.OrderID]
		owned[bought.CustomerID]++
		for _, use := range bought.Uses(k.ID) {
			m.count(sold, use)
		}
		if k.Tier == "first" {
			first++
		}
		by := w.holds[bought.HoldID].Sale.PresaleID
		if by == "friends" {
			friends++
		}
		if k.Seat == "A-4" && by == "" && !m.released {
			m.Fatal("somebody else has the seat of the friends")
		}
	}
	held := map[inventory.Key]inventory.Slots{}
	for _, h := range w.holds {
		o := w.orders[h.OrderID]
		if !h.ExpiresAt.After(now) || h.Status != hold.Active && h.Status != hold.Awaiting && (h.Status != hold.Used || o.Status != order.PendingPayment) {
			continue
		}
		for _, item := range h.Items {
			for number, slots := range item.Claims() {
				held[inventory.Key{PerformanceID: m.show.ID, AreaID: item.AreaID, Number: number}] |= slots
			}
			for _, use := range item.Uses {
				m.count(held, use)
			}
		}
	}
	key := inventory.Key{PerformanceID: m.show.ID, AreaID: performance.TierQuota("II", "first")}
	if got := sold[key].Count(); got != first || got > firstPlaces {
		m.Fatalf("%d of %d places at the first price are sold, tickets for %d", got, firstPlaces, first)
	}
	key.AreaID = performance.CodeQuota(performance.CodeDigest(friendsCode))
	if got := sold[key].Count(); got != friends || got+(held[key]&^sold[key]).Count() > friendsUses {
		m.Fatalf("%d of %d uses of the code are sold, tickets for %d, and held %b", got, friendsUses, friends, held[key])
	}
	for _, area := range slices.Concat(m.show.Layout.Areas(), m.show.Layout.Quotas()) {
		for number := range area.Partitions() {
			key := inventory.Key{PerformanceID: m.show.ID, AreaID: area.ID, Number: number}
			p := w.seats[key]
			if total := p.Sold.Count() + p.Held(now).Count() + p.Free(now).Count() + p.Closed.Count(); total != p.Capacity {
				m.Fatalf("%s has %d places, want %d", area.ID, total, p.Capacity)
			}
			if p.Sold != sold[key] {
				m.Fatalf("%s: sold %b, tickets for %b", area.ID, p.Sold, sold[key])
			}
			// Two orders may have been made of one hold; the places are theirs who paid first.
			if m.heldBy(p, w.holds) != held[key]&^p.Sold {
				m.Fatalf("%s: held %b, sold %b, holds for %b at %s of %+v, orders %+v", area.ID, p.Held(now), p.Sold, held[key], now, w.holds, w.orders)
			}
		}
	}
	for _, area := range m.show.Layout.Areas() {
		m.fits(area, w.seats)
	}
	for _, h := range w.holds {
		m.checkPrices(h)
	}
	for orderID, o := range w.orders {
		kept := -o.Refunded.Amount
		if o.Payment.Status == payment.Captured {
			kept += o.Total.Amount
		}
		if worth := m.worth(w, o); kept != worth {
			m.Fatalf("order %s (%s) keeps %d for tickets and fees of %d", orderID, o.Status, kept, worth)
		}
	}
	for _, name := range customers {
		if w.buyers[name].Owned != owned[name] {
			m.Fatalf("%s counts as owning %d, has bought %d", name, w.buyers[name].Owned, owned[name])
		}
	}
	if len(m.bank.problems) > 0 {
		m.Fatal(m.bank.problems)
	}
}

// count adds what is used of a quota.
func (m *model) count(counted map[inventory.Key]inventory.Slots, use hold.Use) {
	for number, slots := range use.Claims() {
		key := inventory.Key{PerformanceID: m.show.ID, AreaID: use.QuotaID, Number: number}
		if counted[key]&slots != 0 {
			m.Fatalf("slots %b of %v are used twice", slots, key)
		}
		counted[key] |= slots
	}
}

// checkPrices looks at what a hold costs.
func (m *model) checkPrices(h hold.Hold) {
	m.Helper()
	net := int64(handlingFee + cardFee)
	for _, item := range h.Items {
		early := item.PriceCategory == "I" && h.PlacedAt.Before(earlyUntil)
		first := h.PlacedAt.Before(firstUntil) && slices.ContainsFunc(item.Uses, func(use hold.Use) bool { return use.QuotaID == performance.TierQuota("II", "first") })
		price := fullPrices[item.PriceCategory]
		switch {
		case early:
			price = fullPrices["I early"]
		case first:
			price = fullPrices["II first"]
		}
		switch item.Concession {
		case "student":
			price /= 2
		case "child":
			price = 0
		}
		if item.UnitPrice != eur(price) || (item.Tier == "early") != early || (item.Tier == "first") != first {
			m.Fatalf("placed at %s: %+v", h.PlacedAt, item)
		}
		net += int64(item.Quantity()) * (price + share(price) + serviceFee)
	}
	if h.Total != eur(taxed(net)) {
		m.Fatalf("hold of %+v costs %v, want %d", h.Items, h.Total, taxed(net))
	}
}

// worth is what an order has to keep: what its valid tickets are worth with all
// fees, or without tickets the fees that are kept, but for a performance that
// does not take place.
func (m *model) worth(w world, o order.Order) int64 {
	if len(o.TicketIDs) == 0 {
		return 0
	}
	valid, tickets, kept := 0, int64(0), int64(cardFee)
	for _, ticketID := range o.TicketIDs {
		k := w.tickets[ticketID]
		kept += share(k.Price.Amount)
		if k.Status != ticket.Void {
			tickets += k.Price.Amount + serviceFee
			valid++
		}
	}
	if valid > 0 {
		return taxed(tickets + handlingFee + kept)
	}
	if _, seen := m.inFull[o.ID]; !seen {
		m.inFull[o.ID] = m.show.Cancelled
	}
	if m.inFull[o.ID] {
		return 0
	}
	return taxed(kept)
}

// settle brings everything to its end that has been begun: the process starts
// again, the bank decides what it has not and repeats what it has to say, and the
// books agree.
func (m *model) settle() {
	m.Helper()
	m.store.dead, m.store.updates = false, 0
	m.redeliver()
	m.check()
	m.ok(m.selling.CancelOrders(m.ctx))
	m.check()
	for _, notice := range m.notices {
		m.ok(ignore(m.selling.HandleNotice(m.ctx, "bank", notice), order.ErrNotFound))
		m.check()
	}
	for range 7 { // answers of the bank are lost once each, refunds fail and are slow
		for i, p := range m.bank.outstanding() {
			if p.status = payment.Declined; i%2 == 0 { // nobody is told
				m.bank.capture(p)
			}
		}
		m.refusal(m.selling.ReconcileCaptures(m.ctx))
		m.check()
		if err := m.refusal(m.selling.Reconcile(m.ctx, 0)); err != nil {
			m.Fatal(err)
		}
		m.check()
		m.clock.Advance(time.Hour)
	}
	for orderID, o := range m.before.orders {
		if kept, worth := m.bank.kept(orderID), m.worth(m.before, o); kept != worth {
			m.Fatalf("the bank keeps %d of order %s (%s, payment %s) for tickets and fees of %d", kept, orderID, o.Status, o.Payment.Status, worth)
		}
		if o.Payment.Status != payment.Captured && o.Payment.Status != payment.Declined || o.Status == order.PendingPayment {
			m.Fatalf("order %s (%s, payment %s) still waits for its provider: %+v of %+v", orderID, o.Status, o.Payment.Status, o.Payment, m.bank.find(own(orderID)))
		}
		for _, ticketID := range o.TicketIDs {
			if m.show.Cancelled && m.before.tickets[ticketID].Status != ticket.Void {
				m.Fatalf("order %s of the cancelled performance has tickets", orderID)
			}
		}
	}
	for refundID, r := range m.before.refunds {
		if r.Status != payment.RefundDone {
			m.Fatalf("refund %s is %s (%s)", refundID, r.Status, r.Failure)
		}
	}
	for _, p := range m.bank.strangers() {
		if left := m.bank.left(p); left != 0 && p.marked || left != p.amount && !p.marked {
			m.Fatalf("the bank keeps %d of %+v", left, p)
		}
	}
}

func draw[T any](m *model, label string, from []T) (T, bool) {
	var none T
	if len(from) == 0 {
		return none, false
	}
	return rapid.SampledFrom(from).Draw(m.T, label), true
}

// step does one thing that somebody may do.
func (m *model) step() {
	if rapid.IntRange(0, 4).Draw(m.T, "dies") == 4 {
		m.store.updates, m.store.after = rapid.IntRange(1, 3).Draw(m.T, "before update"), rapid.Bool().Draw(m.T, "after it")
	}
	if rapid.Bool().Draw(m.T, "interrupted") {
		m.bank.meanwhile, m.bank.early = m.interrupt, rapid.Bool().Draw(m.T, "before the bank hears it")
	}
	possible := slices.DeleteFunc(m.steps(), func(s possibleStep) bool { return !s.possible })
	rapid.SampledFrom(possible).Draw(m.T, "step").do()
	m.bank.meanwhile = func() {}
	m.check()
	if m.store.dead {
		m.store.dead, m.store.updates = false, 0
		if rapid.Bool().Draw(m.T, "restart reconciles") {
			m.refusal(m.selling.Reconcile(m.ctx, 0))
			m.check()
		}
	}
	m.store.updates = 0
}

// free tells which of the seats are free.
func (m *model) free(seats []string) (all bool) {
	all = true
	for _, seatID := range seats {
		seat, _ := m.show.Layout.Area("stalls").Locate(seatID)
		p := m.before.seats[inventory.Key{PerformanceID: m.show.ID, AreaID: "stalls", Number: seat.Place.Partition}]
		all = all && p.Free(m.clock.Now())&(1<<seat.Place.Slot) != 0
	}
	return all
}

// possibleStep is what somebody may do, if there is anything to do it with.
type possibleStep struct {
	name     string
	possible bool
	do       func()
}

// String implements fmt.Stringer, for the history of a failure.
func (s possibleStep) String() string { return s.name }

// steps lists all, the most fruitful first: those are drawn most often.
func (m *model) steps() []possibleStep {
	holds, orders, tickets := len(m.holdIDs) > 0, len(m.orderIDs) > 0, len(m.before.tickets) > 0
	waiting := m.bank.outstanding()
	all := map[string]func(){
		"hold seats": func() {
			seats := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A-1", "A-2", "A-3", "B-1", "B-2"}), 1, 3, rapid.ID).Draw(m.T, "seats")
			if seats = m.there(seats); len(seats) == 0 {
				return
			}
			free, open := m.free(seats), m.show.CheckSales(m.clock.Now()) == nil
			err := m.hold(app.HoldRequestItem{AreaID: "stalls", Seats: seats, Concessions: m.concessions("student", len(seats))})
			if !errors.Is(err, errCrash) && !m.amid && (err == nil) != (free && open) {
				m.Fatalf("hold of %v = %v, free %t, open %t", seats, err, free, open)
			}
		},
		"hold best and floor": func() {
			best, quantity := rapid.IntRange(1, 2).Draw(m.T, "best"), rapid.IntRange(1, 2).Draw(m.T, "quantity")
			m.hold(app.HoldRequestItem{AreaID: "stalls", BestAvailable: best, Concessions: m.concessions("student", best)},
				app.HoldRequestItem{AreaID: "floor", Quantity: quantity, Concessions: m.concessions("child", quantity)})
		},
		"hold by a code": func() {
			items := []app.HoldRequestItem{{AreaID: "stalls", Seats: m.there([]string{"A-4"})}}
			if len(items[0].Seats) == 0 || rapid.Bool().Draw(m.T, "anything else") {
				items = []app.HoldRequestItem{{AreaID: "stalls", BestAvailable: rapid.IntRange(1, 2).Draw(m.T, "best")}, {AreaID: "floor", Quantity: 1}}
			}
			m.holdBy(friendsCode, items...)
		},
		"the friends' seat is released or taken back": func() {
			m.redeliver()
			if m.pending != nil {
				return
			}
			m.update(func(p *performance.Performance) {
				if p.Released = nil; len(m.show.Released) == 0 {
					p.Released = []string{"box"}
				}
				m.ok(p.LayOut(p.Areas))
			})
			m.released = m.released || len(m.show.Released) > 0
		},
		"extend": func() {
			if holdID, any := m.held(); any {
				_, err := m.selling.ExtendHold(m.ctx, customer(m.owners[holdID]), holdID)
				m.refusal(err)
			}
		},
		"release": func() {
			if holdID, any := m.held(); any {
				m.refusal(m.selling.ReleaseHold(m.ctx, customer(m.owners[holdID]), holdID))
			}
		},
		"time passes": func() {
			m.clock.Advance(time.Duration(rapid.SampledFrom([]int{4, 11, 1, 31}).Draw(m.T, "minutes")) * time.Minute)
		},
		"sweep": func() {
			_, err := m.selling.ExpireHolds(m.ctx, 100)
			m.refusal(err)
		},
		"order": func() {
			if holdID, any := m.held(); any {
				m.order(app.OrderRequest{
					Repeatable: true,
					OrderID:    id.New(), HoldID: holdID, Provider: "bank",
					Token: rapid.SampledFrom([]string{"tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_pending", "tok_pending", "tok_slow", "tok_lost", "tok_down"}).Draw(m.T, "token"),
				})
			}
		},
		"order again": func() {
			if orderID, any := draw(m, "order", m.orderIDs); any {
				m.order(m.requests[orderID])
			}
		},
		"the bank decides": func() {
			if p, any := draw(m, "payment", waiting); any {
				if p.status = payment.Declined; rapid.IntRange(0, 2).Draw(m.T, "declines") > 0 {
					m.bank.capture(p)
				}
				m.reported(p.notice())
			}
		},
		"the buyer pays twice": func() {
			if orderID, any := draw(m, "order", m.orderIDs); any && m.before.orders[orderID].ID == orderID {
				reference := fmt.Sprint("twin-", len(m.bank.payments))
				m.reported(m.bank.take(orderID, reference, m.before.orders[orderID].Total.Amount, true))
			}
		},
		"somebody pays for an order that is not there": func() {
			marked := rapid.Bool().Draw(m.T, "marked")
			m.reported(m.bank.take(id.New(), fmt.Sprint("stranger-", len(m.bank.payments)), 4200, marked))
		},
		"the bank reports a refund": func() {
			if made, any := draw(m, "refund", m.bank.refunds); any {
				if made.result.Status == payment.RefundPending && rapid.Bool().Draw(m.T, "done") {
					made.result.Status = payment.RefundDone
				}
				m.refusal(m.selling.HandleRefund(m.ctx, "bank", payment.RefundNotice{
					RefundID: made.request.RefundID, Attempt: made.request.Attempt, Result: made.result,
				}))
			}
		},
		"captures are compared": func() { m.refusal(m.selling.ReconcileCaptures(m.ctx)) },
		"the bank repeats": func() {
			if notice, any := draw(m, "notice", m.notices); any {
				m.refusal(ignore(m.selling.HandleNotice(m.ctx, "bank", notice), order.ErrNotFound))
			}
		},
		"cancel": func() {
			if orderID, any := draw(m, "order", m.orderIDs); any && m.owners[orderID] != "" {
				_, _, err := m.selling.CancelOrder(m.ctx, customer(m.owners[orderID]), orderID)
				m.refusal(ignore(err, order.ErrNotFound))
			}
		},
		"refund": func() {
			if k, any := m.ticket(); any {
				request := app.RefundRequest{RefundID: id.New(), OrderID: k.OrderID, TicketIDs: []id.ID{k.ID}, Reason: "ill"}
				if rapid.Bool().Draw(m.T, "all") {
					request.TicketIDs = m.before.orders[k.OrderID].TicketIDs
				}
				m.refunds[request.RefundID] = true
				for range 2 { // the organizer's browser sends it twice
					_, _, err := m.selling.RefundOrder(m.ctx, organizer, request)
					m.refusal(err)
				}
			}
		},
		"transfer": func() {
			if k, any := m.ticket(); any {
				// The holder is a customer, known by id or by address.
				holder, _, _ := strings.Cut(k.Holder.Email, "@")
				to := rapid.SampledFrom(customers).Draw(m.T, "to")
				_, _, err := m.selling.Transfer(m.ctx, customer(holder), k.ID, to+"@example.com")
				m.refusal(err)
			}
		},
		"admit": func() {
			if k, any := m.ticket(); any {
				code := ticket.CodeOf(&k)
				code.Issue = rapid.IntRange(1, k.Issue).Draw(m.T, "issue")
				text, err := m.codes.Sign(m.ctx, code)
				m.ok(err)
				m.scans++
				scan := app.Scan{Code: text, Gate: "north", ScanID: fmt.Sprint("s", rapid.IntRange(m.scans-1, m.scans).Draw(m.T, "scan"))}
				_, err = m.selling.CheckIn(m.ctx, gatekeeper, scan)
				m.refusal(err)
			}
		},
		"wait": func() {
			request := app.WaitRequest{EntryID: id.New(), PerformanceID: m.show.ID, PriceCategory: rapid.SampledFrom([]string{"I", "II"}).Draw(m.T, "category"), Quantity: rapid.IntRange(1, 2).Draw(m.T, "quantity")}
			m.entryIDs = append(m.entryIDs, request.EntryID)
			_, err := m.selling.Join(m.ctx, customer(rapid.SampledFrom(customers).Draw(m.T, "customer")), request)
			m.refusal(err)
		},
		"offer": func() {
			if _, err := m.selling.OfferFreed(m.ctx); err != nil && !errors.Is(err, errCrash) {
				m.Fatalf("offering: %v", err)
			}
		},
		"leave": func() {
			if entryID, any := draw(m, "entry", m.entryIDs); any {
				m.refusal(ignore(m.selling.Leave(m.ctx, customer(m.before.entries[entryID].CustomerID), entryID), waitlist.ErrNotFound))
			}
		},
		"reconcile":            func() { m.refusal(m.selling.Reconcile(m.ctx, 0)) },
		"the seat map changes": func() { m.changeSeatMap() },
		"a late event arrives": func() { m.redeliver() },
		"the performance is cancelled": func() {
			if rapid.IntRange(0, 9).Draw(m.T, "really") == 9 { // the small are drawn more often
				m.redeliver()
				if m.pending != nil {
					return
				}
				m.update(func(p *performance.Performance) { p.Cancelled = true })
				m.refusal(m.selling.CancelOrders(m.ctx))
			}
		},
	}
	return []possibleStep{
		{"hold seats", true, all["hold seats"]},
		{"order", holds, all["order"]},
		{"hold best and floor", true, all["hold best and floor"]},
		{"the bank decides", len(waiting) > 0, all["the bank decides"]},
		{"wait", true, all["wait"]},
		{"refund", tickets, all["refund"]},
		{"offer", len(m.entryIDs) > 0, all["offer"]},
		{"time passes", true, all["time passes"]},
		{"hold by a code", true, all["hold by a code"]},
		{"cancel", orders, all["cancel"]},
		{"transfer", tickets, all["transfer"]},
		{"admit", tickets, all["admit"]},
		{"order again", orders, all["order again"]},
		{"release", holds, all["release"]},
		{"extend", holds, all["extend"]},
		{"the bank repeats", len(m.notices) > 0, all["the bank repeats"]},
		{"sweep", holds, all["sweep"]},
		{"the friends' seat is released or taken back", !m.show.Cancelled, all["the friends' seat is released or taken back"]},
		{"leave", len(m.entryIDs) > 0, all["leave"]},
		{"the seat map changes", !m.show.Cancelled, all["the seat map changes"]},
		{"a late event arrives", m.pending != nil, all["a late event arrives"]},
		{"the buyer pays twice", orders, all["the buyer pays twice"]},
		{"the bank reports a refund", len(m.bank.refunds) > 0, all["the bank reports a refund"]},
		{"captures are compared", true, all["captures are compared"]},
		{"somebody pays for an order that is not there", true, all["somebody pays for an order that is not there"]},
		{"reconcile", orders, all["reconcile"]},
		{"the performance is cancelled", orders, all["the performance is cancelled"]},
	}
}

// reported tells what the bank did, unless the report is lost on its way.
func (m *model) reported(notice payment.Notice) {
	m.notices = append(m.notices, notice)
	if rapid.IntRange(0, 3).Draw(m.T, "is lost") == 3 {
		m.notices = m.notices[:len(m.notices)-1] // and never repeated
		return
	}
	m.refusal(ignore(m.selling.HandleNotice(m.ctx, "bank", notice), order.ErrNotFound))
}

// interrupt is what others do while the bank is being asked.
func (m *model) interrupt() {
	m.bank.meanwhile = func() {} // nobody interrupts an interruption
	if m.store.dead {
		return
	}
	m.check() // what was committed before the bank was asked
	var possible []possibleStep
	for _, name := range []string{"reconcile", "order again", "the bank repeats", "the bank decides", "the buyer pays twice", "captures are compared", "cancel", "refund", "time passes", "hold seats", "sweep"} {
		for _, step := range m.steps() {
			if step.name == name && step.possible {
				possible = append(possible, step)
			}
		}
	}
	m.amid = true
	rapid.SampledFrom(possible).Draw(m.T, "meanwhile").do()
	m.amid = false
}

// held draws a hold, mostly one that lives.
func (m *model) held() (id.ID, bool) {
	var live []id.ID
	for _, holdID := range m.holdIDs {
		if h, known := m.before.holds[holdID]; known && h.Live(m.clock.Now()) == nil {
			live = append(live, holdID)
		}
	}
	if len(live) == 0 || rapid.IntRange(0, 5).Draw(m.T, "any hold") == 5 {
		live = m.holdIDs
	}
	return draw(m, "hold", live)
}

// ignore drops an error that the step may meet.
func ignore(err, fine error) error {
	if errors.Is(err, fine) {
		return nil
	}
	return err
}

// update tells the service another version of the performance.
func (m *model) update(change func(*performance.Performance)) {
	changed := *m.show
	changed.Version++
	change(&changed)
	if m.refusal(m.selling.UpdatePerformance(m.ctx, "model", id.New(), &changed)) == nil {
		m.show = &changed
	} else if known, err := m.store.Performance(m.ctx, m.show.ID); err == nil {
		m.show = known // it died after the commit
	}
}

func (m *model) hold(items ...app.HoldRequestItem) error { return m.holdBy("", items...) }

func (m *model) holdBy(code string, items ...app.HoldRequestItem) error {
	name := rapid.SampledFrom(customers).Draw(m.T, "customer")
	request := app.HoldRequest{Repeatable: true, HoldID: id.New(), PerformanceID: m.show.ID, Items: items, PresaleCode: code}
	m.holdIDs, m.owners[request.HoldID] = append(m.holdIDs, request.HoldID), name
	left := m.left("II", "first")
	placed, err := m.selling.PlaceHold(m.ctx, customer(name), request)
	if err == nil && !m.amid {
		m.checkTier(placed, left)
	}
	return m.refusal(err)
}

// left is how many places there are at the price of a tier.
func (m *model) left(categoryID, tierID string) int {
	left := 0
	for key, p := range m.before.seats {
		if key.AreaID == performance.TierQuota(categoryID, tierID) {
			left += p.Free(m.clock.Now()).Count()
		}
	}
	return left
}

// checkTier looks whether a hold got as many places at the first price as were
// left.
func (m *model) checkTier(placed hold.Hold, left int) {
	m.Helper()
	floor, first := 0, 0
	for _, item := range placed.Items {
		if item.PriceCategory == "II" {
			floor += item.Quantity()
		}
		if item.Tier == "first" {
			first += item.Quantity()
		}
	}
	want := min(left, floor)
	if !placed.PlacedAt.Before(firstUntil) {
		want = 0
	}
	if first != want {
		m.Fatalf("%d of %d places at the first price, want %d: %+v", first, floor, want, placed.Items)
	}
}

// concessions draws how many of the places are at a reduced price.
func (m *model) concessions(concessionID string, most int) []app.ConcessionChoice {
	n := rapid.IntRange(0, most).Draw(m.T, concessionID)
	if n == 0 {
		return nil
	}
	return []app.ConcessionChoice{{ID: concessionID, Quantity: n}}
}

func (m *model) order(request app.OrderRequest) {
	if !slices.Contains(m.orderIDs, request.OrderID) {
		m.orderIDs, m.requests[request.OrderID] = append(m.orderIDs, request.OrderID), request
		m.owners[request.OrderID] = m.owners[request.HoldID]
	}
	_, _, err := m.selling.PlaceOrder(m.ctx, customer(m.owners[request.HoldID]), request)
	m.refusal(err)
}

// ticket draws one of the tickets that were issued.
func (m *model) ticket() (ticket.Ticket, bool) {
	ids := slices.SortedFunc(maps.Keys(m.before.tickets), func(a, b id.ID) int { return strings.Compare(a.String(), b.String()) })
	ticketID, any := draw(m, "ticket", ids)
	return m.before.tickets[ticketID], any
}

// TestNothingIsLostOrSoldTwice drives the service through random histories, in
// which the process dies between any two commits, and looks at everything after
// every step.
func TestNothingIsLostOrSoldTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := newModel(t, dir)
		defer m.db.Close()
		// Drawn from a list, as ranges prefer their small end.
		for range rapid.SampledFrom([]int{30, 10, 60}).Draw(t, "steps") {
			m.step()
		}
		m.settle()
	})
}
