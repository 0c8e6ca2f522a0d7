// Package artist holds who is on stage. It must not know how artists are stored
// or found.
package artist

import (
	"fmt"
	"net/url"
	"slices"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/violation"
)

// MaxLinks is how many links an artist may have.
const MaxLinks = 20

// Link leads to a page elsewhere.
type Link struct {
	Label string
	// URL is absolute, http or https, without credentials.
	URL string
}

// Details are what an organizer says about an artist.
type Details struct {
	Name string
	// Description is plain text of several lines, or empty.
	Description string
	Links       []Link
}

// Artist is one artist in one version. It is a value: its methods return the
// next version and leave the receiver alone.
type Artist struct {
	id      id.ID
	details Details
	version int
	deleted bool
}

// State is an artist as a store keeps it.
type State struct {
	ID id.ID
	Details
	Version int
	Deleted bool
}

// New returns the first version of an artist, or a *violation.Error.
func New(artistID id.ID, d Details) (Artist, error) {
	if err := d.validate(); err != nil {
		return Artist{}, err
	}
	return Artist{id: artistID, details: d.clone(), version: 1}, nil
}

// Restore returns the artist that a store kept. Nothing is validated: what was
// valid when it was stored stays readable.
func Restore(s State) Artist {
	return Artist{id: s.ID, details: s.clone(), version: s.Version, deleted: s.Deleted}
}

// State returns all of the artist.
func (a Artist) State() State {
	return State{ID: a.id, Details: a.details.clone(), Version: a.version, Deleted: a.deleted}
}

// ID never changes.
func (a Artist) ID() id.ID { return a.id }

// Details returns what is known of the artist.
func (a Artist) Details() Details { return a.details.clone() }

// Version counts the changes, from 1.
func (a Artist) Version() int { return a.version }

// Deleted says that the artist was removed.
func (a Artist) Deleted() bool { return a.deleted }

func (d Details) clone() Details {
	d.Links = slices.Clone(d.Links)
	return d
}

func (d Details) validate() error {
	var broken violation.List
	broken.Text("name", d.Name, 1, 200, false)
	broken.Text("description", d.Description, 0, 20_000, true)
	broken.Check(len(d.Links) <= MaxLinks, "links", "are too many")
	for i, link := range d.Links {
		broken.Text(fmt.Sprintf("links[%d].label", i), link.Label, 1, 100, false)
		broken.Check(isWebAddress(link.URL), fmt.Sprintf("links[%d].url", i), "must be an absolute http or https URL without credentials")
	}
	return broken.Err()
}

// isWebAddress keeps out what runs when it is followed (javascript:, data:).
func isWebAddress(text string) bool {
	if len(text) > 2000 {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}
