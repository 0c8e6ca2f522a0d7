package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/problem"
)

const (
	headerKey      = "Idempotency-Key"
	headerReplayed = "Idempotency-Replayed"

	// lease is how long a crashed process keeps a key from being tried again. A
	// handler is stopped before it ends, so that no two run under one key.
	lease       = 30 * time.Second
	handlerTime = 25 * time.Second
	finishTime  = 10 * time.Second
)

var replayed = []string{"true"}

// sticks reports whether an answer is given again to the same request. It is
// every answer of a use case, so also 402: a declined payment needs a new key.
// These are not: 5xx, of which nobody knows what happened; 401 and 429, which
// are about the moment; and 415, which is about a header, not about the body
// that the key is bound to. A 413 has no key, as its body is never read.
func sticks(status int) bool {
	switch {
	case status < 200 || status >= 300 && status < 400 || status >= 500:
		return false
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status == http.StatusUnsupportedMediaType:
		return false
	}
	return true
}

func validKey(keys []string) (string, bool) {
	if len(keys) != 1 || len(keys[0]) == 0 || len(keys[0]) > 255 {
		return "", false
	}
	for _, c := range []byte(keys[0]) {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	return keys[0], true
}

// once runs h for a key that is new and replays the answer for one that is not.
func (e *edge) once(w http.ResponseWriter, r *http.Request, b *body, sub string) {
	ctx := r.Context()
	value, ok := validKey(r.Header[headerKey])
	if !ok {
		problem.Write(w, r, problem.InvalidRequest(problem.Field{
			Field: headerKey, Message: "must be given once, as 1 to 255 visible ASCII characters",
		}))
		return
	}
	content, err := b.all()
	if err != nil {
		problem.Write(w, r, ProblemOf(ctx, e.logger, err))
		return
	}

	key := idempotency.Key{Caller: sub, Method: r.Method, Path: r.URL.Path, Key: value}
	claim, err := e.keys.Claim(ctx, key, sha256.Sum256(content), lease)
	switch {
	case errors.Is(err, idempotency.ErrReused):
		problem.Write(w, r, problem.IdempotencyKeyReused())
		return
	case errors.Is(err, idempotency.ErrInProgress):
		problem.Write(w, r, problem.InProgress())
		return
	case err != nil:
		problem.Write(w, r, ProblemOf(ctx, e.logger, err))
		return
	case claim.Replay != nil:
		replay(w, *claim.Replay)
		return
	}

	rec := &recorder{ResponseWriter: w}
	returned := false
	defer func() {
		if !returned { // a panic, which the caller of us answers
			e.settle(ctx, key, nil)
		}
	}()
	limited, cancel := context.WithTimeout(idempotency.WithResourceID(ctx, claim.ResourceID), handlerTime)
	defer cancel()
	e.next.ServeHTTP(rec, r.WithContext(limited))
	returned = true

	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	if sticks(rec.status) {
		h := w.Header()
		e.settle(ctx, key, &idempotency.Response{
			Status: rec.status, ContentType: h.Get("Content-Type"), Location: h.Get("Location"), Body: rec.body,
		})
	} else {
		e.settle(ctx, key, nil)
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body) // the client is gone; a repeated request gets it
}

// settle ends a claim, also when the client has gone: with an answer to keep,
// or without. When it fails the answer stands all the same, and after the lease
// a repeated request runs again under the same resource id.
func (e *edge) settle(ctx context.Context, key idempotency.Key, answer *idempotency.Response) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	var err error
	if answer != nil {
		err = e.keys.Finish(ctx, key, *answer)
	} else {
		err = e.keys.Abandon(ctx, key)
	}
	if err != nil {
		e.logger.Log(ctx, slog.LevelError, "idempotency key not settled", attributes(ctx, err)...)
	}
}

func replay(w http.ResponseWriter, r idempotency.Response) {
	h := w.Header()
	if r.ContentType != "" {
		h["Content-Type"] = []string{r.ContentType}
	}
	if r.Location != "" {
		h["Location"] = []string{r.Location}
	}
	h[headerReplayed] = replayed
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

// recorder holds the answer back until it is kept.
type recorder struct {
	http.ResponseWriter
	status int
	body   []byte
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	switch {
	case r.status != 0:
	case status < http.StatusOK:
		r.ResponseWriter.WriteHeader(status)
	default:
		r.status = status
	}
}

// Write implements io.Writer.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body = append(r.body, b...)
	return len(b), nil
}
