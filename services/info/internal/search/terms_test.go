package search_test

import (
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/services/info/internal/search"
)

func TestTermsAreWordsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, give string
		want       []string
	}{
		{"empty", "", nil},
		{"signs alone", `"*()-^:&|!'`, nil},
		{"words", "House rules", []string{"house", "rules"}},
		{"operators are words", "a AND (b OR NOT c) NEAR/2", []string{"a", "and", "b", "or", "not", "c", "near", "2"}},
		{"accents go", "Théâtre", []string{"theatre"}},
		{"many words are cut", strings.Repeat("a ", 100), slices.Repeat([]string{"a"}, 16)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := search.Terms(tt.give); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
