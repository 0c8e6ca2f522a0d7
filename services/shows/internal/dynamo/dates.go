package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
)

// datesPage is how many dates are read at once where the first may be enough.
const datesPage = 50

// date is a performance in the list of its show. It changes with the performance,
// in the same unit of work.
type date struct {
	key      dynamo.Key
	startsAt time.Time // as it is in the list
	dateRow
}

// dateRow is the document of a date. Members are only ever added.
type dateRow struct {
	PerformanceID id.ID              `json:"performanceId"`
	Status        performance.Status `json:"status"`
	Announced     bool               `json:"announced,omitempty"`
	MapBytes      int                `json:"mapBytes"` // of the seat map, as JSON
}

func (d date) scheduled() bool { return d.Status == performance.Scheduled }

func datesPK(showID id.ID) string { return "dates#" + showID.String() }

func dateKey(p performance.State) dynamo.Key {
	return dynamo.Key{PK: datesPK(p.ShowID), SK: sortable(p.StartsAtUTC) + "#" + p.ID.String()}
}

func dateItem(p performance.State, mapBytes int) (dynamo.Item, error) {
	document, err := json.Marshal(dateRow{p.ID, p.Status, p.Announced, mapBytes})
	return dynamo.Item{Key: dateKey(p), Document: document, Bulk: true}, err
}

func readDate(item dynamo.Item) (date, error) {
	start, _, _ := strings.Cut(item.Key.SK, "#")
	startsAt, err := time.Parse(sortableLayout, start)
	if err != nil {
		return date{}, fmt.Errorf("item %q %q: %w", item.Key.PK, item.Key.SK, err)
	}
	d := date{key: item.Key, startsAt: startsAt}
	if err := json.Unmarshal(item.Document, &d.dateRow); err != nil {
		return date{}, fmt.Errorf("item %q %q: %w", item.Key.PK, item.Key.SK, err)
	}
	return d, nil
}

// dates yields what the query asks for, and reads on as long as it is asked.
func (s *Store) dates(ctx context.Context, q dynamo.Query) iter.Seq2[date, error] {
	return func(yield func(date, error) bool) {
		q.Limit = datesPage
		for {
			items, err := s.table.Query(ctx, q)
			if err != nil {
				yield(date{}, err)
				return
			}
			for _, item := range items {
				if d, err := readDate(item); !yield(d, err) || err != nil {
					return
				}
			}
			if len(items) < q.Limit {
				return
			}
			q.After = items[len(items)-1].Key.SK
		}
	}
}
