package sqlite_test

import (
	"encoding/json"
	"testing"

	"ticketmesh.dev/platform/event"
)

// version is that of the entity which the event tells of.
func version(t testing.TB, e event.Event) int {
	t.Helper()
	var data struct{ Version int }
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data.Version
}
