package debian_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/debian"
)

// The tests change PATH, so none runs beside others.

func TestElsewhereOneLineSaysWhatIsNeeded(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := debian.Install(t.Context(), "redis-server", "postgresql")
	if err == nil || err.Error() != "these packages are needed: sudo apt-get install redis-server postgresql" {
		t.Errorf("got %v", err)
	}
}

func TestAFailureIsToldInTheWordsOfTheSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Setenv("PATH", t.TempDir()) // then nothing is tried, which the other test shows
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "apt-get"), []byte("#!/bin/sh\necho no such package: $*\nexit 100\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	err := debian.Install(t.Context(), "redis-server")
	if err == nil || os.Geteuid() == 0 && !strings.Contains(err.Error(), "no such package: update") {
		t.Errorf("got %v", err)
	}
}
