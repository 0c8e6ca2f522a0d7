package storetest

import (
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

func listCity(t *testing.T, h Harness) {
	opera, hall, unknown := id.New(), id.New(), id.New()
	at := func(venueID id.ID) func(*show.State) { return func(s *show.State) { s.VenueID = venueID } }
	newShow(t, h, titled("nowhere"), published)
	newShow(t, h, titled("unknown"), published, at(unknown))
	newShow(t, h, titled("opera"), published, at(opera))
	newShow(t, h, titled("draft"), at(opera), by("ada"))
	newShow(t, h, titled("hall"), published, at(hall), func(s *show.State) { s.Category = "concert" })
	apply := func(venueID id.ID, version int, city string) {
		t.Helper()
		noError(t, h.Store.ApplyVenue(t.Context(), venue.Venue{ID: venueID, Version: version, City: city}))
	}
	want := func(q app.ShowQuery, titles ...string) {
		t.Helper()
		equal(t, list(t, h, q), titles)
	}
	want(app.ShowQuery{City: "Gießen"})
	apply(opera, 2, "GIESSEN")
	apply(hall, 1, "Gießen")
	want(app.ShowQuery{City: "gießen"}, "hall", "opera")
	want(app.ShowQuery{City: "Gieß"})
	want(app.ShowQuery{City: "gießen", Category: "concert"}, "hall")
	want(app.ShowQuery{City: "gießen", Organizer: "ada"}, "hall", "draft", "opera")
	apply(opera, 1, "Wien") // stale
	apply(opera, 2, "Wien") // not newer
	want(app.ShowQuery{City: "Wien"})
	apply(opera, 10, "Wien")
	want(app.ShowQuery{City: "wien"}, "opera")
	apply(hall, 2, "") // removed
	want(app.ShowQuery{City: "gießen"})
	want(app.ShowQuery{}, "hall", "opera", "unknown", "nowhere")
}
