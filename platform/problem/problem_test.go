package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/problem"
)

func write(t *testing.T, p *problem.Problem) (*http.Response, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest(http.MethodGet, "/x", nil), p)
	var document map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatalf("the body is not JSON: %v: %s", err, w.Body)
	}
	return w.Result(), document
}

func TestConstructorsHaveTheirStatusAndCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		give       *problem.Problem
		wantStatus int
		wantCode   string
		wantHeader map[string]string
	}{
		{"invalid request", problem.InvalidRequest(problem.Field{Field: "a", Message: "is required"}), 400, "invalid_request", nil},
		{"malformed", problem.Malformed("no"), 400, "invalid_request", nil},
		{"unauthenticated", problem.Unauthenticated(), 401, "unauthenticated", map[string]string{"WWW-Authenticate": "Bearer"}},
		{"forbidden", problem.Forbidden(""), 403, "forbidden", nil},
		{"not found", problem.NotFound(""), 404, "not_found", nil},
		{"method", problem.MethodNotAllowed("GET, POST"), 405, "method_not_allowed", map[string]string{"Allow": "GET, POST"}},
		{"too large", problem.PayloadTooLarge(1 << 20), 413, "payload_too_large", nil},
		{"media type", problem.UnsupportedMediaType(), 415, "unsupported_media_type", nil},
		{"rate", problem.RateLimited(1500 * time.Millisecond), 429, "rate_limited", map[string]string{"Retry-After": "2"}},
		{"internal", problem.Internal(), 500, "internal", nil},
		{"unavailable", problem.Unavailable(), 503, "unavailable", nil},
		{"reused", problem.IdempotencyKeyReused(), 422, "idempotency_key_reused", nil},
		{"in progress", problem.InProgress(), 409, "in_progress", map[string]string{"Retry-After": "1"}},
		{"version", problem.VersionConflict(), 412, "version_conflict", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, document := write(t, tt.give)
			if res.StatusCode != tt.wantStatus || document["code"] != tt.wantCode {
				t.Errorf("got %d %v, want %d %s", res.StatusCode, document["code"], tt.wantStatus, tt.wantCode)
			}
			if document["status"] != float64(tt.wantStatus) {
				t.Errorf("status member = %v", document["status"])
			}
			if want := "https://ticketmesh.dev/problems/" + tt.wantCode; document["type"] != want {
				t.Errorf("type = %v, want %s", document["type"], want)
			}
			if document["title"] == "" || document["detail"] == "" {
				t.Errorf("title %q, detail %q: want both", document["title"], document["detail"])
			}
			if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type = %q", got)
			}
			for name, want := range tt.wantHeader {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestExtraMembersStandBesideTheStandardOnes(t *testing.T) {
	t.Parallel()
	p := problem.New(409, "seats_unavailable", "Some seats are taken.").
		With("seats", []string{"A-1"}).With("code", "forged")
	_, document := write(t, p)
	want := map[string]any{
		"type": "https://ticketmesh.dev/problems/seats_unavailable", "title": "Conflict", "status": 409.0,
		"code": "seats_unavailable", "detail": "Some seats are taken.", "seats": []any{"A-1"},
	}
	if !reflect.DeepEqual(document, want) {
		t.Errorf("got %v, want %v", document, want)
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	p := problem.New(410, "ticket_void", "").With("a", 1)
	_ = p.With("b", 2)
	if _, ok := p.Extra["b"]; ok {
		t.Error("With changed its receiver")
	}
}

func TestAServerErrorShowsNothingOfTheInside(t *testing.T) {
	t.Parallel()
	const secret = "dial tcp 10.0.0.7:5432"
	for name, p := range map[string]*problem.Problem{
		"by New": problem.New(500, "internal", secret).With("cause", secret),
		"by literal": {
			Status: 502, Code: "bad_gateway", Title: "Bad Gateway", Detail: secret,
			Errors: []problem.Field{{Field: "x", Message: secret}}, Extra: map[string]any{"cause": secret},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			problem.Write(w, nil, p)
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("the body shows %q: %s", secret, w.Body)
			}
		})
	}
}

func TestAnExtraThatCannotBeEncodedIsAnInternalError(t *testing.T) {
	t.Parallel()
	res, document := write(t, problem.New(409, "x", "").With("f", func() {}))
	if res.StatusCode != 500 || document["code"] != "internal" {
		t.Errorf("got %d %v", res.StatusCode, document["code"])
	}
}

func TestAProblemIsFoundInAChainOfErrors(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("place hold: %w", problem.NotFound("no such performance"))
	var p *problem.Problem
	if !errors.As(err, &p) || p.Error() != "not_found: no such performance" {
		t.Errorf("got %v", p)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest(http.MethodHead, "/x", nil), problem.NotFound(""))
	if w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes", w.Code, w.Body.Len())
	}
}
