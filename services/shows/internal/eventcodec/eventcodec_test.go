package eventcodec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/eventcodec"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

var at = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

func validator(t testing.TB) event.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// examples calls run for each example whose name begins with the prefix.
func examples(t *testing.T, dir, prefix string, run func(t *testing.T, e event.Event)) {
	t.Helper()
	files, err := fs.Glob(contracts.Files, dir+"/"+prefix+"*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no examples %s/%s*", dir, prefix)
	}
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := contracts.Files.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e, err := event.ParseCloudEvent(text)
			if err != nil {
				t.Fatal(err)
			}
			run(t, e)
		})
	}
}

func TestExamplesAreReadAndWrittenBack(t *testing.T) {
	t.Parallel()
	v := validator(t)
	type data interface {
		json.Marshaler
		json.Unmarshaler
		Validate() error
	}
	decoders := map[string]func() data{
		"show.":        func() data { return new(showsevents.Show) },
		"performance.": func() data { return new(showsevents.Performance) },
	}
	for prefix, decoder := range decoders {
		examples(t, "events/shows/examples", prefix, func(t *testing.T, e event.Event) {
			if err := v.Validate(e.Type, e.Data); err != nil {
				t.Fatal(err)
			}
			d := decoder()
			if err := errors.Join(d.UnmarshalJSON(e.Data), d.Validate()); err != nil {
				t.Fatal(err)
			}
			again, err := d.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, again, e.Data)
		})
	}
}

func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func example(t *testing.T, name string) event.Event {
	t.Helper()
	text, err := contracts.Files.ReadFile("events/shows/examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.ParseCloudEvent(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func parse(t testing.TB, s string) id.ID {
	t.Helper()
	v, err := id.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// missa is the show of the examples.
func missa(t testing.TB) show.State {
	return show.State{
		ID: parse(t, "0190b5a2-0001-7d4f-8a1b-000000000001"), OrganizerID: "0190b5a2-0005-7d4f-8a1b-000000000001",
		Details: show.Details{
			Title:       "Beethoven: Missa solemnis",
			Description: "Wiener Symphoniker, Singverein der Gesellschaft der Musikfreunde",
			Category:    "concert",
			VenueID:     parse(t, "0190b5a2-0003-7d4f-8a1b-000000000001"),
			ArtistIDs:   []id.ID{parse(t, "0190b5a2-0004-7d4f-8a1b-000000000001"), parse(t, "0190b5a2-0004-7d4f-8a1b-000000000002")},
		},
		Status: show.Published, PublishedAt: at, Version: 2,
	}
}

// evening is the performance of the examples.
func evening(t testing.TB) (performance.State, seatmap.Map) {
	t.Helper()
	m, err := seatmap.New("", []seatmap.Area{
		{ID: "stalls", Name: "Stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "A", Seats: "1-11,13,15", AisleAfter: []string{"7"}, Wheelchair: []string{"15"}}, {Label: "B", Seats: "12-1"},
		}},
		{ID: "standing", Kind: seatmap.General, Capacity: 248, PriceCategory: "II"},
	}, []seatmap.PriceCategory{
		{ID: "I", Name: "First", Price: money.Money{Amount: 4200, Currency: "EUR"}},
		{ID: "II", Name: "Standing", Price: money.Money{Amount: 1200, Currency: "EUR"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	perOrder, perCustomer := 8, 16
	p, err := performance.Schedule(parse(t, "0190b5a2-0002-7d4f-8a1b-000000000001"), missa(t).ID, performance.Times{
		StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		SalesOpenAt:  time.Date(2027, 1, 15, 9, 0, 0, 0, time.UTC),
		SalesCloseAt: time.Date(2027, 6, 1, 17, 30, 0, 0, time.UTC),
	}, performance.Terms{SeatMap: m, PerOrder: &perOrder, PerCustomer: &perCustomer}, true)
	if err != nil {
		t.Fatal(err)
	}
	return p.State(), m
}

func TestFactsBecomeTheEventsOfTheExamples(t *testing.T) {
	t.Parallel()
	showFact := func(change app.ShowChange, edit func(*show.State)) app.Fact {
		s := missa(t)
		edit(&s)
		return app.ShowFact{Change: change, At: at, Show: show.Restore(s)}
	}
	performanceFact := func(change app.PerformanceChange, edit func(*performance.State)) app.Fact {
		p, m := evening(t)
		previous := p.StartsAtUTC
		edit(&p)
		return app.PerformanceFact{
			Change: change, At: at, Show: show.Restore(missa(t)), Performance: performance.Restore(p), SeatMap: m,
			PreviousStartsAtUTC: previous,
		}
	}
	tests := []struct {
		want string
		give app.Fact
	}{
		{"show.published.v1.full.json", showFact(app.ShowPublished, func(*show.State) {})},
		{"show.updated.v1.optional-parts-removed.json", showFact(app.ShowUpdated, func(s *show.State) {
			s.VenueID, s.ArtistIDs, s.Version = id.Nil, nil, 4
		})},
		{"show.cancelled.v1.reason.json", showFact(app.ShowCancelled, func(s *show.State) {
			s.Status, s.Reason, s.Version = show.Cancelled, "The tenor has lost his voice.", 6
		})},
		{"performance.scheduled.v1.small.json", performanceFact(app.PerformanceScheduled, func(*performance.State) {})},
		{"performance.rescheduled.v1.another-day.json", performanceFact(app.PerformanceRescheduled, func(p *performance.State) {
			p.StartsAt, p.StartsAtUTC, p.Version = "2027-06-08T19:30", time.Date(2027, 6, 8, 17, 30, 0, 0, time.UTC), 2
			p.SalesCloseAt = time.Date(2027, 6, 8, 17, 0, 0, 0, time.UTC)
		})},
		{"performance.cancelled.v1.reason.json", performanceFact(app.PerformanceCancelled, func(p *performance.State) {
			p.Status, p.Reason, p.Version = performance.Cancelled, "The tenor has lost his voice.", 3
		})},
	}
	codec := eventcodec.New(validator(t))
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: "request-1"})
			events, err := codec.Encode(ctx, tt.give)
			if err != nil {
				t.Fatal(err)
			}
			got, want := events[0], example(t, tt.want)
			if got.Type != want.Type || got.Source != want.Source || got.Subject != want.Subject || got.DataSchema != want.DataSchema || !got.Time.Equal(at) {
				t.Errorf("envelope %+v, want that of %+v", got, want)
			}
			if got.CorrelationID != "request-1" {
				t.Errorf("correlation %q", got.CorrelationID)
			}
			sameJSON(t, got.Data, want.Data)
		})
	}
}

// wide is a seat map whose event has about so many bytes, in rows of seats that
// are no ranges.
func wide(t testing.TB, bytes int) seatmap.Map {
	t.Helper()
	var seats []string
	for i := range 16 {
		seats = append(seats, fmt.Sprintf("S%04d", 2*i))
	}
	row := strings.Join(seats, ",")
	const around = len(`{"row":"0000","seats":""},`)
	var areas []seatmap.Area
	for i := range bytes / (len(row) + around) {
		if i%1000 == 0 {
			areas = append(areas, seatmap.Area{ID: fmt.Sprint("a", i), Kind: seatmap.Seated, PriceCategory: "I"})
		}
		area := &areas[len(areas)-1]
		area.Rows = append(area.Rows, seatmap.Row{Label: fmt.Sprintf("%04d", i), Seats: row})
	}
	m, err := seatmap.New("", areas, []seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestALargeSeatMapGoesByReference(t *testing.T) {
	t.Parallel()
	codec := eventcodec.New(validator(t))
	tests := []struct {
		name   string
		bytes  int
		inline bool
	}{
		{"below 200 KiB", 195 << 10, true},
		{"above 200 KiB", 205 << 10, false},
		{"a megabyte", 1 << 20, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			state, _ := evening(t)
			events, err := codec.Encode(t.Context(), app.PerformanceFact{
				Change: app.PerformanceScheduled, At: at, Show: show.Restore(missa(t)), Performance: performance.Restore(state), SeatMap: wide(t, tt.bytes),
			})
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := events[0].MarshalCloudEvent()
			if err != nil {
				t.Fatal(err)
			}
			if len(encoded) > eventcodec.MaxInlineBytes {
				t.Errorf("the event has %d bytes", len(encoded))
			}
			var data showsevents.Performance
			if err := data.UnmarshalJSON(events[0].Data); err != nil {
				t.Fatal(err)
			}
			if data.SeatMap.Set != tt.inline || data.SeatMapRef.Set == tt.inline {
				t.Errorf("inline %t, by reference %t, of %d bytes", data.SeatMap.Set, data.SeatMapRef.Set, len(encoded))
			}
			if want := "/shows/" + state.ShowID.String() + "/performances/" + state.ID.String() + "/seatmaps/1"; !tt.inline && data.SeatMapRef.Value != want {
				t.Errorf("reference %q, want %q", data.SeatMapRef.Value, want)
			}
		})
	}
}

func TestAFactThatBreaksItsContractIsRefused(t *testing.T) {
	t.Parallel()
	broken := missa(t)
	broken.Version = 0
	_, err := eventcodec.New(validator(t)).Encode(t.Context(), app.ShowFact{Change: app.ShowPublished, At: at, Show: show.Restore(broken)})
	if err == nil || !strings.Contains(err.Error(), "contract") {
		t.Errorf("Encode() = %v", err)
	}
	for _, fact := range []app.Fact{app.ShowFact{}, app.PerformanceFact{}} {
		if _, err := eventcodec.New(validator(t)).Encode(t.Context(), fact); err == nil {
			t.Errorf("%T of no change was encoded", fact)
		}
	}
}

func partitionEvent(data string) event.Event {
	return event.Event{ID: id.New(), Type: ticketsevents.TypeAvailabilityChanged, Data: json.RawMessage(data)}
}

const partition = `{"performanceId":"0190b5a2-0002-7d4f-8a1b-000000000001","areaId":"stalls","partition":3,"version":7,"capacity":64,"available":12,"held":2,"sold":50`

func TestAPartitionIsDecoded(t *testing.T) {
	t.Parallel()
	want := availability.Partition{
		PerformanceID: parse(t, "0190b5a2-0002-7d4f-8a1b-000000000001"), AreaID: "stalls", Number: 3, Version: 7, Capacity: 64, Available: 12,
	}
	for name, data := range map[string]string{
		"as it is":             partition + `}`,
		"with unknown members": partition + `,"blocked":1,"nested":{"a":[1,{"b":null}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := eventcodec.DecodePartition(partitionEvent(data))
			if err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// The examples are the tickets service's; whatever it adds must be read here.
func TestExamplesOfTheSaleAreDecoded(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(contracts.Files, "events/tickets/examples/availability.changed.*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := contracts.Files.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e, err := event.ParseCloudEvent(text)
			if err != nil {
				t.Fatal(err)
			}
			p, err := eventcodec.DecodePartition(e)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%s/%s/%d", p.PerformanceID, p.AreaID, p.Number); e.Subject != want {
				t.Errorf("subject %s, want %s", e.Subject, want)
			}
		})
	}
}

func TestAMalformedPartitionIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give string }{
		{"empty", `{}`},
		{"no version", strings.Replace(partition, `"version":7,`, "", 1) + `}`},
		{"version 0", strings.Replace(partition, `"version":7`, `"version":0`, 1) + `}`},
		{"a negative number", strings.Replace(partition, `"available":12`, `"available":-1`, 1) + `}`},
		{"no id", strings.Replace(partition, "0190b5a2-0002-7d4f-8a1b-000000000001", "x", 1) + `}`},
		{"another type", strings.Replace(partition, `"capacity":64`, `"capacity":"64"`, 1) + `}`},
		{"an area's id that is none", strings.Replace(partition, `"stalls"`, `"a/b"`, 1) + `}`},
		{"half", partition[:40]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := eventcodec.DecodePartition(partitionEvent(tt.give)); !errors.Is(err, eventcodec.ErrMalformed) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	other := partitionEvent(partition + `}`)
	other.Type = ticketsevents.TypeHoldPlaced
	if _, err := eventcodec.DecodePartition(other); !errors.Is(err, eventcodec.ErrMalformed) {
		t.Errorf("another event: %v", err)
	}
}

func FuzzDecodePartition(f *testing.F) {
	f.Add([]byte(partition + `}`))
	f.Add([]byte(partition + `,"more":[{}]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"version":1e9}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := eventcodec.DecodePartition(partitionEvent(string(data)))
		if err != nil {
			if !errors.Is(err, eventcodec.ErrMalformed) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if p.Version < 1 || p.Number < 0 || p.Capacity < 0 || p.Available < 0 || p.AreaID == "" {
			t.Fatalf("accepted %+v", p)
		}
	})
}
