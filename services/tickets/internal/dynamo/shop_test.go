package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/platform/testserver"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/dynamo"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/testpay"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// shop is the use cases over a table of the test's own.
type shop struct {
	*testing.T
	at      *dynamotest.Table
	clock   *clock.Manual
	store   *dynamo.Store
	codes   *jose.Codes
	selling *app.Selling
	read    int // records of the stream
}

func open(t *testing.T) *shop {
	t.Helper()
	return openAt(t, dynamotest.New(t, testserver.Moto(t), template, dynamotest.WithoutStream))
}

func openAt(t *testing.T, table *dynamotest.Table) *shop {
	t.Helper()
	s := &shop{T: t, at: table, clock: clock.NewManual(start)}
	s.use(s.at.Client(t))
	return s
}

// use has the shop send its requests by the client.
func (s *shop) use(client *sdk.Client) {
	s.Helper()
	var err error
	s.codes, err = jose.New([32]byte{1})
	s.ok(err)
	s.store = dynamo.New(platform.New(client, s.at.Name, s.clock), s.clock)
	payments := app.Payments{Providers: map[string]app.Provider{"test": testpay.New(s.clock)}, Offered: []string{"test"}, Patience: time.Hour}
	s.selling = app.New(s.store, s.codes, payments, s.clock, slog.New(slog.NewTextHandler(s.Output(), nil)))
}

func (s *shop) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// schedule puts a performance with the areas on sale.
func (s *shop) schedule(areas ...seatmap.Area) *performance.Performance {
	s.Helper()
	price := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }
	p := &performance.Performance{
		ID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: id.New().String(), Title: "Die Zauberflöte", StartsAtLocal: "2027-06-01T20:00",
		TimeZone: "Europe/Vienna", StartsAt: start.Add(90 * 24 * time.Hour), Currency: "EUR",
		Categories: []performance.PriceCategory{{
			ID: "category-1", Name: "Kategorie I", Price: price(8950), Tiers: []performance.Tier{{ID: "early-bird", Price: price(7450), Until: start.Add(time.Hour)}},
			Concessions: []performance.Concession{{ID: "student", Off: 250_000}},
		}},
		Pricing: pricing.Rules{
			Fees: []pricing.Fee{
				{ID: "service", Name: "Bearbeitungsgebühr", Per: pricing.PerTicket, Amount: price(150), Refundable: true},
				{ID: "card", Name: "Kreditkarte", Per: pricing.PerOrder, Percent: 15_000},
			},
			Tax: pricing.Tax{Name: "MwSt.", Percent: 130_000, Included: true},
		},
		SeatMapVersion: 1,
	}
	s.ok(p.LayOut(areas))
	s.ok(s.store.Update(s.patient(), func(tx app.Tx) error { return tx.PutPerformance(p) }))
	return p
}

func floor(capacity int) seatmap.Area {
	return seatmap.Area{ID: "standing", Name: "Stehplatz", Kind: seatmap.General, Capacity: capacity, PriceCategory: "category-1"}
}

// stalls are so many rows of seats.
func stalls(areaID string, rows, seats int) seatmap.Area {
	area := seatmap.Area{ID: areaID, Name: "Parkett", Kind: seatmap.Seated, PriceCategory: "category-1"}
	for row := range rows {
		area.Rows = append(area.Rows, seatmap.Row{Label: fmt.Sprint(row + 1), Seats: fmt.Sprintf("1-%d", seats), AisleAfter: []string{fmt.Sprint(seats / 2)}})
	}
	return area
}

// customer is somebody new, as a user pool has them.
func customer() app.Caller {
	sub := id.New().String()
	return app.Caller{CustomerID: sub, Email: "anna.anderson." + sub[30:] + "@example.com"}
}

// patient is a context with time for an emulator that is slow. A unit of work is
// tried again until then.
func (s *shop) patient() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Minute)
	s.Cleanup(cancel)
	return ctx
}

func (s *shop) hold(who app.Caller, show *performance.Performance, items ...app.HoldRequestItem) (hold.Hold, error) {
	return s.selling.PlaceHold(s.patient(), who, app.HoldRequest{HoldID: id.New(), Repeatable: true, PerformanceID: show.ID, Items: items})
}

// crowd makes a house well sold: of every partition so many of a hundred places
// are sold, and so many are held by fours.
func (s *shop) crowd(show *performance.Performance, sold, held int) {
	s.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var calls errgroup.Group
	calls.SetLimit(8)
	for _, area := range show.Layout.Areas() {
		for number := range area.Partitions() {
			p := inventory.New(inventory.Key{PerformanceID: show.ID, AreaID: area.ID, Number: number}, area.PartitionCapacity(number))
			for slot := 0; slot+4 <= p.Capacity; slot += 4 {
				four := inventory.Slots(0b1111) << slot
				switch n := random.IntN(100); {
				case n < sold:
					s.ok(p.Sell(id.New(), four, s.clock.Now()))
				case n < sold+held:
					s.ok(p.Take(id.New(), four, s.clock.Now(), s.clock.Now().Add(hold.Period)))
				}
			}
			calls.Go(func() error {
				return s.store.Update(s.patient(), func(tx app.Tx) error { return tx.PutPartition(area, p) })
			})
		}
	}
	s.ok(calls.Wait())
}

// sold counts the places that are sold.
func (s *shop) sold(show *performance.Performance) (sold, held int) {
	s.Helper()
	partitions, err := s.store.Partitions(s.Context(), show.ID)
	s.ok(err)
	for _, p := range partitions {
		sold += p.Sold.Count()
		held += p.Held(s.clock.Now()).Count()
		if p.Sold&p.Held(s.clock.Now()) != 0 {
			s.Errorf("partition %d sells what is held", p.Number)
		}
	}
	return sold, held
}

// lost reports whether somebody was too late, and fails on any other error.
func (s *shop) lost(err error) bool {
	s.Helper()
	if taken := (*app.SeatsUnavailableError)(nil); err != nil && !errors.Is(err, app.ErrSoldOut) && !errors.As(err, &taken) {
		s.Error(err)
	}
	return err != nil
}

// order orders and pays what is held.
func (s *shop) order(who app.Caller, held hold.Hold) (order.Order, []ticket.Ticket) {
	s.Helper()
	placed, tickets, err := s.selling.PlaceOrder(s.patient(), who, app.OrderRequest{
		OrderID: id.New(), Repeatable: true, HoldID: held.ID, Provider: "test", Token: "tok_ok", Language: "de",
	})
	s.ok(err)
	if placed.Status != order.Confirmed || len(tickets) != held.Quantity() {
		s.Fatalf("order is %s with %d tickets", placed.Status, len(tickets))
	}
	return placed, tickets
}

func (s *shop) codeOf(k ticket.Ticket) string {
	s.Helper()
	code, err := s.codes.Sign(s.Context(), ticket.CodeOf(&k))
	s.ok(err)
	return code
}
