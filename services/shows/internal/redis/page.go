package redis

import (
	"encoding/json"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
)

// The forms below are what Redis holds. They change apart from the domain and
// from the API.
type pageBody struct {
	Mark  string     `json:"mark,omitempty"`
	At    int64      `json:"at"` // milliseconds since 1970
	Next  id.ID      `json:"next"`
	Shows []showBody `json:"shows"`
}

type showBody struct {
	ID          id.ID   `json:"id"`
	OrganizerID string  `json:"organizerId"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Category    string  `json:"category"`
	VenueID     id.ID   `json:"venueId"`
	ArtistIDs   []id.ID `json:"artistIds,omitempty"`
	Status      string  `json:"status"`
	Reason      string  `json:"reason,omitempty"`
	PublishedAt int64   `json:"publishedAt"`
	Version     int     `json:"version"`
}

func encode(kept app.Kept) (string, error) {
	body := pageBody{Mark: kept.Mark, At: kept.At.UnixMilli(), Next: kept.Page.Next}
	for _, s := range kept.Page.Shows {
		state := s.State()
		body.Shows = append(body.Shows, showBody{
			ID: state.ID, OrganizerID: state.OrganizerID, Title: state.Title, Description: state.Description, Category: state.Category,
			VenueID: state.VenueID, ArtistIDs: state.ArtistIDs, Status: string(state.Status), Reason: state.Reason,
			PublishedAt: state.PublishedAt.UnixMilli(), Version: state.Version,
		})
	}
	text, err := json.Marshal(body)
	return string(text), err
}

// decode returns nil for what it cannot read: the next load replaces it.
func decode(text string) *app.Kept {
	var body pageBody
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return nil
	}
	kept := &app.Kept{Mark: body.Mark, At: time.UnixMilli(body.At).UTC(), Page: app.ShowPage{Next: body.Next}}
	for _, s := range body.Shows {
		kept.Page.Shows = append(kept.Page.Shows, show.Restore(show.State{
			ID: s.ID, OrganizerID: s.OrganizerID,
			Details: show.Details{Title: s.Title, Description: s.Description, Category: s.Category, VenueID: s.VenueID, ArtistIDs: s.ArtistIDs},
			Status:  show.Status(s.Status), Reason: s.Reason, PublishedAt: time.UnixMilli(s.PublishedAt).UTC(), Version: s.Version,
		}))
	}
	return kept
}
