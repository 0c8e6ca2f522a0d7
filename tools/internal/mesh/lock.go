package mesh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse reports a data folder that another process runs a mesh on.
var ErrInUse = errors.New("the data folder is in use by another mesh")

// lock keeps a second mesh off the data folder until the process ends, however
// it ends.
func lock(dataDir string) (release func() error, err error) {
	file, err := os.OpenFile(filepath.Join(dataDir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, dataDir), file.Close())
	}
	return file.Close, nil
}
