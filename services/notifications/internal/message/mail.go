package message

import (
	"time"

	"ticketmesh.dev/platform/id"
)

// Mail is a message ready for its carrier.
type Mail struct {
	ID          id.ID // the message's, of which carriers make the Message-ID
	To          string
	Subject     string
	Text        string
	HTML        string
	Language    string
	Date        time.Time // when it is handed over
	Unsubscribe string    // address of the one-click unsubscription (RFC 8058); empty: none offered
	Attachments []Attachment
	TraceParent string // of the event that the message is about; empty: it has no trace
}

// Attachment is a file that travels with a mail.
type Attachment struct {
	Name        string
	ContentType string
	Data        []byte
}

// Background is what must be known to write a message.
type Background struct {
	Performance Performance
	Show        *Show
	Venue       *Venue
	Purchase    *Purchase // of the message's order
	Preferences Preferences
	BlockedTill time.Time // when mails to the recipient's address may be sent again; zero: they never were stopped
	Token       string    // unsubscribes the recipient from the message's category
}

// Title is the show's title as it is known last.
func (b Background) Title() string {
	if b.Show != nil && b.Show.Title != "" {
		return b.Show.Title
	}
	return b.Performance.Title
}

// VenueID is where the performance is, its show's venue when it has none of its own; id.Nil when that is not known.
func (b Background) VenueID() id.ID {
	if b.Performance.VenueID == id.Nil && b.Show != nil {
		return b.Show.VenueID
	}
	return b.Performance.VenueID
}

// Settle decides whether a message is still to be sent, and with which tickets: what happened since it was queued may
// have overtaken it. A suppressed message is returned as such.
func (m Message) Settle(b Background, now time.Time) Message {
	if !b.Preferences.Wants(m.Template.Category()) {
		return m.End(Suppressed, Unwanted, now)
	}
	if now.Before(b.BlockedTill) {
		return m.End(Suppressed, Blocked, now)
	}
	overtaken := false
	switch m.Template {
	case OrderConfirmed, TicketReceived:
		if b.Purchase != nil {
			m.Content.Tickets = b.Purchase.current(m.Content.Tickets)
		}
		// A ticket to a performance that won't be must not be mailed; the cancellation has its own message.
		overtaken = b.Performance.Cancelled || len(m.Content.Tickets) == 0
	case WaitlistOffered:
		overtaken = b.Performance.Cancelled || !now.Before(m.Content.ExpiresAt)
	case PerformanceRescheduled:
		overtaken = b.Performance.Cancelled
	}
	if overtaken {
		return m.End(Suppressed, Overtaken, now)
	}
	return m
}

func (p Purchase) current(tickets []Ticket) []Ticket {
	kept := make([]Ticket, 0, len(tickets))
	for _, t := range tickets {
		if p.Current(t) {
			kept = append(kept, t)
		}
	}
	return kept
}
