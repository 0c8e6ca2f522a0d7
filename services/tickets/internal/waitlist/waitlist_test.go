package waitlist_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/waitlist"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAnOfferIsOverWhenItsTimeIs(t *testing.T) {
	t.Parallel()
	until := start.Add(30 * time.Minute)
	tests := []struct {
		name   string
		status waitlist.Status
		at     time.Time
		want   waitlist.Status
	}{
		{"waiting stays", waitlist.Waiting, until.Add(time.Hour), waitlist.Waiting},
		{"offered before", waitlist.Offered, until.Add(-time.Millisecond), waitlist.Offered},
		{"offered at the end", waitlist.Offered, until, waitlist.Expired},
		{"taken stays", waitlist.Taken, until.Add(time.Hour), waitlist.Taken},
		{"left stays", waitlist.Left, until.Add(time.Hour), waitlist.Left},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := waitlist.Entry{Status: tt.status, ExpiresAt: until}
			if got := e.Current(tt.at); got != tt.want {
				t.Errorf("Current() = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEntriesMoveAsTheModel: waiting, offered, then taken, expired or left; who
// has left the queue never comes back.
func TestEntriesMoveAsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := waitlist.Entry{ID: id.New(), Status: waitlist.Waiting, Version: 1}
		status, version := waitlist.Waiting, 1
		to := func(next waitlist.Status, changes bool) {
			if changes {
				status, version = next, version+1
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"offer": func(t *rapid.T) {
				holdID := id.New()
				made := e.Offer(holdID, start)
				if made != (status == waitlist.Waiting) || made && (e.HoldID != holdID || !e.ExpiresAt.Equal(start)) {
					t.Fatalf("Offer() to who is %s = %t", status, made)
				}
				to(waitlist.Offered, made)
			},
			"take": func(*rapid.T) { e.Close(waitlist.Taken); to(waitlist.Taken, status == waitlist.Offered) },
			"pass": func(*rapid.T) { e.Close(waitlist.Expired); to(waitlist.Expired, status == waitlist.Offered) },
			"leave": func(t *rapid.T) {
				left := e.Leave()
				if left != (status == waitlist.Waiting || status == waitlist.Offered) {
					t.Fatalf("Leave() of who is %s = %t", status, left)
				}
				to(waitlist.Left, left)
			},
			"": func(t *rapid.T) {
				if e.Status != status || e.Version != version {
					t.Fatalf("entry is %s at version %d, want %s at %d", e.Status, e.Version, status, version)
				}
			},
		})
	})
}
