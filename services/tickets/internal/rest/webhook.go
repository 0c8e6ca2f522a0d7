package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	api "ticketmesh.dev/contracts/ticketsapi"
	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

const (
	webhookPath = "/tickets/payments/webhooks/"
	stripe      = "stripe"
)

// reading is what a webhook says, or why that cannot be told.
type reading struct {
	report payment.Report
	err    error
}

type readingKey struct{}

// readWebhooks checks the signature over the raw body of a webhook, before
// anything of it is read as JSON, and hands on what it says.
func readWebhooks(next http.Handler, webhooks map[string]Webhooks, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider, isWebhook := strings.CutPrefix(r.URL.Path, webhookPath)
		if !isWebhook || r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		reader, known := webhooks[provider]
		if !known {
			kit.NotFound(w, r)
			return
		}
		body, err := kit.RawBody(r)
		if err != nil {
			refusal := unreadable()
			errors.As(err, &refusal) // the edge knows better what is wrong with it
			problem.Write(w, r, refusal)
			return
		}
		report, err := reader.Read(r.Context(), r.Header, body)
		if errors.Is(err, payment.ErrUnsigned) {
			problem.Write(w, r, problem.New(http.StatusUnauthorized, problem.CodeUnauthenticated, "the signature is missing, wrong or too old"))
			return
		}
		if errors.Is(err, payment.ErrUnavailable) {
			logger.ErrorContext(r.Context(), "webhook cannot be checked", "provider", provider, "error", err)
			problem.Write(w, r, problem.Unavailable())
			return
		}
		if err != nil {
			logger.WarnContext(r.Context(), "signed webhook cannot be read", "provider", provider, "error", err)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), readingKey{}, reading{report, err})))
	})
}

func unreadable() *problem.Problem {
	return problem.InvalidRequest(problem.Field{Field: "body", Message: "could not be read as JSON"})
}

// receive applies what the webhook at hand says. Its signature was checked.
func (h *handler) receive(ctx context.Context, provider string) error {
	said, _ := ctx.Value(readingKey{}).(reading)
	if said.err != nil {
		return unreadable()
	}
	return h.selling.HandleReport(ctx, provider, said.report)
}

// ReceivePaymentWebhook implements api.Handler.
func (h *handler) ReceivePaymentWebhook(ctx context.Context, _ *api.PaymentWebhook, params api.ReceivePaymentWebhookParams) (api.ReceivePaymentWebhookRes, error) {
	err := h.receive(ctx, params.Provider)
	if errors.Is(err, order.ErrNotFound) {
		return nil, problem.NotFound("no such order at this provider")
	}
	if err != nil {
		return nil, err
	}
	return &api.WebhookReceipt{Received: true}, nil
}

// ReceiveStripeWebhook implements api.Handler. What is not known here is another
// user's of the account, and sending it again would not help.
func (h *handler) ReceiveStripeWebhook(ctx context.Context, _ *api.StripeEvent, _ api.ReceiveStripeWebhookParams) (api.ReceiveStripeWebhookRes, error) {
	if err := h.receive(ctx, stripe); err != nil && !errors.Is(err, order.ErrNotFound) {
		return nil, err
	}
	return &api.WebhookReceipt{Received: true}, nil
}

// ListPaymentProviders implements api.Handler.
func (h *handler) ListPaymentProviders(context.Context) (*api.OfferedProviders, error) {
	answer := &api.OfferedProviders{Items: []api.OfferedProvider{}}
	for _, name := range h.selling.Offered() {
		offered := api.OfferedProvider{Provider: name}
		if name == stripe {
			offered.PublishableKey = optional(h.stripeKey)
		}
		answer.Items = append(answer.Items, offered)
	}
	return answer, nil
}
