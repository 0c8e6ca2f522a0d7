package tickets_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
)

// The sale of the small performance with a presale and channels: the general sale
// opens at generalSale, the presale an hour from the start on, for another hour.
var generalSale = start.Add(3 * time.Hour)

const (
	memberCode  = "MEMBERS-2027-A"
	sponsorCode = "SPONSOR-2027-B"
)

// preselling has members buy in category I, three places for each code, and
// sponsors what is allocated to them: seats. The box office has two
// places of the floor and is open from the beginning.
func preselling(p *showsevents.Performance) {
	p.SalesOpenAt = showsevents.NewOptDateTime(generalSale)
	p.Channels = []showsevents.Channel{{ID: "box_office"}}
	p.Presales = []showsevents.Presale{
		{
			ID: "members", Name: "Members", OpensAt: start.Add(time.Hour), ClosesAt: showsevents.NewOptDateTime(start.Add(2 * time.Hour)),
			PriceCategories: []string{"I"}, Uses: 3, Codes: []string{performance.CodeDigest(memberCode), performance.CodeDigest("MEMBERS-2027-C")},
		},
		{ID: "sponsors", Name: "Sponsors", OpensAt: start, Channel: showsevents.NewOptString("sponsor"), Uses: 8, Codes: []string{performance.CodeDigest(sponsorCode)}},
	}
	p.SeatMap.Value.Allocations = []showsevents.Allocation{
		{ID: "sponsors", Channel: "sponsor", AreaID: "stalls", Rows: []showsevents.AllocatedRow{{Row: "A", Seats: "1-2"}}},
		{ID: "door", Channel: "box_office", AreaID: "floor", Quantity: showsevents.NewOptInt(2)},
	}
}

// by has a hold name a presale code or a channel.
func by(member, value string, performanceID id.ID, items ...map[string]any) map[string]any {
	body := holdBody(performanceID, items...)
	body[member] = value
	return body
}

const holds = "/tickets/holds"

func TestACodeBuysBeforeTheGeneralSale(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(preselling)
	code := func(value string, items ...map[string]any) map[string]any {
		return by("presaleCode", value, p, items...)
	}
	h.refuses(409, "sales_closed", "POST", holds, "anna", code(memberCode, seats("stalls", "B-1")))
	h.clock.Advance(time.Hour)
	h.refuses(409, "sales_closed", "POST", holds, "anna", holdBody(p, seats("stalls", "B-1")))
	h.refuses(422, "invalid_presale_code", "POST", holds, "anna", code("MEMBERS-2027-X", seats("stalls", "B-1")))
	h.refuses(422, "invalid_presale_code", "POST", holds, "anna", code(performance.CodeDigest(memberCode), seats("stalls", "B-1")))
	h.refuses(422, "invalid_presale_code", "POST", holds, "anna", code(memberCode, places("floor", 1)))
	h.refuses(422, "invalid_presale_code", "POST", holds, "anna", code(memberCode, seats("stalls", "B-1"), places("floor", 1)))
	h.refuses(409, "presale_code_exhausted", "POST", holds, "anna", code(memberCode, seats("stalls", "A-3", "A-4", "B-1", "B-2")))
	if got := h.seatStates(p, "stalls"); got["B-1"] != "available" {
		t.Errorf("what was refused is %s", got["B-1"])
	}

	var held heldAnswer
	h.must(201, "POST", holds, "anna", code(strings.ToLower(memberCode), seats("stalls", "A-3", "B-1"))).json(t, &held)
	told := h.events(ticketsevents.TypeHoldPlaced)
	if len(told) != 1 || !strings.Contains(string(told[0].Data), `"presaleId":"members"`) || strings.Contains(string(told[0].Data), memberCode) {
		t.Errorf("told %s", told[0].Data)
	}
	h.refuses(409, "presale_code_exhausted", "POST", holds, "ben", code(memberCode, seats("stalls", "B-2", "B-3")))
	h.must(201, "POST", holds, "ben", code("MEMBERS-2027-C", seats("stalls", "B-2", "B-3"))) // another code has its own
	h.reopen()
	h.must(204, "DELETE", holds+"/"+held.HoldID, "anna", nil)
	h.must(201, "POST", holds, "anna", code(memberCode, seats("stalls", "A-3", "A-4", "B-1"))).json(t, &held)

	// What is held by a code is extended and ordered before the general sale.
	h.clock.Advance(9 * time.Minute)
	h.must(200, "POST", holds+"/"+held.HoldID+"/extend", "anna", nil)
	ordered := h.order("anna", held)
	h.clock.Advance(11 * time.Minute) // whose hold was used stays used
	h.refuses(409, "presale_code_exhausted", "POST", holds, "ben", code(memberCode, seats("stalls", "B-2")))
	h.must(201, "POST", "/tickets/orders/"+ordered.OrderID+"/refunds", "olga,organizer",
		map[string]any{"ticketIds": []string{ordered.Tickets[0].TicketID}, "reason": "ill"})
	h.must(201, "POST", holds, "ben", code(memberCode, seats("stalls", "B-2"))).json(t, &held)
	h.refuses(409, "presale_code_exhausted", "POST", holds, "carla", code(memberCode, seats("stalls", "B-3")))

	h.clock.Set(start.Add(2 * time.Hour)) // the presale is over
	h.refuses(409, "sales_closed", "POST", holds, "dora", code(memberCode, seats("stalls", "A-3")))
	late := h.must(201, "POST", holds, "dora", code(sponsorCode, seats("stalls", "A-3")))
	if !strings.Contains(string(late.body), `"channel":"sponsor"`) {
		t.Errorf("held %s", late.body)
	}
	h.clock.Set(generalSale)
	h.hold("erin", p, seats("stalls", "B-2"))
	h.must(201, "POST", holds, "erin", code(memberCode, seats("stalls", "B-3"))) // is good for what everybody may
}

func TestWhatIsHeldByACodeIsNotSoldOnceThePresaleIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(preselling)
	h.clock.Set(start.Add(2*time.Hour - time.Minute))
	var held heldAnswer
	h.must(201, "POST", holds, "anna", by("presaleCode", memberCode, p, seats("stalls", "B-1"))).json(t, &held)
	h.clock.Advance(time.Minute)
	h.refuses(409, "sales_closed", "POST", holds+"/"+held.HoldID+"/extend", "anna", nil)
	h.refuses(409, "sales_closed", "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_ok"))
}

// TestACodeIsUsedExactlyAsOftenAsItIsGood, whoever races for it.
func TestACodeIsUsedExactlyAsOftenAsItIsGood(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		preselling(p)
		p.Presales[0].PriceCategories = nil
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(500)
	})
	h.clock.Advance(time.Hour)
	for _, code := range []struct {
		text string
		uses int32
	}{{memberCode, 3}, {sponsorCode, 8}} {
		var held, refused atomic.Int32
		var race sync.WaitGroup
		for range 100 {
			race.Go(func() {
				switch a := h.do("POST", holds, id.New().String(), by("presaleCode", code.text, p, places("floor", 1))); {
				case a.status == 201:
					held.Add(1)
				case a.status == 409 && a.code() == "presale_code_exhausted":
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		race.Wait()
		if held.Load() != code.uses || refused.Load() != 100-code.uses {
			t.Errorf("a code for %d places was used for %d, and refused %d times", code.uses, held.Load(), refused.Load())
		}
	}
}

func TestAllocationsAreTheirChannels(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told showsevents.Performance
	p := h.performance(func(p *showsevents.Performance) { preselling(p); told = *p })
	h.clock.Set(generalSale)
	free := func(want string, floor string) {
		t.Helper()
		var free []string
		for _, seat := range []string{"A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3", "B-4"} {
			if h.seatStates(p, "stalls")[seat] == "available" {
				free = append(free, seat)
			}
		}
		if got := strings.Join(free, " "); got != want {
			t.Errorf("%s are free, want %s", got, want)
		}
		if got := h.seatStates(p, "floor")["counts"]; got != floor {
			t.Errorf("floor %s, want %s", got, floor)
		}
	}
	announced := func(want map[string]string) {
		t.Helper()
		got := map[string]string{}
		h.eventually(fmt.Sprintf("%v is announced", want), func() bool {
			for _, e := range h.events(ticketsevents.TypeAvailabilityChanged) {
				var changed ticketsevents.AvailabilityChanged
				if err := changed.UnmarshalJSON(e.Data); err != nil {
					t.Fatal(err)
				}
				got[changed.AreaID] = fmt.Sprintf("%d+%d+%d", changed.Available, changed.Held, changed.Sold)
			}
			return reflect.DeepEqual(got, want)
		})
	}
	free("A-3 A-4 B-1 B-2 B-3 B-4", "10=8+2+0")
	announced(map[string]string{"stalls": "6+2+0", "floor": "8+2+0"})

	// The public neither takes nor gets them.
	taken := h.refuses(409, "seats_unavailable", "POST", holds, "anna", holdBody(p, seats("stalls", "A-1", "A-3")))
	if !strings.Contains(string(taken.body), `["stalls/A-1"]`) {
		t.Errorf("unavailable: %s", taken.body)
	}
	if got := h.hold("anna", p, best("stalls", 2)).Items[0].Seats; !reflect.DeepEqual(got, []string{"A-3", "A-4"}) {
		t.Errorf("the best are %v", got)
	}
	h.refuses(409, "sold_out", "POST", holds, "anna", holdBody(p, places("floor", 9)))
	eight := h.hold("anna", p, places("floor", 8))
	h.refuses(409, "sold_out", "POST", holds, "ben", holdBody(p, places("floor", 1)))
	h.must(201, "POST", "/tickets/waitlist", "carla", map[string]any{"performanceId": p, "priceCategory": "floor", "quantity": 1})

	// A channel is for who organizes the show, and has what is its own.
	const olga = "olga,organizer"
	h.refuses(403, "forbidden", "POST", holds, "ben", by("channel", "box_office", p, places("floor", 1)))
	h.refuses(403, "forbidden", "POST", holds, "oscar,organizer", by("channel", "box_office", p, places("floor", 1)))
	h.refuses(422, "unknown_channel", "POST", holds, olga, by("channel", "internet", p, places("floor", 1)))
	h.refuses(409, "seats_unavailable", "POST", holds, olga, by("channel", "box_office", p, seats("stalls", "A-1")))
	h.refuses(409, "sold_out", "POST", holds, olga, by("channel", "box_office", p, places("floor", 3)))
	var door, sponsor heldAnswer
	h.must(201, "POST", holds, olga, by("channel", "box_office", p, places("floor", 2))).json(t, &door)
	h.must(201, "POST", holds, "ben", by("presaleCode", sponsorCode, p, seats("stalls", "A-1"))).json(t, &sponsor)
	h.must(204, "DELETE", holds+"/"+eight.HoldID, "anna", nil)
	h.eventually("carla is offered what is free", func() bool { return len(h.events(ticketsevents.TypeWaitlistOffered)) == 1 })
	free("B-1 B-2 B-3 B-4", "10=7+3+0")
	h.order(olga, door)
	h.must(204, "DELETE", holds+"/"+sponsor.HoldID, "ben", nil) // it goes back to its channel
	free("B-1 B-2 B-3 B-4", "10=7+1+2")
	h.buy("ben", p, seats("stalls", "B-1"))
	announced(map[string]string{"stalls": "3+4+1", "floor": "7+1+2"})

	// What is released is everybody's.
	told.Version, told.ReleasedAllocations = 2, []string{"sponsors", "door"}
	told.PreviousStartsAtUtc = showsevents.NewOptDateTime(told.StartsAtUtc)
	h.publish(showsevents.TypePerformanceRescheduled, told)
	free("A-1 A-2 B-2 B-3 B-4", "10=7+1+2")
	announced(map[string]string{"stalls": "5+2+1", "floor": "7+1+2"})
	h.reopen()
	h.hold("ben", p, seats("stalls", "A-1"))
	told.Version, told.ReleasedAllocations = 3, nil
	h.publish(showsevents.TypePerformanceRescheduled, told)
	free("B-2 B-3 B-4", "10=7+1+2") // and taken back, but for what was held meanwhile
	h.refuses(409, "seats_unavailable", "POST", holds, "ben", holdBody(p, seats("stalls", "A-2")))
	announced(map[string]string{"stalls": "3+4+1", "floor": "7+1+2"})
}

func TestAChannelSellsInItsOwnWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	opens, closes := start.Add(time.Hour), start.Add(5*time.Hour)
	p := h.performance(func(p *showsevents.Performance) {
		preselling(p)
		p.SalesCloseAt = showsevents.NewOptDateTime(start.Add(4 * time.Hour))
		p.PriceCategories[1].SalesCloseAt = showsevents.NewOptDateTime(start.Add(3*time.Hour + time.Minute))
		p.Channels = []showsevents.Channel{{ID: "box_office", SalesOpenAt: showsevents.NewOptDateTime(opens), SalesCloseAt: showsevents.NewOptDateTime(closes)}, {ID: "always"}}
		p.Limits = showsevents.NewOptPerformanceLimits(showsevents.PerformanceLimits{PerOrder: showsevents.NewOptInt(2), PerCustomer: showsevents.NewOptInt(2)})
	})
	const olga = "olga,organizer"
	body := by("channel", "box_office", p, places("floor", 1))
	h.refuses(409, "sales_closed", "POST", holds, olga, body)
	h.must(201, "POST", holds, olga, by("channel", "always", p, places("floor", 1)))
	h.refuses(409, "sales_closed", "POST", holds, olga, by("channel", "sponsor", p, places("floor", 1)))
	h.clock.Set(opens)
	h.refuses(409, "sales_closed", "POST", holds, "ben", holdBody(p, places("floor", 1)))
	h.must(201, "POST", holds, olga, by("channel", "box_office", p, places("floor", 4))) // no customer's limits
	h.clock.Set(closes.Add(-time.Minute))
	var held heldAnswer
	h.must(201, "POST", holds, olga, body).json(t, &held)
	h.must(200, "POST", holds+"/"+held.HoldID+"/extend", olga, nil)
	h.clock.Set(closes)
	h.refuses(409, "sales_closed", "POST", "/tickets/orders", olga, orderBody(held.HoldID, "tok_ok"))
	h.refuses(409, "sales_closed", "POST", holds, olga, body)
	h.must(201, "POST", holds, olga, by("channel", "always", p, places("floor", 1)))
	h.clock.Set(time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC)) // it starts
	h.refuses(409, "sales_closed", "POST", holds, olga, by("channel", "always", p, places("floor", 1)))
}

// TestTheRestOfAnAreaIsSoldBehindAnAllocation, wherever buyers begin to look.
func TestTheRestOfAnAreaIsSoldBehindAnAllocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(700)
		p.SeatMap.Value.Allocations = []showsevents.Allocation{{ID: "door", Channel: "box_office", AreaID: "floor", Quantity: showsevents.NewOptInt(640)}}
	})
	for range 20 {
		h.hold("anna", p, places("floor", 3))
	}
	h.refuses(409, "sold_out", "POST", holds, "anna", holdBody(p, places("floor", 1)))
	for range 20 {
		h.must(201, "POST", holds, "olga,organizer", by("channel", "box_office", p, places("floor", 32)))
	}
	h.refuses(409, "sold_out", "POST", holds, "olga,organizer", by("channel", "box_office", p, places("floor", 1)))
}
