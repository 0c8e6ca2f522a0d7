package seatmap

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/violation"
)

const (
	maxSeats      = 200_000
	maxAreas      = 500
	maxRows       = 2_000
	maxCategories = 100
	maxMarks      = 1_000
	maxCompact    = 4_096
	maxRowLabel   = 32
	maxName       = 200
	maxCategoryID = 64
	maxAreaID     = 64
	maxCapacity   = 1_000_000
	maxPrice      = 1_000_000_000_000
	maxOptions    = 20
	minYear       = 1970
	maxYear       = 9998
)

// CheckAreas checks areas whose places have no prices yet, but categories by
// these ids. Paths in the *violation.Error begin with prefix.
func CheckAreas(prefix string, areas []Area, categories []string) error {
	v := validator{prefix: prefix}
	known := make(map[string]bool, len(categories))
	for _, category := range categories {
		known[category] = true
	}
	v.areas(areas, known)
	return v.list.Err()
}

// New checks the parts of a seat map and puts them together. Paths in a
// *violation.Error begin with prefix, for instance "seatMap.". When nothing
// else is wrong, several currencies are a *MixedCurrenciesError.
func New(prefix string, areas []Area, categories []PriceCategory) (Map, error) {
	v := validator{prefix: prefix}
	known := v.categories(categories)
	v.areas(areas, known)
	if err := v.list.Err(); err != nil {
		return Map{}, err
	}
	if m := (Map{areas: areas}); len(m.ForSale()) == 0 {
		v.list.Add(prefix+"areas", "must have a place that is not out of sale")
		return Map{}, v.list.Err()
	}
	if currencies := currencies(categories); len(currencies) > 1 {
		return Map{}, &MixedCurrenciesError{Currencies: currencies}
	}
	return Map{areas: areas, categories: categories}, nil
}

type validator struct {
	prefix string
	list   violation.List
	seats  int // in seated areas
	places int // of general areas
}

func (v *validator) categories(categories []PriceCategory) map[string]bool {
	path := v.prefix + "priceCategories"
	if len(categories) == 0 || len(categories) > maxCategories {
		v.list.Add(path, "must have 1 to %d entries", maxCategories)
	}
	known := make(map[string]bool, len(categories))
	for i, category := range categories {
		if v.list.Full() {
			break
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		v.list.Text(path+".id", category.ID, maxCategoryID, true)
		if known[category.ID] {
			v.list.Add(path+".id", "%q is there twice", category.ID)
		}
		known[category.ID] = true
		v.list.Text(path+".name", category.Name, maxName, true)
		if _, err := money.New(category.Price.Amount, category.Price.Currency); err != nil {
			v.list.Add(path+".price.currency", "%q is not a currency of ISO 4217", shorten(category.Price.Currency))
		}
		if category.Price.Amount < 0 || category.Price.Amount > maxPrice {
			v.list.Add(path+".price.amount", "must be from 0 to %d", int64(maxPrice))
		}
		v.tiers(path, category)
		v.concessions(path, category)
		v.sales(path, category)
	}
	return known
}

func (v *validator) sales(path string, category PriceCategory) {
	opensAt, closesAt := category.SalesOpenAt, category.SalesCloseAt
	if !opensAt.IsZero() {
		v.year(path+".salesOpenAt", opensAt)
	}
	if !closesAt.IsZero() {
		v.year(path+".salesCloseAt", closesAt)
	}
	if !opensAt.IsZero() && !closesAt.IsZero() && !opensAt.Before(closesAt) {
		v.list.Add(path+".salesOpenAt", "must be before salesCloseAt")
	}
}

// year keeps instants to those that events and the API can say.
func (v *validator) year(field string, at time.Time) {
	if year := at.UTC().Year(); year < minYear || year > maxYear {
		v.list.Add(field, "must be in the years %d to %d", minYear, maxYear)
	}
}

func (v *validator) tiers(path string, category PriceCategory) {
	if len(category.Tiers) > maxOptions {
		v.list.Add(path+".tiers", "must not have more than %d entries", maxOptions)
		return
	}
	ids := make(map[string]bool, len(category.Tiers))
	for i, tier := range category.Tiers {
		path := fmt.Sprintf("%s.tiers[%d]", path, i)
		pricing.Option(&v.list, path, tier.ID, tier.Name, ids)
		pricing.Amount(&v.list, path+".price", tier.Price, category.Price.Currency)
		v.year(path+".until", tier.Until)
		if i > 0 && !follows(tier, category.Tiers[i-1]) {
			v.list.Add(path+".until", "must be after the tier before, or the same when that has a quantity")
		}
		if tier.Quantity != nil && (*tier.Quantity < 1 || *tier.Quantity > maxCapacity) {
			v.list.Add(path+".quantity", "must be from 1 to %d", maxCapacity)
		}
	}
}

// follows reports whether there is a time at which the tier may be in force after
// the one before.
func follows(tier, before Tier) bool {
	return tier.Until.After(before.Until) || before.Quantity != nil && tier.Until.Equal(before.Until)
}

func (v *validator) concessions(path string, category PriceCategory) {
	if len(category.Concessions) > maxOptions {
		v.list.Add(path+".concessions", "must not have more than %d entries", maxOptions)
		return
	}
	ids := make(map[string]bool, len(category.Concessions))
	for i, concession := range category.Concessions {
		path := fmt.Sprintf("%s.concessions[%d]", path, i)
		pricing.Option(&v.list, path, concession.ID, concession.Name, ids)
		pricing.Either(&v.list, path, "percentOff", concession.Price, concession.PercentOff, category.Price.Currency)
	}
}

func (v *validator) areas(areas []Area, categories map[string]bool) {
	path := v.prefix + "areas"
	if len(areas) == 0 || len(areas) > maxAreas {
		v.list.Add(path, "must have 1 to %d entries", maxAreas)
	}
	known := make(map[string]bool, len(areas))
	for i, area := range areas {
		if v.list.Full() || v.seats > maxSeats {
			break
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !isAreaID(area.ID):
			v.list.Add(path+".id", "must be 1 to %d letters, digits and _ . - and begin with a letter or digit", maxAreaID)
		case known[area.ID]:
			v.list.Add(path+".id", "%q is there twice", area.ID)
		}
		known[area.ID] = true
		v.list.Text(path+".name", area.Name, maxName, false)
		if !categories[area.PriceCategory] {
			v.list.Add(path+".priceCategory", "%q is not a price category of this seat map", shorten(area.PriceCategory))
		}
		v.area(path, area)
	}
	if v.seats > maxSeats {
		v.list.Add(path, "must not have more than %d seats together", maxSeats)
	}
	if v.places > maxCapacity {
		v.list.Add(path, "must not have a capacity of more than %d together", maxCapacity)
	}
}

func (v *validator) area(path string, area Area) {
	switch area.Kind {
	case Seated:
		if area.Capacity != 0 {
			v.list.Add(path+".capacity", "belongs to a general area only")
		}
		if len(area.Rows) == 0 || len(area.Rows) > maxRows {
			v.list.Add(path+".rows", "must have 1 to %d entries in a seated area", maxRows)
		}
		known := make(map[string]bool, len(area.Rows))
		for i, row := range area.Rows {
			if v.list.Full() || v.seats > maxSeats {
				return
			}
			path := fmt.Sprintf("%s.rows[%d]", path, i)
			if !isRowLabel(row.Label) {
				v.list.Add(path+".row", "must be 1 to %d printable characters without spaces around", maxRowLabel)
			} else if known[row.Label] {
				v.list.Add(path+".row", "%q is there twice in this area", row.Label)
			}
			known[row.Label] = true
			v.row(path, row)
		}
	case General:
		if len(area.Rows) > 0 {
			v.list.Add(path+".rows", "belong to a seated area only")
		}
		if area.Capacity < 1 || area.Capacity > maxCapacity {
			v.list.Add(path+".capacity", "must be from 1 to %d in a general area", maxCapacity)
			return
		}
		v.places += area.Capacity
	default:
		v.list.Add(path+".kind", "must be seated or general")
	}
}

func (v *validator) row(path string, row Row) {
	if len(row.Seats) > maxCompact {
		v.list.Add(path+".seats", "must not be longer than %d characters", maxCompact)
		return
	}
	seats, err := ParseSeats(row.Seats)
	if err != nil {
		v.list.Add(path+".seats", "%s", err.Error())
		return
	}
	v.seats += len(seats)
	known := make(map[string]bool, len(seats))
	for _, seat := range seats {
		known[seat] = true
	}
	for _, marks := range []struct {
		name  string
		seats []string
	}{
		{".aisleAfter", row.AisleAfter}, {".wheelchair", row.Wheelchair}, {".companion", row.Companion}, {".outOfSale", row.OutOfSale},
	} {
		if len(marks.seats) > maxMarks {
			v.list.Add(path+marks.name, "must not have more than %d entries", maxMarks)
			continue
		}
		for i, seat := range marks.seats {
			if !known[seat] {
				v.list.Add(fmt.Sprintf("%s%s[%d]", path, marks.name, i), "%q is not a seat of this row", shorten(seat))
			}
		}
	}
}

func isAreaID(s string) bool {
	for i, c := range []byte(s) {
		alphanumeric := (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
		if !alphanumeric && (i == 0 || (c != '_' && c != '.' && c != '-')) {
			return false
		}
	}
	return s != "" && len(s) <= maxAreaID
}

func isRowLabel(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxRowLabel || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func currencies(categories []PriceCategory) []string {
	var found []string
	seen := make(map[string]bool)
	for _, category := range categories {
		if code := category.Price.Currency; !seen[code] {
			seen[code] = true
			found = append(found, code)
		}
	}
	return found
}
