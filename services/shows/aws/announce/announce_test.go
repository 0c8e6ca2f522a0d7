package announce_test

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/services/shows/aws/announce"
)

// others are values that schemas are about.
var others = []any{
	nil, "", "x", strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 201), 0, -1, 1, 1.5, true, map[string]any{}, []any{}, "2027-02-01", "12.5", "0.00001",
}

// variations yields what v is with one of its members, of so many levels, taken away or
// replaced. Of lists the first entry is varied.
func variations(v any, levels int) iter.Seq2[string, any] {
	return func(yield func(what string, changed any) bool) {
		if levels == 0 {
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				changed := maps.Clone(v)
				delete(changed, name)
				if !yield("without "+name, changed) {
					return
				}
				for _, other := range others {
					changed[name] = other
					text, _ := json.Marshal(other)
					if !yield(name+" is "+string(text), changed) {
						return
					}
				}
				for what, below := range variations(v[name], levels-1) {
					changed[name] = below
					if !yield(name+": "+what, changed) {
						return
					}
				}
			}
		case []any:
			if len(v) == 0 {
				return
			}
			for what, below := range variations(v[0], levels) {
				if !yield(what, append([]any{below}, v[1:]...)) {
					return
				}
			}
		}
	}
}

// TestTheTypesSayWhatTheSchemasSay changes every member of every example.
func TestTheTypesSayWhatTheSchemasSay(t *testing.T) {
	t.Parallel()
	schemas, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused := 0, 0
	compare := func(eventType, what string, data any) {
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
			if len(example.Event) > 10_000 {
				continue // it has no other members than the small ones
			}
			levels := 1
			if eventType == showsevents.TypeShowPublished || eventType == showsevents.TypePerformanceScheduled {
				levels = 10 // below, the others are the same
			}
			for what, changed := range variations(e.Data, levels) {
				compare(eventType, what, changed)
			}
		}
	}
	if accepted < 10 || refused < 1000 {
		t.Errorf("%d accepted and %d refused: they are no comparison", accepted, refused)
	}
	if (announce.Validator{}).Validate("ticketmesh.tickets.order.confirmed.v1", []byte(`{}`)) == nil {
		t.Error("an event of others is announced")
	}
}
