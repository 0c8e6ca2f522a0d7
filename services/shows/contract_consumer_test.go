package shows_test

import (
	"fmt"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
)

// subscribed are the types that a consumer of the service subscribes to.
func subscribed(t *testing.T, consumer string) []string {
	t.Helper()
	var types []string
	for _, s := range start(t).Subscriptions {
		if s.Name == consumer {
			types = append(types, s.Types...)
		}
	}
	if len(types) == 0 {
		t.Fatal("nothing is subscribed to")
	}
	return types
}

// partition is a partition of an area.
type partition struct {
	area   string
	number int
}

// sale is a performance in whose areas the examples sell, and what they said of it.
type sale struct {
	*mesh
	performance string
	newest      map[partition]ticketsevents.AvailabilityChanged
}

// longest is the area that takes up all the general places that a seat map may
// have.
const longest = "aB3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-B3_.-z9z"

// places are the capacities of the areas that the examples name.
var places = map[string]int{"standing": 120, "stalls": 25, longest: 1_000_000}

func openSale(t *testing.T) *sale {
	t.Helper()
	m := start(t)
	var areas []any
	for areaID, capacity := range places {
		area := document{"id": areaID, "priceCategory": "I"}
		if areaID == longest {
			area["kind"], area["capacity"] = "general", capacity
		} else {
			area["kind"], area["rows"] = "seated", []any{document{"row": "A", "seats": fmt.Sprintf("1-%d", capacity)}}
		}
		areas = append(areas, area)
	}
	body := newPerformance()
	body["seatMap"].(document)["areas"] = areas
	show := m.publishedShow()
	performanceID := m.do(organizer, "POST", show+"/performances", body).want(201).string("performanceId")
	return &sale{m, show + "/performances/" + performanceID, map[partition]ticketsevents.AvailabilityChanged{}}
}

// consume hands the service an example, as one of the performance.
func (s *sale) consume(example contracttest.Example) {
	s.t.Helper()
	whole, err := event.ParseCloudEvent(example.Event)
	if err != nil {
		s.t.Fatalf("%s: %v", example.Name, err)
	}
	elsewhere, _, _ := strings.Cut(whole.Subject, "/")
	here := s.performance[strings.LastIndexByte(s.performance, '/')+1:]
	e, err := event.ParseCloudEvent([]byte(strings.ReplaceAll(string(example.Event), elsewhere, here)))
	if err != nil {
		s.t.Fatalf("%s: %v", example.Name, err)
	}
	s.deliver(e)
	var told ticketsevents.AvailabilityChanged
	if err := told.UnmarshalJSON(e.Data); err != nil {
		s.t.Fatalf("%s: %v", example.Name, err)
	}
	if at := (partition{told.AreaID, told.Partition}); told.Version > s.newest[at].Version {
		s.newest[at] = told
	}
}

// knows checks that what is available is what the newest of each partition says.
func (s *sale) knows() {
	s.t.Helper()
	want := map[string]float64{}
	for areaID, capacity := range places {
		want[areaID] = float64(capacity)
	}
	for at, told := range s.newest {
		want[at.area] -= float64(told.Capacity - told.Available)
	}
	s.wantAvailable(s.performance, want)
}

// TestContractEveryExampleIsConsumed takes the examples of what the service
// subscribes to in every way that the bus may deliver them.
func TestContractEveryExampleIsConsumed(t *testing.T) {
	t.Parallel()
	for _, delivery := range contracttest.Deliveries(t, subscribed(t, "shows-availability")...) {
		t.Run(delivery.Name, func(t *testing.T) {
			t.Parallel()
			s := openSale(t)
			for _, example := range delivery.Examples {
				s.consume(example)
				s.knows()
			}
		})
	}
}

// TestContractEachExampleIsConsumedAlone: whichever event of a partition comes
// first tells all there is to know.
func TestContractEachExampleIsConsumedAlone(t *testing.T) {
	t.Parallel()
	for _, example := range contracttest.Examples(t, subscribed(t, "shows-availability")...) {
		s := openSale(t)
		for range 2 {
			s.consume(example)
			s.knows()
		}
	}
}
