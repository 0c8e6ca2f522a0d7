package catalogue_test

import (
	"bytes"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"ticketmesh.dev/contracts"

	"ticketmesh.dev/tools/internal/catalogue"
)

// rendered is the catalogue of the contracts, by file name; nobody may change it.
func rendered(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := renderedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var renderedOnce = sync.OnceValues(render)

func render() (map[string][]byte, error) {
	return catalogue.Render(contracts.Files, contracts.NewMasker().MaskEvent)
}

// pages are the HTML files, parsed.
func pages(t testing.TB, files map[string][]byte) map[string]*html.Node {
	t.Helper()
	parsed := map[string]*html.Node{}
	for name, text := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		root, err := html.Parse(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		parsed[name] = root
	}
	if len(parsed) < 35 {
		t.Fatalf("there are %d pages", len(parsed))
	}
	return parsed
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func elements(root *html.Node, wanted func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && wanted(n) {
			found = append(found, n)
		}
	}
	return found
}

func byID(root *html.Node, id string) *html.Node {
	found := elements(root, func(n *html.Node) bool { return attribute(n, "id") == id })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// article is the element that the heading of this id is the name of.
func article(root *html.Node, id string) *html.Node {
	found := elements(root, func(n *html.Node) bool { return n.Data == "article" && attribute(n, "aria-labelledby") == id })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

var void = []string{"meta", "link", "img", "input", "br", "hr"}

func TestPagesAreWellFormed(t *testing.T) {
	t.Parallel()
	for name, file := range rendered(t) {
		if path.Ext(name) != ".html" {
			continue
		}
		var open []string
		ids := map[string]bool{}
		tokens := html.NewTokenizer(bytes.NewReader(file))
		for {
			kind := tokens.Next()
			if kind == html.ErrorToken {
				if tokens.Err() != io.EOF {
					t.Errorf("%s: %v", name, tokens.Err())
				}
				break
			}
			token := tokens.Token()
			switch kind {
			case html.StartTagToken:
				if !slices.Contains(void, token.Data) {
					open = append(open, token.Data)
				}
			case html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != token.Data {
					t.Fatalf("%s: </%s> closes %v", name, token.Data, open)
				}
				open = open[:len(open)-1]
			}
			for _, a := range token.Attr {
				if a.Key == "id" && ids[a.Val] {
					t.Errorf("%s: the id %q is there twice", name, a.Val)
				}
				if a.Key == "id" {
					ids[a.Val] = true
				}
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: nothing closes %v", name, open)
		}
	}
}

func TestPagesCanBeReadByEverybody(t *testing.T) {
	t.Parallel()
	headings := []string{"h1", "h2", "h3", "h4", "h5", "h6"}
	for name, root := range pages(t, rendered(t)) {
		one := func(tag string) *html.Node {
			found := elements(root, func(n *html.Node) bool { return n.Data == tag && n.Namespace == "" })
			if len(found) != 1 {
				t.Fatalf("%s has %d of %s", name, len(found), tag)
			}
			return found[0]
		}
		if attribute(one("html"), "lang") != "en" || text(one("title")) == "" || text(one("h1")) == "" {
			t.Errorf("%s has no language, title or heading", name)
		}
		one("main")
		one("nav")
		one("header")
		level := 0
		for _, n := range elements(root, func(n *html.Node) bool { return slices.Contains(headings, n.Data) }) {
			next := slices.Index(headings, n.Data) + 1
			if next > level+1 {
				t.Errorf("%s: %q is a %s below an h%d", name, text(n), n.Data, level)
			}
			level = next
		}
		for _, n := range elements(root, func(*html.Node) bool { return true }) {
			for _, reference := range []string{"aria-labelledby", "aria-controls", "for"} {
				for id := range strings.FieldsSeq(attribute(n, reference)) {
					if byID(root, id) == nil {
						t.Errorf("%s: %s of <%s> leads to no %q", name, reference, n.Data, id)
					}
				}
			}
			if n.Data == "img" && !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				t.Errorf("%s: a picture says nothing", name)
			}
			if attribute(n, "style") != "" || n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
				t.Errorf("%s: <%s> has a style or script that the policy forbids", name, n.Data)
			}
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	files := rendered(t)
	parsed := pages(t, files)
	inner, anchors := 0, 0
	for name, root := range parsed {
		for _, n := range elements(root, func(*html.Node) bool { return true }) {
			for _, a := range n.Attr {
				if a.Key != "href" && a.Key != "src" || a.Val == "" {
					continue
				}
				if strings.Contains(a.Val, ":") {
					if n.Data != "a" || n.Namespace != "" || !strings.HasPrefix(a.Val, "https://") {
						t.Errorf("%s: <%s> has %s", name, n.Data, a.Val)
					}
					continue
				}
				inner++
				where, fragment, _ := strings.Cut(a.Val, "#")
				target := name
				if where != "" {
					target = path.Join(path.Dir(name), where)
				}
				if strings.HasPrefix(where, "/") || files[target] == nil {
					t.Errorf("%s: %q leads nowhere", name, a.Val)
					continue
				}
				if fragment != "" {
					anchors++
					if parsed[target] == nil || byID(parsed[target], fragment) == nil {
						t.Errorf("%s: %q has no such anchor", name, a.Val)
					}
				}
			}
		}
	}
	if inner < 1000 || anchors < 200 {
		t.Errorf("%d links, %d with an anchor", inner, anchors)
	}
	for name, file := range files {
		switch path.Ext(name) {
		case ".css", ".js":
			for _, outside := range []string{"http:", "https://cdn", "@import", "url(", "fetch(", "import("} {
				if name != "assets/search-index.js" && bytes.Contains(file, []byte(outside)) {
					t.Errorf("%s has %s", name, outside)
				}
			}
		}
	}
}
