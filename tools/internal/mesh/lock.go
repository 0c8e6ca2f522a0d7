package mesh

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrInUse reports a data folder that another process runs a mesh on.
var ErrInUse = errors.New("the data folder is in use by another mesh")

// lock keeps a second mesh off the data folder until the process ends, however
// it ends.
func lock(dataDir string) (release func() error, err error) {
	file, err := openLocked(filepath.Join(dataDir, "lock"))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dataDir)
	}
	if err != nil {
		return nil, err
	}
	return file.Close, nil
}

// errLocked is openLocked's answer when another process has the file.
var errLocked = errors.New("locked")
