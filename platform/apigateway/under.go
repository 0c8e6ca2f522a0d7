package apigateway

import (
	"net/http"
	"net/url"
)

// Under returns what answers with h an API whose stage, and whose base path at a custom
// domain, are called as prefix is ("/tickets" for a stage tickets). Clients send the
// prefix, and h's routes begin with it, but the gateway's do not, and Handler cuts off
// what they do not have: Under puts it back.
func Under(prefix string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below := *r.URL
		below.Path = under(prefix, r.URL.Path)
		if r.URL.RawPath != "" {
			below.RawPath = under((&url.URL{Path: prefix}).EscapedPath(), r.URL.RawPath)
		}
		request := *r // not a copy of all it holds: h may keep what it is given
		request.URL = &below
		request.RequestURI = below.RequestURI()
		h.ServeHTTP(w, &request)
	})
}

// under has no slash at the end that the client has not sent: it cannot have been told
// from none.
func under(prefix, path string) string {
	if path == "/" || path == "" {
		return prefix
	}
	return prefix + path
}
