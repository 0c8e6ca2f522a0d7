package shows_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
)

// venue tells a version of a venue.
func (m *mesh) venue(venueID id.ID, version int, city string, deleted bool) {
	m.t.Helper()
	data, err := (&infoevents.VenueUpdated{
		VenueID: venueID, Version: version, Name: "Opera", City: city, Country: "AT", TimeZone: "Europe/Vienna", Deleted: deleted,
	}).MarshalJSON()
	if err != nil {
		m.t.Fatal(err)
	}
	m.deliver(event.New(m.t.Context(), infoevents.Source, infoevents.TypeVenueUpdated, venueID.String(), infoevents.SchemaVenueUpdated, begin, data))
}

func TestShowsAreListedByCity(t *testing.T) {
	t.Parallel()
	m := start(t)
	opera := id.New()
	at := newShow()
	at["venueId"] = opera.String()
	show := "/shows/" + m.do(organizer, "POST", "/shows", at).want(201).string("showId")
	m.do(organizer, "POST", show+"/publish", nil).want(200)
	m.publishedShow() // nowhere
	in := func(city string) int {
		t.Helper()
		return len(m.do(organizer, "GET", "/shows?city="+city, nil).want(200).items())
	}
	m.venue(opera, 2, "Wien", false)
	m.venue(opera, 1, "Graz", false)
	if in("WIEN") != 1 || in("Graz") != 0 || in("Wie") != 0 {
		t.Errorf("%d in Wien, %d in Graz, %d in Wie", in("WIEN"), in("Graz"), in("Wie"))
	}
	if got := len(m.do(nobody, "GET", "/shows?city=wien&category=theatre", nil).want(200).items()); got != 1 {
		t.Errorf("everybody sees %d", got)
	}
	m.venue(opera, 3, "Wien", true)
	if in("Wien") != 0 {
		t.Errorf("%d are at a venue that was removed", in("Wien"))
	}
	m.do(nobody, "GET", "/shows?city=", nil).want(400, "invalid_request")
}

// TestContractEveryVenueIsConsumed takes the examples of venues in every way that the
// bus may deliver them.
func TestContractEveryVenueIsConsumed(t *testing.T) {
	t.Parallel()
	for _, delivery := range contracttest.Deliveries(t, subscribed(t, "shows-venues")...) {
		t.Run(delivery.Name, func(t *testing.T) {
			t.Parallel()
			m := start(t)
			newest := map[string]infoevents.VenueUpdated{}
			for _, example := range delivery.Examples {
				e, err := event.ParseCloudEvent(example.Event)
				if err != nil {
					t.Fatal(err)
				}
				m.deliver(e)
				var told infoevents.VenueUpdated
				if err := told.UnmarshalJSON(e.Data); err != nil {
					t.Fatal(err)
				}
				if told.Version > newest[e.Subject].Version {
					newest[e.Subject] = told
				}
			}
			var want, got []string
			for venueID, told := range newest {
				at := newShow()
				at["venueId"] = venueID
				showID := m.do(organizer, "POST", "/shows", at).want(201).string("showId")
				if told.City == "" {
					continue
				}
				if !told.Deleted {
					want = append(want, showID)
				}
				for _, item := range m.do(organizer, "GET", "/shows?"+url.Values{"city": {told.City}}.Encode(), nil).want(200).items() {
					if item["venueId"] == venueID {
						got = append(got, fmt.Sprint(item["showId"]))
					}
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", got, want)
			}
		})
	}
}
