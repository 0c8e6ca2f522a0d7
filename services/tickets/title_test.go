package tickets_test

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
)

// renamed tells that the performance's show has another title.
func (h *hall) renamed(version int, title string) {
	h.t.Helper()
	data, err := (&showsevents.Show{
		ShowID: h.told.ShowID, Version: version, OrganizerID: "olga", Title: title, Description: "x", Category: "x", Status: "published",
	}).MarshalJSON()
	if err != nil {
		h.t.Fatal(err)
	}
	e := event.New(h.t.Context(), showsevents.Source, showsevents.TypeShowUpdated, h.told.ShowID.String(), showsevents.SchemaShowUpdated, h.clock.Now(), data)
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		h.t.Fatal(err)
	}
	h.heard.Check(h.t, encoded)
	for range 2 {
		if err := h.tell(e); err != nil {
			h.t.Fatal(err)
		}
	}
}

// printed is the title in a PDF's metadata.
func (h *hall) printed(ticketID string) string {
	h.t.Helper()
	document := h.must(200, "GET", "/tickets/"+ticketID+"/ticket.pdf", "anna", nil).body
	found := regexp.MustCompile(`/Title <feff([0-9a-f]*)>`).FindSubmatch(document)
	if found == nil {
		h.t.Fatalf("no title in %d bytes", len(document))
	}
	text, err := hex.DecodeString(string(found[1]))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\x00", "") // UTF-16 of what is ASCII
}

func TestATicketIsPrintedWithTheTitleThatTheShowHasNow(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	ticketID := h.buy("anna", h.told.PerformanceID, seats("stalls", "A-1")).Tickets[0].TicketID
	before := h.printed(ticketID)
	h.renamed(3, "Hamlet")
	h.renamed(2, "Macbeth") // late
	if got := h.printed(ticketID); got != "Hamlet" || before == got {
		t.Errorf("printed with the title %q, before %q", got, before)
	}
	h.reopen()
	if got := h.printed(ticketID); got != "Hamlet" {
		t.Errorf("printed with the title %q", got)
	}
}
