package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// MakePast fills the service's store in a folder that no process works in with paid
// orders of one ticket each, by as many customers, for performances of a general
// area that are over: a past to measure a sale with. It writes what a sale writes
// in the end, through the store's own units of work, one for each partition of
// inventory; nothing is told of it, so that no mail is sent and no event waits.
func MakePast(ctx context.Context, dataDir string, orders int) (err error) {
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dataDir, "tickets.db"), Migrations: store.Migrations(), Clock: clock.System{}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	entities, err := store.New(ctx, db, clock.System{})
	if err != nil {
		return err
	}
	const performanceOrders = 10_000
	for made := 0; made < orders; made += performanceOrders {
		if err := makePastPerformance(ctx, entities, min(performanceOrders, orders-made)); err != nil {
			return err
		}
		for more := inventory.MaxPlaces; more > 0; { // what is announced would wait for the first start
			if more, err = entities.Announce(ctx, performanceOrders); err != nil {
				return err
			}
		}
		if err := forget(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// forget takes what waits in the outbox off it.
func forget(ctx context.Context, db *sqlite.DB) error {
	const batch = 1000
	for {
		records, err := db.Outbox().Pending(ctx, batch)
		if err != nil || len(records) == 0 {
			return err
		}
		if err := db.Outbox().Done(ctx, records); err != nil {
			return err
		}
	}
}

func makePastPerformance(ctx context.Context, entities app.Store, orders int) error {
	price := money.Money{Amount: 4200, Currency: "EUR"}
	over := time.Now().UTC().Truncate(time.Millisecond).AddDate(0, -1, 0)
	p := &performance.Performance{
		ID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "past", Title: "Past", StartsAtLocal: over.Format("2006-01-02T15:04"), TimeZone: "UTC",
		StartsAt: over, Currency: price.Currency, Categories: []performance.PriceCategory{{ID: "a", Name: "All", Price: price}}, SeatMapVersion: 1,
	}
	if err := p.LayOut([]seatmap.Area{{ID: "floor", Kind: seatmap.General, Capacity: orders, PriceCategory: "a"}}); err != nil {
		return err
	}
	if err := entities.Update(ctx, func(tx app.Tx) error { return tx.PutPerformance(p) }); err != nil {
		return err
	}
	area := p.Layout.Area("floor")
	work, ctx := errgroup.WithContext(ctx)
	const atOnce = 32 // units of work that share a commit
	work.SetLimit(atOnce)
	for number := range area.Partitions() {
		work.Go(func() error {
			return entities.Update(ctx, func(tx app.Tx) error {
				key := inventory.Key{PerformanceID: p.ID, AreaID: area.ID, Number: number}
				state := inventory.New(key, area.PartitionCapacity(number))
				for slot := range state.Capacity {
					if err := makePastOrder(tx, p, inventory.Place{Partition: number, Slot: slot}, over.AddDate(0, -1, 0)); err != nil {
						return err
					}
				}
				if err := state.Sell(id.New(), state.All(), over); err != nil {
					return err
				}
				return tx.PutPartition(area, state)
			})
		})
	}
	return work.Wait()
}

func makePastOrder(tx app.Tx, p *performance.Performance, place inventory.Place, at time.Time) error {
	price := p.Categories[0].Price
	orderID, holdID, ticketID := id.New(), id.New(), id.New()
	customer := "past-" + orderID.String()
	items := []hold.Item{{AreaID: p.Areas[0].ID, Places: []inventory.Place{place}, PriceCategory: p.Categories[0].ID, UnitPrice: price, Refund: price}}
	return errors.Join(
		tx.PutHold(hold.Hold{
			ID: holdID, PerformanceID: p.ID, CustomerID: customer, Status: hold.Used, Items: items, Total: price, PlacedAt: at, ExpiresAt: at.Add(hold.Period),
			OrderID: orderID, Version: 2,
		}),
		tx.PutOrder(order.Order{
			ID: orderID, Code: fmt.Sprintf("%X", orderID[6:11]), HoldID: holdID, PerformanceID: p.ID, ShowID: p.ShowID, OrganizerID: p.OrganizerID,
			CustomerID: customer, Email: customer + "@example.com", Language: "en", Status: order.Confirmed, Items: items, Total: price,
			Refunded: money.Money{Currency: price.Currency}, TicketIDs: []id.ID{ticketID}, CreatedAt: at, Version: 2,
			Payment: payment.Payment{Provider: "test", Token: "tok_ok", Status: payment.Captured, Reference: orderID.String(), RequestedAt: at, CheckAt: at},
		}),
		tx.PutTicket(ticket.Ticket{
			ID: ticketID, OrderID: orderID, PerformanceID: p.ID, AreaID: items[0].AreaID, Place: place, PriceCategory: items[0].PriceCategory, Price: price,
			Refund: price, Status: ticket.Valid, Holder: ticket.Holder{CustomerID: customer, Email: customer + "@example.com", Language: "en"}, Issue: 1, Version: 1,
		}),
		tx.PutBuyer(buyer.Buyer{PerformanceID: p.ID, CustomerID: customer, Owned: 1, Version: 2}),
	)
}
