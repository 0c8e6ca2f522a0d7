package lambda_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/platform/tracing/daemontest"
	"ticketmesh.dev/platform/tracing/xray"
)

// BenchmarkRequest is what our layers cost a request that is warm: from the payload of
// an HTTP API to its answer, with a handler that reads a body and answers it.
func BenchmarkRequest(b *testing.B) {
	payload, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": "/tickets/v1/holds", "rawQueryString": "",
		"headers": map[string]string{
			"host": "api.example", "content-type": "application/json", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept": "application/json",
			"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793", "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https",
		},
		"requestContext":  map[string]any{"stage": "$default", "domainName": "api.example", "http": map[string]string{"method": "POST", "sourceIp": "192.0.2.1"}},
		"body":            `{"performanceId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e60","seats":["A-1","A-2","A-3","A-4"]}`,
		"isBase64Encoded": false,
	})
	if err != nil {
		b.Fatal(err)
	}
	answer := apigateway.Handler(api.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, err := io.ReadAll(r.Body) // io.Copy would take a buffer of 32 KB
		if err != nil {
			b.Error(err)
		}
		_, _ = w.Write(body)
	}), api.Options{Logger: slog.New(slog.DiscardHandler)}))
	run := func(name string, ctx context.Context) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := answer(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	const header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="
	address := daemontest.Start(b).Address()
	sdk, err := xray.NewRecorder(address)
	if err != nil {
		b.Fatal(err)
	}
	run("untraced", b.Context())
	run("not sampled", tracing.With(b.Context(), tracing.NewDaemon(address, clock.System{}), header+"0"))
	run("sampled", tracing.With(b.Context(), tracing.NewDaemon(address, clock.System{}), header+"1"))
	run("sampled, SDK", tracing.With(b.Context(), sdk, header+"1"))
}
