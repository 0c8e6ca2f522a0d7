// Package rest is the way in over HTTP: it serves the operations of contracts/api/notifications.openapi.yaml. Whoever
// calls was told by the token; each caller sees and changes only what is his own.
package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"ticketmesh.dev/contracts/notificationsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Prefix is where the routes are.
const Prefix = "/notifications"

// New returns the handler of all routes. ready is what the health check asks.
func New(desk *app.Desk, ready func(context.Context) error, logger *slog.Logger) (http.Handler, error) {
	h := &handler{desk: desk, ready: ready, logger: logger}
	server, err := notificationsapi.NewServer(h, security{},
		notificationsapi.WithNotFound(api.NotFound),
		notificationsapi.WithMethodNotAllowed(api.MethodNotAllowed),
		notificationsapi.WithErrorHandler(api.ErrorHandler(logger)))
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"/unsubscribe/") {
			protect(w.Header())
		}
		server.ServeHTTP(w, r)
	}), nil
}

// protect keeps the token in the address from leaking, and the page from being more than a page with a button.
func protect(h http.Header) {
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// security takes the caller whom the middleware found.
type security struct{}

func (security) HandleBearer(ctx context.Context, _ notificationsapi.OperationName, _ notificationsapi.Bearer) (context.Context, error) {
	return api.Bearer(ctx)
}

type handler struct {
	desk   *app.Desk
	ready  func(context.Context) error
	logger *slog.Logger
}

var _ notificationsapi.Handler = (*handler)(nil)

// NewError implements notificationsapi.Handler.
func (h *handler) NewError(ctx context.Context, err error) *notificationsapi.ProblemStatusCode {
	if errors.Is(err, app.ErrNotFound) {
		err = problem.NotFound("")
	}
	p := api.ProblemOf(ctx, h.logger, err)
	body := notificationsapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	if p.Detail != "" {
		body.Detail = notificationsapi.NewOptString(p.Detail)
	}
	for _, f := range p.Errors {
		body.Errors = append(body.Errors, notificationsapi.FieldError{Field: f.Field, Message: f.Message})
	}
	return &notificationsapi.ProblemStatusCode{StatusCode: p.Status, Response: body}
}

// GetHealth implements notificationsapi.Handler.
func (h *handler) GetHealth(ctx context.Context) (*notificationsapi.Health, error) {
	if err := h.ready(ctx); err != nil {
		h.logger.ErrorContext(ctx, "not healthy", "error", err)
		return nil, problem.Unavailable()
	}
	return &notificationsapi.Health{Status: notificationsapi.HealthStatusOk}, nil
}

// position is where a list goes on.
type position struct {
	Before id.ID `json:"b"`
}

// ListMessages implements notificationsapi.Handler.
func (h *handler) ListMessages(ctx context.Context, params notificationsapi.ListMessagesParams) (notificationsapi.ListMessagesRes, error) {
	caller, err := api.RequireCaller(ctx)
	if err != nil {
		return nil, err
	}
	var from position
	if cursor, ok := params.Cursor.Get(); ok {
		if from, err = api.DecodeCursor[position](cursor); err != nil {
			return nil, err
		}
	}
	messages, next, err := h.desk.Messages(ctx, caller.Sub, from.Before, params.Limit.Or(20))
	if err != nil {
		return nil, err
	}
	list := &notificationsapi.MessageList{Items: make([]notificationsapi.Message, len(messages))}
	for i, m := range messages {
		list.Items[i] = wire(m)
	}
	if next != id.Nil {
		cursor, err := api.EncodeCursor(position{next})
		if err != nil {
			return nil, err
		}
		list.NextCursor = notificationsapi.NewOptString(cursor)
	}
	return list, nil
}

func wire(m message.Message) notificationsapi.Message {
	w := notificationsapi.Message{
		MessageID: m.ID, Template: notificationsapi.Template(m.Template), Subject: m.Subject,
		Status: notificationsapi.MessageStatus(m.Status), CreatedAt: m.CreatedAt,
	}
	if m.Status == message.Sent {
		w.SentAt = notificationsapi.NewOptDateTime(m.EndedAt)
	}
	if m.PerformanceID != id.Nil {
		w.PerformanceID = notificationsapi.NewOptUUID(m.PerformanceID)
	}
	if m.OrderID != id.Nil {
		w.OrderID = notificationsapi.NewOptUUID(m.OrderID)
	}
	return w
}

// GetPreferences implements notificationsapi.Handler.
func (h *handler) GetPreferences(ctx context.Context) (notificationsapi.GetPreferencesRes, error) {
	caller, err := api.RequireCaller(ctx)
	if err != nil {
		return nil, err
	}
	p, err := h.desk.Preferences(ctx, caller.Sub)
	if err != nil {
		return nil, err
	}
	return wirePreferences(p), nil
}

// PutPreferences implements notificationsapi.Handler.
func (h *handler) PutPreferences(ctx context.Context, req *notificationsapi.PutPreferences) (notificationsapi.PutPreferencesRes, error) {
	caller, err := api.RequireCaller(ctx)
	if err != nil {
		return nil, err
	}
	p := message.Preferences{
		Tickets: req.Email.Tickets.Or(true), Payments: req.Email.Payments.Or(true),
		Changes: req.Email.Changes.Or(true), Waitlist: req.Email.Waitlist.Or(true),
	}
	if err := h.desk.PutPreferences(ctx, caller.Sub, p); err != nil {
		return nil, err
	}
	return wirePreferences(p), nil
}

func wirePreferences(p message.Preferences) *notificationsapi.Preferences {
	return &notificationsapi.Preferences{Email: notificationsapi.EmailPreferences{
		Tickets: p.Tickets, Payments: p.Payments, Changes: p.Changes, Waitlist: p.Waitlist,
	}}
}

// ShowUnsubscribe implements notificationsapi.Handler. It changes nothing: scanners of mail follow every link.
func (h *handler) ShowUnsubscribe(ctx context.Context, params notificationsapi.ShowUnsubscribeParams) (notificationsapi.ShowUnsubscribeRes, error) {
	s, err := h.desk.Subscription(ctx, params.Token)
	if err != nil {
		return nil, err
	}
	page, err := unsubscribePage(s, false)
	if err != nil {
		return nil, err
	}
	return &notificationsapi.ShowUnsubscribeOK{Data: page}, nil
}

// Unsubscribe implements notificationsapi.Handler.
func (h *handler) Unsubscribe(ctx context.Context, _ notificationsapi.UnsubscribeReq, params notificationsapi.UnsubscribeParams) (notificationsapi.UnsubscribeRes, error) {
	s, err := h.desk.Unsubscribe(ctx, params.Token)
	if err != nil {
		return nil, err
	}
	page, err := unsubscribePage(s, true)
	if err != nil {
		return nil, err
	}
	return &notificationsapi.UnsubscribeOK{Data: page}, nil
}
