// Package front answers the first page of the embedded mesh, which says what is
// here.
package front

import (
	_ "embed"
	"net/http"

	"ticketmesh.dev/platform/problem"
)

//go:embed index.html
var index []byte

// Handler answers GET / with the page, and every path that is nobody else's with
// a problem.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		// The client may be gone; nobody else wants to know.
		_, _ = w.Write(index)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, problem.MethodNotAllowed("GET, HEAD"))
			return
		}
		problem.Write(w, r, problem.NotFound(""))
	})
	return mux
}
