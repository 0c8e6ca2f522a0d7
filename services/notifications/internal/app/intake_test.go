package app_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// chronicle is a Chronicle in memory of one performance and one purchase.
type chronicle struct {
	app.Chronicle
	performance *message.Performance
	purchase    message.Purchase
	processed   map[id.ID]bool
	messages    []message.Message
	// meanwhile is called once, between the recording of a purchase and what comes after it.
	meanwhile func() error
}

func (c *chronicle) Record(_ context.Context, origin message.Origin, _, _ id.ID, change func(p *message.Purchase) []message.Message) error {
	if !c.processed[origin.EventID] {
		c.processed[origin.EventID] = true
		c.add(change(&c.purchase))
	}
	meanwhile := c.meanwhile
	c.meanwhile = nil
	if meanwhile == nil {
		return nil
	}
	return meanwhile()
}

func (c *chronicle) Performance(context.Context, id.ID) (message.Performance, error) {
	if c.performance == nil {
		return message.Performance{}, app.ErrNotFound
	}
	return *c.performance, nil
}

func (c *chronicle) Add(_ context.Context, messages []message.Message) error {
	c.add(messages)
	return nil
}

func (c *chronicle) add(messages []message.Message) {
	for _, m := range messages {
		if !slices.ContainsFunc(c.messages, func(known message.Message) bool { return known.ID == m.ID }) {
			c.messages = append(c.messages, m)
		}
	}
}

// TestWhoBoughtWhileACancellationWasSpreadIsTold has the performance cancelled, and that told to all whose purchases are
// known, at each moment that it can be.
func TestWhoBoughtWhileACancellationWasSpreadIsTold(t *testing.T) {
	t.Parallel()
	performanceID := id.New()
	confirm := func(i *app.Intake, o app.Order) error { return i.OrderConfirmed(t.Context(), o, message.Content{}) }
	transfer := func(i *app.Intake, o app.Order) error {
		return i.TicketTransferred(t.Context(), o, message.Recipient{CustomerID: "zoe"}, message.Ticket{ID: id.New(), Version: 2})
	}
	superseded := func(i *app.Intake, o app.Order) error {
		ticket := message.Ticket{ID: id.New(), Version: 3}
		later := o
		later.Origin, later.Recipient = message.Origin{EventID: id.New()}, message.Recipient{CustomerID: "zoe"}
		if err := i.TicketTransferred(t.Context(), later, o.Recipient, ticket); err != nil {
			return err
		}
		ticket.Version = 2
		return i.TicketTransferred(t.Context(), o, message.Recipient{CustomerID: "xaver"}, ticket)
	}
	crash := errors.New("the process ended")
	tests := []struct {
		name      string
		before    bool // cancelled before the purchase was recorded
		meanwhile error
		happens   func(i *app.Intake, o app.Order) error
		want      bool
	}{
		{"before", true, nil, confirm, true},
		{"before a transfer", true, nil, transfer, true},
		{"before a transfer that a later one has overtaken", true, nil, superseded, false},
		{"after it was recorded", false, nil, confirm, true},
		{"after it was recorded, and then a crash", false, crash, confirm, true},
		{"after a transfer was recorded, and then a crash", false, crash, transfer, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &chronicle{processed: map[id.ID]bool{}}
			cancel := func() error {
				c.performance = &message.Performance{ID: performanceID, Cancelled: true, CancelledBy: message.Origin{EventID: id.New()}}
				return tt.meanwhile
			}
			if tt.before {
				_ = cancel()
			} else {
				c.meanwhile = cancel
			}
			intake := app.NewIntake(c, writer{}, clock.NewManual(now))
			o := app.Order{Origin: message.Origin{EventID: id.New()}, PerformanceID: performanceID, OrderID: id.New(), Recipient: message.Recipient{CustomerID: "anna"}}
			err := tt.happens(intake, o)
			if !errors.Is(err, tt.meanwhile) {
				t.Fatal(err)
			}
			if err != nil { // delivered again
				err = tt.happens(intake, o)
			}
			if err != nil {
				t.Fatal(err)
			}
			told := 0
			for _, m := range c.messages {
				if m.Template == message.PerformanceCancelled && m.Recipient.CustomerID == "anna" {
					told++
				}
			}
			if want := map[bool]int{true: 1}[tt.want]; told != want {
				t.Errorf("told %d times, want %d", told, want)
			}
		})
	}
}
