package busfeed

import (
	"context"

	"ticketmesh.dev/contracts/busapi"
	"ticketmesh.dev/platform/sqlitebus"
)

// AcknowledgeEvents implements busapi.Handler.
func (h *handler) AcknowledgeEvents(ctx context.Context, req *busapi.Acknowledge, params busapi.AcknowledgeEventsParams) (busapi.AcknowledgeEventsRes, error) {
	return h.settle(ctx, params.Name, req.LockTokens, func(q *sqlitebus.PullQueue) ([]bool, error) {
		return q.Acknowledge(ctx, req.LockTokens)
	})
}

// ReleaseEvents implements busapi.Handler.
func (h *handler) ReleaseEvents(ctx context.Context, req *busapi.Release, params busapi.ReleaseEventsParams) (busapi.ReleaseEventsRes, error) {
	delay := sqlitebus.Backoff
	if given, ok := req.DelaySeconds.Get(); ok {
		delay = seconds(given)
	}
	return h.settle(ctx, params.Name, req.LockTokens, func(q *sqlitebus.PullQueue) ([]bool, error) {
		return q.Release(ctx, req.LockTokens, delay, req.Reason.Or("released each time that it was received"))
	})
}

// RejectEvents implements busapi.Handler.
func (h *handler) RejectEvents(ctx context.Context, req *busapi.Reject, params busapi.RejectEventsParams) (busapi.RejectEventsRes, error) {
	return h.settle(ctx, params.Name, req.LockTokens, func(q *sqlitebus.PullQueue) ([]bool, error) {
		return q.Reject(ctx, req.LockTokens, req.Reason)
	})
}

// RenewLocks implements busapi.Handler.
func (h *handler) RenewLocks(ctx context.Context, req *busapi.Renew, params busapi.RenewLocksParams) (busapi.RenewLocksRes, error) {
	return h.settle(ctx, params.Name, req.LockTokens, func(q *sqlitebus.PullQueue) ([]bool, error) {
		return q.Renew(ctx, req.LockTokens, seconds(req.LockSeconds.Or(30)))
	})
}

func (h *handler) settle(ctx context.Context, name string, tokens []string, do func(*sqlitebus.PullQueue) ([]bool, error)) (*busapi.Settled, error) {
	q, err := h.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	held, err := do(q)
	if err != nil {
		return nil, err
	}
	answer := &busapi.Settled{Succeeded: []string{}, Failed: []busapi.SettleFailure{}}
	for i, token := range tokens {
		if held[i] {
			answer.Succeeded = append(answer.Succeeded, token)
		} else {
			answer.Failed = append(answer.Failed, busapi.SettleFailure{LockToken: token, Code: busapi.SettleFailureCodeLockLost})
		}
	}
	return answer, nil
}
