// Package front answers the first page of the embedded mesh, which says what is
// here, and serves the API documents.
package front

import (
	_ "embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/problem"
)

//go:embed index.html
var indexText string

var index = template.Must(template.New("index").Parse(indexText))

type document struct{ Name, Href string }

// Handler answers GET / with the page, and /docs/ with the contracts: the
// OpenAPI documents, the event schemas and their examples.
func Handler() http.Handler {
	mux := http.NewServeMux()
	documents, events := list()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		// The client may be gone; nobody else wants to know.
		_ = index.Execute(w, map[string]any{"Documents": documents, "Events": events})
	})
	mux.Handle("GET /docs/", http.StripPrefix("/docs/", existing(typed(http.FileServerFS(contracts.Files)))))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		known := r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/docs/")
		if known && r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, problem.MethodNotAllowed("GET, HEAD"))
			return
		}
		problem.Write(w, r, problem.NotFound(""))
	})
	return mux
}

// existing answers for files that there are not as every other route does.
func existing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := path.Clean("/" + r.URL.Path)[1:]; name != "" {
			if _, err := fs.Stat(contracts.Files, name); err != nil {
				problem.Write(w, r, problem.NotFound(""))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// typed gives YAML its media type (RFC 9512), which Go does not know.
func typed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Ext(r.URL.Path) == ".yaml" {
			w.Header().Set("Content-Type", "application/yaml")
		}
		next.ServeHTTP(w, r)
	})
}

func list() (documents, events []document) {
	// The files are embedded: walking them cannot fail.
	_ = fs.WalkDir(contracts.Files, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
		case strings.HasSuffix(file, ".yaml"):
			documents = append(documents, document{Name: path.Base(file), Href: "/docs/" + file})
		case strings.HasSuffix(file, ".schema.json") && path.Dir(file) != "events":
			service := path.Base(path.Dir(file))
			name := "ticketmesh." + service + "." + strings.TrimSuffix(path.Base(file), ".schema.json")
			events = append(events, document{Name: name, Href: "/docs/" + file})
		}
		return nil
	})
	return documents, events
}
