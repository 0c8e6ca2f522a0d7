package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// counts is what a counter was told, in order.
type counts []string

func (c *counts) MailsTried(since []time.Time) { *c = append(*c, fmt.Sprint("tried ", len(since))) }

func (c *counts) MailsSettled(sent, failed int) {
	*c = append(*c, fmt.Sprint("settled ", sent, failed))
}
func (c *counts) MailReturned() { *c = append(*c, "returned") }

func TestWhatIsSettledIsCounted(t *testing.T) {
	t.Parallel()
	var told counts
	q := newQueue(3)
	q.failSettle = 1
	outgoing := app.Counted(q, &told)
	claimed, err := outgoing.Claim(t.Context(), now, time.Minute, 64)
	if err != nil {
		t.Fatal(err)
	}
	if none, err := outgoing.Claim(t.Context(), now, time.Minute, 64); err != nil || len(none) != 0 {
		t.Fatal(none, err)
	}
	claimed[0], claimed[1] = claimed[0].Delivered(now), claimed[1].End(message.Failed, message.Uncomposable, now)
	if err := outgoing.Settle(t.Context(), claimed); err == nil {
		t.Error("the store did not fail")
	}
	if err := outgoing.Settle(t.Context(), claimed); err != nil {
		t.Fatal(err)
	}
	if want := []string{"tried 3", "settled 1 1"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// returning is a Returns whose changes somebody interferes with.
type returning struct {
	app.Returns
	fail error
}

// Return implements app.Returns.
func (r returning) Return(_ context.Context, _ id.ID, change func(message.Message) (message.Message, bool)) error {
	change(message.Message{Status: message.Sent})
	change(message.Message{Status: message.Failed}) // as it is by then
	return r.fail
}

func TestWhatCameBackIsCountedWhenItIsNews(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		news message.Status // of what it is news that it came back
		fail error
		want []string
	}{
		{"somebody else was faster", message.Sent, nil, nil},
		{"it is news", message.Failed, nil, []string{"returned"}},
		{"it is not stored", message.Failed, errors.New("broken"), nil},
	} {
		var told counts
		err := app.CountedReturns(returning{fail: tt.fail}, &told).Return(t.Context(), id.Nil, func(m message.Message) (message.Message, bool) { return m, m.Status == tt.news })
		if !errors.Is(err, tt.fail) || !slices.Equal(told, tt.want) {
			t.Errorf("%s: told %q, %v, want %q", tt.name, told, err, tt.want)
		}
	}
}
