// Package message is the domain of notifications: what customers are told about what they bought, once each, unless
// they asked not to be. It knows no transport, no store and no wire format.
package message

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
)

// Status is where a message is on its way.
type Status string

// A message starts as Waiting (its performance is not known yet) or Queued, and ends as one of the others.
const (
	Waiting    Status = "waiting"
	Queued     Status = "queued"
	Sent       Status = "sent"
	Failed     Status = "failed"
	Suppressed Status = "suppressed"
)

// Final says whether the message is not to be sent any more. Of final ones only Sent may change: a mail that was handed
// over can come back.
func (s Status) Final() bool { return s == Sent || s == Failed || s == Suppressed }

// Origin is the event that a message is sent because of.
type Origin struct {
	EventID       id.ID
	CorrelationID string
	TraceParent   string
}

// Message is one mail to one recipient because of one event. Its ID, and with it the mail's Message-ID, follows from
// those three, so that whoever does the work again makes the same message.
type Message struct {
	ID            id.ID
	Origin        Origin
	Template      Template
	Recipient     Recipient
	PerformanceID id.ID
	OrderID       id.ID // id.Nil: about no order
	Subject       string
	Content       Content
	Status        Status
	Attempts      int
	CreatedAt     time.Time
	DueAt         time.Time // of a Queued message: not before
	EndedAt       time.Time // of a final message: when it became so
	Reason        Reason    // of a Failed or Suppressed message
	Version       int       // how often it became final, which is the version of its fact
}

// New returns a message that is Queued; a store makes it Waiting as long as its performance is unknown.
func New(origin Origin, template Template, to Recipient, performanceID, orderID id.ID, content Content, now time.Time) Message {
	return Message{
		ID: DeriveID(origin.EventID, to, template), Origin: origin, Template: template, Recipient: to,
		PerformanceID: performanceID, OrderID: orderID, Content: content, Status: Queued, CreatedAt: now, DueAt: now,
	}
}

// Reason says, as a stable code, why a message was not sent.
type Reason string

// The reasons. Those of failures are published in message.failed.
const (
	Rejected      Reason = "rejected"      // refused for good by the carrier
	Undeliverable Reason = "undeliverable" // given up after MaxAttempts
	Uncomposable  Reason = "uncomposable"  // could not be written
	Unwanted      Reason = "unwanted"      // stopped by a preference
	Overtaken     Reason = "overtaken"     // no longer true when it was to be sent
	Bounced       Reason = "bounced"       // the recipient's mail server refused it for good after the carrier took it
	Complained    Reason = "complained"    // the recipient called it spam
	Blocked       Reason = "blocked"       // its address has bounced
)

// ErrRejected is what a carrier's error wraps when it will never accept a mail: an address that does not exist, say.
var ErrRejected = errors.New("rejected by the carrier")

const (
	// MaxAttempts and the delays between them keep trying for about a day, which outlasts most outages of mail servers.
	MaxAttempts  = 15
	firstBackoff = 15 * time.Second
	lastBackoff  = 6 * time.Hour
)

// End returns the message with its final status.
func (m Message) End(status Status, reason Reason, now time.Time) Message {
	m.Status, m.Reason, m.EndedAt = status, reason, now
	m.Version++
	m.Content = Content{} // codes and addresses are not kept longer than needed
	return m
}

// Delivered returns the message as Sent.
func (m Message) Delivered(now time.Time) Message {
	m.Attempts++
	return m.End(Sent, "", now)
}

// Refused returns what becomes of the message when a carrier did not accept it: Failed when it never will or after
// MaxAttempts, and otherwise due again after a delay that doubles.
func (m Message) Refused(err error, now time.Time) Message {
	m.Attempts++
	switch {
	case errors.Is(err, ErrRejected):
		return m.End(Failed, Rejected, now)
	case m.Attempts >= MaxAttempts:
		return m.End(Failed, Undeliverable, now)
	}
	return m.Postponed(now)
}

// Postponed returns the message due again after a delay that doubles with each attempt.
func (m Message) Postponed(now time.Time) Message {
	delay := lastBackoff
	if n := m.Attempts - 1; n < 11 { // 2^11 of the first delay is over the last
		delay = min(firstBackoff<<max(n, 0), lastBackoff)
	}
	m.DueAt = now.Add(delay)
	return m
}

// Fact is what others are told of a final message.
type Fact struct {
	Message Message
	Version int // of the message as an entity: it tells one fact, or two when its mail comes back
}

// Fact returns what to publish; a message that is not Sent or Failed has nothing to say.
func (m Message) Fact() (Fact, bool) {
	return Fact{Message: m, Version: m.Version}, m.Status == Sent || m.Status == Failed
}
