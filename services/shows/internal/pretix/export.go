package pretix

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

// On the drawing that an export makes, in pixels.
const (
	spacing    = 25 // between seats
	rowSpacing = 30
	zoneMargin = 60
)

// Export implements app.PlanFormat: a zone for each area, and a row for each
// row, drawn in rectangles.
func (Format) Export(details seatplan.Details) ([]byte, []seatplan.Finding, error) {
	var found findings
	document := plan{Name: details.Name, Categories: []category{}, Zones: []zone{}}
	for _, c := range details.Categories {
		document.Categories = append(document.Categories, category{Name: c.ID})
		if c.Name != "" && c.Name != c.ID {
			found.add("priceCategories/"+c.ID, fmt.Sprintf("the format has one name for a category: it is %s, and %q is lost", c.ID, c.Name))
		}
	}
	var width, top float64
	for _, area := range details.Areas {
		z := zone{Name: area.ID, Position: position{Y: top}, Rows: []row{}}
		if area.Name != "" {
			z.Name = area.Name
			if slug(area.Name, maxAreaID) != area.ID {
				found.add(area.ID, fmt.Sprintf("the format has no ids of areas: %s is the zone %q, and gets an id of that name when it is imported", area.ID, area.Name))
			}
		}
		if area.Kind == seatmap.General {
			found.add(area.ID, fmt.Sprintf("the format has no standing room: area %s with its %d places is drawn, and its tickets are to be sold by a quota", area.ID, area.Capacity))
			z.Areas = []drawing{{Width: 20 * spacing, Height: 2 * rowSpacing, Text: z.Name}}
			document.Zones = append(document.Zones, z)
			top += 2*rowSpacing + zoneMargin
			width = max(width, 20*spacing)
			continue
		}
		for i, from := range area.Rows {
			drawn, right, err := exportRow(area, from, &found)
			if err != nil {
				return nil, nil, err
			}
			drawn.Position = &position{Y: float64(i * rowSpacing)}
			z.Rows = append(z.Rows, drawn)
			width = max(width, right)
		}
		document.Zones = append(document.Zones, z)
		top += float64(len(area.Rows)*rowSpacing) + zoneMargin
	}
	for _, allocation := range details.Allocations {
		found.add("allocations/"+allocation.ID, "the format has no allocations: who sells which seats is to be set up there")
	}
	document.Size = &size{Width: width, Height: top}
	text, err := json.MarshalIndent(document, "", " ")
	return text, found.list, err
}

func exportRow(area seatmap.Area, from seatmap.Row, found *findings) (drawn row, right float64, err error) {
	labels, err := seatmap.ParseSeats(from.Seats)
	if err != nil {
		return row{}, 0, fmt.Errorf("area %s row %s: %w", area.ID, from.Label, err)
	}
	drawn = row{RowNumber: from.Label, Seats: make([]seat, len(labels))}
	for i, label := range labels {
		drawn.Seats[i] = seat{
			GUID: area.ID + "-" + from.Label + "-" + label, Number: label,
			Position: position{X: right}, Category: area.PriceCategory,
		}
		right += spacing
		if slices.Contains(from.AisleAfter, label) {
			right += spacing
			found.add(area.ID+"/"+from.Label+"-"+label, "the format has no aisles: they are gaps in the drawing")
		}
	}
	for _, marked := range []struct {
		seats   []string
		message string
	}{
		{from.Wheelchair, "the format has no wheelchair places: they are plain seats"},
		{from.Companion, "the format has no companion seats: they are plain seats"},
		{from.OutOfSale, "the format has no seats out of sale: they are plain seats, to be blocked there"},
	} {
		if len(marked.seats) > 0 {
			found.add(area.ID+"/"+from.Label, marked.message+": "+area.ID+" row "+from.Label+", "+strings.Join(marked.seats, ", "))
		}
	}
	return drawn, right, nil
}
