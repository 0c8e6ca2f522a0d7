package contracttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
)

const text = `
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
security: [{bearer: []}]
paths:
  /things/{thingId}:
    get:
      operationId: getThing
      security: []
      responses:
        '200':
          description: A thing.
          headers:
            ETag: {required: true, schema: {type: string, pattern: '^"'}}
            Age: {$ref: '#/components/headers/Age'}
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    delete:
      operationId: deleteThing
      responses: {'204': {description: Gone.}}
  /things/{thingId}/picture.png:
    get:
      operationId: getPicture
      security: [{bearer: []}, {}]
      responses: {'200': {description: A picture., content: {image/*: {schema: {type: string, format: binary}}}}}
  /things/search:
    post:
      operationId: findThing
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        '200': {description: A thing., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '400': {description: Not understood., content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}}
components:
  headers:
    Age: {schema: {type: integer, minimum: 0}}
  responses:
    Problem: {description: An error., content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
  schemas:
    Thing:
      type: object
      required: [thingId]
      properties: {thingId: {type: string, format: uuid}, size: {type: [integer, 'null'], maximum: 9007199254740992}}
    Problem:
      type: object
      required: [type, title, status, code]
      properties: {type: {type: string}, title: {type: string}, status: {type: integer}, code: {type: string}}
`

func read(t *testing.T) *contracttest.API {
	t.Helper()
	api, err := contracttest.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// told is a handler that always answers the same. Headers are pairs; a body that
// is empty is not written.
func told(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if body != "" {
			_, _ = io.WriteString(w, body)
		}
	}
}

const (
	thing   = `{"thingId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"}`
	missing = `{"type":"https://ticketmesh.dev/problems/not_found","title":"Not found","status":404,"code":"not_found"}`
	refused = `{"type":"https://ticketmesh.dev/problems/method_not_allowed","title":"No","status":405,"code":"method_not_allowed"}`
	broken  = `{"type":"https://ticketmesh.dev/problems/internal","title":"Broken","status":500,"code":"internal"}`
)

var (
	isJSON    = []string{"Content-Type", "application/json; charset=utf-8", "ETag", `"1"`}
	isProblem = []string{"Content-Type", "application/problem+json"}
)

func TestAnAnswerIsHeldToTheDocument(t *testing.T) {
	t.Parallel()
	with := func(headers []string, more ...string) []string { return slices.Concat(headers, more) }
	tests := []struct {
		name, method, path string
		give               http.HandlerFunc
		want               string // part of the finding; "" for none
	}{
		{"right", "GET", "/things/1", told(200, thing, isJSON...), ""},
		{"HEAD has no body", "HEAD", "/things/1", told(200, "", isJSON...), ""},
		{"no content", "DELETE", "/things/1", told(204, ""), ""},
		{"not JSON, and not meant to be", "GET", "/things/1/picture.png", told(200, "bytes", "Content-Type", "image/png"), ""},
		{"declared problem", "GET", "/things/1", told(404, missing, isProblem...), ""},
		{"any other failure", "GET", "/things/1", told(500, broken, isProblem...), ""},
		{"unknown path", "GET", "/thing", told(404, missing, isProblem...), ""},
		{"unknown method", "PUT", "/things/1", told(405, refused, with(isProblem, "Allow", "HEAD, GET, OPTIONS, DELETE")...), ""},
		{"escaped slash is in the segment", "GET", "/things/1%2F2", told(200, thing, isJSON...), ""},

		{"status that is not declared", "GET", "/things/1", told(201, thing, isJSON...), "getThing does not declare the status"},
		{"default is for failures of ours", "GET", "/things/1", told(409, missing, isProblem...), "getThing does not declare the status"},
		{"failure without default", "DELETE", "/things/1", told(500, broken, isProblem...), "deleteThing does not declare the status"},
		{"media type", "GET", "/things/1", told(200, thing, with(isJSON, "Content-Type", "text/html")...), `"text/html" is not declared`},
		{"no media type", "GET", "/things/1", told(200, thing, "ETag", `"1"`), `"" is not declared`},
		{"missing member", "GET", "/things/1", told(200, `{}`, isJSON...), "missing property 'thingId'"},
		{"format", "GET", "/things/1", told(200, `{"thingId":"1"}`, isJSON...), "not valid uuid"},
		{"precision of large numbers", "GET", "/things/1", told(200, strings.Replace(thing, "}", `,"size":9007199254740993}`, 1), isJSON...), "maximum"},
		{"not JSON", "GET", "/things/1", told(200, `{`, isJSON...), "EOF"},
		{"no body", "GET", "/things/1", told(200, "", isJSON...), "there is no body"},
		{"not of the range", "GET", "/things/1/picture.png", told(200, "text", "Content-Type", "text/plain"), "is not declared"},
		{"no picture", "GET", "/things/1/picture.png", told(200, "", "Content-Type", "image/png"), "there is no body"},
		{"HEAD of another media type", "HEAD", "/things/1", told(200, "", "ETag", `"1"`), `"" is not declared`},
		{"body where there is none", "DELETE", "/things/1", told(204, "x"), "there is a body"},
		{"media type where there is no body", "DELETE", "/things/1", told(204, "", isJSON...), "no content is declared"},
		{"required header", "GET", "/things/1", told(200, thing, "Content-Type", "application/json"), "Etag is missing"},
		{"header's schema", "GET", "/things/1", told(200, thing, with(isJSON, "ETag", "1")...), "Etag: "},
		{"header that is a number", "GET", "/things/1", told(200, thing, with(isJSON, "Age", "7")...), ""},
		{"header that is no number", "GET", "/things/1", told(200, thing, with(isJSON, "Age", "old")...), "Age: "},
		{"header's number out of range", "GET", "/things/1", told(200, thing, with(isJSON, "Age", "-1")...), "Age: "},
		{"nothing is written", "GET", "/things/1", func(http.ResponseWriter, *http.Request) {}, `"" is not declared`},

		{"problem of another status", "GET", "/things/1", told(404, strings.Replace(missing, "404", "400", 1), isProblem...), "status is 400"},
		{"problem of another type", "GET", "/things/1", told(404, strings.Replace(missing, "/not_found", "/gone", 1), isProblem...), "/problems/gone"},
		{"problem without a title", "GET", "/things/1", told(404, strings.Replace(missing, "Not found", "", 1), isProblem...), "no title"},
		{"code of another status", "GET", "/things/1", told(404, strings.ReplaceAll(missing, "not_found", "gone"), isProblem...), `code is "gone"`},
		{"problem that is plain JSON", "POST", "/things/search", told(400, strings.ReplaceAll(strings.Replace(missing, "404", "400", 1), "not_found", "invalid_request"), "Content-Type", "application/json"), "a problem is application/problem+json"},

		{"unknown path is found", "GET", "/thing", told(200, thing, isJSON...), "does not have the path, want 404"},
		{"empty segment is no parameter", "GET", "/things/", told(200, thing, isJSON...), "does not have the path, want 404"},
		{"what is written comes first", "GET", "/things/search", told(200, thing, isJSON...), "does not have the method, want 405"},
		{"unknown path is no problem", "GET", "/thing", told(404, "not found", "Content-Type", "text/plain"), `"text/plain" is not declared`},
		{"unknown method is missing", "PUT", "/things/1", told(404, missing, isProblem...), "does not have the method, want 405"},
		{"unknown method without Allow", "PUT", "/things/1", told(405, refused, isProblem...), "Allow is"},
		{"Allow has too much", "PUT", "/things/1", told(405, refused, with(isProblem, "Allow", "DELETE, GET, PATCH")...), "Allow is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			w := httptest.NewRecorder()
			read(t).Check(f, tt.give).ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
			found := strings.Join(f.errors, "\n")
			if (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
			plain := httptest.NewRecorder()
			tt.give(plain, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != plain.Code || w.Body.String() != plain.Body.String() {
				t.Errorf("the client gets %d %q, want it unchanged", w.Code, w.Body)
			}
		})
	}
}

func TestAPreflightIsNobodysOperation(t *testing.T) {
	t.Parallel()
	f := &fake{}
	r := httptest.NewRequest(http.MethodOptions, "/things/1", nil)
	handler := read(t).Check(f, told(204, ""))
	if handler.ServeHTTP(httptest.NewRecorder(), r); len(f.errors) != 1 {
		t.Errorf("OPTIONS alone: found %v, want that it is no operation", f.errors)
	}
	r.Header.Set("Access-Control-Request-Method", "GET")
	if handler.ServeHTTP(httptest.NewRecorder(), r); len(f.errors) != 1 {
		t.Errorf("found %v", f.errors)
	}
}

// brokenConnection takes no body: the client is gone.
type brokenConnection struct{ *httptest.ResponseRecorder }

func (brokenConnection) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestARequestThatIsCutOffIsHeldToWhatItWasTold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give http.HandlerFunc
		want string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, ""},
		{"half a body", told(200, thing[:5], isJSON...), ""},
		{"wrong status", told(201, thing[:5], isJSON...), "does not declare the status"},
		{"wrong media type", told(200, thing[:5], "ETag", `"1"`), `"" is not declared`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			handler := read(t).Check(f, tt.give)
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, "GET", "/things/1", nil))
			if found := strings.Join(f.errors, "\n"); (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
	f := &fake{}
	handler := read(t).Check(f, told(200, thing, isJSON...))
	handler.ServeHTTP(brokenConnection{httptest.NewRecorder()}, httptest.NewRequest("GET", "/things/1", nil))
	if len(f.errors) != 0 {
		t.Errorf("a broken connection: found %v", f.errors)
	}
	defer func() {
		if recover() != http.ErrAbortHandler || len(f.errors) != 0 {
			t.Errorf("an aborted handler: found %v", f.errors)
		}
	}()
	read(t).Check(f, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/things/1", nil))
}

func TestWhatWasNeverAnsweredIsNamed(t *testing.T) {
	t.Parallel()
	api := read(t)
	answers := http.NewServeMux()
	answers.HandleFunc("GET /things/{thingId}", told(200, thing, isJSON...))
	answers.HandleFunc("DELETE /things/{thingId}", told(204, ""))
	server := httptest.NewServer(api.Check(t, answers))
	defer server.Close()
	var callers sync.WaitGroup
	for _, method := range []string{"GET", "DELETE", "HEAD", "GET"} {
		callers.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/things/1", nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := server.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = answer.Body.Close()
		})
	}
	callers.Wait()
	if got, want := api.Unseen(), []string{"findThing 200", "findThing 400", "getPicture 200", "getThing 404"}; !slices.Equal(got, want) {
		t.Errorf("Unseen() = %v, want %v", got, want)
	}
}
