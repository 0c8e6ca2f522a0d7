package ticket

// VoidReason says why a ticket is void.
type VoidReason string

// The reasons.
const (
	ReasonRefunded             VoidReason = "refunded"
	ReasonCancelled            VoidReason = "cancelled"
	ReasonPerformanceCancelled VoidReason = "performance_cancelled"
)

// TransferredFact says that a ticket has a new holder.
type TransferredFact struct {
	Ticket Ticket
	From   Holder
	Code   string
}

// VoidedFact says that a ticket admits nobody any more.
type VoidedFact struct {
	Ticket Ticket
	Reason VoidReason
}

// AdmittedFact says that a ticket was used.
type AdmittedFact struct{ Ticket Ticket }
