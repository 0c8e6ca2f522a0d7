package folder_test

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/app/blobtest"
	"ticketmesh.dev/services/info/internal/asset"
	"ticketmesh.dev/services/info/internal/folder"
)

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, c clock.Clock) *folder.Store {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	store, err := folder.Open(filepath.Join(dir, "assets"), filepath.Join(dir, "secret"), "http://"+server.Listener.Addr().String()+"/", c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = store
	server.Start()
	t.Cleanup(func() {
		server.Close()
		store.Close()
	})
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blobtest.Fixture {
		c := clock.NewManual(start)
		return blobtest.Fixture{Blobs: open(t, t.TempDir(), c), Clock: c}
	})
}

func prepare(t *testing.T, store *folder.Store) app.Upload {
	t.Helper()
	key, err := asset.NewKey(id.New(), asset.File{Name: "a", ContentType: "image/png", Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	u, err := store.PrepareUpload(t.Context(), key, 3, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAnUploadPreparedBeforeARestartIsTakenAfterIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := prepare(t, open(t, dir, clock.NewManual(start)))
	again := open(t, dir, clock.NewManual(start))
	_, query, _ := strings.Cut(u.URL, "?")
	moved := prepare(t, again)
	prefix, _, _ := strings.Cut(moved.URL, string(moved.Key))
	u.URL = prefix + string(u.Key) + "?" + query
	if status := blobtest.Send(t, u, []byte("abc")); status != 204 {
		t.Errorf("answers %d, want 204", status)
	}
}

func TestAnotherSecretRefuses(t *testing.T) {
	t.Parallel()
	mine, other := prepare(t, open(t, t.TempDir(), clock.NewManual(start))), prepare(t, open(t, t.TempDir(), clock.NewManual(start)))
	prefix, _, _ := strings.Cut(mine.URL, string(mine.Key))
	_, query, _ := strings.Cut(other.URL, "?")
	other.URL = prefix + string(other.Key) + "?" + query
	if status := blobtest.Send(t, other, []byte("abc")); status != 403 {
		t.Errorf("answers %d, want 403", status)
	}
}

func TestTheSecretIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir, clock.NewManual(start))
	info, err := os.Stat(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode())
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Errorf("files = %v, want assets and secret", files)
	}
}

func TestABrokenSecretIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := folder.Open(dir, filepath.Join(dir, "secret"), "", clock.System{}, slog.New(slog.DiscardHandler))
	if err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("err = %v, want one that does not show the secret", err)
	}
}

func TestNothingIsLeftOfARefusedUpload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := prepare(t, open(t, dir, clock.NewManual(start)))
	if status := blobtest.Send(t, u, []byte("abcd")); status != 403 {
		t.Errorf("answers %d, want 403", status)
	}
	left, err := os.ReadDir(filepath.Join(dir, "assets"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestALinkOutOfTheFolderIsNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := open(t, dir, clock.NewManual(start))
	u := prepare(t, store)
	if err := os.Symlink("../secret", filepath.Join(dir, "assets", string(u.Key))); err != nil {
		t.Fatal(err)
	}
	if blob, err := store.Open(t.Context(), u.Key); err == nil {
		blob.Close()
		t.Error("the secret was opened")
	}
}

func TestAFileTooLargeIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	store := open(t, t.TempDir(), clock.NewManual(start))
	u := prepare(t, store)
	for length, want := range map[int64]int{asset.MaxSize + 1: 413, -1: 400} {
		r := httptest.NewRequest("PUT", u.URL, unreadable{t})
		r.ContentLength = length
		r.Header.Set("Content-Type", "image/png")
		w := httptest.NewRecorder()
		store.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("length %d answers %d, want %d", length, w.Code, want)
		}
	}
}

// unreadable is a body that must not be read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestFilesAreReadableByTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := prepare(t, open(t, dir, clock.NewManual(start)))
	if status := blobtest.Send(t, u, []byte("abc")); status != 204 {
		t.Fatalf("answers %d, want 204", status)
	}
	info, err := os.Stat(filepath.Join(dir, "assets", string(u.Key)))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode())
	}
}
