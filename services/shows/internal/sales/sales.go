// Package sales is who may buy when, beside the public: channels with windows of
// their own, presales by codes, and which of the channels' allocations are
// released. It must not know what is sold, and reads no clock.
package sales

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"ticketmesh.dev/services/shows/internal/violation"
)

const (
	maxChannels   = 50
	maxPresales   = 20
	maxCodes      = 1_000 // of all presales
	maxUses       = 10_000
	maxCategories = 100
	maxID         = 64
	maxName       = 200
	minYear       = 1970
	maxYear       = 9998
)

var (
	channelID = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	code      = regexp.MustCompile(`^[A-Z0-9-]{12,64}$`)
)

// Channel is when a way of selling beside the public's sells.
type Channel struct {
	ID                        string
	SalesOpenAt, SalesCloseAt time.Time // zero: at once, until the start
}

// Presale is a sale by codes, from before the general sale opens.
type Presale struct {
	ID                string
	Name              string
	OpensAt, ClosesAt time.Time // ClosesAt zero: as long as the performance sells
	PriceCategories   []string  // empty: all
	Channel           string    // whose allocations its codes are good for too; may be empty
	Uses              int       // places that each code is good for
	Codes             []string  // given by the organizer
	Generated         []string  // made here
}

// AllCodes returns the codes of the presale: its own, then those that were made.
func (p Presale) AllCodes() []string { return slices.Concat(p.Codes, p.Generated) }

// Rules are how a performance is sold beside what the public buys.
type Rules struct {
	Channels []Channel
	Presales []Presale
	Released []string // ids of allocations
}

// IsChannel reports whether the text may be the id of a channel.
func IsChannel(text string) bool { return channelID.MatchString(text) }

// CheckChannels notes what is wrong with channels. Their paths begin with
// "channels".
func CheckChannels(list *violation.List, channels []Channel) {
	if len(channels) > maxChannels {
		list.Add("channels", "must not have more than %d entries", maxChannels)
		return
	}
	seen := map[string]bool{}
	for i, channel := range channels {
		path := fmt.Sprintf("channels[%d]", i)
		switch {
		case !IsChannel(channel.ID):
			list.Add(path+".id", "must be up to 32 small letters, digits, _ and -, and begin with a letter")
		case seen[channel.ID]:
			list.Add(path+".id", "%q is there twice", channel.ID)
		}
		seen[channel.ID] = true
		window(list, path, "salesOpenAt", "salesCloseAt", channel.SalesOpenAt, channel.SalesCloseAt)
	}
}

// window notes what is wrong with a time in which something is sold.
func window(list *violation.List, path, opens, closes string, opensAt, closesAt time.Time) {
	if path != "" {
		path += "."
	}
	for field, at := range map[string]time.Time{path + opens: opensAt, path + closes: closesAt} {
		if year := at.UTC().Year(); !at.IsZero() && (year < minYear || year > maxYear) {
			list.Add(field, "must be in the years %d to %d", minYear, maxYear)
		}
	}
	if !opensAt.IsZero() && !closesAt.IsZero() && !opensAt.Before(closesAt) {
		list.Add(path+opens, "must be before %s", closes)
	}
}

// Release says whether the allocation is for everybody. Changed is false when that
// is so already.
func (r Rules) Release(allocationID string, released bool) (after Rules, changed bool) {
	if slices.Contains(r.Released, allocationID) == released {
		return r, false
	}
	if released {
		r.Released = append(slices.Clone(r.Released), allocationID)
		return r, true
	}
	r.Released = slices.DeleteFunc(slices.Clone(r.Released), func(id string) bool { return id == allocationID })
	return r, true
}
