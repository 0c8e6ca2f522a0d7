package storetest

import (
	"fmt"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/search"
	"ticketmesh.dev/services/info/internal/venue"
)

func searchWords(t *testing.T, f Fixture) {
	theatre, err := venue.New(id.New(), venue.Details{Name: "Théâtre de la Gare", Address: "Bahnhofstraße 7", City: "Genève", Country: "CH", TimeZone: "Europe/Zurich"})
	if err != nil {
		t.Fatal(err)
	}
	singer, err := artist.New(id.New(), artist.Details{Name: "Sinéad Ó Briain", Description: "Sings ballads from the coast"})
	if err != nil {
		t.Fatal(err)
	}
	f.saveVenue(t, theatre)
	f.saveArtist(t, singer)
	f.savePage(t, newPage(t, "rules", "en", "House rules"), "No cameras in the theatre, please")
	f.savePage(t, newPage(t, "rules", "de", "Hausordnung"), "Keine Kameras im Theater")
	f.savePage(t, newPage(t, "kyoto", "ja", "京都公演"), "二〇二七年六月。がく")
	f.savePage(t, newPage(t, "tram", "de", "Straßenbahn nach Łódź"), "Linie ４, ﬁx")
	f.savePage(t, newPage(t, "hindi", "hi", "हिन्दी"), "कु")
	f.savePage(t, newPage(t, "long", "en", "Long"), strings.Repeat("ß", 3000)+" "+strings.Repeat("公", 3000))

	for _, tt := range []struct {
		name string
		give string
		kind search.Kind
		want string
	}{
		{"a whole word", "cameras", "", "House rules"},
		{"the beginning of a word", "came", "", "House rules"},
		{"the middle of a word finds nothing", "amera", "", ""},
		{"case does not matter", "HAUSORDNUNG", "", "Hausordnung"},
		{"accents of the text do not matter", "theatre gare", "", "Théâtre de la Gare"},
		{"accents of the query do not matter", "thèatre gâre", "", "Théâtre de la Gare"},
		{"decomposed accents are accents", "the\u0301a\u0302tre gare", "", "Théâtre de la Gare"},
		{"all words must be there", "cameras ballads", "", ""},
		{"words may be in title and body", "house cameras", "", "House rules"},
		{"the title first", "theat", "", "Théâtre de la Gare, Hausordnung, House rules"},
		{"one kind only", "theat", search.Page, "Hausordnung, House rules"},
		{"the city of a venue", "geneve", "", "Théâtre de la Gare"},
		{"what an artist does", "ballads", search.Artist, "Sinéad Ó Briain"},
		{"not as another kind", "ballads", search.Venue, ""},
		{"another script", "京都", "", "京都公演"},
		{"operators are words", "cameras OR ballads", "", ""},
		{"sharp s is ss", "strassenbahn", "", "Straßenbahn nach Łódź"},
		{"ss is sharp s", "BAHNHOFSTRASSE", "", "Théâtre de la Gare"},
		{"sharp s of the query", "ſtraßenb", "", "Straßenbahn nach Łódź"},
		{"half of a sharp s", "stras", "", "Straßenbahn nach Łódź"},
		{"letters with strokes", "lodz", "", "Straßenbahn nach Łódź"},
		{"wide digits", "linie 4", "", "Straßenbahn nach Łódź"},
		{"ligatures", "fix", "", "Straßenbahn nach Łódź"},
		{"marks that are parts of letters", "हि", "", "हिन्दी"},
		{"other marks", "कि", "", ""},
		{"voiced is not unvoiced", "かく", "", ""},
		{"a word beyond its 64th letter", strings.Repeat("s", 64) + "x", "", "Long"},
		{"a long run of another script", strings.Repeat("公", 64), "", "Long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := f.search(t, search.Query{Terms: search.Terms(tt.give), Kind: tt.kind, Limit: 10})
			if titles(got) != tt.want {
				t.Errorf("found %q, want %q", titles(got), tt.want)
			}
		})
	}

	got := f.search(t, search.Query{Terms: []string{"cameras"}, Limit: 10})
	want := search.Result{
		Place:   search.Place{Body: true, Title: "House rules", Kind: search.Page, Ref: "rules", Language: "en"},
		Snippet: "No cameras in the theatre, please",
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
}

func searchOrder(t *testing.T, f Fixture) {
	// By bytes: capitals come first.
	for i, title := range []string{"Zeta", "Opera B", "Opera A", "opera a", "Eta"} {
		f.savePage(t, newPage(t, fmt.Sprintf("p-%d", i), "en", title), "An opera, of course")
	}
	f.saveVenue(t, newVenue(t, "Opera A"))
	want := "page Opera A, venue Opera A, page Opera B, page opera a, page Eta, page Zeta"

	var seen []string
	var after *search.Place
	for {
		got := f.search(t, search.Query{Terms: []string{"opera"}, After: after, Limit: 2})
		if len(got) == 0 {
			break
		}
		for _, r := range got {
			seen = append(seen, string(r.Kind)+" "+r.Title)
			after = &r.Place
		}
		// What ranks before the place that was reached changes nothing after it.
		f.saveVenue(t, newVenue(t, "Opera"))
	}
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func searchChanges(t *testing.T, f Fixture) {
	p := newPage(t, "about", "en", "About")
	f.savePage(t, p, "yesterday")
	next, err := p.Replace(page.Content{Title: "Contact", Markdown: "today"})
	if err != nil {
		t.Fatal(err)
	}
	f.savePage(t, next, "today")
	for term, want := range map[string]string{"about": "", "yesterday": "", "contact": "Contact", "today": "Contact"} {
		if got := titles(f.search(t, search.Query{Terms: []string{term}, Limit: 10})); got != want {
			t.Errorf("%s finds %q, want %q", term, got, want)
		}
	}
	f.savePage(t, next.Delete(), "")
	if got := f.search(t, search.Query{Terms: []string{"today"}, Limit: 10}); len(got) != 0 {
		t.Errorf("the deleted page is found: %v", got)
	}
}

// HostileQueries are what people and programs type into search fields.
var HostileQueries = []string{
	`"`, `""`, `"""`, `a"b`, `*`, `a*`, `*a`, `^a`, `a^`, `title:a`, `{title} : a`, `-a`, `+a`, `a + b`, `(`, `)`, `(a`, `a)`,
	`NEAR`, `NEAR(a b, 3)`, `a NEAR b`, `AND`, `OR`, `NOT`, `a AND`, `NOT a`, `AND OR NOT`, `'; DROP TABLE document; --`, `a' OR '1'='1`,
	`%`, `_`, `\`, `a\`, "a\x00b", "\x00", "a\nb", "\xff\xfe", "a\xffb", `:*`, `a:*`, `a & b`, `a | b`, `!a`, `a <-> b`, `<script>`,
	"\u0301", "\u0301\u0301", "e\u0301", "\u202e", "👩‍👩‍👧", "ﷺ", "²", "Ⅷ", "\U0001F1E6", "हिन्दी", "ไทย", "𝒜", "ꟶ", "\U0001E900", "\U0001DF00",
	strings.Repeat("a", 200), strings.Repeat("a ", 100), strings.Repeat("\"", 200), strings.Repeat("(", 200),
}

func hostileTerms(t *testing.T, f Fixture) {
	f.savePage(t, newPage(t, "a", "en", "a b near and or not title"), "text")
	for _, typed := range HostileQueries {
		terms := search.Terms(typed)
		if len(terms) == 0 {
			continue
		}
		for _, kind := range []search.Kind{"", search.Page} {
			if _, err := f.Store.Search(t.Context(), search.Query{Terms: terms, Kind: kind, Limit: 5}); err != nil {
				t.Errorf("%q: %v", typed, err)
			}
		}
	}
	// The store trusts nobody: terms that Terms would not return break nothing either.
	for _, term := range []string{`"`, `a"b`, "*", "AND", "", "\x00", "a\x00"} {
		if _, err := f.Store.Search(t.Context(), search.Query{Terms: []string{term}, Limit: 5}); err != nil {
			t.Errorf("raw %q: %v", term, err)
		}
	}
}
