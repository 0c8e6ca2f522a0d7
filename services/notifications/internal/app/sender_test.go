package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

var now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

// queue is an Outgoing in memory.
type queue struct {
	messages   []message.Message
	failSettle int // so often
	settled    int
	wake       chan struct{}
}

func newQueue(n int) *queue {
	q := &queue{wake: make(chan struct{}, 1)}
	for i := range n {
		to := message.Recipient{CustomerID: fmt.Sprintf("c%d", i), Email: fmt.Sprintf("c%d@example.com", i), Language: "en"}
		q.messages = append(q.messages, message.New(message.Origin{EventID: id.New(), TraceParent: "00-trace"}, message.OrderRefunded, to, id.New(), id.New(), message.Content{}, now))
	}
	return q
}

func (q *queue) Claim(_ context.Context, at time.Time, lease time.Duration, limit int) ([]message.Message, error) {
	var claimed []message.Message
	for i, m := range q.messages {
		if m.Status == message.Queued && !m.DueAt.After(at) && len(claimed) < limit {
			claimed = append(claimed, m)
			q.messages[i].DueAt = at.Add(lease)
		}
	}
	return claimed, nil
}

func (q *queue) Backgrounds(_ context.Context, messages []message.Message) ([]message.Background, error) {
	found := make([]message.Background, len(messages))
	for i := range found {
		found[i].Preferences = message.AllWanted()
	}
	return found, nil
}

func (q *queue) Settle(ctx context.Context, messages []message.Message) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if q.failSettle > 0 {
		q.failSettle--
		return errors.New("the disk is full")
	}
	q.settled++
	for _, m := range messages {
		for i := range q.messages {
			if q.messages[i].ID == m.ID {
				q.messages[i] = m
			}
		}
	}
	return nil
}

func (q *queue) MessagesAdded() <-chan struct{} { return q.wake }

func (q *queue) statuses() map[message.Status]int {
	count := map[message.Status]int{}
	for _, m := range q.messages {
		count[m.Status]++
	}
	return count
}

// writer is a Composer that fails for some.
type writer struct{ fail string }

func (writer) Draft(message.Template, string) string { return "draft" }

func (w writer) Compose(m message.Message, _ message.Background) (message.Mail, error) {
	if m.Recipient.CustomerID == w.fail {
		return message.Mail{}, errors.New("unprintable")
	}
	return message.Mail{ID: m.ID, To: m.Recipient.Email, Subject: "final"}, nil
}

// carrier is a Mailer whose answers are given by address.
type carrier struct {
	answer func(to string) error
	sent   map[id.ID]int
}

func (c *carrier) Send(ctx context.Context, mails []message.Mail) []error {
	errs := make([]error, len(mails))
	for i, m := range mails {
		if errs[i] = ctx.Err(); errs[i] == nil {
			if m.TraceParent != "00-trace" {
				errs[i] = fmt.Errorf("the mail is of the trace %q", m.TraceParent)
				continue
			}
			errs[i] = c.answer(m.To)
		}
		if errs[i] == nil {
			c.sent[m.ID]++
		}
	}
	return errs
}

type codec struct{ refuse string }

func (c codec) Check(fact message.Fact) error {
	if fact.Message.Recipient.CustomerID == c.refuse {
		return errors.New("refused")
	}
	return nil
}

func accept(string) error { return nil }

func newSender(q *queue, c *carrier, w writer, k codec, at clock.Clock) *app.Sender {
	c.sent = map[id.ID]int{}
	return app.NewSender(q, w, c, k, at, slog.New(slog.DiscardHandler))
}

func TestEachMessageOfABatchHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	q := newQueue(6)
	c := &carrier{answer: func(to string) error {
		switch to {
		case "c1@example.com":
			return fmt.Errorf("550: %w", message.ErrRejected)
		case "c2@example.com":
			return errors.New("450 busy")
		}
		return nil
	}}
	found, err := newSender(q, c, writer{fail: "c3"}, codec{refuse: "c4"}, clock.NewManual(now)).Deliver(context.Background())
	if !found || err != nil {
		t.Fatal(found, err)
	}
	for i, want := range []struct {
		status   message.Status
		reason   message.Reason
		attempts int
		subject  string
	}{
		{message.Sent, "", 1, "final"},
		{message.Failed, message.Rejected, 1, "final"},
		{message.Queued, "", 1, "final"},
		{message.Failed, message.Uncomposable, 0, ""},
		{message.Queued, "", 1, ""},
		{message.Sent, "", 1, "final"},
	} {
		m := q.messages[i]
		if m.Status != want.status || m.Reason != want.reason || m.Attempts != want.attempts || m.Subject != want.subject {
			t.Errorf("message %d: %s, %q, %d attempts, subject %q; want %+v", i, m.Status, m.Reason, m.Attempts, m.Subject, want)
		}
		if m.Status == message.Queued && !m.DueAt.Equal(now.Add(15*time.Second)) {
			t.Errorf("message %d is due at %s", i, m.DueAt)
		}
	}
	if len(c.sent) != 2 {
		t.Errorf("%d mails went out, want 2", len(c.sent))
	}
}

func TestNothingDueIsNoWork(t *testing.T) {
	t.Parallel()
	q := newQueue(1)
	at := clock.NewManual(now.Add(-time.Millisecond))
	s := newSender(q, &carrier{answer: accept}, writer{}, codec{}, at)
	if found, err := s.Deliver(context.Background()); found || err != nil {
		t.Error(found, err)
	}
	at.Advance(time.Millisecond)
	if found, err := s.Deliver(context.Background()); !found || err != nil {
		t.Error(found, err)
	}
}

func TestACarrierThatIsDownIsAnErrorButFailsNothing(t *testing.T) {
	t.Parallel()
	q := newQueue(3)
	_, err := newSender(q, &carrier{answer: func(string) error { return errors.New("connection refused") }}, writer{}, codec{}, clock.NewManual(now)).Deliver(context.Background())
	if err == nil {
		t.Error("no error, so the sender would not pause")
	}
	if got := q.statuses(); got[message.Queued] != 3 {
		t.Errorf("statuses = %v", got)
	}
}

func TestAPassingTroubleOfTheStoreSendsNothingTwice(t *testing.T) {
	t.Parallel()
	q := newQueue(2)
	q.failSettle = 2
	c := &carrier{answer: accept}
	if _, err := newSender(q, c, writer{}, codec{}, clock.NewManual(now)).Deliver(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := q.statuses(); got[message.Sent] != 2 {
		t.Errorf("statuses = %v", got)
	}
}

func TestACrashBeforeTheOutcomeIsWrittenRepeatsTheSameMail(t *testing.T) {
	t.Parallel()
	q := newQueue(1)
	q.failSettle = 3
	c := &carrier{answer: accept}
	at := clock.NewManual(now)
	s := newSender(q, c, writer{}, codec{}, at)
	if _, err := s.Deliver(context.Background()); err == nil {
		t.Fatal("no error")
	}
	if found, _ := s.Deliver(context.Background()); found {
		t.Fatal("sent again during the lease")
	}
	at.Advance(10 * time.Minute)
	if found, err := s.Deliver(context.Background()); !found || err != nil {
		t.Fatal(found, err)
	}
	if c.sent[q.messages[0].ID] != 2 || len(c.sent) != 1 {
		t.Errorf("mails by id = %v, want the same twice", c.sent)
	}
}

// stopping is a Mailer that is told to stop while it is at work.
type stopping struct{ stop context.CancelFunc }

func (s stopping) Send(ctx context.Context, mails []message.Mail) []error {
	s.stop()
	<-ctx.Done() // after the time to finish
	errs := make([]error, len(mails))
	for i := range errs {
		errs[i] = ctx.Err()
	}
	return errs
}

func TestABatchThatIsInterruptedCountsNoAttempt(t *testing.T) {
	t.Parallel()
	q := newQueue(2)
	ctx, cancel := context.WithCancel(context.Background())
	s := app.NewSender(q, writer{}, stopping{cancel}, codec{}, clock.NewManual(now), slog.New(slog.DiscardHandler)).WithHandOver(time.Millisecond)
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, m := range q.messages {
		if m.Status != message.Queued || m.Attempts != 0 || !m.DueAt.Equal(now) {
			t.Errorf("message = %s, %d attempts, due %s", m.Status, m.Attempts, m.DueAt)
		}
	}
}

func TestAPassGoesOnUntilNothingIsDue(t *testing.T) {
	t.Parallel()
	busy := errors.New("450 busy")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		answer func(to string) error
		want   map[message.Status]int
		fails  bool
	}{
		{"all", t.Context(), accept, map[message.Status]int{message.Sent: 200}, false},
		{"some refused", t.Context(), func(to string) error {
			if to == "c7@example.com" {
				return busy
			}
			return nil
		}, map[message.Status]int{message.Sent: 199, message.Queued: 1}, false},
		{"the carrier is down", t.Context(), func(string) error { return busy }, map[message.Status]int{message.Queued: 200}, true},
		{"no time", ended, accept, map[message.Status]int{message.Queued: 200}, false},
	}
	for _, tt := range tests {
		q := newQueue(200)
		c := &carrier{answer: tt.answer}
		err := newSender(q, c, writer{}, codec{}, clock.NewManual(now)).Pass(tt.ctx)
		if got := q.statuses(); tt.fails != (err != nil) || fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}
