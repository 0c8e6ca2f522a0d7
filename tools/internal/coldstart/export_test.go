package coldstart

import (
	"errors"
	"os"
	"path/filepath"
)

// Limits makes a group below root, in which the kernel's part is played: a new group has
// the files. It returns what was written to them.
func Limits(root string, share float64, files map[string]string) (map[string]string, error) {
	g, err := newGroup(root, share, quotaPeriod(3), func(folder string) error {
		var errs []error
		for name := range files {
			errs = append(errs, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return nil, err
	}
	written := make(map[string]string)
	for name := range files {
		text, err := os.ReadFile(filepath.Join(g.folder, name))
		if err != nil {
			return nil, err
		}
		written[name] = string(text)
	}
	return written, nil
}
