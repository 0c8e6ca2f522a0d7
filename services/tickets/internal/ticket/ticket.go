// Package ticket is the right to attend: issued by an order, held by one
// person, admitted at most once.
package ticket

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

var (
	// ErrNotFound reports a ticket that does not exist or is somebody else's.
	ErrNotFound = errors.New("ticket not found")
	// ErrVoid reports a ticket, or a code of it, that admits nobody.
	ErrVoid = errors.New("ticket is void")
	// ErrInvalidCode reports a code that this house did not sign.
	ErrInvalidCode = errors.New("code is invalid")
	// ErrAdmitted reports that a ticket was used, where that forbids something.
	ErrAdmitted = errors.New("ticket was admitted")
)

// AlreadyAdmittedError says when and where the ticket was admitted before.
type AlreadyAdmittedError struct {
	At   time.Time
	Gate string
}

// Error implements error.
func (e *AlreadyAdmittedError) Error() string {
	return "ticket was admitted at " + e.At.Format(time.RFC3339) + " at gate " + e.Gate
}

// Status is the state of a ticket.
type Status string

// The states of a ticket.
const (
	Valid    Status = "valid"
	Void     Status = "void"
	Admitted Status = "admitted"
)

// Holder is who may attend. CustomerID is empty until the holder is known by
// more than an e-mail address.
type Holder struct {
	CustomerID string
	Email      string
	Language   string
}

// Admission is the use of a ticket.
type Admission struct {
	At     time.Time
	Gate   string
	ScanID string // the gate's id of the scan, if it gave one
}

// Ticket is one place at one performance. Version counts its changes from 1.
type Ticket struct {
	ID            id.ID
	OrderID       id.ID
	PerformanceID id.ID
	AreaID        string
	Seat          string // empty in a general area
	Place         inventory.Place
	PriceCategory string
	Tier          string // whose price it is, if any
	Concession    string // likewise
	Price         money.Money
	Refund        money.Money // what is given back for it: its price and what fees are refundable
	Status        Status
	Holder        Holder
	Transferred   bool // the buyer has given it away
	// Issue counts the codes of the ticket from 1: only the newest admits.
	Issue     int
	Admission Admission
	Version   int
}

// NewID returns the id of an order's ticket number n, from 0 to MaxPerOrder-1. It
// is the order's id but for its version, which is 8, and its last byte: tickets of
// one order differ in that byte alone, so that a store may keep them together and
// still find each by its id.
func NewID(orderID id.ID, n int) id.ID {
	made := orderID
	made[6] = made[6]&0x0f | 0x80
	made[15] = byte(n)
	return made
}

// MaxPerOrder is how many tickets of one order have ids of their own.
const MaxPerOrder = 256

// Transfer gives the ticket to another holder; the code before is dead.
func (t *Ticket) Transfer(to Holder) error {
	switch t.Status {
	case Void:
		return ErrVoid
	case Admitted:
		return ErrAdmitted
	case Valid:
	}
	t.Holder, t.Transferred = to, true
	t.Issue++
	t.Version++
	return nil
}

// Void ends the ticket. A used one is ErrAdmitted; one that is void already is
// ErrVoid.
func (t *Ticket) Void() error {
	switch t.Status {
	case Void:
		return ErrVoid
	case Admitted:
		return ErrAdmitted
	case Valid:
	}
	t.Status = Void
	t.Version++
	return nil
}

// ForceVoid ends the ticket whatever it was, for a performance that does not
// take place; it reports whether anything changed.
func (t *Ticket) ForceVoid() bool {
	if t.Status == Void {
		return false
	}
	t.Status = Void
	t.Version++
	return true
}

// Admit uses the ticket by a code of the given issue. The scan that admitted it
// may be repeated under its id and gets the same answer; replayed then says
// that nothing changed.
func (t *Ticket) Admit(issue int, admission Admission) (replayed bool, err error) {
	if t.Status == Admitted && admission.ScanID != "" && t.Admission.ScanID == admission.ScanID && issue == t.Issue {
		return true, nil
	}
	switch {
	case t.Status == Void || issue != t.Issue:
		return false, ErrVoid
	case t.Status == Admitted:
		return false, &AlreadyAdmittedError{At: t.Admission.At, Gate: t.Admission.Gate}
	}
	t.Status, t.Admission = Admitted, admission
	t.Version++
	return false, nil
}
