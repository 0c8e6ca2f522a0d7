package search_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ticketmesh.dev/services/info/internal/search"
)

func TestSnippetIsTheTextAroundTheFirstMatch(t *testing.T) {
	t.Parallel()
	many := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	for _, tt := range []struct {
		name  string
		text  string
		terms string
		want  string
	}{
		{"nothing", "", "a", ""},
		{"a short text is whole", " (No cameras, please!) ", "camera", "(No cameras, please!)"},
		{"no match", "No cameras, please", "title", "No cameras, please"},
		{"no match in a long text", many(30), "title", many(24) + "…"},
		{"a match at the beginning", "Straßenbahn " + many(30), "strassen", "Straßenbahn " + many(23) + "…"},
		{"a match in the middle", many(10) + ". Kamera, " + many(30), "kamera", "…" + many(6) + ". Kamera, " + many(17) + "…"},
		{"a match near the beginning", many(6) + " kamera", "kamera", many(6) + " kamera"},
		{"a match at the end", many(30) + " kamera.", "kamera", "…" + many(6) + " kamera."},
		{"the first match", many(10) + " one two " + many(30), "two one", "…" + many(6) + " one two " + many(16) + "…"},
		{"a script without spaces", strings.Repeat("公", 300), "公", strings.Repeat("公", 133) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := search.Snippet(tt.text, search.Terms(tt.terms)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add("No cameras, please", "camera")
	f.Add(strings.Repeat("公", 300)+" \xff e\u0301", "公 e")
	f.Fuzz(func(t *testing.T, text, typed string) {
		got := strings.TrimSuffix(strings.TrimPrefix(search.Snippet(text, search.Terms(typed)), "…"), "…")
		if !strings.Contains(text, got) || utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q is no part of %q", got, text)
		}
	})
}
