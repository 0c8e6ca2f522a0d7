package notifications_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/embedded"
)

func TestAConfirmedOrderIsMailedWithItsTickets(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	o := s.order("anna", 3)
	e := o.confirmed()
	m.mustHandle(s.venueUpdated(), s.scheduled(1, nil), e)

	got := m.wantMails(1, "&to=ANNA@example.com")[0]
	if got.To != "anna@example.com" || got.Subject != "Your tickets: Die Zauberflöte" {
		t.Errorf("mail to %q about %q", got.To, got.Subject)
	}
	if len(got.Attachments) != 1 || got.Attachments[0].ContentType != "application/pdf" || got.Attachments[0].Name != "tickets-K7QF2M9D.pdf" {
		t.Fatalf("attachments = %+v, want one PDF", got.Attachments)
	}
	for _, want := range []string{"Tuesday, 1 June 2027, 20:00 (Europe/Vienna)", "Staatsoper, Opernring 2, Wien", "Parkett, Row A, Seat 3", "268.50", "/notifications/unsubscribe/"} {
		if !strings.Contains(got.Text, want) || !strings.Contains(got.HTML, want) {
			t.Errorf("text or HTML lacks %q:\n%s", want, got.Text)
		}
	}
	file := m.get("/dev/mailbox/" + got.ID + "/attachments/" + got.Attachments[0].Name)
	if !strings.HasPrefix(file, "%PDF-") || len(file) != got.Attachments[0].Size || len(file) > 3*15<<10 {
		t.Errorf("the attachment of %d bytes isn't the PDF of %d", len(file), got.Attachments[0].Size)
	}
	if n := strings.Count(file, "/Type/Page/"); n != 3 {
		t.Errorf("%d pages, want one for each ticket", n)
	}

	m.eventually("message.sent is published", func() bool { return len(m.bus.all()) == 1 })
	fact := m.bus.all()[0]
	if fact.Type != "ticketmesh.notifications.message.sent.v1" || fact.CausationID != e.ID.String() || fact.CorrelationID != e.CorrelationID || fact.Subject != got.ID {
		t.Errorf("published %+v", fact)
	}
	listed := m.messages("anna")
	if len(listed) != 1 || listed[0].Status != "sent" || listed[0].SentAt != "2027-02-01T09:00:00.000Z" || listed[0].OrderID != o.id.String() ||
		listed[0].PerformanceID != s.performance.String() || listed[0].MessageID != got.ID || listed[0].Subject != got.Subject {
		t.Errorf("listed %+v", listed)
	}
}

func (m *mesh) get(path string) string {
	m.t.Helper()
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	w := newRecorder()
	m.box.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		m.t.Fatalf("%s answered %d", path, w.Code)
	}
	return w.Body.String()
}

func TestEveryFactHasItsMails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give func(s stage, o order) []event.Event
		want []string // to: subject
	}{
		{"order.declined", func(_ stage, o order) []event.Event {
			return []event.Event{o.event("ticketmesh.tickets.order.declined.v1", fields{"total": fields{"amount": 100, "currency": "EUR"}, "reason": "insufficient_funds"})}
		}, []string{"anna@example.com: Your payment was declined: Die Zauberflöte"}},
		{"order.cancelled by the customer", func(_ stage, o order) []event.Event {
			return []event.Event{o.cancelledBecause("customer")}
		}, []string{"anna@example.com: Your order was cancelled: Die Zauberflöte"}},
		{"order.refunded", func(_ stage, o order) []event.Event {
			return []event.Event{o.refunded(1, "partially_refunded")}
		}, []string{"anna@example.com: Your refund: Die Zauberflöte"}},
		{"ticket.transferred", func(_ stage, o order) []event.Event {
			return []event.Event{o.transferred(2, "anna", "berta")}
		}, []string{"anna@example.com: You passed a ticket on: Die Zauberflöte", "berta@example.com: Ein Ticket für Sie: Die Zauberflöte"}},
		{"waitlist.offered", func(s stage, _ order) []event.Event {
			return []event.Event{s.offered("anna", start.Add(time.Hour))}
		}, []string{"anna@example.com: Places for you: Die Zauberflöte"}},
		{"performance.rescheduled", func(s stage, o order) []event.Event {
			return []event.Event{o.confirmed(), s.rescheduled(2)}
		}, []string{"anna@example.com: New time: Die Zauberflöte", "anna@example.com: Your tickets: Die Zauberflöte"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(t)
			m.run()
			s := newStage()
			m.mustHandle(s.scheduled(1, nil))
			m.mustHandle(tt.give(s, s.order("anna", 2))...)
			got := subjects(m.wantMails(len(tt.want), ""))
			slices.Sort(got)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("mails = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestACancelledPerformanceIsToldToAllWhoHoldTickets(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	m.mustHandle(s.scheduled(1, nil))
	orders := map[string]order{}
	for i := range 200 { // more than a page
		name := fmt.Sprintf("c%03d", i)
		orders[name] = s.order(name, 1)
		m.mustHandle(orders[name].confirmed())
	}
	m.mustHandle(
		orders["c001"].transferred(2, "c001", "berta"), // tells berta in the place of c001
		orders["c002"].cancelledBecause("customer"),    // not coming anyway
	)
	twice := s.order("c003", 2) // one mail for two orders
	m.mustHandle(twice.confirmed())
	before := len(m.wantMails(200+1+2+1, ""))

	m.mustHandle(s.cancelled(2))
	// Its consequences may come before the notice is spread.
	m.mustHandle(orders["c004"].cancelledBecause("performance_cancelled"), orders["c004"].refunded(1, "cancelled"))

	cancelled := func() (to []string) {
		for _, mail := range m.mails("") {
			if strings.HasPrefix(mail.Subject, "Cancelled: ") || strings.HasPrefix(mail.Subject, "Entfällt: ") {
				to = append(to, mail.To)
			}
		}
		return to
	}
	m.eventually("all are told", func() bool { return len(cancelled()) == 199 && len(m.mails("")) == before+199+1 })
	to := cancelled()
	for name, want := range map[string]int{"berta": 1, "c001": 0, "c002": 0, "c003": 1, "c004": 1, "c199": 1} {
		n := 0
		for _, address := range to {
			if address == name+"@example.com" {
				n++
			}
		}
		if n != want {
			t.Errorf("%s got %d mails, want %d", name, n, want)
		}
	}
	// An order that is heard of only now is told too, and gets no tickets.
	late := s.order("late", 1)
	m.mustHandle(late.confirmed())
	m.wantStatus("late", map[string]string{"order-confirmed": "suppressed", "performance-cancelled": "sent"})
}

func TestMailsWaitForTheirPerformance(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	o := s.order("anna", 1)
	m.mustHandle(o.confirmed(), o.transferred(2, "anna", "berta"), s.offered("carl", start.Add(time.Hour)))
	m.wantStatus("anna", map[string]string{"order-confirmed": "waiting", "ticket-transferred": "waiting"})
	if listed := m.messages("carl"); listed[0].Subject != "Places for you from the waiting list" {
		t.Errorf("subject while waiting = %q", listed[0].Subject)
	}
	// Another performance doesn't release them.
	m.mustHandle(newStage().scheduled(1, nil))
	m.wantStatus("berta", map[string]string{"ticket-received": "waiting"})

	m.mustHandle(s.scheduled(1, nil))
	// The only ticket has moved on meanwhile: its first code is dead.
	m.wantStatus("anna", map[string]string{"order-confirmed": "suppressed", "ticket-transferred": "sent"})
	m.wantStatus("berta", map[string]string{"ticket-received": "sent"})
	m.wantStatus("carl", map[string]string{"waitlist-offered": "sent"})
}

func TestTheOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := newStage()
	o := s.order("anna", 2)
	events := []event.Event{
		s.scheduled(1, nil), s.venueUpdated(), o.confirmed(), o.transferred(2, "anna", "berta"), o.transferred(3, "berta", "carl"), s.rescheduled(2),
	}
	for i, order := range [][]int{{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {2, 4, 3, 5, 0, 1}, {4, 2, 5, 0, 3, 1}} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m := newMesh(t)
			for _, at := range order {
				m.mustHandle(events[at], events[at]) // each delivered twice
			}
			m.run()
			m.wantStatus("anna", map[string]string{"order-confirmed": "sent", "ticket-transferred": "sent", "performance-rescheduled": "sent"})
			m.eventually("carl has the ticket and the news", func() bool {
				statuses := map[string]string{}
				for _, e := range m.messages("carl") {
					statuses[e.Template] = e.Status
				}
				return statuses["ticket-received"] == "sent" && statuses["performance-rescheduled"] == "sent"
			})
			for _, mail := range m.mails("&to=carl@example.com") {
				if !strings.Contains(mail.Text, "8. Juni 2027, 19:30 Uhr") {
					t.Errorf("not the latest time in:\n%s", mail.Text)
				}
			}
		})
	}
}

func TestStaleStateIsDropped(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := newStage()
	m.mustHandle(s.rescheduled(3), s.scheduled(2, nil), s.order("anna", 1).confirmed())
	m.run()
	m.eventually("the tickets are mailed", func() bool {
		return slices.ContainsFunc(m.messages("anna"), func(e entry) bool { return e.Template == "order-confirmed" && e.Status == "sent" })
	})
	for _, got := range m.mails("") {
		if !strings.Contains(got.Text, "8 June 2027, 19:30") {
			t.Errorf("not the latest time in:\n%s", got.Text)
		}
	}
}

func TestARepeatedEventSendsNothingTwice(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	o := s.order("anna", 1)
	events := []event.Event{s.scheduled(1, nil), o.confirmed(), s.rescheduled(2)}
	m.mustHandle(events...)
	m.wantMails(2, "")
	m.mustHandle(events...)
	m.restart()
	m.mustHandle(events...)
	m.mustHandle(s.offered("marker", start.Add(time.Hour)))
	m.wantMails(3, "")
}

func TestAPreferenceStopsAMail(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	if w := m.call(http.MethodPut, "/notifications/preferences", "anna", `{"email":{"tickets":false,"waitlist":true}}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	m.mustHandle(s.scheduled(1, nil), s.order("anna", 1).confirmed(), s.order("berta", 1).confirmed(), s.offered("anna", start.Add(time.Hour)))
	m.wantStatus("anna", map[string]string{"order-confirmed": "suppressed", "waitlist-offered": "sent"})
	m.wantStatus("berta", map[string]string{"order-confirmed": "sent"})
	if got := m.wantMails(1, "&to=anna@example.com"); got[0].Subject != "Places for you: Die Zauberflöte" {
		t.Errorf("anna got %q", got[0].Subject)
	}
	for _, e := range m.bus.all() {
		if strings.Contains(string(e.Data), "order-confirmed") && strings.Contains(string(e.Data), "anna") {
			t.Error("a suppressed message published an event")
		}
	}
}

var link = regexp.MustCompile(`https://tickets\.example\.com(/notifications/unsubscribe/[\w-]+)`)

func TestOneClickUnsubscribes(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	m.mustHandle(s.scheduled(1, nil), s.offered("anna", start.Add(time.Hour)), s.order("anna", 1).confirmed())
	m.wantMails(2, "")
	var path string
	for _, mail := range m.mails("") {
		header := mail.Headers["List-Unsubscribe"]
		if strings.Contains(mail.Subject, "Places for you") {
			if header == "" || mail.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
				t.Errorf("headers = %v", mail.Headers)
			}
			path = link.FindStringSubmatch(mail.Text)[1]
			if !strings.Contains(header, path) {
				t.Errorf("header %q isn't the link %q", header, path)
			}
		} else if header != "" {
			t.Errorf("a transactional mail offers %q", header)
		}
	}
	page := m.call(http.MethodGet, path, "", "")
	if page.Code != http.StatusOK || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") || !strings.Contains(page.Body.String(), `<form method="post">`) {
		t.Fatalf("%d %s", page.Code, page.Body)
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self'") || page.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers = %v", page.Header())
	}
	if got := m.call(http.MethodGet, "/notifications/preferences", "anna", "").Body.String(); !strings.Contains(got, `"waitlist":true`) {
		t.Errorf("following the link changed the preferences: %s", got)
	}
	for name, give := range map[string][2]string{
		"form":      {"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		"multipart": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"},
		"no body":   {"", ""},
	} {
		if w := m.call(http.MethodPut, "/notifications/preferences", "anna", `{"email":{"payments":false}}`); w.Code != http.StatusOK {
			t.Fatal(w.Code)
		}
		w := m.post(path, give[0], give[1])
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		got := m.call(http.MethodGet, "/notifications/preferences", "anna", "").Body.String()
		if want := `{"email":{"tickets":true,"payments":false,"changes":true,"waitlist":false}}`; strings.TrimSpace(got) != want {
			t.Errorf("%s: preferences = %s, want %s", name, got, want)
		}
	}
	m.mustHandle(s.offered("anna", start.Add(time.Hour)))
	m.eventually("the next offer is suppressed", func() bool {
		return slices.ContainsFunc(m.messages("anna"), func(e entry) bool { return e.Status == "suppressed" })
	})
}

func TestOffersAndTicketsThatAreOvertakenAreNotSent(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := newStage()
	o := s.order("anna", 1)
	m.mustHandle(s.scheduled(1, nil), s.offered("carl", start.Add(time.Minute)), o.confirmed(), o.cancelledBecause("customer"))
	m.clock.Advance(time.Minute)
	m.run()
	m.wantStatus("carl", map[string]string{"waitlist-offered": "suppressed"})
	m.wantStatus("anna", map[string]string{"order-confirmed": "suppressed", "order-cancelled": "sent"})
}

func TestNothingIsLostByARestart(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := newStage()
	m.mustHandle(s.order("anna", 1).confirmed()) // waiting
	m.restart()
	m.stop()
	m.mustHandle(s.scheduled(1, nil)) // queued, a notice pending
	m.mustHandle(s.rescheduled(2))
	m.restart()
	m.wantMails(2, "&to=anna@example.com")
	m.eventually("facts are published", func() bool { return len(m.bus.all()) == 2 })
}

func TestUnknownMembersAreNoReasonToRefuse(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.run()
	s := newStage()
	m.mustHandle(s.scheduled(1, fields{"newMember": fields{"deep": []int{1}}}), s.order("anna", 1).event("ticketmesh.tickets.order.declined.v1",
		fields{"total": fields{"amount": 100, "currency": "EUR", "tax": 7}, "reason": "a_new_reason", "newMember": 1}))
	m.wantMails(1, "")
}

func TestPoisonIsRefusedForGood(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := newStage()
	good := s.order("anna", 1).confirmed()
	tests := []struct {
		name string
		give event.Event
	}{
		{"no members", newEvent("/x", good.Type, "x", fields{})},
		{"a wrong type", newEvent("/x", good.Type, "x", fields{"orderId": 7})},
		{"a malformed id", s.order("anna", 1).event("ticketmesh.tickets.order.declined.v1", fields{"orderId": "x"})},
		{"a bound exceeded", s.scheduled(0, nil)},
		{"not what the type says", newEvent("/x", "ticketmesh.info.venue.updated.v1", "x", fields{"showId": id.New()})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := m.handle(tt.give)
			if err == nil || !consumer.IsPermanent(err) {
				t.Errorf("error = %v, want a permanent one", err)
			}
		})
	}
	for _, sub := range m.service.Subscriptions {
		if err := sub.Handle(context.Background(), newEvent("/x", "ticketmesh.tickets.hold.placed.v1", "x", fields{})); !consumer.IsPermanent(err) {
			t.Errorf("%s: an event nobody asked for: %v", sub.Name, err)
		}
	}
	m.run()
	m.mustHandle(s.scheduled(1, nil), good) // the good go on
	m.wantMails(1, "")
}

type refusing struct{ refuse string }

func (r refusing) Validate(eventType string, _ []byte) error {
	if strings.HasSuffix(eventType, r.refuse) {
		return errors.New("refused")
	}
	return nil
}

func TestAnEventThatMayNotBePublishedStopsItsMail(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	m.close()
	config := m.config()
	config.Validator = refusing{"message.sent.v1"}
	m.openWith(config)
	s := newStage()
	m.mustHandle(s.scheduled(1, nil), s.order("anna", 1).confirmed())
	m.run()
	m.clock.Advance(time.Second)
	m.mustHandle(s.offered("anna", start.Add(time.Hour)))
	m.stop()
	if got := m.mails(""); len(got) != 0 {
		t.Errorf("sent %v", subjects(got))
	}
	m.restart() // with the real validator
	m.clock.Advance(time.Minute)
	m.wantMails(2, "")
}

func TestConfigurationReportsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	_, _, err := embedded.Open(context.Background(), embedded.Config{})
	for _, want := range []string{"DataDir", "BaseURL", "Clock", "Logger", "Verifier", "Validator"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't name %s", err, want)
		}
	}
	m := newMesh(t)
	config := m.config()
	config.DataDir = t.TempDir()
	config.SMTP = &embedded.SMTP{Port: 99999, TLS: "maybe", Username: "u", Password: ""}
	_, _, err = embedded.Open(context.Background(), config)
	for _, want := range []string{"host", "99999", "maybe", "sender", "password"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't name %s", err, want)
		}
	}
	config.SMTP = &embedded.SMTP{Host: "127.0.0.1", Port: 25, TLS: "none", From: "Tickets <tickets@example.com>"}
	s, box, err := embedded.Open(context.Background(), config)
	if err != nil || box != nil {
		t.Fatalf("%v, mailbox %v", err, box)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	tests := []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"no token", "GET", "/notifications", "", "", 401, "unauthenticated"},
		{"a bad token", "GET", "/notifications", "bad", "", 401, "unauthenticated"},
		{"no messages", "GET", "/notifications", "anna", "", 200, ""},
		{"limit 0", "GET", "/notifications?limit=0", "anna", "", 400, "invalid_request"},
		{"limit 101", "GET", "/notifications?limit=101", "anna", "", 400, "invalid_request"},
		{"a made-up cursor", "GET", "/notifications?cursor=zzz", "anna", "", 400, "invalid_request"},
		{"preferences without a token", "GET", "/notifications/preferences", "", "", 401, "unauthenticated"},
		{"preferences", "GET", "/notifications/preferences", "anna", "", 200, ""},
		{"an unknown category", "PUT", "/notifications/preferences", "anna", `{"email":{"fax":true}}`, 400, "invalid_request"},
		{"an unknown channel", "PUT", "/notifications/preferences", "anna", `{"email":{},"fax":{}}`, 400, "invalid_request"},
		{"a wrong type", "PUT", "/notifications/preferences", "anna", `{"email":{"tickets":"no"}}`, 400, "invalid_request"},
		{"no channel", "PUT", "/notifications/preferences", "anna", `{}`, 400, "invalid_request"},
		{"not JSON", "PUT", "/notifications/preferences", "anna", `{`, 400, "invalid_request"},
		{"too large", "PUT", "/notifications/preferences", "anna", `{"email":{},"x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "payload_too_large"},
		{"an unknown token", "GET", "/notifications/unsubscribe/nope", "", "", 404, "not_found"},
		{"posting to an unknown token", "POST", "/notifications/unsubscribe/nope", "", "", 404, "not_found"},
		{"a JSON body", "POST", "/notifications/unsubscribe/nope", "", `{}`, 415, "unsupported_media_type"},
		{"an unknown path", "GET", "/notifications/nope", "anna", "", 404, "not_found"},
		{"a wrong method", "DELETE", "/notifications/preferences", "anna", "", 405, "method_not_allowed"},
		{"health", "GET", "/notifications/healthz", "", "", 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := m.call(tt.method, tt.path, tt.token, tt.body)
			if w.Code != tt.status {
				t.Fatalf("%d %s, want %d", w.Code, w.Body, tt.status)
			}
			if tt.code == "" {
				return
			}
			var p struct {
				Code   string
				Errors []struct{ Field, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != tt.code || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s", w.Header().Get("Content-Type"), w.Body)
			}
			if tt.status == 405 && w.Header().Get("Allow") == "" {
				t.Error("no Allow header")
			}
		})
	}
}

func TestMessagesAreListedInPages(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := newStage()
	var want []string
	for i := range 7 {
		e := s.order("anna", 1).confirmed()
		e.Data = []byte(strings.ReplaceAll(string(e.Data), "K7QF2M9D", fmt.Sprintf("CODE%d", i)))
		m.mustHandle(e)
		want = append([]string{m.messages("anna")[0].MessageID}, want...)
	}
	m.mustHandle(s.order("berta", 1).confirmed())
	var got []string
	cursor := ""
	for range 10 {
		w := m.call(http.MethodGet, "/notifications?limit=3"+cursor, "anna", "")
		var page struct {
			Items      []entry
			NextCursor string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			got = append(got, e.MessageID)
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
		m.mustHandle(s.order("anna", 1).confirmed()) // an insert at the top
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed\n%v, want\n%v", got, want)
	}
}
