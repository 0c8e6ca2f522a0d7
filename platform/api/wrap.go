package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rs/cors"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/platform/tracing"
)

// Options is what Wrap works with. The zero value wraps without tokens, keys
// and CORS.
type Options struct {
	Verifier    auth.Verifier     // nil: no token is looked at
	Idempotency idempotency.Store // nil: Idempotency-Key is not looked at
	CORSOrigins []string          // origins of browsers; "*" is any; none: no CORS
	Logger      *slog.Logger      // slog.Default when nil
	Clock       clock.Clock       // clock.System when nil
}

// Wrap puts around h what every API has. In this order: a request id and the
// trace in the context; panics answered as `internal`; CORS, with preflights
// answered here; the bearer token verified and its caller put in the context,
// where an absent token passes and a bad one is `unauthenticated`; texts in the
// URL that no store could hold refused; a body of at most 1 MiB whose JSON means
// the same to every reader; Idempotency-Key on POST requests of a signed-in
// caller.
//
// Keys of strangers are not honoured: they share one scope, in which one could
// block or read the other's, and each would cost durable writes.
func Wrap(h http.Handler, o Options) http.Handler {
	e := &edge{next: h, verifier: o.Verifier, keys: o.Idempotency, logger: o.Logger, clock: o.Clock}
	if e.logger == nil {
		e.logger = slog.Default()
	}
	if e.clock == nil {
		e.clock = clock.System{}
	}
	inner := http.Handler(http.HandlerFunc(e.serve))
	if len(o.CORSOrigins) > 0 {
		inner = cors.New(cors.Options{
			AllowedOrigins: o.CORSOrigins,
			AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
			AllowedHeaders: []string{
				"Authorization", "Content-Type", headerKey, "If-Match", "If-None-Match",
				HeaderRequestID, HeaderCorrelationID, headerTraceParent,
			},
			ExposedHeaders: []string{"Location", "ETag", HeaderRequestID, headerReplayed, "Retry-After", "Allow", "WWW-Authenticate"},
			MaxAge:         600,
		}).Handler(inner)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.enter(w, r, inner) })
}

type edge struct {
	next     http.Handler
	verifier auth.Verifier
	keys     idempotency.Store
	logger   *slog.Logger
	clock    clock.Clock
}

func (e *edge) enter(underlying http.ResponseWriter, r *http.Request, inner http.Handler) {
	requestID := ownOr(r.Header.Get(HeaderRequestID))
	w := &response{ResponseWriter: underlying, requestID: requestID}
	correlationID := r.Header.Get(HeaderCorrelationID)
	if !sane(correlationID) {
		correlationID = requestID
	}
	ctx, segment := tracing.Begin(r.Context(), r.Method)
	defer func() { segment.End(w.status >= http.StatusInternalServerError) }()
	ctx = context.WithValue(ctx, responseKey{}, w)
	ctx = event.WithTrace(ctx, event.Trace{CorrelationID: correlationID, TraceParent: traceParent(ctx, r.Header.Get(headerTraceParent))})
	r = r.WithContext(ctx)
	if r.Method == http.MethodHead {
		r.Method, w.silent = http.MethodGet, true
	}
	header := w.Header()
	header[HeaderRequestID] = []string{requestID}
	header["X-Content-Type-Options"] = nosniff

	if e.logger.Enabled(ctx, slog.LevelDebug) {
		begin := e.clock.Now()
		defer func() { e.logAccess(w, r, e.clock.Now().Sub(begin)) }()
	}
	defer e.recover(w, r)
	inner.ServeHTTP(w, r)
}

func (e *edge) recover(w *response, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(reason) // net/http's own way to break a connection off
	}
	ctx := r.Context()
	e.logger.ErrorContext(ctx, "request panicked",
		"requestId", RequestID(ctx), "correlationId", event.TraceFrom(ctx).CorrelationID, "panic", reason, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	problem.Write(w, r, problem.Internal())
}

func (e *edge) logAccess(w *response, r *http.Request, took time.Duration) {
	e.logger.DebugContext(r.Context(), "request",
		"requestId", RequestID(r.Context()), "method", r.Method, "path", loggable(r.URL.Path), "status", w.status, "took", took)
}

// loggable leaves out of a path what is longer than an id: tokens.
func loggable(path string) string {
	const idLength = 36
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if len(s) > idLength {
			segments[i] = "..."
		}
	}
	return strings.Join(segments, "/")
}

func (e *edge) serve(w http.ResponseWriter, r *http.Request) {
	caller, signedIn := auth.CallerFrom(r.Context())
	if !signedIn && e.verifier != nil {
		if token, present := bearerToken(r.Header); present {
			c, err := e.verifier.Verify(r.Context(), token)
			if err != nil {
				e.logger.DebugContext(r.Context(), "token refused", attributes(r.Context(), err)...)
				problem.Write(w, r, ProblemOf(r.Context(), e.logger, err))
				return
			}
			caller, signedIn = c, true
			r = r.WithContext(auth.WithCaller(r.Context(), c))
		}
	}
	if e.verifier != nil {
		w.Header().Add("Vary", "Authorization")
	}
	if signedIn {
		// What is made for one caller is not for a cache to keep; a handler may
		// say otherwise.
		w.Header()["Cache-Control"] = noStore
	}
	if p := checkURL(r.URL); p != nil {
		problem.Write(w, r, p)
		return
	}
	_, keyed := r.Header[headerKey]
	keyed = keyed && signedIn && e.keys != nil && r.Method == http.MethodPost
	if !keyed && (r.Body == nil || r.Body == http.NoBody) {
		e.next.ServeHTTP(w, r)
		return
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	b := &body{
		from:   http.MaxBytesReader(underlying(w), r.Body, MaxBodyBytes),
		length: r.ContentLength,
		limit:  MaxBodyBytes,
		json:   isJSON(r.Header.Get("Content-Type")),
	}
	r.Body = b
	if keyed {
		e.once(w, r, b, caller.Sub)
		return
	}
	e.next.ServeHTTP(w, r)
}

// underlying is the server's own writer, which MaxBytesReader tells to close
// the connection instead of reading the rest.
func underlying(w http.ResponseWriter) http.ResponseWriter {
	if v, ok := w.(*response); ok {
		return v.ResponseWriter
	}
	return w
}

// bearerToken finds the same token that the generated code would.
func bearerToken(h http.Header) (token string, present bool) {
	for _, v := range h["Authorization"] {
		scheme, token, _ := strings.Cut(v, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token), true
		}
	}
	return "", false
}

// checkURL refuses what a handler would not see, or could not store: escapes
// that are none, invalid UTF-8 and NUL.
func checkURL(u *url.URL) *problem.Problem {
	if !storable(u.Path) {
		return problem.NotFound("")
	}
	if plain(u.RawQuery) {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem.InvalidRequest(problem.Field{Field: "query", Message: "is not well encoded"})
	}
	for name, values := range query {
		if !storable(name) {
			return problem.InvalidRequest(problem.Field{Field: "query", Message: "has a name that is not valid UTF-8 text"})
		}
		for _, v := range values {
			if !storable(v) {
				return problem.InvalidRequest(problem.Field{Field: name, Message: "is not valid UTF-8 text"})
			}
		}
	}
	return nil
}

func storable(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// plain reports whether a query has nothing to decode.
func plain(query string) bool {
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c > '~' || c == '%' || c == ';' {
			return false
		}
	}
	return true
}
