package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/ticketsevents"
)

func TestTheCatalogueIsServed(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	front := c.want(t, http.StatusOK, call{method: "GET", path: "/"}, nil)
	if !strings.Contains(string(front.body), `href="/docs/"`) {
		t.Error("the front page does not lead to /docs/")
	}
	if to := c.do(t, call{method: "GET", path: "/docs"}); to.status/100 != 3 || to.header.Get("Location") != "/docs/" {
		t.Errorf("/docs leads to %q, %d", to.header.Get("Location"), to.status)
	}
	index := c.want(t, http.StatusOK, call{method: "GET", path: "/docs/"}, nil)
	links := regexp.MustCompile(`(?:href|src)="([^":#]+)[^":]*"`).FindAllStringSubmatch(string(index.body), -1)
	if len(links) < 60 {
		t.Fatalf("the catalogue has %d links", len(links))
	}
	for _, link := range links {
		c.want(t, http.StatusOK, call{method: "GET", path: "/docs/" + link[1]}, nil)
	}
	page := c.want(t, http.StatusOK, call{method: "GET", path: "/docs/events/tickets/order.confirmed.v1.html"}, nil)
	if !strings.Contains(string(page.body), ticketsevents.TypeOrderConfirmed) || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page of order.confirmed: %v %.300s", page.header, page.body)
	}
	unchanged := c.do(t, call{method: "GET", path: "/docs/events/tickets/order.confirmed.v1.html", header: map[string]string{"If-None-Match": page.header.Get("ETag")}})
	if unchanged.status != http.StatusNotModified {
		t.Errorf("asked again: %d", unchanged.status)
	}
	refused(t, c.do(t, call{method: "GET", path: "/docs/events/tickets/order.invented.v1.html"}), http.StatusNotFound, "not_found")
	if got := c.do(t, call{method: "POST", path: "/docs/"}); got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	} else {
		refused(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
	}
}

func TestTheCatalogueIsWritten(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site", "docs")
	type report struct {
		Out          string
		Files, Bytes int
	}
	first := objects[report](t, meshOK(t, "", "contracts", "docs", "--out", out, "--json"))
	if len(first) != 1 || first[0].Out != out || first[0].Files < 100 || first[0].Bytes < 500_000 {
		t.Errorf("it reports %+v", first)
	}
	if _, err := os.Stat(filepath.Join(out, "api", "tickets.html")); err != nil {
		t.Error(err)
	}
	if again := meshOK(t, "", "contracts", "docs", "--out", out); !strings.HasPrefix(again, "wrote ") || strings.Count(again, "\n") != 1 {
		t.Errorf("again it prints %q", again)
	}
	mine := t.TempDir()
	file := filepath.Join(mine, "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"over something else", []string{"--out", mine}, 2, mine},
		{"over a file", []string{"--out", file}, 2, file},
		{"nowhere", []string{"--out", ""}, 2, "--out"},
		{"an argument", []string{"docs"}, 2, "docs"},
		{"below a file", []string{"--out", filepath.Join(file, "docs")}, 1, file},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := meshCommand(t, "", append([]string{"contracts", "docs"}, tt.args...)...)
			if got.code != tt.code || got.stdout != "" || !strings.HasPrefix(got.stderr, "mesh: ") || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("exit code %d, %q, %q; want %d and %q", got.code, got.stdout, got.stderr, tt.code, tt.says)
			}
		})
	}
}
