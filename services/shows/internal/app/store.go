package app

import (
	"context"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

// Store keeps shows, performances, seat maps and the availability read model.
// Every write is one transaction over few rows that are known by their keys,
// with its facts in it, so that a key-value store can serve it; only ListShows,
// ListSeatPlans, Unsettled and UnfinishedSeries need an index beside the keys.
// Methods may be called concurrently, and have taken durable effect when they
// return. Any may fail with ErrBusy.
//
// Reads see every write that returned before they began, except those four,
// which may be late by moments.
type Store interface {
	PlanStore
	SeriesStore

	// InsertShow stores a new show. When one with its id exists, nothing is
	// stored and that one is returned.
	InsertShow(ctx context.Context, s show.Show) (stored show.Show, err error)
	// Show returns the show, or ErrNotFound.
	Show(ctx context.Context, showID id.ID) (show.Show, error)
	// SaveShow replaces a show of version was and tells the facts. With
	// unsettled it is listed by Unsettled until Settled; without, that stays as
	// it is. ErrConflict when the show has another version, or is gone.
	SaveShow(ctx context.Context, s show.Show, was int, unsettled bool, facts ...Fact) error
	// ListShows returns shows in descending order of their ids.
	ListShows(ctx context.Context, q ShowQuery) (ShowPage, error)
	// Unsettled returns up to limit shows that wait for Settled.
	Unsettled(ctx context.Context, limit int) ([]id.ID, error)
	// Settled takes the show off that list if it has the version still.
	Settled(ctx context.Context, showID id.ID, version int) error

	// InsertPerformance stores a new performance with its seat map and tells
	// the facts, if its show has the version showVersion, else ErrConflict.
	// When a performance with its id exists, nothing is stored and that one is
	// returned, with ErrNotFound if it belongs to another show.
	InsertPerformance(ctx context.Context, p performance.Performance, m seatmap.Map, showVersion int, facts ...Fact) (stored performance.Performance, err error)
	// Performance returns the performance of the show, or ErrNotFound.
	Performance(ctx context.Context, showID, performanceID id.ID) (performance.Performance, error)
	// SavePerformance replaces the performance was by p and tells the facts.
	// ErrConflict when the stored one has another version or another
	// Announced than was, or its show another version than showVersion.
	SavePerformance(ctx context.Context, p, was performance.Performance, showVersion int, facts ...Fact) error
	// ChangeSeatMap does as SavePerformance and, in the same transaction, stores m
	// as the version of the seat map that p has; earlier ones stay.
	ChangeSeatMap(ctx context.Context, p, was performance.Performance, m seatmap.Map, showVersion int, facts ...Fact) error
	// ListPerformances returns performances of a show by their start and id,
	// with their seat maps.
	ListPerformances(ctx context.Context, q PerformanceQuery) (PerformancePage, error)
	// PendingPerformances returns up to limit scheduled performances of a
	// show: those not announced yet for PendingAnnounce, all for PendingCancel.
	PendingPerformances(ctx context.Context, showID id.ID, pending Pending, limit int) ([]performance.Performance, error)
	// SeatMap returns a version of the performance's seat map, or ErrNotFound.
	SeatMap(ctx context.Context, performanceID id.ID, version int) (seatmap.Map, error)

	// ApplyPartition replaces the partition unless the stored one is as new.
	// Partitions of unknown performances are kept.
	ApplyPartition(ctx context.Context, p availability.Partition) error
	// ApplyVenue replaces the venue unless the stored one is as new. Shows may have
	// venues that were never applied.
	ApplyVenue(ctx context.Context, v venue.Venue) error
	// Reported sums the stored partitions by area.
	Reported(ctx context.Context, performanceID id.ID) (map[string]availability.Reported, error)

	// Ready fails when the store does not answer.
	Ready(ctx context.Context) error
}

// ShowQuery is which shows to list. Zero fields do not filter.
type ShowQuery struct {
	// Organizer also gets their own drafts and cancelled shows; everybody gets
	// the published ones.
	Organizer string
	Text      string // contained in title or description, in any case
	Category  string
	City      string // of the show's venue, in any case
	// From and To: with a performance starting in [From, To). Cancelled ones
	// do not count unless the whole show is cancelled.
	From, To time.Time
	Before   id.ID // only ids less than this one; Nil for the first page
	Limit    int   // at least 1
}

// ShowPage is a page of shows. A page may have fewer than were asked for, even
// none, and still not be the last.
type ShowPage struct {
	Shows []show.Show
	Next  id.ID // the next page's Before; Nil when this is the last
}

// PerformanceQuery is which performances to list.
type PerformanceQuery struct {
	ShowID id.ID
	After  PerformanceKey // only keys greater than this one; zero for the first page
	Limit  int            // at least 1
	// MaxBytes ends a page early, after one entry at least, when its seat maps
	// are larger together, as JSON of whatever form.
	MaxBytes int
}

// PerformanceKey is a performance's place in the list.
type PerformanceKey struct {
	StartsAtUTC time.Time
	ID          id.ID
}

// PerformancePage is a page of performances.
type PerformancePage struct {
	Performances []PerformanceView
	Next         PerformanceKey // the next page's After; zero when this is the last
}

// PerformanceView is a performance with its seat map.
type PerformanceView struct {
	performance.Performance
	SeatMap seatmap.Map
}

// Pending is what is to be done with a show's performances.
type Pending int

// What can be pending.
const (
	PendingAnnounce Pending = iota + 1
	PendingCancel
)
