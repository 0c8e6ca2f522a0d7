package apigateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/apigateway"
)

// formats are the ways to ask, and to read the answer with AWS's own types.
var formats = []struct {
	name string
	ask  func(method string) string
	read func(t *testing.T, answer []byte) (status int, h http.Header, body string, encoded bool)
}{
	{
		"1.0",
		func(method string) string { return `{"httpMethod":"` + method + `","path":"/"}` },
		func(t *testing.T, answer []byte) (int, http.Header, string, bool) {
			t.Helper()
			var a events.APIGatewayProxyResponse
			decode(t, answer, &a)
			return a.StatusCode, http.Header(a.MultiValueHeaders), a.Body, a.IsBase64Encoded
		},
	},
	{
		"2.0",
		func(method string) string {
			return `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"` + method + `"}}}`
		},
		func(t *testing.T, answer []byte) (int, http.Header, string, bool) {
			t.Helper()
			var a events.APIGatewayV2HTTPResponse
			decode(t, answer, &a)
			h := http.Header{}
			for name, v := range a.Headers {
				h.Set(name, v)
			}
			if a.Cookies != nil {
				h["Set-Cookie"] = a.Cookies
			}
			return a.StatusCode, h, a.Body, a.IsBase64Encoded
		},
	},
}

func decode(t *testing.T, answer []byte, out any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n\x00"
	write := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, tt := range []struct {
		name    string
		method  string // GET when empty
		handle  http.HandlerFunc
		status  int
		kind    string
		body    string
		encoded bool
	}{
		{"nothing", "", func(http.ResponseWriter, *http.Request) {}, 200, "", "", false},
		{"JSON", "", write("application/json; charset=utf-8", `{"a":"<ü>"}`), 200, "application/json; charset=utf-8", `{"a":"<ü>"}`, false},
		{"a problem", "", write("application/problem+json", `{}`), 200, "application/problem+json", `{}`, false},
		{"a picture", "", write("image/png", png), 200, "image/png", png, true},
		{"a PDF that is ASCII", "", write("application/pdf", "%PDF-1.4"), 200, "application/pdf", "%PDF-1.4", true},
		{"text that is not UTF-8", "", write("text/plain", "\xff"), 200, "text/plain", "\xff", true},
		{"compressed text", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			write("text/plain", "\x1f\x8b")(w, r)
		}, 200, "text/plain", "\x1f\x8b", true},
		{"no type", "", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, 200, "text/html; charset=utf-8", "<html>", false},
		{"HEAD", "HEAD", write("text/plain", "abc"), 200, "text/plain", "", false},
		{"no content", "DELETE", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				w.Header().Set("Wrong", "1")
			}
		}, 204, "", "", false},
		{"the first status counts", "", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("Content-Type", "too/late")
		}, 418, "", "", false},
	} {
		for _, f := range formats {
			t.Run(tt.name+", "+f.name, func(t *testing.T) {
				t.Parallel()
				method := tt.method
				if method == "" {
					method = http.MethodGet
				}
				answer, err := apigateway.Handler(tt.handle)(t.Context(), []byte(f.ask(method)))
				if err != nil {
					t.Fatal(err)
				}
				status, header, body, encoded := f.read(t, answer)
				if encoded {
					raw, err := base64.StdEncoding.DecodeString(body)
					if err != nil {
						t.Fatal(err)
					}
					body = string(raw)
				}
				if status != tt.status || body != tt.body || encoded != tt.encoded || header.Get("Content-Type") != tt.kind {
					t.Errorf("got %d, %q, %q, base64 %v", status, header.Get("Content-Type"), body, encoded)
				}
				// net/http's own server is the measure.
				servedStatus, servedKind, served := serve(t, method, tt.handle)
				if servedStatus != status || served != body || servedKind != header.Get("Content-Type") {
					t.Errorf("a server answers %d, %q, %q", servedStatus, servedKind, served)
				}
			})
		}
	}
}

func serve(t *testing.T, method string, h http.Handler) (status int, kind, body string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity") // the client shall not decompress
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(read)
}

func TestHeadersOfAnswers(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			answer, err := apigateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
				w.Header().Add("Set-Cookie", "b=2")
				w.Header().Add("Vary", "Origin")
				w.Header().Add("Vary", "Accept")
				w.Header().Set("Content-Length", "0")
			}))(t.Context(), []byte(f.ask("GET")))
			if err != nil {
				t.Fatal(err)
			}
			_, header, _, _ := f.read(t, answer)
			if got := header["Set-Cookie"]; !slices.Equal(got, []string{"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"}) {
				t.Errorf("the cookies are %q", got)
			}
			if got := strings.Join(header["Vary"], ", "); got != "Origin, Accept" {
				t.Errorf("Vary is %q", got)
			}
			if header.Get("Content-Length") != "" {
				t.Error("the gateway counts for itself")
			}
		})
	}
}

func TestHalfAnAnswerIsNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
	}{
		{"aborted", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}},
		{"more than Lambda takes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if answer, err := apigateway.Handler(tt.handle)(t.Context(), []byte(formats[0].ask("GET"))); err == nil || answer != nil {
				t.Errorf("got %d bytes", len(answer))
			}
		})
	}
}

func TestOtherPanicsAreNotItsBusiness(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() != "boom" {
			t.Error("want the panic")
		}
	}()
	_, _ = apigateway.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))(t.Context(), []byte(formats[1].ask("GET")))
}
