package info_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/asset"
)

// conversation calls operations by their names in the document. What they answer
// is held to it as in any test.
type conversation struct {
	*mesh
	t          *testing.T
	operations map[string]contracttest.Operation
}

// say calls an operation. The path's parameters are filled in from ids, in their
// order; header has names and values in turn.
func (c *conversation) say(status int, operation, token string, body any, ids []string, header ...string) answer {
	c.t.Helper()
	o := c.operations[operation]
	r := request{method: o.Method, path: o.URL(ids...), token: token, body: body, header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		r.header[header[i]] = header[i+1]
	}
	a := c.do(c.t, r)
	if a.status != status {
		c.t.Errorf("%s: %d %s, want %d", operation, a.status, a.raw, status)
	}
	return a
}

// interrupted leaves what the death of a process leaves of a request with an
// Idempotency-Key: its key, which is in use until the lease is over.
func (c *conversation) interrupted(operation, key, body string) {
	c.t.Helper()
	now := clock.NewManual(begin)
	db, err := sqlite.Open(c.t.Context(), sqlite.Config{Path: filepath.Join(c.dir, "info.db"), Clock: now})
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	o := c.operations[operation]
	if _, err := db.Idempotency(now).Claim(c.t.Context(), idempotency.Key{
		Caller: "user-organizer", Method: o.Method, Path: o.URL(), Key: key,
	}, sha256.Sum256([]byte(body)), time.Minute); err != nil {
		c.t.Fatal(err)
	}
}

// upload sends a file without a network, so that its length can be said without
// sending it; negative is not saying it.
func (c *conversation) upload(status int, target string, content string, length int64) {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPut, target, strings.NewReader(content))
	r.Header.Set("Content-Type", "image/gif")
	r.ContentLength = length
	w := httptest.NewRecorder()
	c.server.Config.Handler.ServeHTTP(w, r)
	if w.Code != status {
		c.t.Errorf("uploadAsset: %d %s, want %d", w.Code, w.Body, status)
	}
}

// elsewhere asks for a file that is too large for the process that is asked.
func (c *conversation) elsewhere(key string) {
	c.t.Helper()
	handler, err := info.NewAPI(info.APIConfig{Blobs: elsewhere{}, Clock: c.clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	c.api.Check(c.t, handler).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/info/assets/"+key, nil))
	if got := w.Header().Get("Location"); w.Code != 307 || got != elsewhereURL || w.Header().Get("Cache-Control") != "no-store" {
		c.t.Errorf("getAsset: %d to %q with %v, want 307 to %q", w.Code, got, w.Header(), elsewhereURL)
	}
}

// elsewhereURL is as presigned ones are.
const elsewhereURL = "https://files.example/assets/a%2Bb?X-Amz-Credential=A%2F20261125&X-Amz-Signature=0f"

// elsewhere keeps files that are read elsewhere.
type elsewhere struct{ app.Blobs }

func (elsewhere) Open(context.Context, asset.Key) (app.Blob, error) {
	return app.Blob{ReadCloser: http.NoBody, Size: asset.MaxSize, Tag: "t", URL: elsewhereURL}, nil
}

// TestContractEveryDeclaredStatusIsAnswered has every operation of the document
// give each of its answers.
func TestContractEveryDeclaredStatusIsAnswered(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	c := &conversation{m, t, m.api.Operations()}
	const organizer = "organizer"
	nowhere := []string{id.New().String()}
	noSlug := []string{"No_Slug"} // which no page can have
	page := object{"language": "en", "title": "About", "markdown": "Hi."}
	newPage := object{"slug": "about", "language": "en", "title": "About", "markdown": "Hi."}
	file := object{"name": "a", "contentType": "image/gif", "size": 3}
	bodies := map[string]any{
		"createVenue": hall("Hall"), "replaceVenue": hall("Hall"), "createArtist": object{"name": "Anna"}, "replaceArtist": object{"name": "Anna"},
		"createPage": newPage, "putPage": page, "createAsset": file,
	}

	// What is the same for all; an upload is like no other.
	for name, operation := range c.operations {
		if name == "uploadAsset" {
			continue
		}
		for _, status := range operation.Statuses {
			switch body := bodies[name]; status {
			case 400:
				if operation.Body {
					c.say(400, name, organizer, `{"unheard of": 1}`, nowhere)
				}
				c.say(400, name, organizer, body, append(nowhere, "?limit=0&lang=*"), "If-Match", "1", "Idempotency-Key", " ")
			case 401:
				c.say(401, name, "", body, nowhere)
			case 403:
				c.say(403, name, "customer", body, nowhere)
			case 404:
				where := nowhere
				if strings.Contains(operation.Path, "{slug}") {
					where = noSlug
				}
				c.say(404, name, organizer, body, where)
			case 413:
				c.say(413, name, organizer, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, nowhere)
			case 415:
				c.say(415, name, organizer, `{}`, nowhere, "Content-Type", "text/plain")
			}
		}
	}

	// What a key that is in use is answered, and one that another request used.
	for _, name := range []string{"createVenue", "createArtist", "createPage", "createAsset"} {
		c.interrupted(name, "k", `{}`)
		c.say(409, name, organizer, `{}`, nil, "Idempotency-Key", "k")
		c.say(201, name, organizer, bodies[name], nil, "Idempotency-Key", "used")
		c.say(422, name, organizer, `{}`, nil, "Idempotency-Key", "used")
	}

	// From the beginning to the end.
	venue := []string{c.say(201, "createVenue", organizer, hall("Hall"), nil).text("venueId")}
	artist := []string{c.say(201, "createArtist", organizer, bodies["createArtist"], nil).text("artistId")}
	about := []string{"about"}
	c.say(409, "createPage", organizer, newPage, nil)
	c.say(201, "putPage", organizer, page, []string{"visit"})
	for name, ids := range map[string][]string{"replaceVenue": venue, "replaceArtist": artist, "putPage": about} {
		c.say(412, name, organizer, bodies[name], ids, "If-Match", `"7"`)
		c.say(200, name, organizer, bodies[name], ids, "If-Match", `"1"`)
	}
	for name, ids := range map[string][]string{
		"listVenues": nil, "listArtists": nil, "listPages": nil, "search": {"?q=hall"}, "getVenue": venue, "getArtist": artist, "getPage": about,
	} {
		c.say(200, name, "", nil, ids)
	}
	for name, ids := range map[string][]string{"deleteVenue": venue, "deleteArtist": artist, "deletePage": {"about", "?lang=en"}} {
		c.say(412, name, organizer, nil, ids, "If-Match", `"7"`)
		c.say(204, name, organizer, nil, ids)
	}

	// A file.
	prepared := c.say(201, "createAsset", organizer, file, nil)
	signed, err := url.Parse(prepared.text("uploadUrl"))
	if err != nil {
		t.Fatal(err)
	}
	c.upload(400, signed.RequestURI(), "GIF", -1)
	c.upload(400, signed.RequestURI(), "G", 3)
	c.upload(403, signed.Path, "GIF", 3)
	c.upload(404, "/info/assets/"+nowhere[0], "GIF", 3)
	c.upload(413, signed.RequestURI(), "", 10<<20+1)
	c.upload(204, signed.RequestURI(), "GIF", 3)
	key := []string{prepared.text("key")}
	tag := c.say(200, "getAsset", "", nil, key).header.Get("ETag")
	c.say(304, "getAsset", "", nil, key, "If-None-Match", tag)
	c.elsewhere(key[0])

	c.say(200, "health", "", nil, nil)
	m.close(t) // the store is gone
	c.say(503, "health", "", nil, nil)

	for _, missing := range m.api.Unseen() {
		t.Errorf("never answered, and the document declares it: %s", missing)
	}
}
