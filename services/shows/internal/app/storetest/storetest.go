// Package storetest is the conformance suite of app.Store. Every adapter runs
// it; what only one of them does is a bug.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

// Harness is an empty store under test.
type Harness struct {
	Store app.Store
	// Told returns the events that were committed and not relayed, in any order, but
	// those of one entity in the order of their commits.
	Told func(t *testing.T) []event.Event
}

var at = time.Date(2027, 1, 15, 9, 30, 0, 250_000_000, time.UTC)

// Run runs the suite; open is called once for every test.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	tests := []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"a show reads back as it was written", showRoundTrip},
		{"inserting a show again returns the first", insertShowTwice},
		{"what is not there is not found", notFound},
		{"a show is saved at the expected version only", saveShowAtVersion},
		{"of saves at the same time one wins", saveShowConcurrently},
		{"facts are told with the state and only then", factsCommitWithState},
		{"a fact that breaks its contract stores nothing", invalidFact},
		{"lists show what the caller may see", listVisible},
		{"lists filter", listFilters},
		{"lists page without gaps while shows are added", listPages},
		{"unsettled shows are listed until settled", unsettled},
		{"a performance reads back as it was written", performanceRoundTrip},
		{"inserting a performance again returns the first", insertPerformanceTwice},
		{"performances are written at the expected versions only", performanceAtVersions},
		{"a seat map is changed at the expected versions only", changeSeatMap},
		{"performances are listed by their start", listPerformances},
		{"pages of large seat maps end early", listPerformancesBytes},
		{"pending performances are found", pendingPerformances},
		{"partitions replace older ones", applyPartition},
		{"of partitions at the same time the newest stays", applyPartitionsConcurrently},
		{"partitions are summed by area", reported},
		{"shows are found by the city of their venue", listCity},
		{"a seat plan reads back as it was written", seatPlanRoundTrip},
		{"inserting a seat plan again returns the newest version", insertSeatPlanTwice},
		{"a seat plan is written at the expected version only", seatPlanAtVersions},
		{"a deleted seat plan is gone with all versions", deleteSeatPlan},
		{"seat plans are listed for their organizer", listSeatPlans},
		{"a series reads back as it was written", seriesRoundTrip},
		{"inserting a series again returns the first", insertSeriesTwice},
		{"unfinished series are listed until finished", unfinishedSeries},
		{"changes at the same time are told once, each at its version", changeAtTheSameTime},
		{"the store is ready", func(t *testing.T, h Harness) { noError(t, h.Store.Ready(t.Context())) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("\n got %+v\nwant %+v", got, want)
	}
}

// newShow is stored as given.
func newShow(t *testing.T, h Harness, change ...func(*show.State)) show.Show {
	t.Helper()
	state := show.State{
		ID: id.New(), OrganizerID: "ada", Status: show.Draft, Version: 1,
		Details: show.Details{Title: "Hamlet", Description: "A prince.", Category: "theatre"},
	}
	for _, c := range change {
		c(&state)
	}
	stored, err := h.Store.InsertShow(t.Context(), show.Restore(state))
	noError(t, err)
	return stored
}

func published(s *show.State) { s.Status, s.PublishedAt = show.Published, at }

func plan(t *testing.T) seatmap.Map {
	t.Helper()
	m, err := seatmap.New("", []seatmap.Area{
		{ID: "stalls", Name: "Parkett <links> & rechts", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "Ä", Seats: "1-11,13,15", AisleAfter: []string{"7"}, Wheelchair: []string{"15"}}, {Label: "B", Seats: "4-1"},
		}},
		{ID: "standing", Kind: seatmap.General, Capacity: 248, PriceCategory: "II"},
	}, []seatmap.PriceCategory{
		{
			ID: "I", Name: "First", Price: money.Money{Amount: 1_000_000_000_000, Currency: "KWD"},
			Tiers: []seatmap.Tier{{ID: "early", Name: "Früh", Price: money.Money{Amount: 999, Currency: "KWD"}, Until: at}},
			Concessions: []seatmap.Concession{
				{ID: "child", Name: "Children", Price: &money.Money{Currency: "KWD"}}, {ID: "student", Name: "Students", PercentOff: "12.5"},
			},
			SalesOpenAt: at, SalesCloseAt: at.Add(time.Hour),
		},
		{ID: "II", Name: "Second", Price: money.Money{Currency: "KWD"}},
	})
	noError(t, err)
	m, err = m.Allocate("", []seatmap.Allocation{
		{ID: "sponsors", Channel: "sponsor", AreaID: "stalls", Rows: []seatmap.AllocatedRow{{Label: "Ä", Seats: "1-4"}}},
		{ID: "door", Channel: "box_office", AreaID: "standing", Quantity: 20},
	})
	noError(t, err)
	return m
}

func newPerformance(t *testing.T, showID id.ID, startsAt string, change ...func(*performance.State)) performance.Performance {
	t.Helper()
	p, err := performance.Schedule(id.New(), showID, performance.Times{StartsAt: startsAt, TimeZone: "Europe/Vienna"}, performance.Terms{
		SeatMap: plan(t), Channels: []sales.Channel{{ID: "box_office", SalesOpenAt: at}},
	}, false)
	noError(t, err)
	state := p.State()
	for _, c := range change {
		c(&state)
	}
	return performance.Restore(state)
}

func insert(t *testing.T, h Harness, s show.Show, p performance.Performance) performance.Performance {
	t.Helper()
	stored, err := h.Store.InsertPerformance(t.Context(), p, plan(t), s.Version())
	noError(t, err)
	return stored
}

func showRoundTrip(t *testing.T, h Harness) {
	full := func(s *show.State) {
		published(s)
		s.Details = show.Details{
			Title: "Ödipus \x01 '\"%_", Description: strings.Repeat("京劇\n", 2500), Category: "théâtre",
			VenueID: id.New(), ArtistIDs: []id.ID{id.New(), id.New()},
		}
		s.Reason = "none"
		s.Version = 7
	}
	for _, want := range []show.Show{newShow(t, h), newShow(t, h, full)} {
		got, err := h.Store.Show(t.Context(), want.ID())
		noError(t, err)
		equal(t, got, want)
	}
}

func insertShowTwice(t *testing.T, h Harness) {
	first := newShow(t, h)
	other := first.State()
	other.Title = "Macbeth"
	stored, err := h.Store.InsertShow(t.Context(), show.Restore(other))
	noError(t, err)
	equal(t, stored, first)
}

func notFound(t *testing.T, h Harness) {
	s := newShow(t, h)
	p := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00"))
	_, err := h.Store.Show(t.Context(), id.New())
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.Performance(t.Context(), s.ID(), id.New())
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.Performance(t.Context(), id.New(), p.ID())
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.SeatMap(t.Context(), p.ID(), 2)
	wantError(t, err, app.ErrNotFound)
	page, err := h.Store.ListPerformances(t.Context(), app.PerformanceQuery{ShowID: id.New(), Limit: 5, MaxBytes: 1})
	noError(t, err)
	equal(t, len(page.Performances), 0)
}

func saveShowAtVersion(t *testing.T, h Harness) {
	before := newShow(t, h)
	state := before.State()
	state.Title, state.Version = "Macbeth", 2
	after := show.Restore(state)
	wantError(t, h.Store.SaveShow(t.Context(), after, 2, false), app.ErrConflict)
	noError(t, h.Store.SaveShow(t.Context(), after, 1, false))
	wantError(t, h.Store.SaveShow(t.Context(), after, 1, false), app.ErrConflict)
	got, err := h.Store.Show(t.Context(), before.ID())
	noError(t, err)
	equal(t, got, after)

	state.ID = id.New()
	wantError(t, h.Store.SaveShow(t.Context(), show.Restore(state), 1, false), app.ErrConflict)
}

func saveShowConcurrently(t *testing.T, h Harness) {
	before := newShow(t, h)
	errs := make([]error, 16)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			state := before.State()
			state.Title, state.Version = fmt.Sprint("title ", i), 2
			errs[i] = h.Store.SaveShow(context.WithoutCancel(t.Context()), show.Restore(state), 1, false)
		})
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Fatal("two saves won")
		case err == nil:
			won = i
		default:
			wantError(t, err, app.ErrConflict)
		}
	}
	if won < 0 {
		t.Fatal("no save won")
	}
	got, err := h.Store.Show(t.Context(), before.ID())
	noError(t, err)
	equal(t, got.State().Title, fmt.Sprint("title ", won))
}

func factsCommitWithState(t *testing.T, h Harness) {
	before := newShow(t, h)
	after, _, err := before.Publish(at)
	noError(t, err)
	fact := app.ShowFact{Change: app.ShowPublished, At: at, Show: after}
	wantError(t, h.Store.SaveShow(t.Context(), after, 2, true, fact), app.ErrConflict)
	equal(t, len(h.Told(t)), 0)
	noError(t, h.Store.SaveShow(t.Context(), after, 1, true, fact))
	told := h.Told(t)
	equal(t, len(told), 1)
	equal(t, told[0].Subject, after.ID().String())
	equal(t, told[0].Time.Equal(at), true)

	p := newPerformance(t, after.ID(), "2027-06-01T20:00", func(s *performance.State) { s.Announced = true })
	scheduled := app.PerformanceFact{Change: app.PerformanceScheduled, At: at, Show: after, Performance: p, SeatMap: plan(t)}
	_, err = h.Store.InsertPerformance(t.Context(), p, plan(t), 1, scheduled)
	wantError(t, err, app.ErrConflict)
	equal(t, len(h.Told(t)), 1)
	_, err = h.Store.InsertPerformance(t.Context(), p, plan(t), 2, scheduled)
	noError(t, err)
	equal(t, len(h.Told(t)), 2)
	// Repeated, it is found and not told again.
	_, err = h.Store.InsertPerformance(t.Context(), p, plan(t), 2, scheduled)
	noError(t, err)
	equal(t, len(h.Told(t)), 2)
}

func invalidFact(t *testing.T, h Harness) {
	before := newShow(t, h)
	state := before.State()
	state.Title, state.Version = strings.Repeat("x", 201), 2 // the contract allows 200
	published(&state)
	broken := show.Restore(state)
	if err := h.Store.SaveShow(t.Context(), broken, 1, true, app.ShowFact{Change: app.ShowPublished, At: at, Show: broken}); err == nil {
		t.Fatal("an event that breaks its contract was taken")
	}
	got, err := h.Store.Show(t.Context(), before.ID())
	noError(t, err)
	equal(t, got, before)
	equal(t, len(h.Told(t)), 0)
}

func list(t *testing.T, h Harness, q app.ShowQuery) []string {
	t.Helper()
	var titles []string
	if q.Limit == 0 {
		q.Limit = 100
	}
	for {
		page, err := h.Store.ListShows(t.Context(), q)
		noError(t, err)
		for _, s := range page.Shows {
			titles = append(titles, s.State().Title)
		}
		if page.Next == id.Nil {
			return titles
		}
		q.Before = page.Next
	}
}

func titled(title string) func(*show.State) {
	return func(s *show.State) { s.Title = title }
}

func by(organizer string) func(*show.State) {
	return func(s *show.State) { s.OrganizerID = organizer }
}

func listVisible(t *testing.T, h Harness) {
	cancelled := func(s *show.State) { published(s); s.Status = show.Cancelled }
	newShow(t, h, titled("draft of ada"))
	newShow(t, h, titled("published of ada"), published)
	newShow(t, h, titled("cancelled of ada"), cancelled)
	newShow(t, h, titled("draft of bob"), by("bob"))
	newShow(t, h, titled("published of bob"), by("bob"), published)
	equal(t, list(t, h, app.ShowQuery{}), []string{"published of bob", "published of ada"})
	equal(t, list(t, h, app.ShowQuery{Organizer: "ada"}), []string{"published of bob", "cancelled of ada", "published of ada", "draft of ada"})
	equal(t, list(t, h, app.ShowQuery{Organizer: "bob"}), []string{"published of bob", "draft of bob", "published of ada"})
}

func listFilters(t *testing.T, h Harness) {
	june := newShow(t, h, titled("Ärger im JUNI"), published)
	july := newShow(t, h, titled("Juli"), published, func(s *show.State) { s.Category, s.Description = "concert", "100% _Straße_" })
	gone := newShow(t, h, titled("gone"), published, by("ada"), func(s *show.State) { s.Status = show.Cancelled })
	off := newShow(t, h, titled("off"), published)
	cancelled := func(s *performance.State) { s.Status = performance.Cancelled }
	insert(t, h, june, newPerformance(t, june.ID(), "2027-06-01T20:00")) // 18:00 UTC
	insert(t, h, july, newPerformance(t, july.ID(), "2027-06-15T20:00"))
	insert(t, h, july, newPerformance(t, july.ID(), "2027-07-01T20:00"))
	insert(t, h, gone, newPerformance(t, gone.ID(), "2027-06-01T20:00", cancelled))
	insert(t, h, off, newPerformance(t, off.ID(), "2027-06-01T20:00", cancelled))

	utc := func(month time.Month, day, hour int) time.Time {
		return time.Date(2027, month, day, hour, 0, 0, 0, time.UTC)
	}
	tests := []struct {
		name string
		give app.ShowQuery
		want []string
	}{
		{"text in another case", app.ShowQuery{Text: "äRGER IM juni"}, []string{"Ärger im JUNI"}},
		{"text in the description", app.ShowQuery{Text: "STRASSE"}, []string{"Juli"}},
		{"text is no pattern", app.ShowQuery{Text: "%"}, []string{"Juli"}},
		{"text is not there", app.ShowQuery{Text: "August"}, nil},
		{"category", app.ShowQuery{Category: "concert"}, []string{"Juli"}},
		{"category exactly", app.ShowQuery{Category: "Concert"}, nil},
		{"from a start on", app.ShowQuery{From: utc(6, 1, 18)}, []string{"Juli", "Ärger im JUNI"}},
		{"from after a start", app.ShowQuery{From: utc(6, 1, 18).Add(time.Millisecond)}, []string{"Juli"}},
		{"to a start", app.ShowQuery{To: utc(6, 1, 18)}, nil},
		{"to after a start", app.ShowQuery{To: utc(6, 1, 18).Add(time.Millisecond)}, []string{"Ärger im JUNI"}},
		{"a window between two performances", app.ShowQuery{From: utc(6, 16, 0), To: utc(7, 1, 0)}, nil},
		{"all of them", app.ShowQuery{Text: "juli", Category: "concert", From: utc(7, 1, 0), To: utc(7, 2, 0)}, []string{"Juli"}},
		{"cancelled performances of a cancelled show", app.ShowQuery{Organizer: "ada", From: utc(6, 1, 0), To: utc(6, 2, 0)}, []string{"gone", "Ärger im JUNI"}},
		{"far away", app.ShowQuery{From: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{"Juli", "Ärger im JUNI"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { equal(t, list(t, h, tt.give), tt.want) })
	}
}

func listPages(t *testing.T, h Harness) {
	var want []id.ID
	for range 10 {
		want = append(want, newShow(t, h, published).ID())
		newShow(t, h, by("bob")) // a draft that nobody else sees
	}
	slices.Reverse(want)
	var got []id.ID
	q := app.ShowQuery{Limit: 3}
	for {
		page, err := h.Store.ListShows(t.Context(), q)
		noError(t, err)
		if len(page.Shows) > q.Limit {
			t.Fatalf("a page of %d", len(page.Shows))
		}
		for _, s := range page.Shows {
			got = append(got, s.ID())
		}
		if page.Next == id.Nil {
			break
		}
		q.Before = page.Next
		newShow(t, h, published) // comes before the first page
	}
	equal(t, got, want)
}

func unsettled(t *testing.T, h Harness) {
	var all []id.ID
	save := func(s show.Show, version int, unsettled bool) show.Show {
		state := s.State()
		state.Version = version + 1
		next := show.Restore(state)
		noError(t, h.Store.SaveShow(t.Context(), next, version, unsettled))
		return next
	}
	for range 3 {
		s := save(newShow(t, h, published), 1, true)
		all = append(all, s.ID())
	}
	quiet := save(newShow(t, h, published), 1, false)
	pending := func(limit int) []id.ID {
		ids, err := h.Store.Unsettled(t.Context(), limit)
		noError(t, err)
		slices.SortFunc(ids, func(a, b id.ID) int { return strings.Compare(a.String(), b.String()) })
		return ids
	}
	equal(t, pending(10), all)
	equal(t, len(pending(2)), 2)

	noError(t, h.Store.Settled(t.Context(), all[0], 1)) // an older version: more has happened since
	equal(t, pending(10), all)
	noError(t, h.Store.Settled(t.Context(), all[0], 2))
	noError(t, h.Store.Settled(t.Context(), all[0], 2))
	noError(t, h.Store.Settled(t.Context(), quiet.ID(), 2))
	equal(t, pending(10), all[1:])

	s, err := h.Store.Show(t.Context(), all[1])
	noError(t, err)
	save(s, 2, false) // stays unsettled
	equal(t, pending(10), all[1:])
}

func performanceRoundTrip(t *testing.T, h Harness) {
	s := newShow(t, h)
	full := func(p *performance.State) {
		p.SalesOpenAt, p.SalesCloseAt = at, at.Add(time.Hour)
		p.Limits = performance.Limits{PerOrder: 8, PerCustomer: 16}
		p.SeatPlan = performance.SeatPlan{ID: id.New(), Version: 3}
		p.Pricing = &pricing.Rules{
			Fees: []pricing.Fee{
				{ID: "service", Name: "Service", Per: pricing.PerTicket, Amount: &money.Money{Amount: 5, Currency: "KWD"}, Refundable: true},
				{ID: "card", Name: "Card", Per: pricing.PerOrder, Percent: "1.5"},
			},
			Tax: &pricing.Tax{Name: "VAT", Percent: "5", Included: true}, Rounding: pricing.HalfUp,
		}
		p.Reason, p.Status, p.Announced, p.Version = "ill", performance.Cancelled, true, 5
	}
	for _, want := range []performance.Performance{
		newPerformance(t, s.ID(), "2027-06-01T20:00"),
		newPerformance(t, s.ID(), "1970-01-01T01:00:00", full),
		newPerformance(t, s.ID(), "9998-12-31T23:59"),
	} {
		equal(t, insert(t, h, s, want), want)
		got, err := h.Store.Performance(t.Context(), s.ID(), want.ID())
		noError(t, err)
		equal(t, got, want)
		m, err := h.Store.SeatMap(t.Context(), want.ID(), 1)
		noError(t, err)
		equal(t, m, plan(t))
	}
}

func insertPerformanceTwice(t *testing.T, h Harness) {
	s, other := newShow(t, h), newShow(t, h)
	first := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00"))
	again := first.State()
	again.StartsAt = "2028-01-01T00:00"
	stored, err := h.Store.InsertPerformance(t.Context(), performance.Restore(again), plan(t), s.Version())
	noError(t, err)
	equal(t, stored, first)
	again.ShowID = other.ID()
	_, err = h.Store.InsertPerformance(t.Context(), performance.Restore(again), plan(t), other.Version())
	wantError(t, err, app.ErrNotFound)
}

func performanceAtVersions(t *testing.T, h Harness) {
	s := newShow(t, h)
	fresh := newPerformance(t, s.ID(), "2027-06-01T20:00")
	for _, version := range []int{0, 2} {
		_, err := h.Store.InsertPerformance(t.Context(), fresh, plan(t), version)
		wantError(t, err, app.ErrConflict)
	}
	before := insert(t, h, s, fresh)
	times := before.Times()
	times.StartsAt, times.SalesOpenAt = "2027-06-02T20:00", at
	after, _, err := before.Reschedule(times, time.Time{}, at)
	noError(t, err)
	wantError(t, h.Store.SavePerformance(t.Context(), after, before, 2), app.ErrConflict)
	wantError(t, h.Store.SavePerformance(t.Context(), after, after, 1), app.ErrConflict)
	wantError(t, h.Store.SavePerformance(t.Context(), after, before.Announced(), 1), app.ErrConflict)
	noError(t, h.Store.SavePerformance(t.Context(), after, before, 1))
	wantError(t, h.Store.SavePerformance(t.Context(), after, before, 1), app.ErrConflict)

	noError(t, h.Store.SavePerformance(t.Context(), after.Announced(), after, 1))
	wantError(t, h.Store.SavePerformance(t.Context(), after.Announced(), after, 1), app.ErrConflict)
	got, err := h.Store.Performance(t.Context(), s.ID(), before.ID())
	noError(t, err)
	equal(t, got, after.Announced())

	sold, _, err := got.ChangeSales(func(rules sales.Rules) (sales.Rules, bool, error) {
		rules.Released = []string{"door"}
		rules.Presales = []sales.Presale{{ID: "members", Name: "Mitglieder", OpensAt: at, Uses: 2, Codes: []string{"MEMBERS-2027"}, Generated: []string{"7QXK"}}}
		return rules, true, nil
	})
	noError(t, err)
	noError(t, h.Store.SavePerformance(t.Context(), sold, got, 1))
	got, err = h.Store.Performance(t.Context(), s.ID(), before.ID())
	noError(t, err)
	equal(t, got, sold)
}

func listPerformances(t *testing.T, h Harness) {
	s, other := newShow(t, h), newShow(t, h)
	insert(t, h, other, newPerformance(t, other.ID(), "2027-06-01T20:00"))
	var want []id.ID
	starts := []string{"1970-01-01T01:00", "2027-06-01T20:00", "2027-06-01T20:00", "2027-06-02T20:00", "9998-12-31T23:59"}
	for _, start := range starts {
		want = append(want, newPerformance(t, s.ID(), start).ID())
	}
	for _, i := range []int{3, 1, 4, 0, 2} {
		p := newPerformance(t, s.ID(), starts[i], func(p *performance.State) { p.ID = want[i] })
		insert(t, h, s, p)
	}
	var got []id.ID
	q := app.PerformanceQuery{ShowID: s.ID(), Limit: 2, MaxBytes: 1 << 20}
	for {
		page, err := h.Store.ListPerformances(t.Context(), q)
		noError(t, err)
		for _, view := range page.Performances {
			got = append(got, view.ID())
			equal(t, view.SeatMap, plan(t))
		}
		if page.Next == (app.PerformanceKey{}) {
			break
		}
		q.After = page.Next
	}
	equal(t, got, want)
}

func listPerformancesBytes(t *testing.T, h Harness) {
	s := newShow(t, h)
	for range 3 {
		insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00"))
	}
	q := app.PerformanceQuery{ShowID: s.ID(), Limit: 10, MaxBytes: 1}
	for i := range 3 {
		page, err := h.Store.ListPerformances(t.Context(), q)
		noError(t, err)
		equal(t, len(page.Performances), 1)
		equal(t, page.Next == (app.PerformanceKey{}), i == 2)
		q.After = page.Next
	}
}

func pendingPerformances(t *testing.T, h Harness) {
	s, other := newShow(t, h), newShow(t, h)
	insert(t, h, other, newPerformance(t, other.ID(), "2027-06-01T20:00"))
	silent := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00"))
	told := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-02T20:00", func(p *performance.State) { p.Announced = true }))
	insert(t, h, s, newPerformance(t, s.ID(), "2027-06-03T20:00", func(p *performance.State) { p.Status = performance.Cancelled }))
	pending := func(what app.Pending, limit int) map[id.ID]bool {
		performances, err := h.Store.PendingPerformances(t.Context(), s.ID(), what, limit)
		noError(t, err)
		ids := map[id.ID]bool{}
		for _, p := range performances {
			ids[p.ID()] = true
		}
		return ids
	}
	equal(t, pending(app.PendingAnnounce, 10), map[id.ID]bool{silent.ID(): true})
	equal(t, pending(app.PendingCancel, 10), map[id.ID]bool{silent.ID(): true, told.ID(): true})
	equal(t, len(pending(app.PendingCancel, 1)), 1)
}

func applyPartition(t *testing.T, h Harness) {
	performanceID := id.New()
	apply := func(version, available int) {
		noError(t, h.Store.ApplyPartition(t.Context(), availability.Partition{
			PerformanceID: performanceID, AreaID: "stalls", Number: 3, Version: version, Capacity: 64, Available: available,
		}))
	}
	want := func(available int) {
		t.Helper()
		got, err := h.Store.Reported(t.Context(), performanceID)
		noError(t, err)
		equal(t, got, map[string]availability.Reported{"stalls": {Capacity: 64, Available: available}})
	}
	apply(2, 60)
	want(60)
	apply(1, 64) // stale
	want(60)
	apply(2, 1) // not newer
	want(60)
	apply(9, 12)
	want(12)
	apply(8, 13)
	want(12)
}

func applyPartitionsConcurrently(t *testing.T, h Harness) {
	p := availability.Partition{PerformanceID: id.New(), AreaID: "stalls", Capacity: 64}
	const versions = 16
	var all sync.WaitGroup
	for i := range versions {
		all.Go(func() {
			told := p
			told.Version, told.Available = i+1, 64-i
			for range 2 { // every event is delivered twice
				if err := h.Store.ApplyPartition(context.WithoutCancel(t.Context()), told); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := h.Store.Reported(t.Context(), p.PerformanceID)
	noError(t, err)
	equal(t, got, map[string]availability.Reported{"stalls": {Capacity: 64, Available: 64 - versions + 1}})
}

func reported(t *testing.T, h Harness) {
	performanceID := id.New()
	for _, p := range []availability.Partition{
		{AreaID: "a", Number: 0, Capacity: 64, Available: 10},
		{AreaID: "a", Number: 1, Capacity: 64, Available: 0},
		{AreaID: "a", Number: 1_000_000, Capacity: 1, Available: 1},
		{AreaID: "A", Number: 0, Capacity: 5, Available: 5},
	} {
		p.PerformanceID, p.Version = performanceID, 1
		noError(t, h.Store.ApplyPartition(t.Context(), p))
	}
	noError(t, h.Store.ApplyPartition(t.Context(), availability.Partition{
		PerformanceID: id.New(), AreaID: "a", Version: 1, Capacity: 7, Available: 7,
	}))
	got, err := h.Store.Reported(t.Context(), performanceID)
	noError(t, err)
	equal(t, got, map[string]availability.Reported{"a": {Capacity: 129, Available: 11}, "A": {Capacity: 5, Available: 5}})
	got, err = h.Store.Reported(t.Context(), id.New())
	noError(t, err)
	equal(t, len(got), 0)
}
