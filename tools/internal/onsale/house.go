package onsale

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/id"
)

const (
	rowSeats    = 50
	areaRows    = 40
	generalArea = "floor"
	password    = "onsale-password"
	// settle bounds how long tickets may take to hear of the performance.
	settle = 30 * time.Second
)

// seat is one seat to sell.
type seat struct{ area, id string }

// house is a performance that is on sale, and its buyers.
type house struct {
	client        *http.Client
	url           string
	shows         *showsapi.Client
	organizer     *ticketsapi.Client
	showID        id.ID
	performanceID id.ID
	mode          Mode
	places        int // of the house
	toSell        int
	seats         []seat // of a seated house
	buyers        []*buyer
}

// openHouse makes a show with a seated house and signs the buyers up.
func openHouse(ctx context.Context, c Config) (*house, error) {
	h := &house{client: newClient(c.Buyers), url: c.URL, mode: c.Mode, places: c.Room, toSell: c.Seats}
	identity, err := identityapi.NewClient(c.URL, identityapi.WithClient(h.client))
	if err != nil {
		return nil, err
	}
	token, err := signIn(ctx, identity, c.OrganizerEmail, c.OrganizerPassword)
	if err != nil {
		return nil, fmt.Errorf("sign in %s: %w", c.OrganizerEmail, err)
	}
	if h.shows, err = showsapi.NewClient(c.URL, showsToken(token), showsapi.WithClient(h.client)); err != nil {
		return nil, err
	}
	if h.organizer, err = ticketsapi.NewClient(c.URL, ticketsToken(token), ticketsapi.WithClient(h.client)); err != nil {
		return nil, err
	}
	if err := h.schedule(ctx); err != nil {
		return nil, err
	}
	if err := h.signUp(ctx, identity, c.Buyers); err != nil {
		return nil, err
	}
	return h, h.waitForSale(ctx)
}

func (h *house) schedule(ctx context.Context) error {
	made, err := h.shows.CreateShow(ctx, &showsapi.CreateShow{Title: "On sale", Description: "A benchmark", Category: "concert"}, showsapi.CreateShowParams{})
	if err != nil {
		return err
	}
	show, ok := made.(*showsapi.ShowCreatedHeaders)
	if !ok {
		return unexpected(made)
	}
	h.showID = show.Response.ShowID
	scheduled, err := h.shows.SchedulePerformance(ctx, &showsapi.SchedulePerformance{
		StartsAt: time.Now().AddDate(1, 0, 0).Format(time.DateOnly) + "T20:00", TimeZone: "Europe/Vienna", SeatMap: showsapi.NewOptSeatMapInput(h.seatMap()),
	}, showsapi.SchedulePerformanceParams{ShowId: h.showID})
	if err != nil {
		return err
	}
	performance, ok := scheduled.(*showsapi.PerformanceCreatedHeaders)
	if !ok {
		return unexpected(scheduled)
	}
	h.performanceID = performance.Response.PerformanceID
	published, err := h.shows.PublishShow(ctx, showsapi.PublishShowParams{ShowId: h.showID})
	if err != nil {
		return err
	}
	if _, ok := published.(*showsapi.ShowHeaders); !ok {
		return unexpected(published)
	}
	return nil
}

// wish is what the n-th buyer asks for.
func (h *house) wish(n int) ticketsapi.HoldRequestItem {
	switch h.mode {
	case General:
		return ticketsapi.HoldRequestItem{AreaID: generalArea, Quantity: ticketsapi.NewOptInt(1)}
	case Best:
		return ticketsapi.HoldRequestItem{AreaID: h.seats[n].area, BestAvailable: ticketsapi.NewOptInt(1)}
	case Seats:
	}
	return ticketsapi.HoldRequestItem{AreaID: h.seats[n].area, Seats: []string{h.seats[n].id}}
}

// seatMap lays seats out in areas of 40 rows of 50 and notes each of them; of a
// general house it is one area.
func (h *house) seatMap() showsapi.SeatMapInput {
	m := showsapi.SeatMapInput{PriceCategories: []showsapi.PriceCategoryInput{
		{ID: "a", Name: "All seats", Price: showsapi.MoneyInput{Amount: 4200, Currency: "EUR"}},
	}}
	if h.mode == General {
		m.Areas = []showsapi.AreaInput{{ID: generalArea, Kind: showsapi.AreaInputKindGeneral, Capacity: showsapi.NewOptInt(h.places), PriceCategory: "a"}}
		return m
	}
	for left := h.places; left > 0; {
		area := showsapi.AreaInput{ID: "block-" + strconv.Itoa(len(m.Areas)+1), Kind: showsapi.AreaInputKindSeated, PriceCategory: "a"}
		for row := 1; row <= areaRows && left > 0; row++ {
			n := min(rowSeats, left)
			left -= n
			area.Rows = append(area.Rows, showsapi.RowInput{Row: strconv.Itoa(row), Seats: "1-" + strconv.Itoa(n)})
			for number := 1; number <= n; number++ {
				h.seats = append(h.seats, seat{area.ID, fmt.Sprintf("%d-%d", row, number)})
			}
		}
		m.Areas = append(m.Areas, area)
	}
	return m
}

func (h *house) signUp(ctx context.Context, identity *identityapi.Client, buyers int) error {
	h.buyers = make([]*buyer, buyers)
	run := id.New().String()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i := range h.buyers {
		group.Go(func() error {
			email := fmt.Sprintf("buyer-%d-%s@example.com", i, run)
			answer, err := identity.SignUp(ctx, &identityapi.SignUp{Email: email, Password: password}, identityapi.SignUpParams{})
			if err != nil {
				return err
			}
			if _, ok := answer.(*identityapi.UserHeaders); !ok {
				return unexpected(answer)
			}
			token, err := signIn(ctx, identity, email, password)
			if err != nil {
				return err
			}
			client, err := ticketsapi.NewClient(h.url, ticketsToken(token), ticketsapi.WithClient(h.client))
			h.buyers[i] = &buyer{client}
			return err
		})
	}
	return group.Wait()
}

func (h *house) waitForSale(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	for {
		answer, err := h.organizer.GetSeats(ctx, ticketsapi.GetSeatsParams{PerformanceId: h.performanceID})
		if err != nil {
			return err
		}
		if _, ok := answer.(*ticketsapi.Seats); ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("tickets did not hear of the performance")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// count reads every seat and every ticket over the API. Oversold is how many
// tickets there are beyond one for each sold seat.
func (h *house) count(ctx context.Context) (sold, oversold int, err error) {
	answer, err := h.organizer.GetSeats(ctx, ticketsapi.GetSeatsParams{PerformanceId: h.performanceID})
	if err != nil {
		return 0, 0, err
	}
	seats, ok := answer.(*ticketsapi.Seats)
	if !ok {
		return 0, 0, unexpected(answer)
	}
	soldSeats, soldPlaces := map[seat]bool{}, 0
	for _, area := range seats.Areas {
		soldPlaces += area.Sold.Value
		for seatID, status := range area.Seats.Value {
			if status == ticketsapi.SeatStatusSold {
				soldSeats[seat{area.AreaID, seatID}] = true
			}
		}
	}
	tickets := map[seat]int{}
	params := ticketsapi.ListOrdersParams{PerformanceId: ticketsapi.NewOptUUID(h.performanceID), Limit: ticketsapi.NewOptInt(100)}
	for {
		answer, err := h.organizer.ListOrders(ctx, params)
		if err != nil {
			return 0, 0, err
		}
		page, ok := answer.(*ticketsapi.OrderList)
		if !ok {
			return 0, 0, unexpected(answer)
		}
		for _, order := range page.Items {
			for _, ticket := range order.Tickets {
				tickets[seat{ticket.AreaID, ticket.Seat.Value}]++
			}
		}
		if !page.NextCursor.Set {
			break
		}
		params.Cursor = page.NextCursor
	}
	return compare(soldSeats, soldPlaces, tickets)
}

// compare holds the tickets against what is sold. Places of a general area have
// no names: there are as many tickets for them as were sold.
func compare(soldSeats map[seat]bool, soldPlaces int, tickets map[seat]int) (sold, oversold int, err error) {
	general := seat{area: generalArea}
	oversold = tickets[general] - soldPlaces
	delete(tickets, general)
	for place, n := range tickets {
		if !soldSeats[place] {
			return 0, 0, fmt.Errorf("seat %s/%s has a ticket and is not sold", place.area, place.id)
		}
		oversold += n - 1
	}
	if len(tickets) != len(soldSeats) || oversold < 0 {
		return 0, 0, fmt.Errorf("%d seats are sold and %d have a ticket; %d places more are sold than have one", len(soldSeats), len(tickets), -oversold)
	}
	return len(soldSeats) + soldPlaces, oversold, nil
}
