package sqlitebus_test

import (
	"encoding/json"
	"maps"
	"testing"
	"unicode/utf8"

	"ticketmesh.dev/platform/sqlitebus"
)

func FuzzMetadata(f *testing.F) {
	f.Add("type", "ticketmesh.tickets.order.confirmed.v1", "", "")
	f.Add("reason", "\"ü\x00\\\n\u2028</script>", "a", "\x7f")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		want := map[string]string{k1: v1, k2: v2}
		raw, err := sqlitebus.EncodeMetadata(want)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid([]byte(raw)) {
			t.Fatalf("not JSON: %s", raw)
		}
		got, err := sqlitebus.DecodeMetadata(raw)
		if err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(k1+"|"+v1+"|"+k2+"|"+v2) && !maps.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func FuzzID(f *testing.F) {
	for _, s := range []string{"", "x", "sixteen bytes xx", "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f", "018F2F4E-7B1A-7C3D-8E4F-1A2B3C4D5E6F"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, want string) {
		if got := sqlitebus.UnpackID(sqlitebus.PackID(want)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
