package rest

import (
	"context"
	"errors"
	"net/http"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/violation"
)

// notReadyError says that a part of the service does not answer.
type notReadyError struct{ error }

func (e *notReadyError) Unwrap() error { return e.error }

// problems are the answers to the errors of the use cases.
var problems = []struct {
	err     error
	problem *problem.Problem
}{
	{app.ErrNotFound, problem.NotFound("")},
	{app.ErrVersionConflict, problem.VersionConflict()},
	{app.ErrPageExists, problem.New(http.StatusConflict, "page_exists", "The page exists in this language.")},
}

// NewError implements infoapi.Handler.
func (h *handler) NewError(ctx context.Context, err error) *infoapi.ProblemStatusCode {
	p := h.problem(ctx, err)
	answer := infoapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	if p.Detail != "" {
		answer.Detail.SetTo(p.Detail)
	}
	if p.Instance != "" {
		answer.Instance.SetTo(p.Instance)
	}
	for _, field := range p.Errors {
		answer.Errors = append(answer.Errors, infoapi.FieldError{Field: field.Field, Message: field.Message})
	}
	return &infoapi.ProblemStatusCode{StatusCode: p.Status, Response: answer}
}

func (h *handler) problem(ctx context.Context, err error) *problem.Problem {
	for _, known := range problems {
		if errors.Is(err, known.err) {
			return known.problem
		}
	}
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		fields := make([]problem.Field, len(invalid.Fields))
		for i, field := range invalid.Fields {
			fields[i] = problem.Field{Field: field.Field, Message: field.Message}
		}
		return problem.InvalidRequest(fields...)
	}
	var notReady *notReadyError
	if errors.As(err, &notReady) {
		h.logger.WarnContext(ctx, "not ready", "error", err)
		return problem.Unavailable()
	}
	return api.ProblemOf(ctx, h.logger, err)
}
