package artist_test

import (
	"errors"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/violation"
)

func TestNewChecksTheDetails(t *testing.T) {
	t.Parallel()
	link := func(url string) artist.Details {
		return artist.Details{Name: "A", Links: []artist.Link{{Label: "Site", URL: url}}}
	}
	for _, tt := range []struct {
		name string
		give artist.Details
		want string
	}{
		{"a name alone", artist.Details{Name: "A"}, ""},
		{"a link", link("https://artist.example/päge?x=1#y"), ""},
		{"no name", artist.Details{}, "name"},
		{"a description too long", artist.Details{Name: "A", Description: strings.Repeat("a", 20_001)}, "description"},
		{"too many links", artist.Details{Name: "A", Links: make([]artist.Link, artist.MaxLinks+1)}, "links"},
		{"a link that runs", link("javascript:alert(1)"), "links[0].url"},
		{"a link with data", link("data:text/html,x"), "links[0].url"},
		{"a relative link", link("/artist"), "links[0].url"},
		{"a link without host", link("https:///x"), "links[0].url"},
		{"a link with credentials", link("https://u:p@artist.example"), "links[0].url"},
		{"a link that is no URL", link("https://%zz"), "links[0].url"},
		{"a link without label", artist.Details{Name: "A", Links: []artist.Link{{URL: "https://a.example"}}}, "links[0].label"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := artist.New(id.New(), tt.give)
			var invalid *violation.Error
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("err = %v, want none", err)
			case tt.want != "" && (!errors.As(err, &invalid) || invalid.Fields[0].Field != tt.want):
				t.Errorf("err = %v, want one for %s", err, tt.want)
			}
		})
	}
}

func TestAnArtistSharesItsLinksWithNobody(t *testing.T) {
	t.Parallel()
	give := artist.Details{Name: "A", Links: []artist.Link{{Label: "Site", URL: "https://a.example"}}}
	a, err := artist.New(id.New(), give)
	if err != nil {
		t.Fatal(err)
	}
	give.Links[0].URL = "javascript:1"
	a.Details().Links[0].URL = "javascript:2"
	a.State().Links[0].URL = "javascript:3"
	if got := a.Details().Links[0].URL; got != "https://a.example" {
		t.Errorf("the link became %s", got)
	}
}

func TestChangesCountVersions(t *testing.T) {
	t.Parallel()
	first, err := artist.New(id.New(), artist.Details{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Replace(artist.Details{Name: "B"})
	if err != nil {
		t.Fatal(err)
	}
	third := second.Delete().Delete()
	if first.Version() != 1 || second.Version() != 2 || third.Version() != 3 || !third.Deleted() || second.Deleted() {
		t.Errorf("versions %d, %d, %d", first.Version(), second.Version(), third.Version())
	}
	if _, err := first.Replace(artist.Details{}); err == nil {
		t.Error("bad details replaced good ones")
	}
}
