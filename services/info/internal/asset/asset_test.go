package asset_test

import (
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/asset"
)

const known = "0199a1c0-7d10-7c3e-8a52-4d1f6f2b9e01"

func TestNewKeyNamesTheFile(t *testing.T) {
	t.Parallel()
	assetID, err := id.Parse(known)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		give asset.File
		want string
	}{
		{"a picture", asset.File{Name: "Poster 2027 (final).PNG", ContentType: "image/png", Size: 1}, known + "-poster-2027-final.png"},
		{"the extension follows the type", asset.File{Name: "poster.exe", ContentType: "image/jpeg", Size: asset.MaxSize}, known + "-poster.jpg"},
		{"nothing of the name fits", asset.File{Name: "京都.webp", ContentType: "image/webp", Size: 1}, known + ".webp"},
		{"a path is no path", asset.File{Name: "../../etc/passwd", ContentType: "application/pdf", Size: 1}, known + "-etc-passwd.pdf"},
		{"a long name", asset.File{Name: strings.Repeat("a", 63) + "-b", ContentType: "image/gif", Size: 1}, known + "-" + strings.Repeat("a", 63) + ".gif"},
		{"a page", asset.File{Name: "a.html", ContentType: "text/html", Size: 1}, ""},
		{"a picture that runs", asset.File{Name: "a.svg", ContentType: "image/svg+xml", Size: 1}, ""},
		{"too large", asset.File{Name: "a", ContentType: "image/png", Size: asset.MaxSize + 1}, ""},
		{"empty", asset.File{Name: "a", ContentType: "image/png"}, ""},
		{"without a name", asset.File{ContentType: "image/png", Size: 1}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := asset.NewKey(assetID, tt.give)
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("got %q, %v, want %q", got, err, tt.want)
			}
			if tt.want == "" {
				return
			}
			if parsed, ok := asset.ParseKey(string(got)); !ok || parsed != got || parsed.ContentType() != tt.give.ContentType {
				t.Errorf("it parses as %q, %v of the type %s", parsed, ok, parsed.ContentType())
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"", known, known + ".png", known + "-a-b.jpg", known + ".html", "../" + known + ".png", known + "/.png", known + "-a\n.png",
		known + ".png\n", "..", ".upload-x", strings.ToUpper(known) + ".png",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, ok := asset.ParseKey(text)
		if !ok {
			return
		}
		if string(key) != text || key.ContentType() == "" || filepath.Base(text) != text || strings.HasPrefix(text, ".") {
			t.Errorf("%q is taken, of the type %q", text, key.ContentType())
		}
	})
}
