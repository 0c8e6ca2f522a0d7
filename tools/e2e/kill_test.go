package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the tests that do things at random; 0 takes another one each time")

func newSeed(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return seed
}

const (
	killBuyers    = 64
	killsWanted   = 20
	salesWanted   = 1000
	inFlightLeast = 32
	hallRows      = 60
	hallSeats     = 50
	floorCapacity = 800
)

// attempt is what a buyer tried, and what the mesh answered: the client's log.
type attempt struct {
	places            []place
	holdKey, orderKey string
	email             string // of the order: no other has it
	keeps             bool   // the hold is not ordered

	hold     hold  // holdID is empty until its 201
	order    order // orderID is empty until its 201
	refused  bool  // the hold got a 409
	unsure   bool  // a request was cut off and not repeated
	otherKey bool  // the order was repeated under another key
	used     bool  // … and answered that the hold is used
}

// seller is one buyer's side of a sale that the mesh keeps dying in.
type seller struct {
	t       testing.TB
	token   string
	places  func() []place // what to buy next
	random  *rand.Rand     // what to do after a cut; nil: always repeat
	house   house
	log     []*attempt
	pending *attempt // cut off; goes on after the restart
	crowd   *crowd
}

// crowd is what the sellers count together.
type crowd struct {
	inFlight, answers, confirmed atomic.Int64
	cuts, replayed               atomic.Int64
}

var errCut = errors.New("the answer did not come")

// post returns errCut when the mesh died over the request.
func (s *seller) post(ctx context.Context, c *client, path, key string, body any) (answer, error) {
	s.crowd.inFlight.Add(1)
	defer s.crowd.inFlight.Add(-1)
	got, err := c.try(ctx, call{method: "POST", path: path, token: s.token, body: body, header: map[string]string{"Idempotency-Key": key}})
	if err != nil {
		s.crowd.cuts.Add(1)
		return got, errCut
	}
	s.crowd.answers.Add(1)
	if got.header.Get("Idempotency-Replayed") != "" {
		s.crowd.replayed.Add(1)
	}
	return got, nil
}

// sell goes on until the mesh dies.
func (s *seller) sell(ctx context.Context, c *client) {
	for ctx.Err() == nil {
		current := s.pending
		s.pending = nil
		if current == nil {
			current = s.newAttempt()
			s.log = append(s.log, current)
		}
		if !s.advance(ctx, c, current) {
			return
		}
	}
}

// advance takes an attempt to its end; false when the mesh died over it.
func (s *seller) advance(ctx context.Context, c *client, a *attempt) bool {
	if a.hold.HoldID == "" {
		got, err := s.post(ctx, c, "/tickets/holds", a.holdKey, holdBody(s.house.performanceID, a.places...))
		switch {
		case err != nil:
			s.decide(a, false)
			return false
		case got.status == http.StatusCreated:
			got.decode(s.t, &a.hold)
		case got.status == http.StatusConflict && (got.code() == "seats_unavailable" || got.code() == "sold_out"):
			a.refused = true
			return true
		default:
			s.t.Errorf("hold %v: %v", a.places, got)
			return true
		}
	}
	if a.keeps {
		return true
	}
	body := orderBody(a.hold.HoldID, paysOK)
	body["email"] = a.email
	got, err := s.post(ctx, c, "/tickets/orders", a.orderKey, body)
	switch {
	case err != nil:
		s.decide(a, true)
		return false
	case got.status == http.StatusCreated:
		got.decode(s.t, &a.order)
		s.crowd.confirmed.Add(1)
	case got.status == http.StatusConflict && a.otherKey && got.code() == "hold_used":
		a.used = true
	default:
		s.t.Errorf("order %s of hold %s: %v", a.orderKey, a.hold.HoldID, got)
	}
	return true
}

// decide what becomes of an attempt that was cut off.
func (s *seller) decide(a *attempt, ordering bool) {
	n := 0
	if s.random != nil {
		n = s.random.IntN(10)
	}
	switch {
	case n < 6:
		s.pending = a
	case n < 8 && ordering:
		a.otherKey, a.orderKey = true, newKey()
		s.pending = a
	default:
		a.unsure = true
	}
}

func (s *seller) newAttempt() *attempt {
	key := newKey()
	return &attempt{
		holdKey: "hold-" + key, orderKey: "order-" + key, email: "order-" + key + "@example.org", places: s.places(),
		keeps: s.random != nil && s.random.IntN(12) == 0,
	}
}

// anyPlaces are places that other sellers want too.
func anyPlaces(random *rand.Rand) func() []place {
	return func() []place {
		var places []place
		for range 1 + random.IntN(2) {
			if random.IntN(4) == 0 {
				places = append(places, place{area: "floor"})
				continue
			}
			places = append(places, place{"hall", fmt.Sprintf("%d-%d", 1+random.IntN(hallRows), 1+random.IntN(hallSeats))})
		}
		// An area is named once, however many of its places are wanted.
		if len(places) == 2 && places[0].area == places[1].area {
			places = places[:1]
		}
		return places
	}
}

// TestKillNine sells while the mesh is killed over and over. Whatever was
// answered must be there afterwards, once, with its mail.
func TestKillNine(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	s := startServer(t)
	c := s.client()
	h := c.openHouse(t, "Kill nine", rows(hallRows, hallSeats, floorCapacity), nil)
	count := &crowd{}
	sellers := make([]*seller, killBuyers)
	for i := range sellers {
		_, token := c.customer(t)
		own := rand.New(rand.NewPCG(seed, uint64(i+1)))
		sellers[i] = &seller{t: t, token: token, house: h, random: own, places: anyPlaces(own), crowd: count}
	}

	kills, fewest := 0, int64(killBuyers)
	for kills < killsWanted || count.confirmed.Load() < salesWanted {
		if kills > 0 {
			s.start()
		}
		// Some die right after their start, when they make up for what the last
		// kill cut off.
		lives := int64(1 + random.IntN(250))
		if random.IntN(5) == 0 {
			lives = 1
		}
		inFlight := sellUntilKilled(t, s, sellers, count, count.answers.Load()+lives)
		kills, fewest = kills+1, min(fewest, inFlight)
		if t.Failed() {
			return
		}
	}
	if fewest < inFlightLeast {
		t.Errorf("at one kill only %d requests were in flight, want %d", fewest, inFlightLeast)
	}

	s.start()
	c = s.client()
	for _, seller := range sellers {
		if seller.pending != nil && !seller.advance(t.Context(), c, seller.pending) {
			t.Fatal("the mesh died by itself")
		}
	}
	if count.replayed.Load() == 0 {
		t.Error("no repeated request was answered by what the first one did")
	}
	t.Logf("%d kills, %d confirmed sales, %d answers, %d requests cut off, %d answers replayed, at least %d in flight at a kill",
		kills, count.confirmed.Load(), count.answers.Load(), count.cuts.Load(), count.replayed.Load(), fewest)
	drained(t, s)
	audit(t, c, h, sellers)
}

// sellUntilKilled kills the mesh once so many answers have come in all, and
// returns how many requests were in flight then.
func sellUntilKilled(t *testing.T, s *server, sellers []*seller, count *crowd, answers int64) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := s.client()
	var group sync.WaitGroup
	for _, seller := range sellers {
		group.Go(func() { seller.sell(ctx, c) })
	}
	until(t, "enough answers", func() bool {
		return count.answers.Load() >= answers && count.inFlight.Load() >= inFlightLeast
	})
	inFlight := count.inFlight.Load()
	s.kill()
	group.Wait()
	if ctx.Err() != nil {
		t.Fatal("requests to the killed mesh went on")
	}
	return inFlight
}

// drained waits until no event is on its way, and none may be dead.
func drained(t *testing.T, s *server) {
	t.Helper()
	var last string
	defer func() {
		if t.Failed() {
			t.Logf("the queues:\n%s", last)
		}
	}()
	until(t, "the queues are empty", func() bool {
		empty := true
		last = meshOK(t, "", "dlq", "ls", "--json", "--data", s.data)
		for _, queue := range objects[struct {
			Consumer                string
			Waiting, InFlight, Dead int
		}](t, last) {
			if queue.Dead > 0 {
				t.Fatalf("%s has %d dead letters", queue.Consumer, queue.Dead)
			}
			empty = empty && queue.Waiting == 0 && queue.InFlight == 0
		}
		return empty
	})
}

// audit compares the mesh with the sellers' logs.
func audit(t *testing.T, c *client, h house, sellers []*seller) {
	t.Helper()
	var orders []order
	until(t, "no order waits for its payment", func() bool {
		orders = c.orders(t, h)
		return !slices.ContainsFunc(orders, func(o order) bool { return o.Status == "pending_payment" })
	})
	byID := map[string]order{}
	confirmed := 0
	floorSold := 0
	sold := map[place]string{}
	for _, o := range orders {
		if _, twice := byID[o.OrderID]; twice {
			t.Errorf("order %s is listed twice", o.OrderID)
		}
		byID[o.OrderID] = o
		if o.Status != "confirmed" {
			t.Errorf("order %s is %s", o.OrderID, o.Status)
			continue
		}
		confirmed++
		if len(o.Tickets) == 0 {
			t.Errorf("order %s has no tickets", o.OrderID)
		}
		for _, bought := range o.Tickets {
			if bought.Seat == "" {
				floorSold++
				continue
			}
			seat := place{bought.AreaID, bought.Seat}
			if other, twice := sold[seat]; twice {
				t.Errorf("seat %v is sold twice: orders %s and %s", seat, other, o.OrderID)
			}
			sold[seat] = o.OrderID
		}
	}
	auditAnswers(t, c, byID, sellers)
	auditPlaces(t, c, h, sellers, sold, floorSold)
	auditMails(t, c, sellers, confirmed)
}

// auditAnswers: every 201 stands as it was answered.
func auditAnswers(t *testing.T, c *client, orders map[string]order, sellers []*seller) {
	t.Helper()
	now := time.Now().UTC().Format(time.RFC3339)
	for _, s := range sellers {
		for _, a := range s.log {
			if a.order.OrderID != "" {
				kept, there := orders[a.order.OrderID]
				switch {
				case !there:
					t.Errorf("order %s was answered with 201 and is gone", a.order.OrderID)
				case !slices.Equal(kept.Tickets, a.order.Tickets) || kept.Total != a.order.Total || kept.Code != a.order.Code:
					t.Errorf("order %s was answered as\n%+v\nand is\n%+v", a.order.OrderID, a.order, kept)
				case len(kept.Tickets) != len(a.places):
					t.Errorf("order %s has %d tickets for %v", a.order.OrderID, len(kept.Tickets), a.places)
				}
			}
			if a.hold.HoldID == "" {
				continue
			}
			got := c.do(t, call{method: "GET", path: "/tickets/holds/" + a.hold.HoldID, token: s.token})
			ordered := a.order.OrderID != "" || a.used
			switch {
			case !ordered && a.hold.ExpiresAt < now && got.code() == "hold_expired":
			case ordered && got.code() == "hold_used":
			case !a.keeps && a.unsure && got.code() == "hold_used": // the order was cut off after it was placed
			case !ordered && got.status == http.StatusOK:
				var kept hold
				got.decode(t, &kept)
				if kept != a.hold {
					t.Errorf("the hold was answered as %+v and is %+v", a.hold, kept)
				}
			default:
				t.Errorf("hold %s (ordered: %v): %v", a.hold.HoldID, ordered, got)
			}
		}
	}
}

// auditPlaces: what is sold has its ticket, what is held has its hold, and both
// are what shows tells of.
func auditPlaces(t *testing.T, c *client, h house, sellers []*seller, sold map[place]string, floorSold int) {
	t.Helper()
	mayBeHeld := map[place]bool{}
	floorLeast, floorMost := 0, 0
	for _, s := range sellers {
		for _, a := range s.log {
			if a.order.OrderID != "" || a.used || a.refused {
				continue
			}
			for _, p := range a.places {
				switch {
				case p.seat != "":
					mayBeHeld[p] = true
				case a.hold.HoldID != "" && !a.unsure:
					floorLeast, floorMost = floorLeast+1, floorMost+1
				default:
					floorMost++
				}
			}
		}
	}
	areas := c.seats(t, h.performanceID)
	taken := 0
	for seat, status := range areas["hall"].Seats {
		p := place{"hall", seat}
		order := sold[p]
		switch {
		case (status == "sold") != (order != ""):
			t.Errorf("seat %s is %s, and its order is %q", seat, status, order)
		case status == "held" && !mayBeHeld[p]:
			t.Errorf("seat %s is held, and nobody held it", seat)
		case status != "available":
			taken++
		}
	}
	floor := areas["floor"]
	if floor.Sold != floorSold || floor.Held < floorLeast || floor.Held > floorMost || floor.Available+floor.Held+floor.Sold != floor.Capacity {
		t.Errorf("the floor is %+v, with %d tickets and %d to %d places held", floor, floorSold, floorLeast, floorMost)
	}
	until(t, "shows tells the same", func() bool {
		var told struct {
			Areas []struct {
				AreaID              string
				Capacity, Available int
			}
		}
		c.get(t, "", "/shows/"+h.showID+"/performances/"+h.performanceID+"/availability", &told)
		same := len(told.Areas) == 2
		for _, a := range told.Areas {
			switch a.AreaID {
			case "hall":
				same = same && a.Capacity == hallRows*hallSeats && a.Available == a.Capacity-taken
			case "floor":
				same = same && a.Capacity == floorCapacity && a.Available == floor.Available
			}
		}
		return same
	})
}

// auditMails: each confirmed order has exactly one mail. Orders that were cut
// off and given up are known by their address only.
func auditMails(t *testing.T, c *client, sellers []*seller, confirmed int) {
	t.Helper()
	var mailed map[*attempt][]mail
	until(t, "all mails are sent", func() bool {
		n := 0
		mailed = map[*attempt][]mail{}
		for _, s := range sellers {
			for _, a := range s.log {
				if a.hold.HoldID != "" && !a.keeps {
					mailed[a] = c.mails(t, a.email)
					n += len(mailed[a])
				}
			}
		}
		return n >= confirmed
	})
	all := 0
	for a, mails := range mailed {
		all += len(mails)
		ordered := a.order.OrderID != "" || a.used
		if len(mails) > 1 || ordered && len(mails) == 0 {
			t.Errorf("%d mails to %s", len(mails), a.email)
		}
		for _, m := range mails {
			if !strings.Contains(m.Text, a.order.Code) || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/pdf" {
				t.Errorf("the mail about order %s is %+v", a.order.Code, m)
			}
		}
	}
	if all != confirmed {
		t.Errorf("%d mails for %d confirmed orders", all, confirmed)
	}
}
