package jsoncodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/show"
)

// Shows and performances are stored whole under the domain's own names, so that
// whatever is added to them is stored. To rename a member is to migrate what is
// stored; a test holds the names.

// EncodeShow returns a show as DecodeShow reads it.
func EncodeShow(s show.Show) ([]byte, error) { return json.Marshal(s.State()) }

// DecodeShow reads what EncodeShow has written.
func DecodeShow(b []byte) (show.Show, error) {
	var state show.State
	if err := json.Unmarshal(b, &state); err != nil {
		return show.Show{}, fmt.Errorf("stored show: %w", err)
	}
	return show.Restore(state), nil
}

// EncodePerformance returns a performance as DecodePerformance reads it.
func EncodePerformance(p performance.Performance) ([]byte, error) { return json.Marshal(p.State()) }

// DecodePerformance reads what EncodePerformance has written.
func DecodePerformance(b []byte) (performance.Performance, error) {
	var state performance.State
	if err := json.Unmarshal(b, &state); err != nil {
		return performance.Performance{}, fmt.Errorf("stored performance: %w", err)
	}
	return performance.Restore(state), nil
}
