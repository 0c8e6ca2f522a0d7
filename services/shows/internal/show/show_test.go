package show_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/violation"
)

var now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func draft(t testing.TB) show.Show {
	t.Helper()
	s, err := show.New(id.New(), "ada", show.Details{Title: "Hamlet", Description: "", Category: "theatre"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAShowGoesFromDraftToPublishedToCancelled(t *testing.T) {
	t.Parallel()
	s := draft(t)
	if s.Status() != show.Draft || s.Version() != 1 || s.Public() {
		t.Fatalf("a new show is %+v", s.State())
	}
	published, done, err := s.Publish(now)
	if err != nil || !done || published.Version() != 2 || !published.Public() {
		t.Fatalf("published: %+v, %t, %v", published.State(), done, err)
	}
	if again, done, err := published.Publish(now.Add(time.Hour)); err != nil || done || again.Version() != 2 || !again.State().PublishedAt.Equal(now) {
		t.Errorf("published again: %+v, %t, %v", again.State(), done, err)
	}
	cancelled, done, err := published.Cancel("flood")
	if err != nil || !done || cancelled.Version() != 3 || !cancelled.Public() || cancelled.State().Reason != "flood" {
		t.Fatalf("cancelled: %+v, %t, %v", cancelled.State(), done, err)
	}
	if again, done, err := cancelled.Cancel("fire"); err != nil || done || again.State().Reason != "flood" {
		t.Errorf("cancelled again: %+v, %t, %v", again.State(), done, err)
	}
	var refused *show.CancelledError
	if _, _, err := cancelled.Publish(now); !errors.As(err, &refused) {
		t.Errorf("publishing a cancelled show: %v", err)
	}
	if _, _, err := cancelled.Update(cancelled.State().Details); !errors.As(err, &refused) {
		t.Errorf("updating a cancelled show: %v", err)
	}
}

func TestACancelledDraftStaysUnseen(t *testing.T) {
	t.Parallel()
	cancelled, _, err := draft(t).Cancel("")
	if err != nil || cancelled.Public() {
		t.Errorf("public %t, %v", cancelled.Public(), err)
	}
}

func TestAnUpdateThatSaysTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	s := draft(t)
	details := s.State().Details
	details.ArtistIDs = []id.ID{}
	if after, changed, err := s.Update(details); err != nil || changed || after.Version() != 1 {
		t.Errorf("changed %t, %v", changed, err)
	}
	details.VenueID = id.New()
	if after, changed, err := s.Update(details); err != nil || !changed || after.Version() != 2 {
		t.Errorf("changed %t, %v", changed, err)
	}
}

func TestInvalidDetailsNameTheField(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give func(*show.Details)
		want string
	}{
		{"a blank title", func(d *show.Details) { d.Title = " \t" }, "title"},
		{"a long title", func(d *show.Details) { d.Title = strings.Repeat("é", 201) }, "title"},
		{"a long description", func(d *show.Details) { d.Description = strings.Repeat("x", 10_001) }, "description"},
		{"a blank category", func(d *show.Details) { d.Category = "" }, "category"},
		{"no text", func(d *show.Details) { d.Description = "\xff" }, "description"},
		{"many artists", func(d *show.Details) { d.ArtistIDs = make([]id.ID, 101) }, "artistIds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			details := draft(t).State().Details
			tt.give(&details)
			_, err := show.New(id.New(), "ada", details)
			var invalid *violation.Error
			if !errors.As(err, &invalid) || invalid.Fields[0].Field != tt.want {
				t.Errorf("New() = %v, want a violation of %s", err, tt.want)
			}
		})
	}
}

func TestFoldIgnoresCaseInAnyScript(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"ASCII", "HAMLET", "hamlet", true},
		{"Latin", "ÉTÉ Ärger", "été äRGER", true},
		{"Greek with its final sigma", "ΟΔΥΣΣΕΎΣ", "οδυσσεύς", true},
		{"Cyrillic", "ВОЙНА", "война", true},
		{"sharp s", "STRASSE", "Straße", true},
		{"capital sharp s", "STRAẞE", "strasse", true},
		{"Kelvin and long s", "\u212Aeſ", "KES", true},
		{"diacritics count", "été", "ete", false},
		{"Chinese", "京劇", "京劇", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := show.Fold(tt.a) == show.Fold(tt.b); got != tt.same {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q", tt.a, show.Fold(tt.a), tt.b, show.Fold(tt.b))
			}
		})
	}
}
