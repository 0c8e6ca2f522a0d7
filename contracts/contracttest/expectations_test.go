package contracttest_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/expectations"
)

// greet is a consumer: it needs a name and says the title before it when there is one.
func greet(_ *testing.T, cloudEvent []byte) (string, error) {
	var e struct{ Data struct{ Name, Title string } }
	if err := json.Unmarshal(cloudEvent, &e); err != nil {
		return "", err
	}
	if e.Data.Name == "" {
		return "", errors.New("nobody")
	}
	return e.Data.Title + e.Data.Name, nil
}

func TestExpectationsAreHeldToTheConsumer(t *testing.T) {
	t.Parallel()
	type pointers = []expectations.Pointer
	examples := []contracttest.Example{
		{Name: "a", Event: []byte(`{"data":{"name":"Ada","title":"Lady ","born":1815}}`)},
		{Name: "b", Event: []byte(`{"data":{"name":"Bob"}}`)},
	}
	broken := []contracttest.Example{{Name: "c", Event: []byte(`{"data":{}}`)}}
	tests := []struct {
		name        string
		needs, uses pointers
		give        []contracttest.Example
		want        []string
	}{
		{"right", pointers{"/name"}, pointers{"/title"}, examples, nil},
		{"a need is not stated", nil, pointers{"/title"}, examples, []string{
			"a, cut down to what is stated: nobody", "b, cut down to what is stated: nobody",
		}},
		{"a use is not stated", pointers{"/name"}, nil, examples, []string{
			"a, cut down to what is stated, has the effect\nAda, want\nLady Ada",
		}},
		{"a need that is none", pointers{"/name", "/born"}, pointers{"/title"}, examples, []string{"a: /born is not needed"}},
		{"a use that is none", pointers{"/name"}, pointers{"/title", "/born"}, examples, []string{"/born makes no difference in any example"}},
		{"a need that no example has", pointers{"/name", "/age"}, pointers{"/title"}, examples, []string{"no example has /age"}},
		{"the whole is refused", nil, nil, broken, []string{"c: nobody"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contracttest.Unfounded(t, expectations.Event{Type: "t", Needs: tt.needs, Uses: tt.uses}, tt.give, greet)
			if !slices.Equal(got, tt.want) {
				t.Errorf("problems %q, want %q", got, tt.want)
			}
		})
	}
}
