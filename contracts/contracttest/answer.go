package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Check returns the handler with every answer held to the document. An answer
// that breaks it fails t and reaches the client unchanged:
//
//   - the status is declared by number, or by `default` when it is a 5xx; a path
//     that the document does not have is 404, a method that the path does not
//     have is 405 and Allow names those that it has
//   - the media type is declared and the body valid against its schema, formats
//     included; where no content is declared there is none
//   - headers that are required are there, and those that are declared valid
//   - what is not a success is a problem whose members agree with each other and
//     with the status
//
// A preflight is nobody's operation and left alone. A request that is cut off is
// held to what it was still told: nothing, or a status and a media type. The
// handler may be called at the same time; t must not have ended before the last
// call has.
func (a *API) Check(t TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := request{method: r.Method, path: r.URL.EscapedPath()}
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		told := &recorder{ResponseWriter: w}
		next.ServeHTTP(told, r) // a handler that panics has told nothing
		told.finish()
		cut := told.failed || r.Context().Err() != nil
		if preflight || cut && !told.begun {
			return
		}
		if err := a.judge(q, told, cut); err != nil {
			t.Errorf("%s %s is answered %d %.500q: %v", q.method, q.path, told.status, told.body.Bytes(), err)
		}
	})
}

type request struct{ method, path string }

func (a *API) judge(q request, told *recorder, cut bool) error {
	var declared answer
	r, known := a.find(q.path)
	// HEAD is GET without the body.
	silent := q.method == http.MethodHead
	method := q.method
	if silent {
		method = http.MethodGet
	}
	operation, served := r.operations[method]
	switch {
	case served:
		by := strconv.Itoa(told.status)
		if told.status >= http.StatusInternalServerError && !slices.Contains(operation.Statuses, told.status) {
			by = "default"
		}
		var ok bool
		if declared, ok = operation.answers[by]; !ok {
			return fmt.Errorf("%s does not declare the status", operation.ID)
		}
		a.see(operation.ID, told.status)
	case known:
		if told.status != http.StatusMethodNotAllowed {
			return errors.New("the document does not have the method, want 405")
		}
		if allowed := told.header.Get("Allow"); !slices.Equal(methodsOf(allowed), r.allowed()) {
			return fmt.Errorf("the header Allow is %q, want %v", allowed, r.allowed())
		}
		declared.schemas = anyProblem
	default:
		if told.status != http.StatusNotFound {
			return errors.New("the document does not have the path, want 404")
		}
		declared.schemas = anyProblem
	}
	errs := []error{a.judgeHeaders(declared, told)}
	if cut {
		return errors.Join(append(errs, mediaTypeIn(declared, told))...)
	}
	return errors.Join(append(errs, a.judgeBody(declared, told, silent))...)
}

const problemType = "application/problem+json"

// anyProblem is what an answer that belongs to no operation holds.
var anyProblem = map[string]string{problemType: problemSchema}

// methodsOf reads Allow, without HEAD, which goes with GET, and OPTIONS, which
// no document has.
func methodsOf(allow string) []string {
	var allowed []string
	for method := range strings.SplitSeq(allow, ",") {
		if method = strings.TrimSpace(method); method != http.MethodHead && method != http.MethodOptions {
			allowed = append(allowed, method)
		}
	}
	slices.Sort(allowed)
	return allowed
}

func (a *API) judgeHeaders(declared answer, told *recorder) error {
	var errs []error
	for name, h := range declared.headers {
		value := told.header.Get(name)
		if value == "" {
			if h.required {
				errs = append(errs, fmt.Errorf("%s is missing", name))
			}
			continue
		}
		if err := a.judgeText(value, h.schema); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// judgeText holds the text of a header to its schema, as a number where it is
// none as a text.
func (a *API) judgeText(value, at string) error {
	schema, err := a.schema(at)
	if err != nil {
		return err
	}
	if err = schema.Validate(value); err == nil {
		return nil
	}
	if _, notNumber := strconv.ParseFloat(value, 64); notNumber == nil && schema.Validate(json.Number(value)) == nil {
		return nil
	}
	return err
}

// mediaTypeIn checks the media type alone.
func mediaTypeIn(declared answer, told *recorder) error {
	written := told.header.Get("Content-Type")
	if len(declared.schemas) == 0 {
		if written != "" {
			return fmt.Errorf("no content is declared, and there is %q", written)
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(written)
	if _, ok := declared.schemaOf(mediaType); err != nil || !ok {
		return fmt.Errorf("the media type %q is not declared", written)
	}
	return nil
}

// schemaOf returns where the schema of a media type is, which may be declared by
// a range of types; the most specific counts.
func (a answer) schemaOf(mediaType string) (at string, ok bool) {
	main, _, _ := strings.Cut(mediaType, "/")
	for _, declared := range []string{mediaType, main + "/*", "*/*"} {
		if at, ok = a.schemas[declared]; ok {
			return at, true
		}
	}
	return "", false
}

func (a *API) judgeBody(declared answer, told *recorder, silent bool) error {
	if err := mediaTypeIn(declared, told); err != nil {
		return err
	}
	body := told.body.Bytes()
	switch {
	case silent:
		return nil // the server sends none
	case len(declared.schemas) == 0 && len(body) > 0:
		return errors.New("there is a body")
	case len(declared.schemas) == 0:
		return nil
	case len(body) == 0:
		return errors.New("there is no body")
	}
	mediaType, _, _ := mime.ParseMediaType(told.header.Get("Content-Type"))
	if mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return nil // images and pages: the schema says no more than that there are bytes
	}
	at, _ := declared.schemaOf(mediaType)
	schema, err := a.schema(at)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return err
	}
	if told.status < http.StatusBadRequest {
		return nil
	}
	return judgeProblem(told.status, mediaType, body)
}

// problemBase is what a problem's type begins with; its code follows.
const problemBase = "https://ticketmesh.dev/problems/"

// codes are those that every service uses for a status, and no other.
var codes = map[int]string{
	400: "invalid_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
	405: "method_not_allowed", 413: "payload_too_large", 415: "unsupported_media_type", 429: "rate_limited",
}

func judgeProblem(status int, mediaType string, body []byte) error {
	var p struct {
		Status            int
		Code, Title, Type string
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	want, fixed := codes[status]
	switch {
	case mediaType != problemType:
		return fmt.Errorf("a problem is %s", problemType)
	case p.Status != status:
		return fmt.Errorf("the problem's status is %d", p.Status)
	case p.Code == "" || p.Title == "":
		return errors.New("the problem has no code or no title")
	case p.Type != problemBase+p.Code:
		return fmt.Errorf("the problem's type is %q, want %q", p.Type, problemBase+p.Code)
	case fixed && p.Code != want:
		return fmt.Errorf("the problem's code is %q, want %q", p.Code, want)
	}
	return nil
}

// recorder passes an answer on and remembers it.
type recorder struct {
	http.ResponseWriter
	begun, failed bool
	status        int
	header        http.Header
	body          bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if !w.begun && status >= http.StatusOK {
		w.begun, w.status, w.header = true, status, w.Header().Clone()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recorder) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	if errors.Is(err, http.ErrBodyNotAllowed) {
		w.body.Write(b) // the server saves the client from it
		return n, err
	}
	w.body.Write(b[:n])
	w.failed = w.failed || err != nil
	return n, err
}

// WriteString implements io.StringWriter.
func (w *recorder) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// finish makes what net/http makes of a handler that wrote nothing.
func (w *recorder) finish() {
	if !w.begun {
		w.status, w.header = http.StatusOK, w.Header().Clone()
	}
}

var _ io.StringWriter = (*recorder)(nil)
