package stripe

import (
	"context"
	"strconv"

	sdk "github.com/stripe/stripe-go/v85"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
)

// Refund implements app.Provider.
func (p *Provider) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	if r.Reference != "" {
		made, err := p.client.V1Refunds.Retrieve(ctx, r.Reference, nil)
		if err != nil {
			return payment.RefundResult{}, plain(err)
		}
		return refundOf(made), nil
	}
	amount, err := roundedStep(r)
	if err != nil {
		return payment.RefundResult{}, err
	}
	if amount == 0 {
		return payment.RefundResult{Status: payment.RefundDone}, nil // it is less than Stripe counts
	}
	// Looked for first: a key that Stripe has forgotten would refund again.
	params := &sdk.RefundListParams{PaymentIntent: sdk.String(r.Charge)}
	params.Limit = sdk.Int64(pageSize)
	for made, err := range p.client.V1Refunds.List(ctx, params).All(ctx) {
		if missing(err) {
			break // no such payment, which the request below will be told
		}
		if err != nil {
			return payment.RefundResult{}, plain(err)
		}
		if refundID, attempt, ours := refundIn(made.Metadata); ours && refundID == r.RefundID && attempt == r.Attempt {
			return refundOf(made), nil
		}
	}
	return p.refund(ctx, r, amount)
}

func (p *Provider) refund(ctx context.Context, r payment.RefundRequest, amount int64) (payment.RefundResult, error) {
	attempt := strconv.Itoa(r.Attempt)
	params := &sdk.RefundCreateParams{
		PaymentIntent: sdk.String(r.Charge), Amount: sdk.Int64(amount),
		Metadata: map[string]string{orderKey: r.OrderID.String(), refundKey: r.RefundID.String(), attemptKey: attempt, sourceKey: source},
	}
	params.SetIdempotencyKey("refund-" + r.RefundID.String() + "-" + attempt)
	made, err := p.client.V1Refunds.Create(ctx, params)
	if err == nil {
		return refundOf(made), nil
	}
	said, refused := refusal(err)
	if !refused {
		return payment.RefundResult{}, plain(err)
	}
	p.logger.ErrorContext(ctx, "stripe refuses a refund", "refund", r.RefundID, "order", r.OrderID, "error", plain(err))
	reason := "refused_by_provider"
	if said.Code == sdk.ErrorCodeChargeAlreadyRefunded {
		reason = "already_refunded"
	}
	return payment.RefundResult{Status: payment.RefundFailed, Reason: reason}, nil
}

// roundedStep returns what a refund is in Stripe's units. The sums before and
// after it are rounded, not the refund, so that all refunds of a payment add up
// to the payment.
func roundedStep(r payment.RefundRequest) (int64, error) {
	before, err := units(money.Money{Amount: r.Before.Amount, Currency: r.Amount.Currency})
	if err != nil {
		return 0, err
	}
	after, err := units(money.Money{Amount: r.Before.Amount + r.Amount.Amount, Currency: r.Amount.Currency})
	return after - before, err
}

func refundOf(made *sdk.Refund) payment.RefundResult {
	result := payment.RefundResult{Status: payment.RefundPending, Reference: made.ID}
	switch made.Status {
	case sdk.RefundStatusSucceeded:
		result.Status = payment.RefundDone
	case sdk.RefundStatusFailed:
		result.Status, result.Reason = payment.RefundFailed, "refused_by_bank"
		if made.FailureReason != "" {
			result.Reason = string(made.FailureReason)
		}
	case sdk.RefundStatusCanceled:
		result.Status, result.Reason = payment.RefundFailed, "cancelled_at_provider"
	case sdk.RefundStatusPending, sdk.RefundStatusRequiresAction:
	}
	return result
}

// refundIn returns which of our refunds one at Stripe is.
func refundIn(metadata map[string]string) (refundID id.ID, attempt int, ours bool) {
	refundID, err := id.Parse(metadata[refundKey])
	if err != nil || metadata[sourceKey] != source {
		return id.Nil, 0, false
	}
	attempt, err = strconv.Atoi(metadata[attemptKey])
	return refundID, attempt, err == nil
}
