package jsoncodec_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/seatplan"
	"ticketmesh.dev/services/shows/internal/series"
	"ticketmesh.dev/services/shows/internal/show"
)

var (
	at      = time.Date(2027, 1, 15, 9, 30, 0, 250_000_000, time.UTC)
	one     = id.ID{0x01, 0x90, 0xb5, 0xa2, 0x7c, 0x3e, 0x7d, 0x4f, 0x8a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x6a, 0x01}
	two     = id.ID{0x01, 0x90, 0xb5, 0xa2, 0x7c, 0x3e, 0x7d, 0x4f, 0x8a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x6a, 0x02}
	charged = &pricing.Rules{
		Fees: []pricing.Fee{
			{ID: "service", Name: "Service", Per: pricing.PerTicket, Amount: &money.Money{Amount: 5, Currency: "KWD"}, Refundable: true},
			{ID: "card", Name: "Card", Per: pricing.PerOrder, Percent: "1.5"},
		},
		Tax: &pricing.Tax{Name: "VAT", Percent: "5", Included: true}, Rounding: pricing.HalfUp,
	}
	areas = []seatmap.Area{
		{ID: "stalls", Name: "Parkett", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
			{Label: "A", Seats: "1-11,13,15", AisleAfter: []string{"7"}, Wheelchair: []string{"15"}, Companion: []string{"13"}, OutOfSale: []string{"1"}},
		}},
		{ID: "standing", Kind: seatmap.General, Capacity: 248, PriceCategory: "I"},
	}
	house = seatmap.Restore(areas, []seatmap.PriceCategory{{
		ID: "I", Name: "First", Price: money.Money{Amount: 1000, Currency: "KWD"},
		Tiers: []seatmap.Tier{
			{ID: "early", Name: "Früh", Price: money.Money{Amount: 999, Currency: "KWD"}, Until: at},
			{ID: "few", Name: "Few", Price: money.Money{Amount: 1, Currency: "KWD"}, Until: at, Quantity: &hundred},
		},
		Concessions: []seatmap.Concession{
			{ID: "child", Name: "Children", Price: &money.Money{Currency: "KWD"}}, {ID: "student", Name: "Students", PercentOff: "12.5"},
		},
		SalesOpenAt: at, SalesCloseAt: at.Add(time.Hour),
	}}).RestoreAllocations(allocations)
	hundred     = 100
	allocations = []seatmap.Allocation{
		{ID: "sponsors", Name: "Spönsörs", Channel: "sponsor", AreaID: "stalls", Rows: []seatmap.AllocatedRow{{Label: "A", Seats: "2-5,15"}}},
		{ID: "door", Channel: "box_office", AreaID: "standing", Quantity: 20},
	}
	channels = []sales.Channel{{ID: "box_office", SalesOpenAt: at}, {ID: "sponsor", SalesCloseAt: at.Add(time.Hour)}}
	soldBy   = sales.Rules{
		Channels: channels,
		Presales: []sales.Presale{{
			ID: "members", Name: "Mitglieder", OpensAt: at, ClosesAt: at.Add(time.Hour), PriceCategories: []string{"I"}, Channel: "sponsor", Uses: 2,
			Codes: []string{"MEMBERS-2027"}, Generated: []string{"7QXK-M4RT-9WDC-H2NE"},
		}},
		Released: []string{"door"},
	}
)

// TestWhatIsStoredReadsBack holds documents as they are stored, which later
// versions have to read, to what they say.
func TestWhatIsStoredReadsBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []document{
		of("show", show.Restore(show.State{
			ID: one, OrganizerID: "ada",
			Details: show.Details{Title: "Ödipus", Description: "A <king>.", Category: "theatre", VenueID: two, ArtistIDs: []id.ID{one, two}},
			Status:  show.Cancelled, Reason: "flood", PublishedAt: at, Version: 3,
		}), jsoncodec.EncodeShow, jsoncodec.DecodeShow),
		of("performance", performance.Restore(performance.State{
			ID: one, ShowID: two, StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna", StartsAtUTC: at, SalesOpenAt: at, SalesCloseAt: at.Add(time.Hour),
			Limits: performance.Limits{PerOrder: 8, PerCustomer: 16}, Currency: "KWD", SeatMapVersion: 1, SeatPlan: performance.SeatPlan{ID: two, Version: 3},
			Pricing: charged, Sales: soldBy, Capacities: []seatmap.Capacity{{AreaID: "stalls", Places: 13}},
			Status: performance.Cancelled, Reason: "ill", Announced: true, Version: 5,
		}), jsoncodec.EncodePerformance, jsoncodec.DecodePerformance),
		of("seatmap", house, jsoncodec.EncodeSeatMap, jsoncodec.DecodeSeatMap),
		of("seatplan", seatplan.Details{Name: "Saal", Areas: areas, Categories: []seatplan.Category{{ID: "I", Name: "First"}}, Allocations: allocations}, jsoncodec.EncodeSeatPlan, jsoncodec.DecodeSeatPlan),
		of("series", series.Restore(series.State{
			ID: one, ShowID: two, Rule: "FREQ=DAILY;COUNT=1",
			Template: series.Template{
				TimeZone: "Europe/Vienna", SalesOpenAt: at, SeatMap: house, SeatPlan: performance.SeatPlan{ID: two, Version: 3},
				Pricing: charged, Channels: channels, Limits: performance.Limits{PerOrder: 8, PerCustomer: 16},
			},
			Occurrences: []series.Occurrence{{PerformanceID: two, StartsAt: "2027-06-01T20:00"}},
		}), jsoncodec.EncodeSeries, decodeSeries),
		of("pricing", charged, jsoncodec.EncodePricing, jsoncodec.DecodePricing),
		of("sales", soldBy, jsoncodec.EncodeSales, jsoncodec.DecodeSales),
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stored, err := os.ReadFile(filepath.Join("testdata", tt.name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			written, err := tt.encode()
			if err != nil {
				t.Fatal(err)
			}
			for name, document := range map[string][]byte{"stored": stored, "written": written} {
				got, err := tt.decode(document)
				if err != nil || !reflect.DeepEqual(got, tt.give) {
					t.Errorf("%s is\n%s, read as\n%+v, %v, want\n%+v", name, document, got, err, tt.give)
				}
			}
			if _, err := tt.decode([]byte(`{"version":`)); err == nil {
				t.Error("half a document was read")
			}
		})
	}
}

// document is one kind of documents: encode writes give.
type document struct {
	name   string
	give   any
	encode func() ([]byte, error)
	decode func(stored []byte) (any, error)
}

func of[T any](name string, give T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) document {
	return document{
		name, give,
		func() ([]byte, error) { return encode(give) },
		func(b []byte) (any, error) { return decode(b) },
	}
}

func decodeSeries(b []byte) (series.Series, error) { return jsoncodec.DecodeSeries(two, one, b) }

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"show", "performance", "seatmap", "seatplan", "series", "pricing", "sales"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"Pricing":{"Fees":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, b, jsoncodec.EncodeShow, jsoncodec.DecodeShow)
		again(t, b, jsoncodec.EncodePerformance, jsoncodec.DecodePerformance)
		again(t, b, jsoncodec.EncodeSeatMap, jsoncodec.DecodeSeatMap)
		again(t, b, jsoncodec.EncodeSeatPlan, jsoncodec.DecodeSeatPlan)
		again(t, b, jsoncodec.EncodeSeries, decodeSeries)
		again(t, b, jsoncodec.EncodePricing, jsoncodec.DecodePricing)
		again(t, b, jsoncodec.EncodeSales, jsoncodec.DecodeSales)
	})
}

// again writes what could be read, twice, which must not differ.
func again[T any](t *testing.T, b []byte, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	read, err := decode(b)
	if err != nil {
		return
	}
	first, err := encode(read)
	if err != nil {
		t.Fatal(err)
	}
	read, err = decode(first)
	if err != nil {
		t.Fatalf("%s: %v", first, err)
	}
	second, err := encode(read)
	if err != nil || string(second) != string(first) {
		t.Errorf("%s is written as %s, then as %s, %v", b, first, second, err)
	}
}
