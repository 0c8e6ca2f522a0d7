package aws_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// dependOnSources keeps the go command from taking old results for those of changed
// functions or templates: it knows what a test looks at in its own module, and not what
// the test has built. A link in testdata leads to the rest.
func dependOnSources(t *testing.T) {
	t.Helper()
	for _, folder := range []string{"contracts", "deploy", "platform", "services", "tools/mesh"} {
		err := filepath.WalkDir(filepath.Join("testdata", "workspace", folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && slices.Contains([]string{".go", ".yaml", ".mod", ".sum", ".toml"}, filepath.Ext(path)) {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
