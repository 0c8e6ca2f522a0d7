package generated_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ticketmesh.dev/tools/internal/generated"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCompareReportsWhatDiffers(t *testing.T) {
	t.Parallel()
	want := write(t, map[string]string{"aapi/a_gen.go": "1", "aapi/b_gen.go": "2", "bevents/c_gen.go": "3", "typescript/a.gen.d.ts": "5"})
	have := write(t, map[string]string{"aapi/a_gen.go": "1", "aapi/b_gen.go": "changed", "old/d_gen.go": "4", "typescript/a.gen.d.ts": "changed", "typescript/b.gen.d.ts": "6", "typescript/example.ts": "by hand", "contracts.go": "by hand", "api/a.yaml": "by hand"})
	got, err := generated.Compare(have, want)
	if err != nil {
		t.Fatal(err)
	}
	expected := []string{
		"contracts/aapi/b_gen.go: is not what the contracts generate",
		"contracts/bevents/c_gen.go: is missing",
		"contracts/old/d_gen.go: is generated from nothing",
		"contracts/typescript/a.gen.d.ts: is not what the contracts generate",
		"contracts/typescript/b.gen.d.ts: is generated from nothing",
	}
	if !slices.Equal(got, expected) {
		t.Errorf("found %q, want %q", got, expected)
	}
	if got, err := generated.Compare(want, want); err != nil || len(got) != 0 {
		t.Errorf("equal folders: %q, %v", got, err)
	}
}

func TestAFolderWithoutGeneratedCodeIsAnError(t *testing.T) {
	t.Parallel()
	empty := write(t, map[string]string{"contracts.go": "by hand"})
	if got, err := generated.Compare(empty, empty); err == nil {
		t.Errorf("found %q", got)
	}
}
