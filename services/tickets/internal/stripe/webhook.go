package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// signatureHeader is where Stripe's webhooks carry their signature.
const signatureHeader = "Stripe-Signature"

// Webhooks reads Stripe's webhooks with the secret of the endpoint.
type Webhooks struct{ Secret string }

// Read returns what a webhook says. It goes by the clock of the machine:
// signatures are good for five minutes. payment.ErrUnsigned for what Stripe did
// not sign; another error for what is signed and cannot be read, as an event of
// another release of Stripe's API.
func (w Webhooks) Read(_ context.Context, header http.Header, body []byte) (payment.Report, error) {
	said, err := webhook.ConstructEventWithTolerance(body, header.Get(signatureHeader), w.Secret, webhook.DefaultTolerance)
	for _, unsigned := range []error{webhook.ErrNotSigned, webhook.ErrInvalidHeader, webhook.ErrNoValidSignature, webhook.ErrTooOld} {
		if errors.Is(err, unsigned) {
			return payment.Report{}, fmt.Errorf("%w: %w", payment.ErrUnsigned, err)
		}
	}
	if err != nil {
		return payment.Report{}, err
	}
	if said.Data == nil {
		return payment.Report{}, errors.New("event without data")
	}
	switch said.Type {
	case sdk.EventTypePaymentIntentSucceeded, sdk.EventTypePaymentIntentPaymentFailed, sdk.EventTypePaymentIntentCanceled:
		notice, err := noticeOf(&said)
		return payment.Report{Notice: &notice}, err
	case sdk.EventTypeRefundCreated, sdk.EventTypeRefundUpdated, sdk.EventTypeRefundFailed:
		return refundReport(said.Data.Raw)
	}
	return payment.Report{}, nil
}

// refundReport reads an event of a refund; of one that was not asked for here it
// says nothing.
func refundReport(raw []byte) (payment.Report, error) {
	var made sdk.Refund
	if err := json.Unmarshal(raw, &made); err != nil {
		return payment.Report{}, err
	}
	refundID, attempt, ours := refundIn(made.Metadata)
	if !ours {
		return payment.Report{}, nil
	}
	return payment.Report{Refund: &payment.RefundNotice{RefundID: refundID, Attempt: attempt, Result: refundOf(&made)}}, nil
}
