package busfeed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"ticketmesh.dev/contracts/busapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/platform/sqlitebus"
)

// errAnothers: the subscription is another user's, who need not be told of.
var errAnothers = errors.New("subscription of another user")

// check judges what the generated code does not, and returns since when archived
// events are wanted: nil for none.
func (h *handler) check(name string, req *busapi.PutSubscription) (from *time.Time, err error) {
	var wrong []problem.Field
	if !subscriptionName.MatchString(name) {
		wrong = append(wrong, problem.Field{Field: "name", Message: "must be a lower-case letter and up to 62 lower-case letters, digits and hyphens"})
	}
	for i, eventType := range req.Types {
		if !slices.Contains(h.Types, eventType) {
			wrong = append(wrong, problem.Field{Field: fmt.Sprintf("types[%d]", i), Message: "is no event type of asyncapi.yaml"})
		}
	}
	if given := req.From.Or("now"); given != "now" {
		at, err := time.Parse(time.RFC3339, given)
		if from = &at; err != nil {
			wrong = append(wrong, problem.Field{Field: "from", Message: `must be "now" or an RFC 3339 time`})
		}
	}
	if len(wrong) > 0 {
		return nil, problem.InvalidRequest(wrong...)
	}
	return from, nil
}

// NewError implements busapi.Handler.
func (h *handler) NewError(ctx context.Context, err error) *busapi.ProblemStatusCode {
	p := api.ProblemOf(ctx, h.Logger, translate(err))
	body := busapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	if p.Detail != "" {
		body.Detail.SetTo(p.Detail)
	}
	for _, f := range p.Errors {
		body.Errors = append(body.Errors, busapi.FieldError{Field: f.Field, Message: f.Message})
	}
	return &busapi.ProblemStatusCode{StatusCode: p.Status, Response: body}
}

// translate is the one table from the bus's errors to problems.
func translate(err error) error {
	switch {
	case errors.Is(err, sqlitebus.ErrUnknownQueue), errors.Is(err, errAnothers):
		return problem.NotFound("")
	case errors.Is(err, sqlitebus.ErrReserved):
		return problem.New(http.StatusConflict, "subscription_reserved", "This name is one of the mesh's own.")
	case errors.Is(err, sqlitebus.ErrTaken):
		return problem.New(http.StatusConflict, "subscription_taken", "This name is another user's.")
	case errors.Is(err, sqlitebus.ErrTooMany):
		return problem.New(http.StatusConflict, "too_many_subscriptions", "Delete one of your subscriptions first.")
	}
	return err
}
