package apigateway_test

import (
	"net/http"
	"testing"

	"ticketmesh.dev/platform/apigateway"
)

func TestUnderAPrefixPathsAreThoseOfClients(t *testing.T) {
	t.Parallel()
	v1 := func(path, whole, resource string) string {
		return `{"httpMethod":"GET","resource":"` + resource + `","path":"` + path + `","queryStringParameters":{"q":"a"},"requestContext":{"stage":"shows","path":"` + whole + `"}}`
	}
	v2 := func(path, route string) string {
		return `{"version":"2.0","routeKey":"` + route + `","rawPath":"` + path + `","rawQueryString":"q=a","requestContext":{"stage":"shows","http":{"method":"GET"}}}`
	}
	for _, tt := range []struct{ name, give, want string }{
		{"REST: its own domain", v1("/seatplans/1", "/shows/seatplans/1", "/seatplans/{planId}"), "/shows/seatplans/1"},
		{"REST: a domain of its own", v1("/shows/seatplans/1", "/shows/seatplans/1", "/seatplans/{planId}"), "/shows/seatplans/1"},
		{"REST: its own domain, a variable", v1("/1", "/shows/1", "/{showId}"), "/shows/1"},
		{"REST: a domain of its own, a variable", v1("/shows/1", "/shows/1", "/{showId}"), "/shows/1"},
		{"REST: a variable like the prefix", v1("/shows", "/shows/shows", "/{showId}"), "/shows/shows"},
		{"REST: its own domain, the prefix alone", v1("/", "/shows", "/"), "/shows"},
		{"REST: a domain of its own, the prefix alone", v1("/shows", "/shows", "/"), "/shows"},
		{"REST: an encoded slash", v1("/a%2Fb", "/shows/a%2Fb", "/{showId}"), "/shows/a%2Fb"},
		{"HTTP", v2("/shows/seatplans/1", "GET /seatplans/{planId}"), "/shows/seatplans/1"},
		{"HTTP: no stage in the path", v2("/seatplans/1", "GET /seatplans/{planId}"), "/shows/seatplans/1"},
		{"HTTP: any route", v2("/shows/gone", "$default"), "/shows/gone"},
		{"HTTP: the prefix alone", v2("/shows", "GET /"), "/shows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			handle := apigateway.Handler(apigateway.Under("/shows", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r })))
			if _, err := handle(t.Context(), []byte(tt.give)); err != nil {
				t.Fatal(err)
			}
			if path := got.URL.EscapedPath(); path != tt.want || got.RequestURI != tt.want+"?q=a" || got.URL.Query().Get("q") != "a" {
				t.Errorf("got %q (%q), want %q", path, got.RequestURI, tt.want)
			}
		})
	}
}
