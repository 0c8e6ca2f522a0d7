package eventcodec_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/venue"
)

const examples = "../../../../contracts/events/info/examples"

// TestContractExamplesAreWhatTheCodecMakes rebuilds the entity of every example
// and makes its event again.
func TestContractExamplesAreWhatTheCodecMakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(examples, "*.json"))
	if err != nil || len(files) < 6 {
		t.Fatalf("examples: %v, %v, want three for each event", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := event.ParseCloudEvent(text)
			if err != nil {
				t.Fatal(err)
			}
			got := remake(t, want)
			if got.Type != want.Type || got.Source != want.Source || got.Subject != want.Subject || got.DataSchema != want.DataSchema ||
				!got.Time.Equal(want.Time) || got.CorrelationID != want.CorrelationID {
				t.Errorf("envelope %+v, want %+v", got, want)
			}
			if g, w := decode(t, got.Data), decode(t, want.Data); !reflect.DeepEqual(g, w) {
				t.Errorf("data %v, want %v", g, w)
			}
			if !strings.HasPrefix(filepath.Base(file), strings.TrimPrefix(want.Type, "ticketmesh.info.")+".") {
				t.Errorf("the file is not named after its type %s", want.Type)
			}
			if _, err := got.MarshalCloudEvent(); err != nil {
				t.Error(err)
			}
		})
	}
}

func remake(t *testing.T, e event.Event) event.Event {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	codec := eventcodec.New(v)
	ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: e.CorrelationID})
	var made event.Event
	switch e.Type {
	case infoevents.TypeVenueUpdated:
		var data infoevents.VenueUpdated
		if err := data.UnmarshalJSON(e.Data); err != nil {
			t.Fatal(err)
		}
		details := venue.Details{
			Name: data.Name, Address: data.Address.Or(""), City: data.City, Country: data.Country, TimeZone: data.TimeZone, Capacity: data.Capacity.Or(0),
		}
		// An example of what could not be entered would be a poor one.
		if _, err := venue.New(data.VenueID, details); err != nil {
			t.Error(err)
		}
		made, err = codec.VenueUpdated(ctx, venue.Restore(venue.State{ID: data.VenueID, Details: details, Version: data.Version, Deleted: data.Deleted}), e.Time)
	case infoevents.TypePagePublished:
		var data infoevents.PagePublished
		if err := data.UnmarshalJSON(e.Data); err != nil {
			t.Fatal(err)
		}
		key, keyErr := page.NewKey(data.Slug, data.Language)
		content := page.Content{Title: data.Title, Markdown: data.Markdown}
		if _, err := page.New(key, content, id.Nil); err != nil || keyErr != nil {
			t.Error(err, keyErr)
		}
		made, err = codec.PagePublished(ctx, page.Restore(page.State{Key: key, Content: content, Version: data.Version, Deleted: data.Deleted}), e.Time)
	default:
		t.Fatalf("an example of the type %s", e.Type)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func decode(t *testing.T, data []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type refusal struct{ err error }

func (r refusal) Validate(string, []byte) error { return r.err }

func TestWhatBreaksTheContractIsNotMade(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	codec := eventcodec.New(refusal{broken})
	if _, err := codec.VenueUpdated(t.Context(), venue.Venue{}, time.Unix(0, 0)); !errors.Is(err, broken) {
		t.Errorf("err = %v, want %v", err, broken)
	}
	if _, err := codec.PagePublished(t.Context(), page.Page{}, time.Unix(0, 0)); !errors.Is(err, broken) {
		t.Errorf("err = %v, want %v", err, broken)
	}
}

// TestThePageThatMayBeLongestFitsOnEveryBus counts as EventBridge does, whose limit is
// the lowest.
func TestThePageThatMayBeLongestFitsOnEveryBus(t *testing.T) {
	t.Parallel()
	const limit = 256 << 10
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	codec := eventcodec.New(validator)
	key, err := page.NewKey(strings.Repeat("a", 128), "de-AT")
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range []string{"a", "\"", "\\", "\n", "\t", "<", "&", "/", "ä", "公", "\u2028", "👩"} {
		count := min(page.MaxMarkdown/len(letter), 200_000)
		if strings.ContainsAny(letter, "\"\\\n\t") {
			count = page.MaxEncoded / 2
		}
		p, err := page.New(key, page.Content{Title: strings.Repeat("\"", 200), Markdown: strings.Repeat(letter, count)}, id.New())
		if err != nil {
			t.Fatalf("%q: %v", letter, err)
		}
		e, err := codec.PagePublished(event.WithTrace(t.Context(), event.Trace{CorrelationID: strings.Repeat("c", 128), TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}), p, time.Now())
		if err != nil {
			t.Fatalf("%q: %v", letter, err)
		}
		encoded, err := e.MarshalCloudEvent()
		if err != nil {
			t.Fatal(err)
		}
		if size := len(encoded) + len(e.Type) + len(e.Source) + 14; size >= limit {
			t.Errorf("%d times %q have %d bytes, want less than %d", count, letter, size, limit)
		}
	}
}
