package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

var (
	// ErrClosed is the answer of a database that was closed.
	ErrClosed = errors.New("database is closed")
	// ErrAborted: the write did not fail by itself; another write in the same
	// batch, or the commit, took it down. Nothing of it was stored, and it may
	// be tried again.
	ErrAborted = errors.New("write was aborted with its batch")
)

// PanicError is what Write returns when its function panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in write: %v\n%s", e.Value, e.Stack) }

func code(err error) (int, bool) {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code(), true
	}
	return 0, false
}

// IsUnique reports whether err is the violation of a primary key or a unique
// constraint.
func IsUnique(err error) bool {
	c, ok := code(err)
	return ok && (c == lib.SQLITE_CONSTRAINT_UNIQUE || c == lib.SQLITE_CONSTRAINT_PRIMARYKEY || c == lib.SQLITE_CONSTRAINT_ROWID)
}

// IsConstraint reports whether err is the violation of any constraint.
func IsConstraint(err error) bool {
	c, ok := code(err)
	return ok && c&0xff == lib.SQLITE_CONSTRAINT
}

// IsBusy reports whether err says that another process held the file's lock
// for longer than a writer waits. It may be tried again.
func IsBusy(err error) bool {
	c, ok := code(err)
	return ok && (c&0xff == lib.SQLITE_BUSY || c&0xff == lib.SQLITE_LOCKED)
}

// endsTransaction reports whether SQLite may have rolled the whole transaction
// back because of err, not just the statement.
func endsTransaction(err error) bool {
	c, ok := code(err)
	if !ok {
		return false
	}
	switch c & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_NOMEM, lib.SQLITE_BUSY,
		lib.SQLITE_INTERRUPT, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return true
	}
	return false
}

// isMisuse reports a statement that was left in the middle of its rows.
func isMisuse(err error) bool {
	c, ok := code(err)
	return ok && c&0xff == lib.SQLITE_MISUSE
}
