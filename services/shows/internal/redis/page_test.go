package redis_test

import (
	"testing"

	adapter "ticketmesh.dev/services/shows/internal/redis"
)

func FuzzDecode(f *testing.F) {
	f.Add(`{"mark":"7","at":1800000000000,"next":"00000000-0000-0000-0000-000000000000","shows":[{"title":"Hamlet","version":2}]}`)
	f.Add(`{`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		kept := adapter.Decode(text)
		if kept == nil {
			return
		}
		again, err := adapter.Encode(*kept)
		if err != nil {
			t.Fatal(err)
		}
		back, err := adapter.Encode(*adapter.Decode(again))
		if err != nil || back != again {
			t.Errorf("%s is written as %s, then as %s, %v", text, again, back, err)
		}
	})
}

func TestAPageWithAShowThatCannotBeReadIsNoPage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"shows":[{"Version":2},{"Version":"2"}]}`, `{"shows":[7]}`} {
		if kept := adapter.Decode(text); kept != nil {
			t.Errorf("%s is read as %+v", text, kept)
		}
	}
}
