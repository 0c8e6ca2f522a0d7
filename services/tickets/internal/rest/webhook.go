package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	api "ticketmesh.dev/contracts/ticketsapi"
	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

const webhookPath = "/tickets/payments/webhooks/"

// verifyWebhooks checks the signature over the raw body of a webhook, before
// anything of it is read as JSON.
func verifyWebhooks(next http.Handler, webhooks map[string]Webhooks) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider, isWebhook := strings.CutPrefix(r.URL.Path, webhookPath)
		if !isWebhook || r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		checker, known := webhooks[provider]
		if !known {
			kit.NotFound(w, r)
			return
		}
		body, err := kit.RawBody(r)
		if err != nil {
			refusal := problem.InvalidRequest(problem.Field{Field: "body", Message: "could not be read"})
			errors.As(err, &refusal) // the edge knows better what is wrong with it
			problem.Write(w, r, refusal)
			return
		}
		if err := checker.Verify(r.Header, body); err != nil {
			problem.Write(w, r, problem.New(http.StatusUnauthorized, problem.CodeUnauthenticated, "the signature is missing, wrong or too old"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ReceivePaymentWebhook implements api.Handler. Its signature was checked.
func (h *handler) ReceivePaymentWebhook(ctx context.Context, req *api.PaymentWebhook, params api.ReceivePaymentWebhookParams) (api.ReceivePaymentWebhookRes, error) {
	notice := payment.Notice{ID: req.ID, OrderID: req.OrderID, Status: payment.Captured, Reference: req.ID}
	if req.Type == api.PaymentWebhookTypePaymentDeclined {
		notice.Status = payment.Declined
	}
	err := h.selling.HandleNotice(ctx, params.Provider, notice)
	if errors.Is(err, order.ErrNotFound) {
		return nil, problem.NotFound("no such order at this provider")
	}
	if err != nil {
		return nil, err
	}
	return &api.WebhookReceipt{Received: true}, nil
}
