package catalogue_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"ticketmesh.dev/tools/internal/catalogue"
)

func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// alone tells that nothing but the named is left in a folder.
func alone(t testing.TB, folder, name string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("beside %s there are %v, %v", name, entries, err)
	}
}

func TestCatalogueIsWrittenWhole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		give func(t *testing.T, out string)
	}{
		{"into a new folder", func(*testing.T, string) {}},
		{"into an empty folder", func(t *testing.T, out string) {
			if err := os.MkdirAll(out, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{"over a catalogue", func(t *testing.T, out string) {
			if _, err := catalogue.Write(out); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(out, "events", "gone.html"), "of an older version")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			out := filepath.Join(parent, "docs")
			tt.give(t, out)
			written, err := catalogue.Write(out)
			if err != nil {
				t.Fatal(err)
			}
			want := rendered(t)
			files, bytesWritten := 0, 0
			err = filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				text, err := os.ReadFile(name)
				files++
				bytesWritten += len(text)
				if below, _ := filepath.Rel(out, name); below != ".ticketmesh-catalogue" && !bytes.Equal(text, want[filepath.ToSlash(below)]) {
					t.Errorf("%s is not what was rendered", below)
				}
				return err
			})
			if err != nil || files != len(want)+1 || written != (catalogue.Written{Out: out, Files: files, Bytes: bytesWritten}) {
				t.Errorf("%d files for %d, %+v, %v", files, len(want), written, err)
			}
			alone(t, parent, "docs")
		})
	}
}

func TestNothingElseIsWrittenOver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file string }{
		{"a folder with a file", "docs/mine.txt"},
		{"a folder with hidden files", "docs/.git/HEAD"},
		{"a folder with pages of somebody else", "docs/index.html"},
		{"a file", "docs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			put(t, filepath.Join(parent, tt.file), "mine")
			_, err := catalogue.Write(filepath.Join(parent, "docs"))
			if !errors.Is(err, catalogue.ErrOccupied) {
				t.Errorf("got %v, want %v", err, catalogue.ErrOccupied)
			}
			if text, err := os.ReadFile(filepath.Join(parent, tt.file)); string(text) != "mine" {
				t.Errorf("it holds %q, %v", text, err)
			}
			alone(t, parent, "docs")
		})
	}
}

func TestLinkToAFolderStaysOne(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	target, link := filepath.Join(parent, "target"), filepath.Join(parent, "link")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.Write(link); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); to != target {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if _, err := os.Stat(filepath.Join(target, "index.html")); err != nil {
		t.Error(err)
	}
}
