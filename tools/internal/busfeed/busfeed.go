// Package busfeed is the embedded bus's way out over HTTP, for consumers outside
// of the process: it serves the operations of contracts/api/bus.openapi.yaml on
// the bus's pull queues. It decides who may have which subscription; it knows no
// event's content and keeps nothing itself.
package busfeed

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/contracts/busapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlitebus"
)

// Prefix is where the routes are.
const Prefix = "/bus"

// The groups whose users may subscribe.
const (
	Subscribers = "subscriber" // to their own subscriptions
	Admins      = "admin"      // to all
)

// Config is what a feed works with.
type Config struct {
	Bus         *sqlitebus.Bus
	Verifier    auth.Verifier
	Types       []string // event types that there are
	Services    []string // names that begin with one of these and a hyphen are reserved
	CORSOrigins []string
	Clock       clock.Clock
	Logger      *slog.Logger
}

// New returns the handler of all routes. When ctx ends receivers wait no longer.
func New(ctx context.Context, c Config) (http.Handler, error) {
	h := &handler{Config: c, running: ctx}
	server, err := busapi.NewServer(h, security{},
		busapi.WithNotFound(api.NotFound),
		busapi.WithMethodNotAllowed(api.MethodNotAllowed),
		busapi.WithErrorHandler(api.ErrorHandler(c.Logger)))
	if err != nil {
		return nil, err
	}
	return api.Wrap(server, api.Options{Verifier: c.Verifier, CORSOrigins: c.CORSOrigins, Logger: c.Logger, Clock: c.Clock}), nil
}

// security takes the caller whom the middleware found.
type security struct{}

func (security) HandleBearer(ctx context.Context, _ busapi.OperationName, _ busapi.Bearer) (context.Context, error) {
	return api.Bearer(ctx)
}

type handler struct {
	Config
	running context.Context
}

var _ busapi.Handler = (*handler)(nil)

// queue returns the caller's subscription of that name, or anybody's to an admin.
func (h *handler) queue(ctx context.Context, name string) (*sqlitebus.PullQueue, error) {
	caller, err := api.RequireGroup(ctx, Subscribers, Admins)
	if err != nil {
		return nil, err
	}
	if h.reserved(name) {
		return nil, sqlitebus.ErrReserved
	}
	q, err := h.Bus.PullQueue(ctx, name)
	if err == nil && q.Owner != caller.Sub && !caller.In(Admins) {
		return nil, errAnothers
	}
	return q, err
}

// reserved names are the services', also those of queues that a service may have
// one day.
func (h *handler) reserved(name string) bool {
	return slices.ContainsFunc(h.Services, func(service string) bool {
		return name == service || strings.HasPrefix(name, service+"-")
	})
}

// position is where a list goes on.
type position struct {
	After string `json:"a"`
}

// ListSubscriptions implements busapi.Handler.
func (h *handler) ListSubscriptions(ctx context.Context, params busapi.ListSubscriptionsParams) (busapi.ListSubscriptionsRes, error) {
	caller, err := api.RequireGroup(ctx, Subscribers, Admins)
	if err != nil {
		return nil, err
	}
	owner := caller.Sub
	if caller.In(Admins) {
		owner = ""
	}
	var from position
	if cursor, ok := params.Cursor.Get(); ok {
		if from, err = api.DecodeCursor[position](cursor); err != nil {
			return nil, err
		}
	}
	limit := params.Limit.Or(20)
	infos, err := h.Bus.PullQueues(ctx, owner, from.After, limit+1)
	if err != nil {
		return nil, err
	}
	list := &busapi.SubscriptionList{Items: []busapi.Subscription{}}
	for i, info := range infos {
		if i == limit {
			cursor, err := api.EncodeCursor(position{list.Items[i-1].Name})
			if err != nil {
				return nil, err
			}
			list.NextCursor.SetTo(cursor)
			break
		}
		list.Items = append(list.Items, wire(info))
	}
	return list, nil
}

func wire(q sqlitebus.QueueInfo) busapi.Subscription {
	return busapi.Subscription{Name: q.Name, Types: q.Types, Owner: q.Owner, Depth: q.Depth, InFlight: q.InFlight, Dead: q.Dead}
}

// GetSubscription implements busapi.Handler.
func (h *handler) GetSubscription(ctx context.Context, params busapi.GetSubscriptionParams) (busapi.GetSubscriptionRes, error) {
	q, err := h.queue(ctx, params.Name)
	if err != nil {
		return nil, err
	}
	info, err := q.Info(ctx)
	if err != nil {
		return nil, err
	}
	found := wire(info)
	return &found, nil
}

var subscriptionName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// PutSubscription implements busapi.Handler.
func (h *handler) PutSubscription(ctx context.Context, req *busapi.PutSubscription, params busapi.PutSubscriptionParams) (busapi.PutSubscriptionRes, error) {
	caller, err := api.RequireGroup(ctx, Subscribers, Admins)
	if err != nil {
		return nil, err
	}
	from, err := h.check(params.Name, req)
	if err != nil {
		return nil, err
	}
	if h.reserved(params.Name) {
		return nil, sqlitebus.ErrReserved
	}
	config := sqlitebus.PullConfig{Name: params.Name, Owner: caller.Sub, Topic: event.Topic, Types: req.Types, From: from}
	if q, err := h.queue(ctx, params.Name); err == nil {
		config.Owner = q.Owner // an admin changes it, and does not take it over
	}
	created, err := h.Bus.PutPullQueue(ctx, config)
	if err != nil {
		return nil, err
	}
	q, err := h.queue(ctx, params.Name)
	if err != nil {
		return nil, err
	}
	info, err := q.Info(ctx)
	if err != nil {
		return nil, err
	}
	if created {
		made := busapi.PutSubscriptionCreated(wire(info))
		return &made, nil
	}
	found := busapi.PutSubscriptionOK(wire(info))
	return &found, nil
}

// DeleteSubscription implements busapi.Handler.
func (h *handler) DeleteSubscription(ctx context.Context, params busapi.DeleteSubscriptionParams) (busapi.DeleteSubscriptionRes, error) {
	q, err := h.queue(ctx, params.Name)
	switch {
	case err == nil:
		err = q.Drop(ctx)
	case errors.Is(err, sqlitebus.ErrUnknownQueue):
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return &busapi.DeleteSubscriptionNoContent{}, nil
}

// ReceiveEvents implements busapi.Handler.
func (h *handler) ReceiveEvents(ctx context.Context, req *busapi.Receive, params busapi.ReceiveEventsParams) (busapi.ReceiveEventsRes, error) {
	q, err := h.queue(ctx, params.Name)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.running, cancel)()
	received, err := q.Receive(waiting, sqlitebus.ReceiveOptions{
		Max: req.MaxEvents.Or(10), Wait: seconds(req.MaxWaitSeconds.Or(0)), Lock: seconds(req.LockSeconds.Or(30)),
	})
	if err != nil {
		return nil, err
	}
	answer := &busapi.ReceivedEvents{Items: make([]busapi.ReceivedEvent, 0, len(received))}
	for _, r := range received {
		if !json.Valid(r.Envelope) {
			// It would spoil the whole answer, and never do better.
			if _, err := q.Reject(ctx, []string{r.LockToken}, "is not JSON"); err != nil {
				return nil, err
			}
			continue
		}
		answer.Items = append(answer.Items, busapi.ReceivedEvent{LockToken: r.LockToken, DeliveryCount: r.Receives, Event: r.Envelope})
	}
	return answer, nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
