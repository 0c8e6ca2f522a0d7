package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"pgregory.net/rapid"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
)

var update = flag.Bool("update", false, "write the golden files")

func mustID(s string) id.ID {
	v, err := id.Parse(s)
	if err != nil {
		panic(err)
	}
	return v
}

// full has every attribute, and a time whose last decimals are zeros.
func full() event.Event {
	return event.Event{
		ID:            mustID("018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f"),
		Type:          "ticketmesh.tickets.order.confirmed.v1",
		Source:        "/ticketmesh/tickets",
		Subject:       "018f2f4e-7b1a-7c3d-8e4f-000000000001",
		DataSchema:    "https://ticketmesh.dev/events/tickets/order.confirmed.v1.schema.json",
		Time:          time.Date(2026, 11, 25, 20, 0, 0, 100e6, time.FixedZone("CET", 3600)),
		Data:          json.RawMessage(`{"version":1,"note":"Größe, \"time\":\"x\""}`),
		CorrelationID: "req-1",
		CausationID:   "018f2f4e-7b1a-7c3d-8e4f-000000000002",
		TraceParent:   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

func minimal() event.Event {
	e := full()
	e.DataSchema, e.CorrelationID, e.CausationID, e.TraceParent = "", "", "", ""
	e.Time = time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC)
	e.Data = json.RawMessage(`{}`)
	return e
}

func TestMarshalCloudEventGolden(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]event.Event{"full": full(), "minimal": minimal()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := e.MarshalCloudEvent()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if want = bytes.TrimSpace(want); !bytes.Equal(got, want) {
				t.Errorf("encoding differs\n-want %s\n+got  %s", want, got)
			}
		})
	}
}

func TestMarshalCloudEventRefusesWhatIsIncomplete(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give func(*event.Event)
	}{
		{"no id", func(e *event.Event) { e.ID = id.Nil }},
		{"no type", func(e *event.Event) { e.Type = "" }},
		{"no source", func(e *event.Event) { e.Source = "" }},
		{"source is no URI reference", func(e *event.Event) { e.Source = "http://[::1" }},
		{"no subject", func(e *event.Event) { e.Subject = "" }},
		{"subject of spaces", func(e *event.Event) { e.Subject = "  " }},
		{"no time", func(e *event.Event) { e.Time = time.Time{} }},
		{"year of five digits", func(e *event.Event) { e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"schema is relative", func(e *event.Event) { e.DataSchema = "order.json" }},
		{"no data", func(e *event.Event) { e.Data = nil }},
		{"empty data", func(e *event.Event) { e.Data = json.RawMessage{} }},
		{"null data", func(e *event.Event) { e.Data = json.RawMessage(`null`) }},
		{"data is an array", func(e *event.Event) { e.Data = json.RawMessage(`[{}]`) }},
		{"data is cut off", func(e *event.Event) { e.Data = json.RawMessage(`{"a":1`) }},
		{"two values of data", func(e *event.Event) { e.Data = json.RawMessage(`{} {}`) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := full()
			tt.give(&e)
			if b, err := e.MarshalCloudEvent(); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("got %s, %v; want ErrInvalid", b, err)
			}
		})
	}
}

func TestParseCloudEventReadsWhatWasMarshalled(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[ -~]*[!-~][ -~]*`)
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "data"))
		if err != nil {
			t.Fatal(err)
		}
		want := event.Event{
			ID:            id.New(),
			Type:          text.Draw(t, "type"),
			Source:        "/ticketmesh/" + rapid.StringMatching(`[a-z]+`).Draw(t, "source"),
			Subject:       text.Draw(t, "subject"),
			Time:          time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time")).UTC(),
			Data:          data,
			CorrelationID: rapid.String().Draw(t, "correlation"),
			CausationID:   rapid.StringMatching(`[ -~]*`).Draw(t, "causation"),
		}
		raw, err := want.MarshalCloudEvent()
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.ParseCloudEvent(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		same(t, got, want)
	})
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func same(t fataler, got, want event.Event) {
	t.Helper()
	if !got.Time.Equal(want.Time) || !bytes.Equal(got.Data, want.Data) {
		t.Fatalf("\n-want %+v\n+got  %+v", want, got)
	}
	got.Time, want.Time, got.Data, want.Data = time.Time{}, time.Time{}, nil, nil
	if got.ID != want.ID || got.Type != want.Type || got.Source != want.Source || got.Subject != want.Subject ||
		got.DataSchema != want.DataSchema || got.CorrelationID != want.CorrelationID ||
		got.CausationID != want.CausationID || got.TraceParent != want.TraceParent {
		t.Fatalf("\n-want %+v\n+got  %+v", want, got)
	}
}

func TestParseCloudEventAcceptsOtherProducers(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give string }{
		{"any order and spaces", `
			{ "data" : {"version":1} , "time":"2026-11-25T19:00:00Z", "subject":"s", "type":"t", "source":"/x",
			"id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f", "specversion":"1.0" } `},
		{"another time zone and nanoseconds", envelope("time", `"2026-11-25T20:00:00.000000001+01:00"`)},
		{"no content type", envelope("datacontenttype", "")},
		{"a content type with a charset", envelope("datacontenttype", `"application/json; charset=utf-8"`)},
		{"an extension of their own", envelope("tenant", `"x"`)},
		{"escapes", envelope("subject", `"\u0073"`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := event.ParseCloudEvent([]byte(tt.give))
			if err != nil {
				t.Fatal(err)
			}
			want := event.Event{
				ID: mustID("018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f"), Type: "t", Source: "/x", Subject: "s",
				Time: time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC), Data: json.RawMessage(`{"version":1}`),
			}
			same(t, got, want)
		})
	}
}

// envelope is a valid envelope with one member replaced, added or, for "",
// left out.
func envelope(name, value string) string {
	members := []struct{ name, value string }{
		{"specversion", `"1.0"`},
		{"id", `"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f"`},
		{"source", `"/x"`},
		{"type", `"t"`},
		{"subject", `"s"`},
		{"datacontenttype", `"application/json"`},
		{"time", `"2026-11-25T19:00:00.000Z"`},
		{"data", `{"version":1}`},
	}
	var parts []string
	found := false
	for _, m := range members {
		if m.name == name {
			found = true
			if m.value = value; value == "" {
				continue
			}
		}
		parts = append(parts, `"`+m.name+`":`+m.value)
	}
	if !found && value != "" {
		parts = append(parts, `"`+name+`":`+value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestParseCloudEventRefuses(t *testing.T) {
	t.Parallel()
	if _, err := event.ParseCloudEvent([]byte(envelope("", ""))); err != nil {
		t.Fatalf("the envelope that the cases spoil is refused: %v", err)
	}
	tests := []struct{ name, give string }{
		{"nothing", ``},
		{"no JSON", `{"id":`},
		{"an array", `[` + envelope("", "") + `]`},
		{"two envelopes", envelope("", "") + envelope("", "")},
		{"no specversion", envelope("specversion", "")},
		{"another specversion", envelope("specversion", `"0.3"`)},
		{"no id", envelope("id", "")},
		{"an empty id", envelope("id", `""`)},
		{"the nil id", envelope("id", `"00000000-0000-0000-0000-000000000000"`)},
		{"an id that is no UUID", envelope("id", `"42"`)},
		{"an id in braces", envelope("id", `"{018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f}"`)},
		{"a numeric id", envelope("id", `1`)},
		{"no type", envelope("type", "")},
		{"an empty type", envelope("type", `""`)},
		{"no source", envelope("source", "")},
		{"an empty source", envelope("source", `""`)},
		{"no subject", envelope("subject", "")},
		{"an empty subject", envelope("subject", `""`)},
		{"no time", envelope("time", "")},
		{"a time without zone", envelope("time", `"2026-11-25T19:00:00.000"`)},
		{"a time with a short zone", envelope("time", `"2026-11-25T19:00:00.000+0100"`)},
		{"no data", envelope("data", "")},
		{"null data", envelope("data", `null`)},
		{"data of a string", envelope("data", `"{}"`)},
		{"data of an array", envelope("data", `[]`)},
		{"data_base64", envelope("data_base64", `"e30="`)},
		{"data_base64 of a number", envelope("data_base64", `1`)},
		{"data_base64 in disguise", envelope(`data\u005fbase64`, `"e30="`)},
		{"only data_base64", `{"specversion":"1.0","id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f","source":"/x","type":"t","subject":"s","time":"2026-11-25T19:00:00.000Z","data_base64":"e30="}`},
		{"XML", envelope("datacontenttype", `"application/xml"`)},
		{"a malformed schema", envelope("dataschema", `"https://x/%zz"`)},
		{"a relative schema", envelope("dataschema", `"x.json"`)},
		{"the id twice", strings.Replace(envelope("", ""), `"type"`, `"id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e70","type"`, 1)},
		{"an extension twice", strings.Replace(envelope("tenant", `"a"`), `"type"`, `"tenant":"b","type"`, 1)},
		{"an extension named by a space", envelope(" ", `1`)},
		{"an attribute without a name", strings.Replace(envelope("", ""), `{"spec`, `{"":1,"spec`, 1)},
		{"a trace of a number", envelope("correlationid", `1`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if e, err := event.ParseCloudEvent([]byte(tt.give)); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("got %+v, %v; want ErrInvalid", e, err)
			}
		})
	}
}

func TestNewContinuesTheTraceInTheContext(t *testing.T) {
	t.Parallel()
	want := event.Trace{CorrelationID: "c", CausationID: "e", TraceParent: "t"}
	e := event.New(event.WithTrace(context.Background(), want), "/x", "t", "s", "", time.Now(), json.RawMessage(`{}`))
	if got := (event.Trace{CorrelationID: e.CorrelationID, CausationID: e.CausationID, TraceParent: e.TraceParent}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := e.Follow(), (event.Trace{CorrelationID: "c", CausationID: e.ID.String(), TraceParent: "t"}); got != want {
		t.Errorf("Follow: got %+v, want %+v", got, want)
	}
}

func TestNewStartsATraceNamedByItself(t *testing.T) {
	t.Parallel()
	e := event.New(context.Background(), "/x", "t", "s", "", time.Now(), json.RawMessage(`{}`))
	if e.CorrelationID != e.ID.String() || e.CausationID != "" {
		t.Errorf("got correlation %q and causation %q for event %s", e.CorrelationID, e.CausationID, e.ID)
	}
}

func TestMessageCarriesTheEnvelopeAndCopiesForRouting(t *testing.T) {
	t.Parallel()
	want := full()
	raw, err := want.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	m := event.ToMessage(want, raw)
	if m.UUID != want.ID.String() || m.Metadata[event.MetaType] != want.Type || m.Metadata[event.MetaTime] != "2026-11-25T19:00:00.100Z" {
		t.Errorf("got UUID %s and metadata %v", m.UUID, m.Metadata)
	}
	// A broker may lose or change all but the payload.
	got, err := event.FromMessage(message.NewMessage("a broker's own id", m.Payload))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
}

func FuzzParseCloudEvent(f *testing.F) {
	for _, e := range []event.Event{full(), minimal()} {
		raw, err := e.MarshalCloudEvent()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, s := range []string{
		`{}`, `{"":1}`, `{"specversion":"1.0","data_base64":1}`, envelope("time", `"2026-11-25T19:00:00,000Z"`),
		envelope("source", `"HTTP://X/%7e"`), envelope("dataschema", `"https://x/%zz"`), envelope("tenant", `1.5`),
		envelope("subject", `" "`), envelope("correlationid", `""`), envelope("type", "\"\xff\""),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := event.ParseCloudEvent(b)
		if err != nil {
			if !errors.Is(err, event.ErrInvalid) {
				t.Fatalf("not ErrInvalid: %v", err)
			}
			return
		}
		// What is accepted is what the SDK reads, whichever way it was read.
		sdk, err := event.ParseWithSDK(b)
		if err != nil {
			t.Fatalf("accepted what the SDK refuses: %v", err)
		}
		same(t, got, sdk)
		// And it can be written and read again.
		raw, err := got.MarshalCloudEvent()
		if err != nil {
			t.Fatalf("cannot be marshalled: %v", err)
		}
		again, err := event.ParseCloudEvent(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		same(t, again, got)
	})
}

func FuzzValid(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-0.5e+10,true,false,null,"\u00e9\n"],"b":{}}`, `[]`, `[1,]`, `{"a"}`, `01`, `1.`, `-`, `"\x"`, "\"\x01\"",
		"\"\xff\"", `nul`, ` 1 `, `1 2`, `[[[[]]]]`, `1e`, `.5`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := event.Valid(b), json.Valid(b); got != want {
			t.Errorf("valid(%q) = %v, json.Valid says %v", b, got, want)
		}
	})
}

func TestValidLimitsNestingLikeEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{9999, 10000, 10001} {
		b := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		if got, want := event.Valid(b), json.Valid(b); got != want {
			t.Errorf("depth %d: got %v, want %v", depth, got, want)
		}
	}
}
