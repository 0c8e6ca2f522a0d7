package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/services/notifications/internal/message"
)

const (
	// batchSize is a compromise: carriers and stores commit a batch at once, and a batch that is interrupted is done again.
	batchSize = 64
	// lease is far longer than a batch takes, also with a slow mail server: two senders of one mail are worse than a
	// mail that comes late after a crash.
	lease = 10 * time.Minute
	// defaultHandOver leaves time for the rest within the ten seconds that a process has to stop.
	defaultHandOver = 5 * time.Second
	// restShare is how many times as long as a batch took the sender rests while more messages come in.
	restShare = 24
	// settleAttempts is how often the outcome of a batch is written before it is given up.
	settleAttempts = 3
)

// Sender sends queued messages. Several may run at once.
type Sender struct {
	outgoing Outgoing
	composer Composer
	mailer   Mailer
	codec    Codec
	clock    clock.Clock
	logger   *slog.Logger
	handOver time.Duration
}

// NewSender returns a Sender.
func NewSender(outgoing Outgoing, composer Composer, mailer Mailer, codec Codec, clock clock.Clock, logger *slog.Logger) *Sender {
	return &Sender{outgoing: outgoing, composer: composer, mailer: mailer, codec: codec, clock: clock, logger: logger, handOver: defaultHandOver}
}

// WithHandOver returns the sender with another bound on how long handing over a batch goes on when it is told to stop.
func (s *Sender) WithHandOver(d time.Duration) *Sender {
	changed := *s
	changed.handOver = d
	return &changed
}

// Run sends messages as they become due, until ctx ends. A batch under way is finished, unless the carrier is slow.
//
// While messages come in faster than they go out it rests after each batch: on one machine an on-sale makes thousands
// of mails a second, and those who are still buying should not wait for the mails of those who have bought. When none
// come in any more it goes at full speed.
func (s *Sender) Run(ctx context.Context) error {
	added := s.outgoing.MessagesAdded()
	return loop(ctx, added, s.logger, "sending messages failed", func(ctx context.Context) (bool, error) {
		begin := s.clock.Now()
		found, err := s.Deliver(ctx)
		if !found || err != nil {
			return found, err
		}
		select {
		case <-added:
			rest(ctx, restShare*s.clock.Now().Sub(begin))
		default:
		}
		return true, nil
	})
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Pass sends what is due until nothing is any more, or ctx ends, as it does for Run. Messages that the carrier does not
// take do not keep it going: they are due later.
func (s *Sender) Pass(ctx context.Context) error { return pass(ctx, s.Deliver) }

// Deliver sends a batch of messages that are due. It is false when none is. An error means that some of the batch will
// be claimed again.
func (s *Sender) Deliver(ctx context.Context) (bool, error) {
	// What is claimed is settled even when ctx ends: else it would lie until the lease does.
	settle := context.WithoutCancel(ctx)
	messages, err := s.outgoing.Claim(settle, s.clock.Now(), lease, batchSize)
	if err != nil || len(messages) == 0 {
		return false, err
	}
	carry, cancel := context.WithCancel(settle)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(s.handOver)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-carry.Done():
		}
	})
	defer stop()

	backgrounds, err := s.outgoing.Backgrounds(settle, messages)
	if err != nil {
		return false, err
	}
	mails, at := s.compose(messages, backgrounds)
	failures := 0
	if len(mails) > 0 {
		results := s.mailer.Send(carry, mails)
		for i, err := range results {
			failures += s.conclude(carry, &messages[at[i]], mails[i], err)
		}
	}
	// Mails that are out and not settled go out again: a store's passing trouble is worth some patience.
	for attempt := 1; ; attempt++ {
		if err = s.outgoing.Settle(settle, messages); err == nil {
			break
		}
		if attempt == settleAttempts {
			return false, err
		}
	}
	if failures > 0 && failures == len(mails) {
		return true, fmt.Errorf("the carrier accepted none of %d mails", failures)
	}
	return true, nil
}

// compose settles messages and writes the mails of those that are still to be sent, with the index of each one's
// message.
func (s *Sender) compose(messages []message.Message, backgrounds []message.Background) (mails []message.Mail, at []int) {
	now := s.clock.Now()
	for i := range messages {
		m := messages[i].Settle(backgrounds[i], now)
		messages[i] = m
		if m.Status.Final() {
			continue
		}
		// A fact that nobody may publish must stop the mail before it is sent, and not after it again and again.
		fact, _ := m.Delivered(now).Fact()
		if err := s.codec.Check(fact); err != nil {
			s.logger.Error("message has no valid event", "message", m.ID, "template", m.Template, "error", err)
			m.Attempts++
			messages[i] = m.Postponed(now)
			continue
		}
		mail, err := s.composer.Compose(m, backgrounds[i])
		if err != nil {
			s.logger.Error("message cannot be composed", "message", m.ID, "template", m.Template, "error", err)
			messages[i] = m.End(message.Failed, message.Uncomposable, now)
			continue
		}
		mail.Date, mail.TraceParent = now, m.Origin.TraceParent
		mails, at = append(mails, mail), append(at, i)
	}
	return mails, at
}

// conclude applies the carrier's answer to a message, and returns 1 when it is to be tried again.
func (s *Sender) conclude(carry context.Context, m *message.Message, mail message.Mail, err error) int {
	now := s.clock.Now()
	m.Subject = mail.Subject
	switch {
	case err == nil:
		*m = m.Delivered(now)
		return 0
	case carry.Err() != nil:
		m.DueAt = now // interrupted, which is no attempt
		return 0
	}
	*m = m.Refused(err, now)
	if m.Status == message.Failed {
		s.logger.Error("message failed", "message", m.ID, "template", m.Template, "reason", m.Reason, "error", err)
		return 0
	}
	s.logger.Warn("message was not accepted", "message", m.ID, "attempt", m.Attempts, "due", m.DueAt, "error", err)
	return 1
}
