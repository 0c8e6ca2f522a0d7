package tickets_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/tickets/embedded"
)

// consuming is the service in whose mesh the shows API answers any seat map
// that an example refers to.
func consuming(t *testing.T) *house {
	t.Helper()
	shows := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// A category that all examples have.
		_, _ = w.Write([]byte(`{"areas":[{"id":"arena","kind":"general","capacity":100,"priceCategory":"I"}]}`))
	}))
	t.Cleanup(shows.Close)
	return openHouse(t, shows.URL, embedded.Payments{})
}

// subscribed are the types that the service subscribes to.
func subscribed(t *testing.T) []string {
	t.Helper()
	var types []string
	for _, s := range consuming(t).service.Subscriptions {
		types = append(types, s.Types...)
	}
	if len(types) == 0 {
		t.Fatal("nothing is subscribed to")
	}
	return types
}

// consume hands an example to the service and returns the performance that it
// tells, if it tells one.
func (h *house) consume(example contracttest.Example) (showsevents.Performance, bool) {
	h.t.Helper()
	e, err := event.ParseCloudEvent(example.Event)
	if err != nil {
		h.t.Fatalf("%s: %v", example.Name, err)
	}
	if err := h.tell(e); err != nil {
		h.t.Errorf("%s: %v", example.Name, err)
	}
	var told showsevents.Performance
	if e.Type == showsevents.TypeShowUpdated {
		return told, false
	}
	if err := told.UnmarshalJSON(e.Data); err != nil {
		h.t.Fatalf("%s: %v", example.Name, err)
	}
	return told, true
}

// TestContractEveryExampleIsConsumed takes the examples of what the service
// subscribes to in every way that the bus may deliver them.
func TestContractEveryExampleIsConsumed(t *testing.T) {
	t.Parallel()
	for _, delivery := range contracttest.Deliveries(t, subscribed(t)...) {
		t.Run(delivery.Name, func(t *testing.T) {
			t.Parallel()
			h := consuming(t)
			newest := map[string]showsevents.Performance{}
			for _, example := range delivery.Examples {
				told, performance := h.consume(example)
				if performanceID := told.PerformanceID.String(); performance && told.Version > newest[performanceID].Version {
					newest[performanceID] = told
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
	for _, example := range contracttest.Examples(t, subscribed(t)...) {
		h := consuming(t)
		h.consume(example)
		told, performance := h.consume(example)
		if !performance {
			continue
		}
		h.knows(told.PerformanceID.String(), told)
	}
}
