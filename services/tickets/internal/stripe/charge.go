package stripe

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// skew is how far Stripe's clock may be behind ours.
const skew = 5 * time.Minute

// pageSize is the most that Stripe lists at once.
const pageSize = 100

// Charge implements app.Provider. The token is a PaymentMethod. Means of payment
// that lead the buyer away to another page are not offered: there is no page to
// come back to.
func (p *Provider) Charge(ctx context.Context, r payment.ChargeRequest) (payment.ChargeResult, error) {
	amount, err := units(r.Amount)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	params := &sdk.PaymentIntentCreateParams{
		Amount:        sdk.Int64(amount),
		Currency:      sdk.String(strings.ToLower(r.Amount.Currency)),
		PaymentMethod: sdk.String(r.Token),
		Confirm:       sdk.Bool(true),
		AutomaticPaymentMethods: &sdk.PaymentIntentCreateAutomaticPaymentMethodsParams{
			Enabled: sdk.Bool(true), AllowRedirects: sdk.String("never"),
		},
		Metadata: map[string]string{orderKey: r.OrderID.String(), sourceKey: source},
	}
	params.SetIdempotencyKey("order-" + r.OrderID.String())
	intent, err := p.client.V1PaymentIntents.Create(ctx, params)
	if err == nil {
		return resultOf(intent), nil
	}
	said, refused := refusal(err)
	if !refused {
		return payment.ChargeResult{}, plain(err)
	}
	result := payment.ChargeResult{Status: payment.Declined, Reason: declinedBecause(said)}
	if said.PaymentIntent != nil {
		result.Reference = said.PaymentIntent.ID
	}
	if said.Type != sdk.ErrorTypeCard {
		result.Reason = "refused_by_provider"
		p.logger.ErrorContext(ctx, "stripe refuses the request for a payment", "order", r.OrderID, "error", plain(err))
	}
	return result, nil
}

// resultOf says how far a payment is.
func resultOf(intent *sdk.PaymentIntent) payment.ChargeResult {
	result := payment.ChargeResult{Status: payment.Pending, Reference: intent.ID}
	switch intent.Status {
	case sdk.PaymentIntentStatusSucceeded:
		result.Status = payment.Captured
	case sdk.PaymentIntentStatusCanceled:
		result.Status, result.Reason = payment.Declined, payment.ReasonCancelled
	case sdk.PaymentIntentStatusRequiresPaymentMethod:
		result.Status, result.Reason = payment.Declined, declinedBecause(intent.LastPaymentError)
	case sdk.PaymentIntentStatusRequiresAction:
		result.ClientSecret = intent.ClientSecret
	case sdk.PaymentIntentStatusProcessing, sdk.PaymentIntentStatusRequiresCapture, sdk.PaymentIntentStatusRequiresConfirmation:
	}
	return result
}

// Find implements app.Provider.
func (p *Provider) Find(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	intent, err := p.find(ctx, q)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	return resultOf(intent), nil
}

// find returns the payment of an order. Of several, which only keys that Stripe
// has forgotten could lead to, it is the one that has come farthest. Stripe's
// search would name it at once, but it may lag behind by minutes; lists do not.
func (p *Provider) find(ctx context.Context, q payment.ChargeQuery) (*sdk.PaymentIntent, error) {
	if q.Reference != "" {
		intent, err := p.client.V1PaymentIntents.Retrieve(ctx, q.Reference, nil)
		if missing(err) {
			return nil, payment.ErrNoCharge
		}
		if err != nil {
			return nil, plain(err)
		}
		return intent, nil
	}
	params := &sdk.PaymentIntentListParams{CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: q.Since.Add(-skew).Unix()}}
	params.Limit = sdk.Int64(pageSize)
	var found *sdk.PaymentIntent
	for intent, err := range p.client.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, plain(err)
		}
		if intent.Metadata[orderKey] == q.OrderID.String() && (found == nil || progress(intent) > progress(found)) {
			found = intent
		}
	}
	if found == nil {
		return nil, payment.ErrNoCharge
	}
	return found, nil
}

func progress(intent *sdk.PaymentIntent) int {
	switch resultOf(intent).Status {
	case payment.Captured:
		return 2
	case payment.Pending:
		return 1
	case payment.Declined, payment.Requested:
	}
	return 0
}

// Cancel implements app.Provider. A payment that was refused is cancelled too:
// its buyer's client could try another card with it.
func (p *Provider) Cancel(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	intent, err := p.find(ctx, q)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	if intent.Status == sdk.PaymentIntentStatusSucceeded || intent.Status == sdk.PaymentIntentStatusCanceled {
		return resultOf(intent), nil
	}
	cancelled, err := p.client.V1PaymentIntents.Cancel(ctx, intent.ID, &sdk.PaymentIntentCancelParams{CancellationReason: sdk.String("abandoned")})
	if err == nil {
		return resultOf(cancelled), nil
	}
	var said *sdk.Error
	if errors.As(err, &said) && said.HTTPStatusCode == http.StatusBadRequest {
		return p.moved(ctx, intent.ID)
	}
	return payment.ChargeResult{}, plain(err)
}

// moved looks at a payment that could not be cancelled: it was captured first, or
// is on its way and can be neither stopped nor told.
func (p *Provider) moved(ctx context.Context, reference string) (payment.ChargeResult, error) {
	intent, err := p.client.V1PaymentIntents.Retrieve(ctx, reference, nil)
	if err != nil {
		return payment.ChargeResult{}, plain(err)
	}
	result := resultOf(intent)
	if intent.Status == sdk.PaymentIntentStatusRequiresPaymentMethod {
		result = payment.ChargeResult{Status: payment.Pending, Reference: intent.ID} // it can still be paid
	}
	return result, nil
}
