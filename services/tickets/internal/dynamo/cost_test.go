package dynamo_test

import (
	"testing"

	"ticketmesh.dev/platform/dynamo/units"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// What a sale may cost, in write units with those of indexes, and a seat map in
// read units.
const (
	mostForHold    = 10
	mostForOrder   = 24
	mostForCheckIn = 4
	mostForSeatMap = 64
)

// TestASaleCosts counts what the use cases send, in a house of 20,000 seats.
func TestASaleCosts(t *testing.T) {
	t.Parallel()
	for _, house := range []struct {
		name       string
		sold, held int // of a hundred
	}{{"new", 0, 0}, {"well sold", 60, 25}} {
		t.Run(house.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			client, meter := s.at.Metered(t)
			show := s.schedule(stalls("parkett-links", 400, 50), floor(1000))
			s.crowd(show, house.sold, house.held)
			s.use(client)
			within := func(what string, most int, of func(units.Count) int) {
				t.Helper()
				counts := meter.Take()
				t.Logf("%s: %s", what, counts)
				if got := of(counts.Total()); got > most {
					t.Errorf("%s: %d units, want at most %d", what, got, most)
				}
			}
			write := func(c units.Count) int { return c.Write }
			ways := []struct {
				name string
				item app.HoldRequestItem
			}{
				{"four seats by name", app.HoldRequestItem{AreaID: "parkett-links", Seats: s.fourFree(show)}},
				{"the best four", app.HoldRequestItem{AreaID: "parkett-links", BestAvailable: 4}},
				{"four of the floor", app.HoldRequestItem{AreaID: "standing", Quantity: 4}},
			}
			meter.Take()
			for _, way := range ways {
				who := customer()
				held, err := s.hold(who, show, way.item)
				s.ok(err)
				within(way.name+", held", mostForHold, write)
				_, tickets := s.order(who, held)
				within(way.name+", ordered", mostForOrder, write)
				for _, k := range tickets {
					_, err := s.selling.CheckIn(t.Context(), app.Caller{Groups: []string{"gate"}}, app.Scan{Code: s.codeOf(k), Gate: "Eingang Nord 1", ScanID: who.CustomerID})
					s.ok(err)
					within(way.name+", admitted", mostForCheckIn, write)
				}
			}
			who := customer()
			_, err := s.hold(who, show, app.HoldRequestItem{AreaID: "parkett-links", BestAvailable: 8})
			s.ok(err)
			within("the best eight, held", mostForHold, write)
			_, err = s.hold(who, show, app.HoldRequestItem{AreaID: "parkett-links", BestAvailable: 26})
			if !s.lost(err) {
				t.Error("there are 26 seats side by side")
			}
			within("more side by side than there are, refused", mostForSeatMap, func(c units.Count) int { return int(c.Read + 0.5) })
			seats, err := s.selling.Seats(t.Context(), show.ID)
			s.ok(err)
			if len(seats.Performance.Areas) != 2 {
				t.Error("not the whole house")
			}
			within("seat map", mostForSeatMap, func(c units.Count) int { return int(c.Read + 0.5) })
		})
	}
}

// fourFree finds four free seats side by side, somewhere in the middle.
func (s *shop) fourFree(show *performance.Performance) []string {
	s.Helper()
	partitions, err := s.store.Partitions(s.Context(), show.ID)
	s.ok(err)
	for _, p := range partitions {
		if p.AreaID == "standing" || p.Number < 100 {
			continue
		}
		seats := show.Layout.Area(p.AreaID).PartitionSeats(p.Number)
		for slot := 0; slot+4 <= p.Capacity; slot += 4 {
			if p.Free(s.clock.Now())>>slot&0b1111 == 0b1111 {
				return []string{seats[slot].ID, seats[slot+1].ID, seats[slot+2].ID, seats[slot+3].ID}
			}
		}
	}
	s.Fatal("no four seats are free")
	return nil
}
