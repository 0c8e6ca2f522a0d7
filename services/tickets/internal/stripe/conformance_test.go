package stripe_test

import (
	"log/slog"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app/providertest"
	"ticketmesh.dev/services/tickets/internal/stripe"
	"ticketmesh.dev/services/tickets/internal/stripe/stripetest"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// open returns a provider and the double that it talks to.
func open(t *testing.T) (*stripe.Provider, *stripetest.Double, *clock.Manual) {
	at := clock.NewManual(start)
	double := stripetest.New(t, at.Now)
	provider := stripe.New(stripe.Config{SecretKey: stripetest.Key, APIBase: double.URL, Logger: slog.New(slog.DiscardHandler)})
	return provider, double, at
}

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Opened {
		provider, double, at := open(t)
		lose := func(kind stripetest.Fault) func() string {
			return func() string {
				double.Fail("POST /v1/payment_intents", kind)
				return "pm_card_visa"
			}
		}
		return providertest.Opened{
			Provider: provider, Now: at.Now, Advance: at.Advance, Approved: "pm_card_visa", Refused: "pm_card_chargeDeclinedInsufficientFunds",
			RefusedReason: "insufficient_funds", Pending: "pm_card_authenticationRequired", LoseAnswer: lose(stripetest.Lost), LoseRequest: lose(stripetest.Refused),
			Finish: func(_ id.ID, reference string, paid bool) { double.Finish(reference, paid) },
		}
	})
}
