package sales_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/violation"
)

var at = time.Date(2027, 1, 10, 9, 0, 0, 0, time.UTC)

func put(t *testing.T, rules sales.Rules, presale sales.Presale, generate int) (after sales.Rules, changed bool) {
	t.Helper()
	after, changed, err := rules.PutPresale(presale, generate, []string{"I"})
	if err != nil {
		t.Fatal(err)
	}
	return after, changed
}

func TestCodesThatWereMadeAreKept(t *testing.T) {
	t.Parallel()
	presale := sales.Presale{ID: "members", Name: "Members", OpensAt: at, Uses: 2}
	first, changed := put(t, sales.Rules{}, presale, 3)
	made := first.Presales[0].Generated
	if !changed || len(made) != 3 || made[0] == made[1] {
		t.Fatalf("made %v", made)
	}
	again, changed := put(t, first, presale, 3)
	if changed || !slices.Equal(again.Presales[0].Generated, made) {
		t.Errorf("again %v", again.Presales[0].Generated)
	}
	more, _ := put(t, first, presale, 5)
	fewer, _ := put(t, more, presale, 1)
	if got := more.Presales[0].Generated; len(got) != 5 || !slices.Equal(got[:3], made) || !slices.Equal(fewer.Presales[0].Generated, made[:1]) {
		t.Errorf("more %v, fewer %v", got, fewer.Presales[0].Generated)
	}
	if !slices.Equal(first.Presales[0].Generated, made) || len(first.Presales) != 1 {
		t.Error("a change reached the rules before it")
	}
	two, _ := put(t, first, sales.Presale{ID: "friends", Name: "Friends", OpensAt: at, Uses: 1, Codes: []string{"FRIENDS-ONLY"}}, 0)
	if len(two.Presales) != 2 || len(first.Presales) != 1 {
		t.Errorf("%d presales, before %d", len(two.Presales), len(first.Presales))
	}
	left, changed := two.DeletePresale("members")
	if _, exists := left.Presale("members"); exists || !changed || len(two.Presales) != 2 {
		t.Errorf("left %+v", left)
	}
	if _, changed := left.DeletePresale("members"); changed {
		t.Error("what is gone was deleted")
	}
	var invalid *violation.Error
	if _, _, err := two.PutPresale(sales.Presale{ID: "members", Name: "Members", OpensAt: at, Uses: 3}, 3, nil); !errors.As(err, &invalid) || invalid.Fields[0].Field != "uses" {
		t.Errorf("other uses: %v", err)
	}
}

func TestReleasing(t *testing.T) {
	t.Parallel()
	rules := sales.Rules{}
	for _, step := range []struct {
		allocationID string
		released     bool
		changed      bool
		want         []string
	}{
		{"a", false, false, nil},
		{"a", true, true, []string{"a"}},
		{"a", true, false, []string{"a"}},
		{"b", true, true, []string{"a", "b"}},
		{"a", false, true, []string{"b"}},
		{"b", false, true, nil},
	} {
		before := slices.Clone(rules.Released)
		after, changed := rules.Release(step.allocationID, step.released)
		if changed != step.changed || !slices.Equal(after.Released, step.want) || !slices.Equal(rules.Released, before) {
			t.Errorf("%+v: %v, changed %t", step, after.Released, changed)
		}
		rules = after
	}
}
