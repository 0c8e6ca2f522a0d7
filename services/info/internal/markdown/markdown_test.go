package markdown_test

import (
	"strings"
	"testing"

	"ticketmesh.dev/services/info/internal/markdown"
)

func TestHTMLIsRendered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, give, want string
	}{
		{"a heading", "# Über uns", "<h1>Über uns</h1>\n"},
		{"a table", "|a|b|\n|-|-|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"},
		{"a link elsewhere", "[x](https://a.example)", "<p><a href=\"https://a.example\" rel=\"nofollow noreferrer\">x</a></p>\n"},
		{"a link within", "[x](/pages/rules)", "<p><a href=\"/pages/rules\">x</a></p>\n"},
		{"a picture", "![alt](/info/assets/a.png)", "<p><img src=\"/info/assets/a.png\" alt=\"alt\"></p>\n"},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := markdown.New().HTML(tt.give)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

var hostile = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
	"[x](data:text/html;base64,PHNjcmlwdD4=)", "![x](javascript:alert(1))", "<a href='vbscript:x'>x</a>", "<iframe src=//a.example></iframe>",
	"<style>*{display:none}</style>", "<form action=/x><input></form>", "<svg onload=alert(1)>", "[x](https://a.example \"onclick=alert(1)\")",
	"<https://a.example/\" onmouseover=\"alert(1)>", "javascript:alert(1)", "```\n</code><script>alert(1)</script>\n```", "&#x3C;script>", "\x00<scr\x00ipt>",
}

// clean reports what must never be in what browsers are given.
func clean(t *testing.T, markdown, html string) {
	t.Helper()
	lower := strings.ToLower(html)
	for _, bad := range []string{"<script", "<iframe", "<style", "<form", "<input", "<svg", "<object", "href=\"javascript:", "src=\"javascript:", "href=\"vbscript:", "href=\"data:", "src=\"data:"} {
		if strings.Contains(lower, bad) {
			t.Errorf("%q becomes %q, which has %s", markdown, html, bad)
		}
	}
}

func TestHTMLIsHarmless(t *testing.T) {
	t.Parallel()
	for _, give := range hostile {
		got, err := markdown.New().HTML(give)
		if err != nil {
			t.Fatal(err)
		}
		clean(t, give, got)
	}
}

func TestTextHasNoMarkup(t *testing.T) {
	t.Parallel()
	got, err := markdown.New().Text("# Über *uns*\n\n* a & b\n* [Plan](https://a.example)\n\n|x|y|\n|-|-|\n|1|2|\n")
	if want := "Über uns a & b Plan x y 1 2"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func FuzzHTMLIsHarmless(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed)
	}
	r := markdown.New()
	f.Fuzz(func(t *testing.T, give string) {
		got, err := r.HTML(give)
		if err != nil {
			t.Fatal(err)
		}
		clean(t, give, got)
		if _, err := r.Text(give); err != nil {
			t.Fatal(err)
		}
	})
}
