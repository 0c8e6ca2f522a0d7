// Package pretix reads and writes seating plans in the format of pretix
// (src/pretix/static/seating/seating-plan.schema.json there), so that an
// organizer can move in and out. What one side says and the other cannot is
// reported, never dropped in silence. It knows neither stores nor transports.
package pretix

import "ticketmesh.dev/services/shows/internal/seatplan"

// Format is the format. Its zero value is ready for use.
type Format struct{}

// plan is a document. What a reader of ours does not use is a pointer or left
// to unknown, which finds it by its name.
type plan struct {
	Name       string     `json:"name"`
	Categories []category `json:"categories"`
	Zones      []zone     `json:"zones"`
	Size       *size      `json:"size,omitempty"`
}

type size struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

type category struct {
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

type zone struct {
	Name      string    `json:"name"`
	Displayed *bool     `json:"displayed,omitempty"`
	Position  position  `json:"position"`
	Rows      []row     `json:"rows"`
	Areas     []drawing `json:"areas,omitempty"`
}

type row struct {
	RowNumber     string    `json:"row_number"`
	Position      *position `json:"position,omitempty"`
	Seats         []seat    `json:"seats"`
	NumberOfSeats *int      `json:"number_of_seats,omitempty"`
	SeatsSpacing  *float64  `json:"seats_spacing,omitempty"`
}

type seat struct {
	GUID     string   `json:"seat_guid"`
	Number   string   `json:"seat_number"`
	Position position `json:"position"`
	Category string   `json:"category"`
}

// drawing is a shape on the plan: a stage, a bar, a standing area. Nothing is
// sold of it.
type drawing struct {
	Color       string   `json:"color,omitempty"`
	BorderColor string   `json:"border_color,omitempty"`
	Width       float64  `json:"width"`
	Height      float64  `json:"height"`
	Position    position `json:"position"`
	Rotation    float64  `json:"rotation,omitempty"`
	Text        string   `json:"text,omitempty"`
}

// position is in pixels of the plan, to the right and downwards. Editors write
// fractions, against the schema.
type position struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// findings counts by message. The zero value is ready for use.
type findings struct {
	list  []seatplan.Finding
	index map[string]int
}

func (f *findings) add(where, message string) {
	if i, known := f.index[message]; known {
		f.list[i].Count++
		return
	}
	if f.index == nil {
		f.index = make(map[string]int)
	}
	f.index[message] = len(f.list)
	f.list = append(f.list, seatplan.Finding{Where: where, Count: 1, Message: message})
}
