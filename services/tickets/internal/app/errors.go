package app

import (
	"errors"
	"strings"
)

var (
	// ErrForbidden reports what the caller may not do.
	ErrForbidden = errors.New("forbidden")
	// ErrBusy reports an update that others were faster than until its time was up.
	// Nothing was stored, and it may be repeated.
	ErrBusy = errors.New("store is busy")
	// ErrSoldOut reports an area without enough free places.
	ErrSoldOut = errors.New("sold out")
	// ErrPresaleCodeExhausted reports a presale code that has not so many uses left.
	ErrPresaleCodeExhausted = errors.New("presale code is exhausted")
)

// SeatsUnavailableError names the seats, as <areaId>/<seat>, that are not free.
type SeatsUnavailableError struct{ Seats []string }

// Error implements error.
func (e *SeatsUnavailableError) Error() string {
	return "seats are not available: " + strings.Join(e.Seats, ", ")
}

// UnknownSeatError names areas or seats that the performance does not have.
type UnknownSeatError struct{ Seats []string }

// Error implements error.
func (e *UnknownSeatError) Error() string { return "unknown seats: " + strings.Join(e.Seats, ", ") }

// InvalidError says what is wrong with a field of the request.
type InvalidError struct{ Field, Message string }

// Error implements error.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }
