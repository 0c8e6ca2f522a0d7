package selling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/aws/state"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/rest"
	"ticketmesh.dev/services/tickets/internal/stripe"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

// openPayments returns the providers and what reads their webhooks. The test provider is always there, for the refunds
// of orders from when it was offered; its books are in memory, and each instance of a function has its own.
func openPayments(s state.State, logger *slog.Logger) (app.Payments, map[string]rest.Webhooks, error) {
	test := testpay.New(s.Clock)
	secret := awsconfig.NewSecret(s.Client, s.PaymentsSecret, func(text string) (accounts, error) {
		kept, err := parse(text)
		if err != nil {
			return accounts{}, err
		}
		opened := accounts{webhooks: map[string]rest.Webhooks{}}
		if kept.TestWebhookSecret != "" {
			opened.webhooks[testpay.Name] = testpay.Reports{Provider: test, Webhooks: testpay.NewWebhooks([]byte(kept.TestWebhookSecret)), Clock: s.Clock}
		}
		if kept.StripeSecretKey != "" {
			opened.stripe = stripe.New(stripe.Config{SecretKey: kept.StripeSecretKey, APIBase: s.StripeURL, Logger: logger})
		}
		if kept.StripeWebhookSecret != "" {
			opened.webhooks[stripe.Name] = stripe.Webhooks{Secret: kept.StripeWebhookSecret}
		}
		return opened, nil
	}, awsconfig.Options{Clock: s.Clock})

	payments := app.Payments{Providers: map[string]app.Provider{testpay.Name: test}, Offered: s.Payments, Patience: app.DefaultPatience}
	webhooks := map[string]rest.Webhooks{}
	for _, name := range s.Payments {
		switch name {
		case testpay.Name:
		case stripe.Name:
			payments.Providers[name] = account{secret}
		default:
			return app.Payments{}, nil, fmt.Errorf("%s: %q is no payment provider", aws.VarPayments, name)
		}
		webhooks[name] = reader{secret, name}
	}
	return payments, webhooks, nil
}

// kept is what the secret has. A member that is empty or absent is of a provider that is not used.
type kept struct {
	TestWebhookSecret   string `json:"testWebhookSecret"`
	StripeSecretKey     string `json:"stripeSecretKey"`
	StripeWebhookSecret string `json:"stripeWebhookSecret"`
}

// parse reads the secret. Its errors do not quote it.
func parse(text string) (kept, error) {
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil {
		return kept{}, errors.New("not the JSON of the providers' keys")
	}
	return k, nil
}

// accounts are the providers by their keys as they are at the moment.
type accounts struct {
	stripe   *stripe.Provider // nil: there is no key
	webhooks map[string]rest.Webhooks
}

type secret = *awsconfig.Value[accounts]

// reader reads a provider's webhooks by the secret.
type reader struct {
	secret secret
	name   string
}

// Read implements rest.Webhooks. Without a key nothing is taken for signed.
func (r reader) Read(ctx context.Context, header http.Header, body []byte) (payment.Report, error) {
	accounts, err := r.secret.Get(ctx)
	if err != nil {
		return payment.Report{}, fmt.Errorf("%w: %w", payment.ErrUnavailable, err)
	}
	hooks, known := accounts.webhooks[r.name]
	if !known {
		return payment.Report{}, fmt.Errorf("%w: the secret has none for webhooks of %s", payment.ErrUnavailable, r.name)
	}
	return hooks.Read(ctx, header, body)
}

// account is Stripe by the secret, whose key may change.
type account struct{ secret secret }

func (a account) open(ctx context.Context) (*stripe.Provider, error) {
	accounts, err := a.secret.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", payment.ErrUnavailable, err)
	}
	if accounts.stripe == nil {
		return nil, fmt.Errorf("%w: the secret has no key of Stripe", payment.ErrUnavailable)
	}
	return accounts.stripe, nil
}

// Charge implements app.Provider.
func (a account) Charge(ctx context.Context, r payment.ChargeRequest) (payment.ChargeResult, error) {
	p, err := a.open(ctx)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	return p.Charge(ctx, r)
}

// Find implements app.Provider.
func (a account) Find(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	p, err := a.open(ctx)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	return p.Find(ctx, q)
}

// Cancel implements app.Provider.
func (a account) Cancel(ctx context.Context, q payment.ChargeQuery) (payment.ChargeResult, error) {
	p, err := a.open(ctx)
	if err != nil {
		return payment.ChargeResult{}, err
	}
	return p.Cancel(ctx, q)
}

// Refund implements app.Provider.
func (a account) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	p, err := a.open(ctx)
	if err != nil {
		return payment.RefundResult{}, err
	}
	return p.Refund(ctx, r)
}

// Captures implements app.Provider.
func (a account) Captures(ctx context.Context, since time.Time) ([]payment.Notice, error) {
	p, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return p.Captures(ctx, since)
}
