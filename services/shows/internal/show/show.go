// Package show is what is on: a title, a description and a category, from
// draft to published to cancelled. It must not know its performances.
package show

import (
	"fmt"
	"slices"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/violation"
)

// Status is the state of a show.
type Status string

// The states of a show. Nothing leads back.
const (
	Draft     Status = "draft"
	Published Status = "published"
	Cancelled Status = "cancelled"
)

const (
	maxTitle       = 200
	maxDescription = 10_000
	maxCategory    = 64
	maxArtists     = 100
	maxReason      = 1_000
)

// CancelledError reports a change to a show that is cancelled.
type CancelledError struct {
	ShowID id.ID
}

// Error implements error.
func (e *CancelledError) Error() string { return fmt.Sprintf("show %s is cancelled", e.ShowID) }

// Details are what an organizer says about a show.
type Details struct {
	Title       string
	Description string
	Category    string
	VenueID     id.ID // Nil for none
	ArtistIDs   []id.ID
}

func (d Details) check() error {
	var list violation.List
	list.Text("title", d.Title, maxTitle, true)
	list.Text("description", d.Description, maxDescription, false)
	list.Text("category", d.Category, maxCategory, true)
	if len(d.ArtistIDs) > maxArtists {
		list.Add("artistIds", "must not have more than %d entries", maxArtists)
	}
	return list.Err()
}

func (d Details) equal(o Details) bool {
	return d.Title == o.Title && d.Description == o.Description && d.Category == o.Category &&
		d.VenueID == o.VenueID && slices.Equal(d.ArtistIDs, o.ArtistIDs)
}

// State is everything there is to a show, for those who store it and show it.
type State struct {
	ID          id.ID
	OrganizerID string // the subject of the organizer's tokens
	Details
	Status      Status
	Reason      string    // of a cancelled show; may be empty
	PublishedAt time.Time // zero when it never was
	Version     int       // from 1, one more with every change
}

// Show is a show that keeps its rules.
type Show struct {
	state State
}

// New makes a draft. It fails with a *violation.Error.
func New(showID id.ID, organizerID string, details Details) (Show, error) {
	if err := details.check(); err != nil {
		return Show{}, err
	}
	return Show{State{ID: showID, OrganizerID: organizerID, Details: details, Status: Draft, Version: 1}}, nil
}

// Restore returns the show that State described.
func Restore(s State) Show { return Show{s} }

// State returns all there is to it. Its slices must not be changed.
func (s Show) State() State { return s.state }

// ID returns the show's id.
func (s Show) ID() id.ID { return s.state.ID }

// Version returns the show's version.
func (s Show) Version() int { return s.state.Version }

// Status returns the show's status.
func (s Show) Status() Status { return s.state.Status }

// Public reports whether anybody may see it: it is published, or was.
func (s Show) Public() bool { return !s.state.PublishedAt.IsZero() }

// OwnedBy reports whether the subject is its organizer.
func (s Show) OwnedBy(subject string) bool { return subject != "" && s.state.OrganizerID == subject }
