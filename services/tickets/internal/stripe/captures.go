package stripe

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// Captures implements app.Provider. It reads Stripe's events, of which there are
// those of 30 days: when money was captured, no list of payments says.
func (p *Provider) Captures(ctx context.Context, since time.Time) ([]payment.Notice, error) {
	params := &sdk.EventListParams{
		Type:         sdk.String(string(sdk.EventTypePaymentIntentSucceeded)),
		CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
	}
	params.Limit = sdk.Int64(pageSize)
	var found []payment.Notice
	for said, err := range p.client.V1Events.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, plain(err)
		}
		captured, err := noticeOf(said)
		if err != nil {
			return nil, err
		}
		found = append(found, captured)
	}
	slices.Reverse(found) // Stripe lists the newest first
	return found, nil
}

// noticeOf reads an event of a payment.
func noticeOf(said *sdk.Event) (payment.Notice, error) {
	var intent sdk.PaymentIntent
	if err := json.Unmarshal(said.Data.Raw, &intent); err != nil {
		return payment.Notice{}, err
	}
	notice := payment.Notice{
		ID: said.ID, Reference: intent.ID, At: time.Unix(said.Created, 0).UTC(), Marked: intent.Metadata[sourceKey] == source,
	}
	if orderID, err := id.Parse(intent.Metadata[orderKey]); err == nil {
		notice.OrderID = orderID
	} else {
		notice.Marked = false
	}
	var err error
	switch said.Type {
	case sdk.EventTypePaymentIntentSucceeded:
		notice.Status = payment.Captured
		notice.Amount, err = amountOf(intent.AmountReceived, strings.ToUpper(string(intent.Currency)))
	case sdk.EventTypePaymentIntentPaymentFailed:
		notice.Status, notice.Reason = payment.Declined, declinedBecause(intent.LastPaymentError)
	case sdk.EventTypePaymentIntentCanceled:
		notice.Status, notice.Reason = payment.Declined, payment.ReasonCancelled
	}
	return notice, err
}
