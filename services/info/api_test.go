package info_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAVenueLivesItsLife(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	give := hall("Stadttheater")
	give["address"], give["capacity"] = "Uferstraße 12", 640
	created := m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: give})
	path := "/info/venues/" + created.text("venueId")
	for name, want := range give {
		if created.text(name) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", name, created.body[name], want)
		}
	}
	if read := m.must(t, 200, request{method: "GET", path: path}); string(read.raw) != string(created.raw) {
		t.Errorf("read %s, want %s", read.raw, created.raw)
	}
	replaced := m.must(t, 200, request{method: "PUT", path: path, token: "admin", body: hall("Opera"), header: map[string]string{"If-Match": `"1"`}})
	if replaced.text("version") != "2" || replaced.text("name") != "Opera" || replaced.body["address"] != nil || replaced.body["capacity"] != nil {
		t.Errorf("replaced by %s", replaced.raw)
	}
	m.must(t, 204, request{method: "DELETE", path: path, token: "organizer"})
	m.must(t, 204, request{method: "DELETE", path: path, token: "organizer"})
	m.must(t, 404, request{method: "GET", path: path})
	m.must(t, 404, request{method: "PUT", path: path, token: "organizer", body: hall("Opera")})

	var seen []string
	for _, e := range m.announced(t) {
		seen = append(seen, fmt.Sprintf("%s %s %s", e.Type, e.Subject, e.Data))
	}
	if len(seen) != 3 || !strings.Contains(seen[2], `"version":3`) || !strings.Contains(seen[2], `"deleted":true`) ||
		!strings.HasPrefix(seen[0], "ticketmesh.info.venue.updated.v1 "+created.text("venueId")) {
		t.Errorf("announced %v, want three versions", seen)
	}
}

func TestAnArtistLivesItsLife(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	give := object{"name": "Sinéad", "description": "Sings.", "links": []object{{"label": "Site", "url": "https://artist.example"}}}
	created := m.must(t, 201, request{method: "POST", path: "/info/artists", token: "organizer", body: give})
	path := "/info/artists/" + created.text("artistId")
	if read := m.must(t, 200, request{method: "GET", path: path}); string(read.raw) != string(created.raw) || !strings.Contains(string(read.raw), "https://artist.example") {
		t.Errorf("read %s, want %s", read.raw, created.raw)
	}
	replaced := m.must(t, 200, request{method: "PUT", path: path, token: "organizer", body: object{"name": "Sinéad Ó"}})
	if replaced.text("version") != "2" || replaced.body["description"] != nil || replaced.body["links"] != nil {
		t.Errorf("replaced by %s", replaced.raw)
	}
	m.must(t, 412, request{method: "DELETE", path: path, token: "organizer", header: map[string]string{"If-Match": `"1"`}})
	m.must(t, 204, request{method: "DELETE", path: path, token: "organizer"})
	m.must(t, 404, request{method: "GET", path: path})
	if events := m.announced(t); len(events) != 0 {
		t.Errorf("announced %v, want nothing", events)
	}
}

func TestAPageLivesItsLife(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	content := func(language, title, markdown string) object {
		return object{"language": language, "title": title, "markdown": markdown}
	}
	english := content("EN", "About", "# Hi <script>alert(1)</script>\n\n[x](javascript:alert(1))")
	english["slug"] = "about"
	created := m.must(t, 201, request{method: "POST", path: "/info/pages", token: "organizer", body: english})
	if created.text("language") != "en" || !strings.Contains(created.text("html"), "<h1>Hi") || strings.Contains(created.text("html"), "<script") || strings.Contains(created.text("html"), "javascript:") {
		t.Errorf("created %s", created.raw)
	}
	if again := m.do(t, request{method: "POST", path: "/info/pages", token: "organizer", body: english}); again.status != 409 || again.text("code") != "page_exists" {
		t.Errorf("again answers %d %s", again.status, again.raw)
	}
	german := m.must(t, 201, request{method: "PUT", path: "/info/pages/about", token: "organizer", body: content("de-at", "Über uns", "Wir")})
	if german.text("language") != "de-AT" || german.text("version") != "1" {
		t.Errorf("put %s", german.raw)
	}
	m.must(t, 200, request{method: "PUT", path: "/info/pages/about", token: "organizer", body: content("de-AT", "Über uns", "Wir alle"), header: map[string]string{"If-Match": `"1"`}})

	for _, tt := range []struct{ query, accept, want string }{
		{"?lang=de-AT", "", "de-AT"},
		{"?lang=DE-at", "en", "de-AT"},
		{"?lang=de", "", "de-AT"},
		{"?lang=fr", "de", "en"},
		{"", "fr;q=0.9, de;q=0.5", "de-AT"},
		{"", "", "en"},
		{"", ";;;q=*", "en"},
	} {
		got := m.must(t, 200, request{method: "GET", path: "/info/pages/about" + tt.query, header: map[string]string{"Accept-Language": tt.accept}})
		if got.text("language") != tt.want || got.header.Get("Content-Language") != tt.want {
			t.Errorf("%q with %q is in %s, header %s, want %s", tt.query, tt.accept, got.text("language"), got.header.Get("Content-Language"), tt.want)
		}
		if !slices.Contains(got.header.Values("Vary"), "Accept-Language") {
			t.Errorf("Vary = %v", got.header.Values("Vary"))
		}
	}

	m.must(t, 400, request{method: "DELETE", path: "/info/pages/about", token: "organizer", header: map[string]string{"If-Match": `"1"`}})
	m.must(t, 412, request{method: "DELETE", path: "/info/pages/about?lang=de-AT", token: "organizer", header: map[string]string{"If-Match": `"1"`}})
	m.must(t, 204, request{method: "DELETE", path: "/info/pages/about?lang=de-at", token: "organizer"})
	if got := m.must(t, 200, request{method: "GET", path: "/info/pages/about?lang=de"}); got.text("language") != "en" {
		t.Errorf("German is still there: %s", got.raw)
	}
	m.must(t, 404, request{method: "DELETE", path: "/info/pages/about?lang=fr", token: "organizer"})
	m.must(t, 204, request{method: "DELETE", path: "/info/pages/about", token: "organizer"})
	m.must(t, 404, request{method: "GET", path: "/info/pages/about"})
	// Nobody can have a version of what is not there.
	m.must(t, 412, request{method: "PUT", path: "/info/pages/about", token: "organizer", body: content("en", "About", ""), header: map[string]string{"If-Match": `"2"`}})

	back := m.must(t, 201, request{method: "POST", path: "/info/pages", token: "organizer", body: english})
	if back.text("version") != "3" {
		t.Errorf("made again as version %s, want 3: readers drop what is older", back.text("version"))
	}
	var subjects []string
	for _, e := range m.announced(t) {
		subjects = append(subjects, e.Subject)
	}
	if want := []string{"about/en", "about/de-AT", "about/de-AT", "about/de-AT", "about/en", "about/en"}; !slices.Equal(subjects, want) {
		t.Errorf("announced %v, want %v", subjects, want)
	}
}

func TestListsGoOnWhereTheyEnded(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	for _, name := range []string{"c", "a", "e", "b", "d"} {
		m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall(name)})
		m.must(t, 201, request{method: "POST", path: "/info/artists", token: "organizer", body: object{"name": name}})
		m.must(t, 201, request{method: "POST", path: "/info/pages", token: "organizer", body: object{"slug": name, "language": "en", "title": name, "markdown": "text"}})
	}
	for _, path := range []string{"/info/venues", "/info/artists", "/info/pages", "/info/search?q=graz", "/info/search?q=text&type=page"} {
		t.Run(path, func(t *testing.T) {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			var names []string
			cursor := ""
			for {
				got := m.must(t, 200, request{method: "GET", path: path + join + "limit=2" + cursor})
				for _, item := range got.body["items"].([]any) {
					o := item.(object)
					name := o["name"]
					if name == nil {
						name = o["title"]
					}
					names = append(names, fmt.Sprint(name))
				}
				next, more := got.body["nextCursor"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + url.QueryEscape(next)
			}
			if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(names, want) {
				t.Errorf("listed %v, want %v", names, want)
			}
		})
	}
}

func TestAnEmptyListIsAList(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	for _, path := range []string{"/info/venues", "/info/artists", "/info/pages", "/info/search?q=x", "/info/search?q=", "/info/search?q=%22%28"} {
		if got := m.must(t, 200, request{method: "GET", path: path}); string(got.raw) != `{"items":[]}` {
			t.Errorf("%s answers %s", path, got.raw)
		}
	}
}

func TestSearchFindsAllKinds(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	venue := m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall("Théâtre")})
	m.must(t, 201, request{method: "POST", path: "/info/artists", token: "organizer", body: object{"name": "Anna", "description": "Plays at the theatre"}})
	m.must(t, 201, request{method: "POST", path: "/info/pages", token: "organizer", body: object{"slug": "visit", "language": "de", "title": "Besuch", "markdown": "Ins **Theatre** & zurück"}})
	got := m.must(t, 200, request{method: "GET", path: "/info/search?q=theat"})
	var found []string
	for _, item := range got.body["items"].([]any) {
		o := item.(object)
		found = append(found, fmt.Sprintf("%v %v %v", o["type"], o["title"], o["snippet"]))
	}
	want := []string{"venue Théâtre Graz AT", "artist Anna Plays at the theatre", "page Besuch Ins Theatre & zurück"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	first := got.body["items"].([]any)[0].(object)
	if first["id"] != venue.text("venueId") || first["language"] != nil {
		t.Errorf("first = %v", first)
	}
	page := got.body["items"].([]any)[2].(object)
	if page["id"] != "visit" || page["language"] != "de" {
		t.Errorf("page = %v", page)
	}
}

func TestNoSearchBreaks(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	m.must(t, 201, request{method: "POST", path: "/info/artists", token: "organizer", body: object{"name": "a b near"}})
	for _, q := range []string{
		`"`, `""`, `a"`, `a*`, `*`, `^a`, `title:a`, `-a`, `(`, `a)`, `NEAR(a b)`, `AND`, `a OR`, `NOT a`, `'; DROP TABLE document; --`,
		`\`, `%`, "\u0301", "é", "👩‍👩‍👧", "<script>", strings.Repeat("a", 200), strings.Repeat(`"`, 200), "a\nb", "a + b & c",
	} {
		got := m.do(t, request{method: "GET", path: "/info/search?q=" + url.QueryEscape(q)})
		if got.status != 200 {
			t.Errorf("%q answers %d %s", q, got.status, got.raw)
		}
	}
}

func TestFailuresAreProblems(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	venue := "/info/venues/" + m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall("Hall")}).text("venueId")
	const unknown = "0199a1c0-7d10-7c3e-8a52-4d1f6f2b9e01"
	page := object{"slug": "a", "language": "en", "title": "t", "markdown": ""}
	with := func(o object, name string, value any) object {
		changed := object{name: value}
		for k, v := range o {
			if k != name {
				changed[k] = v
			}
		}
		return changed
	}
	asset := object{"name": "a.png", "contentType": "image/png", "size": 1}
	for _, tt := range []struct {
		name   string
		give   request
		status int
		code   string
		field  string
	}{
		{"no token", request{method: "POST", path: "/info/venues", body: hall("a")}, 401, "unauthenticated", ""},
		{"a bad token", request{method: "POST", path: "/info/venues", token: "forged", body: hall("a")}, 401, "unauthenticated", ""},
		{"a customer", request{method: "POST", path: "/info/venues", token: "customer", body: hall("a")}, 403, "forbidden", ""},
		{"the gate", request{method: "PUT", path: venue, token: "gate", body: hall("a")}, 403, "forbidden", ""},
		{"a customer deletes", request{method: "DELETE", path: venue, token: "customer"}, 403, "forbidden", ""},
		{"a customer writes pages", request{method: "PUT", path: "/info/pages/a", token: "customer", body: object{"language": "en", "title": "t", "markdown": ""}}, 403, "forbidden", ""},
		{"a customer uploads", request{method: "POST", path: "/info/assets", token: "customer", body: asset}, 403, "forbidden", ""},
		{"a customer adds artists", request{method: "POST", path: "/info/artists", token: "customer", body: object{"name": "a"}}, 403, "forbidden", ""},
		{"an unknown venue", request{method: "GET", path: "/info/venues/" + unknown}, 404, "not_found", ""},
		{"no venue's id", request{method: "GET", path: "/info/venues/x"}, 404, "not_found", ""},
		{"an unknown artist", request{method: "DELETE", path: "/info/artists/" + unknown, token: "organizer"}, 404, "not_found", ""},
		{"an unknown page", request{method: "GET", path: "/info/pages/unknown"}, 404, "not_found", ""},
		{"an unknown file", request{method: "GET", path: "/info/assets/" + unknown + ".png"}, 404, "not_found", ""},
		{"a file's name that is a path", request{method: "GET", path: "/info/assets/..%2Finfo.db"}, 404, "not_found", ""},
		{"an unknown route", request{method: "GET", path: "/info/unknown"}, 404, "not_found", ""},
		{"a method that is not", request{method: "PATCH", path: venue, token: "organizer", body: object{}}, 405, "method_not_allowed", ""},
		{"a stale version", request{method: "PUT", path: venue, token: "organizer", body: hall("a"), header: map[string]string{"If-Match": `"7"`}}, 412, "version_conflict", ""},
		{"a version without quotes", request{method: "PUT", path: venue, token: "organizer", body: hall("a"), header: map[string]string{"If-Match": `1`}}, 400, "invalid_request", "If-Match"},
		{"a body too large", request{method: "POST", path: "/info/pages", token: "organizer", body: with(page, "markdown", strings.Repeat("a", 1<<20))}, 413, "payload_too_large", ""},
		{"a body of another type", request{method: "POST", path: "/info/pages", token: "organizer", body: page, header: map[string]string{"Content-Type": "text/plain"}}, 415, "unsupported_media_type", ""},
		{"not JSON", request{method: "POST", path: "/info/pages", token: "organizer", body: "{"}, 400, "invalid_request", ""},
		{"a missing member", request{method: "POST", path: "/info/venues", token: "organizer", body: object{"name": "a", "country": "AT", "timeZone": "UTC"}}, 400, "invalid_request", "city"},
		{"an unknown member", request{method: "POST", path: "/info/venues", token: "organizer", body: with(hall("a"), "stars", 5)}, 400, "invalid_request", ""},
		{"an empty name", request{method: "POST", path: "/info/venues", token: "organizer", body: hall("")}, 400, "invalid_request", "name"},
		{"an unknown country", request{method: "POST", path: "/info/venues", token: "organizer", body: with(hall("a"), "country", "XX")}, 400, "invalid_request", "country"},
		{"an unknown time zone", request{method: "POST", path: "/info/venues", token: "organizer", body: with(hall("a"), "timeZone", "Mars/Base")}, 400, "invalid_request", "timeZone"},
		{"a capacity of 0", request{method: "POST", path: "/info/venues", token: "organizer", body: with(hall("a"), "capacity", 0)}, 400, "invalid_request", "capacity"},
		{"a link that runs", request{method: "POST", path: "/info/artists", token: "organizer", body: object{"name": "a", "links": []object{{"label": "x", "url": "javascript:alert(1)"}}}}, 400, "invalid_request", "links[0].url"},
		{"a slug with a slash", request{method: "POST", path: "/info/pages", token: "organizer", body: with(page, "slug", "a/b")}, 400, "invalid_request", "slug"},
		{"a page of a malformed slug", request{method: "PUT", path: "/info/pages/a%0Ab", token: "organizer", body: object{"language": "en", "title": "t", "markdown": ""}}, 404, "not_found", ""},
		{"a language that is none", request{method: "POST", path: "/info/pages", token: "organizer", body: with(page, "language", "de_AT")}, 400, "invalid_request", "language"},
		{"lang that is none", request{method: "GET", path: "/info/pages/a?lang=*"}, 400, "invalid_request", "lang"},
		{"a limit of 0", request{method: "GET", path: "/info/venues?limit=0"}, 400, "invalid_request", "limit"},
		{"a made-up cursor", request{method: "GET", path: "/info/venues?cursor=x"}, 400, "invalid_request", "cursor"},
		{"another list's cursor", request{method: "GET", path: "/info/pages?cursor=eyJOYW1lIjoiYSJ9"}, 400, "invalid_request", "cursor"},
		{"an unknown type", request{method: "GET", path: "/info/search?q=a&type=show"}, 400, "invalid_request", "type"},
		{"a search for nothing at all", request{method: "GET", path: "/info/search"}, 400, "invalid_request", "q"},
		{"a search too long", request{method: "GET", path: "/info/search?q=" + strings.Repeat("a", 201)}, 400, "invalid_request", "q"},
		{"a file that could run", request{method: "POST", path: "/info/assets", token: "organizer", body: with(asset, "contentType", "image/svg+xml")}, 400, "invalid_request", "contentType"},
		{"a file too large", request{method: "POST", path: "/info/assets", token: "organizer", body: with(asset, "size", 10<<20+1)}, 400, "invalid_request", "size"},
		{"an unsigned upload", request{method: "PUT", path: "/info/assets/" + unknown + ".png", body: "x"}, 403, "forbidden", ""},
		{"an upload to nowhere", request{method: "PUT", path: "/info/assets/x", body: "x"}, 404, "not_found", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := m.do(t, tt.give)
			if got.status != tt.status || got.text("code") != tt.code || got.header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("answers %d %s %s, want %d %s", got.status, got.header.Get("Content-Type"), got.raw, tt.status, tt.code)
			}
			if tt.field != "" {
				errors, _ := got.body["errors"].([]any)
				if len(errors) == 0 || errors[0].(object)["field"] != tt.field {
					t.Errorf("errors = %v, want one for %s", errors, tt.field)
				}
			}
			if tt.status == 405 && got.header.Get("Allow") == "" {
				t.Error("Allow is missing")
			}
		})
	}
}

func TestAKeyIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	key := map[string]string{"Idempotency-Key": "key-1"}
	for path, body := range map[string]object{
		"/info/venues":  hall("Hall"),
		"/info/artists": {"name": "Anna"},
		"/info/pages":   {"slug": "about", "language": "en", "title": "About", "markdown": "x"},
		"/info/assets":  {"name": "a.png", "contentType": "image/png", "size": 1},
	} {
		first := m.must(t, 201, request{method: "POST", path: path, token: "organizer", body: body, header: key})
		second := m.must(t, 201, request{method: "POST", path: path, token: "organizer", body: body, header: key})
		if string(first.raw) != string(second.raw) {
			t.Errorf("%s answers %s, then %s", path, first.raw, second.raw)
		}
		body["name"], body["title"] = "Other", "Other"
		if reused := m.do(t, request{method: "POST", path: path, token: "organizer", body: body, header: key}); reused.status != 422 || reused.text("code") != "idempotency_key_reused" {
			t.Errorf("%s with another body answers %d %s", path, reused.status, reused.raw)
		}
	}
	if events := m.announced(t); len(events) != 2 {
		t.Errorf("%d events, want one venue and one page", len(events))
	}
}

func TestBrowsersOfTheShopMayCall(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	const origin = "https://shop.example"
	for _, path := range []string{"/info/venues", "/info/assets/x"} {
		preflight := m.do(t, request{method: http.MethodOptions, path: path, header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type",
		}})
		if preflight.status/100 != 2 || preflight.header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s: preflight answers %d %v", path, preflight.status, preflight.header)
		}
	}
	for _, give := range []request{{method: "GET", path: "/info/venues"}, {method: "PUT", path: "/info/assets/x", body: "x"}} {
		give.header = map[string]string{"Origin": origin}
		if got := m.do(t, give); got.header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s %s: headers %v", give.method, give.path, got.header)
		}
		give.header = map[string]string{"Origin": "https://other.example"}
		if got := m.do(t, give); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: another origin may too", give.method, give.path)
		}
	}
}

func TestTheServiceSaysWhetherItIsWell(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	if got := m.must(t, 200, request{method: "GET", path: "/info/healthz"}); got.text("status") != "ok" {
		t.Errorf("answers %s", got.raw)
	}
	if err := m.service.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	ready := m.service.Ready
	m.close(t)
	if got := m.must(t, 503, request{method: "GET", path: "/info/healthz"}); got.text("code") != "unavailable" {
		t.Errorf("answers %s", got.raw)
	}
	if ready(t.Context()) == nil {
		t.Error("a closed service is ready")
	}
}
