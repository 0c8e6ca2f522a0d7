package tickets_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/tickets/embedded"
)

// subscribed returns the contract's examples of every event that the service
// consumes, by the files' names.
func subscribed(t *testing.T, types []string) []event.Event {
	t.Helper()
	var examples []event.Event
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(path.Dir(file)) != "examples" {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		e, err := event.ParseCloudEvent(text)
		if err == nil && slices.Contains(types, e.Type) {
			examples = append(examples, e)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, eventType := range types {
		if n := len(slices.DeleteFunc(slices.Clone(examples), func(e event.Event) bool { return e.Type != eventType })); n < 3 {
			t.Errorf("%d examples of %s, want at least 3", n, eventType)
		}
	}
	return examples
}

// consuming is the service in whose mesh the shows API answers any seat map
// that an example refers to.
func consuming(t *testing.T) *house {
	t.Helper()
	shows := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// A category that all examples have.
		_, _ = w.Write([]byte(`{"areas":[{"id":"arena","kind":"general","capacity":100,"priceCategory":"I"}]}`))
	}))
	t.Cleanup(shows.Close)
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: t.TempDir(), clock: clock.NewManual(start), validator: validator}
	opened, err := embedded.Open(t.Context(), embedded.Config{
		DataDir: h.dir, BaseURL: shows.URL, Clock: h.clock, Logger: slog.New(slog.DiscardHandler), Verifier: tokens{},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.service = opened
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestContractEveryExampleIsConsumed takes the examples of what the service
// subscribes to: once, again, in the other order, and with members that a later
// version adds.
func TestContractEveryExampleIsConsumed(t *testing.T) {
	t.Parallel()
	var types []string
	for _, s := range consuming(t).service.Subscriptions {
		types = append(types, s.Types...)
	}
	if len(types) == 0 {
		t.Fatal("nothing is subscribed to")
	}
	examples := subscribed(t, types)
	reversed := slices.Clone(examples)
	slices.Reverse(reversed)
	var later []event.Event
	for _, e := range examples {
		e.Data = grown(t, e.Data)
		later = append(later, e)
	}
	tests := []struct {
		name string
		give []event.Event
	}{
		{"once", examples},
		{"twice each", slices.Concat(examples, examples)},
		{"in the other order", reversed},
		{"with members added later", later},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := consuming(t)
			newest := map[string]showsevents.Performance{}
			for _, e := range tt.give {
				if err := h.tell(e); err != nil {
					t.Errorf("%s %s: %v", e.Type, e.ID, err)
				}
				var told showsevents.Performance
				if err := told.UnmarshalJSON(e.Data); err != nil {
					t.Fatal(err)
				}
				if told.Version > newest[e.Subject].Version {
					newest[e.Subject] = told
				}
			}
			for performanceID, want := range newest {
				h.knows(performanceID, want)
			}
		})
	}
}

// knows checks that the service offers the places of this state of a performance,
// and sells them unless it is cancelled.
func (h *house) knows(performanceID string, want showsevents.Performance) {
	h.t.Helper()
	areas := []string{"arena"} // of every map that is referred to
	if seatMap, given := want.SeatMap.Get(); given {
		areas = nil
		for _, area := range seatMap.Areas {
			areas = append(areas, area.ID)
		}
	}
	var told struct{ Areas []struct{ AreaID string } }
	h.must(200, "GET", "/tickets/performances/"+performanceID+"/seats", "", nil).json(h.t, &told)
	var got []string
	for _, area := range told.Areas {
		got = append(got, area.AreaID)
	}
	if !slices.Equal(got, areas) {
		h.t.Errorf("performance %s has the areas %v, want %v of version %d", performanceID, got, areas, want.Version)
	}
	// Whether it sells is looked at before what is asked for.
	status, code := 422, "unknown_seat"
	if want.Status == showsevents.PerformanceStatusCancelled {
		status, code = 409, "sales_closed"
	}
	h.refuses(status, code, "POST", "/tickets/holds", "anna", map[string]any{"performanceId": performanceID, "items": []any{seats("nowhere", "A-1")}})
}

// TestContractEachExampleIsConsumedAlone: whichever event of a performance comes
// first tells all there is to know.
func TestContractEachExampleIsConsumedAlone(t *testing.T) {
	t.Parallel()
	var types []string
	for _, s := range consuming(t).service.Subscriptions {
		types = append(types, s.Types...)
	}
	for _, e := range subscribed(t, types) {
		h := consuming(t)
		for range 2 {
			if err := h.tell(e); err != nil {
				t.Errorf("%s %s: %v", e.Type, e.ID, err)
			}
		}
		var told showsevents.Performance
		if err := told.UnmarshalJSON(e.Data); err != nil {
			t.Fatal(err)
		}
		h.knows(e.Subject, told)
	}
}

// grown adds members that nobody knows to every object.
func grown(t *testing.T, text []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	var grow func(any)
	grow = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for _, member := range v {
				grow(member)
			}
			v["addedLater"] = []any{map[string]any{"deep": true}}
		case []any:
			for _, member := range v {
				grow(member)
			}
		}
	}
	grow(value)
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
