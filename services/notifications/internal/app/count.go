package app

import (
	"context"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Counter is told how sending goes.
type Counter interface {
	// MailsTried tells of messages that are about to be sent, by when they were made.
	MailsTried(since []time.Time)
	// MailsSettled tells how many messages a carrier has accepted and how many are given up.
	MailsSettled(sent, failed int)
	// MailReturned tells that a message which had been accepted came back.
	MailReturned()
}

// Counted returns what is outgoing, of which the counter is told.
func Counted(outgoing Outgoing, counter Counter) Outgoing { return counted{outgoing, counter} }

type counted struct {
	Outgoing
	counter Counter
}

// Claim implements Outgoing.
func (c counted) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]message.Message, error) {
	claimed, err := c.Outgoing.Claim(ctx, now, lease, limit)
	if len(claimed) > 0 {
		since := make([]time.Time, len(claimed))
		for i, m := range claimed {
			since[i] = m.CreatedAt
		}
		c.counter.MailsTried(since)
	}
	return claimed, err
}

// Settle implements Outgoing.
func (c counted) Settle(ctx context.Context, messages []message.Message) error {
	if err := c.Outgoing.Settle(ctx, messages); err != nil {
		return err
	}
	sent, failed := 0, 0
	for _, m := range messages {
		switch m.Status {
		case message.Sent:
			sent++
		case message.Failed:
			failed++
		}
	}
	c.counter.MailsSettled(sent, failed)
	return nil
}

// CountedReturns returns what becomes of mails, of which the counter is told.
func CountedReturns(returns Returns, counter Counter) Returns {
	return countedReturns{returns, counter}
}

type countedReturns struct {
	Returns
	counter Counter
}

// Return implements Returns.
func (c countedReturns) Return(ctx context.Context, messageID id.ID, change func(m message.Message) (message.Message, bool)) error {
	news := false // of the last call, whose change is stored
	err := c.Returns.Return(ctx, messageID, func(m message.Message) (message.Message, bool) {
		changed, isNew := change(m)
		news = isNew
		return changed, isNew
	})
	if err == nil && news {
		c.counter.MailReturned()
	}
	return err
}
