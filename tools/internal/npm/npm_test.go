package npm_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/npm"
)

// workspace has manifests of its own and no more.
func workspace(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, "tools", "pinned")
	write(t, filepath.Join(folder, "package.json"), "{}", 0o600)
	write(t, filepath.Join(folder, "package-lock.json"), "{}", 0o600)
	write(t, filepath.Join(folder, ".npmrc"), "", 0o600)
	return root
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutNodeOneLineSaysWhatToInstall and the next test change PATH, so
// neither runs beside others.
func TestWithoutNodeOneLineSaysWhatToInstall(t *testing.T) {
	root := workspace(t)
	t.Setenv("PATH", t.TempDir())
	_, err := npm.Command(t.Context(), root, "tool/cli.js")
	if !errors.Is(err, npm.ErrMissing) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "apt-get install nodejs npm") {
		t.Errorf("got %v", err)
	}
}

// TestToolsAreInstalledOncePerLockFile has an npm of its own, which counts.
func TestToolsAreInstalledOncePerLockFile(t *testing.T) {
	root := workspace(t)
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	write(t, filepath.Join(bin, "node"), "#!/bin/sh\n", 0o700)
	write(t, filepath.Join(bin, "npm"), "#!/bin/sh\necho \"$@\" >> "+calls+"\nrm -rf node_modules\nmkdir node_modules\n[ ! -e broken ]\n", 0o700)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	lock, broken := filepath.Join(root, "tools", "pinned", "package-lock.json"), filepath.Join(root, "tools", "pinned", "broken")
	for i, tt := range []struct {
		name    string
		before  func()
		want    int
		wantErr bool
	}{
		{"the first time", func() {}, 1, false},
		{"again", func() {}, 1, false},
		{"after the lock file changed, in vain", func() { write(t, lock, "{ }", 0o600); write(t, broken, "", 0o600) }, 2, true},
		{"after it failed", func() { os.Remove(broken) }, 3, false},
		{"again", func() {}, 3, false},
	} {
		tt.before()
		modules, err := npm.Install(t.Context(), root)
		if (err != nil) != tt.wantErr || err == nil && modules != filepath.Join(root, "tools", "pinned", "node_modules") {
			t.Errorf("%d %s: %q, %v", i, tt.name, modules, err)
		}
		said, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(said), "\n"); got != tt.want {
			t.Errorf("%d %s: npm ran %d times, want %d", i, tt.name, got, tt.want)
		}
		if !strings.Contains(string(said), "ci --ignore-scripts") {
			t.Errorf("npm ran with %q", said)
		}
	}
}
