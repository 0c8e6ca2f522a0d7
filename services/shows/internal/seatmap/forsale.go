package seatmap

import "slices"

// ForSale returns the areas as they are sold: without the seats that are out of
// sale, and with an aisle in the place of each, since its neighbours are not
// side by side. Rows and areas of which nothing is left are left out.
func (m Map) ForSale() []Area {
	areas := make([]Area, 0, len(m.areas))
	for _, area := range m.areas {
		if area.Kind == Seated {
			area.Rows = rowsForSale(area.Rows)
			if len(area.Rows) == 0 {
				continue
			}
		}
		areas = append(areas, area)
	}
	return areas
}

func rowsForSale(rows []Row) []Row {
	if !slices.ContainsFunc(rows, func(r Row) bool { return len(r.OutOfSale) > 0 }) {
		return rows
	}
	left := make([]Row, 0, len(rows))
	for _, row := range rows {
		if row = row.forSale(); row.Seats != "" {
			left = append(left, row)
		}
	}
	return left
}

func (r Row) forSale() Row {
	if len(r.OutOfSale) == 0 {
		return r
	}
	seats, err := ParseSeats(r.Seats)
	if err != nil {
		return r // New lets no such row in
	}
	var kept, aisles []string
	for i, seat := range seats {
		switch {
		case !slices.Contains(r.OutOfSale, seat):
			kept = append(kept, seat)
			if slices.Contains(r.AisleAfter, seat) {
				aisles = append(aisles, seat)
			}
		case i > 0 && len(kept) > 0 && !slices.Contains(aisles, kept[len(kept)-1]):
			aisles = append(aisles, kept[len(kept)-1])
		}
	}
	without := func(marks []string) []string {
		return slices.DeleteFunc(slices.Clone(marks), func(seat string) bool { return slices.Contains(r.OutOfSale, seat) })
	}
	return Row{
		Label: r.Label, Seats: FormatSeats(kept), AisleAfter: aisles,
		Wheelchair: without(r.Wheelchair), Companion: without(r.Companion),
	}
}
