package message_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Facts about a purchase may arrive in any order; what is known in the end must not depend on it.
func TestAPurchaseIsTheSameWhateverOrderItsFactsArriveIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tickets := make([]message.Ticket, rapid.IntRange(1, 4).Draw(t, "tickets"))
		for i := range tickets {
			tickets[i] = message.Ticket{ID: id.New(), Version: 1}
		}
		people := []message.Recipient{anna, berta, {CustomerID: "carl", Email: "carl@example.com"}}
		facts := []func(*message.Purchase){func(p *message.Purchase) { p.Confirm(anna, tickets) }}
		version := map[id.ID]int{}
		for range rapid.IntRange(0, 5).Draw(t, "moves") {
			ticket := rapid.SampledFrom(tickets).Draw(t, "ticket")
			version[ticket.ID]++
			ticket.Version = 1 + version[ticket.ID]
			to := rapid.SampledFrom(people).Draw(t, "to")
			facts = append(facts, func(p *message.Purchase) { p.Move(ticket, to) })
		}
		if rapid.Bool().Draw(t, "refund") {
			void := tickets[:1]
			facts = append(facts, func(p *message.Purchase) { p.Annul(void) })
		}
		if rapid.Bool().Draw(t, "cancel") {
			facts = append(facts, func(p *message.Purchase) { p.Cancel(tickets) })
		}
		var want, got message.Purchase
		for _, fact := range facts {
			fact(&want)
		}
		for _, fact := range rapid.Permutation(facts).Draw(t, "order") {
			fact(&got)
			fact(&got) // twice does no harm
		}
		if !sameRecipients(got.Holders(), want.Holders()) {
			t.Fatalf("holders = %v, want %v", got.Holders(), want.Holders())
		}
		if !sameRecipients(got.Contacts(), want.Contacts()) {
			t.Fatalf("contacts = %v, want %v", got.Contacts(), want.Contacts())
		}
		for _, ticket := range tickets {
			for v := 1; v <= 6; v++ {
				ticket.Version = v
				if got.Current(ticket) != want.Current(ticket) {
					t.Fatalf("version %d of a ticket is current: %v, want %v", v, got.Current(ticket), want.Current(ticket))
				}
			}
		}
	})
}

func sameRecipients(a, b []message.Recipient) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(r message.Recipient) bool { return !slices.ContainsFunc(b, r.Same) })
}

func TestHolders(t *testing.T) {
	t.Parallel()
	one, two := message.Ticket{ID: id.New(), Version: 1}, message.Ticket{ID: id.New(), Version: 1}
	moved := one
	moved.Version = 2
	tests := []struct {
		name              string
		give              func(p *message.Purchase)
		holders, contacts []message.Recipient
	}{
		{"nothing is known", func(*message.Purchase) {}, nil, nil},
		{"bought", func(p *message.Purchase) {}, []message.Recipient{anna}, []message.Recipient{anna}},
		{"one passed on", func(p *message.Purchase) { p.Move(moved, berta) }, []message.Recipient{anna, berta}, []message.Recipient{anna, berta}},
		{"one refunded", func(p *message.Purchase) { p.Annul([]message.Ticket{one}) }, []message.Recipient{anna}, []message.Recipient{anna}},
		{"all refunded", func(p *message.Purchase) { p.Annul([]message.Ticket{one, two}) }, nil, []message.Recipient{anna}},
		{"cancelled", func(p *message.Purchase) { p.Cancel([]message.Ticket{one, two}) }, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var p message.Purchase
			if tt.holders != nil || tt.contacts != nil || tt.name == "cancelled" {
				p.Confirm(anna, []message.Ticket{one, two})
			}
			tt.give(&p)
			if !sameRecipients(p.Holders(), tt.holders) || !sameRecipients(p.Contacts(), tt.contacts) {
				t.Errorf("holders %v, contacts %v, want %v, %v", p.Holders(), p.Contacts(), tt.holders, tt.contacts)
			}
		})
	}
}
