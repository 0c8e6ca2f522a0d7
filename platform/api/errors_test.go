package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/api/internal/fixtureapi"
	"ticketmesh.dev/platform/problem"
)

// body of a valid request with one more member, or one replaced.
func with(member string) string {
	if strings.HasPrefix(member, `"items"`) {
		return `{"ownerId":"` + thingID + `",` + member + `}`
	}
	return strings.TrimSuffix(validBody, "}") + "," + member + "}"
}

func TestABadBodyIsAnInvalidRequestThatNamesTheField(t *testing.T) {
	t.Parallel()
	const otherID = "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7c"
	tests := []struct {
		name, give string
		field      string
		message    string
	}{
		{"not JSON", `{`, "body", "is not valid JSON"},
		{"a bare word", `nope`, "body", "is not valid JSON"},
		{"single quotes", `{'a':1}`, "body", "is not valid JSON"},
		{"trailing comma", `{"name":"ab",}`, "body", "is not valid JSON"},
		{"trailing garbage", validBody + `x`, "body", "has something after the JSON value"},
		{"two values", validBody + validBody, "body", "has something after the JSON value"},
		{"a byte order mark", "\ufeff" + validBody, "body", "is not valid JSON"},
		{"an array", `[]`, "body", "must be an object"},
		{"null", `null`, "body", "must be an object"},
		{"spaces", `   `, "body", "is not valid JSON"},
		{"deep arrays", strings.Repeat("[", 1_000_000), "body", "is nested too deeply"},
		{"deep objects", with(`"price":` + strings.Repeat(`{"a":`, 100_000)), "body", "is nested too deeply"},
		{"a name twice", with(`"name":"ab","name":"cd"`), "name", "is given twice"},
		{"a name twice, once escaped", with(`"name":"ab","n\u0061me":"cd"`), "name", "is given twice"},
		{"a name twice, deep", with(`"lines":[{"sku":"a","quantity":1},{"sku":"a","sku":"b","quantity":1}]`), "lines[1].sku", "is given twice"},
		{"invalid UTF-8", with("\"name\":\"a\xffb\""), "name", "is not valid UTF-8"},
		{"NUL", with(`"name":"a\u0000b"`), "name", "has a NUL character"},
		{"a raw control character", with("\"name\":\"a\x00b\""), "body", "is not valid JSON"},
		{"half a surrogate pair", with(`"name":"a\ud800b"`), "name", "has half of a surrogate pair"},
		{"two low surrogates", with(`"name":"\udc00\udc00"`), "name", "has half of a surrogate pair"},
		{"surrogates in the wrong order", with(`"name":"\udc00\ud800"`), "name", "has half of a surrogate pair"},

		{"unknown field", with(`"nope":1`), "nope", "is not a known field"},
		{"unknown field in an object", with(`"price":{"amount":1,"currency":"EUR","x":1}`), "price.x", "is not a known field"},
		{"unknown field in the second item", with(`"lines":[{"sku":"a","quantity":1},{"sku":"a","quantity":1,"x":1}]`), "lines[1].x", "is not a known field"},
		{"required fields missing", `{}`, "ownerId", "is required"},
		{"required field missing in the second item", with(`"lines":[{"sku":"a","quantity":1},{"sku":"a"}]`), "lines[1].quantity", "is required"},
		{"required field missing in an alternative", with(`"items":[{"quantity":1}]`), "items[0].areaId", "is required"},

		{"string for a UUID", `{"ownerId":"x","items":[{"areaId":"a","quantity":1}]}`, "ownerId", "must be a UUID"},
		{"long string for a UUID", `{"ownerId":"zzzzzzzz-7c3e-7d4f-8a1b-2c3d4e5f6a7b","items":[]}`, "ownerId", "must be a UUID"},
		{"number for a UUID", `{"ownerId":1,"items":[]}`, "ownerId", "must not be a number"},
		{"null for a UUID", `{"ownerId":null,"items":[]}`, "ownerId", "must not be null"},
		{"one bad UUID of three", with(`"refs":["` + thingID + `","` + otherID + `","x"]`), "refs[2]", "must be a UUID"},
		{"number for a string", with(`"name":5`), "name", "must not be a number"},
		{"object for a string", with(`"name":{}`), "name", "must not be an object"},
		{"array for a string", with(`"name":[]`), "name", "must not be an array"},
		{"boolean for a string", with(`"name":true`), "name", "must not be a boolean"},
		{"string for a boolean", with(`"loud":"true"`), "loud", "must not be a string"},
		{"string for a number", with(`"weight":"5"`), "weight", "must not be a string"},
		{"string for a whole number", with(`"price":{"amount":"5","currency":"EUR"}`), "price.amount", "must not be a string"},
		{"fraction for a whole number", with(`"price":{"amount":1.5,"currency":"EUR"}`), "price.amount", "must be a whole number"},
		{"1e400", with(`"price":{"amount":1e400,"currency":"EUR"}`), "price.amount", "must be a whole number"},
		{"10^30", with(`"price":{"amount":1` + strings.Repeat("0", 30) + `,"currency":"EUR"}`), "price.amount", "is out of range"},
		{"10^30 in the second item", with(`"lines":[{"sku":"a","quantity":1},{"sku":"a","quantity":1` + strings.Repeat("0", 30) + `}]`), "lines[1].quantity", "is out of range"},
		{"1e400 as a float", with(`"weight":1e400`), "weight", "is out of range"},
		{"object for an array", with(`"refs":{}`), "refs", "must be an array"},
		{"string for an object", with(`"price":"5"`), "price", "must be an object"},
		{"string for an object in an array", with(`"lines":[{"sku":"a","quantity":1}, "x"]`), "lines[1]", "must be an object"},
		{"bad time", with(`"startsAt":"tomorrow"`), "startsAt", "must be a date and time such as 2027-06-01T20:00:00Z"},
		{"time without a zone", with(`"startsAt":"2027-06-01T20:00:00"`), "startsAt", "must be a date and time such as 2027-06-01T20:00:00Z"},
		{"bad date", with(`"day":"2027-02-30"`), "day", "must be a date such as 2027-06-01"},

		{"string too short", with(`"name":"a"`), "name", "must have at least 2 characters"},
		{"string too long", with(`"name":"ääääääääa"`), "name", "must have at most 8 characters"},
		{"pattern", with(`"colour":"red"`), "colour", "must match ^#[0-9a-f]{6}$"},
		{"enum", with(`"kind":"flat"`), "kind", "is not one of the allowed values"},
		{"e-mail", with(`"email":"nobody"`), "email", "must be an e-mail address"},
		{"number too small", with(`"weight":0.5`), "weight", "must be at least 1"},
		{"number too large", with(`"weight":11`), "weight", "must be at most 10"},
		{"quantity 0", with(`"items":[{"areaId":"a","quantity":0}]`), "items[0].quantity", "must be at least 1"},
		{"quantity 0 in the second item", with(`"items":[{"areaId":"a","quantity":2},{"areaId":"a","quantity":0}]`), "items[1].quantity", "must be at least 1"},
		{"negative amount", with(`"price":{"amount":-1,"currency":"EUR"}`), "price.amount", "must be at least 0"},
		{"no items", with(`"items":[]`), "items", "must not be empty"},
		{"too many items", with(`"items":[` + strings.Repeat(`{"areaId":"a","quantity":1},`, 3) + `{"areaId":"a","quantity":1}]`), "items", "must have at most 3 items"},
		{"a seat named twice", with(`"items":[{"areaId":"a","seats":["A-1","A-2","A-1"]}]`), "items[0].seats", "must not hold the same item twice"},
		{"an empty seat", with(`"items":[{"areaId":"a","seats":["A-1",""]}]`), "items[0].seats[1]", "must not be empty"},
		{"no alternative fits", with(`"items":[{"areaId":"a"}]`), "items[0]", "has none of the allowed forms"},
		{"two alternatives mixed", with(`"items":[{"areaId":"a","quantity":1,"seats":["A-1"]}]`), "items[0]", "mixes several of the allowed forms"},
		{"an alternative of the wrong type", with(`"items":["A-1"]`), "items[0]", "is of the wrong type"},
	}
	f := newFixture(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := f.post(t, tt.give).problem(t, 400, "invalid_request")
			fields, _ := p["errors"].([]any)
			if len(fields) == 0 {
				t.Fatalf("no errors: %v", p)
			}
			first := fields[0].(map[string]any)
			if first["field"] != tt.field || first["message"] != tt.message {
				t.Errorf("got %v: %v\nwant %v: %v", first["field"], first["message"], tt.field, tt.message)
			}
		})
	}
}

func TestANumberWithoutAFractionIsWhole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		give string
		want int64
	}{{"44.0", 44}, {"1250.000", 1250}, {"0.0", 0}, {"100", 100}} {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			var got int64
			f.things.make = func(_ context.Context, req *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
				got = req.Price.Value.Amount
				return &fixtureapi.ThingHeaders{}, nil
			}
			body := with(`"weight":2.0,"name":"1.0","price":{"amount":` + tt.give + `,"currency":"EUR"}`)
			if a := f.post(t, body); a.status != 201 || got != tt.want {
				t.Errorf("got %d, %+v", got, a)
			}
		})
	}
}

func TestTheRawBodyIsWhatWasSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give, after string
		status            int
	}{
		{"none", "", "", 0},
		{"a number that is rewritten", `{"a":2.0}`, `{"a":2  }`, 0},
		{"not JSON", `{`, "", 400},
		{"too large", strings.Repeat(" ", 1<<20+1), "", 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := api.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				raw, err := api.RawBody(r)
				if err == nil && string(raw) != tt.give {
					t.Errorf("raw: %q", raw)
				}
				after, err := io.ReadAll(r.Body)
				if string(after) != tt.after {
					t.Errorf("after it: %q", after)
				}
				var p *problem.Problem
				if errors.As(err, &p) != (tt.status != 0) || p != nil && p.Status != tt.status {
					t.Errorf("after it: %v", err)
				}
			}), api.Options{})
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.give))
			r.Header.Set("Content-Type", "application/json")
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

func TestAllFaultsOfABodyAreListed(t *testing.T) {
	t.Parallel()
	p := newFixture(t).post(t, with(`"name":"a","weight":99`)).problem(t, 400, "invalid_request")
	if fields := p["errors"].([]any); len(fields) != 2 {
		t.Errorf("got %v, want two", fields)
	}
}

func TestAnAbsentBodyIsAnInvalidRequest(t *testing.T) {
	t.Parallel()
	p := newFixture(t).post(t, "", "Content-Type", "application/json").problem(t, 400, "invalid_request")
	first := p["errors"].([]any)[0].(map[string]any)
	if first["field"] != "body" || first["message"] != "is required" {
		t.Errorf("got %v", first)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give string
		field      string
		message    string
	}{
		{"not a number", "/things?limit=many", "limit", "must be a whole number"},
		{"too large for a number", "/things?limit=99999999999999999999", "limit", "is out of range"},
		{"too small", "/things?limit=0", "limit", "must be at least 1"},
		{"too large", "/things?limit=101", "limit", "must be at most 100"},
		{"bad time", "/things?from=yesterday", "from", "must be a date and time such as 2027-06-01T20:00:00Z"},
		{"bad UUID", "/things?ownerId=1", "ownerId", "must be a UUID"},
		{"enum", "/things?kind=flat", "kind", "is not one of the allowed values"},
		{"too long", "/things?q=01234567890", "q", "must have at most 10 characters"},
		{"twice", "/things?limit=1&limit=2", "limit", "is given more than once"},
		{"NUL", "/things?q=a%00b", "q", "is not valid UTF-8 text"},
		{"invalid UTF-8", "/things?q=%ff", "q", "is not valid UTF-8 text"},
		{"bad escape", "/things?q=%zz", "query", "is not well encoded"},
		{"semicolon", "/things?q=a;limit=3", "query", "is not well encoded"},
	}
	f := newFixture(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := do(t, f, "GET", tt.give, "").problem(t, 400, "invalid_request")
			first := p["errors"].([]any)[0].(map[string]any)
			if first["field"] != tt.field || first["message"] != tt.message {
				t.Errorf("got %v: %v\nwant %v: %v", first["field"], first["message"], tt.field, tt.message)
			}
		})
	}
}

func TestAMalformedIDInThePathNamesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{
		"/things/not-a-uuid", "/things/" + thingID + "0", "/things/%00", "/things/%ff", "/things/", "/nowhere", "/things/" + thingID + "/x",
		"/things/..%2f..%2fetc",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			do(t, f, "GET", target, "").problem(t, 404, "not_found")
		})
	}
}

func TestMethodsAndMediaTypes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := do(t, f, "DELETE", "/things", "")
	a.problem(t, 405, "method_not_allowed")
	if got := a.header.Get("Allow"); got != "GET,POST" {
		t.Errorf("Allow = %q", got)
	}
	options := do(t, f, "OPTIONS", "/things", "")
	if options.status != 204 || options.header.Get("Allow") != "GET,POST" {
		t.Errorf("OPTIONS: %d, Allow %q", options.status, options.header.Get("Allow"))
	}
	head := do(t, f, "HEAD", "/things/"+thingID, "")
	if head.status != 200 || head.body != "" || head.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("HEAD: %+v", head)
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", ";;;", "application/jsonx"} {
		t.Run("Content-Type "+contentType, func(t *testing.T) {
			t.Parallel()
			f.post(t, validBody, "Content-Type", contentType).problem(t, 415, "unsupported_media_type")
		})
	}
	if got := f.post(t, validBody, "Content-Type", "application/json; charset=utf-8"); got.status != 201 {
		t.Errorf("with a charset: %+v", got)
	}
}

func TestABodyOverOneMebibyteIsTooLarge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	large := with(`"name":"` + strings.Repeat("a", 1<<20) + `"`)
	f.post(t, large).problem(t, 413, "payload_too_large")
	f.post(t, large, "Idempotency-Key", "k").problem(t, 413, "payload_too_large")

	// A length is not believed before there are as many bytes.
	r := httptest.NewRequest("POST", "/things", strings.NewReader(validBody))
	r.ContentLength = 1 << 62
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer alice")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("with an absurd length: %d %s", w.Code, w.Body)
	}

	// Without a Content-Length, over a real connection.
	s := httptest.NewServer(f)
	defer s.Close()
	for _, tt := range []struct {
		body string
		want int
	}{{large, 413}, {validBody + strings.Repeat(" ", 1<<20-len(validBody)), 201}, {strings.Repeat("[", 1<<20), 400}} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/things", struct{ *bytes.Reader }{bytes.NewReader([]byte(tt.body))})
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer alice")
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%d bytes: status %d, want %d", len(tt.body), res.StatusCode, tt.want)
		}
	}
}

func TestAHandlersErrorBecomesItsProblem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		give   error
		status int
		code   string
		logged bool
	}{
		{"problem", problem.New(409, "sold_out", "All gone."), 409, "sold_out", false},
		{"wrapped problem", fmt.Errorf("make: %w", problem.Forbidden("")), 403, "forbidden", false},
		{"cancelled", fmt.Errorf("query: %w", context.Canceled), 503, "unavailable", false},
		{"deadline", context.DeadlineExceeded, 503, "unavailable", false},
		{"anything else", errors.New(secret), 500, "internal", true},
		{"a limit of the caller", &http.MaxBytesError{Limit: 5}, 413, "payload_too_large", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) { return nil, tt.give }
			a := f.post(t, validBody, "X-Request-Id", "req-7")
			a.problem(t, tt.status, tt.code)
			if strings.Contains(a.body, secret) {
				t.Errorf("the body shows the inside: %s", a.body)
			}
			if got := strings.Count(f.log.String(), `"level":"ERROR"`); got != map[bool]int{true: 1}[tt.logged] {
				t.Errorf("logged %d errors: %s", got, f.log)
			}
			if tt.logged && (!strings.Contains(f.log.String(), secret) || !strings.Contains(f.log.String(), `"requestId":"req-7"`)) {
				t.Errorf("the log lacks the cause or the request id: %s", f.log)
			}
		})
	}
}

func TestAnErrorAfterTheAnswerBeganAddsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := api.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("half"))
		api.ErrorHandler(f.things.logger)(r.Context(), w, r, errors.New(secret))
	}), api.Options{})
	if a := do(t, h, "GET", "/", ""); a.status != 200 || a.body != "half" {
		t.Errorf("got %+v", a)
	}
}

func TestHeadersOfAProblemPassTheGeneratedEncoder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
		return nil, problem.RateLimited(1)
	}
	if a := f.post(t, validBody); a.status != 429 || a.header.Get("Retry-After") != "1" {
		t.Errorf("got %+v", a)
	}
}

func TestAPanicIsAnInternalErrorLoggedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.things.get = func(context.Context) (*fixtureapi.Thing, error) { panic(secret) }
	a := do(t, f, "GET", "/things/"+thingID, "", "Origin", "https://shop.example.com")
	a.problem(t, 500, "internal")
	if strings.Contains(a.body, secret) {
		t.Errorf("the body shows the inside: %s", a.body)
	}
	if a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("a browser cannot read this answer")
	}
	if got := strings.Count(f.log.String(), `"level":"ERROR"`); got != 1 {
		t.Errorf("logged %d errors", got)
	}
}

func TestAPanicInMidAnswerBreaksTheConnection(t *testing.T) {
	t.Parallel()
	h := api.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic("boom")
	}), api.Options{Logger: newFixture(t).things.logger})
	s := httptest.NewServer(h)
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if _, err := new(bytes.Buffer).ReadFrom(res.Body); err == nil {
		t.Error("the answer looks whole")
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		validBody, "", "{", `{"a":{"b":[1,2,{"c":"\u0000"}]}}`, "\xff", `{"ownerId":"x","items":[{}]}`, strings.Repeat("[", 70),
		`{"ownerId":"` + thingID + `","items":[{"areaId":"a","seats":["A-1"]}],"lines":[{"sku":"a","quantity":1e9}],"refs":["x"]}`,
	} {
		f.Add([]byte(seed))
	}
	fx := newFixture(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		a := fx.post(t, string(body))
		switch a.status {
		case 201:
		case 400, 413, 415:
			if a.json(t)["code"] == "" {
				t.Errorf("no code: %s", a.body)
			}
			for _, jargon := range []string{"callback", "decode ", "jx", "strconv", "uuid", "0x", "unexpected byte", "nil"} {
				if a.status == 400 && strings.Contains(messages(t, a), jargon) {
					t.Errorf("%q in %s", jargon, a.body)
				}
			}
		default:
			t.Errorf("status %d: %s", a.status, a.body)
		}
	})
}

func messages(t *testing.T, a answer) string {
	t.Helper()
	var all []string
	for _, e := range a.json(t)["errors"].([]any) {
		all = append(all, e.(map[string]any)["message"].(string))
	}
	return strings.Join(all, "\n")
}
