package eventbridge

import (
	"fmt"

	"ticketmesh.dev/platform/id"
)

// Error is what Publish returns when some messages were not published.
type Error struct {
	Messages int       // how many there were
	Failures []Failure // in no promised order
}

// Failure is a message that was not published, or of which it is not known: a
// request may be lost on its way back.
type Failure struct {
	Index int // among the messages of the call
	UUID  string
	Err   error // *TooLargeError, *EntryError, event.ErrInvalid, or the request's
}

func (e *Error) Error() string {
	first := e.Failures[0]
	return fmt.Sprintf("%d of %d events were not published; %s: %v", len(e.Failures), e.Messages, first.UUID, first.Err)
}

// Unwrap returns the failures' errors.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// FirstFailed is the lowest index of a message that was not published.
func (e *Error) FirstFailed() int {
	first := e.Messages
	for _, f := range e.Failures {
		first = min(first, f.Index)
	}
	return first
}

func asError(messages int, failed []Failure) error {
	if len(failed) == 0 {
		return nil
	}
	return &Error{Messages: messages, Failures: failed}
}

// TooLargeError is of an event that fits no request: trying again is in vain.
type TooLargeError struct {
	EventID     id.ID
	Type        string
	Size, Limit int // bytes, as EventBridge counts them; Size must be below Limit
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("event %s of type %s has %d bytes and must stay below %d", e.EventID, e.Type, e.Size, e.Limit)
}

// EntryError is EventBridge's refusal of one entry.
type EntryError struct{ Code, Message string }

func (e *EntryError) Error() string { return e.Code + ": " + e.Message }

// temporary tells the codes that another attempt may change, which are two by
// the documentation of PutEventsResultEntry. InternalException is how
// EventBridge's own examples spell the first.
func (e *EntryError) temporary() bool {
	switch e.Code {
	case "InternalFailure", "InternalException", "ThrottlingException":
		return true
	}
	return false
}
