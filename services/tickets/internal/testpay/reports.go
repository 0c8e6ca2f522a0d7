package testpay

import (
	"context"
	"encoding/json"
	"net/http"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// signatureHeader is where the provider's webhooks carry their signature.
const signatureHeader = "Ticketmesh-Signature"

// Reports reads the provider's webhooks. Whoever has the secret can send them,
// and what they say moves the provider's money.
type Reports struct {
	Provider *Provider
	Webhooks *Webhooks
	Clock    clock.Clock
}

// Read checks a webhook's signature, else payment.ErrUnsigned, and returns what
// it says. A body of another shape says nothing: the API's contract refuses it.
func (r Reports) Read(_ context.Context, header http.Header, body []byte) (payment.Report, error) {
	if err := r.Webhooks.Verify(header.Get(signatureHeader), body, r.Clock.Now()); err != nil {
		return payment.Report{}, err
	}
	var said struct {
		ID        string `json:"id"`
		Type      string `json:"type"`
		OrderID   string `json:"orderId"`
		Reference string `json:"reference"`
	}
	if json.Unmarshal(body, &said) != nil {
		return payment.Report{}, nil
	}
	orderID, err := id.Parse(said.OrderID)
	if err != nil {
		return payment.Report{}, nil
	}
	notice := payment.Notice{ID: said.ID, OrderID: orderID, Reference: said.Reference}
	if notice.Reference == "" {
		notice.Reference = reference(orderID)
	}
	switch said.Type {
	case "payment.captured":
		notice.Status = payment.Captured
	case "payment.declined":
		notice.Status, notice.Reason = payment.Declined, "declined_by_provider"
	default:
		return payment.Report{}, nil
	}
	r.Provider.report(notice)
	return payment.Report{Notice: &notice}, nil
}
