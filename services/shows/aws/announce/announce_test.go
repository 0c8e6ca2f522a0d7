package announce_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/services/shows/aws/announce"
)

// TestTheTypesSayWhatTheSchemasSay changes every member of every example in ways that schemas are about.
func TestTheTypesSayWhatTheSchemasSay(t *testing.T) {
	t.Parallel()
	schemas, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	others := []any{nil, "", "x", strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 129), 0, -1, 1, 1.5, true, map[string]any{}, "2027-02-01"}
	accepted, refused := 0, 0
	compare := func(eventType, what string, data map[string]any) {
		encoded, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		want, got := schemas.Validate(eventType, encoded), announce.Validator{}.Validate(eventType, encoded)
		if (want == nil) != (got == nil) {
			t.Errorf("%s, %s: the schema says %v, the type %v", eventType, what, want, got)
		}
		if want == nil {
			accepted++
		} else {
			refused++
		}
	}
	for _, eventType := range []string{
		showsevents.TypeShowPublished, showsevents.TypeShowUpdated, showsevents.TypeShowCancelled,
		showsevents.TypePerformanceScheduled, showsevents.TypePerformanceRescheduled, showsevents.TypePerformanceCancelled,
	} {
		for _, example := range contracttest.Examples(t, eventType) {
			var e struct{ Data map[string]any }
			if err := json.Unmarshal(example.Event, &e); err != nil {
				t.Fatal(err)
			}
			compare(eventType, example.Name, e.Data)
			for _, name := range slices.Sorted(maps.Keys(e.Data)) {
				changed := maps.Clone(e.Data)
				delete(changed, name)
				compare(eventType, "without "+name, changed)
				for _, other := range others {
					changed[name] = other
					text, _ := json.Marshal(other)
					compare(eventType, name+" is "+string(text), changed)
				}
			}
		}
	}
	if accepted < 10 || refused < 100 {
		t.Errorf("%d accepted and %d refused: they are no comparison", accepted, refused)
	}
	if (announce.Validator{}).Validate("ticketmesh.tickets.order.confirmed.v1", []byte(`{}`)) == nil {
		t.Error("an event of others is announced")
	}
}
