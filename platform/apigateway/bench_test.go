package apigateway_test

import (
	"net/http"
	"testing"

	"ticketmesh.dev/platform/apigateway"
)

// BenchmarkHandler is what a request costs between the payload and net/http, and its
// answer back, in both formats.
func BenchmarkHandler(b *testing.B) {
	handle := apigateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"holdId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e60"}`))
	}))
	for _, format := range []struct{ name, payload string }{
		{"REST", `{"resource":"/holds","path":"/holds","httpMethod":"POST","multiValueHeaders":{"Host":["api.example"],"Content-Type":["application/json"],"Accept":["*/*"],` +
			`"X-Amzn-Trace-Id":["Root=1-5759e988-bd862e3fe1be46a994272793"]},"multiValueQueryStringParameters":null,` +
			`"requestContext":{"stage":"tickets","path":"/tickets/holds","identity":{"sourceIp":"192.0.2.1"}},"body":"eyJzZWF0cyI6WyJBLTEiLCJBLTIiXX0=","isBase64Encoded":true}`},
		{"HTTP", `{"version":"2.0","rawPath":"/tickets/holds","rawQueryString":"","headers":{"host":"api.example","content-type":"application/json","accept":"*/*",` +
			`"x-amzn-trace-id":"Root=1-5759e988-bd862e3fe1be46a994272793"},"requestContext":{"stage":"tickets","http":{"method":"POST","sourceIp":"192.0.2.1"}},` +
			`"body":"{\"seats\":[\"A-1\",\"A-2\"]}","isBase64Encoded":false}`},
	} {
		b.Run(format.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := handle(b.Context(), []byte(format.payload)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
