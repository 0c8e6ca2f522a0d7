package catalogue_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/catalogue"
)

func ask(method, target string, header ...string) *http.Response {
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	catalogue.Handler("/docs/").ServeHTTP(answer, request)
	return answer.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryFileIsServed(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
		".json": "application/json", ".yaml": "application/yaml",
	}
	files, tags := rendered(t), map[string]string{}
	for name, want := range rendered(t) {
		got := ask("GET", "/docs/"+name)
		header := got.Header
		if got.StatusCode != 200 || got.ContentLength >= 0 && got.ContentLength != int64(len(want)) || header.Get("Content-Type") != types[path.Ext(name)] {
			t.Errorf("%s: %d of %s, %d bytes for %d", name, got.StatusCode, header.Get("Content-Type"), got.ContentLength, len(want))
		}
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
		tag := header.Get("ETag")
		if other := tags[tag]; other != "" && string(files[other]) != string(want) {
			t.Errorf("%s and %s have the entity tag %s", name, other, tag)
		}
		tags[tag] = name
		if again := ask("GET", "/docs/"+name, "If-None-Match", tag); again.StatusCode != http.StatusNotModified || header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: asked again it is %d, %q", name, again.StatusCode, header.Get("Cache-Control"))
		}
	}
}

func TestRequestsAreAnsweredAsEverywhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, target string
		status               int
		contentType, says    string
	}{
		{"the first page", "GET", "/docs/", 200, "text/html; charset=utf-8", "<h1>Events and APIs</h1>"},
		{"only the header", "HEAD", "/docs/api/tickets.html", 200, "text/html; charset=utf-8", ""},
		{"no such page", "GET", "/docs/api/nothing.html", 404, "application/problem+json", `"not_found"`},
		{"a folder", "GET", "/docs/events/", 404, "application/problem+json", `"not_found"`},
		{"the way out", "GET", "/docs/../go.mod", 404, "application/problem+json", `"not_found"`},
		{"the mark of a written one", "GET", "/docs/.ticketmesh-catalogue", 404, "application/problem+json", `"not_found"`},
		{"elsewhere", "GET", "/elsewhere/index.html", 404, "application/problem+json", `"not_found"`},
		{"a change", "POST", "/docs/index.html", 405, "application/problem+json", `"method_not_allowed"`},
		{"a removal", "DELETE", "/docs/nothing", 405, "application/problem+json", `"method_not_allowed"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ask(tt.method, tt.target)
			if got.StatusCode != tt.status || got.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("%d %s, want %d %s", got.StatusCode, got.Header.Get("Content-Type"), tt.status, tt.contentType)
			}
			if said := body(t, got); !strings.Contains(said, tt.says) || tt.method == "HEAD" && said != "" {
				t.Errorf("it says %.200s", said)
			}
			if tt.status == 405 && got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow is %q", got.Header.Get("Allow"))
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	for b.Loop() {
		if _, err := render(); err != nil {
			b.Fatal(err)
		}
	}
}
