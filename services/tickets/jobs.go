package tickets

import (
	"context"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/service"

	"ticketmesh.dev/services/tickets/internal/app"
)

// Pass does once what is due of something that goes on beside the API. It may be
// done at any time, again, and by several at the same time: each thing that it
// does is atomic and has one effect. When ctx ends it stops between two of them,
// and the next pass goes on.
type Pass struct {
	Name string
	Run  func(ctx context.Context) error
	// A process of its own does it at each interval, and when woken; wake may be nil.
	every time.Duration
	wake  <-chan struct{}
	// first is done instead until it succeeds, by a process in which no request is
	// being worked on yet; may be nil.
	first func(ctx context.Context) error
}

const (
	// reconcileGrace is how long an order may be with its provider before it counts
	// as forgotten.
	reconcileGrace = 30 * time.Second
	sweepBatch     = 200
)

// NewPasses returns all passes: the sweep that announces expired holds, the
// reconciler of what a crash or a silent provider left open, the comparison of what the providers took with the orders, the cancelling
// of orders of cancelled performances, and the waiting list.
func NewPasses(selling *app.Selling) []Pass {
	return []Pass{
		{Name: "sweep", every: time.Second, Run: sweep(selling)},
		{Name: "reconcile", every: 5 * time.Second, Run: reconcile(selling, reconcileGrace), first: reconcile(selling, 0)},
		{Name: "captures", every: time.Minute, Run: selling.ReconcileCaptures},
		{Name: "cancellations", every: time.Second, Run: selling.CancelOrders},
		{Name: "waitlist", every: 5 * time.Second, wake: selling.Freed(), Run: func(ctx context.Context) error {
			_, err := selling.OfferFreed(ctx)
			return err
		}},
	}
}

func sweep(selling *app.Selling) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			ended, err := selling.ExpireHolds(ctx, sweepBatch)
			if err != nil || ended < sweepBatch {
				return err
			}
		}
	}
}

func reconcile(selling *app.Selling, grace time.Duration) func(context.Context) error {
	return func(ctx context.Context) error { return selling.Reconcile(ctx, grace) }
}

// NewJobs returns the passes as jobs of a process that has the store for itself.
func NewJobs(selling *app.Selling, logger *slog.Logger) []service.Job {
	var jobs []service.Job
	for _, pass := range NewPasses(selling) {
		jobs = append(jobs, service.Job{Name: "tickets-" + pass.Name, Run: func(ctx context.Context) error {
			pass.repeat(ctx, logger)
			return nil
		}})
	}
	return jobs
}

// repeat does the pass at once, then at each interval and whenever woken, until
// ctx ends. What fails is logged and tried again next time.
func (p Pass) repeat(ctx context.Context, logger *slog.Logger) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	run := p.Run
	if p.first != nil {
		run = p.first
	}
	for {
		switch err := run(ctx); {
		case err == nil:
			run = p.Run
		case ctx.Err() == nil:
			logger.ErrorContext(ctx, "job failed and will be tried again", "job", p.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-p.wake:
		}
	}
}
