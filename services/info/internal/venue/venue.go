// Package venue holds the places where shows are given. It must not know how
// they are stored or announced.
package venue

import (
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/violation"
)

// MaxCapacity is the largest capacity that the contracts can say.
const MaxCapacity = 10_000_000

// Details are what an organizer says about a venue.
type Details struct {
	Name string
	// Address is the street address, or empty.
	Address string
	City    string
	// Country is an ISO 3166-1 alpha-2 code in upper case.
	Country string
	// TimeZone is an IANA name, and never "Local".
	TimeZone string
	// Capacity counts people; 0 says that it is not known.
	Capacity int
}

// Venue is one place in one version. It is a value: its methods return the next
// version and leave the receiver alone.
type Venue struct {
	id      id.ID
	details Details
	version int
	deleted bool
}

// State is a venue as a store keeps it.
type State struct {
	ID id.ID
	Details
	Version int
	Deleted bool
}

// New returns the first version of a venue, or a *violation.Error.
func New(venueID id.ID, d Details) (Venue, error) {
	if err := d.validate(); err != nil {
		return Venue{}, err
	}
	return Venue{id: venueID, details: d, version: 1}, nil
}

// Restore returns the venue that a store kept. Nothing is validated: what was
// valid when it was stored stays readable.
func Restore(s State) Venue {
	return Venue{id: s.ID, details: s.Details, version: s.Version, deleted: s.Deleted}
}

// State returns all of the venue.
func (v Venue) State() State {
	return State{ID: v.id, Details: v.details, Version: v.version, Deleted: v.deleted}
}

// ID never changes.
func (v Venue) ID() id.ID { return v.id }

// Details returns what is known of the venue.
func (v Venue) Details() Details { return v.details }

// Version counts the changes, from 1.
func (v Venue) Version() int { return v.version }

// Deleted says that the venue was removed. Its details and version remain, so
// that its last announcement replaces all before.
func (v Venue) Deleted() bool { return v.deleted }

func (d Details) validate() error {
	var broken violation.List
	broken.Text("name", d.Name, 1, 200, false)
	broken.Text("address", d.Address, 0, 500, true)
	broken.Text("city", d.City, 1, 200, false)
	broken.Check(isCountry(d.Country), "country", "must be an ISO 3166-1 alpha-2 code")
	broken.Check(isTimeZone(d.TimeZone), "timeZone", "must be an IANA time zone name")
	broken.Check(d.Capacity >= 0 && d.Capacity <= MaxCapacity, "capacity", "is out of range")
	return broken.Err()
}

func isTimeZone(name string) bool {
	// LoadLocation takes both for names of its own: no time zone, and the machine's.
	if name == "" || name == "Local" || len(name) > 64 {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
