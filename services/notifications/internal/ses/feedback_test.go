package ses_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/ses"
)

// tagged is the message that the events in testdata are about.
var tagged = id.ID{0x01, 0x90, 0xb5, 0xa2, 0x7c, 0x3e, 0x7d, 0x4f, 0x8a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x6a, 0x7b}

var now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

// desk is a Returns and Customers that knows one message.
type desk struct {
	app.Customers
	message message.Message
	blocked map[string]time.Time
	off     []message.Category
	down    error
}

func newDesk() *desk {
	to := message.Recipient{CustomerID: "anna", Email: "anna@example.com"}
	m := message.New(message.Origin{EventID: id.New()}, message.WaitlistOffered, to, id.New(), id.Nil, message.Content{}, now).Delivered(now)
	m.ID = tagged
	return &desk{message: m, blocked: map[string]time.Time{}}
}

func (d *desk) Return(_ context.Context, messageID id.ID, change func(message.Message) (message.Message, bool)) error {
	if messageID != d.message.ID {
		return app.ErrNotFound
	}
	if d.down != nil {
		return d.down
	}
	if m, isNew := change(d.message); isNew {
		d.message = m
	}
	return nil
}

func (d *desk) Block(_ context.Context, address string, till time.Time) error {
	d.blocked[address] = till
	return d.down
}

func (d *desk) Unsubscribe(_ context.Context, customerID string, category message.Category) error {
	if customerID == d.message.Recipient.CustomerID {
		d.off = append(d.off, category)
	}
	return d.down
}

func (d *desk) take(body string) error {
	return ses.Feedback(context.Background(), app.NewFeedback(d, d, clock.NewManual(now)), []byte(body))
}

func sample(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestWhatSESPublishesHasItsEffect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give    string
		reason  message.Reason // empty: it stays sent
		blocked bool
		off     bool
	}{
		{"bounce-permanent", message.Bounced, true, false},
		{"bounce-suppressed", message.Bounced, true, false},
		{"bounce-transient", "", false, false},
		{"complaint", message.Complained, false, true},
		{"complaint-not-spam", "", false, false},
		{"reject", message.Rejected, false, false},
		{"delivery", "", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			for range 2 { // delivered twice
				if err := d.take(sample(t, tt.give)); err != nil {
					t.Fatal(err)
				}
			}
			if d.message.Reason != tt.reason || (d.message.Status == message.Failed) != (tt.reason != "") {
				t.Errorf("message is %s, %q", d.message.Status, d.message.Reason)
			}
			if till, blocked := d.blocked["anna@example.com"]; blocked != tt.blocked || blocked && !till.After(now) {
				t.Errorf("blocked: %v till %s", blocked, till)
			}
			if off := len(d.off) > 0; off != tt.off || off && d.off[0] != message.Waitlist {
				t.Errorf("off: %v", d.off)
			}
		})
	}
}

func TestWhatWasInterruptedIsDoneWhenDeliveredAgain(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"bounce-permanent", "complaint"} {
		t.Run(give, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			d.message, _ = d.message.Returned(message.Bounced, now) // and then the process ended
			if err := d.take(sample(t, give)); err != nil {
				t.Fatal(err)
			}
			if len(d.blocked)+len(d.off) != 1 {
				t.Errorf("blocked %v, off %v", d.blocked, d.off)
			}
		})
	}
}

func TestEventsThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	bounce := sample(t, "bounce-permanent")
	tests := []struct {
		name      string
		give      string
		down      error
		permanent bool
	}{
		{"no JSON", "{", nil, true},
		{"not of SES", strings.Replace(bounce, `"aws.ses"`, `"ticketmesh.tickets"`, 1), nil, true},
		{"about no message", strings.Replace(bounce, `"message": [`, `"other": [`, 1), nil, true},
		{"about what is no message", strings.Replace(bounce, `"`+tagged.String()+`"`, `"x"`, 1), nil, true},
		{"about another's message", strings.Replace(bounce, `"`+tagged.String()+`"`, `"`+id.New().String()+`"`, 1), nil, true},
		{"while the store is down", bounce, errors.New("down"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			d.down = tt.down
			err := d.take(tt.give)
			if err == nil || consumer.IsPermanent(err) != tt.permanent {
				t.Errorf("error = %v, want permanent: %v", err, tt.permanent)
			}
			if d.message.Status != message.Sent {
				t.Errorf("message is %s", d.message.Status)
			}
		})
	}
}

func FuzzFeedback(f *testing.F) {
	for _, name := range []string{"bounce-permanent", "complaint", "reject", "delivery"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := newDesk()
		if err := d.take(body); err != nil && !consumer.IsPermanent(err) {
			t.Errorf("%v would be delivered again and again", err)
		}
	})
}
