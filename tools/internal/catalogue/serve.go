package catalogue

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"

	"ticketmesh.dev/platform/problem"
)

// policy lets a page load its own style, script and pictures, and do nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
	".yaml": "application/yaml", // RFC 9512
}

// Handler serves the catalogue below the prefix, which begins and ends with a
// slash. It renders at the first request. Everything may be kept by the client
// and is asked for again by its entity tag.
func Handler(prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, problem.MethodNotAllowed("GET, HEAD"))
			return
		}
		files, err := all()
		if err != nil {
			// The contracts are part of the binary, and the tests exclude it.
			problem.Write(w, r, problem.New(http.StatusInternalServerError, problem.CodeInternal, ""))
			return
		}
		name := strings.TrimPrefix(r.URL.Path, prefix)
		if name == "" {
			name = "index.html"
		}
		f, found := find(files, name)
		if !found {
			problem.Write(w, r, problem.NotFound(""))
			return
		}
		sum := sha256.Sum256(f.text)
		header := w.Header()
		header.Set("Content-Type", contentTypes[path.Ext(name)])
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.text))
	})
}
