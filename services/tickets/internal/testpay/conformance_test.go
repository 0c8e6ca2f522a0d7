package testpay_test

import (
	"net/http"
	"testing"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app/providertest"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Opened {
		at := clock.NewManual(now)
		provider := testpay.New(at)
		hooks := testpay.NewWebhooks([]byte("secret"))
		reports := testpay.Reports{Provider: provider, Webhooks: hooks, Clock: at}
		return providertest.Opened{
			Provider: provider, Now: at.Now, Advance: at.Advance, Approved: "tok_ok", Refused: "tok_declined", RefusedReason: "card_declined", Pending: "tok_pending",
			LoseAnswer:  func() string { return "tok_timeout" },
			LoseRequest: func() string { return "tok_error" },
			Finish: func(orderID id.ID, _ string, paid bool) {
				kind := "payment.declined"
				if paid {
					kind = "payment.captured"
				}
				body := []byte(`{"id":"1","type":"` + kind + `","orderId":"` + orderID.String() + `"}`)
				if _, err := reports.Read(t.Context(), http.Header{"Ticketmesh-Signature": {hooks.Sign(body, at.Now())}}, body); err != nil {
					t.Error(err)
				}
			},
		}
	})
}
