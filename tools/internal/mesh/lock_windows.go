package mesh

import (
	"errors"
	"os"
	"syscall"
)

// sharingViolation is Windows' ERROR_SHARING_VIOLATION.
const sharingViolation syscall.Errno = 32

// openLocked opens the file, making it if need be, for this process alone: it is
// opened without sharing.
func openLocked(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(handle), path), nil
}
