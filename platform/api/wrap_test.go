package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/api/internal/fixtureapi"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/problem"
)

func TestTheTokenDecidesWhoCalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		method string
		target string
		give   string // Authorization
		status int
		code   string
		sub    string
	}{
		{"public without a token", "GET", "/things/" + thingID, "", 200, "", ""},
		{"public with a bad token", "GET", "/things/" + thingID, "Bearer forged", 401, "unauthenticated", ""},
		{"optional without a token", "GET", "/things", "", 200, "", "nobody"},
		{"optional with a token", "GET", "/things", "Bearer alice", 200, "", "alice"},
		{"in lower case", "GET", "/things", "bearer alice", 200, "", "alice"},
		{"required without a token", "POST", "/things", "", 401, "unauthenticated", ""},
		{"required with a bad token", "POST", "/things", "Bearer forged", 401, "unauthenticated", ""},
		{"required with an empty token", "POST", "/things", "Bearer ", 401, "unauthenticated", ""},
		{"required with another scheme", "POST", "/things", "Basic YTpi", 401, "unauthenticated", ""},
		{"required with a token", "POST", "/things", "Bearer alice", 201, "", ""},
		{"while the issuer is down", "GET", "/things", "Bearer outage", 503, "unavailable", ""},
	}
	f := newFixture(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := ""
			if tt.method == "POST" {
				body = validBody
			}
			a := do(t, f, tt.method, tt.target, body, "Authorization", tt.give)
			if tt.code != "" {
				a.problem(t, tt.status, tt.code)
			} else if a.status != tt.status {
				t.Fatalf("got %+v", a)
			}
			if got := a.header.Get("WWW-Authenticate"); (got == "Bearer") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate = %q", got)
			}
			if tt.sub != "" && a.json(t)["name"] != tt.sub {
				t.Errorf("got %s, want %s", a.body, tt.sub)
			}
		})
	}
}

func TestWhoCallsIsAskedBeforeWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	do(t, f, "POST", "/things", "{").problem(t, 401, "unauthenticated")
	do(t, f, "POST", "/nowhere", "{").problem(t, 404, "not_found")
}

func TestIDsOfARequest(t *testing.T) {
	t.Parallel()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	tests := []struct {
		name            string
		give            []string
		wantRequest     string // empty: a new one
		wantCorrelation string // empty: the request's
		wantTrace       string // empty: a new one
	}{
		{"none", nil, "", "", ""},
		{"given", []string{"X-Request-Id", "r-1", "X-Correlation-Id", "c:1", "traceparent", parent}, "r-1", "c:1", parent},
		{"not sane", []string{"X-Request-Id", "a b", "X-Correlation-Id", strings.Repeat("c", 129), "traceparent", strings.ToUpper(parent)}, "", "", ""},
		{"a trace of zeros", []string{"traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01"}, "", "", ""},
		{"a trace of a forbidden version", []string{"traceparent", "ff" + parent[2:]}, "", "", ""},
		{"a trace of a later version", []string{"traceparent", "01" + parent[2:] + "-more"}, "", "", parent},
		{"a trace with a tail", []string{"traceparent", parent + "-more"}, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var trace event.Trace
			var requestID string
			h := api.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				trace, requestID = event.TraceFrom(r.Context()), api.RequestID(r.Context())
			}), api.Options{})
			a := do(t, h, "GET", "/", "", tt.give...)
			if got := a.header.Get("X-Request-Id"); got != requestID || (tt.wantRequest != "" && got != tt.wantRequest) || (tt.wantRequest == "" && !uuid.MatchString(got)) {
				t.Errorf("request id %q, in the context %q", got, requestID)
			}
			if want := tt.wantCorrelation; trace.CorrelationID != want && (want != "" || trace.CorrelationID != requestID) {
				t.Errorf("correlation id %q, want %q", trace.CorrelationID, want)
			}
			if !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`).MatchString(trace.TraceParent) {
				t.Fatalf("traceparent %q", trace.TraceParent)
			}
			same := trace.TraceParent[:36] == parent[:36] && trace.TraceParent[52:] == parent[52:]
			if same != (tt.wantTrace != "") || trace.TraceParent[36:52] == parent[36:52] {
				t.Errorf("traceparent %q does not continue %q with a new span", trace.TraceParent, parent)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const origin = "https://shop.example.com"
	pre := do(t, f, "OPTIONS", "/things", "", "Origin", origin, "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "authorization,content-type,idempotency-key,if-match")
	if pre.status != 204 || pre.header.Get("Access-Control-Allow-Origin") != origin ||
		pre.header.Get("Access-Control-Allow-Headers") != "authorization,content-type,idempotency-key,if-match" {
		t.Errorf("preflight: %+v", pre)
	}
	strange := do(t, f, "OPTIONS", "/things", "", "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST")
	if got := strange.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a strange origin is allowed: %q", got)
	}
	refused := do(t, f, "POST", "/things", validBody, "Origin", origin)
	refused.problem(t, 401, "unauthenticated")
	if refused.header.Get("Access-Control-Allow-Origin") != origin {
		t.Error("a browser cannot read the refusal")
	}
	exposed := refused.header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Location", "Etag", "X-Request-Id"} {
		if !strings.Contains(strings.ToLower(exposed), strings.ToLower(name)) {
			t.Errorf("%s is not exposed: %q", name, exposed)
		}
	}
	if got := do(t, api.Wrap(f.things0(), api.Options{}), "GET", "/", "", "Origin", origin).header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("without configuration: %q", got)
	}
}

// things0 answers everything with 200.
func (f *fixture) things0() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
}

func TestTheAccessLogIsQuietAndImpersonal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("t", 40)
	do(t, f, "GET", "/things/"+long+"?q=a@example.com", "", "Authorization", "Bearer alice", "X-Request-Id", "r-9")
	log := f.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"level":"DEBUG"`) || !strings.Contains(log, `"requestId":"r-9"`) || !strings.Contains(log, `"status":404`) {
		t.Errorf("got %s", log)
	}
	for _, personal := range []string{"alice", "example.com", long} {
		if strings.Contains(log, personal) {
			t.Errorf("the log has %q", personal)
		}
	}
}

func TestAnswersForACallerAreNotCached(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if got := do(t, f, "GET", "/things", "", "Authorization", "Bearer alice").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("signed in: %q", got)
	}
	public := do(t, f, "GET", "/things", "")
	if got := public.header.Get("Cache-Control"); got != "" {
		t.Errorf("public: %q", got)
	}
	if got := public.header.Values("Vary"); !slices.Contains(got, "Authorization") {
		t.Errorf("who has a token would get the public answer out of a cache: Vary is %q", got)
	}
	if got := public.header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options = %q", got)
	}
}

func TestStreamsAreFlushed(t *testing.T) {
	t.Parallel()
	h := api.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("a"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
	}), api.Options{})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if !w.Flushed {
		t.Error("not flushed")
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	code := func(err error) string {
		var p *problem.Problem
		if !errors.As(err, &p) {
			return ""
		}
		return p.Code
	}
	olga := auth.WithCaller(context.Background(), auth.Caller{Sub: "olga", Groups: []string{"organizer"}})
	if _, err := api.RequireCaller(context.Background()); code(err) != "unauthenticated" {
		t.Errorf("RequireCaller: %v", err)
	}
	if _, err := api.RequireGroup(context.Background(), "gate"); code(err) != "unauthenticated" {
		t.Errorf("RequireGroup: %v", err)
	}
	if _, err := api.RequireGroup(olga, "gate"); code(err) != "forbidden" {
		t.Errorf("RequireGroup of another group: %v", err)
	}
	if c, err := api.RequireGroup(olga, "gate", "organizer"); err != nil || c.Sub != "olga" {
		t.Errorf("RequireGroup: %+v, %v", c, err)
	}
}

func TestIdempotencyReplaysTheFirstAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.post(t, validBody, "Idempotency-Key", "k1")
	second := f.post(t, validBody, "Idempotency-Key", "k1")
	if first.status != 201 || second.status != 201 || first.body != second.body {
		t.Fatalf("got %+v and %+v", first, second)
	}
	if f.things.count() != 1 {
		t.Errorf("ran %d times", f.things.count())
	}
	for _, name := range []string{"Location", "Content-Type"} {
		if first.header.Get(name) == "" || first.header.Get(name) != second.header.Get(name) {
			t.Errorf("%s: %q and %q", name, first.header.Get(name), second.header.Get(name))
		}
	}
	if first.header.Get("Idempotency-Replayed") != "" || second.header.Get("Idempotency-Replayed") != "true" {
		t.Error("Idempotency-Replayed does not tell them apart")
	}
	if !strings.Contains(first.header.Get("Location"), first.json(t)["thingId"].(string)) {
		t.Error("the handler did not get the claimed id")
	}
}

func TestIdempotencyScopes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.post(t, validBody, "Idempotency-Key", "k1")
	bob := do(t, f, "POST", "/things", validBody, "Authorization", "Bearer bob", "Idempotency-Key", "k1")
	if bob.status != 201 || bob.body == first.body {
		t.Errorf("another caller got %+v", bob)
	}
	f.post(t, with(`"name":"ab"`), "Idempotency-Key", "k1").problem(t, 422, "idempotency_key_reused")
	if got := f.post(t, validBody, "Idempotency-Key", "k2"); got.status != 201 || got.body == first.body {
		t.Errorf("another key got %+v", got)
	}
	do(t, f, "POST", "/things", validBody, "Idempotency-Key", "k1").problem(t, 401, "unauthenticated")
	for k := range f.store.entries {
		if k.Caller == "" {
			t.Errorf("a stranger's key was claimed: %+v", k)
		}
	}
}

func TestIdempotencyKeysAreVisibleASCII(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, give := range []string{"a b", "ä", "a\x7f", "\t", strings.Repeat("k", 256)} {
		p := f.post(t, validBody, "Idempotency-Key", give).problem(t, 400, "invalid_request")
		if first := p["errors"].([]any)[0].(map[string]any); first["field"] != "Idempotency-Key" {
			t.Errorf("field %v", first["field"])
		}
	}
	f.post(t, validBody, "Idempotency-Key", "a", "Idempotency-Key", "b").problem(t, 400, "invalid_request")
	if got := f.post(t, validBody, "Idempotency-Key", strings.Repeat("k", 255)); got.status != 201 {
		t.Errorf("255 characters: %+v", got)
	}
}

func TestWhichAnswersStick(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		sticks bool
	}{
		{402, true},
		{403, true},
		{404, true},
		{409, true},
		{410, true},
		{422, true},
		{401, false},
		{415, false},
		{429, false},
		{500, false},
		{503, false},
	}
	for _, tt := range tests {
		t.Run(http.StatusText(tt.status), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
				return nil, problem.New(tt.status, "x", "")
			}
			first := f.post(t, validBody, "Idempotency-Key", "k")
			f.things.make = nil
			second := f.post(t, validBody, "Idempotency-Key", "k")
			if tt.sticks && (second.status != first.status || second.body != first.body || first.status != tt.status) {
				t.Errorf("got %+v after %+v, want it replayed", second, first)
			}
			if !tt.sticks && second.status != 201 {
				t.Errorf("got %+v, want it run again", second)
			}
		})
	}
	t.Run("an invalid body", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		for range 2 {
			f.post(t, `{"nope":1}`, "Idempotency-Key", "k").problem(t, 400, "invalid_request")
		}
		f.post(t, validBody, "Idempotency-Key", "k").problem(t, 422, "idempotency_key_reused")
	})
}

func TestIdempotencyWhileTheFirstIsRunning(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	running, release := make(chan struct{}), make(chan struct{})
	f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
		close(running)
		<-release
		return &fixtureapi.ThingHeaders{}, nil
	}
	var wg sync.WaitGroup
	wg.Go(func() { f.post(t, validBody, "Idempotency-Key", "k") })
	<-running
	f.post(t, validBody, "Idempotency-Key", "k").problem(t, 409, "in_progress")
	close(release)
	wg.Wait()
	if got := f.post(t, validBody, "Idempotency-Key", "k"); got.status != 201 || got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestAPanicFreesTheKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) { panic("boom") }
	f.post(t, validBody, "Idempotency-Key", "k").problem(t, 500, "internal")
	f.things.make = nil
	if got := f.post(t, validBody, "Idempotency-Key", "k"); got.status != 201 {
		t.Errorf("got %+v", got)
	}
}

func TestTheAnswerIsKeptWhenTheClientHasGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	f.things.make = func(context.Context, *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
		cancel()
		return &fixtureapi.ThingHeaders{Location: fixtureapi.NewOptString("/things/1")}, nil
	}
	r := httptest.NewRequestWithContext(ctx, "POST", "/things", strings.NewReader(validBody))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer alice")
	r.Header.Set("Idempotency-Key", "k")
	f.ServeHTTP(httptest.NewRecorder(), r)
	if got := f.post(t, validBody, "Idempotency-Key", "k"); got.header.Get("Location") != "/things/1" || got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %+v", got)
	}
}

func TestAHandlerEndsBeforeItsLease(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var deadline time.Time
	f.things.make = func(ctx context.Context, _ *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
		deadline, _ = ctx.Deadline()
		return &fixtureapi.ThingHeaders{}, nil
	}
	before := time.Now()
	f.post(t, validBody, "Idempotency-Key", "k")
	if left := deadline.Sub(before); left <= 0 || left >= 30*time.Second {
		t.Errorf("the handler has %s, want less than the lease of 30s", left)
	}
}

func TestAFailingStoreIsAnInternalError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store.fail = errors.New(secret)
	a := f.post(t, validBody, "Idempotency-Key", "k")
	a.problem(t, 500, "internal")
	if strings.Contains(a.body, secret) || f.things.count() != 0 {
		t.Errorf("got %+v after %d runs", a, f.things.count())
	}
}

func TestParseIfMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, give string
		want       int
		wantErr    bool
	}{
		{"absent", "", 0, false},
		{"any", "*", 0, false},
		{"version", `"7"`, 7, false},
		{"what ETag makes", api.ETag(12), 12, false},
		{"no quotes", `7`, 0, true},
		{"weak", `W/"7"`, 0, true},
		{"zero", `"0"`, 0, true},
		{"leading zero", `"07"`, 0, true},
		{"negative", `"-1"`, 0, true},
		{"plus", `"+1"`, 0, true},
		{"list", `"1", "2"`, 0, true},
		{"too large", `"99999999999999999999"`, 0, true},
		{"one quote", `"`, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := api.ParseIfMatch(tt.give)
			var p *problem.Problem
			if got != tt.want || (err != nil) != tt.wantErr || (err != nil && (!errors.As(err, &p) || p.Status != 400)) {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestMatchesETag(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header, tag string
		want              bool
	}{
		{"absent", "", `"7"`, false},
		{"the same", `"7"`, `"7"`, true},
		{"another", `"8"`, `"7"`, false},
		{"a part", `"77"`, `"7"`, false},
		{"without quotes", `7`, `"7"`, false},
		{"in another case", `"A"`, `"a"`, false},
		{"any", "*", `"7"`, true},
		{"one of a list", `"6" , "7"`, `"7"`, true},
		{"one of a list without spaces", `"6",W/"7"`, `"7"`, true},
		{"weak, asked of a strong one", `W/"7"`, `"7"`, true},
		{"strong, asked of a weak one", `"7"`, `W/"7"`, true},
		{"weak both", `W/"7"`, `W/"7"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := api.MatchesETag(tt.header, tt.tag); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

type position struct {
	At string `json:"at"`
	ID string `json:"id"`
}

func TestCursorsReadBack(t *testing.T) {
	t.Parallel()
	want := position{At: "2027-06-01T18:00:00.000Z", ID: "ä\u2028"}
	cursor, err := api.EncodeCursor(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := api.DecodeCursor[position](cursor); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCursorsThatWereMadeUp(t *testing.T) {
	t.Parallel()
	encode := func(s string) string {
		c, _ := api.EncodeCursor(json.RawMessage(s))
		return c
	}
	for name, give := range map[string]string{
		"empty": "", "not base64": "!!", "spare bits": "e31", "null": encode("null"), "number": encode("1"), "array": encode("[]"),
		"unknown member": encode(`{"at":"a","x":1}`), "wrong type": encode(`{"at":1}`), "twice": encode(`{"at":"a","at":"b"}`),
		"long": encode(`{"at":"` + strings.Repeat("a", 2000) + `"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := api.DecodeCursor[position](give)
			var p *problem.Problem
			if !errors.As(err, &p) || p.Status != 400 || p.Errors[0].Field != "cursor" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzDecodeCursor(f *testing.F) {
	good, _ := api.EncodeCursor(position{"a", "b"})
	f.Add(good)
	f.Add("e30")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := api.DecodeCursor[position](cursor)
		if err != nil {
			var p *problem.Problem
			if !errors.As(err, &p) {
				t.Fatalf("not a problem: %v", err)
			}
			return
		}
		again, err := api.EncodeCursor(got)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := api.DecodeCursor[position](again); err != nil || back != got {
			t.Fatalf("%+v became %+v, %v", got, back, err)
		}
	})
}

func BenchmarkWrap(b *testing.B) {
	f := newFixture(b)
	wrapped := func(o api.Options) http.Handler {
		return api.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) }), o)
	}
	full := api.Options{
		Verifier: tokens{"alice": {Sub: "alice"}}, Idempotency: f.store,
		CORSOrigins: []string{"https://shop.example.com"}, Logger: quiet,
	}
	for _, bb := range []struct {
		name   string
		h      http.Handler
		header http.Header
	}{
		{"no options", wrapped(api.Options{Logger: quiet}), nil},
		{"signed in", wrapped(full), http.Header{"Authorization": {"Bearer alice"}}},
		{"signed in from a browser", wrapped(full), http.Header{"Authorization": {"Bearer alice"}, "Origin": {"https://shop.example.com"}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest("GET", "/things?limit=3", nil)
			for k, v := range bb.header {
				r.Header[k] = v
			}
			w := &discard{}
			for b.Loop() {
				w.h = make(http.Header, 8)
				bb.h.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkPost(b *testing.B) {
	f := newFixture(b)
	server, err := fixtureapi.NewServer(f.things, security{}, fixtureapi.WithErrorHandler(api.ErrorHandler(quiet)))
	if err != nil {
		b.Fatal(err)
	}
	h := api.Wrap(server, api.Options{Verifier: tokens{"alice": {Sub: "alice"}}, Idempotency: f.store, Logger: quiet})
	for _, bb := range []struct {
		name, body, key string
	}{
		{"valid", validBody, ""}, {"replayed", validBody, "k"}, {"invalid", with(`"lines":[{"sku":"a"}]`), ""},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			w := &discard{}
			for b.Loop() {
				r := httptest.NewRequest("POST", "/things", strings.NewReader(bb.body))
				r.Header["Content-Type"], r.Header["Authorization"] = []string{"application/json"}, []string{"Bearer alice"}
				if bb.key != "" {
					r.Header["Idempotency-Key"] = []string{bb.key}
				}
				w.h = make(http.Header, 8)
				h.ServeHTTP(w, r)
			}
		})
	}
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
