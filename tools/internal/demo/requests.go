package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/id"
)

// base is any address: requests do not leave the process.
const base = "http://mesh.invalid"

// inProcess hands requests to a handler without a network between.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, served)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()), Request: request, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

type answer struct {
	header  http.Header
	status  int
	written bool
	body    bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.written {
		a.status, a.written = status, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.written = true
	return a.body.Write(p)
}

// key makes a request safe to repeat when loading was cut short.
func key(kind string, n int) string { return fmt.Sprintf("demo-%s-%d", kind, n) }

type bearerOfInfo string

func (b bearerOfInfo) Bearer(context.Context, infoapi.OperationName) (infoapi.Bearer, error) {
	return infoapi.Bearer{Token: string(b)}, nil
}

type bearerOfShows string

func (b bearerOfShows) Bearer(context.Context, showsapi.OperationName) (showsapi.Bearer, error) {
	return showsapi.Bearer{Token: string(b)}, nil
}

func unexpected(answer any) error { return fmt.Errorf("the API answered %T: %+v", answer, answer) }

// signIn returns the organizer's access token.
func signIn(ctx context.Context, identity *identityapi.Client) (string, error) {
	answer, err := identity.IssueTokens(ctx, identityapi.NewPasswordGrantTokenRequest(identityapi.PasswordGrant{Email: Organizer, Password: Password}))
	if err != nil {
		return "", err
	}
	tokens, ok := answer.(*identityapi.Tokens)
	if !ok {
		return "", unexpected(answer)
	}
	return tokens.AccessToken, nil
}

func (l *loader) done(ctx context.Context) (bool, error) {
	answer, err := l.info.GetPage(ctx, infoapi.GetPageParams{Slug: lastPage})
	if err != nil {
		return false, err
	}
	switch answer.(type) {
	case *infoapi.GetPageNotFound:
		return false, nil
	case *infoapi.PageFoundHeaders:
		return true, nil
	}
	return false, unexpected(answer)
}

func (l *loader) venue(ctx context.Context, planned plannedVenue) (id.ID, error) {
	answer, err := l.info.CreateVenue(ctx, &planned.Venue, infoapi.CreateVenueParams{IdempotencyKey: infoapi.NewOptString("demo-venue-" + planned.Key)})
	if err != nil {
		return id.Nil, err
	}
	made, ok := answer.(*infoapi.Venue)
	if !ok {
		return id.Nil, unexpected(answer)
	}
	return made.VenueID, nil
}

func (l *loader) artist(ctx context.Context, n int, planned infoapi.ArtistInput) error {
	answer, err := l.info.CreateArtist(ctx, &planned, infoapi.CreateArtistParams{IdempotencyKey: infoapi.NewOptString(key("artist", n))})
	if err != nil {
		return err
	}
	if _, ok := answer.(*infoapi.Artist); !ok {
		return unexpected(answer)
	}
	return nil
}

func (l *loader) page(ctx context.Context, n int, planned infoapi.PageCreation) error {
	answer, err := l.info.CreatePage(ctx, &planned, infoapi.CreatePageParams{IdempotencyKey: infoapi.NewOptString(key("page", n))})
	if err != nil {
		return err
	}
	if _, ok := answer.(*infoapi.Page); !ok {
		return unexpected(answer)
	}
	return nil
}

// show makes a show with its performances and publishes it.
func (l *loader) show(ctx context.Context, n int, planned plannedShow, at plannedAt) error {
	answer, err := l.shows.CreateShow(ctx, &showsapi.CreateShow{
		Title: planned.Title, Description: planned.Description, Category: planned.Category, VenueID: showsapi.NewOptUUID(at.venueID),
	}, showsapi.CreateShowParams{IdempotencyKey: showsapi.NewOptString(key("show", n))})
	if err != nil {
		return err
	}
	made, ok := answer.(*showsapi.ShowCreatedHeaders)
	if !ok {
		return unexpected(answer)
	}
	seatMap, err := SeatMap(planned.SeatMap)
	if err != nil {
		return err
	}
	for i, performance := range planned.Performances {
		answer, err := l.shows.SchedulePerformance(ctx, &showsapi.SchedulePerformance{
			StartsAt: performance.localStart(l.clock.Now()), TimeZone: at.timeZone, SeatMap: showsapi.NewOptSeatMapInput(seatMap), Limits: planned.Limits,
		}, showsapi.SchedulePerformanceParams{ShowId: made.Response.ShowID, IdempotencyKey: showsapi.NewOptString(key(fmt.Sprintf("performance-%d", n), i))})
		if err != nil {
			return err
		}
		if _, ok := answer.(*showsapi.PerformanceCreatedHeaders); !ok {
			return unexpected(answer)
		}
	}
	published, err := l.shows.PublishShow(ctx, showsapi.PublishShowParams{ShowId: made.Response.ShowID})
	if err != nil {
		return err
	}
	if _, ok := published.(*showsapi.ShowHeaders); !ok {
		return unexpected(published)
	}
	return nil
}
