package info_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/services/info/embedded"
)

// upload sends content as the answer to POST /info/assets says.
func upload(t *testing.T, m *mesh, prepared answer, content []byte) int {
	t.Helper()
	var how struct {
		UploadURL string `json:"uploadUrl"`
		Method    string
		Headers   map[string]string
	}
	if err := json.Unmarshal(prepared.raw, &how); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), how.Method, how.UploadURL, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range how.Headers {
		req.Header.Set(name, value)
	}
	response, err := m.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestAFileIsUploadedAndServed(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	// Larger than a JSON body may be.
	content := bytes.Repeat([]byte("\x89PNG\r\n\x1a\n"), 200_000)
	prepared := m.must(t, 201, request{method: "POST", path: "/info/assets", token: "organizer", body: object{"name": "Poster.png", "contentType": "image/png", "size": len(content)}})
	if prepared.text("method") != "PUT" || prepared.text("expiresAt") != "2026-11-25T12:15:00.000Z" || !strings.HasSuffix(prepared.text("key"), "-poster.png") {
		t.Errorf("prepared %s", prepared.raw)
	}
	path := "/info/assets/" + prepared.text("key")
	m.must(t, 404, request{method: "GET", path: path})
	if status := upload(t, m, prepared, content[1:]); status != 403 {
		t.Errorf("a shorter file answers %d, want 403", status)
	}
	if status := upload(t, m, prepared, content); status != 204 {
		t.Fatalf("the upload answers %d, want 204", status)
	}
	got := m.must(t, 200, request{method: "GET", path: path})
	if !bytes.Equal(got.raw, content) {
		t.Errorf("got %d bytes, want %d", len(got.raw), len(content))
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=300", "Content-Security-Policy": "default-src 'none'; sandbox",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.header.Get(name), want)
		}
	}
	unchanged := m.must(t, 304, request{method: "GET", path: path, header: map[string]string{"If-None-Match": got.header.Get("ETag")}})
	if len(unchanged.raw) != 0 || unchanged.header.Get("ETag") == "" {
		t.Errorf("unchanged: %d bytes, tag %q", len(unchanged.raw), unchanged.header.Get("ETag"))
	}
	if head := m.must(t, 200, request{method: "HEAD", path: path}); len(head.raw) != 0 {
		t.Errorf("HEAD answers %d bytes", len(head.raw))
	}

	m.clock.Advance(15 * time.Minute)
	if status := upload(t, m, prepared, content); status != 403 {
		t.Errorf("a late upload answers %d, want 403", status)
	}
}

func TestNothingAnsweredIsLostByARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := start(t, dir)
	key := map[string]string{"Idempotency-Key": "key-1"}
	venue := m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall("Hall"), header: key})
	artist := m.must(t, 201, request{method: "POST", path: "/info/artists", token: "organizer", body: object{"name": "Anna"}})
	page := m.must(t, 201, request{method: "POST", path: "/info/pages", token: "organizer", body: object{"slug": "about", "language": "en", "title": "About", "markdown": "text"}})
	file := m.must(t, 201, request{method: "POST", path: "/info/assets", token: "organizer", body: object{"name": "a", "contentType": "image/gif", "size": 3}})
	if status := upload(t, m, file, []byte("GIF")); status != 204 {
		t.Fatalf("the upload answers %d", status)
	}
	before := m.announced(t)
	m.stop(t)

	m = start(t, dir)
	for path, want := range map[string]string{
		"/info/venues/" + venue.text("venueId"):    string(venue.raw),
		"/info/artists/" + artist.text("artistId"): string(artist.raw),
		"/info/pages/about":                        string(page.raw),
		"/info/assets/" + file.text("key"):         "GIF",
	} {
		if got := m.must(t, 200, request{method: "GET", path: path}); string(got.raw) != want {
			t.Errorf("%s answers %s, want %s", path, got.raw, want)
		}
	}
	if got := m.must(t, 200, request{method: "GET", path: "/info/search?q=hall"}); !strings.Contains(string(got.raw), venue.text("venueId")) {
		t.Errorf("the search finds %s", got.raw)
	}
	if again := m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall("Hall"), header: key}); string(again.raw) != string(venue.raw) {
		t.Errorf("the key answers %s, want %s", again.raw, venue.raw)
	}
	after := m.announced(t)
	if len(after) != 2 || after[0].ID != before[0].ID || after[1].ID != before[1].ID {
		t.Errorf("the outbox holds %v, want %v", after, before)
	}
}

func TestTheDataIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mesh")
	start(t, dir)
	for _, name := range []string{"info.db", "info-upload-secret", "info-assets", "."} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}

func TestOpenSaysAllThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := embedded.Open(t.Context(), embedded.Config{})
	if err == nil {
		t.Fatal("opened")
	}
	for _, name := range []string{"DataDir", "BaseURL", "Verifier", "Validator"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("err = %v, which does not name %s", err, name)
		}
	}
}
