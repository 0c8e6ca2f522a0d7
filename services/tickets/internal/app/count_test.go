package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
)

// crowded is a store in which somebody else is always faster at first.
type crowded struct{ app.Store }

// Update implements app.Store.
func (crowded) Update(_ context.Context, fn func(app.Tx) error) error {
	_ = fn(accepting{}) // nothing came of it
	return fn(accepting{})
}

// accepting takes every fact.
type accepting struct{ app.Tx }

// Record implements app.Tx.
func (accepting) Record(...any) error { return nil }

// counts is what a counter was told, in order.
type counts []string

func (c *counts) Held(places int)  { *c = append(*c, fmt.Sprint("held ", places)) }
func (c *counts) Sold(tickets int) { *c = append(*c, fmt.Sprint("sold ", tickets)) }
func (c *counts) Refused()         { *c = append(*c, "refused") }

func TestWhatIsCommittedIsCountedOnce(t *testing.T) {
	t.Parallel()
	held := hold.Hold{Items: []hold.Item{{Places: make([]inventory.Place, 2)}, {Places: make([]inventory.Place, 1)}}}
	tests := []struct {
		name  string
		facts []any
		err   error
		want  []string
	}{
		{"a hold", []any{hold.PlacedFact{Hold: held}}, nil, []string{"held 3"}},
		{"a hold that is given up", []any{hold.ReleasedFact{Hold: held}}, nil, nil},
		{"an order", []any{order.PlacedFact{}}, nil, nil},
		{"a confirmed order", []any{order.ConfirmedFact{Tickets: make([]order.IssuedTicket, 4)}}, nil, []string{"sold 4"}},
		{"two facts", []any{hold.PlacedFact{Hold: held}, order.ConfirmedFact{}}, nil, []string{"held 3", "sold 0"}},
		{"a payment whose places are gone", []any{order.CancelledFact{Reason: order.PaymentTooLate}}, nil, []string{"refused"}},
		{"an order that its customer cancels", []any{order.CancelledFact{Reason: order.ByCustomer}}, nil, nil},
		{"seats that are taken", nil, fmt.Errorf("hold: %w", &app.SeatsUnavailableError{}), []string{"refused"}},
		{"an area that is sold out", nil, app.ErrSoldOut, []string{"refused"}},
		{"places that are taken", nil, inventory.ErrTaken, []string{"refused"}},
		{"what does not commit", []any{hold.PlacedFact{Hold: held}}, errors.New("disk full"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var told counts
			err := app.Counted(crowded{}, &told).Update(t.Context(), func(tx app.Tx) error {
				return errors.Join(tx.Record(tt.facts...), tt.err)
			})
			if !errors.Is(err, tt.err) {
				t.Errorf("Update() = %v, want %v", err, tt.err)
			}
			if !slices.Equal(told, tt.want) {
				t.Errorf("told %q, want %q", told, tt.want)
			}
		})
	}
}
