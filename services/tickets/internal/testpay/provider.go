// Package testpay is the payment provider for trying things out. No money moves:
// the token says what happens. tok_ok is captured, tok_declined declined,
// tok_pending waits for a webhook, and any other token is declined too.
package testpay

import (
	"context"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// Name is how the provider is called in the API.
const Name = "test"

// Provider implements app.Provider. What it answers depends on the request
// alone, so repeating one has no second effect.
type Provider struct{}

// Charge implements app.Provider.
func (Provider) Charge(_ context.Context, r payment.ChargeRequest) (payment.ChargeResult, error) {
	reference := "test_" + r.OrderID.String()
	switch r.Token {
	case "tok_ok":
		return payment.ChargeResult{Status: payment.Captured, Reference: reference}, nil
	case "tok_pending":
		return payment.ChargeResult{Status: payment.Pending, Reference: reference}, nil
	case "tok_declined":
		return payment.ChargeResult{Status: payment.Declined, Reference: reference, Reason: "card_declined"}, nil
	}
	return payment.ChargeResult{Status: payment.Declined, Reference: reference, Reason: "unknown_token"}, nil
}

// Refund implements app.Provider.
func (Provider) Refund(context.Context, payment.RefundRequest) error { return nil }
