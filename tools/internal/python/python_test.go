package python_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/tools/internal/python"
)

// workspace has requirements of its own and no more.
func workspace(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "tools", "pinned", "python", "set.txt"), "tool==1\n", 0o600)
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

// TestWithoutPythonOneLineSaysWhatToInstall and the next tests change PATH, so
// none runs beside others.
func TestWithoutPythonOneLineSaysWhatToInstall(t *testing.T) {
	root := workspace(t)
	t.Setenv("PATH", t.TempDir())
	_, err := python.Install(t.Context(), root, "set")
	if !errors.Is(err, python.ErrMissing) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "apt-get install python3-venv") {
		t.Errorf("got %v", err)
	}
}

func TestAPythonThatWillNotDoIsPassedOver(t *testing.T) {
	root := workspace(t)
	bin := t.TempDir()
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\nexit 1\n", 0o700)
	t.Setenv("PATH", bin)
	if _, err := python.Install(t.Context(), root, "set"); !errors.Is(err, python.ErrMissing) {
		t.Errorf("got %v", err)
	}
}

// TestToolsAreInstalledOncePerRequirements has a Python of its own, which counts.
func TestToolsAreInstalledOncePerRequirements(t *testing.T) {
	root := workspace(t)
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	requirements, broken := filepath.Join(root, "tools", "pinned", "python", "set.txt"), filepath.Join(root, "broken")
	write(t, filepath.Join(bin, "python3"), `#!/bin/sh
case "$*" in
"-m venv --clear "*) rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m pip install "*) echo "$@" >> `+calls+` && [ ! -e `+broken+` ] ;;
esac
`, 0o700)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	environment := filepath.Join(root, ".cache", "python", "set")
	for i, tt := range []struct {
		name    string
		before  func()
		want    int
		wantErr bool
	}{
		{"the first time", func() {}, 1, false},
		{"again", func() {}, 1, false},
		{"after the requirements changed, in vain", func() { write(t, requirements, "tool==2\n", 0o600); write(t, broken, "", 0o600) }, 2, true},
		{"after it failed", func() { os.Remove(broken) }, 3, false},
		{"again", func() {}, 3, false},
		{"after its Python went away", func() { os.Remove(filepath.Join(environment, "bin", "python")) }, 4, false},
	} {
		tt.before()
		programs, err := python.Install(t.Context(), root, "set")
		if (err != nil) != tt.wantErr || err == nil && programs != filepath.Join(environment, "bin") {
			t.Errorf("%d %s: %q, %v", i, tt.name, programs, err)
		}
		said, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(said), "\n"); got != tt.want {
			t.Errorf("%d %s: pip ran %d times, want %d", i, tt.name, got, tt.want)
		}
		if !strings.Contains(string(said), "--require-hashes") {
			t.Errorf("pip ran with %q", said)
		}
	}
}

// TestWhoAsksAtTheSameTimeWaits has a Python that fails when it is installed twice at
// once.
func TestWhoAsksAtTheSameTimeWaits(t *testing.T) {
	root := workspace(t)
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	write(t, filepath.Join(bin, "python3"), `#!/bin/sh
case "$*" in
"-m venv --clear "*) mkdir "`+root+`/busy" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m pip install "*) echo "$@" >> `+calls+` && rmdir "`+root+`/busy" ;;
esac
`, 0o700)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := python.Install(t.Context(), root, "set"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	said, err := os.ReadFile(calls)
	if err != nil || strings.Count(string(said), "\n") != 1 {
		t.Errorf("pip ran with %q, %v", said, err)
	}
}
