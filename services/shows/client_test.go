package shows_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/id"
)

// token is the caller's name, or nobody.
type token string

// Bearer implements showsapi.SecuritySource.
func (s token) Bearer(context.Context, showsapi.OperationName) (showsapi.Bearer, error) {
	return showsapi.Bearer{Token: string(s)}, nil
}

// is fails unless the answer is of type T, which is that of one status.
func is[T any](t *testing.T) func(answer any, err error) T {
	return func(answer any, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		as, ok := answer.(T)
		if !ok {
			t.Fatalf("got %T: %+v", answer, answer)
		}
		return as
	}
}

// What the generated client reads is what the document promises: it checks
// required members, enumerations and formats of every answer.
func TestAnswersAreWhatTheDocumentPromises(t *testing.T) {
	t.Parallel()
	m := start(t)
	client, err := showsapi.NewClient(m.server.URL, token(organizer), showsapi.WithClient(m.server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	input := func() *showsapi.SchedulePerformance {
		return &showsapi.SchedulePerformance{
			StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
			SeatMap: showsapi.NewOptSeatMapInput(showsapi.SeatMapInput{
				Areas:           []showsapi.AreaInput{{ID: "all", Kind: showsapi.AreaInputKindGeneral, Capacity: showsapi.NewOptInt(5), PriceCategory: "I"}},
				PriceCategories: []showsapi.PriceCategoryInput{{ID: "I", Name: "First", Price: showsapi.MoneyInput{Amount: 100, Currency: "JPY"}}},
			}),
			Limits: showsapi.NewOptLimitsInput(showsapi.LimitsInput{PerCustomer: showsapi.NewOptInt(2)}),
		}
	}

	is[*showsapi.Health](t)(client.GetHealth(ctx))
	created := is[*showsapi.ShowCreatedHeaders](t)(client.CreateShow(ctx, &showsapi.CreateShow{Title: "Hamlet", Category: "theatre"}, showsapi.CreateShowParams{IdempotencyKey: showsapi.NewOptString("k")}))
	showID := created.Response.ShowID
	is[*showsapi.ShowHeaders](t)(client.UpdateShow(ctx, &showsapi.UpdateShowApplicationMergePatchJSON{Title: showsapi.NewOptString("Lear")}, showsapi.UpdateShowParams{ShowId: showID, IfMatch: created.ETag}))
	is[*showsapi.UpdateShowPreconditionFailed](t)(client.UpdateShow(ctx, &showsapi.UpdateShowApplicationJSON{Title: showsapi.NewOptString("Lear")}, showsapi.UpdateShowParams{ShowId: showID, IfMatch: created.ETag}))
	scheduled := is[*showsapi.PerformanceCreatedHeaders](t)(client.SchedulePerformance(ctx, input(), showsapi.SchedulePerformanceParams{ShowId: showID}))
	performanceID := scheduled.Response.PerformanceID
	is[*showsapi.ShowHeaders](t)(client.PublishShow(ctx, showsapi.PublishShowParams{ShowId: showID}))
	is[*showsapi.ShowHeaders](t)(client.GetShow(ctx, showsapi.GetShowParams{ShowId: showID}))
	is[*showsapi.ShowListHeaders](t)(client.ListShows(ctx, showsapi.ListShowsParams{Q: showsapi.NewOptString("lear")}))
	is[*showsapi.PerformanceList](t)(client.ListPerformances(ctx, showsapi.ListPerformancesParams{ShowId: showID}))
	is[*showsapi.PerformanceHeaders](t)(client.GetPerformance(ctx, showsapi.GetPerformanceParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.SeatMap](t)(client.GetSeatMap(ctx, showsapi.GetSeatMapParams{ShowId: showID, PerformanceId: performanceID, Version: 1}))
	is[*showsapi.Availability](t)(client.GetAvailability(ctx, showsapi.GetAvailabilityParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.PerformanceHeaders](t)(client.ReschedulePerformance(ctx, &showsapi.ReschedulePerformance{StartsAt: "2027-06-02T20:00"}, showsapi.ReschedulePerformanceParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.ReschedulePerformanceUnprocessableEntity](t)(client.ReschedulePerformance(ctx, &showsapi.ReschedulePerformance{StartsAt: "2027-03-28T02:30"}, showsapi.ReschedulePerformanceParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.PerformanceHeaders](t)(client.CancelPerformance(ctx, showsapi.NewOptCancel(showsapi.Cancel{Reason: showsapi.NewOptString("ill")}), showsapi.CancelPerformanceParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.ReschedulePerformanceConflict](t)(client.ReschedulePerformance(ctx, &showsapi.ReschedulePerformance{StartsAt: "2027-06-02T20:00"}, showsapi.ReschedulePerformanceParams{ShowId: showID, PerformanceId: performanceID}))
	is[*showsapi.ShowHeaders](t)(client.CancelShow(ctx, showsapi.OptCancel{}, showsapi.CancelShowParams{ShowId: showID}))
	is[*showsapi.SchedulePerformanceConflict](t)(client.SchedulePerformance(ctx, input(), showsapi.SchedulePerformanceParams{ShowId: showID}))
	is[*showsapi.GetShowNotFound](t)(client.GetShow(ctx, showsapi.GetShowParams{ShowId: id.New()}))
	m.told()
}

func FuzzCursors(f *testing.F) {
	m := start(f)
	show := m.publishedShow()
	for range 3 {
		m.publishedShow()
		m.schedule(show)
	}
	f.Add(m.do(nobody, "GET", "/shows?limit=1", nil).want(200).string("nextCursor"))
	f.Add(m.do(nobody, "GET", show+"/performances?limit=1", nil).want(200).string("nextCursor"))
	for _, seed := range []string{"", "x", "e30", "eyJzIjoiIn0", "eyJ0IjotMSwicCI6IiJ9", "bnVsbA", "W10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, path := range []string{"/shows", show + "/performances"} {
			w := httptest.NewRecorder()
			m.api.Check(t, m.API).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?cursor="+url.QueryEscape(cursor), nil))
			if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Fatalf("%s with cursor %q: %d %s", path, cursor, w.Code, w.Body)
			}
		}
	})
}
