package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"
)

// writer keeps an answer until it is whole. Its rules are those of net/http.
type writer struct {
	method string
	header http.Header
	status int // 0 until the header is written
	sent   http.Header
	body   bytes.Buffer
}

func newWriter(method string) *writer {
	return &writer{method: method, header: make(http.Header)}
}

func (w *writer) Header() http.Header { return w.header }

// WriteHeader ignores informational answers, which API Gateway cannot send, and all
// but the first.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status, w.sent = status, maps.Clone(w.header)
	}
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if _, typed := w.sent["Content-Type"]; !typed && len(p) > 0 && w.sent.Get("Content-Encoding") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(p))
	}
	if w.method == http.MethodHead {
		return len(p), nil
	}
	return w.body.Write(p)
}

// answer has the fields of both formats.
type answer struct {
	StatusCode  int                 `json:"statusCode"`
	MultiHeader map[string][]string `json:"multiValueHeaders,omitempty"` // 1.0
	Headers     map[string]string   `json:"headers,omitempty"`           // 2.0
	Cookies     []string            `json:"cookies,omitempty"`           // 2.0
	Body        string              `json:"body"`
	Base64      bool                `json:"isBase64Encoded"`
}

func (w *writer) encode(f format) ([]byte, error) {
	w.WriteHeader(http.StatusOK) // of a handler that has written nothing
	// API Gateway counts for itself, and of a body that is missing for HEAD it would
	// have another opinion.
	w.sent.Del("Content-Length")
	a := answer{StatusCode: w.status}
	if f == v1 {
		a.MultiHeader = w.sent
	} else {
		a.Headers = make(map[string]string, len(w.sent))
		for name, values := range w.sent {
			if name == "Set-Cookie" {
				a.Cookies = values
			} else {
				a.Headers[name] = strings.Join(values, ", ")
			}
		}
	}
	if body := w.body.Bytes(); isText(w.sent) && utf8.Valid(body) {
		a.Body = string(body)
	} else {
		a.Body, a.Base64 = base64.StdEncoding.EncodeToString(body), len(body) > 0
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // the body is mostly JSON or HTML itself
	if err := encoder.Encode(a); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// isText goes by the type and not by the bytes: a picture that happens to be valid
// UTF-8 is still one, and REST APIs decode base64 only for the types they are told.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch {
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return true
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded":
		return true
	}
	return false
}
