package showsclient_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/showsclient"
)

func newClient(t *testing.T, handler http.HandlerFunc) *showsclient.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := showsclient.New(server.URL+"/", server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestSeatMapIsRead(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/shows/1/performances/2/seatmaps/3" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		}
		_, _ = w.Write([]byte(`{"later":1,"areas":[
			{"id":"stalls","name":"Stalls","kind":"seated","priceCategory":"I","rows":[{"row":"A","seats":"1-3","aisleAfter":["1"],"wheelchair":["3"],"later":1}]},
			{"id":"floor","kind":"general","capacity":70,"priceCategory":"II"}],
			"allocations":[{"id":"sponsors","channel":"sponsor","areaId":"stalls","rows":[{"row":"A","seats":"2-3"}]},{"id":"door","channel":"box_office","areaId":"floor","quantity":20}]}`))
	})
	areas, allocations, err := client.SeatMap(t.Context(), "/shows/1/performances/2/seatmaps/3")
	if err != nil {
		t.Fatal(err)
	}
	if len(areas) != 2 || areas[0].Kind != seatmap.Seated || areas[0].Rows[0].Label != "A" || areas[0].Rows[0].AisleAfter[0] != "1" ||
		areas[0].Rows[0].Wheelchair[0] != "3" || areas[1].Capacity != 70 || areas[1].PriceCategory != "II" {
		t.Errorf("areas = %+v", areas)
	}
	want := []seatmap.Allocation{
		{ID: "sponsors", Channel: "sponsor", AreaID: "stalls", Rows: []seatmap.Row{{Label: "A", Seats: "2-3"}}},
		{ID: "door", Channel: "box_office", AreaID: "floor", Quantity: 20},
	}
	if !reflect.DeepEqual(allocations, want) {
		t.Errorf("allocations = %+v", allocations)
	}
}

func TestPathsThatLeaveTheAPIAreRefused(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, path := range []string{
		"", "/", "/shows", "shows/1", "/tickets/1", "//evil.example.com/shows/1", "http://evil.example.com/shows/1", "/shows/../tickets/1",
	} {
		if areas, _, err := client.SeatMap(t.Context(), path); err == nil {
			t.Errorf("%q: %+v", path, areas)
		}
	}
}

func TestAnswersThatAreNoSeatMapAreErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
	}{
		{"not found", 404, `{"areas":[]}`},
		{"no content", 204, ``},
		{"empty", 200, ``},
		{"not JSON", 200, `<html>`},
		{"another type", 200, `[]`},
		{"longer than any seat map", 200, `{"areas":[],"padding":"` + strings.Repeat("x", 9<<20) + `"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			if areas, _, err := client.SeatMap(t.Context(), "/shows/1"); err == nil {
				t.Errorf("SeatMap() = %+v", areas)
			}
		})
	}
}

func TestAddressMustBeOne(t *testing.T) {
	t.Parallel()
	if _, err := showsclient.New("http://bad host:x", http.DefaultClient); err == nil {
		t.Error("an address that is none is taken")
	}
}

func FuzzSeatMap(f *testing.F) {
	for _, seed := range []string{
		`{"areas":[{"id":"a","kind":"general","capacity":9,"priceCategory":"I"}],"allocations":[{"id":"x","channel":"c","areaId":"a","quantity":999999999}]}`,
		`{"areas":[]}`, `{"areas":[{"id":"floor","kind":"general","capacity":70,"priceCategory":"II"}]}`, `{`, `null`, ``,
	} {
		f.Add(seed)
	}
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	f.Cleanup(server.Close)
	client, err := showsclient.New(server.URL, server.Client())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		areas, allocations, err := client.SeatMap(t.Context(), "/shows/1")
		if err == nil {
			if layout, err := seatmap.New(areas); err == nil { // whatever came, laying it out ends
				_ = layout.Allocate(allocations, nil)
			}
		}
	})
}
