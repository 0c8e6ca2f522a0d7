package search_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

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
		{"words", "House rules", []string{"House", "rules"}},
		{"operators are words", "a AND (b OR NOT c) NEAR/2", []string{"a", "AND", "b", "OR", "NOT", "c", "NEAR", "2"}},
		{"quotes part words", `a"b'c`, []string{"a", "b", "c"}},
		{"accents stay", "Théâtre e\u0301tude", []string{"Théâtre", "e\u0301tude"}},
		{"an accent alone is nothing", "\u0301 \u0301a", []string{"a"}},
		{"invalid UTF-8 parts words", "a\xffb", []string{"a", "b"}},
		{"other scripts", "京都 公演", []string{"京都", "公演"}},
		{"a long word is cut", strings.Repeat("ä", 100), []string{strings.Repeat("ä", 64)}},
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

func FuzzTerms(f *testing.F) {
	for _, seed := range []string{"", `"a" OR b*`, "\u0301a", "a\xff\x00b", strings.Repeat("ß", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		terms := search.Terms(typed)
		if len(terms) > 16 {
			t.Fatalf("%d terms", len(terms))
		}
		for _, term := range terms {
			if term == "" || !utf8.ValidString(term) || utf8.RuneCountInString(term) > 64 {
				t.Errorf("term %q", term)
			}
			for _, r := range term {
				if !unicode.In(r, unicode.L, unicode.Nd, unicode.Mn) {
					t.Errorf("term %q holds %q", term, r)
				}
			}
		}
	})
}
