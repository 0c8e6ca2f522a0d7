package message_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

var (
	now   = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
	anna  = message.Recipient{CustomerID: "anna", Email: "anna@example.com", Language: "de"}
	berta = message.Recipient{CustomerID: "berta", Email: "berta@example.com", Language: "en"}
)

func TestDeriveIDTellsEventsRecipientsAndTemplatesApart(t *testing.T) {
	t.Parallel()
	event := id.New()
	base := message.DeriveID(event, anna, message.OrderConfirmed)
	if again := message.DeriveID(event, anna, message.OrderConfirmed); again != base {
		t.Errorf("the same message got %s and %s", base, again)
	}
	loud := anna
	loud.Email, loud.Language = "ANNA@example.com", "en"
	if message.DeriveID(event, loud, message.OrderConfirmed) != base {
		t.Error("an address in capitals, or another language, is another recipient")
	}
	other := anna
	other.Email = "anna@example.org"
	for name, got := range map[string]id.ID{
		"event": message.DeriveID(id.New(), anna, message.OrderConfirmed), "recipient": message.DeriveID(event, berta, message.OrderConfirmed),
		"address": message.DeriveID(event, other, message.OrderConfirmed), "template": message.DeriveID(event, anna, message.OrderRefunded),
		"border": message.DeriveID(event, message.Recipient{CustomerID: "annaa", Email: "nna@example.com"}, message.OrderConfirmed),
	} {
		if got == base {
			t.Errorf("another %s has the same id", name)
		}
	}
	if base.Version() != 7 || base.Variant().String() != "RFC4122" {
		t.Errorf("%s is version %d, %s", base, base.Version(), base.Variant())
	}
}

func TestDerivedIDsSortAsTheirEvents(t *testing.T) {
	t.Parallel()
	last := ""
	for range 1000 {
		got := message.DeriveID(id.New(), anna, message.OrderConfirmed).String()
		if got <= last {
			t.Fatalf("%s comes after %s", got, last)
		}
		last = got
	}
}

func TestARefusedMessageIsTriedAgainForAboutADay(t *testing.T) {
	t.Parallel()
	m := message.New(message.Origin{EventID: id.New()}, message.OrderConfirmed, anna, id.New(), id.New(), message.Content{}, now)
	at := now
	var delays []time.Duration
	for !m.Status.Final() {
		m = m.Refused(errors.New("busy"), at)
		if m.Status == message.Queued {
			delays = append(delays, m.DueAt.Sub(at))
			at = m.DueAt
		}
	}
	if m.Status != message.Failed || m.Reason != message.Undeliverable || m.Attempts != message.MaxAttempts {
		t.Errorf("ended as %s, %s after %d attempts", m.Status, m.Reason, m.Attempts)
	}
	if delays[0] != 15*time.Second || delays[1] != 30*time.Second || delays[len(delays)-1] != 6*time.Hour {
		t.Errorf("delays = %v", delays)
	}
	if took := at.Sub(now); took < 20*time.Hour || took > 48*time.Hour {
		t.Errorf("gave up after %v", took)
	}
}

func TestARejectedMessageFailsAtOnce(t *testing.T) {
	t.Parallel()
	m := message.New(message.Origin{EventID: id.New()}, message.OrderConfirmed, anna, id.New(), id.New(), message.Content{OrderCode: "x"}, now)
	m = m.Refused(fmt.Errorf("550: %w", message.ErrRejected), now)
	if m.Status != message.Failed || m.Reason != message.Rejected || m.Content.OrderCode != "" {
		t.Errorf("message = %+v", m)
	}
	if fact, ok := m.Fact(); !ok || fact.Version != 1 {
		t.Errorf("fact = %+v, %v", fact, ok)
	}
}

func TestOnlyFinalOutcomesAreFacts(t *testing.T) {
	t.Parallel()
	for status, want := range map[message.Status]bool{
		message.Waiting: false, message.Queued: false, message.Suppressed: false, message.Sent: true, message.Failed: true,
	} {
		if _, ok := (message.Message{Status: status}).Fact(); ok != want {
			t.Errorf("%s: fact = %v", status, ok)
		}
	}
}

func TestWhatComesBackHasFailed(t *testing.T) {
	t.Parallel()
	queued := message.New(message.Origin{EventID: id.New()}, message.OrderConfirmed, anna, id.New(), id.New(), message.Content{OrderCode: "x"}, now)
	waiting := queued
	waiting.Status = message.Waiting
	tests := []struct {
		name    string
		give    message.Message
		isNew   bool
		version int
	}{
		{"sent", queued.Delivered(now), true, 2},
		{"queued: the return was faster than the news that it was sent", queued, true, 1},
		{"failed", queued.End(message.Failed, message.Rejected, now), false, 1},
		{"suppressed", queued.End(message.Suppressed, message.Unwanted, now), false, 1},
		{"waiting", waiting, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			later := now.Add(time.Hour)
			got, isNew := tt.give.Returned(message.Bounced, later)
			if isNew != tt.isNew || got.Version != tt.version {
				t.Fatalf("new: %v, version %d", isNew, got.Version)
			}
			if !isNew {
				if got.Status != tt.give.Status || got.Reason != tt.give.Reason {
					t.Errorf("changed to %s, %s", got.Status, got.Reason)
				}
				return
			}
			fact, ok := got.Fact()
			if !ok || fact.Version != tt.version || got.Status != message.Failed || got.Reason != message.Bounced || !got.EndedAt.Equal(later) || got.Content.OrderCode != "" {
				t.Errorf("message %+v, fact %v", got, ok)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	ticket := message.Ticket{ID: id.New(), Code: "c", Version: 1}
	wanted := message.Background{Preferences: message.AllWanted()}
	with := func(change func(*message.Background)) message.Background {
		b := wanted
		change(&b)
		return b
	}
	cancelled := with(func(b *message.Background) { b.Performance.Cancelled = true })
	void := with(func(b *message.Background) { b.Purchase = &message.Purchase{Void: []id.ID{ticket.ID}} })
	moved := with(func(b *message.Background) {
		b.Purchase = &message.Purchase{Moves: []message.Move{{TicketID: ticket.ID, Version: 2, To: berta}}}
	})
	tests := []struct {
		name     string
		template message.Template
		content  message.Content
		give     message.Background
		want     message.Status
		reason   message.Reason
	}{
		{"tickets", message.OrderConfirmed, message.Content{Tickets: []message.Ticket{ticket}}, wanted, message.Queued, ""},
		{"tickets nobody wants", message.OrderConfirmed, message.Content{Tickets: []message.Ticket{ticket}}, with(func(b *message.Background) { b.Preferences.Tickets = false }), message.Suppressed, message.Unwanted},
		{"void tickets", message.OrderConfirmed, message.Content{Tickets: []message.Ticket{ticket}}, void, message.Suppressed, message.Overtaken},
		{"passed-on tickets", message.OrderConfirmed, message.Content{Tickets: []message.Ticket{ticket}}, moved, message.Suppressed, message.Overtaken},
		{"tickets to nothing", message.OrderConfirmed, message.Content{Tickets: []message.Ticket{ticket}}, cancelled, message.Suppressed, message.Overtaken},
		{"a ticket as last moved", message.TicketReceived, message.Content{Tickets: []message.Ticket{{ID: ticket.ID, Version: 2}}}, moved, message.Queued, ""},
		{"a ticket moved on", message.TicketReceived, message.Content{Tickets: []message.Ticket{{ID: ticket.ID, Version: 1}}}, moved, message.Suppressed, message.Overtaken},
		{"an offer", message.WaitlistOffered, message.Content{ExpiresAt: now.Add(time.Millisecond)}, wanted, message.Queued, ""},
		{"an offer that just expired", message.WaitlistOffered, message.Content{ExpiresAt: now}, wanted, message.Suppressed, message.Overtaken},
		{"a new time", message.PerformanceRescheduled, message.Content{}, wanted, message.Queued, ""},
		{"a new time of nothing", message.PerformanceRescheduled, message.Content{}, cancelled, message.Suppressed, message.Overtaken},
		{"a cancellation", message.PerformanceCancelled, message.Content{}, cancelled, message.Queued, ""},
		{"a refund", message.OrderRefunded, message.Content{}, cancelled, message.Queued, ""},
		{"to a blocked address", message.OrderRefunded, message.Content{}, with(func(b *message.Background) { b.BlockedTill = now.Add(time.Millisecond) }), message.Suppressed, message.Blocked},
		{"to an address that was blocked", message.OrderRefunded, message.Content{}, with(func(b *message.Background) { b.BlockedTill = now }), message.Queued, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := message.New(message.Origin{EventID: id.New()}, tt.template, anna, id.New(), id.New(), tt.content, now)
			got := m.Settle(tt.give, now)
			if got.Status != tt.want || got.Reason != tt.reason {
				t.Errorf("%s, %q, want %s, %q", got.Status, got.Reason, tt.want, tt.reason)
			}
		})
	}
}

func TestEveryTemplateHasACategoryThatStopsIt(t *testing.T) {
	t.Parallel()
	for _, template := range message.Templates() {
		p := message.AllWanted()
		if !p.Wants(template.Category()) {
			t.Errorf("%s isn't wanted by default", template)
		}
		if p.Without(template.Category()).Wants(template.Category()) {
			t.Errorf("%s can't be stopped", template)
		}
		if p != message.AllWanted() {
			t.Error("Without changed its receiver")
		}
	}
}

func TestSucceed(t *testing.T) {
	t.Parallel()
	by := message.Origin{EventID: id.New()}
	first := message.Origin{EventID: id.New()}
	at := func(version int, start time.Time) message.Performance {
		return message.Performance{ID: id.ID{1}, Version: version, StartsAt: start, TimeZone: "Europe/Vienna"}
	}
	off := func(version int) message.Performance {
		p := at(version, now)
		p.Cancelled, p.CancelledBy = true, first
		return p
	}
	tests := []struct {
		name        string
		known       *message.Performance
		give        message.Performance
		rescheduled bool
		changed     bool
		notice      message.Template
	}{
		{"the first state", nil, at(1, now), false, true, ""},
		{"the first state is of a reschedule", nil, at(2, now), true, true, message.PerformanceRescheduled},
		{"the first state is of rescheduled sales", nil, message.Performance{ID: id.ID{1}, Version: 2, StartsAt: now, PreviousStart: now}, true, true, ""},
		{"the first state is of a cancellation", nil, off(2), false, true, message.PerformanceCancelled},
		{"the same version", ptr(at(2, now)), at(2, now.Add(time.Hour)), true, false, ""},
		{"an older version", ptr(at(3, now)), at(2, now.Add(time.Hour)), true, false, ""},
		{"another time", ptr(at(1, now)), at(2, now.Add(time.Hour)), true, true, message.PerformanceRescheduled},
		{"another time by an event of another name", ptr(at(1, now)), at(3, now.Add(time.Hour)), false, true, message.PerformanceRescheduled},
		{"rescheduled to the time it had", ptr(at(1, now)), at(2, now), true, true, ""},
		{"cancelled", ptr(at(1, now)), off(2), false, true, message.PerformanceCancelled},
		{"cancelled before", ptr(off(2)), off(3), false, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, notice, changed := tt.give.Succeed(tt.known, by, tt.rescheduled)
			var template message.Template
			if notice != nil {
				template = notice.Template
				if notice.Origin != by || notice.PerformanceID != tt.give.ID {
					t.Errorf("notice = %+v", notice)
				}
			}
			if changed != tt.changed || template != tt.notice {
				t.Errorf("changed %v with %q, want %v with %q", changed, template, tt.changed, tt.notice)
			}
			if changed && got.Version != tt.give.Version {
				t.Errorf("version = %d", got.Version)
			}
			if tt.name == "cancelled before" && got.CancelledBy != first {
				t.Error("the event that cancelled it first is forgotten")
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }
