package aws_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
)

// house is a performance that is on sale.
type house struct {
	organizer             person
	showID, performanceID string
}

// openHouse has an organizer make a show with a performance, and publish it.
func (a *attempt) openHouse() house {
	h := house{organizer: a.signIn("organizer")}
	var show struct{ ShowID string }
	a.call(http.StatusCreated, "POST", "/shows", h.organizer, object{"title": "Hamlet", "description": "A prince.", "category": "theatre", "venueId": a.venue(h.organizer)}, &show)
	h.showID = show.ShowID
	var performance struct{ PerformanceID string }
	a.call(http.StatusCreated, "POST", "/shows/"+h.showID+"/performances", h.organizer, object{
		"startsAt": time.Now().AddDate(0, 2, 0).Format(time.DateOnly) + "T20:00", "timeZone": "Europe/Vienna",
		"seatMap": object{
			"priceCategories": []object{{"id": "a", "name": "All places", "price": object{"amount": 4200, "currency": "EUR"}}},
			"areas": []object{
				{"id": "stalls", "kind": "seated", "priceCategory": "a", "rows": []object{{"row": "A", "seats": "1-8"}}},
				{"id": "floor", "kind": "general", "priceCategory": "a", "capacity": 20},
			},
		},
	}, &performance)
	h.performanceID = performance.PerformanceID
	a.call(http.StatusNotFound, "GET", h.seats(), nobody, nil, nil)
	a.call(http.StatusOK, "POST", "/shows/"+h.showID+"/publish", h.organizer, nil, nil)
	a.settle()
	return h
}

func (h house) seats() string { return "/tickets/performances/" + h.performanceID + "/seats" }

type ticket struct{ TicketID, Status, Code string }

type order struct {
	OrderID, Status string
	Refunded        struct{ Amount int64 }
	Tickets         []ticket
}

// hold holds a seat and a place.
func (a *attempt) hold(h house, by person, seat string) string {
	var held struct {
		HoldID string
		Total  struct{ Amount int64 }
	}
	a.call(http.StatusCreated, "POST", "/tickets/holds", by, object{"performanceId": h.performanceID, "items": []object{
		{"areaId": "stalls", "seats": []string{seat}}, {"areaId": "floor", "quantity": 1},
	}}, &held)
	if held.Total.Amount != 8400 {
		a.fail("the hold costs %+v", held.Total)
	}
	return held.HoldID
}

func payment(holdID, token string) object {
	return object{"holdId": holdID, "payment": object{"provider": "test", "token": token}}
}

// buy buys a seat and a place, and waits for all that follows.
func (a *attempt) buy(h house, by person, seat string) order {
	var placed order
	a.call(http.StatusCreated, "POST", "/tickets/orders", by, payment(a.hold(h, by, seat), "tok_ok"), &placed, "Idempotency-Key", id.New().String())
	if placed.Status != "confirmed" || len(placed.Tickets) != 2 {
		a.fail("the order is %+v", placed)
	}
	a.settle()
	return placed
}

// rebuilt has the seat map of a performance changed that is on sale: shows asks tickets, whose
// address it finds among the stage's parameters.
func rebuilt(a *attempt) {
	h := a.openHouse()
	a.buy(h, a.signIn(), "A-1")
	change := func(status int, seats string) answer {
		return a.call(status, "PATCH", "/shows/"+h.showID+"/performances/"+h.performanceID, h.organizer, object{"seatMap": object{
			"priceCategories": []object{{"id": "a", "name": "All places", "price": object{"amount": 4200, "currency": "EUR"}}},
			"areas": []object{
				{"id": "stalls", "kind": "seated", "priceCategory": "a", "rows": []object{{"row": "A", "seats": seats}}},
				{"id": "floor", "kind": "general", "priceCategory": "a", "capacity": 20},
			},
		}}, nil)
	}
	if got := change(http.StatusConflict, "2-8"); got.code() != "seats_sold" {
		a.fail("without the seat that is sold: %v", got)
	}
	change(http.StatusOK, "1-3,9")
	a.settle()
	a.hold(h, a.signIn(), "A-9")
	a.settle()
}

// left wants the places that shows has been told to be left.
func (a *attempt) left(h house, stalls, floor int) {
	var got struct {
		Areas []struct {
			AreaID              string
			Capacity, Available int
		}
	}
	a.call(http.StatusOK, "GET", "/shows/"+h.showID+"/performances/"+h.performanceID+"/availability", nobody, nil, &got)
	for _, area := range got.Areas {
		if want := map[string]int{"stalls": stalls, "floor": floor}[area.AreaID]; area.Available != want {
			a.fail("of %s %d places are left, want %d", area.AreaID, area.Available, want)
		}
	}
}

// listed has a show found by the city of its venue, of which info tells shows.
func listed(a *attempt) {
	city := "Graz " + id.New().String()
	organizer := a.signIn("organizer")
	var venue struct{ VenueID string }
	a.call(http.StatusCreated, "POST", "/info/venues", organizer, object{"name": "Hall", "city": city, "country": "AT", "timeZone": "Europe/Vienna"}, &venue)
	a.settle()
	h := a.openHouse()
	a.call(http.StatusOK, "PATCH", "/shows/"+h.showID, h.organizer, object{"venueId": venue.VenueID}, nil)
	a.settle()
	var found struct{ Items []struct{ ShowID string } }
	a.call(http.StatusOK, "GET", "/shows?city="+url.QueryEscape(city), nobody, nil, &found)
	if len(found.Items) != 1 || found.Items[0].ShowID != h.showID {
		a.fail("in %s there is %+v, want %s", city, found.Items, h.showID)
	}
}

// leftOver has shows told of what is held.
func leftOver(a *attempt) {
	h := a.openHouse()
	a.hold(h, a.signIn(), "A-5")
	a.settle()
	a.left(h, 7, 19)
}

// purchase is the README's: from signing in to admission.
func purchase(a *attempt) {
	h := a.openHouse()
	a.call(http.StatusOK, "GET", "/shows/"+h.showID, nobody, nil, nil)
	a.call(http.StatusOK, "GET", h.seats(), nobody, nil, nil)
	buyer := a.signIn()
	bought := a.buy(h, buyer, "A-1")
	a.left(h, 7, 19)

	mail := a.mailed(buyer, 1)
	if mail.subject != "Your tickets: Hamlet" || mail.attachments != 1 {
		a.fail("the mail is %q with %d attachments", mail.subject, mail.attachments)
	}
	a.call(http.StatusOK, "GET", "/tickets/orders/"+bought.OrderID, buyer, nil, nil)
	a.call(http.StatusNotFound, "GET", "/tickets/orders/"+bought.OrderID, a.signIn(), nil, nil)
	var t ticket
	a.call(http.StatusOK, "GET", "/tickets/"+bought.Tickets[0].TicketID, buyer, nil, &t)
	if t.Status != "valid" || t.Code == "" {
		a.fail("the ticket is %+v", t)
	}
	for _, file := range []struct{ name, kind, begins string }{{"qr.png", "image/png", "\x89PNG"}, {"ticket.pdf", "application/pdf", "%PDF-"}} {
		got := a.call(http.StatusOK, "GET", "/tickets/"+t.TicketID+"/"+file.name, buyer, nil, nil)
		if got.header.Get("Content-Type") != file.kind || !strings.HasPrefix(string(got.body), file.begins) {
			a.fail("%s is %q %.8q", file.name, got.header.Get("Content-Type"), got.body)
		}
	}

	gate := a.signIn("gate")
	scan := object{"code": t.Code, "gate": "north"}
	a.call(http.StatusOK, "POST", "/tickets/checkins", gate, scan, nil)
	if got := a.call(http.StatusConflict, "POST", "/tickets/checkins", gate, scan, nil); got.code() != "already_admitted" {
		a.fail("the second time: %v", got)
	}
	a.settle()
}

// declined has a card declined. The hold lives on, and is paid with another one.
func declined(a *attempt) {
	h := a.openHouse()
	buyer := a.signIn()
	held := a.hold(h, buyer, "A-2")
	if got := a.call(http.StatusPaymentRequired, "POST", "/tickets/orders", buyer, payment(held, "tok_declined"), nil); got.code() != "payment_declined" {
		a.fail("declined: %v", got)
	}
	a.call(http.StatusOK, "GET", "/tickets/holds/"+held, buyer, nil, nil)
	a.settle()
	a.call(http.StatusCreated, "POST", "/tickets/orders", buyer, payment(held, "tok_ok"), nil)
	a.settle()
	if mail := a.mailed(buyer, 2); mail.attachments != 1 {
		a.fail("the second mail is %q with %d attachments", mail.subject, mail.attachments)
	}
}

// cancelled has the organizer cancel a performance: the schedule's jobs refund all of it,
// and its buyers are told.
func cancelled(a *attempt) {
	h := a.openHouse()
	buyer := a.signIn()
	bought := a.buy(h, buyer, "A-3")
	a.call(http.StatusOK, "POST", "/shows/"+h.showID+"/performances/"+h.performanceID+"/cancel", h.organizer, object{"reason": "The prince is ill."}, nil)
	a.settle()
	a.ok(a.Tick(a.ctx, "ticketmesh-"+stage+"-tickets-jobs"))
	a.settle()
	var now order
	a.call(http.StatusOK, "GET", "/tickets/orders/"+bought.OrderID, buyer, nil, &now)
	if now.Status != "cancelled" || now.Refunded.Amount != 8400 || slices.ContainsFunc(now.Tickets, func(t ticket) bool { return t.Status != "void" }) {
		a.fail("the order is %+v", now)
	}
	if mail := a.mailed(buyer, 3); !strings.Contains(mail.text, "84.00") {
		a.fail("the mail %q says %s", mail.subject, mail.text)
	}
	got := a.send("POST", a.URL+"/tickets/holds", buyer, object{"performanceId": h.performanceID, "items": []object{{"areaId": "floor", "quantity": 1}}})
	if got.status != http.StatusConflict || got.code() != "sales_closed" {
		a.fail("a hold: %v", got)
	}
}
