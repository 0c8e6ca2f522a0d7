// Package stripe collects money and gives it back by Stripe's PaymentIntents. It
// translates: what an order is, and what becomes of it, is not known here.
//
// Every request that changes something carries an idempotency key made of the
// order's or the refund's id. Stripe forgets keys after a day; a charge or a
// refund is found by its metadata for good.
package stripe

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
)

// Name is how the provider is called in the API.
const Name = "stripe"

// Version is the version of Stripe's API that is spoken, whatever the account's
// own is. The webhook endpoint has to be of its release, "dahlia".
const Version = sdk.APIVersion

// timeout bounds one request. A process that is told to stop has 10 s to answer
// what it has begun.
const timeout = 8 * time.Second

// What is written on payments and refunds, to find them by.
const (
	orderKey   = "order_id"
	refundKey  = "refund_id"
	attemptKey = "attempt"
	sourceKey  = "source"
	source     = "ticketmesh"
)

// Config is an account at Stripe.
type Config struct {
	SecretKey string
	APIBase   string // empty: Stripe's own
	Logger    *slog.Logger
}

// Provider implements app.Provider.
type Provider struct {
	client *sdk.Client
	logger *slog.Logger
}

// New returns a provider. It asks Stripe nothing.
func New(c Config) *Provider {
	backend := &sdk.BackendConfig{
		HTTPClient:    &http.Client{Timeout: timeout},
		LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull}, // errors are returned, and logged once
		// Whoever asks again asks what happened first.
		MaxNetworkRetries: sdk.Int64(0),
	}
	if c.APIBase != "" {
		backend.URL = sdk.String(c.APIBase)
	}
	api := sdk.GetBackendWithConfig(sdk.APIBackend, backend)
	return &Provider{
		client: sdk.NewClient(c.SecretKey, sdk.WithBackends(&sdk.Backends{API: api, Connect: api, Uploads: api, MeterEvents: api})),
		logger: c.Logger,
	}
}

// plain says what Stripe's error is without its message, which is for people and
// may hold what they typed.
func plain(err error) error {
	var said *sdk.Error
	if !errors.As(err, &said) {
		return fmt.Errorf("stripe: %w", err)
	}
	return fmt.Errorf("stripe: status %d, type %q, code %q, parameter %q, request %s", said.HTTPStatusCode, said.Type, said.Code, said.Param, said.RequestID)
}

// refusal returns Stripe's error when it is a refusal for good of this request.
// Wrong keys, too many requests and failures of Stripe are not; neither is the
// reuse of an idempotency key, which says that something did happen under it.
func refusal(err error) (*sdk.Error, bool) {
	var said *sdk.Error
	if !errors.As(err, &said) {
		return nil, false
	}
	switch said.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return said, said.Type == sdk.ErrorTypeCard || said.Type == sdk.ErrorTypeInvalidRequest
	}
	return nil, false
}

// reasons are the refusals that buyers can do something about. What a card was
// really refused for, as that it is stolen, is not for whoever holds it.
var reasons = map[string]string{
	string(sdk.ErrorCodeExpiredCard):                        "expired_card",
	string(sdk.ErrorCodeIncorrectCVC):                       "incorrect_cvc",
	string(sdk.ErrorCodeInvalidCVC):                         "incorrect_cvc",
	string(sdk.ErrorCodeIncorrectNumber):                    "incorrect_number",
	string(sdk.ErrorCodeInvalidNumber):                      "incorrect_number",
	string(sdk.ErrorCodeProcessingError):                    "processing_error",
	string(sdk.ErrorCodePaymentIntentAuthenticationFailure): "authentication_failed",
	string(sdk.ErrorCodeAuthenticationRequired):             "authentication_required",
	string(sdk.DeclineCodeInsufficientFunds):                "insufficient_funds",
	string(sdk.DeclineCodeCurrencyNotSupported):             "currency_not_supported",
	string(sdk.DeclineCodeCardNotSupported):                 "card_not_supported",
}

// declinedBecause returns the stable code of a refused payment.
func declinedBecause(said *sdk.Error) string {
	if said == nil {
		return "declined_by_provider"
	}
	for _, code := range []string{string(said.DeclineCode), string(said.Code)} {
		if reason, known := reasons[code]; known {
			return reason
		}
	}
	return "card_declined"
}

// missing reports that Stripe has no such object.
func missing(err error) bool {
	said, refused := refusal(err)
	return refused && said.HTTPStatusCode == http.StatusNotFound
}
