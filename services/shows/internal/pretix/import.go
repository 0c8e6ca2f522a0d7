package pretix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/seatplan"
	"ticketmesh.dev/services/shows/internal/violation"
)

// Import implements app.PlanFormat. What is malformed is a *violation.Error whose paths
// begin with "document". The areas are not checked against our limits:
// seatmap's rules are the caller's to apply.
//
// A zone becomes an area for each price category in it, since our areas have
// one; rows of one name in one zone become one row with an aisle between. Seats
// stand in the order of their positions, and a gap of half a seat and more
// between neighbours is an aisle: the format has no other way to say it.
func (Format) Import(document []byte) (seatplan.Details, []seatplan.Finding, error) {
	var list violation.List
	decoder := json.NewDecoder(bytes.NewReader(document))
	var source plan
	if err := decoder.Decode(&source); err != nil {
		list.Add("document", "%s", decodeMessage(err))
		return seatplan.Details{}, nil, list.Err()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		list.Add("document", "must be one JSON value")
		return seatplan.Details{}, nil, list.Err()
	}
	reader := reader{list: &list, areaIDs: map[string]bool{}, categories: map[string]bool{}}
	if err := unknown(document, &reader.findings); err != nil {
		return seatplan.Details{}, nil, err
	}
	reader.read(source)
	if err := list.Err(); err != nil {
		return seatplan.Details{}, nil, err
	}
	return seatplan.Details{Name: source.Name, Areas: reader.areas, Categories: reader.order}, reader.findings.list, nil
}

func decodeMessage(err error) string {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return fmt.Sprintf("%s must not be a %s", mismatch.Field, mismatch.Value)
	}
	return "must be JSON: " + err.Error()
}

type reader struct {
	list       *violation.List
	findings   findings
	areas      []seatmap.Area
	areaIDs    map[string]bool
	categories map[string]bool // by name
	order      []seatplan.Category
}

func (r *reader) read(source plan) {
	for i, c := range source.Categories {
		path := fmt.Sprintf("document.categories[%d].name", i)
		switch {
		case strings.TrimSpace(c.Name) == "":
			r.list.Add(path, "must not be blank")
		case r.categories[c.Name]:
			r.list.Add(path, "%q is there twice", shorten(c.Name))
		default:
			r.categories[c.Name] = true
			r.order = append(r.order, seatplan.Category{ID: c.Name, Name: c.Name})
		}
		if c.Color != "" {
			r.findings.add(fmt.Sprintf("/categories/%d/color", i), "colours of categories are not kept")
		}
	}
	if source.Size != nil {
		r.findings.add("/size", "the size of the drawing is not kept")
	}
	seats := 0
	for i, z := range source.Zones {
		if r.list.Full() {
			return
		}
		r.zone(i, z)
		for _, row := range z.Rows {
			seats += len(row.Seats)
		}
	}
	if seats == 0 {
		r.list.Add("document.zones", "must have at least one seat")
	}
}

func (r *reader) zone(index int, z zone) {
	pointer := fmt.Sprintf("/zones/%d", index)
	if z.Displayed != nil {
		r.findings.add(pointer+"/displayed", "whether a zone's outline is displayed is not kept")
	}
	for i, d := range z.Areas {
		message := "a drawn area is not kept: nothing is sold of it; where people stand, add a general area with a capacity"
		if d.Text != "" {
			message = fmt.Sprintf("the drawn area %q is not kept: nothing is sold of it; where people stand, add a general area with a capacity", shorten(d.Text))
		}
		r.findings.add(fmt.Sprintf("%s/areas/%d", pointer, i), message)
	}
	name := strings.TrimSpace(z.Name)
	if name == "" {
		name = "Zone " + strconv.Itoa(index+1)
		r.findings.add(pointer+"/name", "a zone without a name is named by its number")
	}
	var used []string // categories of the zone, in the order of their first seats
	rows := r.rows(pointer, z)
	for _, row := range rows {
		for _, place := range row.places {
			if !slices.Contains(used, place.category) {
				used = append(used, place.category)
			}
		}
	}
	for _, category := range used {
		area := seatmap.Area{ID: r.areaID(name), Name: name, Kind: seatmap.Seated, PriceCategory: category}
		if len(used) > 1 {
			area.ID, area.Name = r.areaID(name+" "+category), name+" ("+category+")"
		}
		for _, row := range rows {
			if part := row.of(category); len(part.places) > 0 {
				if len(part.places) < len(row.places) {
					r.findings.add(row.pointer, "a row with several categories is cut: seats of different categories are in different areas and never sold side by side")
				}
				area.Rows = append(area.Rows, part.row())
			}
		}
		r.areaIDs[area.ID] = true
		r.areas = append(r.areas, area)
	}
	if len(used) > 1 {
		r.findings.add(pointer, "a zone with several categories becomes an area for each")
	}
}

// maxAreaID is how long an id that is made of a name may be: it leaves room for a
// number, of 64.
const maxAreaID = 56

// areaID makes an id out of a name that no other area has.
func (r *reader) areaID(name string) string {
	base := slug(name, maxAreaID)
	id := base
	for n := 2; r.areaIDs[id]; n++ {
		id = base + "-" + strconv.Itoa(n)
	}
	return id
}

// shorten keeps a message from repeating a whole document.
func shorten(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
