// Package demo loads a season of shows into an empty mesh, through its API like
// any organizer would.
package demo

import (
	"context"
	"fmt"
	"net/http"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/tools/internal/busfeed"
	"ticketmesh.dev/tools/internal/issuer"
)

// Password is the password of the demo users.
const Password = "demo-password"

// The demo users.
const (
	Organizer  = "organizer@example.com"
	Gate       = "gate@example.com"
	Customer   = "customer@example.com"
	Subscriber = "subscriber@example.com"
)

// lastPage is made last: when it is there, everything is.
const lastPage = "season"

// Mesh is the mesh to load into. It must use the built-in issuer.
type Mesh interface {
	Handler() http.Handler
	Issuer() *issuer.Issuer
}

// Load makes the users and the season, once: a mesh that has them is left as it
// is. Loading that was cut short goes on where it stopped.
func Load(ctx context.Context, m Mesh, c clock.Clock) error {
	for _, user := range []struct {
		email  string
		groups []string
	}{{Organizer, []string{"organizer"}}, {Gate, []string{"gate"}}, {Customer, nil}, {Subscriber, []string{busfeed.Subscribers}}} {
		if _, err := m.Issuer().AddUser(ctx, user.email, Password, user.groups...); err != nil {
			return fmt.Errorf("%s: %w", user.email, err)
		}
	}
	l, err := newLoader(ctx, m.Handler(), c)
	if err != nil {
		return err
	}
	done, err := l.done(ctx)
	if err != nil || done {
		return err
	}
	return l.load(ctx)
}

type loader struct {
	info  *infoapi.Client
	shows *showsapi.Client
	clock clock.Clock
}

func newLoader(ctx context.Context, handler http.Handler, c clock.Clock) (*loader, error) {
	client := &http.Client{Transport: inProcess{handler}}
	identity, err := identityapi.NewClient(base, identityapi.WithClient(client))
	if err != nil {
		return nil, err
	}
	token, err := signIn(ctx, identity)
	if err != nil {
		return nil, err
	}
	l := &loader{clock: c}
	if l.info, err = infoapi.NewClient(base, bearerOfInfo(token), infoapi.WithClient(client)); err != nil {
		return nil, err
	}
	if l.shows, err = showsapi.NewClient(base, bearerOfShows(token), showsapi.WithClient(client)); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *loader) load(ctx context.Context) error {
	planned, err := readSeason()
	if err != nil {
		return err
	}
	venues := map[string]plannedAt{}
	for _, venue := range planned.Venues {
		venueID, err := l.venue(ctx, venue)
		if err != nil {
			return fmt.Errorf("venue %s: %w", venue.Key, err)
		}
		venues[venue.Key] = plannedAt{venueID, venue.Venue.TimeZone}
	}
	for i, artist := range planned.Artists {
		if err := l.artist(ctx, i, artist); err != nil {
			return fmt.Errorf("artist %s: %w", artist.Name, err)
		}
	}
	for i, show := range planned.Shows {
		if err := l.show(ctx, i, show, venues[show.Venue]); err != nil {
			return fmt.Errorf("show %s: %w", show.Title, err)
		}
	}
	for i, page := range planned.Pages {
		if err := l.page(ctx, i, page); err != nil {
			return fmt.Errorf("page %s: %w", page.Slug, err)
		}
	}
	return nil
}

// plannedAt is where a show plays.
type plannedAt struct {
	venueID  id.ID
	timeZone string
}
