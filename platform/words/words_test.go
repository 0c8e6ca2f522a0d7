package words_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ticketmesh.dev/platform/words"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, give string
		want       []string
	}{
		{"empty", "", nil},
		{"signs alone", `"*()-^:&|!'`, nil},
		{"case", "House RULES", []string{"house", "rules"}},
		{"accents", "Théâtre de la Forêt", []string{"theatre", "de", "la", "foret"}},
		{"decomposed accents", "The\u0301a\u0302tre", []string{"theatre"}},
		{"an accent alone", "\u0301 \u0301a", []string{"a"}},
		{"sharp s", "Straßenbahn STRASSENBAHN GROẞ", []string{"strassenbahn", "strassenbahn", "gross"}},
		{"letters with strokes", "Łódź Malmø Đặng Ħal ıĲ", []string{"lodz", "malmo", "dang", "hal", "iij"}},
		{"ligatures", "ﬁlm Æther Œuvre Þór", []string{"film", "aether", "oeuvre", "thor"}},
		{"Turkish capitals", "İSTANBUL istanbul", []string{"istanbul", "istanbul"}},
		{"Greek", "Σοφός ΣΟΦΟΣ", []string{"σοφοσ", "σοφοσ"}},
		{"Cyrillic", "Ёлка Йод", []string{"елка", "иод"}},
		{"Hebrew and Arabic points", "שָׁלוֹם سَلَام", []string{"שלום", "سلام"}},
		{"vowels of Hindi stay", "कु कि हिन्दी", []string{"कु", "कि", "हिन्दी"}},
		{"Japanese voicing stays", "がく かく ｶﾞｸ", []string{"がく", "かく", "ガク"}},
		{"Korean", "한국 음악", []string{"한국", "음악"}},
		{"wide letters and digits", "ＡＢ １２ ² Ⅷ", []string{"ab", "12", "2", "viii"}},
		{"operators", "a AND (b OR NOT c)", []string{"a", "and", "b", "or", "not", "c"}},
		{"quotes part words", `a"b'c`, []string{"a", "b", "c"}},
		{"invalid UTF-8 parts words", "a\xffb", []string{"a", "b"}},
		{"what folds to signs parts words", "1½", []string{"11", "2"}},
		{"a long word is cut", strings.Repeat("ß", 100), []string{strings.Repeat("s", 64)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := words.Of(tt.give); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzOf(f *testing.F) {
	for _, seed := range []string{"", `"a" OR b*`, "\u0301a", "a\xff\x00b", strings.Repeat("ß", 300), "ﷺ हिन्दी ไทย が İ½"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := words.Of(text)
		for _, word := range got {
			if word == "" || !utf8.ValidString(word) || utf8.RuneCountInString(word) > 64 || strings.ContainsAny(word, " '\"\\\x00") {
				t.Errorf("word %q", word)
			}
		}
		if again := words.Of(strings.Join(got, " ")); !slices.Equal(again, got) {
			t.Errorf("words %q have the words %q", got, again)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	text := strings.Repeat("The opera of the year, sung by the people of the town in their own théâtre. ", 100)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		words.Of(text)
	}
}
