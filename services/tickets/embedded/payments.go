package embedded

import (
	"errors"
	"path/filepath"
	"time"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/rest"
	"ticketmesh.dev/services/tickets/internal/stripe"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

// Payments says who collects money. The zero value is the test provider alone.
type Payments struct {
	Stripe *Stripe // nil: not at all
	// WithoutTest refuses orders that are to be paid by the test provider, and its
	// webhooks. Orders it was used for before can still be refunded.
	WithoutTest bool
	// Patience is how long a payment may be outstanding until it is cancelled and
	// its order declined; an hour when zero.
	Patience time.Duration
}

// Stripe is an account at Stripe.
type Stripe struct {
	SecretKey      string
	WebhookSecret  string // of the endpoint POST /tickets/payments/webhooks/stripe
	PublishableKey string // for buyers' clients; may be empty
	APIBase        string // empty: Stripe's own
}

// openPayments returns the providers and what reads their webhooks.
func openPayments(c Config) (app.Payments, map[string]rest.Webhooks, error) {
	test := testpay.New(c.Clock)
	payments := app.Payments{Providers: map[string]app.Provider{testpay.Name: test}, Patience: c.Payments.Patience}
	if payments.Patience == 0 {
		payments.Patience = app.DefaultPatience
	}
	webhooks := map[string]rest.Webhooks{}
	if !c.Payments.WithoutTest {
		checker, err := testpay.LoadWebhooks(filepath.Join(c.DataDir, "test-webhook-secret"))
		if err != nil {
			return app.Payments{}, nil, err
		}
		webhooks[testpay.Name] = testpay.Reports{Provider: test, Webhooks: checker, Clock: c.Clock}
		payments.Offered = append(payments.Offered, testpay.Name)
	}
	if account := c.Payments.Stripe; account != nil {
		if account.SecretKey == "" || account.WebhookSecret == "" {
			return app.Payments{}, nil, errors.New("Stripe needs a secret key and a webhook secret")
		}
		payments.Providers[stripe.Name] = stripe.New(stripe.Config{SecretKey: account.SecretKey, APIBase: account.APIBase, Logger: c.Logger})
		webhooks[stripe.Name] = stripe.Webhooks{Secret: account.WebhookSecret}
		payments.Offered = append(payments.Offered, stripe.Name)
	}
	return payments, webhooks, nil
}
