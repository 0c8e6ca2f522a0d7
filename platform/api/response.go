package api

import (
	"net/http"
)

// response is the ResponseWriter of one request: it knows whether the answer
// has begun, and completes what the generated encoders leave out.
type response struct {
	http.ResponseWriter
	requestID string
	status    int
	silent    bool // HEAD: the handler answers as for GET, without a body
}

var (
	nosniff = []string{"nosniff"}
	bearer  = []string{"Bearer"}
	noStore = []string{"no-store"}
)

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.status = status
	}
	if h := w.Header(); status == http.StatusUnauthorized && h["Www-Authenticate"] == nil {
		h["Www-Authenticate"] = bearer
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.silent {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher, for streams.
func (w *response) Flush() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answered reports whether w has begun its answer.
func answered(w http.ResponseWriter) bool {
	for {
		switch v := w.(type) {
		case *response:
			return v.status != 0
		case *recorder:
			return v.status != 0
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return false
		}
	}
}
