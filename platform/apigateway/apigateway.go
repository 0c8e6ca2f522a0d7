// Package apigateway lets an http.Handler answer API Gateway: it turns the proxy
// events of REST and HTTP APIs (payload formats 1.0 and 2.0) and of function URLs into
// requests as net/http's own server would have made them, and what is written into
// the answer of the same format. It knows no route and no business rule.
package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxAnswerBytes is what Lambda takes as an answer, 6 MiB. More is an error here and
// not in the runtime's loop, which would end the process over it.
const maxAnswerBytes = 6 << 20

// Handler returns what answers one invocation's payload with h. It may be called by
// several at a time. Its error means that the payload is no event of API Gateway, or
// that there is no whole answer: h panicked with http.ErrAbortHandler, or wrote more
// than Lambda takes. API Gateway then answers 502. Other panics are passed on.
func Handler(h http.Handler) func(ctx context.Context, payload []byte) ([]byte, error) {
	return func(ctx context.Context, payload []byte) (answer []byte, err error) {
		var e event
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		format, err := formatOf(&e)
		if err != nil {
			return nil, err
		}
		r, err := e.request(ctx, format)
		if err != nil {
			return nil, err
		}
		defer func() {
			if reason := recover(); reason != nil {
				if e, ok := reason.(error); ok && errors.Is(e, http.ErrAbortHandler) {
					answer, err = nil, http.ErrAbortHandler
					return
				}
				panic(reason)
			}
		}()
		w := newWriter(r.Method)
		h.ServeHTTP(w, r)
		if answer, err = w.encode(format); err != nil {
			return nil, err
		}
		if len(answer) > maxAnswerBytes {
			return nil, fmt.Errorf("the answer has %d bytes, and Lambda takes %d", len(answer), maxAnswerBytes)
		}
		return answer, nil
	}
}

// format is the version of the payload.
type format int

const (
	v1 format = iota + 1
	v2
)

// formatOf goes by the version. REST APIs send none. The fields alone would not tell:
// an event of one format decodes as the other without an error and with an empty path.
func formatOf(e *event) (format, error) {
	switch {
	case e.Version == "2.0" && e.RequestContext.HTTP.Method != "":
		return v2, nil
	case (e.Version == "1.0" || e.Version == "") && e.HTTPMethod != "":
		return v1, nil
	}
	return 0, fmt.Errorf("payload: not a proxy event of API Gateway (version %q)", e.Version)
}
