package page_test

import (
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/page"
)

func TestNewKeyTakesSlugsAndLanguagesOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, slug, language string
		want                 page.Key
	}{
		{"simple", "about", "en", page.Key{Slug: "about", Language: "en"}},
		{"a region in any case", "a-1", "DE-at", page.Key{Slug: "a-1", Language: "de-AT"}},
		{"a script", "0", "zh-hant-tw", page.Key{Slug: "0", Language: "zh-Hant-TW"}},
		{"upper case", "About", "en", page.Key{}},
		{"a leading hyphen", "-a", "en", page.Key{}},
		{"a slash", "a/b", "en", page.Key{}},
		{"empty", "", "en", page.Key{}},
		{"a slug too long", strings.Repeat("a", 129), "en", page.Key{}},
		{"no language", "a", "", page.Key{}},
		{"an underscore", "a", "de_AT", page.Key{}},
		{"a wildcard", "a", "*", page.Key{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := page.NewKey(tt.slug, tt.language)
			if tt.want == (page.Key{}) {
				if err == nil {
					t.Errorf("got %v, want an error", got)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestContentIsBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		give page.Content
		ok   bool
	}{
		"empty Markdown":         {page.Content{Title: "t"}, true},
		"several lines":          {page.Content{Title: "t", Markdown: "a\r\n\tb\n"}, true},
		"as long as may be":      {page.Content{Title: "t", Markdown: strings.Repeat("a", page.MaxMarkdown)}, true},
		"no title":               {page.Content{Markdown: "a"}, false},
		"longer":                 {page.Content{Title: "t", Markdown: strings.Repeat("a", page.MaxMarkdown+1)}, false},
		"as long as JSON may be": {page.Content{Title: "t", Markdown: strings.Repeat("\"\\\n\r\t", page.MaxEncoded/10)}, true},
		"longer in JSON":         {page.Content{Title: "t", Markdown: strings.Repeat("\"\\\n\r\t", page.MaxEncoded/10+1)}, false},
		"longer in bytes":        {page.Content{Title: "t", Markdown: strings.Repeat("ä", page.MaxMarkdown/2+1)}, false},
		"a title of two lines":   {page.Content{Title: "a\nb"}, false},
		"Markdown with NUL":      {page.Content{Title: "t", Markdown: "a\x00b"}, false},
		"Markdown not in UTF-8":  {page.Content{Title: "t", Markdown: "\xc3"}, false},
		"a title with an escape": {page.Content{Title: "\x1b[31m"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := page.New(page.Key{Slug: "a", Language: "en"}, tt.give, id.Nil); (err == nil) != tt.ok {
				t.Errorf("err = %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestVersionsGoOnAfterADeletion(t *testing.T) {
	t.Parallel()
	creation, again := id.New(), id.New()
	first, err := page.New(page.Key{Slug: "a", Language: "en"}, page.Content{Title: "t"}, creation)
	if err != nil {
		t.Fatal(err)
	}
	deleted := first.Delete().Delete()
	back, err := deleted.Recreate(page.Content{Title: "u"}, again)
	if err != nil {
		t.Fatal(err)
	}
	next, err := back.Replace(page.Content{Title: "v"})
	if err != nil {
		t.Fatal(err)
	}
	if deleted.Version() != 2 || back.Version() != 3 || next.Version() != 4 || !deleted.Deleted() || back.Deleted() {
		t.Errorf("versions %d, %d, %d", deleted.Version(), back.Version(), next.Version())
	}
	if !first.MadeBy(creation) || back.MadeBy(creation) || !next.MadeBy(again) || next.MadeBy(id.Nil) {
		t.Error("the creation is not remembered as it should")
	}
}

func TestParseAcceptLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, give string
		want       []string
	}{
		{"empty", "", nil},
		{"one", "de", []string{"de"}},
		{"by weight", "en;q=0.5, de-at, fr;q=0.8", []string{"de-AT", "fr", "en"}},
		{"equal weights keep their order", "en, de", []string{"en", "de"}},
		{"spaces and case", " DE ;  Q=0.9 ,en", []string{"en", "de"}},
		{"weight 0 is not wanted", "de;q=0, en", []string{"en"}},
		{"a wildcard says nothing", "*, en;q=0.1", []string{"en"}},
		{"malformed parts are left out", "de;q=x, ;;, en;level=1, fr;q=2, es;q=NaN, it", []string{"it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := page.ParseAcceptLanguage(tt.give); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		wanted, available []string
		want              string
	}{
		{"nothing there", []string{"de"}, nil, ""},
		{"exactly", []string{"de-AT"}, []string{"de", "de-AT", "en"}, "de-AT"},
		{"without the region", []string{"de-AT"}, []string{"en", "de"}, "de"},
		{"another region", []string{"de-AT"}, []string{"en", "de-CH"}, "de-CH"},
		{"a region of what is wanted", []string{"de"}, []string{"en", "de-CH"}, "de-CH"},
		{"the second choice before English", []string{"fr", "it"}, []string{"en", "it"}, "it"},
		{"English", []string{"fr"}, []string{"de", "en"}, "en"},
		{"some English", []string{"fr"}, []string{"de", "en-GB"}, "en-GB"},
		{"anything", []string{"fr"}, []string{"sv", "de"}, "de"},
		{"nothing wanted", nil, []string{"de", "en"}, "en"},
		{"a prefix is not a language", []string{"de"}, []string{"deu", "fr"}, "deu"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := page.Negotiate(tt.wanted, tt.available); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzParseAcceptLanguage(f *testing.F) {
	for _, seed := range []string{"", "de-AT, en;q=0.5", "*", "a;q=1;q=0", ",,,;;;q==", strings.Repeat("de,", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		tags := page.ParseAcceptLanguage(header)
		if len(tags) > 32 {
			t.Fatalf("%d languages", len(tags))
		}
		for _, tag := range tags {
			if again, ok := page.ParseLanguage(tag); !ok || again != tag {
				t.Errorf("%q is read as %q, %v", tag, again, ok)
			}
		}
		if got := page.Negotiate(tags, []string{"en", "de-AT"}); got == "" {
			t.Error("nothing was chosen")
		}
	})
}
