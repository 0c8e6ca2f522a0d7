package dynamo_test

import (
	"fmt"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/dynamo"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

// fixture is a store in a table of the test's own.
type fixture struct {
	*testing.T
	at    *dynamotest.Table
	table *platform.Table
	store *dynamo.Store
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, at: dynamotest.New(t, testserver.Moto(t), template)}
	f.use(f.at.Client(t))
	return f
}

func (f *fixture) use(client *sdk.Client) {
	f.table = platform.New(client, f.at.Name, clock.NewManual(now))
	f.store = dynamo.New(f.table, validator(f.T))
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// show is a published show of ada's, stored.
func (f *fixture) show(category string) show.Show {
	f.Helper()
	s, _, err := f.draft(category).Publish(now)
	f.ok(err)
	f.ok(f.store.SaveShow(f.Context(), s, 1, false))
	return s
}

// draft is a show of ada's, stored.
func (f *fixture) draft(category string) show.Show {
	f.Helper()
	s, err := f.store.InsertShow(f.Context(), show.Restore(show.State{
		ID: id.New(), OrganizerID: "ada", Status: show.Draft, Version: 1,
		Details: show.Details{
			Title: "Die Zauberflöte", Category: category, VenueID: id.New(), ArtistIDs: []id.ID{id.New()},
			Description: "Tamino soll Pamina, die Tochter der Königin der Nacht, aus der Gewalt des Sarastro befreien. Oper in zwei Aufzügen von Emanuel Schikaneder, Musik von Wolfgang Amadeus Mozart.",
		},
	}))
	f.ok(err)
	return s
}

// house has so many rows of 40 seats.
func house(rows int) seatmap.Map {
	stalls := seatmap.Area{ID: "stalls", Name: "Parkett", Kind: seatmap.Seated, PriceCategory: "I"}
	for i := range rows {
		stalls.Rows = append(stalls.Rows, seatmap.Row{Label: fmt.Sprint(i + 1), Seats: "1-40", AisleAfter: []string{"20"}})
	}
	return seatmap.Restore([]seatmap.Area{stalls}, prices)
}

var prices = []seatmap.PriceCategory{{ID: "I", Name: "Kategorie I", Price: money.Money{Amount: 8950, Currency: "EUR"}}}

// unpackable has so many seats with labels that nothing can make small.
func unpackable(seats int) seatmap.Map {
	var rows []seatmap.Row
	for len(rows)*100 < seats {
		labels := make([]byte, 0, 900)
		for range 100 {
			v := id.New()
			labels = fmt.Appendf(labels, ",%x", v[12:])
		}
		rows = append(rows, seatmap.Row{Label: fmt.Sprint(len(rows)), Seats: string(labels[1:])})
	}
	return seatmap.Restore([]seatmap.Area{{ID: "stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: rows}}, prices)
}

// performed is a performance of the show, not stored.
func (f *fixture) performed(of show.Show, m seatmap.Map, announced bool) performance.Performance {
	f.Helper()
	p, err := performance.Schedule(id.New(), of.ID(), performance.Times{StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna"}, performance.Terms{SeatMap: m}, announced)
	f.ok(err)
	return p
}

func scheduled(of show.Show, p performance.Performance, m seatmap.Map) app.Fact {
	return app.PerformanceFact{Change: app.PerformanceScheduled, At: now, Show: of, Performance: p, SeatMap: m}
}
