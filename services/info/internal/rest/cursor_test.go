package rest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/services/info/internal/rest"
)

func TestACursorIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, want := range []rest.Place{{}, {Name: "Ω \"quoted\"", Page: true}, {Name: strings.Repeat("🎭", 200)}} {
		cursor := rest.EncodeCursor(&want)
		got, err := rest.DecodeCursor(cursor)
		if err != nil || *got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if len(cursor.Value) > 2048 {
			t.Errorf("the cursor has %d characters, more than the contract allows", len(cursor.Value))
		}
	}
	if cursor := rest.EncodeCursor(nil); cursor.Set {
		t.Errorf("after the last comes %q", cursor.Value)
	}
	if got, err := rest.DecodeCursor(infoapi.OptString{}); got != nil || err != nil {
		t.Errorf("nothing is read as %v, %v", got, err)
	}
}

func TestMadeUpCursorsAreRefused(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	for _, give := range []string{
		"", "%", "x", "====", encode([]byte("null")), encode([]byte("{")), encode([]byte("[]")), encode([]byte(`"a"`)),
		encode([]byte(`{"Name":1}`)), encode([]byte(`{"Other":1}`)), encode([]byte(`{}{}`)), encode([]byte(`{"Name":"a\u0000"}`)), encode([]byte(`{}`)) + "=",
	} {
		if got, err := rest.DecodeCursor(infoapi.NewOptString(give)); err == nil {
			t.Errorf("%q is read as %+v", give, got)
		}
	}
}

func FuzzDecodeCursor(f *testing.F) {
	for _, seed := range []string{"", "e30", base64.RawURLEncoding.EncodeToString([]byte(`{"Name":"a","Page":true}`)), "bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		place, err := rest.DecodeCursor(infoapi.NewOptString(cursor))
		if err != nil {
			return
		}
		again, err := rest.DecodeCursor(rest.EncodeCursor(place))
		if err != nil || *again != *place {
			t.Errorf("%q is %+v, then %+v, %v", cursor, place, again, err)
		}
	})
}
