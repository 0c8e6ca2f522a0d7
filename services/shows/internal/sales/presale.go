package sales

import (
	"crypto/rand"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"ticketmesh.dev/services/shows/internal/violation"
)

// Presale returns the presale of that id.
func (r Rules) Presale(presaleID string) (Presale, bool) {
	for _, presale := range r.Presales {
		if presale.ID == presaleID {
			return presale, true
		}
	}
	return Presale{}, false
}

// PutPresale adds a presale or replaces the one of its id, with so many codes that
// are made: those that the one before had first. Categories are the performance's.
// Changed is false when it is there as it is. It fails with a *violation.Error.
func (r Rules) PutPresale(presale Presale, generate int, categories []string) (after Rules, changed bool, err error) {
	var list violation.List
	before, exists := r.Presale(presale.ID)
	if exists && before.Uses != presale.Uses {
		list.Add("uses", "is %d and cannot be changed: make another presale", before.Uses)
	}
	presale.check(&list, generate, categories)
	if err := list.Err(); err != nil {
		return r, false, err
	}
	presale.Generated = slices.Clone(before.Generated[:min(generate, len(before.Generated))])
	for len(presale.Generated) < generate {
		presale.Generated = append(presale.Generated, newCode())
	}
	if exists && reflect.DeepEqual(presale, before) {
		return r, false, nil
	}
	after = r
	after.Presales = slices.Clone(r.Presales)
	if i := slices.IndexFunc(after.Presales, func(p Presale) bool { return p.ID == presale.ID }); i >= 0 {
		after.Presales[i] = presale
	} else {
		after.Presales = append(after.Presales, presale)
	}
	return after, true, after.checkTogether(presale)
}

// checkTogether notes what is wrong with a presale beside the others.
func (r Rules) checkTogether(presale Presale) error {
	var list violation.List
	if len(r.Presales) > maxPresales {
		list.Add("presaleId", "must not be more than the performance's %dth", maxPresales)
	}
	codes := 0
	for _, other := range r.Presales {
		codes += len(other.Codes) + len(other.Generated)
		if other.ID == presale.ID {
			continue
		}
		for i, given := range presale.Codes {
			if slices.Contains(other.AllCodes(), given) {
				list.Add(fmt.Sprintf("codes[%d]", i), "is a code of presale %q", other.ID)
			}
		}
	}
	if codes > maxCodes {
		list.Add("codes", "must not be more than %d in all presales of a performance", maxCodes)
	}
	return list.Err()
}

func (p Presale) check(list *violation.List, generate int, categories []string) {
	list.Text("presaleId", p.ID, maxID, true)
	list.Text("name", p.Name, maxName, true)
	if p.OpensAt.IsZero() {
		list.Add("opensAt", "must be given")
	}
	window(list, "", "opensAt", "closesAt", p.OpensAt, p.ClosesAt)
	if len(p.PriceCategories) > maxCategories {
		list.Add("priceCategories", "must not have more than %d entries", maxCategories)
	}
	for i, categoryID := range p.PriceCategories {
		if !slices.Contains(categories, categoryID) {
			list.Add(fmt.Sprintf("priceCategories[%d]", i), "%q is not a price category of the performance", categoryID)
		}
	}
	if p.Channel != "" && !IsChannel(p.Channel) {
		list.Add("channel", "must be up to 32 small letters, digits, _ and -, and begin with a letter")
	}
	if p.Uses < 1 || p.Uses > maxUses {
		list.Add("uses", "must be from 1 to %d", maxUses)
	}
	if generate < 0 || generate > maxCodes {
		list.Add("generate", "must be from 1 to %d", maxCodes)
	}
	if len(p.Codes) == 0 && generate == 0 {
		list.Add("codes", "must be given, or else generate")
	}
	seen := map[string]bool{}
	for i, given := range p.Codes {
		path := fmt.Sprintf("codes[%d]", i)
		if !code.MatchString(given) {
			list.Add(path, "must be 12 to 64 capital letters, digits and -")
		}
		if seen[given] {
			list.Add(path, "is there twice")
		}
		seen[given] = true
	}
}

// DeletePresale removes the presale; changed is false when there is none.
func (r Rules) DeletePresale(presaleID string) (after Rules, changed bool) {
	if _, exists := r.Presale(presaleID); !exists {
		return r, false
	}
	r.Presales = slices.DeleteFunc(slices.Clone(r.Presales), func(p Presale) bool { return p.ID == presaleID })
	return r, true
}

// codeAlphabet has 32 characters, none of which people confuse: 5 bits each.
const codeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newCode returns a code of 16 random characters, 80 bits.
func newCode() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err) // rand.Read never fails since Go 1.24
	}
	var made strings.Builder
	for i, b := range random {
		if i > 0 && i%4 == 0 {
			made.WriteByte('-')
		}
		made.WriteByte(codeAlphabet[int(b)%len(codeAlphabet)])
	}
	return made.String()
}
