package apptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Store is all ports that a store serves.
type Store interface {
	app.Chronicle
	app.Notices
	app.Outgoing
	app.Returns
	app.Customers
}

// Opened is a store with a look at its outbox.
type Opened struct {
	Store Store
	// Published returns the events that were committed, in order.
	Published func() []event.Event
}

var storeNow = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

const lease = time.Minute

// Stores is the suite for the store's ports. open returns an empty store for each test.
func Stores(t *testing.T, open func(t *testing.T) Opened) {
	ctx := context.Background()
	anna := message.Recipient{CustomerID: "anna", Email: "anna@example.com", Language: "de"}
	origin := func() message.Origin {
		return message.Origin{EventID: id.New(), CorrelationID: "corr", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	}
	performance := func(performanceID id.ID, version int) message.Performance {
		return message.Performance{
			ID: performanceID, Version: version, ShowID: id.New(), Title: "Ωδή", VenueID: id.New(), StartsAt: storeNow.Add(time.Duration(version) * time.Hour), TimeZone: "Europe/Vienna",
			Areas: map[string]string{"s": "Parkett"}, Categories: map[string]string{"a": "A"},
		}
	}
	put := func(t *testing.T, s Store, p message.Performance, notice *message.Notice) {
		t.Helper()
		err := s.PutPerformance(ctx, origin(), p.ID, func(*message.Performance) (message.Performance, *message.Notice, bool) { return p, notice, true })
		check(t, err)
	}
	// record adds messages about an order.
	record := func(t *testing.T, s Store, performanceID, orderID id.ID, messages ...message.Message) {
		t.Helper()
		check(t, s.Record(ctx, origin(), performanceID, orderID, func(*message.Purchase) []message.Message { return messages }))
	}
	about := func(performanceID, orderID id.ID) message.Message {
		m := message.New(origin(), message.OrderConfirmed, anna, performanceID, orderID, message.Content{
			OrderCode: "K7", Amount: money.Money{Amount: 1250, Currency: "KWD"},
			Fees: []message.Fee{{Name: "Card", Amount: money.Money{Amount: 5, Currency: "KWD"}}},
			Tax:  message.Tax{Name: "VAT", Percent: "7.7", Included: true, Amount: money.Money{Amount: 90, Currency: "KWD"}}, Reason: "r", Quantity: 2, PriceCategory: "a",
			ExpiresAt: storeNow.Add(time.Hour), PreviousStart: storeNow.Add(-time.Hour), OtherEmail: "o@example.com", Partial: true,
			Tickets: []message.Ticket{{ID: id.New(), AreaID: "s", Seat: "A-1", PriceCategory: "a", Price: money.Money{Amount: 625, Currency: "KWD"}, Code: "tm1.x", Version: 3}},
		}, storeNow)
		m.Subject = "Ihre Tickets"
		return m
	}
	claim := func(t *testing.T, s Store, at time.Time, limit int) []message.Message {
		t.Helper()
		got, err := s.Claim(ctx, at, lease, limit)
		check(t, err)
		return got
	}
	background := func(t *testing.T, s Store, m message.Message) message.Background {
		t.Helper()
		got, err := s.Backgrounds(ctx, []message.Message{m})
		check(t, err)
		if len(got) != 1 {
			t.Fatalf("%d backgrounds", len(got))
		}
		return got[0]
	}

	t.Run("a message is kept as it is", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		want := about(p.ID, id.New())
		record(t, s, p.ID, want.OrderID, want)
		got := claim(t, s, storeNow, 10)
		if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		listed, err := s.Messages(ctx, "anna", id.Nil, 10)
		check(t, err)
		if len(listed) != 1 || listed[0].ID != want.ID || listed[0].Status != message.Queued {
			t.Errorf("listed %+v", listed)
		}
	})
	t.Run("an event counts once", func(t *testing.T) {
		s := open(t).Store
		by := origin()
		calls := 0
		for range 3 {
			check(t, s.Record(ctx, by, id.New(), id.New(), func(*message.Purchase) []message.Message {
				calls++
				return nil
			}))
		}
		if calls != 1 {
			t.Errorf("handled %d times", calls)
		}
	})
	t.Run("a message is there once, whoever adds it", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		m := about(p.ID, id.New())
		record(t, s, p.ID, m.OrderID, m, m)
		record(t, s, p.ID, m.OrderID, m)
		if got := claim(t, s, storeNow, 10); len(got) != 1 {
			t.Errorf("%d messages", len(got))
		}
	})
	t.Run("a message is added once", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		recorded, added := about(p.ID, id.New()), about(p.ID, id.Nil)
		record(t, s, p.ID, recorded.OrderID, recorded)
		drain(s.MessagesAdded())
		for range 2 {
			check(t, s.Add(ctx, []message.Message{recorded, added}))
		}
		select {
		case <-s.MessagesAdded():
		default:
			t.Error("nobody was woken")
		}
		if got := claim(t, s, storeNow, 10); len(got) != 2 {
			t.Errorf("%d messages", len(got))
		}
	})
	t.Run("a message waits until its performance is known", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		m := about(p.ID, id.New())
		record(t, s, p.ID, m.OrderID, m)
		put(t, s, performance(id.New(), 1), nil)
		if got := claim(t, s, storeNow, 10); len(got) != 0 {
			t.Fatalf("%d messages are due", len(got))
		}
		listed, err := s.Messages(ctx, "anna", id.Nil, 10)
		check(t, err)
		if listed[0].Status != message.Waiting {
			t.Errorf("status = %s", listed[0].Status)
		}
		drain(s.MessagesAdded())
		put(t, s, p, nil)
		select {
		case <-s.MessagesAdded():
		default:
			t.Error("nobody was woken")
		}
		if got := claim(t, s, storeNow, 10); len(got) != 1 || got[0].Status != message.Queued {
			t.Errorf("claimed %+v", got)
		}
	})
	t.Run("no message waits for a performance that came meanwhile", func(t *testing.T) {
		s := open(t).Store
		for range 20 {
			p := performance(id.New(), 1)
			done := make(chan error)
			go func() {
				done <- s.PutPerformance(ctx, origin(), p.ID, func(*message.Performance) (message.Performance, *message.Notice, bool) { return p, nil, true })
			}()
			m := about(p.ID, id.New())
			record(t, s, p.ID, m.OrderID, m)
			check(t, <-done)
			if got := claim(t, s, storeNow, 10); len(got) != 1 {
				t.Fatalf("%d messages are due", len(got))
			}
		}
	})
	t.Run("a claimed message is hidden until its lease ends", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		for range 3 {
			m := about(p.ID, id.New())
			record(t, s, p.ID, m.OrderID, m)
		}
		if got := claim(t, s, storeNow, 2); len(got) != 2 {
			t.Fatalf("claimed %d, want 2", len(got))
		}
		if got := claim(t, s, storeNow, 2); len(got) != 1 {
			t.Fatalf("claimed %d, want 1", len(got))
		}
		if got := claim(t, s, storeNow.Add(lease-time.Millisecond), 10); len(got) != 0 {
			t.Errorf("claimed %d during the lease", len(got))
		}
		if got := claim(t, s, storeNow.Add(lease), 10); len(got) != 3 {
			t.Errorf("claimed %d after it", len(got))
		}
	})
	t.Run("what is due longest is claimed first", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		want := make([]id.ID, 10)
		for i := range want {
			place := i * 7 % len(want)
			m := about(p.ID, id.New())
			m.DueAt = storeNow.Add(time.Duration(place-9) * time.Second)
			record(t, s, p.ID, m.OrderID, m)
			want[place] = m.ID
		}
		var got []id.ID
		for range 4 {
			for _, m := range claim(t, s, storeNow, 3) {
				got = append(got, m.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("claimed %v, want %v", got, want)
		}
	})
	t.Run("concurrent claims share nothing", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		for range 30 {
			m := about(p.ID, id.New())
			record(t, s, p.ID, m.OrderID, m)
		}
		results := make(chan []message.Message)
		for range 6 {
			go func() {
				got, _ := s.Claim(ctx, storeNow, lease, 10)
				results <- got
			}()
		}
		seen := map[id.ID]int{}
		for range 6 {
			for _, m := range <-results {
				seen[m.ID]++
			}
		}
		for claimed := claim(t, s, storeNow, 100); len(claimed) > 0; claimed = nil {
			for _, m := range claimed {
				seen[m.ID]++
			}
		}
		if len(seen) != 30 {
			t.Errorf("%d messages claimed, want 30", len(seen))
		}
		for messageID, n := range seen {
			if n != 1 {
				t.Errorf("%s claimed %d times", messageID, n)
			}
		}
	})
	t.Run("a final message tells its fact once", func(t *testing.T) {
		o := open(t)
		s := o.Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		var give []message.Message
		for range 3 {
			m := about(p.ID, id.New())
			record(t, s, p.ID, m.OrderID, m)
			give = append(give, m)
		}
		claim(t, s, storeNow, 10)
		at := storeNow.Add(time.Second)
		settled := []message.Message{
			give[0].Delivered(at), give[1].Refused(message.ErrRejected, at), give[2].End(message.Suppressed, message.Unwanted, at),
		}
		settled[0].Subject = "Ihre Tickets: Ωδή"
		check(t, s.Settle(ctx, settled))
		check(t, s.Settle(ctx, settled))                                             // repeated
		check(t, s.Settle(ctx, []message.Message{give[1].Delivered(at.Add(lease))})) // by somebody whose lease had ended
		var types []string                                                           // each is of a message of its own: no order among them
		for _, e := range o.Published() {
			types = append(types, e.Type)
			if e.CorrelationID != "corr" || e.CausationID == "" || e.TraceParent == "" || !e.Time.Equal(at) {
				t.Errorf("event = %+v", e)
			}
		}
		slices.Sort(types)
		if want := "[ticketmesh.notifications.message.failed.v1 ticketmesh.notifications.message.sent.v1]"; fmt.Sprint(types) != want {
			t.Errorf("published %v, want %s", types, want)
		}
		listed, err := s.Messages(ctx, "anna", id.Nil, 10)
		check(t, err)
		for _, m := range listed {
			for _, want := range settled {
				if m.ID == want.ID && (m.Status != want.Status || m.Reason != want.Reason || !m.EndedAt.Equal(at) || m.Subject != want.Subject || len(m.Content.Tickets) != 0) {
					t.Errorf("got  %+v\nwant %+v", m, want)
				}
			}
		}
		if got := claim(t, s, at.Add(24*time.Hour), 10); len(got) != 0 {
			t.Errorf("%d final messages are due", len(got))
		}
	})
	t.Run("a refused message is due later", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		m := about(p.ID, id.New())
		record(t, s, p.ID, m.OrderID, m)
		claim(t, s, storeNow, 10)
		refused := m.Refused(errors.New("busy"), storeNow)
		check(t, s.Settle(ctx, []message.Message{refused}))
		if got := claim(t, s, refused.DueAt.Add(-time.Millisecond), 10); len(got) != 0 {
			t.Error("due too early")
		}
		if got := claim(t, s, refused.DueAt, 10); len(got) != 1 || got[0].Attempts != 1 || len(got[0].Content.Tickets) != 1 {
			t.Errorf("claimed %+v", got)
		}
	})
	t.Run("a mail that comes back is told once", func(t *testing.T) {
		tests := []struct {
			name     string
			before   func(m message.Message) message.Message // nil: claimed, its sending not yet settled
			fails    bool
			versions []int // of the facts
		}{
			{"sent", func(m message.Message) message.Message { return m.Delivered(storeNow) }, true, []int{1, 2}},
			{"about to be settled as sent", nil, true, []int{1}},
			{"failed", func(m message.Message) message.Message { return m.Refused(message.ErrRejected, storeNow) }, false, []int{1}},
			{"suppressed", func(m message.Message) message.Message {
				return m.End(message.Suppressed, message.Unwanted, storeNow)
			}, false, nil},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				o := open(t)
				s := o.Store
				p := performance(id.New(), 1)
				put(t, s, p, nil)
				m := about(p.ID, id.New())
				record(t, s, p.ID, m.OrderID, m)
				claim(t, s, storeNow, 10)
				if tt.before != nil {
					check(t, s.Settle(ctx, []message.Message{tt.before(m)}))
				}
				at := storeNow.Add(time.Hour)
				for again := range 2 {
					check(t, s.Return(ctx, m.ID, func(known message.Message) (message.Message, bool) {
						if known.ID != m.ID || known.Recipient != m.Recipient || known.Template != m.Template {
							t.Errorf("got %+v", known)
						}
						returned, isNew := known.Returned(message.Bounced, at)
						if isNew != (tt.fails && again == 0) {
							t.Errorf("time %d: new = %v", again, isNew)
						}
						return returned, isNew
					}))
				}
				check(t, s.Settle(ctx, []message.Message{m.Delivered(at)})) // by who sent it and was slower
				if got := claim(t, s, at.Add(24*time.Hour), 10); len(got) != 0 {
					t.Error("it is due")
				}
				listed, err := s.Messages(ctx, "anna", id.Nil, 10)
				check(t, err)
				if tt.fails && (listed[0].Status != message.Failed || listed[0].Reason != message.Bounced || !listed[0].EndedAt.Equal(at)) {
					t.Errorf("message = %+v", listed[0])
				}
				var versions []int
				for _, e := range o.Published() {
					var data struct{ Version int }
					check(t, json.Unmarshal(e.Data, &data))
					versions = append(versions, data.Version)
				}
				if !slices.Equal(versions, tt.versions) {
					t.Errorf("facts with versions %v, want %v", versions, tt.versions)
				}
			})
		}
	})
	t.Run("a mail that nobody knows cannot come back", func(t *testing.T) {
		s := open(t).Store
		err := s.Return(ctx, id.New(), func(m message.Message) (message.Message, bool) {
			t.Error("there is a message")
			return m, false
		})
		if !errors.Is(err, app.ErrNotFound) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("an address is blocked, however it is written", func(t *testing.T) {
		s := open(t).Store
		m := about(id.New(), id.Nil)
		if b := background(t, s, m); !b.BlockedTill.IsZero() {
			t.Errorf("at first till %s", b.BlockedTill)
		}
		check(t, s.Block(ctx, "ANNA@example.com", storeNow))
		check(t, s.Block(ctx, "Anna@Example.com", storeNow.Add(time.Hour)))
		if b := background(t, s, m); !b.BlockedTill.Equal(storeNow.Add(time.Hour)) {
			t.Errorf("till %s", b.BlockedTill)
		}
		m.Recipient.Email = "berta@example.com"
		if b := background(t, s, m); !b.BlockedTill.IsZero() {
			t.Errorf("another address till %s", b.BlockedTill)
		}
	})
	t.Run("state is replaced by newer state only", func(t *testing.T) {
		s := open(t).Store
		show, venue := id.New(), id.New()
		p := performance(id.New(), 1)
		p.ShowID, p.VenueID = show, id.Nil
		put(t, s, p, nil)
		for _, version := range []int{2, 1, 3, 3} {
			check(t, s.PutShow(ctx, origin(), message.Show{ID: show, Version: version, Title: fmt.Sprint("title ", version), VenueID: venue}))
			check(t, s.PutVenue(ctx, origin(), message.Venue{ID: venue, Version: version, Name: fmt.Sprint("venue ", version), Address: "a", City: "c"}))
		}
		check(t, s.PutShow(ctx, origin(), message.Show{ID: show, Version: 3, Title: "the same version"}))
		got := background(t, s, about(p.ID, id.Nil))
		if got.Title() != "title 3" || got.Venue == nil || *got.Venue != (message.Venue{ID: venue, Version: 3, Name: "venue 3", Address: "a", City: "c"}) {
			t.Errorf("show %+v, venue %+v", got.Show, got.Venue)
		}
	})
	t.Run("a performance is kept as it is", func(t *testing.T) {
		s := open(t).Store
		want := performance(id.New(), 4)
		want.Cancelled, want.CancelledBy, want.Reason, want.PreviousStart, want.ReturnsUntil = true, origin(), "ill", storeNow, storeNow.Add(time.Hour)
		if _, err := s.Performance(ctx, want.ID); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("an unknown one: %v", err)
		}
		put(t, s, want, nil)
		if got, err := s.Performance(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
		var known *message.Performance
		check(t, s.PutPerformance(ctx, origin(), want.ID, func(k *message.Performance) (message.Performance, *message.Notice, bool) {
			known = k
			return message.Performance{}, nil, false
		}))
		if known == nil || !reflect.DeepEqual(*known, want) {
			t.Errorf("got  %+v\nwant %+v", known, want)
		}
		if got := background(t, s, about(want.ID, id.Nil)); !reflect.DeepEqual(got.Performance, want) {
			t.Errorf("got  %+v\nwant %+v", got.Performance, want)
		}
	})
	t.Run("a purchase is kept as it is", func(t *testing.T) {
		s := open(t).Store
		performanceID, orderID := id.New(), id.New()
		change := func(fn func(*message.Purchase)) (seen message.Purchase) {
			check(t, s.Record(ctx, origin(), performanceID, orderID, func(p *message.Purchase) []message.Message {
				seen = *p
				fn(p)
				return nil
			}))
			return seen
		}
		ticket := message.Ticket{ID: id.New(), Version: 2}
		want := message.Purchase{PerformanceID: performanceID, OrderID: orderID}
		for _, fn := range []func(*message.Purchase){
			func(p *message.Purchase) { p.Move(ticket, anna) },
			func(p *message.Purchase) { p.Confirm(anna, []message.Ticket{ticket}) },
			func(p *message.Purchase) { p.Cancel([]message.Ticket{ticket}) },
			func(*message.Purchase) {},
		} {
			if seen := change(fn); !reflect.DeepEqual(seen, want) {
				t.Errorf("got  %+v\nwant %+v", seen, want)
			}
			fn(&want)
		}
		if got := background(t, s, about(performanceID, orderID)); got.Purchase == nil || !reflect.DeepEqual(*got.Purchase, want) {
			t.Errorf("got  %+v\nwant %+v", got.Purchase, want)
		}
	})
	t.Run("a notice goes page by page until it is done", func(t *testing.T) {
		s := open(t).Store
		if _, err := s.NextNotice(ctx); !errors.Is(err, app.ErrNotFound) {
			t.Fatalf("no notice: %v", err)
		}
		p := performance(id.New(), 1)
		var orders []id.ID
		for range 5 {
			orderID := id.New()
			orders = append(orders, orderID)
			check(t, s.Record(ctx, origin(), p.ID, orderID, func(p *message.Purchase) []message.Message {
				p.Confirm(anna, []message.Ticket{{ID: id.New()}})
				return nil
			}))
		}
		first := message.Notice{Origin: origin(), Template: message.PerformanceRescheduled, PerformanceID: p.ID, PreviousStart: storeNow}
		second := message.Notice{Origin: origin(), Template: message.PerformanceCancelled, PerformanceID: p.ID}
		put(t, s, p, &first)
		select {
		case <-s.NoticesAdded():
		default:
			t.Error("nobody was woken")
		}
		put(t, s, p, &second)
		got, err := s.NextNotice(ctx)
		check(t, err)
		if !reflect.DeepEqual(got, first) {
			t.Errorf("got  %+v\nwant %+v", got, first)
		}
		page, err := s.Purchases(ctx, p.ID, id.Nil, 3)
		check(t, err)
		if len(page) != 3 {
			t.Fatalf("page = %+v", page)
		}
		m := about(p.ID, id.Nil)
		after := page[2].OrderID
		check(t, s.Advance(ctx, got, []message.Message{m}, after, false))
		check(t, s.Advance(ctx, got, []message.Message{m}, page[1].OrderID, false)) // by somebody who was slower
		if claimed := claim(t, s, storeNow, 10); len(claimed) != 1 {
			t.Errorf("%d messages", len(claimed))
		}
		got, err = s.NextNotice(ctx)
		check(t, err)
		if got.After != after {
			t.Errorf("after %s, want %s", got.After, after)
		}
		rest, err := s.Purchases(ctx, p.ID, got.After, 3)
		check(t, err)
		var seen []id.ID
		for _, p := range append(page, rest...) {
			seen = append(seen, p.OrderID)
		}
		slices.SortFunc(seen, func(a, b id.ID) int { return strings.Compare(a.String(), b.String()) })
		if len(rest) != 2 || !slices.Equal(seen, orders) {
			t.Errorf("pages of %v, want %v", seen, orders)
		}
		check(t, s.Advance(ctx, got, nil, rest[1].OrderID, true))
		check(t, s.Advance(ctx, got, nil, rest[0].OrderID, false)) // by somebody who was slower
		if got, err = s.NextNotice(ctx); err != nil || got.Origin != second.Origin || !got.PreviousStart.IsZero() {
			t.Errorf("next = %+v, %v", got, err)
		}
	})
	t.Run("pages have all purchases, each once", func(t *testing.T) {
		s := open(t).Store
		performanceID, other := id.New(), id.New()
		orders := map[id.ID]int{}
		for range 30 {
			for _, of := range []id.ID{performanceID, other} {
				orderID := id.New()
				check(t, s.Record(ctx, origin(), of, orderID, func(p *message.Purchase) []message.Message {
					p.Confirm(anna, []message.Ticket{{ID: id.New()}})
					return nil
				}))
				if of == performanceID {
					orders[orderID] = 0
				}
			}
		}
		for after, pages := id.Nil, 0; ; pages++ {
			page, err := s.Purchases(ctx, performanceID, after, 7)
			check(t, err)
			for _, p := range page {
				orders[p.OrderID]++
				after = p.OrderID
			}
			if len(page) < 7 {
				if pages != 4 {
					t.Errorf("%d full pages, want 4", pages)
				}
				break
			}
		}
		if len(orders) != 30 {
			t.Errorf("%d purchases, want 30", len(orders))
		}
		for orderID, n := range orders {
			if n != 1 {
				t.Errorf("%s is there %d times", orderID, n)
			}
		}
	})
	t.Run("customers see their own messages", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		var want []id.ID
		for range 5 {
			m := about(p.ID, id.New())
			record(t, s, p.ID, m.OrderID, m)
			want = append([]id.ID{m.ID}, want...)
		}
		other := about(p.ID, id.New())
		other.Recipient.CustomerID = "berta"
		record(t, s, p.ID, other.OrderID, other)
		var got []id.ID
		for before := id.Nil; ; {
			page, err := s.Messages(ctx, "anna", before, 2)
			check(t, err)
			for _, m := range page {
				got = append(got, m.ID)
			}
			if len(page) < 2 {
				break
			}
			before = page[1].ID
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("preferences", func(t *testing.T) {
		s := open(t).Store
		got, err := s.Preferences(ctx, "anna")
		check(t, err)
		if got != message.AllWanted() {
			t.Errorf("at first %+v", got)
		}
		want := message.Preferences{Tickets: true, Changes: true}
		check(t, s.PutPreferences(ctx, "anna", want))
		if got, err = s.Preferences(ctx, "anna"); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		check(t, s.Unsubscribe(ctx, "anna", message.Changes))
		check(t, s.Unsubscribe(ctx, "anna", message.Changes))
		check(t, s.Unsubscribe(ctx, "berta", message.Tickets))
		if got, err = s.Preferences(ctx, "anna"); err != nil || got != (message.Preferences{Tickets: true}) {
			t.Errorf("%+v, %v", got, err)
		}
		m := about(id.New(), id.Nil)
		m.Recipient.CustomerID = "berta"
		if b := background(t, s, m); b.Preferences != message.AllWanted().Without(message.Tickets) {
			t.Errorf("berta's = %+v", b.Preferences)
		}
	})
	t.Run("a token is the same for all mails of a category", func(t *testing.T) {
		s := open(t).Store
		p := performance(id.New(), 1)
		put(t, s, p, nil)
		one, two, offer := about(p.ID, id.New()), about(p.ID, id.New()), about(p.ID, id.Nil)
		offer.Template, offer.ID = message.WaitlistOffered, id.New()
		record(t, s, p.ID, one.OrderID, one)
		record(t, s, p.ID, two.OrderID, two)
		record(t, s, p.ID, id.Nil, offer)
		batch, err := s.Backgrounds(ctx, []message.Message{one, two, offer, one})
		check(t, err)
		token := background(t, s, one).Token
		if len(batch) != 4 || batch[0].Token != token || batch[1].Token != token || batch[2].Token != background(t, s, offer).Token || batch[3].Token != token {
			t.Errorf("a batch has %+v, want %s", batch, token)
		}
		if len(token) < 37 || token != background(t, s, two).Token || token == background(t, s, offer).Token {
			t.Errorf("tokens = %q, %q, %q", token, background(t, s, two).Token, background(t, s, offer).Token)
		}
		got, err := s.Subscription(ctx, token)
		if err != nil || got != (message.Subscription{CustomerID: "anna", Category: message.Tickets, Language: "de"}) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.Subscription(ctx, token+"x"); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("an unknown token: %v", err)
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func drain(ch <-chan struct{}) {
	select {
	case <-ch:
	default:
	}
}
