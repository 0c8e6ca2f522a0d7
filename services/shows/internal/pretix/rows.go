package pretix

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ticketmesh.dev/services/shows/internal/seatmap"
)

// aisleGap is how many times the usual distance two neighbours have to be apart
// for an aisle between them.
const aisleGap = 1.5

// place is a seat of a row that is being read.
type place struct {
	label    string
	category string
	at       position // on the plan
	aisle    bool     // after it
}

// line is a row that is being read, its places in their physical order.
type line struct {
	pointer string
	label   string
	places  []place
}

// of returns the part of the row that is of one category. Where others stood
// between there is an aisle, since the neighbours are not side by side.
func (l line) of(category string) line {
	part := line{pointer: l.pointer, label: l.label}
	cut := false
	for _, p := range l.places {
		if p.category != category {
			cut = true
			continue
		}
		if cut && len(part.places) > 0 {
			part.places[len(part.places)-1].aisle = true
		}
		cut = false
		part.places = append(part.places, p)
	}
	return part
}

func (l line) row() seatmap.Row {
	labels := make([]string, len(l.places))
	row := seatmap.Row{Label: l.label}
	for i, p := range l.places {
		labels[i] = p.label
		if p.aisle && i < len(l.places)-1 {
			row.AisleAfter = append(row.AisleAfter, p.label)
		}
	}
	row.Seats = seatmap.FormatSeats(labels)
	return row
}

// rows reads the rows of a zone.
func (r *reader) rows(pointer string, z zone) []line {
	var lines []line
	for i, source := range z.Rows {
		at := fmt.Sprintf("%s/rows/%d", pointer, i)
		if len(source.Seats) == 0 {
			r.findings.add(at, "a row without seats is left out")
			continue
		}
		next := line{pointer: at, label: strings.TrimSpace(source.RowNumber)}
		if next.label == "" {
			next.label = strconv.Itoa(i + 1)
			r.findings.add(at+"/row_number", "a row without a name is named by its number")
		}
		next.places = r.places(at, z, source)
		known := slices.IndexFunc(lines, func(l line) bool { return l.label == next.label })
		switch {
		case known < 0:
		case disjoint(lines[known], next):
			lines[known] = r.join(lines[known], next)
			continue
		default:
			for n := 2; known >= 0; n++ {
				label := next.label + "/" + strconv.Itoa(n)
				if known = slices.IndexFunc(lines, func(l line) bool { return l.label == label }); known < 0 {
					next.label = label
				}
			}
			r.findings.add(at+"/row_number", "a row with the name and numbers of another is renamed")
		}
		lines = append(lines, next)
	}
	return lines
}

// places reads the seats of a row, puts them in their physical order and finds
// the aisles between them.
func (r *reader) places(pointer string, z zone, source row) []place {
	origin := z.Position
	if source.Position != nil {
		origin.X += source.Position.X
		origin.Y += source.Position.Y
	}
	taken := make(map[string]bool, len(source.Seats))
	places := make([]place, len(source.Seats))
	for i, s := range source.Seats {
		at := fmt.Sprintf("%s/seats/%d", pointer, i)
		if s.GUID != "" {
			r.findings.add(at+"/seat_guid", "seats are named <row>-<number> within their area, not by seat_guid")
		}
		if !r.categories[s.Category] {
			r.list.Add("document"+field(at)+".category", "%q is not among the categories", shorten(s.Category))
		}
		places[i] = place{
			label:    r.label(at, s.Number, i, taken),
			category: s.Category,
			at:       position{X: origin.X + s.Position.X, Y: origin.Y + s.Position.Y},
		}
		taken[places[i].label] = true
	}
	r.findings.add(pointer, "where seats stand on the drawing is not kept, only their order and the aisles between")
	return r.arrange(pointer, places)
}

// field says a JSON pointer as the API names fields: .zones[0].rows[2].
func field(pointer string) string {
	var b strings.Builder
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
			continue
		}
		b.WriteString("." + step)
	}
	return b.String()
}

// label makes one that ParseSeats reads and that is not taken in the row.
func (r *reader) label(pointer, number string, index int, taken map[string]bool) string {
	const most = 8
	label := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, number)
	if len(label) > most {
		label = label[:most]
	}
	if label == "" {
		label = strconv.Itoa(index + 1)
	}
	free := label
	for n := 2; taken[free]; n++ {
		suffix := "x" + strconv.Itoa(n)
		free = label[:min(len(label), most-len(suffix))] + suffix
	}
	if free != number {
		r.findings.add(pointer+"/seat_number", "a seat's number is changed to 1 to 8 letters and digits that no other seat of the row has")
	}
	return free
}

// arrange sorts the places along the row, unless they stand there already in
// one direction or the other, and marks the aisles.
func (r *reader) arrange(pointer string, places []place) []place {
	along := axis(places)
	forward, backward := true, true
	for i := 1; i < len(places); i++ {
		forward = forward && along(places[i-1]) <= along(places[i])
		backward = backward && along(places[i-1]) >= along(places[i])
	}
	if !forward && !backward {
		slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(along(a), along(b)) })
		r.findings.add(pointer, "the order of seats is taken from where they stand, not from the list")
	}
	if usual := usualDistance(places); usual > 0 {
		for i := 1; i < len(places); i++ {
			if distance(places[i-1], places[i]) > aisleGap*usual {
				places[i-1].aisle = true
				r.findings.add(pointer, "an aisle is where seats stand further apart than usual")
			}
		}
	}
	return places
}

// axis is the direction in which a row is longer.
func axis(places []place) func(place) float64 {
	low, high := places[0].at, places[0].at
	for _, p := range places {
		low = position{X: min(low.X, p.at.X), Y: min(low.Y, p.at.Y)}
		high = position{X: max(high.X, p.at.X), Y: max(high.Y, p.at.Y)}
	}
	if high.X-low.X >= high.Y-low.Y {
		return func(p place) float64 { return p.at.X }
	}
	return func(p place) float64 { return p.at.Y }
}

func distance(a, b place) float64 { return math.Hypot(a.at.X-b.at.X, a.at.Y-b.at.Y) }

// usualDistance is the median of the distances between neighbours, of two the
// lesser.
func usualDistance(places []place) float64 {
	if len(places) < 2 {
		return 0
	}
	distances := make([]float64, 0, len(places)-1)
	for i := 1; i < len(places); i++ {
		distances = append(distances, distance(places[i-1], places[i]))
	}
	slices.Sort(distances)
	return distances[(len(distances)-1)/2]
}

func disjoint(a, b line) bool {
	for _, p := range a.places {
		if slices.ContainsFunc(b.places, func(q place) bool { return q.label == p.label }) {
			return false
		}
	}
	return true
}

// join makes one row of two of the same name, with an aisle between.
func (r *reader) join(a, b line) line {
	along := axis(slices.Concat(a.places, b.places))
	if along(b.places[0]) < along(a.places[0]) {
		a, b = b, a
	}
	a.places[len(a.places)-1].aisle = true
	a.places = append(a.places, b.places...)
	r.findings.add(b.pointer, "rows of one name in one zone are one row with an aisle between")
	return a
}
