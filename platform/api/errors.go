package api

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"

	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/validate"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/problem"
)

// ErrorHandler answers what a generated server could not decode or encode. It is
// for <service>api.WithErrorHandler.
func ErrorHandler(logger *slog.Logger) ogenerrors.ErrorHandler {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
		p := ProblemOf(ctx, logger, withRequest(err, r))
		if answered(w) {
			// The answer has begun, and the client is the likeliest reason why it
			// could not be finished.
			return
		}
		problem.Write(w, r, p)
	}
}

// ProblemOf is the problem to answer err with: a *problem.Problem in its chain,
// what a generated server, the body's reader or the verifier meant, or else
// `internal`, which is logged here with the request's id and nowhere else. It also
// sets the problem's headers, which generated encoders know nothing of. A service's NewError calls it for every error that is not one of its domain.
func ProblemOf(ctx context.Context, logger *slog.Logger, err error) *problem.Problem {
	if p := known(err); p != nil {
		addHeaders(ctx, p)
		return p
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if ctx.Err() == nil {
			logger.WarnContext(ctx, "request timed out", attributes(ctx, err)...)
		}
		return problem.Unavailable()
	}
	logger.ErrorContext(ctx, "request failed", attributes(ctx, err)...)
	return problem.Internal()
}

func addHeaders(ctx context.Context, p *problem.Problem) {
	w, ok := ctx.Value(responseKey{}).(*response)
	if !ok || w.status != 0 {
		return
	}
	for name, value := range p.Header {
		w.Header().Set(name, value)
	}
}

func attributes(ctx context.Context, err error) []any {
	return []any{"requestId", RequestID(ctx), "correlationId", event.TraceFrom(ctx).CorrelationID, "error", err}
}

// requestError joins an error to the request it was made by, which knows what
// the generated code leaves out.
type requestError struct {
	error
	r *http.Request
}

func (e *requestError) Unwrap() error { return e.error }

func withRequest(err error, r *http.Request) error { return &requestError{err, r} }

// known returns nil for an error that is not the client's doing.
func known(err error) *problem.Problem {
	if p, ok := as[*problem.Problem](err); ok {
		return p
	}
	if _, ok := as[*validate.InvalidContentTypeError](err); ok {
		return problem.UnsupportedMediaType()
	}
	if e, ok := as[*http.MaxBytesError](err); ok {
		return problem.PayloadTooLarge(e.Limit)
	}
	if errors.Is(err, auth.ErrUnavailable) {
		return problem.Unavailable()
	}
	if _, ok := as[*ogenerrors.SecurityError](err); ok || errors.Is(err, auth.ErrUnauthenticated) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return problem.Unauthenticated()
	}
	if e, ok := as[*ogenerrors.DecodeParamError](err); ok {
		if e.In == "path" {
			// A malformed id names nothing.
			return problem.NotFound("")
		}
		if e.Name == headerIfMatch {
			return problem.InvalidRequest(problem.Field{Field: e.Name, Message: noVersion})
		}
		return problem.InvalidRequest(problem.Field{Field: e.Name, Message: message(e.Err)})
	}
	if _, ok := as[*ogenerrors.DecodeParamsError](err); ok {
		return problem.Malformed("A parameter of the request is not valid.")
	}
	if e, ok := as[*ogenerrors.DecodeRequestError](err); ok {
		return ofBody(err, e.Err)
	}
	if e, ok := as[*validate.Error](err); ok {
		return problem.InvalidRequest(validationFields("", e)...)
	}
	return nil
}

func ofBody(whole, err error) *problem.Problem {
	if r, ok := as[*requestError](whole); ok {
		// ParseMediaType has no error of its own to look for.
		if _, _, bad := mime.ParseMediaType(r.r.Header.Get("Content-Type")); bad != nil {
			return problem.UnsupportedMediaType()
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if errors.Is(err, validate.ErrBodyRequired) {
		return problem.InvalidRequest(problem.Field{Field: bodyField, Message: "is required"})
	}
	if e, ok := as[*ogenerrors.DecodeBodyError](err); ok {
		return problem.InvalidRequest(decodeFields(e.Body, e.Err)...)
	}
	if e, ok := as[*validate.Error](err); ok {
		return problem.InvalidRequest(validationFields("", e)...)
	}
	return problem.InvalidRequest(problem.Field{Field: bodyField, Message: message(err)})
}

func as[T error](err error) (T, bool) {
	var target T
	ok := errors.As(err, &target)
	return target, ok
}
