package message

import "time"

// blockedFor is how long an address that bounced gets no mails. Mailboxes that were given up may come back, and then one
// mail that bounces again does no harm.
const blockedFor = 90 * 24 * time.Hour

// BlockedTill returns how long an address that bounced now gets no mails.
func BlockedTill(now time.Time) time.Time { return now.Add(blockedFor) }

// Returned returns the message as Failed because its mail, which a carrier had accepted, came back. It is false when that
// is nothing new. The news may overtake the one that the mail was accepted, so a Queued message comes back as well.
func (m Message) Returned(reason Reason, now time.Time) (Message, bool) {
	if m.Status != Sent && m.Status != Queued {
		return m, false
	}
	return m.End(Failed, reason, now), true
}
