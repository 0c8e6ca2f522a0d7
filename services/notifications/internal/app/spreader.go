package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/services/notifications/internal/message"
)

// pageSize bounds what is done again when a page is interrupted.
const pageSize = 80

// Spreader turns each notice into messages to all who hold tickets to its performance.
type Spreader struct {
	notices  Notices
	composer Composer
	clock    clock.Clock
	logger   *slog.Logger
}

// NewSpreader returns a Spreader.
func NewSpreader(notices Notices, composer Composer, clock clock.Clock, logger *slog.Logger) *Spreader {
	return &Spreader{notices: notices, composer: composer, clock: clock, logger: logger}
}

// Run spreads notices as they come, until ctx ends.
func (s *Spreader) Run(ctx context.Context) error {
	return loop(ctx, s.notices.NoticesAdded(), s.logger, "spreading notices failed", s.Spread)
}

// Pass spreads all that there is to spread, or until ctx ends.
func (s *Spreader) Pass(ctx context.Context) error { return pass(ctx, s.Spread) }

// Spread does one page of the oldest notice. It is false when there is no notice. What was done twice, because the
// process ended in between, adds no message twice.
func (s *Spreader) Spread(ctx context.Context) (bool, error) {
	n, err := s.notices.NextNotice(ctx)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	purchases, err := s.notices.Purchases(ctx, n.PerformanceID, n.After, pageSize)
	if err != nil {
		return false, err
	}
	now := s.clock.Now()
	var messages []message.Message
	after := n.After
	for _, p := range purchases {
		to := p.Holders()
		if n.Template == message.PerformanceCancelled {
			to = p.Contacts()
		}
		for _, r := range to {
			messages = append(messages, notify(n, r, s.composer, now))
		}
		after = p.OrderID
	}
	return true, s.notices.Advance(ctx, n, messages, after, len(purchases) < pageSize)
}

// notify makes the notice's message to one recipient; it is about no single order, so that somebody with two orders is
// told once.
func notify(n message.Notice, to message.Recipient, composer Composer, now time.Time) message.Message {
	var none message.Message
	m := message.New(n.Origin, n.Template, to, n.PerformanceID, none.OrderID, message.Content{PreviousStart: n.PreviousStart}, now)
	m.Subject = composer.Draft(n.Template, to.Language)
	return m
}
