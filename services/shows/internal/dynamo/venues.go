package dynamo

import (
	"context"
	"encoding/json"
	"fmt"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

// venueRow is the document of a venue.
type venueRow struct {
	City string `json:"city"` // folded
}

func venueKey(v id.ID) dynamo.Key { return keyOf("venue#", v) }

// ApplyVenue implements app.Store.
func (s *Store) ApplyVenue(ctx context.Context, v venue.Venue) error {
	document, err := json.Marshal(venueRow{show.Fold(v.City)})
	if err != nil {
		return err
	}
	return s.putNewer(ctx, dynamo.Item{Key: venueKey(v.ID), Document: document}, v.Version)
}

// inCity returns those of the shows whose venue is in the city. The venues of a
// page are few, and read at once.
func (s *Store) inCity(ctx context.Context, city string, shows []show.Show) ([]show.Show, error) {
	city = show.Fold(city)
	wanted := map[dynamo.Key]bool{}
	for _, each := range shows {
		if venueID := each.State().VenueID; venueID != id.Nil {
			wanted[venueKey(venueID)] = true
		}
	}
	keys := make([]dynamo.Key, 0, len(wanted))
	for key := range wanted {
		keys = append(keys, key)
	}
	items, err := s.table.GetAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	var found []show.Show
	for _, each := range shows {
		item, known := items[venueKey(each.State().VenueID)]
		if !known {
			continue
		}
		var row venueRow
		if err := json.Unmarshal(item.Document, &row); err != nil {
			return nil, fmt.Errorf("item %q: %w", item.Key.PK, err)
		}
		if row.City == city {
			found = append(found, each)
		}
	}
	return found, nil
}
